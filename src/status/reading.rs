//! One infra repository: finds its environments, reads their files and its log. This module must not ask a registry, nor
//! write anywhere.

use std::collections::BTreeSet;

use tracing::debug;

use super::bumps::{self, Sought};
use super::environments::{Pattern, pattern};
use crate::edit::{self, Holding};
use crate::error::Error;
use crate::git::{GitError, Log, Remote, Snapshot};
use crate::image::Repository;
use crate::offload;
use crate::plan::{self, Target};
use crate::ports::Access;
use crate::rewrite::{self, RewriteError, TargetFiles};
use crate::settings::{RepositorySettings, StatusSettings};
use crate::text::one_line;
use crate::tree::{Found, Want};

/// More environments than anybody has; a directory with more names is none of environments.
const MOST_ENVIRONMENTS: usize = 500;

/// What was read of a repository.
pub(super) struct Reading {
    pub(super) branch: String,
    pub(super) tip: String,
    pub(super) places: Vec<Seen>,
    pub(super) log: Log,
    /// What could not be read, a sentence each.
    pub(super) problems: Vec<String>,
}

/// A place in an environment.
pub(super) struct Seen {
    pub(super) environment: Option<String>,
    pub(super) file: String,
    pub(super) holding: Holding,
}

/// A target in one environment.
struct Spot {
    environment: Option<String>,
    target: Target,
    /// The repository that the config gives the target's image.
    repository: Option<Repository>,
    /// Whether the environment is one that a name in a directory made us try.
    is_guess: bool,
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
    let patterns = patterns(settings, repository)?;
    let wants: Vec<Want<'_>> = patterns.iter().flatten().map(|pattern| names_of(&pattern.directory)).collect();
    let (snapshot, spots) = if wants.is_empty() {
        let spots = spots(settings, repository, |_| Vec::new())?;
        let targets: Vec<Target> = spots.iter().map(|spot| spot.target.clone()).collect();
        let view = remote.view(repository.branch.as_deref(), &rewrite::wants(&targets)).await;
        (view.map_err(failed)?, spots)
    } else {
        let view = remote.view(repository.branch.as_deref(), &wants).await.map_err(failed)?;
        let found = discovered(&view, &patterns, &mut problems).map_err(failed)?;
        let spots = spots(settings, repository, |target| found.get(target).cloned().unwrap_or_default())?;
        let targets: Vec<Target> = spots.iter().map(|spot| spot.target.clone()).collect();
        (remote.view_more(view, &rewrite::wants(&targets)).await.map_err(failed)?, spots)
    };
    debug!("{place}: at {}", snapshot.tip());
    let found = snapshot.shared_found();
    let places;
    (places, problems) = offload::run(move || (places_of(&spots, &found, &mut problems), problems)).await;
    let places = places.map_err(|source| Error::Rewrite { place: format!("{place}: "), source: Box::new(source) })?;
    let log = log(&remote, &snapshot, settings.history, &places, &mut problems).await;
    let (branch, tip) = (snapshot.branch().to_owned(), snapshot.tip());
    Ok(Reading { branch, tip, places, log, problems })
}

/// For each target where its environments are to be found; none where that is said or there are none.
fn patterns(settings: &StatusSettings, repository: &RepositorySettings) -> Result<Vec<Option<Pattern>>, Error> {
    let one = |target| {
        // A path that leads elsewhere is refused before anything is read.
        plan::at(target, Some("environment"))?;
        Ok(pattern(target).filter(|_| settings.environments.is_empty()))
    };
    repository.targets.iter().map(one).collect()
}

/// The names in a directory, without its files.
fn names_of(path: &str) -> Want<'_> {
    Want { path, pick: |_| false }
}

/// The environments of each target.
fn discovered(
    view: &Snapshot,
    patterns: &[Option<Pattern>],
    problems: &mut Vec<String>,
) -> Result<Vec<Vec<String>>, GitError> {
    let mut all = Vec::with_capacity(patterns.len());
    let mut said = BTreeSet::new();
    for pattern in patterns {
        let Some(pattern) = pattern else {
            all.push(Vec::new());
            continue;
        };
        let names = view.names(&pattern.directory)?;
        let mut found = names.as_ref().map(|names| pattern.environments(names)).unwrap_or_default();
        if found.is_empty() && said.insert(pattern.shown()) {
            problems.push(format!("{}: no environment has such a path", one_line(&pattern.shown())));
        }
        if found.len() > MOST_ENVIRONMENTS {
            let (count, shown) = (found.len(), one_line(&pattern.shown()));
            problems.push(format!("{shown}: {count} names fit, only the first {MOST_ENVIRONMENTS} are read"));
            found.truncate(MOST_ENVIRONMENTS);
        }
        all.push(found);
    }
    Ok(all)
}

fn spots(
    settings: &StatusSettings,
    repository: &RepositorySettings,
    discovered: impl Fn(usize) -> Vec<String>,
) -> Result<Vec<Spot>, Error> {
    let mut spots = Vec::new();
    for (number, target) in repository.targets.iter().enumerate() {
        let is_guess = settings.environments.is_empty();
        let has_pattern = pattern(target).is_some();
        let (own, known) = (&target.environments, &settings.known_environments);
        let is_own = |name: &String| {
            let among = |names: &[String]| names.is_empty() || names.contains(name);
            among(own) && among(known) && among(&settings.environments)
        };
        let named = match has_pattern {
            false => own.clone(),
            true if is_guess => discovered(number),
            true => settings.environments.clone(),
        };
        let environments: Vec<Option<String>> = if has_pattern || !own.is_empty() {
            named.into_iter().filter(is_own).map(Some).collect()
        } else {
            vec![None]
        };
        let named = settings.names.iter().find(|(name, _)| Some(name) == target.image.as_ref());
        // As for `update`: the only image that is given is the one of a place that names none.
        let only = settings.images.first().filter(|_| settings.images.len() == 1);
        let image = named.and_then(|(_, repository)| repository.clone()).or_else(|| only.cloned());
        for environment in environments {
            let target = plan::at(target, environment.as_deref())?;
            let is_guess = is_guess && has_pattern;
            spots.push(Spot { environment, target, repository: image.clone(), is_guess });
        }
    }
    Ok(spots)
}

/// The places of all files; an error when there is no file at all.
fn places_of(spots: &[Spot], found: &[Found], problems: &mut Vec<String>) -> Result<Vec<Seen>, RewriteError> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut first: Option<RewriteError> = None;
    let mut is_readable = spots.is_empty();
    for (spot, found) in spots.iter().zip(found) {
        let TargetFiles { files, notes } = match rewrite::files(&spot.target, found) {
            Ok(read) => read,
            // The name in the directory was no environment's.
            Err(error) if spot.is_guess && is_absent(&error) => continue,
            Err(error) => {
                problems.push(one_line(&error.to_string()));
                first = first.or(Some(error));
                continue;
            }
        };
        problems.extend(notes.iter().map(|note| one_line(note)));
        for (file, bytes) in files {
            match edit::list(&file, bytes, &spot.target.kind) {
                Ok(holdings) => {
                    is_readable = true;
                    for holding in holdings {
                        add(&mut seen, spot, &file, holding);
                    }
                }
                Err(error) => {
                    problems.push(one_line(&error.to_string()));
                    first = first.or(Some(error.into()));
                }
            }
        }
    }
    match first {
        Some(error) if !is_readable => Err(error),
        _ => Ok(seen),
    }
}

/// Adds a place, once, whatever number of targets name it.
fn add(seen: &mut Vec<Seen>, spot: &Spot, file: &str, holding: Holding) {
    let repository = || spot.repository.clone();
    let holding = Holding { repository: holding.repository.or_else(repository), ..holding };
    let known = seen.iter_mut().find(|known| {
        known.environment == spot.environment && known.file == file && known.holding.path == holding.path
    });
    match known {
        Some(known) => known.holding.repository = known.holding.repository.take().or(holding.repository),
        None => seen.push(Seen { environment: spot.environment.clone(), file: file.to_owned(), holding }),
    }
}

fn is_absent(error: &RewriteError) -> bool {
    match error {
        RewriteError::Missing { .. } => true,
        RewriteError::Kustomizations { names, .. } => names.is_empty(),
        _ => false,
    }
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

impl Seen {
    pub(super) fn sought(&self) -> Sought<'_> {
        Sought {
            repository: self.holding.repository.as_ref(),
            environment: self.environment.as_deref(),
            file: &self.file,
            path: &self.holding.path,
            written: &self.holding.written,
        }
    }
}
