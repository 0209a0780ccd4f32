//! What a commit changes in a tree, and the new trees that come of it; this module must not make a commit.
//!
//! A directory that becomes a copy of another one shares its trees and files by their ids: none of them has to be there.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use git2::{ObjectType, Oid};

use super::Snapshot;
use super::entries::{self, DIRECTORY, EntryKind};
use super::error::{GitError, PackError};
use super::store::Store;
use super::walk;

/// The mode of a file that is new.
const PLAIN_FILE: &str = "100644";

/// One change of a commit. No two changes of a commit are about one path, or about a path and one below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// New contents for a file that is there. Its mode stays.
    Write(String, Vec<u8>),
    /// The same, where the file may also be missing: then it is a plain file, and its directories are made.
    Put(String, Vec<u8>),
    /// A file, or a directory with all that is in it, goes, and so do the directories that it leaves empty. A path at which
    /// nothing is stays so.
    Remove(String),
    /// A directory becomes a copy of another one, with other contents for some of its files (paths relative to it, as `Put`
    /// takes them). Whatever the directory held before goes.
    Graft {
        /// The directory.
        path: String,
        /// What it becomes a copy of.
        tree: TreeId,
        /// The files that differ from it.
        files: Vec<(String, Vec<u8>)>,
    },
}

/// A directory of a commit, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeId(Oid);

/// What is to stand at the names of a directory.
type Names<'a> = BTreeMap<&'a str, Planned<'a>>;

#[derive(Debug)]
enum Planned<'a> {
    /// The bytes of a file, and whether it may be new.
    File(&'a [u8], New),
    Nothing,
    /// Changes in a directory, which is another one's copy before.
    Directory(Option<Oid>, Names<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum New {
    Refused,
    Allowed,
}

/// The changes of a commit, each at its place.
#[derive(Debug, Default)]
pub(super) struct Plan<'a>(Names<'a>);

impl<'a> Plan<'a> {
    /// Puts the changes at their places, none of them over another one.
    pub(super) fn of(changes: &'a [Change]) -> Result<Self, GitError> {
        let mut plan = Self::default();
        for change in changes {
            match change {
                Change::Write(path, bytes) => insert(&mut plan.0, path, Planned::File(bytes, New::Refused))?,
                Change::Put(path, bytes) => insert(&mut plan.0, path, Planned::File(bytes, New::Allowed))?,
                Change::Remove(path) => insert(&mut plan.0, path, Planned::Nothing)?,
                Change::Graft { path, tree, files } => {
                    let mut names = Names::new();
                    for (file, bytes) in files {
                        insert(&mut names, file, Planned::File(bytes, New::Allowed))?;
                    }
                    insert(&mut plan.0, path, Planned::Directory(Some(tree.0), names))?;
                }
            }
        }
        Ok(plan)
    }

    /// The new top tree. Every new tree and file is handed to `write`, which returns its id.
    pub(super) fn apply(
        &self,
        (store, top): (&Store, Oid),
        write: &mut impl FnMut(ObjectType, &[u8]) -> Result<Oid, git2::Error>,
    ) -> Result<Oid, GitError> {
        match rebuild((store, Some(top)), &self.0, "", write)? {
            Some(top) => Ok(top),
            None => Ok(write(ObjectType::Tree, &[])?),
        }
    }
}

/// Puts one change at its place among the others.
fn insert<'a>(root: &mut Names<'a>, path: &'a str, change: Planned<'a>) -> Result<(), GitError> {
    let wrong = || GitError::Path { path: path.to_owned() };
    let components = walk::components(path)?;
    let (name, directories) = components.split_last().ok_or_else(wrong)?;
    let mut at = root;
    for directory in directories {
        match at.entry(directory).or_insert_with(|| Planned::Directory(None, Names::new())) {
            Planned::Directory(None, below) => at = below,
            _ => return Err(wrong()),
        }
    }
    match at.insert(name, change) {
        None => Ok(()),
        Some(_) => Err(wrong()),
    }
}

/// Writes a directory's tree again, with its changes; none when nothing is left in it. Every entry that isn't changed stays
/// byte for byte.
fn rebuild(
    (store, tree): (&Store, Option<Oid>),
    changes: &Names<'_>,
    at: &str,
    write: &mut impl FnMut(ObjectType, &[u8]) -> Result<Oid, git2::Error>,
) -> Result<Option<Oid>, GitError> {
    let mut bytes = tree.map_or(Ok(Vec::new()), |tree| store.object(tree, ObjectType::Tree))?;
    for (name, change) in changes {
        let path = format!("{at}{name}");
        let entry = entries::find(&bytes, name)?;
        let wrong = || GitError::Path { path: path.clone() };
        let new = match (change, entry) {
            (Planned::File(content, _), Some(entry)) if entry.kind == EntryKind::File => {
                Some((PLAIN_FILE, write(ObjectType::Blob, content)?))
            }
            (Planned::File(content, New::Allowed), None) => Some((PLAIN_FILE, write(ObjectType::Blob, content)?)),
            (Planned::File(..), _) => return Err(wrong()),
            (Planned::Nothing, _) => None,
            (Planned::Directory(base, below), entry) => {
                if entry.is_some_and(|entry| entry.kind != EntryKind::Directory) {
                    return Err(wrong());
                }
                let base = base.or(entry.map(|entry| entry.id));
                if base.is_none() && !below.values().any(Planned::is_something) {
                    continue;
                }
                let id =
                    if below.is_empty() { base } else { rebuild((store, base), below, &format!("{path}/"), write)? };
                id.map(|id| (DIRECTORY, id))
            }
        };
        bytes = match (entry, new) {
            (Some(entry), Some((_, id))) => entries::with_id(&bytes, entry, id).ok_or(PackError::Malformed)?,
            (Some(entry), None) => entries::without(&bytes, entry).ok_or(PackError::Malformed)?,
            (None, Some((mode, id))) => entries::with_new(&bytes, (mode, name), id)?,
            (None, None) => bytes,
        };
    }
    if bytes.is_empty() { Ok(None) } else { Ok(Some(write(ObjectType::Tree, &bytes)?)) }
}

impl Planned<'_> {
    /// Whether it makes anything where nothing is.
    fn is_something(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::File(..) => true,
            Self::Directory(base, below) => base.is_some() || below.values().any(Self::is_something),
        }
    }
}

impl Snapshot {
    /// The directory at a path whose trees were read; none when nothing is there, or no directory.
    pub fn tree(&self, path: &str) -> Result<Option<TreeId>, GitError> {
        let mut id = self.store.top(self.tip.id)?;
        for name in walk::components(path)? {
            let tree = self.store.object(id, ObjectType::Tree)?;
            match entries::find(&tree, name)? {
                Some(entry) if entry.kind == EntryKind::Directory => id = entry.id,
                _ => return Ok(None),
            }
        }
        Ok(Some(TreeId(id)))
    }

    /// Whether the tip has all that these changes would make.
    pub fn has(&self, changes: &[Change]) -> Result<bool, GitError> {
        let top = self.store.top(self.tip.id)?;
        let mut hash = |kind, bytes: &[u8]| Oid::hash_object(kind, bytes);
        Ok(Plan::of(changes)?.apply((&self.store, top), &mut hash)? == top)
    }
}
