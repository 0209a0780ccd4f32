//! Lists the files of a branch's tip and reads some of them, for whoever doesn't know their paths yet; this module must
//! not decide which of them matter.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use git2::{ObjectType, Oid};

use super::Remote;
use super::budget::Budget;
use super::entries::{self, EntryKind};
use super::error::GitError;
use super::error::PackError;
use super::fetch::{Extent, FetchDepth};
use super::refs::{self, Tip};
use super::store::Store;
use crate::offload;
use crate::tree::join;

/// How many entries all trees may have together: a tree that is there many times is counted as often.
const MOST_ENTRIES: usize = 1_000_000;

/// How many bytes of trees are read.
const MOST_TREES: usize = 256 << 20;

/// How deep directories may be nested.
const MOST_DEPTH: usize = 64;

/// The longest path that is listed, in bytes.
const LONGEST_PATH: usize = 1024;

/// How long the trees may take to be walked.
const WALK: Duration = Duration::from_mins(1);

/// The files of a branch's tip that were picked by their names.
#[derive(Debug)]
pub struct Listing {
    tip: Tip,
    store: Store,
    files: Vec<(Listed, Oid)>,
    others: usize,
}

/// One file, or what stands where a file could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path from the top.
    pub path: String,
    /// Whether it is a regular file, not a symbolic link.
    pub is_file: bool,
}

/// What files hold; none for one that is too large to be kept.
type Contents = Vec<Option<Vec<u8>>>;

impl Listing {
    /// The branch's short name.
    pub fn branch(&self) -> &str {
        &self.tip.branch
    }

    /// The picked files and links, sorted by their paths.
    pub fn files(&self) -> impl Iterator<Item = &Listed> {
        self.files.iter().map(|(listed, _)| listed)
    }

    /// How many files were not picked, submodules among them.
    pub fn others(&self) -> usize {
        self.others
    }
}

impl Remote {
    /// Lists a branch's files whose names are picked, fetching all trees and (where the server can leave them out) no
    /// file; no branch means the remote's default.
    pub async fn list(&self, branch: Option<&str>, pick: fn(&str) -> bool) -> Result<Listing, GitError> {
        self.read_again(async || self.take_listing(branch, pick).await).await
    }

    /// Reads listed files in one request, in the order of the paths; none for a file that is too large to be kept.
    pub async fn contents(&self, listing: &mut Listing, paths: &[String]) -> Result<Contents, GitError> {
        let (contents, store) = self.read_again(async || self.take_contents(listing, paths).await).await?;
        listing.store = store;
        Ok(contents)
    }

    async fn take_listing(&self, branch: Option<&str>, pick: fn(&str) -> bool) -> Result<Listing, GitError> {
        let mut fetching = self.fetching().await?;
        let tip = fetching.tip(branch.map(refs::short_name)).await?;
        let budget = Budget::default();
        // All trees are wanted.
        let mut reaches = fetching.reaches(FetchDepth::Trees).iter().peekable();
        while let Some(&reach) = reaches.next() {
            let mut store = Store::new(&budget);
            match fetching.fetch(&[tip.id], Extent::Commit(reach), &mut store).await {
                Err(GitError::Remote { words }) if reaches.peek().is_some() => {
                    tracing::debug!(%words, "the server refuses a fetch without files, so all files are requested");
                    fetching = self.fetching().await?;
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    let (there, top) = (store.clone(), store.top(tip.id)?);
                    let (files, others) = offload::run(move || walk(&there, top, pick)).await?;
                    return Ok(Listing { tip, store, files, others });
                }
            }
        }
        Err(GitError::protocol("it supports no way to fetch"))
    }

    async fn take_contents(&self, listing: &Listing, paths: &[String]) -> Result<(Contents, Store), GitError> {
        let mut store = listing.store.clone();
        let ids = paths.iter().map(|path| {
            let found = listing.files.iter().find(|(listed, _)| listed.is_file && listed.path == *path);
            found.map(|(_, id)| *id).ok_or_else(|| GitError::Path { path: path.clone() })
        });
        let ids: Vec<Oid> = ids.collect::<Result<_, _>>()?;
        let needed: BTreeSet<Oid> = ids.iter().copied().filter(|id| !store.has(*id)).collect();
        if !needed.is_empty() && !store.has_oversized() {
            let needed: Vec<Oid> = needed.into_iter().collect();
            self.fetching().await?.fetch(&needed, Extent::Blobs, &mut store).await?;
        }
        let read = move || {
            let contents = ids.into_iter().map(|id| content(&store, id)).collect::<Result<_, _>>()?;
            Ok((contents, store))
        };
        offload::run(read).await
    }
}

/// A file's content; none for one that is too large to be kept.
fn content(store: &Store, id: Oid) -> Result<Option<Vec<u8>>, GitError> {
    match store.object(id, ObjectType::Blob) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(PackError::Missing(_)) if store.has_oversized() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

type Walked = (Vec<(Listed, Oid)>, usize);

/// Walks all trees, which must be there.
fn walk(store: &Store, top: Oid, pick: fn(&str) -> bool) -> Result<Walked, GitError> {
    let started = Instant::now();
    let (mut files, mut others) = (Vec::new(), 0);
    let (mut visited, mut read) = (0, 0);
    let mut pending = vec![(String::new(), top, 0)];
    while let Some((directory, id, depth)) = pending.pop() {
        let tree = store.object(id, ObjectType::Tree)?;
        read += tree.len();
        for entry in entries::entries(&tree) {
            let entry = entry?;
            visited += 1;
            if visited > MOST_ENTRIES || read > MOST_TREES || depth > MOST_DEPTH || started.elapsed() > WALK {
                return Err(GitError::Limit(
                    "the repository has too many files, or its directories are nested too deeply".to_owned(),
                ));
            }
            let name = std::str::from_utf8(entry.name).ok().filter(|_| entries::is_component(entry.name));
            let path = name.map(|name| join(&directory, name)).filter(|path| path.len() <= LONGEST_PATH);
            match (path, entry.kind) {
                (Some(path), EntryKind::Directory) => pending.push((path, entry.id, depth + 1)),
                (Some(path), EntryKind::File | EntryKind::Symlink) if name.is_some_and(pick) => {
                    files.push((Listed { path, is_file: entry.kind == EntryKind::File }, entry.id));
                }
                _ => others += 1,
            }
        }
    }
    files.sort_by(|(one, _), (other, _)| one.path.cmp(&other.path));
    Ok((files, others))
}
