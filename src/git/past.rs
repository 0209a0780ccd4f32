//! What stood at some paths in the earlier commits of a branch, along the first parents, read from the newest back and no
//! further than asked. This module must not know what the files say, nor what their changes mean.
//!
//! A part of the history is one round of requests: its commits with their top trees, then the trees on the paths a level at a
//! time, then the files. What has the id of something that is there already is not fetched again, so that a commit that left
//! the paths alone costs its top tree, most of the time a small delta.

use std::collections::BTreeSet;
use std::sync::Arc;

use git2::Oid;

use super::error::{GitError, PackError};
use super::fetch::{Extent, FetchDepth};
use super::fetching::Fetching;
use super::snapshot::{self, MOST_FILES};
use super::store::Store;
use super::view::{Logged, read_commit};
use super::walk::{Cursor, PathIds};
use super::{Remote, Snapshot};
use crate::offload;
use crate::tree::{Found, Want};

/// How many commits are read at first.
const FIRST_STEP: usize = 16;

/// How many times more are read next.
const GROWTH: usize = 4;

/// How many commits are read at once at most.
const LONGEST_STEP: usize = 1024;

/// How many bytes of packs a history may come to.
const MOST_KEPT: usize = 256 << 20;

/// Earlier commits of a branch, as far as they were read.
#[derive(Clone, Debug)]
pub struct Past {
    tip: Oid,
    paths: Vec<Path>,
    store: Store,
    /// The way that the server lets through, once that is known.
    reach: Option<FetchDepth>,
    /// The first commit that was not read yet.
    next: Option<Oid>,
    depth: usize,
    step: usize,
    is_cut: bool,
    last: Option<(Oid, Arc<Stand>)>,
}

/// A wanted path that outlives whoever wanted it.
#[derive(Clone, Debug)]
struct Path {
    path: String,
    pick: fn(&str) -> bool,
}

/// One commit, and what stood at the paths.
#[derive(Clone, Debug)]
pub struct Stood {
    /// The commit.
    pub commit: Logged,
    /// The commits that it merged, of those that the server sent.
    pub merged: Vec<Logged>,
    stand: Arc<Stand>,
}

/// What stands at the paths, by ids.
#[derive(Debug)]
struct Stand {
    cursors: Vec<Cursor>,
    standings: Vec<PathIds>,
}

/// A commit on the way back.
struct Step {
    commit: Logged,
    merged: Vec<Logged>,
    top: Oid,
}

impl Past {
    /// How many first-parent commits were read.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether the history ends before its first commit, because the server has no more of it.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// What stood at the paths at a commit of this past, in the order of the paths. A file that is too large is no error.
    pub fn found(&self, stood: &Stood) -> Result<Vec<Found>, GitError> {
        stood.stand.cursors.iter().map(|cursor| found(cursor, &self.store)).collect()
    }

    fn wants(&self) -> impl Iterator<Item = Want<'_>> {
        self.paths.iter().map(|Path { path, pick }| Want { path, pick: *pick })
    }
}

impl Stood {
    /// Whether the very same stood at the paths in another commit of the same past.
    pub fn is_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.stand, &other.stand)
    }
}

impl Snapshot {
    /// The history that ends at the commit that was read, of which nothing is read yet.
    pub fn past(&self, wants: &[Want<'_>]) -> Past {
        let paths = wants.iter().map(|want| Path { path: want.path.to_owned(), pick: want.pick }).collect();
        Past {
            tip: self.tip.id,
            paths,
            store: self.store.clone(),
            reach: None,
            next: Some(self.tip.id),
            depth: 0,
            step: FIRST_STEP,
            is_cut: false,
            last: None,
        }
    }
}

impl Remote {
    /// Reads the next part of a history, the newest commit first; nothing at its end, or when `most` commits were read.
    pub async fn further_back(&self, past: &mut Past, most: usize) -> Result<Vec<Stood>, GitError> {
        let more = past.step.min(most.saturating_sub(past.depth));
        let Some(next) = past.next.filter(|_| more > 0) else { return Ok(Vec::new()) };
        let (read, stood) = self.read_again(async || self.read_back(past, (next, more)).await).await?;
        *past = read;
        past.step = past.step.saturating_mul(GROWTH).min(LONGEST_STEP);
        Ok(stood)
    }

    /// Reads commits the cheapest way that the server lets through.
    async fn read_back(&self, past: &Past, (next, more): (Oid, usize)) -> Result<(Past, Vec<Stood>), GitError> {
        let mut fetching = self.fetching().await?;
        let start = past.reach.unwrap_or_else(|| fetching.start());
        let mut reaches = fetching.reaches(start).iter().peekable();
        while let Some(&reach) = reaches.next() {
            let mut past = past.clone();
            past.store = past.store.in_new_exchange();
            match read_part(&mut fetching, &mut past, (next, more), reach).await {
                Err(GitError::Remote { words }) if reaches.peek().is_some() => {
                    tracing::debug!(%words, "the server refuses a part of the history, so more is requested");
                    fetching = self.fetching().await?;
                }
                Err(error) => return Err(error),
                Ok(stood) => {
                    past.reach = Some(reach);
                    return Ok((past, stood));
                }
            }
        }
        Err(GitError::protocol("it supports no way to fetch"))
    }
}

async fn read_part(
    fetching: &mut Fetching<'_>,
    past: &mut Past,
    (next, more): (Oid, usize),
    reach: FetchDepth,
) -> Result<Vec<Stood>, GitError> {
    // One generation more, so that the commits that the last one merged are there.
    let depth = more + 1;
    if !is_there(&past.store, next, depth)? {
        // Where a commit that is no tip can't be asked for, those that are there come again.
        let (from, depth) = if fetching.takes_any_id() { (next, depth) } else { (past.tip, past.depth + depth) };
        fetching.fetch(&[from], Extent::History(depth, reach), &mut past.store).await?;
        if past.store.size() > MOST_KEPT {
            let bound = MOST_KEPT >> 20;
            return Err(GitError::Limit(format!("its earlier commits take more than {bound} MB to read")));
        }
    }
    let store = past.store.clone();
    let (steps, next) = offload::run(move || steps(&store, next, more)).await?;
    past.is_cut = next.is_some() && steps.len() < more;
    past.next = next.filter(|_| !past.is_cut);
    past.depth += steps.len();
    stands(fetching, past, steps, reach).await
}

/// Whether this many commits along the first parents are there, or all that there are.
fn is_there(store: &Store, from: Oid, count: usize) -> Result<bool, GitError> {
    let mut next = Some(from);
    for _ in 0..count {
        let Some(id) = next else { return Ok(true) };
        if !store.has(id) {
            return Ok(false);
        }
        next = read_commit(store, id)?.1.first().copied();
    }
    Ok(true)
}

/// Up to this many commits along the first parents, and the one behind them.
fn steps(store: &Store, from: Oid, count: usize) -> Result<(Vec<Step>, Option<Oid>), GitError> {
    let (mut steps, mut next) = (Vec::new(), Some(from));
    while let Some(id) = next.filter(|id| steps.len() < count && store.has(*id)) {
        let (commit, parents) = read_commit(store, id)?;
        let merged = parents.iter().skip(1).filter(|id| store.has(**id));
        let merged = merged.map(|id| Ok(read_commit(store, *id)?.0)).collect::<Result<_, GitError>>()?;
        steps.push(Step { commit, merged, top: store.top(id)? });
        next = parents.first().copied();
    }
    Ok((steps, next))
}

/// Follows the paths in all commits together, and fetches the files that are not there yet.
async fn stands(
    fetching: &mut Fetching<'_>,
    past: &mut Past,
    steps: Vec<Step>,
    reach: FetchDepth,
) -> Result<Vec<Stood>, GitError> {
    let mut tops: Vec<Oid> = steps.iter().map(|step| step.top).collect();
    tops.dedup();
    let mut cursors = Vec::new();
    for top in tops {
        cursors.push((top, past.wants().map(|want| Cursor::new(want, top)).collect::<Result<Vec<_>, _>>()?));
    }
    let cursors = follow(fetching, cursors, reach, &mut past.store).await?;
    let mut distinct: Vec<(Oid, Arc<Stand>)> = past.last.take().into_iter().collect();
    for (top, cursors) in cursors {
        let standings: Vec<PathIds> = cursors.iter().map(Cursor::standing).collect();
        let newer = distinct.last().filter(|(_, newer)| newer.standings == standings).map(|(_, newer)| newer.clone());
        distinct.push((top, newer.unwrap_or_else(|| Arc::new(Stand { cursors, standings }))));
    }
    fetch_files(fetching, &distinct, &mut past.store).await?;
    past.last = distinct.last().cloned();
    let mut distinct = distinct.into_iter().peekable();
    let stood = steps.into_iter().map(|Step { commit, merged, top }| {
        while distinct.next_if(|(known, _)| *known != top).is_some() {}
        let (_, stand) = distinct.peek().ok_or_else(|| PackError::Missing(top.to_string()))?;
        Ok(Stood { commit, merged, stand: Arc::clone(stand) })
    });
    stood.collect()
}

type Followed = Vec<(Oid, Vec<Cursor>)>;

async fn follow(
    fetching: &mut Fetching<'_>,
    mut cursors: Followed,
    reach: FetchDepth,
    store: &mut Store,
) -> Result<Followed, GitError> {
    loop {
        let (there, mut following) = (store.clone(), cursors);
        let needed;
        (cursors, needed) = offload::run(move || {
            let all = following.iter_mut().flat_map(|(_, cursors)| cursors);
            let needed = snapshot::advance(all, &there);
            (following, needed)
        })
        .await;
        let needed = needed?;
        if needed.is_empty() {
            return Ok(cursors);
        }
        if reach != FetchDepth::Top {
            return Err(snapshot::missing(&needed).into());
        }
        fetching.fetch(&needed, Extent::Trees, store).await?;
        snapshot::require(&needed, store)?;
    }
}

/// Fetches the files of all commits in one request.
async fn fetch_files(
    fetching: &mut Fetching<'_>,
    stands: &[(Oid, Arc<Stand>)],
    store: &mut Store,
) -> Result<(), GitError> {
    let files = stands.iter().flat_map(|(_, stand)| stand.cursors.iter().flat_map(Cursor::files));
    let needed: BTreeSet<Oid> = files.map(|(_, id)| id).filter(|id| !store.has(*id)).collect();
    if needed.len() > MOST_FILES {
        return Err(GitError::Limit(format!("more than {MOST_FILES} files of earlier commits are needed")));
    }
    if needed.is_empty() || store.has_oversized() {
        return Ok(());
    }
    let needed: Vec<Oid> = needed.into_iter().collect();
    fetching.fetch(&needed, Extent::Blobs, store).await
}

/// What a path turned out to be. A file that did not come since it is too large is none that held a version.
fn found(cursor: &Cursor, store: &Store) -> Result<Found, GitError> {
    match cursor.found(store) {
        Err(PackError::Missing(_)) if store.has_oversized() => Ok(Found::TooLarge { bytes: 0 }),
        found => Ok(found?),
    }
}
