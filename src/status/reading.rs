//! One infra repository: reads the files of its environments and its log. This module must not ask a registry, nor
//! write anywhere.

use tracing::debug;

use super::bumps;
use super::environments::Pattern;
use super::places::{Seen, places};
use super::spots::{self, Discovered, Spot, spots};
use crate::error::Error;
use crate::git::{Log, Remote, Snapshot};
use crate::offload;
use crate::plan::Target;
use crate::ports::Access;
use crate::rewrite;
use crate::settings::{RepositorySettings, StatusSettings};
use crate::text::one_line;
use crate::tree::Want;

/// What was read of a repository.
pub(super) struct Reading {
    pub(super) branch: String,
    pub(super) tip: String,
    pub(super) places: Vec<Seen>,
    pub(super) log: Log,
    /// What could not be read, a sentence each.
    pub(super) problems: Vec<String>,
}

/// Reads a repository. What is wrong with one of its files is a problem, and an error only when no file can be read.
pub(super) async fn read(
    settings: &StatusSettings,
    repository: &RepositorySettings,
    access: &Access,
) -> Result<Reading, Error> {
    let place = repository.url.on_branch(repository.branch.as_deref());
    let failed = |reason| Error::Git { action: format!("read {place}"), reason };
    let (url, credentials) = (repository.url.clone(), repository.credentials.as_ref());
    let remote = Remote::new(url, credentials, &access.http, &access.ssh);
    let mut problems = Vec::new();
    let patterns = spots::patterns(settings, repository)?;
    let wants: Vec<Want<'_>> = patterns.iter().flatten().map(names).collect();
    let (snapshot, spots) = if wants.is_empty() {
        let spots = spots(settings, repository, &[])?;
        let view = remote.view(repository.branch.as_deref(), &rewrite::wants(&targets(&spots))).await;
        (view.map_err(failed)?, spots)
    } else {
        let view = remote.view(repository.branch.as_deref(), &wants).await.map_err(failed)?;
        let found: Vec<Discovered> = spots::discovered(&view, &patterns, &mut problems).map_err(failed)?;
        let spots = spots(settings, repository, &found)?;
        (remote.view_more(view, &rewrite::wants(&targets(&spots))).await.map_err(failed)?, spots)
    };
    debug!("{place}: at {}", snapshot.tip());
    let found = snapshot.shared_found();
    let files: Vec<String> = repository.targets.iter().map(|target| target.file.clone()).collect();
    let (seen, more) = offload::run(move || places(&spots, &files, &found)).await;
    problems.extend(more);
    let seen = seen.map_err(|source| Error::Rewrite { place: format!("{place}: "), source: Box::new(source) })?;
    let log = log(&remote, &snapshot, settings.history, &seen, &mut problems).await;
    let (branch, tip) = (snapshot.branch().to_owned(), snapshot.tip());
    Ok(Reading { branch, tip, places: seen, log, problems })
}

fn targets(spots: &[Spot]) -> Vec<Target> {
    spots.iter().map(|spot| spot.target.clone()).collect()
}

/// The names in the directory of a pattern, without its files.
fn names(pattern: &Pattern) -> Want<'_> {
    Want { path: &pattern.directory, pick: |_| false }
}

/// The branch's log, as deep as the places need it. Without one the last bumps are unknown, and nothing else is lost.
async fn log(remote: &Remote, snapshot: &Snapshot, most: usize, places: &[Seen], problems: &mut Vec<String>) -> Log {
    if most == 0 || places.is_empty() {
        return Log::default();
    }
    let read =
        remote.log(snapshot, most, |commits| places.iter().all(|seen| bumps::last(commits, seen.sought()).is_some()));
    match read.await {
        Ok(Some(log)) => log,
        Ok(None) => {
            problems.push("the last bumps are unknown: the server can't send commits without their files".to_owned());
            Log::default()
        }
        Err(error) => {
            problems.push(format!("the last bumps are unknown: {}", one_line(&error.to_string())));
            Log::default()
        }
    }
}
