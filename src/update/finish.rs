//! What a repository came to is written down, and the steps after the push are taken; this module must not push.

use std::collections::BTreeSet;

use super::attempt::Ready;
use super::context::Context;
use crate::after::{self, AfterPush};
use crate::argocd::Deployed;
use crate::image::Tag;
use crate::outcome::{End, RepositoryOutcome};
use crate::plan::PlannedRepository;
use crate::policies::HOLDS;
use crate::rewrite::FileRewrite;

/// Writes down how a repository ended: with a commit on its branch, or with nothing to change. Then takes the steps after the push.
pub(super) async fn finish(number: usize, ready: &Ready, end: End, context: &Context<'_>) {
    let commit = end.commit().map(str::to_owned);
    let step = AfterPush {
        plan: &context.plan[number],
        remote: &ready.reading.remote,
        read: &ready.reading.snapshot,
        files: files(ready, &context.plan[number]),
        commit: commit.as_deref(),
        images: deployed(ready, context),
        applications: &context.applications,
        forge: context.desks[number].forge(),
        settings: context.settings,
        http: &context.access.http,
    };
    let is_pushed = matches!(end, End::Updated { .. });
    let learn = |outcome: &mut RepositoryOutcome| {
        outcome.files.clone_from(&ready.rewrite.files);
        outcome.end = end;
        outcome.after = step.due();
    };
    if is_pushed {
        context.ledger.published(number, learn);
    } else {
        context.ledger.repository(number, learn);
    }
    if let Some(deployment) = context.deployment.as_ref().filter(|_| !step.due().is_empty()) {
        deployment.begin(context.ledger).await;
    }
    let failures = after::run(&step).await;
    context.ledger.repository(number, |outcome| outcome.after = failures);
}

/// The images that the files name, with the other tags that stay in them.
fn deployed<'a>(ready: &Ready, context: &'a Context<'_>) -> Vec<Deployed<'a>> {
    let places = || ready.rewrite.files.iter().flat_map(|file| &file.places);
    let images: BTreeSet<usize> = places().map(|place| place.image).collect();
    let one = |number: usize| {
        let image = context.proofs.image(number)?;
        let own = places().filter(|place| place.image == number);
        let tags =
            own.filter_map(|place| Tag::parse(place.new.tag.as_deref()?).ok()).filter(|tag| Some(tag) != image.tag());
        Some(Deployed { image, same: tags.collect() })
    };
    images.into_iter().filter_map(one).collect()
}

/// The files that were edited; with nothing to change those that hold a wanted image, else those that the targets name.
fn files<'a>(ready: &'a Ready, plan: &'a PlannedRepository) -> Vec<&'a str> {
    let rewrite = &ready.rewrite;
    let is_held = |file: &&FileRewrite| file.path == HOLDS;
    let changed: Vec<&str> = rewrite.changed().filter(|file| !is_held(file)).map(|file| file.path.as_str()).collect();
    let held = || rewrite.files.iter().filter(|file| !file.places.is_empty()).map(|file| file.path.as_str());
    let held: Vec<&str> = if changed.is_empty() { held().collect() } else { changed };
    if held.is_empty() { plan.targets.iter().map(|target| target.file.as_str()).collect() } else { held }
}
