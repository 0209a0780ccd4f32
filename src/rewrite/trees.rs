//! The kustomizations that build what the targets of a run name, with all that is below them; this module must not know
//! where the files are, nor decide what is written.
//!
//! A caller looks up what is wanted, level by level and for all targets in one go, until nothing is wanted any more.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::is_manifest_file_name;
use crate::edit::{Kind, is_kustomization_file_name};
use crate::kustomize::{self, Border, Model, Reading, Tree};
use crate::plan::Target;
use crate::tree::{Found, Want, join};

/// The most bytes that all readings of a run together look at; a base that several targets share counts for each of them.
const MOST_LOOKED_AT: usize = 128 << 20;

/// The trees of a run while they are read.
#[derive(Debug, Default)]
pub struct Growing {
    readings: BTreeMap<String, Reading>,
    known: BTreeMap<String, Found>,
    looked_at: usize,
}

/// The trees of a run.
#[derive(Debug, Default)]
pub struct Trees {
    trees: BTreeMap<String, Grown>,
    known: BTreeMap<String, Found>,
}

/// A tree with what it builds as it stands.
#[derive(Debug)]
pub(super) struct Grown {
    pub(super) tree: Tree,
    model: OnceLock<Model>,
}

impl Growing {
    /// Begins with the kustomizations that targets are, or that stand beside the files that they name. `border` tells where
    /// paths may lead.
    pub fn of(targets: &[Target], border: Border) -> Self {
        let starts = targets.iter().map(start);
        let readings = starts.map(|start| (start.clone(), Reading::new(&start, border))).collect();
        Self { readings, ..Self::default() }
    }

    /// The paths to look up next; none when all is read.
    pub fn wants(&self) -> Vec<String> {
        let wants: BTreeSet<String> = self.readings.values().flat_map(Reading::wants).collect();
        wants.into_iter().filter(|path| !self.known.contains_key(path)).collect()
    }

    /// Takes what was found at the paths that were wanted. A path of which nothing was found is not asked for again.
    pub fn give(&mut self, found: impl IntoIterator<Item = (String, Found)>) {
        let wanted = self.wants();
        self.known.extend(found);
        for path in wanted {
            self.known.entry(path).or_insert_with(nothing);
        }
        for reading in self.readings.values_mut() {
            loop {
                let wants = reading.wants();
                let known: Vec<(String, &Found)> =
                    wants.iter().filter_map(|path| Some((path.clone(), self.known.get(path)?))).collect();
                if known.is_empty() || known.len() < wants.len() {
                    break;
                }
                self.looked_at += known.iter().map(|(_, found)| size(found)).sum::<usize>();
                if self.looked_at > MOST_LOOKED_AT {
                    let too_large = Found::TooLarge { bytes: 0 };
                    reading.give(wants.into_iter().map(|path| (path, &too_large)));
                } else {
                    reading.give(known);
                }
            }
        }
    }

    /// The trees, as far as they were read.
    pub fn finish(self) -> Trees {
        let trees = self.readings.into_iter().map(|(start, reading)| (start, reading.finish()));
        let grown = |(start, tree)| (start, Grown { tree, model: OnceLock::new() });
        let trees = trees.filter(|(_, tree)| tree.file().is_some()).map(grown).collect();
        Trees { trees, known: self.known }
    }
}

impl Trees {
    /// Reads the trees of targets, where looking a path up takes no exchange. What nothing is found of is left out, and its
    /// tree is one that nobody can follow to its end.
    pub fn read(targets: &[Target], border: Border, mut find: impl FnMut(Want<'_>) -> Option<Found>) -> Self {
        let mut growing = Growing::of(targets, border);
        loop {
            let wants = growing.wants();
            if wants.is_empty() {
                return growing.finish();
            }
            let mut found = Vec::with_capacity(wants.len());
            for path in wants {
                found.extend(find(want(&path)).map(|found| (path, found)));
            }
            growing.give(found);
        }
    }

    /// The tree of a target, with its path; none when no kustomization builds the target's files.
    pub(super) fn of(&self, target: &Target) -> Option<(&str, &Grown)> {
        self.trees.get_key_value(&start(target)).map(|(start, grown)| (start.as_str(), grown))
    }

    /// A file that was read with the trees.
    pub(super) fn bytes(&self, path: &str) -> Option<&[u8]> {
        if let Some(Found::File(bytes)) = self.known.get(path) {
            return Some(bytes);
        }
        // A kustomization is read with its directory.
        let directory = kustomize::directory(path);
        let Some(Found::Directory(entries)) = self.known.get(directory) else { return None };
        entries.iter().find_map(|entry| match &entry.found {
            Found::File(bytes) if join(directory, &entry.name) == path => Some(bytes.as_slice()),
            _ => None,
        })
    }

    /// What Argo CD overrides an application's source with, in files beside a tree's first kustomization.
    pub(super) fn overrides(&self, start: &str) -> impl Iterator<Item = (String, &[u8])> {
        let entries = match self.known.get(start) {
            Some(Found::Directory(entries)) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().filter(|entry| is_argocd_source(&entry.name)).filter_map(move |entry| match &entry.found {
            Found::File(bytes) => Some((join(start, &entry.name), bytes.as_slice())),
            _ => None,
        })
    }
}

impl Grown {
    /// What the kustomization builds before anything is edited.
    pub(super) fn model(&self) -> &Model {
        self.model.get_or_init(|| self.tree.model())
    }
}

/// How to look up a path of a tree.
pub fn want(path: &str) -> Want<'_> {
    Want {
        path: if path.is_empty() { "." } else { path },
        pick: |name| is_kustomization_file_name(name) || is_argocd_source(name),
    }
}

/// The path of the kustomization that a target is, or of the directory of its files.
fn start(target: &Target) -> String {
    let path = kustomize::normal(&target.file);
    let is_file = match target.kind {
        Kind::Helm { .. } => true,
        Kind::Manifest => is_manifest_file_name(&path),
        Kind::Kustomize { .. } => false,
    };
    if is_file { kustomize::directory(&path).to_owned() } else { path }
}

/// Whether Argo CD takes a file of this name for what overrides a source: `.argocd-source.yaml`, `.argocd-source-APP.yaml`.
pub(crate) fn is_argocd_source(name: &str) -> bool {
    let rest = name.strip_prefix(".argocd-source").and_then(|rest| rest.strip_suffix(".yaml"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn nothing() -> Found {
    Found::Missing { parent: String::new(), names: Vec::new() }
}

fn size(found: &Found) -> usize {
    match found {
        Found::File(bytes) => bytes.len(),
        Found::Directory(entries) => entries.iter().map(|entry| size(&entry.found)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(file: &str, kind: Kind) -> Target {
        Target { file: file.to_owned(), kind, images: Vec::new(), rules: crate::edit::Rules::default() }
    }

    fn file(text: &str) -> Found {
        Found::File(text.as_bytes().to_vec())
    }

    #[test]
    fn a_tree_begins_where_the_files_of_a_target_are_built() {
        for (path, kind, from) in [
            ("./prod", Kind::Kustomize { name: None }, "prod"),
            ("prod/kustomization.yaml", Kind::Kustomize { name: None }, "prod/kustomization.yaml"),
            ("apps/web.yaml", Kind::Manifest, "apps"),
            ("apps", Kind::Manifest, "apps"),
            ("values.yaml", Kind::Helm { path: None }, ""),
            ("../x/values", Kind::Helm { path: None }, "../x"),
        ] {
            assert_eq!(start(&target(path, kind)), from);
        }
    }

    #[test]
    fn all_trees_advance_together_and_nothing_is_asked_for_twice() {
        let kustomize = |path| target(path, Kind::Kustomize { name: None });
        let mut growing =
            Growing::of(&[kustomize("a"), kustomize("b"), target("c/x.yaml", Kind::Manifest)], Border::Inside);
        assert_eq!(growing.wants(), ["a", "b", "c"]);
        let kustomization = |text| {
            let entry = |name: &str, text| crate::tree::Entry { name: name.to_owned(), found: file(text) };
            Found::Directory(vec![entry(".argocd-source.yaml", "{}"), entry("kustomization.yaml", text)])
        };
        growing.give([
            ("a".to_owned(), kustomization("resources: [../base]")),
            ("b".to_owned(), kustomization("resources: [../base, x.yaml]")),
            ("c".to_owned(), Found::Directory(Vec::new())),
        ]);
        assert_eq!(growing.wants(), ["b/x.yaml", "base"]);
        growing.give([("base".to_owned(), kustomization("resources: [../b]"))]);
        assert_eq!(growing.wants(), Vec::<String>::new());
        let trees = growing.finish();
        assert_eq!(trees.trees.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(trees.overrides("a").map(|(path, _)| path).collect::<Vec<_>>(), ["a/.argocd-source.yaml"]);
        assert!(!trees.trees["b"].model().is_complete());
    }
}
