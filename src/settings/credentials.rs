//! Which variables hold credentials; this module must not use them.

use super::{SettingsError, token};
use crate::environment::Environment;
use crate::registry::{ConfigText, CredentialSources, HostCredentials};
use crate::secret::{Audience, Bound, Credentials, SecretString, SharedRedactor};

/// Variables with the text of a docker `config.json`, in the order in which they count.
pub(super) const DOCKER_CONFIGS: [&str; 2] = ["DOCKER_AUTH_CONFIG", "DOCKER_AUTH"];

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

pub(super) fn sources(environment: &Environment, servers: &Audience) -> CredentialSources {
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
