//! What differs in a preview's copy, and the directories of previews: read from what users write; this module must not look into a
//! repository.

#![deny(clippy::disallowed_methods)]

use super::{Giver, SettingsError};
use crate::config::PreviewConfig;
use crate::edit::Path;
use crate::policies;
use crate::text;

/// What stands for the preview's name.
pub(super) const NAME: &str = "<name>";

/// A value that stands in the copy instead of the template's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The file, relative to the template.
    pub file: String,
    /// The value's place in it.
    pub path: Path,
    /// The new value.
    pub value: String,
}

/// What a config file says of previews, when every command could use it.
pub(super) fn valid(config: &PreviewConfig) -> Result<PreviewConfig, SettingsError> {
    for (place, value) in &config.replace {
        replacement(place, value, "name")?;
    }
    Ok(config.clone())
}

/// A directory of a repository, but not all of it.
pub(super) fn directory(what: &str, text: &str) -> Result<String, SettingsError> {
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let reason = match () {
        () if text.starts_with('/') => "is absolute",
        () if parts.contains(&"..") => "has a .. in it",
        () if parts.iter().any(|part| is_git(part)) => "enters .git, or something that Git takes for its own",
        () if parts.first().is_some_and(|part| policies::is_policy(part)) => "is a file of this tool's own",
        () if text.contains(char::is_control) => "has a control character in it",
        () if text.contains(['<', '>']) => "has a < or > in it that stands for nothing",
        () if parts.is_empty() => "is the whole repository",
        () => return Ok(parts.join("/")),
    };
    Err(wrong(what, format!("the path {text:?} {reason}")))
}

/// Whether some system opens `.git` under this name, or Git reads a file of this name for itself.
fn is_git(name: &str) -> bool {
    let name = name.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    name == ".git" || name == ".gitmodules" || name.starts_with("git~")
}

/// `FILE:PATH` and its value.
pub(super) fn replacement(place: &str, value: &str, name: &str) -> Result<Replacement, SettingsError> {
    let what = || format!("{} {}", Giver::Key("preview.replace"), text::one_line(place));
    let Some((file, path)) = place.split_once(':').filter(|(file, path)| !file.is_empty() && !path.is_empty()) else {
        return Err(wrong(&what(), "it is not FILE:PATH".to_owned()));
    };
    let value = value.replace(NAME, name);
    if value.contains(char::is_control) {
        return Err(wrong(&what(), "its value has a control character in it".to_owned()));
    }
    Ok(Replacement {
        file: directory(&what(), file)?,
        path: Path::parse(path).map_err(|source| SettingsError::Path { target: what(), source })?,
        value,
    })
}

pub(super) fn wrong(what: &str, reason: String) -> SettingsError {
    SettingsError::Value { what: what.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_stays_in_the_repository_and_is_not_all_of_it() {
        assert_eq!(directory("to", "./previews//x/").unwrap(), "previews/x");
        for wrong in [
            "/x",
            "../x",
            "a/../b",
            ".git/x",
            "a/.GIT",
            "git~1/x",
            ".git. /x",
            ".gitmodules/x",
            ".gitops-bump-holds/x",
            ".",
            "",
            "a\0b",
            "a\nb",
            "<env>/x",
        ] {
            assert!(directory("to", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_replacement_is_a_file_a_path_and_a_value_with_the_name() {
        let made = replacement("kustomization.yaml:namespace", "shop-<name>", "x").unwrap();
        assert_eq!((made.file.as_str(), made.value.as_str()), ("kustomization.yaml", "shop-x"));
        assert_eq!(made.path.to_string(), "namespace");
        for wrong in ["values.yaml", ":a", "values.yaml:", "../x:a", "x:a..b"] {
            assert!(replacement(wrong, "v", "x").is_err(), "{wrong:?}");
        }
        assert!(replacement("x:a", "1\n2", "x").is_err());
    }
}
