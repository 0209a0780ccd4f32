//! One repository's commit as a merge request; this module must not touch the branch that it is for.

use tracing::{debug, info};

use super::attempt::Ready;
use super::context::Context;
use super::follow::follow;
use super::texts::Request;
use crate::error::{Error, Stage};
use crate::git::{Commit, Proposed};
use crate::gitlab;
use crate::merge_request::{ForgeError, Opened, Wish};
use crate::outcome::{End, Proposal};
use crate::plan::PlannedRepository;

/// What became of a push.
pub(super) enum PushOutcome {
    /// The commit is on the server, and the ledger says so.
    Done,
    /// Somebody else was faster.
    LostRace(String),
    /// The request is merged, and the steps after the push are due.
    Merged(End),
}

/// What is on the work branch, and what the server said to the push.
struct Pushed {
    commit: String,
    /// None where nothing was pushed.
    words: Option<String>,
    is_new: bool,
}

/// Pushes the work branch, opens or refreshes the request, and waits for its merge where that is asked for. `make` makes the
/// commit, this many seconds later than now.
pub(super) async fn propose(
    number: usize,
    (ready, request): (&Ready, &Request),
    (make, options): (impl AsyncFn(i64) -> Result<Commit, Error>, Vec<String>),
    context: &Context<'_>,
) -> Result<PushOutcome, Error> {
    let plan = &context.plan[number];
    let wish = request.wish(context);
    debug!("{}: the source branch of the merge request is {}", plan.url.short(), wish.source);
    let pushed = match push(plan, (ready, &wish), (make, options)).await? {
        Ok(pushed) => pushed,
        Err(words) => return Ok(PushOutcome::LostRace(words)),
    };
    let proposal = |is_new, request, error| Proposal {
        branch: wish.source.to_owned(),
        commit: pushed.commit.clone(),
        request,
        is_new,
        error,
    };
    context.ledger.published(number, |outcome| {
        outcome.files.clone_from(&ready.rewrite.files);
        outcome.end = End::Proposed(proposal(pushed.is_new, None, Some(Error::Unfinished)));
    });
    let opened = match open(number, (&wish, &pushed), context).await {
        Ok(opened) => opened,
        Err(reason) => {
            let page = reason.page().cloned();
            let error = failed(plan, wish.source, reason);
            let end = End::Proposed(proposal(pushed.is_new, page, Some(error)));
            context.ledger.repository(number, |outcome| outcome.end = end);
            return Ok(PushOutcome::Done);
        }
    };
    let is_new = pushed.is_new || !opened.is_refreshed;
    let proposal = |error| proposal(is_new, opened.url.clone(), error);
    let (Some(wait), Some(id)) = (context.settings.proposal.wait, opened.number) else {
        context.ledger.repository(number, |outcome| outcome.end = End::Proposed(proposal(None)));
        return Ok(PushOutcome::Done);
    };
    context.ledger.opened(number, |outcome| outcome.end = End::Proposed(proposal(Some(Error::Unfinished))));
    match follow(number, ready, (id, wait), context).await {
        Ok(commit) => Ok(PushOutcome::Merged(End::Merged { commit, request: opened.url })),
        Err(reason) => {
            let action = format!("wait for the merge request of {} in {}", wish.source, plan.url.short());
            let error = Error::Forge { action, stage: Stage::Pushed, reason };
            context.ledger.repository(number, |outcome| outcome.end = End::Proposed(proposal(Some(error))));
            Ok(PushOutcome::Done)
        }
    }
}

/// Pushes the work branch; the server's words when somebody else was faster.
async fn push(
    plan: &PlannedRepository,
    (ready, wish): (&Ready, &Wish<'_>),
    (make, mut options): (impl AsyncFn(i64) -> Result<Commit, Error>, Vec<String>),
) -> Result<Result<Pushed, String>, Error> {
    let place = plan.url.on_branch(Some(wish.source));
    let by_push_options = wish.settings.token.is_none();
    if by_push_options {
        options.extend(gitlab::push_options(wish));
    }
    let (remote, snapshot) = (&ready.reading.remote, &ready.reading.snapshot);
    let failed = |reason| Error::Git { action: format!("push to {place}"), reason };
    let mut commit = make(0).await?;
    let proposed = remote.propose(snapshot, &commit, wish.source, &options).await.map_err(failed)?;
    let (there, again) = match proposed {
        Proposed::LostRace { words } => return Ok(Err(words)),
        Proposed::Pushed { words } => {
            return Ok(Ok(Pushed { commit: commit.id(), words: Some(words), is_new: true }));
        }
        Proposed::Already { commit } => (commit, by_push_options),
    };
    if !again {
        info!("{place}: the work branch already has this change");
        return Ok(Ok(Pushed { commit: there, words: None, is_new: false }));
    }
    info!(
        "{place}: the work branch already has this change and is pushed again, because only GitLab's answer to a push shows whether the merge request is open"
    );
    for later in 1.. {
        commit = make(later).await?;
        // A commit of the very same second would be the same one.
        if commit.id() != there {
            break;
        }
    }
    match remote.propose_again(snapshot, &commit, (wish.source, &there), &options).await.map_err(failed)? {
        Proposed::LostRace { words } => Ok(Err(words)),
        Proposed::Pushed { words } => Ok(Ok(Pushed { commit: commit.id(), words: Some(words), is_new: false })),
        Proposed::Already { commit } => Ok(Ok(Pushed { commit, words: None, is_new: false })),
    }
}

async fn open(
    number: usize,
    (wish, pushed): (&Wish<'_>, &Pushed),
    context: &Context<'_>,
) -> Result<Opened, ForgeError> {
    let (plan, settings) = (&context.plan[number], context.settings);
    let Some(token) = &settings.proposal.token else {
        let words = pushed.words.as_deref().unwrap_or_default();
        return opened_by_push(words, plan, !pushed.is_new);
    };
    let client = context.desks[number].client(plan, (token, settings), &context.access.http).await?;
    client.open(wish, &pushed.commit).await
}

/// What GitLab's answer to push options comes to: the address of the request in it is the proof that there is one.
fn opened_by_push(words: &str, plan: &PlannedRepository, is_refreshed: bool) -> Result<Opened, ForgeError> {
    if let Some(warning) = gitlab::warning(words) {
        return Err(ForgeError::Warned { words: warning.to_owned() });
    }
    let url = gitlab::request_url(words, plan.url.host().unwrap_or_default());
    if url.is_none() && !gitlab::is_there_already(words) {
        return Err(ForgeError::Untold { host: plan.url.host().unwrap_or("the local repository").to_owned() });
    }
    Ok(Opened { number: None, url, is_refreshed })
}

fn failed(plan: &PlannedRepository, source: &str, reason: ForgeError) -> Error {
    let action = format!("open the merge request of {source} in {}", plan.url.short());
    Error::Forge { action, stage: Stage::Pushed, reason }
}
