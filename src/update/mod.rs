//! The main job: check the images, work out every edit, then publish. This module must not print, nor know how a
//! registry, a repository or a file is read.
//!
//! `attempt` is everything between a tip that was read and a push, `proofs` what has to be found out for it, `texts`
//! what is said about it; `publish` and `propose` push, and start the next attempt after a lost race; `desk` is the
//! forge that opens a request, `follow` waits for its merge, `finish` takes the steps after the push, and `deployment` records
//! how they went.

mod attempt;
mod context;
mod deployment;
mod desk;
mod finish;
mod follow;
mod freeze;
mod hold;
mod origin;
mod pace;
mod preview;
mod proofs;
mod propose;
mod public;
mod publish;
mod same;
mod texts;

use futures_util::future::{join_all, join3};

use self::attempt::{Ready, attempt, read, require_all_images};
use self::context::Context;
pub(crate) use self::deployment::cancel;
use self::desk::Desk;
pub(crate) use self::origin::{Ended, Origin, until_current};
pub use self::proofs::Gate;
use self::proofs::Proofs;
use self::publish::publish;
use crate::error::ExitCode;
use crate::outcome::{End, Ledger};
use crate::plan::PlannedRepository;
use crate::ports::Access;
use crate::registry::{Depth, Verified};
use crate::settings::{Mode, Settings};

/// Runs the whole job, and writes into the ledger what is known as soon as it is known. Nothing is published unless
/// every edit of every repository could be worked out, nor in other versions than those of their origin.
pub(crate) async fn run(
    (settings, plan): (&Settings, &[PlannedRepository]),
    mut origin: Origin<'_>,
    gate: Gate<'_>,
    access: &Access,
    ledger: &Ledger<'_>,
) -> Ended {
    let seeds = origin.take_seeds();
    let checks = join_all((0..settings.images.len()).map(|number| check(number, settings, &origin, (gate, ledger))));
    let seeds = seeds.into_iter().chain(std::iter::repeat_with(|| None));
    let reads = join_all(plan.iter().zip(seeds).map(|(plan, seed)| read(plan, seed, access)));
    let desks = join_all(plan.iter().map(|plan| Desk::of(plan, settings, &access.http)));
    let (images, reads, desks) = join3(checks, reads, desks).await;
    for (number, desk) in desks.iter().enumerate() {
        ledger.repository(number, |outcome| outcome.forge = desk.forge());
    }
    let images: Option<Vec<Verified>> = images.into_iter().collect();
    let live = match &images {
        Some(images) => origin.require_live(images).await,
        None => Ok(()),
    };
    let is_live = live.map_err(|error| ledger.fail(error)).is_ok();
    let Some(images) = images.filter(|_| is_live) else {
        for (number, read) in reads.into_iter().enumerate() {
            ledger.repository(number, |outcome| outcome.end = read.err().map_or(End::Withheld, End::Failed));
        }
        return Ended::Done;
    };
    let context = Context::new((settings, plan, origin), access, (ledger, desks), Proofs::new(gate, images));
    let attempts = reads.into_iter().enumerate().map(async |(number, read)| {
        let ready = match read {
            Ok(reading) => attempt(number, reading, &context).await,
            Err(error) => Err(error),
        };
        ready.map_err(|error| {
            let code = error.exit_code();
            ledger.repository(number, |outcome| outcome.end = End::Failed(error));
            code
        })
    });
    let ready: Vec<Result<Ready, ExitCode>> = join_all(attempts).await;
    let missing = require_all_images(&context).err();
    let mut codes = ready.iter().filter_map(|ready| ready.as_ref().err().copied());
    let withhold = missing.is_some() || codes.any(ExitCode::holds_everything);
    if let Some(error) = missing {
        ledger.fail(error);
    }
    let ready = ready.into_iter().enumerate().filter_map(|(number, ready)| Some((number, ready.ok()?)));
    match settings.mode {
        _ if withhold => ready.for_each(|(number, ready)| decide(number, ready, |_| End::Withheld, ledger)),
        Mode::DryRun => ready.for_each(|(number, ready)| decide(number, ready, tried, ledger)),
        Mode::Publish => {
            join_all(ready.map(|(number, ready)| publish(number, ready, &context))).await;
            if context.is_outdated() {
                return Ended::Outdated;
            }
            if let Some(deployment) = &context.deployment {
                deployment.end(ledger).await;
            }
        }
    }
    Ended::Done
}

/// Checks one image by its manifest's bytes.
async fn check(
    number: usize,
    settings: &Settings,
    origin: &Origin<'_>,
    (gate, ledger): (Gate<'_>, &Ledger<'_>),
) -> Option<Verified> {
    let image = &settings.images[number];
    let result = gate.registry.examine((&image.reference, image.by), Depth::Manifest, gate.requirements).await;
    let verified = result.as_ref().ok().cloned();
    let result = match result {
        Ok(verified) => Ok(verified),
        Err(error) => Err(origin.explained(number, error).await),
    };
    ledger.image(number, result);
    verified
}

/// What a repository comes to that is not published.
fn decide(number: usize, ready: Ready, end: impl FnOnce(&Ready) -> End, ledger: &Ledger<'_>) {
    ledger.repository(number, |outcome| {
        outcome.end = end(&ready);
        outcome.files = ready.rewrite.files;
    });
}

fn tried(ready: &Ready) -> End {
    if ready.texts.is_some() { End::WouldUpdate } else { End::Unchanged }
}
