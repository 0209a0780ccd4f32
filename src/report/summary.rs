//! What a person reads at the end of a run; this module must not print it.

#![deny(clippy::disallowed_methods)]

use super::{commit_url, places};
use crate::image::Tag;
use crate::outcome::{End, Finished, ImageOutcome, RepositoryOutcome};

/// What a person reads at the end of `update`: a line each, warnings for what wants attention.
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
    let place = outcome.plan.url.on_branch(outcome.branch.as_deref());
    let changes = outcome.files.iter().flat_map(places);
    let changes = changes.map(|change| {
        let old = if change.old.is_empty() { "(nothing)" } else { &change.old };
        Line::Info(format!("{place}: {}:{} {}: {old} -> {}", change.path, change.line, change.place, change.new))
    });
    let mut lines: Vec<Line> = Vec::new();
    match &outcome.end {
        End::Updated { commit } => {
            lines.extend(changes);
            let link = commit_url(outcome).map(|url| format!(" {url}")).unwrap_or_default();
            lines.push(Line::Info(format!("{place}: pushed {}{link}", commit.get(..12).unwrap_or(commit))));
        }
        End::Proposed(proposal) => {
            lines.extend(changes);
            let link = proposal.request.clone().or_else(|| commit_url(outcome));
            let link = link.map(|link| format!(" {link}")).unwrap_or_default();
            let what = match (&proposal.error, proposal.is_new) {
                (Some(_), _) => "pushed",
                (None, true) => "proposed",
                (None, false) => "proposed already",
            };
            let commit = proposal.commit.get(..12).unwrap_or(&proposal.commit);
            lines.push(Line::Info(format!("{place}: {what} {commit} on {}{link}", proposal.branch)));
        }
        End::WouldUpdate => {
            lines.extend(changes);
            lines.push(Line::Info(format!("{place}: nothing is published, this is a dry run")));
        }
        End::Unchanged => lines.push(Line::Notice(unchanged(&place, outcome, images))),
        End::Withheld => {
            lines.push(Line::Notice(format!("{place}: nothing was pushed, because of what failed elsewhere")));
        }
        End::Failed(_) => {}
    }
    lines
}

fn unchanged(place: &str, outcome: &RepositoryOutcome, images: &[ImageOutcome]) -> String {
    let places = || outcome.files.iter().flat_map(|file| &file.places);
    let tags = images.iter().enumerate().filter(|(index, _)| places().any(|place| place.image == *index));
    let tags: Vec<&Tag> = tags.filter_map(|(_, outcome)| outcome.image.reference.tag.as_ref()).collect();
    format!("{place}: {}", nothing_to_do(&tags))
}

/// Why nothing happens when nothing changes, with a hint when a tag looks like one that is pushed again and again.
pub fn nothing_to_do(tags: &[&Tag]) -> String {
    let hint = tags.iter().find(|tag| tag.looks_mutable()).map(|tag| {
        format!(
            "; {tag} looks like a tag that is pushed again and again: tag images with the commit \
             ($CI_COMMIT_SHORT_SHA), or use --pin digest"
        )
    });
    let hint = hint.unwrap_or_default();
    format!(
        "nothing to do: the tag is unchanged, so no commit is made, the GitOps controller has nothing to apply and no \
         pod restarts{hint}"
    )
}
