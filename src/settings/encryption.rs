//! Credentials are not sent over plain http to another machine, unless `--plain-http` names it; this module must not ask
//! a server.

#![deny(clippy::disallowed_methods)]

use url::Url;

use super::{
    ArgocdSettings, Ci, Delivery, DeploymentSettings, Network, ProposalSettings, RepositorySettings, SettingsError,
    StatusWait,
};
use crate::git::GitUrl;
use crate::http::{PlainHttp, name_of};

/// Holds the Git credentials and the mirrors' tokens of these repositories against the servers that `--plain-http` names.
pub(super) fn repositories(repositories: &[RepositorySettings], network: &Network) -> Result<(), SettingsError> {
    for repository in repositories {
        if repository.credentials.is_some() {
            self::repository(&repository.url, network)?;
        }
        if let Some(mirror) = &repository.mirror {
            require("the token of the mirror", &mirror.api, network)?;
        }
    }
    Ok(())
}

/// The same for one repository that has credentials.
pub(super) fn repository(url: &GitUrl, network: &Network) -> Result<(), SettingsError> {
    match url.web_origin().filter(|_| !url.is_ssh()) {
        Some(origin) => require(&format!("the credentials for {url}"), &origin, network),
        None => Ok(()),
    }
}

/// The same for the API that opens merge requests and has the commits' statuses.
pub(super) fn forge(
    (repositories, proposal, statuses): (&[RepositorySettings], &ProposalSettings, Option<&StatusWait>),
    ci: &Ci,
    network: &Network,
) -> Result<(), SettingsError> {
    let is_asked =
        |repository: &&RepositorySettings| repository.delivery == Delivery::MergeRequest || statuses.is_some();
    for repository in repositories.iter().filter(is_asked).filter(|_| proposal.token.is_some()) {
        let own = ci.api_v4_url.clone().filter(|_| ci.is_own_server(&repository.url));
        if let Some(api) = own.or_else(|| repository.url.web_origin()) {
            require("the token of the forge's API", &api, network)?;
        }
    }
    Ok(())
}

/// The same for Argo CD.
pub(super) fn argocd(argocd: Option<&ArgocdSettings>, network: &Network) -> Result<(), SettingsError> {
    argocd.map_or(Ok(()), |argocd| require("the token of Argo CD", &argocd.server, network))
}

/// The same for the job's token with which a deployment is recorded.
pub(super) fn deployment(deployment: Option<&DeploymentSettings>, network: &Network) -> Result<(), SettingsError> {
    deployment.map_or(Ok(()), |deployment| require("CI_JOB_TOKEN", &deployment.api, network))
}

fn require(what: &str, url: &str, network: &Network) -> Result<(), SettingsError> {
    // What is no address is an error of its own.
    let Ok(url) = Url::parse(url) else { return Ok(()) };
    if PlainHttp::new(&network.plain_http).allows(&url) {
        return Ok(());
    }
    Err(SettingsError::Unencrypted { what: what.to_owned(), server: name_of(&url) })
}
