//! What happens after the push: the mirror and the controller; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use url::Url;

use super::{SettingsError, servers};
use crate::cli::{AfterArgs, MirrorArg};
use crate::config::{MirrorConfig, RepositoryConfig};
use crate::environment::Environment;
use crate::secret::{Bound, SecretString};

const ARGOCD_TIMEOUT: Duration = Duration::from_mins(5);

/// Where the mirror's token may be; the first that is set counts.
const MIRROR_TOKENS: [&str; 2] = ["GITOPS_BUMP_MIRROR_TOKEN", "GIT_MIRROR_TOKEN"];

const ARGOCD_TOKEN: &str = "ARGOCD_AUTH_TOKEN";

/// When a mirror is triggered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MirrorWhen {
    /// When something was pushed.
    Changed,
    /// Also when nothing had to change: the last synchronisation may have failed.
    Always,
}

/// The pipeline that copies the infra repository to where the controller reads it.
#[derive(Clone, Debug)]
pub struct MirrorSettings {
    /// The GitLab API's base, without a final slash.
    pub api: String,
    /// The project of the pipeline.
    pub project_id: String,
    /// What the infra repository is called there.
    pub repository: String,
    /// When it is triggered.
    pub when: MirrorWhen,
    /// The trigger token.
    pub token: Bound<SecretString>,
}

/// The Argo CD server that is to run the images.
#[derive(Clone, Debug)]
pub struct ArgocdSettings {
    /// Its address, maybe below a path, without a final slash.
    pub server: String,
    /// The applications; none means those of the repositories.
    pub apps: Vec<String>,
    /// How long they may take.
    pub timeout: Duration,
    /// The token.
    pub token: Bound<SecretString>,
}

/// The mirror of one repository: the flags' or that of its entry.
pub(super) fn mirror(
    args: &AfterArgs,
    entry: Option<&RepositoryConfig>,
    environment: &Environment,
) -> Result<Option<MirrorSettings>, SettingsError> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let flags = MirrorConfig {
        project_id: given(&args.mirror_project_id).unwrap_or_default(),
        repository: given(&args.mirror_repository).unwrap_or_default(),
        url: None,
    };
    let config = match entry.and_then(|entry| entry.mirror.as_ref()) {
        Some(config) => config.clone(),
        // The flags are one repository's.
        None if entry.is_some() || (flags.project_id.is_empty() && flags.repository.is_empty()) => return Ok(None),
        None => flags,
    };
    if config.project_id.is_empty() || config.repository.is_empty() {
        let reason = "a project id and the repository's name there belong together".to_owned();
        return Err(SettingsError::Value { what: "mirror".to_owned(), reason });
    }
    let api = given(&args.mirror_url).or(config.url).or_else(|| environment.get("CI_API_V4_URL").map(str::to_owned));
    let api = api.ok_or_else(|| SettingsError::Value {
        what: "mirror".to_owned(),
        reason: "no --mirror-url is given and $CI_API_V4_URL is not set".to_owned(),
    })?;
    let token = MIRROR_TOKENS.into_iter().find_map(|name| environment.get(name));
    let token = token.ok_or_else(|| missing(&MIRROR_TOKENS.join(" or "), &api))?;
    Ok(Some(MirrorSettings {
        api: address("mirror URL", &api)?,
        project_id: config.project_id,
        repository: config.repository,
        when: match args.mirror {
            Some(MirrorArg::Always) => MirrorWhen::Always,
            Some(MirrorArg::Changed) | None => MirrorWhen::Changed,
        },
        token: Bound::new(SecretString::from(token), servers::of_api(&api)),
    }))
}

/// The server, when one is given.
pub(super) fn argocd(args: &AfterArgs, environment: &Environment) -> Result<Option<ArgocdSettings>, SettingsError> {
    let Some(server) = args.argocd_server.as_deref().filter(|server| !server.is_empty()) else {
        if args.argocd_app.is_empty() {
            return Ok(None);
        }
        return Err(SettingsError::Usage("--argocd-app needs --argocd-server".to_owned()));
    };
    // People write it as the argocd command takes it: without a scheme.
    let server = if server.contains("://") { server.to_owned() } else { format!("https://{server}") };
    let token = environment.get(ARGOCD_TOKEN).ok_or_else(|| missing(ARGOCD_TOKEN, &server))?;
    Ok(Some(ArgocdSettings {
        server: address("argocd-server", &server)?,
        apps: args.argocd_app.clone(),
        timeout: args.argocd_timeout.unwrap_or(ARGOCD_TIMEOUT),
        token: Bound::new(SecretString::from(token), servers::of_api(&server)),
    }))
}

fn missing(variable: &str, url: &str) -> SettingsError {
    SettingsError::Token { variable: variable.to_owned(), url: url.to_owned(), state: "not set or empty" }
}

fn address(what: &str, text: &str) -> Result<String, SettingsError> {
    let wrong = |reason: &str| SettingsError::Value { what: what.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(text).map_err(|_| wrong("it is no URL"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(wrong("it is no https:// or http:// URL"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("credentials and queries don't belong into it"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
