//! The record of a deployment in the pipeline's project: one for the whole run, whatever its repositories. This module must not
//! wait for a controller.

use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::api::ApiError;
use crate::error::Error;
use crate::gitlab::deployments::{Progress, change, record};
use crate::http::Http;
use crate::outcome::{End, Finished, Ledger};
use crate::settings::DeploymentSettings;

/// How long a run that a signal ended takes for its record.
const MOMENT: Duration = Duration::from_secs(3);

/// The record of one run.
pub(super) struct Deployment<'a> {
    settings: &'a DeploymentSettings,
    http: &'a Http,
    begun: OnceCell<()>,
}

impl<'a> Deployment<'a> {
    pub(super) fn new(settings: &'a DeploymentSettings, http: &'a Http) -> Self {
        Self { settings, http, begun: OnceCell::new() }
    }

    /// Records that it runs, before the first repository's waits.
    pub(super) async fn begin(&self, ledger: &Ledger<'_>) {
        let begin = async || self.record(Progress::Running, ledger).await.map_or((), |id| ledger.deploying(Some(id)));
        // A run that has found its images anew goes on with the record that it began.
        if ledger.ask(|known| known.deployment).is_none() {
            self.begun.get_or_init(begin).await;
        }
    }

    /// Records how it went, once all repositories have ended. Nothing is recorded where no repository's branch names the images.
    pub(super) async fn end(&self, ledger: &Ledger<'_>) {
        let (is_there, progress) = ledger.ask(|known| (known.repositories.iter().any(is_there), progress(known)));
        match ledger.ask(|known| known.deployment) {
            Some(id) => {
                let changed = change(self.settings, (id, progress), self.http).await;
                ledger.deploying(None);
                self.learn(changed, progress, ledger);
            }
            // The record could not be made.
            None if self.begun.initialized() => {}
            None if is_there => drop(self.record(progress, ledger).await),
            None => {
                let environment = &self.settings.environment;
                info!("no deployment to {environment} is recorded, because no branch names the image");
            }
        }
    }

    async fn record(&self, progress: Progress, ledger: &Ledger<'_>) -> Option<u64> {
        self.learn(record(self.settings, progress, self.http).await, progress, ledger)
    }

    fn learn<T>(&self, answer: Result<T, ApiError>, progress: Progress, ledger: &Ledger<'_>) -> Option<T> {
        let (environment, progress) = (self.settings.environment.clone(), progress.word());
        match answer {
            Ok(answer) => {
                info!("the deployment to {environment} is recorded as {progress}");
                Some(answer)
            }
            Err(reason) => {
                ledger.fail(Error::Deployment { environment, progress, reason });
                None
            }
        }
    }
}

/// Records that nobody waits any more for a deployment that runs.
pub(crate) async fn cancel(settings: &DeploymentSettings, number: u64, http: &Http) {
    let environment = &settings.environment;
    match timeout(MOMENT, change(settings, (number, Progress::Canceled), http)).await {
        Ok(Ok(())) => info!("the deployment to {environment} is recorded as canceled"),
        Ok(Err(error)) => warn!("the deployment to {environment} stays recorded as running: {error}"),
        Err(_) => warn!("the deployment to {environment} stays recorded as running: GitLab does not answer"),
    }
}

/// Whether a repository's branch names the images.
fn is_there(repository: &crate::outcome::RepositoryOutcome) -> bool {
    matches!(repository.end, End::Updated { .. } | End::Merged { .. } | End::Unchanged)
}

/// A success is one in every repository.
fn progress(known: &Finished) -> Progress {
    let is_well = known.repositories.iter().all(|repository| is_there(repository) && repository.after.is_empty());
    if is_well { Progress::Success } else { Progress::Failed }
}
