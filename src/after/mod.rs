//! What happens once a commit is pushed: the mirror is triggered, and the controller runs the image. This module must
//! not push, and nothing here undoes a push.

mod mirror;
mod statuses;

use futures_util::future::join;
use tracing::info;

use crate::argocd::{self, Applications, BranchHistory, Deployed, Expected};
use crate::error::Error;
use crate::git::{Remote, Snapshot};
use crate::http::Http;
use crate::links::Forge;
use crate::plan::PlannedRepository;
use crate::settings::{ArgocdSettings, Delivery, MirrorSettings, MirrorWhen, Settings, StatusWait};

/// What the steps of one repository begin with.
pub(crate) struct AfterPush<'a> {
    /// The repository.
    pub(crate) plan: &'a PlannedRepository,
    /// How it is reached.
    pub(crate) remote: &'a Remote,
    /// What was read of it before the push.
    pub(crate) read: &'a Snapshot,
    /// The files that were edited; with nothing pushed, those that hold the images.
    pub(crate) files: Vec<&'a str>,
    /// The commit that was pushed; none when nothing had to change.
    pub(crate) commit: Option<&'a str>,
    /// The images that its files name.
    pub(crate) images: Vec<Deployed<'a>>,
    /// The applications that Argo CD has of the run's repositories.
    pub(crate) applications: &'a Applications,
    /// The forge that it is on, as far as that is known.
    pub(crate) forge: Option<Forge>,
    /// The run's settings.
    pub(crate) settings: &'a Settings,
    /// How servers are asked.
    pub(crate) http: &'a Http,
}

impl AfterPush<'_> {
    /// What stands in a report as long as the steps are under way: nothing where there is none to take.
    pub(crate) fn due(&self) -> Vec<Error> {
        let is_due = self.mirror().is_some() || self.argocd().is_some() || self.statuses().is_some();
        if is_due { vec![Error::Unfinished] } else { Vec::new() }
    }

    fn mirror(&self) -> Option<&MirrorSettings> {
        let is_due = |mirror: &&MirrorSettings| self.commit.is_some() || mirror.when == MirrorWhen::Always;
        self.plan.mirror.as_ref().filter(is_due)
    }

    fn argocd(&self) -> Option<&ArgocdSettings> {
        self.settings.argocd.as_ref().filter(|_| is_on_branch(self.plan, self.settings))
    }

    fn statuses(&self) -> Option<&StatusWait> {
        statuses(self.plan, self.settings)
    }
}

/// The commit statuses that are waited for once a repository's commit is on its branch.
pub(crate) fn statuses<'a>(plan: &PlannedRepository, settings: &'a Settings) -> Option<&'a StatusWait> {
    settings.statuses.as_ref().filter(|_| is_on_branch(plan, settings))
}

/// Whether a run goes on until the commit is on its branch: a request that nobody waits for may be merged at any time, or never.
fn is_on_branch(plan: &PlannedRepository, settings: &Settings) -> bool {
    plan.delivery == Delivery::Push || settings.proposal.wait.is_some()
}

/// Takes the steps after the push of one repository; returns what failed.
pub(crate) async fn run(step: &AfterPush<'_>) -> Vec<Error> {
    let AfterPush { plan, commit, settings, http, .. } = step;
    let branch = step.read.branch();
    let place = || plan.url.on_branch(Some(branch));
    match (step.mirror(), &plan.mirror) {
        (Some(mirror), _) => {
            if let Err(reason) = mirror::trigger(mirror, branch, http).await {
                // A mirror that failed leaves the controller with the old commit: waiting would only take time.
                return vec![Error::Mirror { place: place(), reason }];
            }
        }
        (None, Some(_)) => {
            info!(
                "{}: nothing was pushed, so the mirror pipeline is not triggered (--mirror always triggers it in any case)",
                place()
            );
        }
        (None, None) if commit.is_some() => mirror::none(&settings.ci, &plan.url, &place()),
        (None, None) => {}
    }
    let (mut failed, missed) = join(argocd(step), reported(step)).await;
    failed.extend(missed);
    failed
}

/// Waits for the commit statuses.
async fn reported(step: &AfterPush<'_>) -> Option<Error> {
    let reason = statuses::wait(step, step.statuses()?).await.err()?;
    Some(Error::Statuses { place: step.plan.url.on_branch(Some(step.read.branch())), reason: Box::new(reason) })
}

/// Waits for Argo CD.
async fn argocd(step: &AfterPush<'_>) -> Vec<Error> {
    let AfterPush { plan, commit, http, .. } = step;
    let branch = step.read.branch();
    let place = || plan.url.on_branch(Some(branch));
    let Some(argocd) = step.argocd() else {
        return Vec::new();
    };
    let history = BranchHistory::new(step.remote, step.read, *commit);
    let expected = Expected {
        url: &plan.url,
        copy: plan.copy.as_ref(),
        branch,
        files: step.files.clone(),
        images: step.images.clone(),
        any_repository: plan.targets.iter().any(|target| target.rules.any_repository),
        history: &history,
    };
    let failed = argocd::wait(argocd, &expected, (step.applications, http)).await;
    failed.into_iter().map(|reason| Error::Argocd { place: place(), reason: reason.into() }).collect()
}
