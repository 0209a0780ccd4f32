//! The file by which a copy is known: what it does not stand in is never replaced or removed. This module must not look for it.

#![deny(clippy::disallowed_methods)]

use super::PreviewError;
use crate::settings::{PreviewSettings, PreviewWish};
use crate::tree::Found;

/// The marker's name in the copy. It has no ending, so that no controller takes it for a manifest.
pub const MARKER: &str = ".gitops-bump-preview";

const HEAD: &str = "# gitops-bump preview made this directory from the template, and preview delete removes it.\n";

/// What a marker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    name: String,
    template: String,
}

impl Marker {
    /// The marker of a copy of a template.
    pub fn new(preview: &PreviewSettings, template: &str) -> Self {
        Self { name: preview.name.clone(), template: template.to_owned() }
    }

    /// Its file's text.
    pub fn text(&self) -> String {
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        format!("{HEAD}name: {}\ntemplate: {}\n", quoted(&self.name), quoted(&self.template))
    }

    fn read(text: &str) -> Option<Self> {
        let value = |key: &str| {
            let mut values = text.lines().filter_map(|line| line.strip_prefix(key));
            serde_json::from_str::<String>(values.next()?.trim()).ok()
        };
        Some(Self { name: value("name:")?, template: value("template:")? })
    }

    /// Requires of what stands where a preview is to be that a preview of this name made it: returns whether it is there.
    pub fn require(preview: &PreviewSettings, found: &Found) -> Result<bool, PreviewError> {
        let to = || preview.to.clone();
        let text = match found {
            Found::Missing { .. } => return Ok(false),
            Found::Directory(entries) => entries.iter().find_map(|entry| match &entry.found {
                Found::File(bytes) if entry.name == MARKER => Some(String::from_utf8_lossy(bytes)),
                _ => None,
            }),
            _ => None,
        };
        let text = text.ok_or_else(|| PreviewError::NotPreview { to: to() })?;
        let another = |what: String| PreviewError::Another { to: to(), what };
        let there = Self::read(&text).ok_or_else(|| another(format!("its {MARKER} can't be read")))?;
        match &preview.wish {
            _ if there.name != preview.name => {
                Err(another(format!("it is the preview {:?}, not {:?}", there.name, preview.name)))
            }
            PreviewWish::Copy { template, .. } if *template != there.template => {
                Err(another(format!("it is a preview of {}, not of {template}", there.template)))
            }
            _ => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Entry;

    fn preview(name: &str, template: Option<&str>) -> PreviewSettings {
        let wish = match template {
            Some(template) => PreviewWish::Copy { template: template.to_owned(), replace: Vec::new() },
            None => PreviewWish::Gone,
        };
        PreviewSettings { name: name.to_owned(), to: format!("previews/{name}"), wish }
    }

    fn holding(text: &str) -> Found {
        Found::Directory(vec![Entry { name: MARKER.to_owned(), found: Found::File(text.as_bytes().to_vec()) }])
    }

    #[test]
    fn only_what_a_preview_of_the_name_made_is_its_own() {
        let marker = Marker::new(&preview("x", None), "apps/a \"b\"");
        assert_eq!(Marker::read(&marker.text()), Some(marker.clone()));
        let there = holding(&marker.text());
        let missing = Found::Missing { parent: String::new(), names: Vec::new() };
        for (preview, found, expected) in [
            (preview("x", None), &missing, Ok(false)),
            (preview("x", None), &there, Ok(true)),
            (preview("x", Some("apps/a \"b\"")), &there, Ok(true)),
            (preview("x", Some("apps/b")), &there, Err("a preview of apps/a")),
            (preview("y", None), &there, Err("it is the preview \"x\", not \"y\"")),
            (preview("x", None), &Found::Directory(Vec::new()), Err("it was not made by preview")),
            (preview("x", None), &Found::File(Vec::new()), Err("it was not made by preview")),
            (preview("x", None), &Found::Symlink { at: "previews".to_owned() }, Err("it was not made by preview")),
            (preview("x", None), &holding("name: x\n"), Err("can't be read")),
        ] {
            match (Marker::require(&preview, found), expected) {
                (Ok(is_there), Ok(expected)) => assert_eq!(is_there, expected),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (result, expected) => panic!("{result:?} {expected:?}"),
            }
        }
    }
}
