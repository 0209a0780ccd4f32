//! Reads a kustomization and what is below it, level by level, from whoever has the files; this module must not know where
//! the files are.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gap::Gap;
use super::json_patch::is_json_patch;
use super::layer::{self, Layer, Text};
use super::node::Node;
use super::paths::{self, Border};
use super::yaml;
use crate::edit::is_kustomization_file_name;
use crate::tree::Found;

/// The most levels: an overlay of an overlay of a component is three. Deeper ones are not read, so the reading is incomplete.
const MAX_LEVELS: usize = 16;

/// The most files and directories. Each costs its entry in an exchange; the largest public trees have some hundreds.
const MAX_FILES: usize = 1000;

/// The most bytes of all files together.
const MAX_TOTAL_BYTES: usize = 16 << 20;

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
#[derive(Clone, Debug)]
pub struct Tree {
    pub(super) start: String,
    /// What stands at each path that was asked for.
    pub(super) paths: BTreeMap<String, AtPath>,
    /// The kustomizations by the path of their file.
    pub(super) layers: BTreeMap<String, Layer>,
    /// What could not be read.
    pub(super) gaps: Vec<Gap>,
}

/// A file's documents, or why it is no valid YAML.
pub(super) type Documents = Result<Vec<Node>, String>;

/// What stands at a path.
#[derive(Clone, Debug)]
pub(super) enum AtPath {
    /// A directory with its kustomization file.
    Directory(String),
    /// What stands at another path.
    Same(String),
    /// A file that is read, unless it is no valid YAML.
    File(Arc<Documents>),
    /// Nothing that can be read, with the reason.
    Nothing(&'static str),
}

impl Reading {
    /// A reading of the kustomization in a directory, or of the file of that path. `border` tells where paths may lead.
    pub fn new(start: &str, border: Border) -> Self {
        let start = paths::normal(start);
        let tree = Tree { start: start.clone(), paths: BTreeMap::new(), layers: BTreeMap::new(), gaps: Vec::new() };
        Self { tree, border, wants: BTreeSet::from([start]), levels: 0, bytes: 0, values: 0 }
    }

    /// The files and directories to look up next, all of them in one go. Of a directory, its kustomization files are wanted
    /// (`edit::is_kustomization_file_name`); other entries are passed over. Nothing is wanted when the reading is done.
    pub fn wants(&self) -> Vec<String> {
        self.wants.iter().cloned().collect()
    }

    /// Takes what was found at all paths of a level, in the order of `wants`.
    pub fn give<'f>(&mut self, found: impl IntoIterator<Item = (String, &'f Found)>) {
        self.levels += 1;
        let mut next = BTreeSet::new();
        for (path, found) in found {
            self.wants.remove(&path);
            let at_path = match found {
                Found::File(bytes) if path == self.tree.start => self.kustomization(path.clone(), bytes, &mut next),
                Found::File(bytes) => self.file(&path, bytes),
                Found::Directory(entries) => {
                    let mut files = entries.iter().filter_map(|entry| match &entry.found {
                        Found::File(bytes) if is_kustomization_file_name(&entry.name) => Some((&entry.name, bytes)),
                        _ => None,
                    });
                    match (files.next(), files.next()) {
                        (Some((name, bytes)), None) => self.kustomization(paths::join(&path, name), bytes, &mut next),
                        (None, _) => AtPath::Nothing("no kustomization is in this directory"),
                        (Some(_), Some(_)) => AtPath::Nothing("several kustomizations are in this directory"),
                    }
                }
                Found::Again { path } => AtPath::Same(path.clone()),
                Found::Missing { .. } => AtPath::Nothing("it does not exist"),
                Found::TooLarge { .. } => AtPath::Nothing("it is too large"),
                Found::Symlink { .. } => AtPath::Nothing("a symbolic link is not followed"),
                Found::Submodule { .. } => AtPath::Nothing("a submodule is not followed"),
            };
            self.tree.paths.insert(path, at_path);
        }
        self.want(next);
    }

    /// What was read so far. Whatever is still wanted makes it incomplete.
    pub fn finish(self) -> Tree {
        self.tree
    }

    fn want(&mut self, next: BTreeSet<String>) {
        for path in next {
            let known = self.tree.paths.contains_key(&path);
            let is_full = self.levels >= MAX_LEVELS
                || self.tree.paths.len() + self.wants.len() >= MAX_FILES
                || self.bytes >= MAX_TOTAL_BYTES;
            if !known && is_full {
                self.tree.paths.insert(path, AtPath::Nothing("it is not read: the tree is too large"));
            } else if !known {
                self.wants.insert(path);
            }
        }
    }

    fn file(&mut self, path: &str, bytes: &[u8]) -> AtPath {
        self.bytes += bytes.len();
        let documents = documents(path, bytes);
        self.values += documents.iter().flatten().map(yaml::size).sum::<usize>();
        if self.values > MAX_TOTAL_VALUES {
            return AtPath::Nothing("it is not read: the tree is too large");
        }
        AtPath::File(Arc::new(documents))
    }

    fn kustomization(&mut self, file: String, bytes: &[u8], next: &mut BTreeSet<String>) -> AtPath {
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
        AtPath::Directory(file)
    }
}

fn documents(path: &str, bytes: &[u8]) -> Documents {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    yaml::documents(text, &path.into(), 1)
}

impl Tree {
    /// The same tree with other texts in some of its files. A kustomization names the same files as before.
    #[must_use]
    pub fn with<'f>(&self, texts: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let mut tree = self.clone();
        for (path, text) in texts {
            let path = paths::normal(path);
            if let Some(own) = tree.layers.get_mut(&path) {
                match layer::read(&path.as_str().into(), text) {
                    Ok(layer) => *own = layer,
                    Err(gap) => tree.gaps.push(gap),
                }
            }
            if let Some(AtPath::File(own)) = tree.paths.get_mut(&path) {
                *own = Arc::new(documents(&path, text.as_bytes()));
            }
        }
        tree
    }

    /// Whether the tree's first kustomization is used by others with objects that it does not name itself, or names none.
    pub fn is_partial(&self) -> bool {
        let layer = self.file().and_then(|file| self.layers.get(file));
        layer.is_none_or(|layer| layer.is_component || (layer.resources.is_empty() && layer.components.is_empty()))
    }

    /// Whether a file is one of those that the tree is made of.
    pub fn has(&self, path: &str) -> bool {
        self.layers.contains_key(path) || matches!(self.paths.get(path), Some(AtPath::File(_)))
    }

    /// Whether a file is a kustomization of the tree.
    pub fn is_layer(&self, path: &str) -> bool {
        self.layers.contains_key(path)
    }

    /// Whether a file holds a JSON 6902 patch and nothing else.
    pub fn is_json_patch(&self, path: &str) -> bool {
        let Some(AtPath::File(documents)) = self.paths.get(path) else { return false };
        documents.as_ref().as_ref().is_ok_and(|documents| !documents.is_empty() && documents.iter().all(is_json_patch))
    }

    /// The entries of a kustomization file, as they are written.
    pub fn entries(&self, file: &str) -> &[layer::Entry] {
        self.layers.get(file).map_or(&[], |layer| &layer.images)
    }

    /// What stands at a path, whatever its spelling.
    pub(super) fn at_path(&self, path: &str) -> Option<&AtPath> {
        match self.paths.get(path) {
            Some(AtPath::Same(first)) => self.paths.get(first),
            at_path => at_path,
        }
    }

    /// The file of the kustomization that was read first; none when there is none.
    pub fn file(&self) -> Option<&str> {
        match self.at_path(&self.start) {
            Some(AtPath::Directory(file)) => Some(file),
            _ => None,
        }
    }
}

impl Layer {
    /// Every path that the kustomization names.
    fn named(&self) -> impl Iterator<Item = &layer::Named> {
        let patches = self.patches.iter().chain(&self.patches_6902).map(|patch| &patch.text);
        let texts = patches.chain(&self.replacements).chain(&self.transformers).filter_map(|text| match text {
            Text::File(named) => Some(named),
            Text::Inline(_) => None,
        });
        self.resources.iter().chain(&self.components).chain(texts)
    }
}
