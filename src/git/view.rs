//! A branch for somebody who only looks: files, names and earlier commits, without a push in mind. This module must not
//! know what they are read for.

use std::sync::Mutex;
use std::time::Instant;

use git2::{ObjectType, Oid};

use super::entries::{self, EntryKind};
use super::error::{GitError, PackError};
use super::fetch::{Extent, Without};
use super::header::Header;
use super::store::Store;
use super::{Remote, Snapshot, Tip, capabilities, refs, snapshot, walk, words};
use crate::tree::{Found, Want};

/// How many commits are asked for at first; each further request asks for more.
const FIRST_STEP: usize = 20;

/// How many times more the next request asks for.
const GROWTH: usize = 4;

/// How many names of a directory are read.
const MOST_NAMES: usize = 200_000;

/// A directory's own names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Its files; also links and submodules.
    pub files: Vec<String>,
    /// Its directories.
    pub directories: Vec<String>,
    /// Those of its files that are symbolic links.
    pub links: Vec<String>,
    /// Those of its files that are submodules.
    pub submodules: Vec<String>,
}

/// Earlier commits of a branch, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The first-parent commits; behind each merge stand the commits that it merged, without what lies before them.
    pub commits: Vec<Logged>,
    /// How many first-parent commits were read.
    pub depth: usize,
    /// Whether the first commit of all is among them.
    pub is_whole: bool,
}

/// One commit of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The id in hexadecimal digits.
    pub id: String,
    /// The author's name, without the address.
    pub author: String,
    /// Seconds since 1970 at which it was committed.
    pub time: i64,
    /// The whole message.
    pub message: String,
}

impl Snapshot {
    /// What was read of a tip by somebody who will not push.
    fn viewed(tip: Tip, found: Vec<Found>, store: Store, started: Instant) -> Self {
        Self { tip, found: found.into(), store, receiving: Mutex::new(None), started, took: started.elapsed() }
    }
}

impl Remote {
    /// Reads a branch's tip and what stands at the wanted paths, and asks nothing about a push.
    pub async fn view(&self, branch: Option<&str>, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        let view = async || {
            let started = Instant::now();
            let mut fetching = self.fetching().await?;
            let tip = fetching.tip(branch.map(refs::short_name)).await?;
            let (store, found) = self.read(fetching, tip.id, wants).await?;
            Ok(Snapshot::viewed(tip, found, store, started))
        };
        self.read_again(view).await
    }

    /// Reads other paths of the very commit that was viewed.
    pub async fn view_more(&self, viewed: Snapshot, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        let Snapshot { tip, store, started, .. } = viewed;
        let view = async || {
            let mut fetching = self.fetching().await?;
            let (at, known) = ((tip.id, wants), (tip.id, store.clone()));
            let (store, found) = snapshot::read_since(&mut fetching, at, known).await?;
            Ok(Snapshot::viewed(tip.clone(), found, store, started))
        };
        self.read_again(view).await
    }

    /// Reads a branch's earlier commits, no more than `most`, and no more requests than it takes until they are enough.
    /// None when the server can't send commits without their files.
    pub async fn log(
        &self,
        viewed: &Snapshot,
        most: usize,
        is_enough: impl Fn(&[Logged]) -> bool,
    ) -> Result<Option<Log>, GitError> {
        self.read_again(async || self.read_log(viewed.tip.id, most, &is_enough).await).await
    }

    pub(super) async fn read_log(
        &self,
        tip: Oid,
        most: usize,
        is_enough: impl Fn(&[Logged]) -> bool,
    ) -> Result<Option<Log>, GitError> {
        let mut store = Store::default();
        let mut log = Log::default();
        let mut next = Some(tip);
        let mut step = FIRST_STEP;
        while let Some(id) = next.filter(|_| log.depth < most) {
            if !store.has(id) {
                if log.depth > 0 && is_enough(&log.commits) {
                    return Ok(Some(log));
                }
                let depth = step.min(most - log.depth);
                step = step.saturating_mul(GROWTH);
                if !self.fetch_commits(&mut store, (tip, log.depth), (id, depth)).await? {
                    return Ok(None);
                }
            }
            let (commit, parents) = read_commit(&store, id)?;
            log.commits.push(commit);
            log.depth += 1;
            for merged in parents.iter().skip(1).filter(|id| store.has(**id)) {
                log.commits.push(read_commit(&store, *merged)?.0);
            }
            next = parents.first().copied();
            // Nothing else comes to its turn as long as the commits are there.
            tokio::task::yield_now().await;
        }
        log.is_whole = next.is_none();
        Ok(Some(log))
    }

    /// Adds this many generations of commits behind those that are there; false when they can't be had alone.
    pub(super) async fn fetch_commits(
        &self,
        store: &mut Store,
        (tip, known): (Oid, usize),
        (next, more): (Oid, usize),
    ) -> Result<bool, GitError> {
        let mut fetching = self.fetching().await?;
        // Where a commit that is no tip can't be asked for, those that are there come again.
        let (from, depth) = if fetching.takes_any_id() { (next, more) } else { (tip, known + more) };
        let ways: &[Without] = match () {
            () if fetching.filters() => &[Without::Trees, Without::Blobs],
            // Reading a disk costs nobody a transfer.
            () if self.url.is_local() => &[Without::Nothing],
            () => return Ok(false),
        };
        for (number, way) in ways.iter().enumerate() {
            match fetching.fetch(&[from], Extent::Commits(depth, *way), store).await {
                Err(GitError::Remote { words }) if number + 1 < ways.len() => {
                    tracing::debug!(%words, "the server refuses commits without trees, so more is requested");
                    fetching = self.fetching().await?;
                }
                fetched => return fetched.map(|()| true),
            }
        }
        Ok(true)
    }
}

impl Snapshot {
    /// The same commit for somebody who only looks.
    #[must_use]
    pub fn to_view(&self) -> Self {
        Self::viewed(self.tip.clone(), Vec::new(), self.store.clone().in_new_exchange(), Instant::now())
    }

    /// The names in a directory that was wanted; none when it is no directory.
    pub fn names(&self, directory: &str) -> Result<Option<Names>, GitError> {
        let mut tree = self.store.object(self.store.top(self.tip.id)?, ObjectType::Tree)?;
        for name in walk::components(directory)? {
            match entries::find(&tree, name)? {
                Some(entry) if entry.kind == EntryKind::Directory => {
                    tree = self.store.object(entry.id, ObjectType::Tree)?;
                }
                _ => return Ok(None),
            }
        }
        let mut names = Names::default();
        for entry in entries::entries(&tree) {
            let entry = entry?;
            let name = std::str::from_utf8(entry.name).ok().filter(|_| entries::is_component(entry.name));
            let Some(name) = name else {
                continue;
            };
            if names.files.len() + names.directories.len() >= MOST_NAMES {
                return Err(PackError::TooMany("names in one directory").into());
            }
            match entry.kind {
                EntryKind::Symlink => names.links.push(name.to_owned()),
                EntryKind::Submodule => names.submodules.push(name.to_owned()),
                EntryKind::File | EntryKind::Directory => {}
            }
            let list = if entry.kind == EntryKind::Directory { &mut names.directories } else { &mut names.files };
            list.push(name.to_owned());
        }
        Ok(Some(names))
    }
}

pub(super) fn read_commit(store: &Store, id: Oid) -> Result<(Logged, Vec<Oid>), GitError> {
    let commit = store.object(id, ObjectType::Commit)?;
    let header = Header::parse(&commit);
    let parents = header.parents.iter().filter_map(|parent| capabilities::object_id(parent)).collect();
    let end = commit.windows(2).position(|window| window == b"\n\n").map_or(commit.len(), |end| end + 2);
    let message = String::from_utf8_lossy(commit.get(end..).unwrap_or_default()).into_owned();
    let author = words::clean(header.author.as_bytes());
    Ok((Logged { id: id.to_string(), author, time: header.time, message }, parents))
}
