//! Which servers each secret of a run belongs to; this module must not make a header.
//!
//! A config file is written by whoever may write to the repository, so in a pipeline it names no server that sees a
//! secret: flags and variables do.

#![deny(clippy::disallowed_methods)]

use url::Url;

use super::{RepositorySettings, SettingsError, hosts};
use crate::environment::Environment;
use crate::git::GitUrl;
use crate::image::{DOCKER_HUB, Repository};
use crate::secret::Audience;

const GIT_HOSTS: &str = "GITOPS_BUMP_GIT_HOSTS";
const REGISTRY_HOSTS: &str = "GITOPS_BUMP_REGISTRY_HOSTS";

/// The secrets that are for Git servers, whichever repository it is.
const GIT_SECRETS: [&str; 2] = ["GITOPS_BUMP_GIT_TOKEN", "GITOPS_BUMP_SSH_KEY"];

/// Where GitHub's API is.
const GITHUB: &str = "github.com";
const GITHUB_API: &str = "api.github.com";

/// Other names of Docker Hub than that in a reference.
const DOCKER_HUB_NAMES: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];

/// The Git servers that may see this run's secrets.
#[derive(Clone, Debug, Default)]
pub(super) struct GitServers {
    audience: Audience,
    /// A secret that is set.
    secret: Option<&'static str>,
}

impl GitServers {
    /// The servers when a flag or a variable names the repository.
    pub(super) fn of_given(url: &GitUrl, environment: &Environment) -> Result<Self, SettingsError> {
        Self::new([url], environment)
    }

    /// The servers when the config file names the repositories: outside a pipeline the file is the user's own.
    pub(super) fn of_config(urls: &[GitUrl], environment: &Environment) -> Result<Self, SettingsError> {
        Self::new(urls.iter().filter(|_| !is_pipeline(environment)), environment)
    }

    fn new<'u>(named: impl IntoIterator<Item = &'u GitUrl>, environment: &Environment) -> Result<Self, SettingsError> {
        let audience = hosts::variable(GIT_HOSTS, environment)?.unwrap_or_else(|| {
            let mut audience = ci_server(environment);
            named.into_iter().for_each(|url| audience.extend(&own(url)));
            audience
        });
        let secret = GIT_SECRETS.into_iter().find(|name| environment.get(name).is_some());
        Ok(Self { audience, secret })
    }

    /// The servers for the secrets that every repository shares.
    pub(super) fn audience(&self) -> &Audience {
        &self.audience
    }

    /// An error when a secret is set and this repository's server is none that may see it.
    pub(super) fn require(&self, url: &GitUrl) -> Result<(), SettingsError> {
        self.secret.map_or(Ok(()), |secret| self.require_for(url, secret))
    }

    /// An error when this repository's server is none that may see this secret.
    pub(super) fn require_for(&self, url: &GitUrl, secret: &str) -> Result<(), SettingsError> {
        let Some((host, port)) = url.server() else { return Ok(()) };
        if self.audience.holds(host, port) {
            return Ok(());
        }
        Err(SettingsError::Foreign {
            what: format!("repository {url}"),
            secret: secret.to_owned(),
            server: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            variable: GIT_HOSTS,
        })
    }

    /// The APIs of the repositories' own servers, as far as these are among the Git servers, and CI's.
    pub(super) fn forges(&self, repositories: &[RepositorySettings], environment: &Environment) -> Audience {
        let mut audience = ci_server(environment);
        if let Some(api) = environment.get("CI_API_V4_URL") {
            audience.extend(&of_api(api));
        }
        for url in repositories.iter().map(|repository| &repository.url) {
            match url.server() {
                Some((host, port)) if self.audience.holds(host, port) => audience.extend(&forge(url)),
                _ => {}
            }
        }
        audience
    }
}

/// The registries that may see the credentials of `GITOPS_BUMP_REGISTRY_…`: those of the images that flags and variables
/// name, and CI's; outside a pipeline also those of the config file's images.
pub(super) fn registries<'r>(
    given: impl IntoIterator<Item = &'r Repository>,
    from_config: impl IntoIterator<Item = &'r Repository>,
    environment: &Environment,
) -> Result<Audience, SettingsError> {
    if let Some(mut audience) = hosts::variable(REGISTRY_HOSTS, environment)? {
        if DOCKER_HUB_NAMES.into_iter().any(|name| audience.holds_named(name)) {
            audience.add(DOCKER_HUB);
        }
        return Ok(audience);
    }
    let mut audience = Audience::default();
    let own = from_config.into_iter().filter(|_| !is_pipeline(environment));
    given.into_iter().chain(own).for_each(|repository| audience.add(&repository.host()));
    if let Some(registry) = environment.get("CI_REGISTRY").and_then(hosts::parse) {
        audience.add(&registry);
    }
    Ok(audience)
}

/// A repository's own server, over HTTP and SSH.
pub(super) fn own(url: &GitUrl) -> Audience {
    let mut audience = Audience::default();
    if let Some(host) = url.host() {
        match url.port() {
            Some(port) => audience.add_port(host, port),
            None => audience.add(host),
        }
    }
    audience
}

/// The one port of the server that a repository's address names.
pub(super) fn exactly(url: &GitUrl) -> Audience {
    let mut audience = Audience::default();
    if let Some((host, port)) = url.server() {
        audience.add_port(host, port);
    }
    audience
}

/// The server of an API.
pub(super) fn of_api(url: &str) -> Audience {
    let mut audience = Audience::default();
    if let Ok(url) = Url::parse(url) {
        audience.add_url(&url);
    }
    audience
}

/// The server whose pipeline runs: its usual ports and those that it names.
fn ci_server(environment: &Environment) -> Audience {
    let mut audience = Audience::default();
    let Some(host) = environment.get("CI_SERVER_HOST").and_then(hosts::parse) else {
        return audience;
    };
    audience.add(&host);
    let ports = ["CI_SERVER_PORT", "CI_SERVER_SHELL_SSH_PORT"].into_iter().filter_map(|name| environment.get(name));
    ports.filter_map(|port| port.trim().parse().ok()).for_each(|port| audience.add_port(&host, port));
    audience
}

/// The server whose pipeline runs, over the web alone.
pub(super) fn ci_web(environment: &Environment) -> Audience {
    let mut audience = Audience::default();
    if let Some(host) = environment.get("CI_SERVER_HOST").and_then(hosts::parse) {
        let own = environment.get("CI_SERVER_PORT").and_then(|port| port.trim().parse().ok());
        [443, 80].into_iter().chain(own).for_each(|port| audience.add_port(&host, port));
    }
    audience
}

/// Where the API of a repository's server is: over SSH nothing is said of its port.
fn forge(url: &GitUrl) -> Audience {
    let mut audience = url.web_origin().map(|origin| of_api(&origin)).unwrap_or_default();
    if url.host().is_some_and(|host| host.eq_ignore_ascii_case(GITHUB)) {
        audience.add_port(GITHUB_API, 443);
    }
    audience
}

fn is_pipeline(environment: &Environment) -> bool {
    environment.get("GITLAB_CI").is_some()
}
