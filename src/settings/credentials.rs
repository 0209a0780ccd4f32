//! Which variables hold credentials; this module must not use them.

use super::{SettingsError, token};
use crate::environment::Environment;
use crate::proxies::Proxies;
use crate::registry::{ConfigText, CredentialSources, HostCredentials};
use crate::secret::{Audience, Bound, Credentials, Redactor, SecretString, SharedRedactor};

/// Variables whose values must never be printed, whether they are used or not.
const SECRETS: [&str; 10] = [
    "GITOPS_BUMP_MIRROR_TOKEN",
    "GIT_MIRROR_TOKEN",
    "ARGOCD_AUTH_TOKEN",
    "GITOPS_BUMP_GIT_TOKEN",
    "GITOPS_BUMP_FORGE_TOKEN",
    "GITOPS_BUMP_GITLAB_TOKEN",
    "GITOPS_BUMP_REGISTRY_PASSWORD",
    "CI_REGISTRY_PASSWORD",
    "CI_JOB_TOKEN",
    "HARBOR_PASSWORD",
];

/// Variables that hold a private key or the path of one.
const KEYS: [&str; 2] = ["GITOPS_BUMP_SSH_KEY", "GITOPS_BUMP_SIGNING_KEY"];

/// Variables with the text of a docker `config.json`, in the order in which they count.
const DOCKER_CONFIGS: [&str; 2] = ["DOCKER_AUTH_CONFIG", "DOCKER_AUTH"];

/// Variables with a registry's user name or password.
const REGISTRIES: [&str; 6] = [
    "GITOPS_BUMP_REGISTRY_USERNAME",
    "GITOPS_BUMP_REGISTRY_PASSWORD",
    "CI_REGISTRY_USER",
    "CI_REGISTRY_PASSWORD",
    "HARBOR_USERNAME",
    "HARBOR_PASSWORD",
];

/// Where a registry's credentials may come from, as far as the environment says; the tool's own pair is for these
/// servers.
///
/// Docker's config file comes after the variables; whoever reads it adds it to `configs`.
pub fn registry(environment: &Environment, servers: &Audience) -> Result<CredentialSources, SettingsError> {
    REGISTRIES.into_iter().try_for_each(|name| token::require_text(name, environment))?;
    Ok(sources(environment, servers))
}

fn sources(environment: &Environment, servers: &Audience) -> CredentialSources {
    let pair = |username: &str, password: &str| {
        Some(Credentials {
            username: token::value(username, environment)?.to_owned(),
            password: SecretString::from(token::value(password, environment)?),
        })
    };
    let host = |host: &str, username: &str, password: &str| {
        let credentials = pair(username, password)?;
        Some(HostCredentials { name: username.to_owned(), host: environment.get(host)?.to_owned(), credentials })
    };
    let hosts = [
        host("CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"),
        host("HARBOR_HOST", "HARBOR_USERNAME", "HARBOR_PASSWORD"),
    ];
    let (username, password) = ("GITOPS_BUMP_REGISTRY_USERNAME", "GITOPS_BUMP_REGISTRY_PASSWORD");
    CredentialSources {
        explicit: pair(username, password).map(|pair| Bound::new(pair, servers.clone())),
        explicit_lacks: match (token::value(username, environment), token::value(password, environment)) {
            (Some(_), None) => Some(password),
            (None, Some(_)) => Some(username),
            _ => None,
        },
        configs: DOCKER_CONFIGS.into_iter().filter_map(|name| config(name, environment)).collect(),
        hosts: hosts.into_iter().flatten().collect(),
        hidden: SharedRedactor::default(),
    }
}

/// What a variable says; one that is there but empty is kept, because its emptiness explains a refusal.
fn config(name: &str, environment: &Environment) -> Option<ConfigText> {
    let text = environment.get(name).or(environment.is_empty(name).then_some(""))?;
    Some(ConfigText { name: name.to_owned(), text: Ok(SecretString::from(text)) })
}

/// Everything in the environment that must never be printed.
pub fn redactor(environment: &Environment) -> Redactor {
    let mut redactor = Redactor::default();
    for value in SECRETS.into_iter().filter_map(|name| environment.get(name)) {
        redactor.add(&SecretString::from(value));
    }
    // What is no proxy ends the run before it is used.
    let proxies = Proxies::from_environment(environment).unwrap_or_default();
    proxies.secrets().for_each(|password| redactor.add(&password));
    // A path is none, and hiding it would only make messages harder to read.
    let keys = KEYS.into_iter().filter_map(|name| environment.get(name));
    keys.filter(|key| key.contains("-----BEGIN")).for_each(|key| redactor.add(&SecretString::from(key)));
    sources(environment, &Audience::default()).secrets().for_each(|credentials| redactor.add_credentials(&credentials));
    redactor
}
