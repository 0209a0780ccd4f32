//! One infra repository: reads the files of its environments and its log. This module must not ask a registry, nor
//! write anywhere.

use std::sync::Arc;

use tracing::debug;

use super::bumps::{self, Sought};
use super::environments::Pattern;
use super::holds;
use super::spots::{self, Discovered, spots};
use crate::edit::Kind;
use crate::error::Error;
use crate::git::{Log, Remote, Snapshot};
use crate::kustomize::Border;
use crate::levels;
use crate::offload;
use crate::places::{EnvironmentPlace, places};
use crate::plan::Target;
use crate::policies::{self, Policies};
use crate::ports::Access;
use crate::rewrite::Growing;
use crate::settings::{RepositorySettings, StatusSettings};
use crate::text::one_line;
use crate::tree::Want;

/// What was read of a repository.
pub(super) struct Reading {
    pub(super) branch: String,
    pub(super) tip: String,
    pub(super) places: Vec<EnvironmentPlace>,
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
    let remote = Remote::new(url, credentials, (&access.http, &access.ssh), access.deadline());
    let mut problems = Vec::new();
    let patterns = spots::patterns(settings, repository)?;
    let directories: Vec<Want<'_>> = patterns.iter().flatten().map(names).collect();
    let (view, found): (_, Vec<Discovered>) = if directories.is_empty() {
        (None, Vec::new())
    } else {
        let view = remote.view(repository.branch.as_deref(), &directories).await.map_err(failed)?;
        let found = spots::discovered(&view, &patterns, &mut problems).map_err(failed)?;
        (Some(view), found)
    };
    let spots = spots(settings, repository, &found)?;
    let targets: Vec<Target> = spots.iter().map(|spot| spot.target.clone()).collect();
    let built: Vec<Target> =
        targets.iter().filter(|target| !matches!(target.kind, Kind::Helm { .. })).cloned().collect();
    let growing = Growing::of(&built, Border::Inside);
    let starts = growing.wants();
    let mut wants = levels::wants(&targets, &starts);
    wants.extend(policies::wants());
    let mut snapshot = match view {
        Some(view) => remote.view_more(view, &wants).await,
        None => remote.view(repository.branch.as_deref(), &wants).await,
    }
    .map_err(failed)?;
    let policies = Policies::of(snapshot.take_last(policies::COUNT));
    let trees = levels::trees(growing, starts, (&remote, &mut snapshot)).await.unwrap_or_else(|error| {
        let why = one_line(&error.to_string());
        problems.push(format!(
            "the resources of the kustomizations could not be read, so the images are shown as they are written: {why}"
        ));
        Arc::default()
    });
    debug!("{place}: at {}", snapshot.tip());
    let found = snapshot.shared_found();
    let files: Vec<String> = repository.targets.iter().map(|target| target.file.clone()).collect();
    let (seen, more) = offload::run(move || {
        let (seen, mut problems) = places(&spots, &files, (&found, &trees));
        let seen = seen.map(|mut seen| {
            problems.extend(marked(&policies, &mut seen));
            seen
        });
        (seen, problems)
    })
    .await;
    problems.extend(more);
    let seen = seen.map_err(|source| Error::Rewrite { place: format!("{place}: "), source: Box::new(source) })?;
    let log = log(&remote, &snapshot, settings.history, &seen, &mut problems).await;
    let (branch, tip) = (snapshot.branch().to_owned(), snapshot.tip());
    Ok(Reading { branch, tip, places: seen, log, problems })
}

/// Marks the places that are held, and returns what is to be said about it.
fn marked(policies: &Policies, seen: &mut [EnvironmentPlace]) -> Vec<String> {
    let marked = policies.holds().and_then(|text| text.map_or(Ok(Vec::new()), |text| holds::mark(text, seen)));
    marked.unwrap_or_else(|error| vec![format!("holds are not shown: {error}")])
}

/// The names in the directory of a pattern, without its files.
fn names(pattern: &Pattern) -> Want<'_> {
    Want { path: &pattern.directory, pick: |_| false }
}

/// The branch's log, as deep as the places need it. Without one the last bumps are unknown, and nothing else is lost.
async fn log(
    remote: &Remote,
    snapshot: &Snapshot,
    most: usize,
    places: &[EnvironmentPlace],
    problems: &mut Vec<String>,
) -> Log {
    if most == 0 || places.is_empty() {
        return Log::default();
    }
    let read = remote
        .log(snapshot, most, |commits| places.iter().all(|seen| bumps::last(commits, Sought::of(seen)).is_some()));
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
