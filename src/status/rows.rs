//! The places as people read them, one row each, whatever they are printed on. This module must not know the format.

#![deny(clippy::disallowed_methods)]

use std::collections::HashSet;

use serde::Serialize;

use super::model::{Bump, Elsewhere, EnvironmentStatus, Held, PlaceStatus, RepositoryStatus, State, Status};
use crate::links;

/// The headings of the columns.
pub(super) const HEADINGS: [&str; 8] =
    ["Environment", "Image", "Tag", "Digest", "Registry", "Last bump", "Drift", "Place"];

/// What stands where nothing is known.
pub(super) const NOTHING: &str = "-";

/// One place, in words.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) environment: String,
    pub(super) image: String,
    pub(super) tag: String,
    /// The short form; in parentheses when it is the registry's and not written in the file.
    pub(super) digest: String,
    /// The whole digest.
    pub(super) whole_digest: String,
    /// What the registry says of the image.
    pub(super) state: &'static str,
    /// `ok`, `bad` or `unknown`.
    pub(super) mood: &'static str,
    /// What the registry said when it said no.
    pub(super) reason: String,
    /// When the image was created, RFC 3339.
    pub(super) created: String,
    /// How long ago that was.
    pub(super) created_age: Option<String>,
    pub(super) bump: Option<BumpRow>,
    /// What stands in place of a bump.
    pub(super) no_bump: String,
    pub(super) hold: Option<HoldRow>,
    pub(super) drift: Vec<String>,
    /// The infra repository, for people.
    pub(super) repository: String,
    /// File and line.
    pub(super) file: String,
    /// The path, behind the document's number where the file has images in several.
    pub(super) path: String,
}

/// A bump, in words.
#[derive(Debug, Serialize)]
pub(super) struct BumpRow {
    pub(super) commit: Linked,
    pub(super) author: String,
    pub(super) age: String,
    pub(super) time: String,
    pub(super) pipeline: Option<Linked>,
    pub(super) source: Option<Linked>,
    /// Whether the place was changed by somebody else since.
    pub(super) is_stale: bool,
}

/// A hold, in words.
#[derive(Debug, Serialize)]
pub(super) struct HoldRow {
    pub(super) by: String,
    pub(super) age: String,
    pub(super) time: String,
    pub(super) reason: String,
}

/// A text that may be a link; never one to anything but http and https.
#[derive(Debug, Serialize)]
pub(super) struct Linked {
    pub(super) text: String,
    pub(super) url: Option<String>,
}

/// The rows of all environments.
pub(super) fn rows(status: &Status) -> Vec<Row> {
    let places = status.environments.iter().flat_map(|environment| &environment.places);
    let later = places.filter(|place| place.document > 1);
    let several: HashSet<_> = later.map(|place| (&place.repository, &place.branch, &place.file)).collect();
    let of = |environment: &EnvironmentStatus| {
        let name = environment.name.clone().unwrap_or_else(|| NOTHING.to_owned());
        let one = |place: &PlaceStatus| {
            let row = row(status, &name, place);
            let is_of_several = several.contains(&(&place.repository, &place.branch, &place.file));
            let path = if is_of_several { format!("document {}: {}", place.document, row.path) } else { row.path };
            Row { path, ..row }
        };
        environment.places.iter().map(one).collect::<Vec<_>>()
    };
    status.environments.iter().flat_map(of).collect()
}

/// What could not be read, a sentence each.
pub(super) fn problems(status: &Status) -> Vec<String> {
    let of = |repository: &RepositoryStatus| {
        let all = repository.error.iter().chain(&repository.problems);
        all.map(|problem| format!("{}: {problem}", repository.short)).collect::<Vec<_>>()
    };
    status.repositories.iter().flat_map(of).collect()
}

fn row(status: &Status, environment: &str, place: &PlaceStatus) -> Row {
    let is_its =
        |known: &&RepositoryStatus| known.url == place.repository && known.branch.as_ref() == Some(&place.branch);
    let repository = status.repositories.iter().find(is_its);
    let or_nothing = |text: &Option<String>| text.clone().unwrap_or_else(|| NOTHING.to_owned());
    let registry = &place.registry;
    let digest = place.digest.as_deref().map(short_digest);
    let of_registry = registry.digest.as_deref().map(|digest| format!("({})", short_digest(digest)));
    let (state, mood) = said(registry.state);
    Row {
        environment: environment.to_owned(),
        image: or_nothing(&place.image),
        tag: or_nothing(&place.tag),
        digest: digest.or(of_registry).unwrap_or_else(|| NOTHING.to_owned()),
        whole_digest: place.digest.clone().or_else(|| registry.digest.clone()).unwrap_or_default(),
        state,
        mood,
        reason: registry.error.clone().unwrap_or_default(),
        created: registry.created.clone().unwrap_or_default(),
        created_age: registry.created.as_deref().and_then(|created| created_age(created, status.now)),
        bump: place.last_bump.as_ref().map(|bump| bump_row(bump, status.now)),
        no_bump: repository.map_or_else(|| NOTHING.to_owned(), no_bump),
        hold: place.hold.as_ref().map(|hold| hold_row(hold, status.now)),
        drift: place.drift.iter().map(elsewhere).collect(),
        repository: repository.map_or("", |known| &known.short).to_owned(),
        file: format!("{}:{}", place.file, place.line),
        path: place.path.clone(),
    }
}

fn no_bump(repository: &RepositoryStatus) -> String {
    let commits = if repository.commits_read == 1 { "commit" } else { "commits" };
    match repository.commits_read {
        0 => NOTHING.to_owned(),
        1 if repository.is_whole_history => "none in the only commit".to_owned(),
        number if repository.is_whole_history => format!("none in all {number} {commits}"),
        number => format!("unknown in {number} {commits}"),
    }
}

fn said(state: State) -> (&'static str, &'static str) {
    match state {
        State::Present => ("present", "ok"),
        State::Missing => ("missing", "bad"),
        State::Denied => ("access denied", "unknown"),
        State::Unreachable => ("unreachable", "unknown"),
        State::Failed => ("invalid answer", "unknown"),
        State::Unasked => ("unasked", "unknown"),
    }
}

fn bump_row(bump: &Bump, now: i64) -> BumpRow {
    let short = bump.commit.get(..8).unwrap_or(&bump.commit).to_owned();
    let last = |url: &str| url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let linked = |text: &String, what: &str| {
        let url = links::web(text);
        let name = if url.is_some() { last(text) } else { text.clone() };
        let is_id = name.len() >= 40 && name.chars().all(|c| c.is_ascii_hexdigit());
        let name = if is_id { name.chars().take(8).collect() } else { name };
        Linked { text: format!("{what} {name}"), url }
    };
    BumpRow {
        commit: Linked { text: short, url: bump.commit_url.as_deref().and_then(links::web) },
        author: bump.author.clone(),
        age: age(now - bump.seconds),
        time: bump.time.clone(),
        pipeline: bump.pipeline.as_ref().map(|text| linked(text, "pipeline")),
        source: bump.source_commit.as_ref().map(|text| linked(text, "source")),
        is_stale: !bump.is_current,
    }
}

fn hold_row(hold: &Held, now: i64) -> HoldRow {
    let Held { reason, by, at, seconds } = hold;
    HoldRow { by: by.clone(), age: age(now.saturating_sub(*seconds)), time: at.clone(), reason: reason.clone() }
}

impl HoldRow {
    /// The hold in words.
    pub(super) fn words(&self) -> String {
        format!("held by {} {}: {}", self.by, self.age, self.reason)
    }
}

impl Row {
    /// What the registry says, with the image's age.
    pub(super) fn registry(&self) -> String {
        let age = self.created_age.as_ref();
        age.map_or_else(|| self.state.to_owned(), |age| format!("{}, created {age}", self.state))
    }

    /// Repository, file, line and path.
    pub(super) fn place(&self) -> String {
        format!("{} {} {}", self.repository, self.file, self.path)
    }

    /// What other environments name.
    pub(super) fn drift(&self) -> String {
        if self.drift.is_empty() { NOTHING.to_owned() } else { self.drift.join(", ") }
    }
}

impl BumpRow {
    /// The bump in words, without links.
    pub(super) fn words(&self) -> String {
        let trailers = [&self.pipeline, &self.source].into_iter().flatten().map(|linked| linked.text.as_str());
        let stale = self.is_stale.then_some("changed since");
        let first = format!("{} by {} {}", self.commit.text, self.author, self.age);
        std::iter::once(first.as_str()).chain(trailers).chain(stale).collect::<Vec<_>>().join(", ")
    }
}

fn elsewhere(other: &Elsewhere) -> String {
    let version = match (&other.tag, &other.digest) {
        (Some(tag), Some(digest)) => format!("{tag}@{}", short_digest(digest)),
        (Some(tag), None) => tag.clone(),
        (None, Some(digest)) => short_digest(digest),
        (None, None) => "no version".to_owned(),
    };
    format!("{}: {version}", other.environment)
}

/// `sha256:` and twelve digits, as Docker shows them.
fn short_digest(digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, hex)) => format!("{algorithm}:{}", hex.get(..12).unwrap_or(hex)),
        None => digest.to_owned(),
    }
}

fn created_age(created: &str, now: i64) -> Option<String> {
    let at = humantime::parse_rfc3339(created).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(age(now - i64::try_from(at.as_secs()).ok()?))
}

/// How long ago, in one number. A clock that is ahead makes nothing younger than now.
fn age(seconds: i64) -> String {
    const DAY: i64 = 24 * 3600;
    let (number, unit) = match seconds {
        ..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..DAY => (seconds / 3600, "hour"),
        DAY.. => (seconds / DAY, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_one_number() {
        for (seconds, text) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7199, "1 hour ago"),
            (86_400, "1 day ago"),
            (864_000, "10 days ago"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }

    #[test]
    fn trailers_are_links_only_when_they_are_addresses() {
        let bump = |source: &str, pipeline: &str| Bump {
            commit: "1f2e3d4c5b6a".into(),
            commit_url: None,
            author: "Ada".into(),
            time: String::new(),
            seconds: 0,
            source_commit: Some(source.into()),
            pipeline: Some(pipeline.into()),
            is_current: false,
        };
        let id = "0123456789abcdef0123456789abcdef01234567";
        let row = bump_row(
            &bump(&format!("https://g.example.com/a/-/commit/{id}"), "https://g.example.com/a/-/pipelines/47"),
            60,
        );
        assert_eq!(row.words(), "1f2e3d4c by Ada 1 minute ago, pipeline 47, source 01234567, changed since");
        assert_eq!(row.pipeline.unwrap().url.as_deref(), Some("https://g.example.com/a/-/pipelines/47"));
        let row = bump_row(&bump(id, "javascript:alert(1)"), 60);
        assert_eq!((row.source.unwrap().url, row.pipeline.unwrap().url), (None, None));
    }
}
