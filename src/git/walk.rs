//! Follows one wanted path through the trees that are there; this module must not fetch the ones that aren't.

#![deny(clippy::disallowed_methods)]

use git2::{ObjectType, Oid};

use super::entries::{self, EntryKind, TreeEntry};
use super::error::GitError;
use super::error::PackError;
use super::store::Store;
use super::words;
use crate::tree::{Entry, Found, Want, join};

/// How many names tell what a directory holds.
const MOST_NAMES: usize = 20;

/// How many files of one directory may be wanted.
const MOST_LISTED: usize = 100_000;

/// One wanted path, and how far it has been followed.
#[derive(Debug)]
pub(super) struct Cursor {
    pick: fn(&str) -> bool,
    components: Vec<String>,
    depth: usize,
    followed: Followed,
}

#[derive(Debug)]
enum Followed {
    /// A tree on the path, yet to be read.
    Tree(Oid),
    File(Oid),
    Listing(Vec<Listed>),
    Elsewhere(Found),
}

#[derive(Debug)]
struct Listed {
    name: String,
    kind: EntryKind,
    id: Oid,
}

/// What stands at a path, by ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathIds {
    Object(Oid),
    Listing(Vec<(String, EntryKind, Oid)>),
    Elsewhere(std::mem::Discriminant<Found>),
}

impl Cursor {
    /// Starts at a commit's top tree.
    pub(super) fn new(want: Want<'_>, top: Oid) -> Result<Self, GitError> {
        let components = components(want.path)?.into_iter().map(str::to_owned).collect();
        Ok(Self { pick: want.pick, components, depth: 0, followed: Followed::Tree(top) })
    }

    /// Goes on as far as the store has trees, and names the tree it waits for.
    pub(super) fn advance(&mut self, store: &Store) -> Result<Option<Oid>, PackError> {
        while let Followed::Tree(id) = self.followed {
            if !store.has(id) {
                return Ok(Some(id));
            }
            let tree = store.object(id, ObjectType::Tree)?;
            self.followed = match self.components.get(self.depth).cloned() {
                None => Followed::Listing(listing(&tree, self.pick)?),
                Some(name) => self.enter(&tree, &name)?,
            };
        }
        Ok(None)
    }

    /// The files to be read, with their paths.
    pub(super) fn files(&self) -> Vec<(String, Oid)> {
        match &self.followed {
            Followed::File(id) => vec![(self.components.join("/"), *id)],
            Followed::Listing(listed) => {
                let files = listed.iter().filter(|listed| listed.kind == EntryKind::File);
                files.map(|listed| (self.below(&listed.name), listed.id)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What the path turned out to be, by ids: the same where the same stands there.
    pub(super) fn standing(&self) -> PathIds {
        match &self.followed {
            Followed::Tree(id) | Followed::File(id) => PathIds::Object(*id),
            Followed::Listing(listed) => {
                PathIds::Listing(listed.iter().map(|listed| (listed.name.clone(), listed.kind, listed.id)).collect())
            }
            Followed::Elsewhere(found) => PathIds::Elsewhere(std::mem::discriminant(found)),
        }
    }

    /// What the path turned out to be, when all trees and files are there.
    pub(super) fn found(&self, store: &Store) -> Result<Found, PackError> {
        let file = |id| Ok(Found::File(store.object(id, ObjectType::Blob)?));
        match &self.followed {
            Followed::File(id) => file(*id),
            Followed::Listing(listed) => {
                let mut found = Vec::with_capacity(listed.len());
                for Listed { name, kind, id } in listed {
                    let at = self.below(name);
                    found.push(Entry {
                        name: name.clone(),
                        found: match kind {
                            EntryKind::Symlink => Found::Symlink { at },
                            EntryKind::Submodule => Found::Submodule { at },
                            EntryKind::File | EntryKind::Directory => file(*id)?,
                        },
                    });
                }
                Ok(Found::Directory(found))
            }
            Followed::Elsewhere(found) => Ok(found.clone()),
            Followed::Tree(id) => Err(PackError::Missing(id.to_string())),
        }
    }

    /// Goes from the tree at the current depth to the entry with the next component's name.
    fn enter(&mut self, tree: &[u8], name: &str) -> Result<Followed, PackError> {
        let is_last = self.depth + 1 == self.components.len();
        let at = || self.components.iter().take(self.depth + 1).map(String::as_str).collect::<Vec<_>>().join("/");
        let followed = match entries::find(tree, name)? {
            Some(TreeEntry { kind: EntryKind::Symlink, .. }) => Followed::Elsewhere(Found::Symlink { at: at() }),
            Some(TreeEntry { kind: EntryKind::Submodule, .. }) => Followed::Elsewhere(Found::Submodule { at: at() }),
            Some(entry) if entry.kind == EntryKind::Directory => Followed::Tree(entry.id),
            Some(entry) if is_last => Followed::File(entry.id),
            Some(_) | None => Followed::Elsewhere(Found::Missing {
                parent: self.components.iter().take(self.depth).map(String::as_str).collect::<Vec<_>>().join("/"),
                names: names(tree)?,
            }),
        };
        self.depth += 1;
        Ok(followed)
    }

    fn below(&self, name: &str) -> String {
        join(&self.components.join("/"), name)
    }
}

/// A path's components. Git has no `..` and no `.git` in a tree, whoever asks for one.
pub(super) fn components(path: &str) -> Result<Vec<&str>, GitError> {
    let components = path.split('/').filter(|component| !component.is_empty() && *component != ".");
    let components: Vec<&str> = components.collect();
    if components.iter().all(|component| entries::is_component(component.as_bytes())) {
        Ok(components)
    } else {
        Err(GitError::Path { path: path.to_owned() })
    }
}

/// A directory's own entries that are picked. A name that no path can have is passed over, as Git would.
fn listing(tree: &[u8], pick: fn(&str) -> bool) -> Result<Vec<Listed>, PackError> {
    let mut listed = Vec::new();
    for entry in entries::entries(tree) {
        let entry = entry?;
        let name = std::str::from_utf8(entry.name).ok().filter(|_| entries::is_component(entry.name));
        let Some(name) = name.filter(|name| entry.kind != EntryKind::Directory && pick(name)) else {
            continue;
        };
        if listed.len() >= MOST_LISTED {
            return Err(PackError::TooMany("files in a needed directory"));
        }
        listed.push(Listed { name: name.to_owned(), kind: entry.kind, id: entry.id });
    }
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(listed)
}

/// Some of a tree's names, only to be shown.
fn names(tree: &[u8]) -> Result<Vec<String>, PackError> {
    entries::entries(tree).take(MOST_NAMES).map(|entry| Ok(words::clean(entry?.name))).collect()
}
