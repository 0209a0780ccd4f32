//! What a run came to, for people and for machines. This module must not write a file or print.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

mod dotenv;
mod hide;
mod markdown;
mod summary;

pub use self::summary::{Line, nothing_to_do, opened, published, summary};
use crate::error::Error;
use crate::links;
use crate::outcome::{End, Finished, ImageOutcome, RepositoryOutcome};
use crate::policies::HOLDS;
use crate::registry::{Details, RegistryError, Verified};
use crate::rewrite::FileRewrite;
use crate::text::{one_line, printable};

/// The JSON report: one object with `changed`, `images` and `repositories`.
#[derive(Debug, Serialize)]
pub struct Report {
    changed: bool,
    images: Vec<ImageReport>,
    repositories: Vec<RepositoryReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct ImageReport {
    name: String,
    reference: String,
    repository: String,
    tag: String,
    digest: Option<String>,
    /// Known when the image's manifest and configuration were read, as `check` with a report does.
    #[serde(flatten)]
    details: Option<DetailsReport>,
    /// Whether it is signed, and by which key, when a signature was required.
    signature: Option<SignatureReport>,
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct DetailsReport {
    media_type: String,
    platforms: Vec<String>,
    size: u64,
    created: Option<String>,
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct SignatureReport {
    verified: bool,
    key: Option<String>,
}

#[derive(Debug, Serialize)]
struct RepositoryReport {
    url: String,
    #[serde(skip)]
    short: String,
    branch: Option<String>,
    outcome: &'static str,
    commit: Option<String>,
    commit_url: Option<String>,
    merge_request: Option<String>,
    files: Vec<FileReport>,
    error: Option<String>,
}

/// One changed place of one file.
#[derive(Debug, Serialize)]
struct FileReport {
    path: String,
    place: String,
    line: usize,
    old: String,
    new: String,
}

impl Report {
    /// The report of a run that got as far as checking images.
    pub fn new(finished: &Finished) -> Self {
        Self {
            changed: finished
                .repositories
                .iter()
                .chain(&finished.earlier)
                .any(|repository| repository.end.is_change() && writes(repository)),
            images: finished.images.iter().map(image).collect(),
            repositories: finished.repositories.iter().chain(&finished.earlier).map(repository).collect(),
            error: finished.error.as_ref().map(message),
        }
    }

    /// The report of a run that failed before it did anything.
    pub fn of_failure(error: &Error) -> Self {
        Self { changed: false, images: Vec::new(), repositories: Vec::new(), error: Some(message(error)) }
    }

    /// One JSON object, with a final newline.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n")
    }

    /// Links for GitLab's job page.
    pub fn annotations(&self) -> String {
        let link = |repository: &RepositoryReport| {
            let (url, what) = match &repository.merge_request {
                Some(url) => (url, number(url)),
                None => (repository.commit_url.as_ref()?, repository.commit.as_deref()?.get(..8)?.to_owned()),
            };
            let label = format!("{} {}: {what}", repository.short, repository.branch.as_deref().unwrap_or_default());
            let label = one_line(&label);
            Some(json!({ "external_link": { "label": label, "url": url } }))
        };
        let links: Vec<Value> = self.repositories.iter().filter_map(link).collect();
        format!("{}\n", json!({ "GitOps": links }))
    }
}

/// Whether more changes than what is held.
fn writes(repository: &RepositoryOutcome) -> bool {
    let mut changed = repository.files.iter().filter(|file| file.is_changed()).peekable();
    changed.peek().is_none() || changed.any(|file| file.path != HOLDS)
}

/// A request's number as its forge writes it: `!7` on GitLab, `#7` elsewhere.
fn number(url: &str) -> String {
    let sign = if url.contains("/merge_requests/") { '!' } else { '#' };
    format!("{sign}{}", url.rsplit('/').next().unwrap_or_default())
}

/// Where people look at a commit, for the servers whose addresses are known.
pub fn commit_url(repository: &RepositoryOutcome) -> Option<String> {
    links::commit_url(&repository.plan.url, repository.forge, repository.end.commit()?)
}

fn image(outcome: &ImageOutcome) -> ImageReport {
    let reference = &outcome.image.reference;
    let verified = outcome.result.as_ref().ok();
    let refused = match &outcome.result {
        Err(Error::Registry(error)) => Some(error),
        Err(Error::Gone { source, .. }) => Some(source.as_ref()),
        _ => None,
    };
    let seen = refused.and_then(RegistryError::seen);
    let digest = verified.map(Verified::digest).or(seen.map(|seen| &seen.digest));
    let found = verified.and_then(Verified::details).or(seen.and_then(|seen| seen.details.as_ref()));
    let key = verified.and_then(Verified::signed_by).or(seen.and_then(|seen| seen.signed_by.as_deref()));
    let lacks_signature = refused.is_some_and(RegistryError::lacks_signature);
    ImageReport {
        name: outcome.image.name.clone(),
        reference: reference.to_string(),
        repository: reference.repository.to_string(),
        tag: reference.tag.as_ref().map(ToString::to_string).unwrap_or_default(),
        digest: digest.map(ToString::to_string),
        details: found.map(details),
        signature: (key.is_some() || lacks_signature)
            .then(|| SignatureReport { verified: key.is_some(), key: key.map(str::to_owned) }),
        error: outcome.result.as_ref().err().map(message),
    }
}

fn details(details: &Details) -> DetailsReport {
    let labels = details.labels().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    DetailsReport {
        media_type: details.media_type.clone(),
        platforms: details.images.iter().map(|image| image.platform.to_string()).collect(),
        size: details.size(),
        created: details.created().map(ToString::to_string),
        labels: labels.collect(),
    }
}

/// What `check` found out, as a table for people.
pub fn table(images: &[ImageOutcome]) -> String {
    let heading = ["IMAGE", "PLATFORMS", "SIZE", "CREATED", "SIGNED BY"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(heading)
        .chain(images.iter().filter_map(|outcome| outcome.result.as_ref().ok()).map(table_row))
        .collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    printable(&rows.iter().map(line).collect::<String>()).into_owned()
}

fn table_row(verified: &Verified) -> [String; 5] {
    let image = verified.reference().without_digest().to_string();
    let signed = verified.signed_by().unwrap_or("-").to_owned();
    let Some(found) = verified.details().map(details) else {
        return [image, "-".into(), "-".into(), "-".into(), signed];
    };
    let platforms = one_line(&found.platforms.join(","));
    let megabytes = format!("{}.{} MB", found.size / 1_000_000, found.size / 100_000 % 10);
    [image, platforms, megabytes, found.created.unwrap_or_else(|| "-".into()), signed]
}

fn repository(outcome: &RepositoryOutcome) -> RepositoryReport {
    let name = match outcome.end {
        End::Updated { .. } => "updated",
        End::Proposed(_) => "proposed",
        End::Merged { .. } => "merged",
        End::Unchanged => "unchanged",
        End::WouldUpdate => "would-update",
        End::Withheld => "withheld",
        End::Failed(Error::Frozen { .. }) => "frozen",
        End::Failed(Error::OnHold { .. }) => "on-hold",
        End::Failed(_) => "failed",
    };
    let (request, error) = match &outcome.end {
        End::Failed(error) => (None, Some(message(error))),
        End::Proposed(proposal) => {
            (proposal.request.as_ref().map(ToString::to_string), proposal.error.as_ref().map(message))
        }
        End::Merged { request, .. } => (request.as_ref().map(ToString::to_string), outcome.after.first().map(message)),
        _ => (None, outcome.after.first().map(message)),
    };
    RepositoryReport {
        url: outcome.plan.url.to_string(),
        short: outcome.plan.url.short(),
        branch: outcome.branch.clone(),
        outcome: name,
        commit_url: commit_url(outcome),
        commit: outcome.end.commit().map(str::to_owned),
        merge_request: request,
        files: outcome.files.iter().flat_map(places).collect(),
        error,
    }
}

fn places(file: &FileRewrite) -> Vec<FileReport> {
    file.changed_places()
        .map(|place| FileReport {
            path: file.path.clone(),
            place: place.path.clone(),
            line: place.line,
            old: place.old.to_string(),
            new: place.new.to_string(),
        })
        .collect()
}

fn message(error: &Error) -> String {
    one_line(&error.to_string())
}
