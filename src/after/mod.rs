//! What happens once a commit is pushed: the mirror is triggered, and the controller runs the image. This module must
//! not push, and nothing here undoes a push.

mod mirror;

use futures_util::future::join_all;
use tracing::{info, warn};

use crate::argocd::{self, Expected};
use crate::error::Error;
use crate::http::Trust;
use crate::outcome::{End, RepositoryOutcome};
use crate::registry::Verified;
use crate::settings::{Delivery, MirrorWhen, Settings};

/// Takes the steps after the push of every repository; what fails becomes a part of the outcome.
pub(crate) async fn run(
    outcomes: Vec<RepositoryOutcome>,
    (settings, verified): (&Settings, &[Verified]),
    trust: &Trust,
) -> Vec<RepositoryOutcome> {
    let steps = outcomes.into_iter().map(|outcome| after_one(outcome, settings, verified, trust));
    join_all(steps).await
}

async fn after_one(
    mut outcome: RepositoryOutcome,
    settings: &Settings,
    verified: &[Verified],
    trust: &Trust,
) -> RepositoryOutcome {
    let is_pushed = matches!(outcome.end, End::Updated { .. });
    if !is_pushed && !matches!(outcome.end, End::Unchanged) {
        return outcome;
    }
    let branch = outcome.branch.clone().unwrap_or_default();
    let place = outcome.plan.url.on_branch(Some(&branch));
    match &outcome.plan.mirror {
        Some(mirror) if is_pushed || mirror.when == MirrorWhen::Always => {
            if let Err(reason) = mirror::trigger(mirror, &branch, trust).await {
                outcome.after.push(Error::Mirror { place: place.clone(), reason });
            }
        }
        Some(_) => info!("{place}: nothing was pushed, so the mirror is not triggered (--mirror always does)"),
        None if is_pushed && settings.ci.mirrors_from_outside && settings.ci.is_own_server(&outcome.plan.url) => {
            warn!(
                "{place}: this looks like the platform's own copy: if the repository is mirrored from outside, the next \
                 synchronisation overwrites this commit; update the outside repository, with mirror:"
            );
        }
        None => {}
    }
    let Some(argocd) = settings.argocd.as_ref().filter(|_| outcome.plan.delivery == Delivery::Push) else {
        return outcome;
    };
    // A mirror that failed leaves the controller with the old commit: waiting would only take time.
    if outcome.after.is_empty() {
        let written = outcome.files.iter().flat_map(|file| &file.places).map(|place| place.image);
        let mut written: Vec<usize> = written.collect();
        written.sort_unstable();
        written.dedup();
        let expected = Expected {
            url: &outcome.plan.url,
            files: outcome.plan.targets.iter().map(|target| target.file.as_str()).collect(),
            commit: outcome.end.commit(),
            images: written.into_iter().filter_map(|image| verified.get(image)).collect(),
        };
        let failed = argocd::wait(argocd, &expected, trust).await;
        outcome
            .after
            .extend(failed.into_iter().map(|reason| Error::Argocd { place: place.clone(), reason: reason.into() }));
    }
    outcome
}
