//! Whether Argo CD says that an environment runs what its places name. This module must not sync or push.

use std::time::Duration;

use super::{Reading, Spot};
use crate::argocd::{self, Applications, ArgocdError, BranchHistory, Deployed, Expected};
use crate::http::Http;
use crate::registry::Verified;
use crate::settings::{ArgocdSettings, RepositorySettings};

/// How long Argo CD is asked again: time to compare what it has with the branch, not to roll something out.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the places of one branch name.
pub(super) struct Claim<'a> {
    pub(super) reading: &'a Reading,
    pub(super) spots: &'a [Spot],
    /// The repository as the settings have it.
    pub(super) repository: &'a RepositorySettings,
    /// The images that its places hold.
    pub(super) images: Vec<&'a Verified>,
    /// The files that hold them.
    pub(super) files: Vec<&'a str>,
}

/// Asks about the applications that are made from the files of a branch; returns why they don't run the images.
pub(super) async fn ask(claim: &Claim<'_>, settings: &ArgocdSettings, http: &Http) -> Vec<ArgocdError> {
    let Claim { reading, spots, repository, images, files } = claim;
    let history = BranchHistory::new(&reading.remote, &reading.snapshot, None);
    let deployed = images.iter().map(|image| Deployed { image, same: Vec::new() });
    let expected = Expected {
        url: &repository.url,
        copy: repository.copy.as_ref(),
        branch: reading.snapshot.branch(),
        files: files.clone(),
        images: deployed.collect(),
        any_repository: spots.iter().any(|spot| spot.target.rules.any_repository),
        history: &history,
    };
    let settings = ArgocdSettings { timeout: settings.timeout.min(PATIENCE), ..settings.clone() };
    let applications = Applications::of(std::iter::once(&repository.url).chain(&repository.copy));
    argocd::wait(&settings, &expected, (&applications, http)).await
}
