//! What a person reads at the end of a run; this module must not print it.

#![deny(clippy::disallowed_methods)]

use super::{FileReport, commit_url, places};
use crate::image::Tag;
use crate::outcome::{End, Finished, ImageOutcome, Proposal, RepositoryOutcome};
use crate::settings::PreviewWish;

/// What a person reads as soon as a repository's commit is on its server: every change, then the commit.
pub fn published(outcome: &RepositoryOutcome) -> Vec<Line> {
    let place = place(outcome);
    let link = commit_url(outcome).map(|url| format!(" {url}")).unwrap_or_default();
    let pushed = match &outcome.end {
        End::Updated { commit } => Some(format!("{place}: pushed {}{link}", short(commit))),
        End::Proposed(Proposal { commit, branch, is_new: true, .. }) => {
            Some(format!("{place}: pushed {} on {branch}{link}", short(commit)))
        }
        _ => None,
    };
    let mut lines = changes(outcome);
    lines.extend(preview(outcome).map(Line::Info));
    lines.extend(pushed.map(Line::Info));
    lines
}

/// What a person reads as soon as a merge request is open that is waited for.
pub fn opened(outcome: &RepositoryOutcome) -> Vec<Line> {
    match &outcome.end {
        End::Proposed(proposal) => vec![proposed(outcome, proposal)],
        _ => Vec::new(),
    }
}

/// What a person reads at the end of `update` beside what was [`published`]: a line each, warnings for what wants
/// attention.
pub fn summary(finished: &Finished) -> Vec<Line> {
    finished.repositories.iter().flat_map(|repository| repository_lines(repository, &finished.images)).collect()
}

/// One line of the log.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Said.
    Info(String),
    /// Said loudly.
    Notice(String),
}

fn repository_lines(outcome: &RepositoryOutcome, images: &[ImageOutcome]) -> Vec<Line> {
    let place = place(outcome);
    match &outcome.end {
        End::Proposed(proposal) if proposal.error.is_none() => {
            vec![proposed(outcome, proposal)]
        }
        End::WouldUpdate => {
            let mut lines = changes(outcome);
            lines.extend(preview(outcome).map(Line::Info));
            lines.push(Line::Info(format!("{place}: nothing is published, because this is a dry run")));
            lines
        }
        End::Unchanged => vec![Line::Notice(unchanged(&place, outcome, images))],
        End::Withheld => {
            vec![Line::Notice(format!("{place}: nothing was pushed, because another part of the run failed"))]
        }
        End::Merged { commit, .. } => {
            let link = commit_url(outcome).map(|url| format!(" {url}")).unwrap_or_default();
            vec![Line::Info(format!("{place}: merged as {}{link}", short(commit)))]
        }
        End::Updated { .. } | End::Proposed(_) | End::Failed(_) => Vec::new(),
    }
}

fn proposed(outcome: &RepositoryOutcome, proposal: &Proposal) -> Line {
    let link = proposal.request.as_ref().map(ToString::to_string).or_else(|| commit_url(outcome));
    let link = link.map(|link| format!(" {link}")).unwrap_or_default();
    let what = if proposal.is_new { "proposed" } else { "already proposed" };
    Line::Info(format!("{}: {what} {} on {}{link}", place(outcome), short(&proposal.commit), proposal.branch))
}

fn changes(outcome: &RepositoryOutcome) -> Vec<Line> {
    let place = place(outcome);
    let line = |change: FileReport| {
        let old = if change.old.is_empty() { "(nothing)" } else { &change.old };
        Line::Info(format!("{place}: {}:{} {}: {old} -> {}", change.path, change.line, change.place, change.new))
    };
    outcome.files.iter().flat_map(places).map(line).collect()
}

/// What becomes of a preview's directory.
fn preview(outcome: &RepositoryOutcome) -> Option<String> {
    let (place, preview) = (place(outcome), outcome.plan.preview.as_ref()?);
    Some(match &preview.wish {
        PreviewWish::Copy { template, .. } => format!("{place}: {} is a copy of {template}", preview.to),
        PreviewWish::Gone => format!("{place}: {} is removed", preview.to),
    })
}

fn place(outcome: &RepositoryOutcome) -> String {
    outcome.plan.url.on_branch(outcome.branch.as_deref())
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

fn unchanged(place: &str, outcome: &RepositoryOutcome, images: &[ImageOutcome]) -> String {
    let places = || outcome.files.iter().flat_map(|file| &file.places);
    let tags = images.iter().enumerate().filter(|(index, _)| places().any(|place| place.image == *index));
    let tags: Vec<&Tag> = tags.filter_map(|(_, outcome)| outcome.image.reference.tag.as_ref()).collect();
    match outcome.plan.preview.as_ref().map(|preview| (&preview.wish, &preview.to)) {
        Some((PreviewWish::Gone, to)) => format!("{place}: nothing to do: {to} does not exist"),
        Some((PreviewWish::Copy { .. }, to)) => format!("{place}: nothing to do: {to} is already up to date"),
        None => format!("{place}: {}", nothing_to_do(&tags)),
    }
}

/// Why nothing happens when nothing changes, with a hint when a tag looks like one that is pushed again and again.
pub fn nothing_to_do(tags: &[&Tag]) -> String {
    let hint = tags.iter().find(|tag| tag.looks_mutable()).map(|tag| {
        format!(
            "; {tag} looks like a tag that is reused for every build: tag images with the commit \
             ($CI_COMMIT_SHORT_SHA), or use --pin digest"
        )
    });
    let hint = hint.unwrap_or_default();
    format!(
        "nothing to do: the tag is unchanged, so no commit is made, the GitOps controller has nothing to apply and no \
         pod restarts{hint}"
    )
}
