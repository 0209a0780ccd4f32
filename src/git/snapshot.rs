//! Reads what stands at some paths of a commit, fetching no more than the server makes necessary; this module must
//! not change anything.

use std::collections::BTreeSet;

use git2::Oid;

use super::budget::Budget;
use super::error::GitError;
use super::error::PackError;
use super::fetch::{Extent, FetchDepth};
use super::fetching::Fetching;
use super::store::Store;
use super::walk::{Cursor, components};
use crate::offload;
use crate::tree::{Found, Want};

/// How many files may be wanted at once.
pub(super) const MOST_FILES: usize = 10_000;

/// How many bytes the wanted files may have together.
const MOST_CONTENT: usize = 256 << 20;

/// Reads the wanted paths of a commit.
pub(super) async fn read(
    fetching: &mut Fetching<'_>,
    (tip, wants): (Oid, &[Want<'_>]),
    reach: FetchDepth,
    budget: &Budget,
) -> Result<(Store, Vec<Found>), GitError> {
    let mut store = Store::new(budget);
    fetching.fetch(&[tip], Extent::Commit(reach), &mut store).await?;
    follow(fetching, (tip, wants), reach, store).await
}

/// Reads the wanted paths of a commit, of which an earlier one's are there: only what changed between them is
/// fetched, most of the time in one request.
pub(super) async fn read_since(
    fetching: &mut Fetching<'_>,
    (tip, wants): (Oid, &[Want<'_>]),
    (known, store): (Oid, Store),
) -> Result<(Store, Vec<Found>), GitError> {
    let mut store = store.in_new_exchange();
    if tip != known {
        fetching.fetch(&[tip], Extent::Since(known), &mut store).await?;
    }
    let reach = further(fetching);
    follow(fetching, (tip, wants), reach, store).await
}

/// Reads other paths of a commit of which some were read before, in the same exchange. A path that no tree has, and one whose file
/// is too large, come to nothing.
pub(super) async fn read_more(
    fetching: &mut Fetching<'_>,
    (tip, wants): (Oid, &[Want<'_>]),
    store: &mut Store,
) -> Result<Vec<Found>, GitError> {
    let is_path = |want: &Want<'_>| components(want.path).is_ok();
    let possible: Vec<Want<'_>> = wants.iter().copied().filter(is_path).collect();
    let reach = further(fetching);
    let found = match follow(fetching, (tip, &possible), reach, store.clone()).await {
        Ok((read, found)) => {
            *store = read;
            found
        }
        Err(GitError::FileTooLarge { .. } | GitError::Limit(_)) => {
            possible.iter().map(|_| Found::TooLarge { bytes: 0 }).collect()
        }
        Err(error) => return Err(error),
    };
    let mut found = found.into_iter();
    let nothing = || Found::Missing { parent: String::new(), names: Vec::new() };
    Ok(wants.iter().map(|want| if is_path(want) { found.next().unwrap_or_else(nothing) } else { nothing() }).collect())
}

/// How what is not there yet can be had.
fn further(fetching: &Fetching<'_>) -> FetchDepth {
    if fetching.sends_parts() { FetchDepth::Top } else { FetchDepth::Everything }
}

/// Follows the wanted paths from a commit that is there, fetching what isn't.
async fn follow(
    fetching: &mut Fetching<'_>,
    (tip, wants): (Oid, &[Want<'_>]),
    reach: FetchDepth,
    mut store: Store,
) -> Result<(Store, Vec<Found>), GitError> {
    let top = store.top(tip)?;
    let mut cursors = Vec::with_capacity(wants.len());
    for want in wants {
        cursors.push(Cursor::new(*want, top)?);
    }
    loop {
        let (there, mut following) = (store.clone(), cursors);
        let needed;
        (cursors, needed) = offload::run(move || {
            let needed = advance(following.iter_mut(), &there);
            (following, needed)
        })
        .await;
        let needed = needed?;
        if needed.is_empty() {
            break;
        }
        if reach != FetchDepth::Top {
            return Err(missing(&needed).into());
        }
        fetching.fetch(&needed, Extent::Trees, &mut store).await?;
        require(&needed, &store)?;
    }
    fetch_files(fetching, &cursors, &mut store).await?;
    let there = store.clone();
    let found = offload::run(move || collect(cursors, &there)).await?;
    Ok((store, found))
}

/// Takes every path one step on, and returns the trees they wait for.
pub(super) fn advance<'c>(cursors: impl Iterator<Item = &'c mut Cursor>, store: &Store) -> Result<Vec<Oid>, PackError> {
    let mut needed = BTreeSet::new();
    for cursor in cursors {
        needed.extend(cursor.advance(store)?);
    }
    Ok(needed.into_iter().collect())
}

/// Requires that all of these objects came.
pub(super) fn require(ids: &[Oid], store: &Store) -> Result<(), PackError> {
    let absent: Vec<Oid> = ids.iter().copied().filter(|id| !store.has(*id)).collect();
    if absent.is_empty() { Ok(()) } else { Err(missing(&absent)) }
}

/// Fetches all files of all paths in one request.
async fn fetch_files(fetching: &mut Fetching<'_>, cursors: &[Cursor], store: &mut Store) -> Result<(), GitError> {
    let files: Vec<(String, Oid)> = cursors.iter().flat_map(Cursor::files).collect();
    if files.len() > MOST_FILES {
        return Err(GitError::Limit(format!("more than {MOST_FILES} files are needed")));
    }
    let needed: BTreeSet<Oid> = files.iter().map(|(_, id)| *id).filter(|id| !store.has(*id)).collect();
    let needed: Vec<Oid> = needed.into_iter().collect();
    if needed.is_empty() {
        return Ok(());
    }
    if !store.has_oversized() {
        let fetched = fetching.fetch(&needed, Extent::Blobs, store).await;
        fetched.map_err(|error| if matches!(error, GitError::Limit(_)) { too_large(&files) } else { error })?;
    }
    match files.into_iter().find(|(_, id)| !store.has(*id)) {
        None => Ok(()),
        Some((path, _)) if store.has_oversized() => Err(GitError::FileTooLarge { path }),
        Some((_, id)) => Err(missing(&[id]).into()),
    }
}

fn collect(cursors: Vec<Cursor>, store: &Store) -> Result<Vec<Found>, GitError> {
    let mut all = Vec::with_capacity(cursors.len());
    let mut content = 0;
    for cursor in cursors {
        let found = cursor.found(store)?;
        content += size(&found);
        if content > MOST_CONTENT {
            return Err(GitError::Limit("the needed files are too large together".to_owned()));
        }
        all.push(found);
    }
    Ok(all)
}

fn size(found: &Found) -> usize {
    match found {
        Found::File(bytes) => bytes.len(),
        Found::Directory(entries) => entries.iter().map(|entry| size(&entry.found)).sum(),
        _ => 0,
    }
}

pub(super) fn missing(ids: &[Oid]) -> PackError {
    PackError::Missing(ids.first().map(Oid::to_string).unwrap_or_default())
}

/// One of the files is too big to be told from the others.
fn too_large(files: &[(String, Oid)]) -> GitError {
    let paths: Vec<&str> = files.iter().take(5).map(|(path, _)| path.as_str()).collect();
    GitError::FileTooLarge { path: paths.join(" or ") }
}
