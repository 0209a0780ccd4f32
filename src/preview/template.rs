//! What is looked into of the directory that is copied, as if the copy were at its place already; this module must not look
//! anything up.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::PreviewError;
use crate::edit::{self, Kind, Path, Rules, is_kustomization_file_name};
use crate::kustomize::{directory, normal};
use crate::plan::Target;
use crate::rewrite::is_argocd_source;
use crate::settings::Replacement;
use crate::tree::{Entry, Found, join};

/// The files of a template that are looked into, with the copy's values.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// The directory of the copy.
    to: String,
    /// Its directories, by their paths in the copy.
    directories: BTreeSet<String>,
    /// By their paths in the copy.
    pub(super) files: BTreeMap<String, File>,
}

/// One file.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// As it is in the template.
    pub(super) old: Vec<u8>,
    /// With the copy's values.
    pub(super) new: Vec<u8>,
}

/// A path out of the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads from the copy.
    pub path: String,
    /// Its text, with the copy's file and line.
    pub shown: String,
}

/// Whether a file of this name may hold an image, or say where others are.
pub fn is_candidate(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|end| end == "yaml" || end == "yml")
        || is_kustomization_file_name(name)
}

impl Template {
    /// Takes the directories and files of a template (paths relative to it), and puts the copy's values in.
    pub fn of(
        (template, to): (&str, &str),
        (directories, files): (Vec<String>, Vec<(String, Vec<u8>)>),
        replace: &[Replacement],
    ) -> Result<Self, PreviewError> {
        let at = |path: &str| join(to, path);
        let mut made = Self {
            to: to.to_owned(),
            directories: directories
                .iter()
                .map(|path| if path.is_empty() { to.to_owned() } else { at(path) })
                .collect(),
            files: files
                .into_iter()
                .map(|(path, bytes)| (at(&path), File { new: bytes.clone(), old: bytes }))
                .collect(),
        };
        let mut values: BTreeMap<&str, Vec<(Path, &str)>> = BTreeMap::new();
        for Replacement { file, path, value } in replace {
            values.entry(file).or_default().push((path.clone(), value));
        }
        for (file, values) in values {
            let no_file = || PreviewError::NoFile { file: file.to_owned(), template: template.to_owned() };
            let own = made.files.get_mut(&at(file)).ok_or_else(no_file)?;
            own.new = edit::replace(&join(template, file), &own.old, &values)?.into_bytes();
        }
        Ok(made)
    }

    /// The kustomizations of the copy, as targets.
    pub fn kustomizations(&self) -> Vec<Target> {
        let directories: BTreeSet<&str> =
            self.files.keys().filter(|path| is_kustomization(path)).map(|path| directory(path)).collect();
        let target = |file: &str| Target {
            file: file.to_owned(),
            kind: Kind::Kustomize { name: None },
            images: Vec::new(),
            rules: Rules::default(),
        };
        directories.into_iter().map(target).collect()
    }

    /// The directory of the copy.
    pub(super) fn top(&self) -> &str {
        &self.to
    }

    /// What stands at a path of the copy, as far as it is known here.
    pub fn find(&self, path: &str) -> Option<Found> {
        if let Some(file) = self.files.get(path) {
            return Some(Found::File(file.new.clone()));
        }
        let is_wanted = |name: &str| is_kustomization_file_name(name) || is_argocd_source(name);
        self.directories.contains(path).then(|| {
            let own = self.files.iter().filter_map(|(file, content)| {
                let name = file.strip_prefix(path)?.strip_prefix('/')?;
                let found = Found::File(content.new.clone());
                (!name.contains('/') && is_wanted(name)).then(|| Entry { name: name.to_owned(), found })
            });
            Found::Directory(own.collect())
        })
    }

    /// The path in the template of what stands at a path of the copy; other paths are what they are.
    pub fn source(&self, template: &str, path: &str) -> String {
        match path.strip_prefix(&self.to) {
            Some("") => template.to_owned(),
            Some(rest) if rest.starts_with('/') => format!("{template}{rest}"),
            _ => path.to_owned(),
        }
    }

    /// The relative paths in kustomizations and charts that lead out of the copy.
    pub fn links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        for (file, content) in self.files.iter().filter(|(file, _)| is_kustomization(file) || is_chart(file)) {
            for (line, text) in edit::scalars(&content.new) {
                let path = text.rsplit('=').next().unwrap_or_default();
                let path = path.strip_prefix("file://").unwrap_or(path);
                let is_relative = path.starts_with("../") || path.starts_with("./../") || path == "..";
                let leads = normal(&join(directory(file), path));
                let is_inside = leads == self.to || leads.starts_with(&format!("{}/", self.to));
                if is_relative && !is_inside && !path.contains(['?', '*']) {
                    links.push(Link { path: leads, shown: format!("{} ({file}:{line})", crate::text::one_line(path)) });
                }
            }
        }
        links
    }
}

pub(super) fn is_kustomization(path: &str) -> bool {
    is_kustomization_file_name(name(path))
}

fn is_chart(path: &str) -> bool {
    matches!(name(path), "Chart.yaml" | "requirements.yaml")
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(files: &[(&str, &str)], replace: &[(&str, &str, &str)]) -> Result<Template, PreviewError> {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let replace: Vec<_> = replace
            .iter()
            .map(|(file, path, value)| Replacement {
                file: (*file).to_owned(),
                path: Path::parse(path).unwrap(),
                value: (*value).to_owned(),
            })
            .collect();
        Template::of(("apps/shop", "previews/x"), (vec![String::new(), "base".to_owned()], files), &replace)
    }

    #[test]
    fn the_copy_is_looked_at_as_if_it_were_there() {
        let files =
            [("kustomization.yaml", "namespace: shop\n"), ("base/kustomization.yml", "{}"), ("a.yaml", "a: 1\n")];
        let made = template(&files, &[("kustomization.yaml", "namespace", "x")]).unwrap();
        let Some(Found::Directory(top)) = made.find("previews/x") else { panic!() };
        assert_eq!(
            top,
            [Entry { name: "kustomization.yaml".to_owned(), found: Found::File(b"namespace: x\n".to_vec()) }]
        );
        assert!(matches!(made.find("previews/x/a.yaml"), Some(Found::File(_))));
        assert_eq!(made.find("previews/x/b.json"), None);
        assert_eq!(made.find("apps/shop"), None);
        assert_eq!(made.source("apps/shop", "previews/x/b.json"), "apps/shop/b.json");
        assert_eq!(made.source("apps/shop", "previews/xy"), "previews/xy");
        let targets = made.kustomizations();
        assert_eq!(
            targets.iter().map(|target| target.file.as_str()).collect::<Vec<_>>(),
            ["previews/x", "previews/x/base"]
        );
    }

    #[test]
    fn values_go_where_they_are_asked_for_or_nowhere() {
        let error = template(&[("a.yaml", "a: 1\n")], &[("b.yaml", "a", "x")]).unwrap_err();
        assert!(matches!(error, PreviewError::NoFile { .. }), "{error}");
        let error = template(&[("a.yaml", "a: 1\n")], &[("a.yaml", "b", "x")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "preview.replace: apps/shop/a.yaml:1:1: the path b does not exist: the document has a"
        );
    }

    #[test]
    fn paths_out_of_the_copy_are_found() {
        let kustomization = "resources:\n- ../../base\n- base\nconfigMapGenerator:\n- files: [a=../../../x.conf]\n";
        let chart = "dependencies: [{name: c, repository: 'file://../lib'}]\n";
        let files = [
            ("kustomization.yaml", kustomization),
            ("base/kustomization.yaml", "resources: [../inside]\n"),
            ("base/Chart.yaml", chart),
            ("values.yaml", "a: ../../b\n"),
        ];
        let links = template(&files, &[]).unwrap().links();
        let paths: Vec<&str> = links.iter().map(|link| link.path.as_str()).collect();
        assert_eq!(paths, ["base", "../x.conf"]);
        assert_eq!(links[0].shown, "../../base (previews/x/kustomization.yaml:2)");
    }
}
