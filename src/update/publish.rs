//! One repository's commit and push, and its race loop; this module must not publish what no attempt has worked out.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, info};

use super::attempt::{Ready, attempt, read_again};
use super::context::Context;
use super::finish::finish;
use super::pace::Pace;
use super::propose::{PushOutcome, propose};
use super::texts::Texts;
use crate::error::Error;
use crate::git::{CommitMeta, GitError, Push};
use crate::links::Forge;
use crate::message;
use crate::outcome::End;
use crate::settings::SkipCi;
use crate::source::Freshness;

/// Commits and pushes, then takes the steps after the push. What happens is written into the ledger.
pub(super) async fn publish(number: usize, ready: Ready, context: &Context<'_>) {
    if let Err(error) = Box::pin(race(number, ready, context)).await {
        context.ledger.repository(number, |outcome| outcome.end = End::Failed(error));
    }
}

/// Pushes; on a lost race reads the new tip and makes another attempt, until the push timeout.
async fn race(number: usize, mut ready: Ready, context: &Context<'_>) -> Result<(), Error> {
    let plan = &context.plan[number];
    let started = Instant::now();
    ready.reading.remote.deadline().go_on();
    let mut pace = Pace::default();
    loop {
        let pushing = Instant::now();
        let Some(texts) = &ready.texts else {
            finish(number, &ready, End::Unchanged, context).await;
            return Ok(());
        };
        let place = ready.place(plan);
        let standing = context.origin.standing(plan, &ready.reading.snapshot).await?;
        if standing == Freshness::Changed {
            context.outdate();
            return Ok(());
        }
        let sent = match standing {
            Freshness::Moved => Ok(PushOutcome::LostRace("the branch moved".to_owned())),
            _ => send(number, (&ready, texts), context).await,
        };
        match sent {
            Ok(PushOutcome::Done) => return Ok(()),
            Ok(PushOutcome::Merged(end)) => {
                finish(number, &ready, end, context).await;
                return Ok(());
            }
            Ok(PushOutcome::LostRace(words)) => debug!("{place}: {words}"),
            Err(error) => {
                context.ledger.repository(number, |outcome| outcome.files = ready.rewrite.files);
                return Err(error);
            }
        }
        let waited = started.elapsed();
        let pause = pace.pause(ready.reading.snapshot.took() + pushing.elapsed());
        let left = context.settings.push_timeout.saturating_sub(waited);
        if left.is_zero() {
            context.ledger.repository(number, |outcome| outcome.files = ready.rewrite.files);
            let waited = Duration::from_secs(waited.as_secs());
            return Err(Error::Race { place, attempts: pace.losses(), waited });
        }
        info!("{place}: the branch moved, so the edit is applied again on its new tip");
        tokio::time::sleep(pause.min(left)).await;
        let reading = Box::pin(read_again(plan, (ready.reading.remote, ready.reading.snapshot))).await?;
        ready = attempt(number, reading, context).await?;
    }
}

/// Pushes the commit, and takes the steps after the push.
async fn send(number: usize, (ready, texts): (&Ready, &Texts), context: &Context<'_>) -> Result<PushOutcome, Error> {
    let plan = &context.plan[number];
    let (remote, snapshot) = (&ready.reading.remote, &ready.reading.snapshot);
    let failed = |what: &str, reason| Error::Git { action: format!("{what} {}", ready.place(plan)), reason };
    let skip = skip(number, ready, context).await.map_err(|reason| failed("push to", reason))?;
    let meta = skip.marked(texts.commit_meta(context));
    let make = async |later: i64| {
        let meta = CommitMeta { time: meta.time.saturating_add(later), ..meta.clone() };
        snapshot.commit(ready.changes.clone(), &meta).await.map_err(|reason| failed("commit to", reason))
    };
    let options = skip.push_options();
    if let Some(request) = &texts.request {
        return Box::pin(propose(number, (ready, request), (make, options), context)).await;
    }
    let commit = make(0).await?;
    match remote.push(snapshot, &commit, &options).await.map_err(|reason| failed("push to", reason))? {
        Push::LostRace { words } => Ok(PushOutcome::LostRace(words)),
        Push::Done { .. } => {
            finish(number, ready, End::Updated { commit: commit.id() }, context).await;
            Ok(PushOutcome::Done)
        }
    }
}

/// How a push is kept from starting a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skip {
    No,
    /// By a push option, which GitLab follows.
    Option,
    /// By words in the message, which GitHub, Gitea and older servers follow.
    Marker,
}

impl Skip {
    fn marked(self, meta: CommitMeta) -> CommitMeta {
        match self {
            Self::Marker => CommitMeta { message: message::skipping_ci(&meta.message), ..meta },
            Self::No | Self::Option => meta,
        }
    }

    fn push_options(self) -> Vec<String> {
        match self {
            Self::Option => vec!["ci.skip".to_owned()],
            Self::No | Self::Marker => Vec::new(),
        }
    }
}

async fn skip(number: usize, ready: &Ready, context: &Context<'_>) -> Result<Skip, GitError> {
    let (plan, settings) = (&context.plan[number], context.settings);
    let skips = match settings.skip_ci {
        SkipCi::Always => true,
        SkipCi::Never => false,
        SkipCi::OwnProject => settings.ci.is_own_project(&plan.url),
    };
    if !skips {
        return Ok(Skip::No);
    }
    if settings.skip_ci == SkipCi::OwnProject {
        info!("{}: this is the pipeline's own project, so the push starts no pipeline", plan.url.short());
    }
    let reading = &ready.reading;
    // Gitea takes push options and drops this one.
    let follows = !matches!(context.desks[number].forge(), Some(Forge::Github | Forge::Gitea));
    let takes = follows && reading.remote.takes_push_options(&reading.snapshot).await?;
    Ok(if takes { Skip::Option } else { Skip::Marker })
}
