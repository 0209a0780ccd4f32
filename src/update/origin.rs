//! Where the versions of a run are from, and what follows when that says others before all is published. This module must not push.

use tokio::time::Instant;
use tracing::info;

use crate::error::Error;
use crate::git::Snapshot;
use crate::outcome::Ledger;
use crate::plan::PlannedRepository;
use crate::registry::{RegistryError, Verified};
use crate::settings::Settings;
use crate::source::{Freshness, Promotion, Rollback, Seed};

/// Where the versions of a run are from.
pub(crate) enum Origin<'a> {
    /// Somebody gave them.
    Given,
    /// An environment names them. With them comes what is known already of the branches that are written to.
    Promotion(Promotion<'a>, Vec<Option<Seed>>),
    /// The history of the places does.
    Rollback(Rollback<'a>, Vec<Option<Seed>>),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Everything is done.
    Done,
    /// Its versions are no longer those of its origin, and what was left was not published.
    Outdated,
}

impl Origin<'_> {
    /// What is known of each branch that is written to, as far as something is.
    pub(super) fn take_seeds(&mut self) -> Vec<Option<Seed>> {
        match self {
            Self::Given => Vec::new(),
            Self::Promotion(_, seeds) | Self::Rollback(_, seeds) => std::mem::take(seeds),
        }
    }

    /// Whether the versions still are those of the origin, right before a push to the branch that this snapshot was taken of.
    pub(super) async fn standing(&self, plan: &PlannedRepository, tip: &Snapshot) -> Result<Freshness, Error> {
        match self {
            Self::Given => Ok(Freshness::Same),
            Self::Promotion(promotion, _) => promotion.standing(plan, tip).await,
            Self::Rollback(rollback, _) => rollback.standing(plan, tip).await,
        }
    }

    /// Whether what the run's images were read from runs them, where that is required.
    pub(super) async fn require_live(&self, images: &[Verified]) -> Result<(), Error> {
        match self {
            Self::Given | Self::Rollback(..) => Ok(()),
            Self::Promotion(promotion, _) => promotion.require_live(images).await,
        }
    }

    /// The environment that the versions are promoted from.
    pub(super) fn promoted_from(&self) -> Option<&str> {
        match self {
            Self::Given | Self::Rollback(..) => None,
            Self::Promotion(promotion, _) => Some(promotion.from()),
        }
    }

    /// What the places of an image, by its index, held before it goes back, as the trailer of a rollback says it.
    pub(super) fn rolled_back_from(&self, image: usize) -> Option<&str> {
        match self {
            Self::Given | Self::Promotion(..) => None,
            Self::Rollback(rollback, _) => rollback.left(image),
        }
    }

    /// What a registry refuses.
    pub(super) async fn explained(&self, image: usize, error: RegistryError) -> Error {
        match self {
            Self::Given | Self::Promotion(..) => error.into(),
            Self::Rollback(rollback, _) => rollback.explained(image, error).await,
        }
    }
}

/// Runs until all is published in the versions that their origin names, each time finding them anew, within the time for lost
/// races. What goes wrong is written into the ledger.
pub(crate) async fn until_current(
    settings: &Settings,
    ledger: &Ledger<'_>,
    run: impl AsyncFn() -> Result<Ended, Error>,
) {
    let started = Instant::now();
    let mut attempts: u32 = 0;
    loop {
        attempts = attempts.saturating_add(1);
        match Box::pin(run()).await {
            Ok(Ended::Done) => return,
            Ok(Ended::Outdated) if started.elapsed() < settings.push_timeout => {
                info!("the source of the versions changed, so the versions are read again");
                ledger.start_over();
            }
            Ok(Ended::Outdated) => {
                ledger.start_over();
                return ledger.fail(Error::Outdated { attempts, waited: whole_seconds(started) });
            }
            Err(error) => {
                ledger.start_over();
                return ledger.fail(error);
            }
        }
    }
}

fn whole_seconds(started: Instant) -> std::time::Duration {
    std::time::Duration::from_secs(started.elapsed().as_secs())
}
