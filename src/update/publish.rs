//! One repository's commit and push, and its race loop; this module must not publish what `update` has not checked.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::{debug, info};

use super::pace::Pace;
use super::propose::propose;
use super::{Context, Ready, changed, edit, refuse_older, withheld};
use crate::error::Error;
use crate::git::{CommitMeta, GitError, Push};
use crate::links;
use crate::message::{self, ChangeFacts, Facts, ImageFacts};
use crate::outcome::{End, RepositoryOutcome};
use crate::plan::PlannedRepository;
use crate::rewrite::{self, FileRewrite};
use crate::settings::{Delivery, SignOff, SkipCi};

/// Commits and pushes; on a lost race reads the new tip and edits again, until the push timeout.
pub(super) async fn publish(
    plan: PlannedRepository,
    ready: Result<Ready, Error>,
    context: &Context<'_>,
) -> RepositoryOutcome {
    let mut ready = match ready {
        Ok(ready) => ready,
        Err(error) => return withheld(plan, Some(error)),
    };
    let started = tokio::time::Instant::now();
    let mut pace = Pace::default();
    let end = loop {
        let pushing = tokio::time::Instant::now();
        match attempt(&plan, &ready, context).await {
            Ok(Attempt::Ended(end)) => break end,
            Err(error) => break End::Failed(error),
            Ok(Attempt::LostRace(words)) => debug!("{}: {words}", plan.url.on_branch(Some(ready.snapshot.branch()))),
        }
        let waited = started.elapsed();
        let pause = pace.pause(ready.snapshot.took() + pushing.elapsed());
        let left = context.settings.push_timeout.saturating_sub(waited);
        if left.is_zero() {
            let (place, attempts) = (plan.url.on_branch(Some(ready.snapshot.branch())), pace.losses());
            break End::Failed(Error::Race { place, attempts, waited: Duration::from_secs(waited.as_secs()) });
        }
        info!("{}: the branch moved, the edit is applied again", plan.url.on_branch(Some(ready.snapshot.branch())));
        tokio::time::sleep(pause.min(left)).await;
        match Box::pin(again(&plan, ready, context)).await {
            Ok(next) => ready = next,
            Err(error) => return withheld(plan, Some(error)),
        }
    };
    let branch = Some(ready.snapshot.branch().to_owned());
    RepositoryOutcome { plan, branch, files: ready.rewrite.files, end, after: Vec::new() }
}

/// What an attempt came to.
pub(super) enum Attempt {
    Ended(End),
    LostRace(String),
}

async fn attempt(plan: &PlannedRepository, ready: &Ready, context: &Context<'_>) -> Result<Attempt, Error> {
    let changed = changed(&ready.rewrite);
    if changed.is_empty() {
        return Ok(Attempt::Ended(End::Unchanged));
    }
    let place = plan.url.on_branch(Some(ready.snapshot.branch()));
    let failed = |what: &str, reason| Error::Git { action: format!("{what} {place}"), reason };
    let meta = commit_meta(&changed, ready.snapshot.branch(), context)?;
    let changes: Vec<(String, Vec<u8>)> =
        changed.iter().map(|file| (file.path.clone(), file.new.clone().into_bytes())).collect();
    let skip = skip(plan, ready, context).await.map_err(|reason| failed("push to", reason))?;
    let commit = ready.snapshot.commit(&changes, &skip.marked(meta)).map_err(|reason| failed("commit to", reason))?;
    let options = skip.push_options();
    if plan.delivery == Delivery::MergeRequest {
        return propose(plan, ready, (&commit, options), context).await;
    }
    match ready.remote.push(&ready.snapshot, &commit, &options).await.map_err(|reason| failed("push to", reason))? {
        Push::Done { .. } => Ok(Attempt::Ended(End::Updated { commit: commit.id() })),
        Push::LostRace { words } => Ok(Attempt::LostRace(words)),
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
            Self::Marker => CommitMeta { message: format!("{}\n\n[skip ci]\n", meta.message.trim_end()), ..meta },
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

async fn skip(plan: &PlannedRepository, ready: &Ready, context: &Context<'_>) -> Result<Skip, GitError> {
    let settings = context.settings;
    let skips = match settings.skip_ci {
        SkipCi::Always => true,
        SkipCi::Never => false,
        SkipCi::OwnProject => settings.ci.is_own_project(&plan.url),
    };
    if !skips {
        return Ok(Skip::No);
    }
    if settings.skip_ci == SkipCi::OwnProject {
        info!("{}: this pipeline's own project, so the push starts no pipeline", plan.url.short());
    }
    let takes = links::is_gitlab(&plan.url) && ready.remote.takes_push_options(&ready.snapshot).await?;
    Ok(if takes { Skip::Option } else { Skip::Marker })
}

async fn again(plan: &PlannedRepository, before: Ready, context: &Context<'_>) -> Result<Ready, Error> {
    let Ready { remote, snapshot, .. } = before;
    let wants = rewrite::wants(&plan.targets);
    let action = format!("read {}", plan.url.on_branch(Some(snapshot.branch())));
    let read = remote.snapshot_again(snapshot, &wants).await;
    let snapshot = read.map_err(|reason| Error::Git { action, reason })?;
    let ready = edit(plan, remote, snapshot, context)?;
    // Who won the race may have deployed a newer image.
    refuse_older(std::iter::once(&ready.rewrite), context).await?;
    Ok(ready)
}

pub(super) fn commit_meta(changed: &[&FileRewrite], branch: &str, context: &Context<'_>) -> Result<CommitMeta, Error> {
    let settings = context.settings;
    let message = message::render(settings.commit.message.as_deref(), &facts(changed, branch, context), &settings.ci)?;
    let message = match settings.commit.sign_off {
        SignOff::Committer => message::signed_off(&message, &settings.commit.committer.to_string()),
        SignOff::Nobody => message,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Ok(CommitMeta {
        message,
        author: settings.commit.author.clone(),
        committer: settings.commit.committer.clone(),
        time: i64::try_from(now).unwrap_or(i64::MAX),
        offset: 0,
        signing_key: context.access.signing_key.clone(),
    })
}

pub(super) fn facts<'a>(changed: &[&'a FileRewrite], branch: &'a str, context: &'a Context<'_>) -> Facts<'a> {
    let places = || {
        let of = |file: &'a FileRewrite| file.changed_places().map(move |place| (file, place));
        changed.iter().copied().flat_map(of)
    };
    let written = |index: usize| places().any(|(_, place)| place.image == index);
    let images = context.images.iter().zip(&context.verified).enumerate();
    Facts {
        images: images
            .filter(|(index, _)| written(*index))
            .map(|(_, (image, verified))| ImageFacts {
                name: &image.name,
                repository: image.reference.repository.as_str(),
                tag: verified.tag().as_str(),
                digest: Some(verified.digest().as_str()),
            })
            .collect(),
        changes: places()
            .filter_map(|(file, place)| {
                Some(ChangeFacts {
                    image: &context.images.get(place.image)?.name,
                    file: &file.path,
                    path: &place.path,
                    line: place.line,
                    old: place.old.to_string(),
                    new: place.new.to_string(),
                })
            })
            .collect(),
        environment: context.settings.environment.as_deref(),
        branch,
    }
}
