//! Reads a kustomization and what is below it, level by level, from whoever has the files; this module must not know where
//! the files are.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gap::Gap;
use super::layer::{self, Layer, Text};
use super::node::Node;
use super::paths::{self, Border};
use super::yaml;
use crate::tree::Found;

/// The most levels: an overlay of an overlay of a component is three. Deeper ones are not read, so the reading is incomplete.
pub const MAX_LEVELS: usize = 16;

/// The most files and directories. Each costs its entry in an exchange; the largest public trees have some hundreds.
pub const MAX_FILES: usize = 1000;

/// The most bytes of all files together.
pub const MAX_TOTAL_BYTES: usize = 16 << 20;

/// The most values of all files together, aliases followed.
const MAX_TOTAL_VALUES: usize = 1_000_000;

/// A reading that is not done yet.
#[derive(Debug)]
pub struct Reading {
    tree: Tree,
    border: Border,
    wants: BTreeSet<String>,
    levels: usize,
    bytes: usize,
    values: usize,
}

/// What was read: a kustomization and all that is below it.
#[derive(Debug)]
pub struct Tree {
    pub(super) start: String,
    /// What stands at each path that was asked for.
    pub(super) places: BTreeMap<String, Place>,
    /// The kustomizations by the path of their file.
    pub(super) layers: BTreeMap<String, Layer>,
    /// What could not be read.
    pub(super) gaps: Vec<Gap>,
}

/// What stands at a path.
#[derive(Debug)]
pub(super) enum Place {
    /// A directory with its kustomization file.
    Directory(String),
    /// What stands at another path.
    Same(String),
    /// A file that is read, unless it is no valid YAML.
    File(Result<Vec<Node>, String>),
    /// Nothing that can be read, with the reason.
    Nothing(&'static str),
}

impl Reading {
    /// A reading of the kustomization in a directory, or of the file of that path. `border` tells where paths may lead.
    pub fn new(start: &str, border: Border) -> Self {
        let start = paths::normal(start);
        let tree = Tree { start: start.clone(), places: BTreeMap::new(), layers: BTreeMap::new(), gaps: Vec::new() };
        Self { tree, border, wants: BTreeSet::from([start]), levels: 0, bytes: 0, values: 0 }
    }

    /// The files and directories to look up next, all of them in one go. Of a directory, its kustomization files are wanted
    /// (`edit::is_kustomization_file_name`). Nothing is wanted when the reading is done.
    pub fn wants(&self) -> Vec<String> {
        self.wants.iter().cloned().collect()
    }

    /// Takes what was found at all paths of a level, in the order of `wants`.
    pub fn give(&mut self, found: Vec<(String, Found)>) {
        self.levels += 1;
        let mut next = BTreeSet::new();
        for (path, found) in found {
            self.wants.remove(&path);
            let place = match found {
                Found::File(bytes) if path == self.tree.start => self.kustomization(path.clone(), &bytes, &mut next),
                Found::File(bytes) => self.file(&path, &bytes),
                Found::Directory(entries) => {
                    let mut files = entries.into_iter().filter_map(|entry| match entry.found {
                        Found::File(bytes) => Some((entry.name, bytes)),
                        _ => None,
                    });
                    match (files.next(), files.next()) {
                        (Some((name, bytes)), None) => self.kustomization(paths::join(&path, &name), &bytes, &mut next),
                        (None, _) => Place::Nothing("no kustomization is in this directory"),
                        (Some(_), Some(_)) => Place::Nothing("several kustomizations are in this directory"),
                    }
                }
                Found::Again { path } => Place::Same(path),
                Found::Missing { .. } => Place::Nothing("nothing is there"),
                Found::TooLarge { .. } => Place::Nothing("it is too large"),
                Found::Symlink { .. } => Place::Nothing("a symbolic link is not followed"),
                Found::Submodule { .. } => Place::Nothing("a submodule is not followed"),
            };
            self.tree.places.insert(path, place);
        }
        self.want(next);
    }

    /// What was read so far. Whatever is still wanted makes it incomplete.
    pub fn finish(self) -> Tree {
        self.tree
    }

    fn want(&mut self, next: BTreeSet<String>) {
        for path in next {
            let known = self.tree.places.contains_key(&path);
            let is_full = self.levels >= MAX_LEVELS
                || self.tree.places.len() + self.wants.len() >= MAX_FILES
                || self.bytes >= MAX_TOTAL_BYTES;
            if !known && is_full {
                self.tree.places.insert(path, Place::Nothing("it is not read: the tree is too large"));
            } else if !known {
                self.wants.insert(path);
            }
        }
    }

    fn file(&mut self, path: &str, bytes: &[u8]) -> Place {
        self.bytes += bytes.len();
        let file: Arc<str> = path.into();
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
        let documents = text.and_then(|text| yaml::documents(text, &file, 1));
        self.values += documents.iter().flatten().map(yaml::size).sum::<usize>();
        if self.values > MAX_TOTAL_VALUES {
            return Place::Nothing("it is not read: the tree is too large");
        }
        Place::File(documents)
    }

    fn kustomization(&mut self, file: String, bytes: &[u8], next: &mut BTreeSet<String>) -> Place {
        self.bytes += bytes.len();
        let name: Arc<str> = file.as_str().into();
        let text = String::from_utf8_lossy(bytes);
        match layer::read(&name, &text) {
            Ok(layer) => {
                let inside = |path: &str| paths::below(paths::directory(&file), path, self.border).ok();
                next.extend(layer.named().filter_map(|named| inside(&named.path)));
                self.tree.layers.insert(file.clone(), layer);
            }
            Err(gap) => self.tree.gaps.push(gap),
        }
        Place::Directory(file)
    }
}

impl Tree {
    /// The entries of a kustomization file, as they are written.
    pub fn entries(&self, file: &str) -> &[layer::Entry] {
        self.layers.get(file).map_or(&[], |layer| &layer.images)
    }

    /// What stands at a path, whatever its spelling.
    pub(super) fn place(&self, path: &str) -> Option<&Place> {
        match self.places.get(path) {
            Some(Place::Same(first)) => self.places.get(first),
            place => place,
        }
    }

    /// The file of the kustomization that was read first; none when there is none.
    pub fn file(&self) -> Option<&str> {
        match self.place(&self.start) {
            Some(Place::Directory(file)) => Some(file),
            _ => None,
        }
    }
}

impl Layer {
    /// Every path that the kustomization names.
    fn named(&self) -> impl Iterator<Item = &layer::Named> {
        let patches = self.patches.iter().chain(&self.patches_6902).map(|patch| &patch.text);
        let texts = patches.chain(&self.transformers).filter_map(|text| match text {
            Text::File(named) => Some(named),
            Text::Inline(_) => None,
        });
        self.resources.iter().chain(&self.components).chain(texts)
    }
}
