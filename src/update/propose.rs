//! One repository's commit as a merge request; this module must not touch the branch that it is for.

use tracing::{debug, info, warn};

use super::attempt::Ready;
use super::context::Context;
use super::texts::Request;
use crate::error::Error;
use crate::git::{Commit, Proposed};
use crate::gitlab::{self, GitlabError, Opened, Project, Wish};
use crate::outcome::{End, Proposal};
use crate::plan::PlannedRepository;
use crate::secret::{Bound, SecretString};

/// What became of a push.
pub(super) enum Sent {
    /// The commit is on the server, and the ledger says so.
    Done,
    /// Somebody else was faster.
    LostRace(String),
}

/// Pushes the work branch, then opens or refreshes the request.
pub(super) async fn propose(
    number: usize,
    (ready, request): (&Ready, &Request),
    (commit, options): (&Commit, Vec<String>),
    context: &Context<'_>,
) -> Result<Sent, Error> {
    let plan = &context.plan[number];
    let wish = request.wish(context);
    let source = &request.source;
    debug!("{}: the merge request comes from {source}", plan.url.short());
    let token = context.settings.proposal.token.as_ref();
    let mut options = options;
    if token.is_none() {
        options.extend(gitlab::push_options(&wish));
        if !wish.settings.reviewers.is_empty() {
            warn!("{}: push options can't name reviewers, GITOPS_BUMP_FORGE_TOKEN is needed", plan.url.short());
        }
    }
    let place = plan.url.on_branch(Some(source));
    let proposed = ready.reading.remote.propose(&ready.reading.snapshot, commit, source, &options).await;
    let proposed = proposed.map_err(|reason| Error::Git { action: format!("push to {place}"), reason })?;
    let (id, words) = match proposed {
        Proposed::LostRace { words } => return Ok(Sent::LostRace(words)),
        Proposed::Already { commit } => {
            info!("{place}: the work branch holds this change already");
            (commit, None)
        }
        Proposed::Pushed { words } => (commit.id(), Some(words)),
    };
    let proposal =
        |is_new, request, error| Proposal { branch: source.clone(), commit: id.clone(), request, is_new, error };
    context.ledger.published(number, |outcome| {
        outcome.files.clone_from(&ready.rewrite.files);
        outcome.end = End::Proposed(proposal(words.is_some(), None, Some(Error::Unfinished)));
    });
    let opened = match (token, &words) {
        (Some(token), _) => open(plan, token, (&wish, &id), context).await.map(Some),
        (None, Some(words)) => opened_by_push(words, plan.url.host().unwrap_or_default()),
        (None, None) => Ok(None),
    };
    let is_new = words.is_some() || matches!(&opened, Ok(Some(opened)) if !opened.is_refreshed);
    let (request, error) = match opened {
        Ok(opened) => (opened.and_then(|opened| opened.url), None),
        Err(reason) => (None, Some(failed(plan, source, reason))),
    };
    let end = End::Proposed(proposal(is_new, request, error));
    context.ledger.repository(number, |outcome| outcome.end = end);
    Ok(Sent::Done)
}

async fn open(
    plan: &PlannedRepository,
    token: &Bound<SecretString>,
    (wish, commit): (&Wish<'_>, &str),
    context: &Context<'_>,
) -> Result<Opened, GitlabError> {
    let project = Project::find(&plan.url, token, &context.settings.ci, &context.access.http).await?;
    project.open(wish, commit).await
}

/// What GitLab's answer to push options comes to.
fn opened_by_push(words: &str, host: &str) -> Result<Option<Opened>, GitlabError> {
    if let Some(warning) = gitlab::warning(words) {
        return Err(GitlabError::Warned { words: warning.to_owned() });
    }
    Ok(gitlab::request_url(words, host).map(|url| Opened { url: Some(url), is_refreshed: false }))
}

fn failed(plan: &PlannedRepository, source: &str, reason: GitlabError) -> Error {
    Error::Gitlab { action: format!("open the merge request of {source} in {}", plan.url.short()), reason }
}
