//! The `status` command: what every environment names now, read from the infra repositories and the registries. This
//! module must not print, and nothing in it writes anywhere.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::{join, join_all};
use jiff::Timestamp;

use crate::error::Error;
use crate::forge;
use crate::links::{self, Forge};
use crate::places::EnvironmentPlace;
use crate::ports::Access;
use crate::registry::Registry;
use crate::settings::{RepositorySettings, StatusSettings};
use crate::text::one_line;

mod bumps;
mod drift;
mod environments;
mod holds;
mod html;
mod images;
mod markdown;
mod model;
mod reading;
mod rows;
mod spots;
mod summary;
mod table;

use bumps::trailer;
pub use html::html;
use images::Images;
pub use markdown::markdown;
pub use model::{
    Bump, Elsewhere, EnvironmentStatus, Held, PlaceStatus, RegistryStatus, RepositoryStatus, State, Status,
};
use reading::Reading;
pub use table::table;

/// What was seen, and which repositories could not be read.
#[derive(Debug)]
pub struct StatusOutcome {
    /// What was seen.
    pub status: Status,
    /// One error for each repository of which nothing could be read.
    pub errors: Vec<Error>,
}

/// Looks at all repositories, then at the images that they name.
pub async fn run(settings: &StatusSettings, registry: &Registry, access: &Access, now: SystemTime) -> StatusOutcome {
    let read = settings.repositories.iter().map(|repository| read(settings, repository, access));
    let (mut readings, forges): (Vec<_>, Vec<_>) = join_all(read).await.into_iter().unzip();
    for reading in readings.iter_mut().flatten() {
        reading.places.retain(|seen| is_shown(settings, seen));
    }
    let holdings = readings.iter().flatten().flat_map(|reading| &reading.places).map(|seen| &seen.holding);
    let images = if settings.is_offline { Images::unasked() } else { Images::ask(registry, holdings).await };
    let now = i64::try_from(now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
    let mut status = Status { generated: rfc3339(now), now, environments: Vec::new(), repositories: Vec::new() };
    let mut errors = Vec::new();
    // Two entries of the config can name one branch, and targets of both one place.
    let mut known = HashSet::new();
    for ((repository, forge), reading) in settings.repositories.iter().zip(forges).zip(readings) {
        status.repositories.push(repository_status(repository, &reading));
        match reading {
            Ok(reading) => reading.places.iter().for_each(|seen| {
                let place = place((repository, forge), &reading, seen, &images);
                let (repository, branch, file) = (&place.repository, &place.branch, &place.file);
                let identity = (
                    repository.clone(),
                    branch.clone(),
                    file.clone(),
                    (place.document, place.path.clone(), place.line),
                );
                if known.insert((seen.environment.clone(), identity)) {
                    environment(&mut status.environments, seen.environment.as_deref()).places.push(place);
                }
            }),
            Err(error) => errors.push(error),
        }
    }
    let asked = Some(&settings.environments).filter(|names| !names.is_empty());
    let order = asked.unwrap_or(&settings.known_environments);
    let given = |name: &String| order.iter().position(|given| given == name).unwrap_or(usize::MAX);
    status.environments.sort_by_cached_key(|environment| match &environment.name {
        Some(name) => (false, given(name), name.clone()),
        None => (true, 0, String::new()),
    });
    drift::mark(&mut status.environments);
    StatusOutcome { status, errors }
}

/// Reads a repository, and asks which forge it is on: that makes the links.
async fn read(
    settings: &StatusSettings,
    repository: &RepositorySettings,
    access: &Access,
) -> (Result<Reading, Error>, Option<Forge>) {
    let forge = async {
        // Nobody knows at which port a server that is reached over SSH has its pages.
        if repository.url.is_ssh() {
            return forge::known(&repository.url, None, &settings.ci);
        }
        forge::detect(&repository.url, None, &settings.ci, &access.http).await
    };
    join(reading::read(settings, repository, access), forge).await
}

fn is_shown(settings: &StatusSettings, seen: &EnvironmentPlace) -> bool {
    let repository = seen.holding.repository.as_ref();
    settings.images.is_empty()
        || repository.is_some_and(|held| settings.images.iter().any(|wanted| wanted.is_same_as(held)))
}

fn environment<'a>(all: &'a mut Vec<EnvironmentStatus>, name: Option<&str>) -> &'a mut EnvironmentStatus {
    let at = all.iter().position(|known| known.name.as_deref() == name).unwrap_or_else(|| {
        all.push(EnvironmentStatus { name: name.map(str::to_owned), places: Vec::new() });
        all.len() - 1
    });
    &mut all[at]
}

fn repository_status(repository: &RepositorySettings, reading: &Result<Reading, Error>) -> RepositoryStatus {
    let read = reading.as_ref().ok();
    RepositoryStatus {
        url: repository.url.to_string(),
        short: repository.url.short(),
        branch: read.map(|reading| reading.branch.clone()).or_else(|| repository.branch.clone()),
        commit: read.map(|reading| reading.tip.clone()),
        commits_read: read.map_or(0, |reading| reading.log.depth),
        is_whole_history: read.is_some_and(|reading| reading.log.is_whole),
        problems: read.map(|reading| reading.problems.clone()).unwrap_or_default(),
        error: reading.as_ref().err().map(|error| one_line(&error.to_string())),
    }
}

fn place(
    (repository, forge): (&RepositorySettings, Option<Forge>),
    reading: &Reading,
    seen: &EnvironmentPlace,
    images: &Images,
) -> PlaceStatus {
    let holding = &seen.holding;
    PlaceStatus {
        image: holding.repository.as_ref().map(ToString::to_string),
        tag: holding.written.tag.clone(),
        digest: holding.written.digest.clone(),
        repository: repository.url.to_string(),
        branch: reading.branch.clone(),
        file: one_line(&seen.file),
        document: holding.document,
        path: one_line(&holding.path),
        line: holding.line,
        registry: images.status(holding),
        last_bump: bumps::last(&reading.log.commits, bumps::Sought::of(seen))
            .map(|found| bump((repository, forge), &found)),
        hold: seen.hold.as_ref().map(holds::held),
        drift: Vec::new(),
    }
}

fn bump((repository, forge): (&RepositorySettings, Option<Forge>), found: &bumps::Match<'_>) -> Bump {
    let commit = found.commit;
    let text = |key| trailer(&commit.message, key).map(one_line).filter(|text| !text.is_empty());
    Bump {
        commit: commit.id.clone(),
        commit_url: links::commit_url(&repository.url, forge, &commit.id),
        author: one_line(&commit.author),
        time: rfc3339(commit.time),
        seconds: commit.time,
        source_commit: text("Source-Commit"),
        pipeline: text("Pipeline"),
        is_current: found.is_current,
    }
}

/// Without fractions; what lies beyond the format's last year is nothing that a server may make us show.
fn rfc3339(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds.max(0)).unwrap_or(Timestamp::MAX);
    format!("{time:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_whatever_a_commit_says() {
        for (seconds, text) in [
            (1_795_687_200, "2026-11-26T10:00:00Z"),
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1970-01-01T00:00:00Z"),
            (i64::MAX, "9999-12-30T22:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
