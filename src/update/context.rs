//! What all attempts of a run share; this module must not do anything with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::deployment::Deployment;
use super::desk::Desk;
use super::origin::Origin;
use super::proofs::Proofs;
use crate::argocd::Applications;
use crate::outcome::Ledger;
use crate::plan::PlannedRepository;
use crate::ports::Access;
use crate::rewrite::Coverage;
use crate::settings::Settings;

/// What all attempts of a run share.
pub(super) struct Context<'a> {
    pub(super) settings: &'a Settings,
    pub(super) plan: &'a [PlannedRepository],
    /// Where the versions are from.
    pub(super) origin: Origin<'a>,
    pub(super) access: &'a Access,
    pub(super) ledger: &'a Ledger<'a>,
    /// Each repository's forge.
    pub(super) desks: Vec<Desk>,
    /// The deployment that is recorded.
    pub(super) deployment: Option<Deployment<'a>>,
    /// The checked images, and what is proven of them.
    pub(super) proofs: Proofs<'a>,
    /// The applications that Argo CD has of the run's repositories.
    pub(super) applications: Applications,
    coverage: Mutex<Coverage>,
    is_outdated: AtomicBool,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        (settings, plan, origin): (&'a Settings, &'a [PlannedRepository], Origin<'a>),
        access: &'a Access,
        (ledger, desks): (&'a Ledger<'a>, Vec<Desk>),
        proofs: Proofs<'a>,
    ) -> Self {
        let coverage = Coverage::of(plan.len()).excusing(settings.images_of_others());
        let applications = Applications::of(plan.iter().flat_map(|plan| std::iter::once(&plan.url).chain(&plan.copy)));
        let deployment = settings.deployment.as_ref().map(|deployment| Deployment::new(deployment, &access.http));
        let coverage = Mutex::new(coverage);
        let is_outdated = AtomicBool::new(false);
        Self { settings, plan, origin, access, ledger, desks, deployment, proofs, applications, coverage, is_outdated }
    }

    /// The origin names other versions now: what is not published yet must not be.
    pub(super) fn outdate(&self) {
        self.is_outdated.store(true, Ordering::Relaxed);
    }

    /// Whether that was seen.
    pub(super) fn is_outdated(&self) -> bool {
        self.is_outdated.load(Ordering::Relaxed)
    }

    /// Which images were found in which repository.
    pub(super) fn coverage(&self) -> MutexGuard<'_, Coverage> {
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
