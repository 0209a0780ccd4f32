//! What happens after the push: the mirror and the controller; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use url::Url;

use super::error::MIRROR_PROJECT;
use super::giver::either;
use super::{Given, Giver, SettingsError, servers, token};
use crate::choices::MirrorWhen;
use crate::cli::AfterArgs;
use crate::config::{MirrorConfig, RepositoryConfig};
use crate::environment::Environment;
use crate::git::{GitUrl, UrlError};
use crate::secret::{Bound, SecretString};

const ARGOCD_TIMEOUT: Duration = Duration::from_mins(5);

/// Where the mirror's token may be; the first that is set counts.
const MIRROR_TOKENS: [&str; 2] = ["GITOPS_BUMP_MIRROR_TOKEN", "GIT_MIRROR_TOKEN"];

const ARGOCD_TOKEN: &str = "ARGOCD_AUTH_TOKEN";

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

impl MirrorSettings {
    /// Whether both trigger the same pipeline for the same repository.
    pub fn is_same_as(&self, other: &Self) -> bool {
        (&self.api, &self.project_id, &self.repository) == (&other.api, &other.project_id, &other.repository)
    }
}

/// The Argo CD server that is to run the images.
#[derive(Clone, Debug)]
pub struct ArgocdSettings {
    /// Its address, maybe below a path, without a final slash.
    pub server: String,
    /// The applications; none means those of the repositories.
    pub apps: Vec<String>,
    /// The labels that the applications have.
    pub selector: Option<String>,
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
        project_id: given(&args.mirror.mirror_project_id).unwrap_or_default(),
        repository: given(&args.mirror.mirror_repository).unwrap_or_default(),
        url: None,
        copy: None,
    };
    let config = match entry.and_then(|entry| entry.mirror.as_ref()) {
        Some(config) => config.clone(),
        // The flags are one repository's.
        None if entry.is_some() || (flags.project_id.is_empty() && flags.repository.is_empty()) => return Ok(None),
        None => flags,
    };
    if config.project_id.is_empty() && config.repository.is_empty() && config.url.is_none() && config.copy.is_some() {
        return Ok(None);
    }
    if config.project_id.is_empty() {
        let reason = format!("it is empty, though {} is given", repository_of(entry));
        return Err(SettingsError::Value { what: project_of(entry), reason });
    }
    if config.repository.is_empty() {
        let reason = "it is empty: a project id and the repository's name there belong together".to_owned();
        return Err(SettingsError::Value { what: repository_of(entry).to_string(), reason });
    }
    let api = mirror_api(given(&args.mirror.mirror_url), config.url.as_deref(), environment)?;
    let (_, token) = mirror_token(environment)?.ok_or_else(|| missing(&MIRROR_TOKENS.join(" or "), &api))?;
    Ok(Some(MirrorSettings {
        project_id: project(&project_of(entry), config.project_id)?,
        repository: config.repository,
        when: args.mirror.mirror.unwrap_or_default(),
        token: Bound::new(token, servers::of_api(&api)),
        api,
    }))
}

/// The copy of one repository that Argo CD reads: the flag's or that of its entry. Credentials in the address are dropped: nobody
/// asks it.
pub(super) fn copy(args: &AfterArgs, entry: Option<&RepositoryConfig>) -> Result<Option<GitUrl>, SettingsError> {
    let in_config = || entry.and_then(|entry| entry.mirror.as_ref()).and_then(|mirror| mirror.copy.as_deref());
    let given = args.mirror_copy.as_deref().filter(|text| !text.is_empty());
    let Some(Given { value, by }) = either(("mirror-copy", given), ("mirror.copy", in_config())) else {
        return Ok(None);
    };
    let wrong = |error: UrlError| SettingsError::Value { what: by.to_string(), reason: error.to_string() };
    GitUrl::parse(value).map(|(url, _)| Some(url)).map_err(wrong)
}

/// The API that takes the token: the one that a flag names, else the config file's when it is on CI's server, else CI's.
fn mirror_api(
    given: Option<String>,
    in_config: Option<&str>,
    environment: &Environment,
) -> Result<String, SettingsError> {
    if let Some(given) = given {
        return address(Giver::Flag("mirror-url"), &given);
    }
    let ci = environment.get("CI_API_V4_URL");
    let Some(api) = in_config else {
        let reason = "it is not given, and $CI_API_V4_URL is not set".to_owned();
        let what = Giver::Flag("mirror-url").to_string();
        let ci = ci.ok_or(SettingsError::Value { what, reason })?;
        return address(Giver::Variable("CI_API_V4_URL"), ci);
    };
    let api = address(Giver::Key("mirror.url"), api)?;
    let is_own = Url::parse(&api).is_ok_and(|url| ci.is_some_and(|ci| servers::of_api(ci).holds_url(&url)));
    if is_own {
        return Ok(api);
    }
    Err(SettingsError::Foreign {
        what: "mirror.url of the config file".to_owned(),
        secret: mirror_token(environment)?.map_or(MIRROR_TOKENS[0], |(variable, _)| variable).to_owned(),
        server: api,
        variable: "GITOPS_BUMP_MIRROR_URL",
    })
}

/// The trigger token, and the variable that holds it.
fn mirror_token(environment: &Environment) -> Result<Option<(&'static str, SecretString)>, SettingsError> {
    for variable in MIRROR_TOKENS {
        if let Some(token) = token::secret(variable, environment)? {
            return Ok(Some((variable, token)));
        }
    }
    Ok(None)
}

/// A project's id, or its path: what stands in the API's path must not lead to another place of it.
pub(super) fn project(what: &str, text: String) -> Result<String, SettingsError> {
    let is_id = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_name = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !part.is_empty() && part.chars().all(plain) && !part.contains("..") && part != "."
    };
    let is_path = text.contains('/') && text.split('/').all(is_name);
    if is_id || is_path {
        return Ok(text);
    }
    let reason = "it is neither a number nor a path like group/project".to_owned();
    Err(SettingsError::Value { what: what.to_owned(), reason })
}

/// What names the infra repository in the mirror.
fn repository_of(entry: Option<&RepositoryConfig>) -> Giver {
    if entry.is_some() { Giver::Key("mirror.repository") } else { Giver::Flag("mirror-repository") }
}

/// What the project whose pipeline is the mirror is called, with what names it.
fn project_of(entry: Option<&RepositoryConfig>) -> String {
    let by = if entry.is_some() { Giver::Key("mirror.project_id") } else { Giver::Flag("mirror-project-id") };
    format!("{MIRROR_PROJECT} ({by})")
}

/// The server, when one is given.
pub(super) fn argocd(args: &AfterArgs, environment: &Environment) -> Result<Option<ArgocdSettings>, SettingsError> {
    let selector = args.argocd_selector.clone().filter(|selector| !selector.trim().is_empty());
    let Some(server) = args.argocd_server.as_deref().filter(|server| !server.is_empty()) else {
        let flag = match (args.argocd_app.as_slice(), &selector) {
            ([], None) => return Ok(None),
            ([], Some(_)) => "--argocd-selector",
            _ => "--argocd-app",
        };
        return Err(SettingsError::Usage(format!("{flag} needs --argocd-server")));
    };
    // People write it as the argocd command takes it: without a scheme.
    let server = if server.contains("://") { server.to_owned() } else { format!("https://{server}") };
    let server = address(Giver::Flag("argocd-server"), &server)?;
    let token = token::secret(ARGOCD_TOKEN, environment)?.ok_or_else(|| missing(ARGOCD_TOKEN, &server))?;
    Ok(Some(ArgocdSettings {
        apps: args.argocd_app.clone(),
        selector,
        timeout: args.argocd_timeout.unwrap_or(ARGOCD_TIMEOUT),
        token: Bound::new(token, servers::of_api(&server)),
        server,
    }))
}

pub(super) fn missing(variable: &str, url: &str) -> SettingsError {
    SettingsError::Token { variable: variable.to_owned(), url: url.to_owned(), state: "not set or empty" }
}

pub(super) fn address(by: Giver, text: &str) -> Result<String, SettingsError> {
    let wrong = |reason: &str| SettingsError::Value { what: by.to_string(), reason: reason.to_owned() };
    let url = Url::parse(text).map_err(|_| wrong("it is not a URL"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(wrong("it is not an https:// or http:// URL"));
    }
    // With a slash in a password, a part of the credentials would be taken for the host.
    let holds_at = url.path().contains('@');
    if holds_at
        || !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(wrong("credentials and queries don't belong into it"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
