//! Which credentials a registry gets: the sources in their order, first match wins.
//! This module must not read the environment or a file; their texts are handed in.

use std::fmt;

use super::config_key::host_of_key;
use super::credential::Credential;
use super::docker_config::{DockerConfig, Said};
use super::{helper, words};
use crate::secret::{Bound, Credentials, ExposeSecret as _, SecretString, SharedRedactor};

/// The variable whose secret runs out under its users' hands, with a message of its own.
const DOCKER_AUTH: &str = "DOCKER_AUTH";

/// Every place that may hold credentials for a registry.
///
/// The order is: `explicit`, each of `configs`, each of `hosts`, else anonymous.
#[derive(Clone, Debug, Default)]
pub struct CredentialSources {
    /// Set for this very tool (`GITOPS_BUMP_REGISTRY_USERNAME`, `GITOPS_BUMP_REGISTRY_PASSWORD`), for its hosts.
    pub explicit: Option<Bound<Credentials>>,
    /// The variable that `explicit` lacks, when only the other one has a value.
    pub explicit_lacks: Option<&'static str>,
    /// Texts in docker's `config.json` format, in the order in which they are asked.
    pub configs: Vec<ConfigText>,
    /// Credentials that are for one host only (`CI_REGISTRY`, `HARBOR_HOST`).
    pub hosts: Vec<HostCredentials>,
    /// What hides the secrets that are learned on the way: a helper's, and a token service's tokens.
    pub hidden: SharedRedactor,
}

/// A text in docker's `config.json` format.
#[derive(Clone, Debug)]
pub struct ConfigText {
    /// What to call it in messages: the variable's name or the file's path.
    pub name: String,
    /// The JSON text, where an empty one says nothing about any host; or why it can't be read, which is an error only
    /// when its turn comes.
    pub text: Result<SecretString, String>,
}

/// Credentials for one host.
#[derive(Clone, Debug)]
pub struct HostCredentials {
    /// What to call them in messages: the variable's name.
    pub name: String,
    /// The host, with its port when it has one; a URL of the host is taken too.
    pub host: String,
    /// The credentials.
    pub credentials: Credentials,
}

/// Credentials and the name of the source that had them.
#[derive(Clone, Debug)]
pub struct NamedCredential {
    /// What to show the registry.
    pub credential: Credential,
    /// The source's name, for messages.
    pub name: String,
}

/// A source that cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct CredentialsError {
    /// The source's name.
    pub name: String,
    /// What is wrong with it; never a part of its text.
    pub reason: String,
}

impl CredentialSources {
    /// The credentials for a repository on a host (lower case, with its port when it has one), none for anonymous.
    ///
    /// May run a credential helper program, for 20 s at most.
    pub async fn for_repository(&self, host: &str, path: &str) -> Result<Option<NamedCredential>, CredentialsError> {
        if let Some(pair) = self.explicit.as_ref().and_then(|pair| pair.for_named(host)) {
            return Ok(Some(NamedCredential::password("GITOPS_BUMP_REGISTRY_USERNAME", pair)));
        }
        for config in &self.configs {
            let found = config.credential(host, path).await;
            // A helper's words may hold a secret.
            let hide = |error: CredentialsError| CredentialsError {
                reason: words::short(self.hidden.redact(&error.reason)),
                ..error
            };
            if let Some(credential) = found.map_err(hide)? {
                self.hidden.add_credentials(&credential.clone().into_pair());
                return Ok(Some(NamedCredential { credential, name: config.name.clone() }));
            }
        }
        let is_same = |candidate: &&HostCredentials| host_of_key(candidate.host.trim()).as_deref() == Some(host);
        let own = self.hosts.iter().find(is_same);
        Ok(own.map(|own| NamedCredential::password(&own.name, &own.credentials)))
    }

    /// The part of a repository's path that decides about its credentials: repositories with the same one get the same.
    pub(super) fn deciding<'p>(&self, host: &str, path: &'p str) -> &'p str {
        let longest = self.configs.iter().filter_map(ConfigText::parsed).filter_map(Result::ok);
        let longest = longest.map(|config| config.deciding(host, path)).max_by_key(|part| part.len());
        longest.unwrap_or_default()
    }

    /// Every secret in these sources, so that none is ever printed. Helper programs are not asked.
    pub fn secrets(&self) -> impl Iterator<Item = Credentials> {
        let explicit = self.explicit.iter().map(Bound::to_hide);
        let pairs = explicit.chain(self.hosts.iter().map(|host| &host.credentials)).cloned();
        let texts = self.configs.iter().filter_map(|config| config.text.as_ref().ok());
        let configs = texts.filter_map(|text| DockerConfig::parse(text.expose_secret()).ok());
        pairs.chain(configs.flat_map(|config| config.credentials()).map(Credential::into_pair))
    }

    /// What is probably wrong when a host got no credentials and wanted some.
    pub fn advice(&self, host: &str) -> String {
        if self.explicit.as_ref().is_some_and(|pair| pair.for_named(host).is_none()) {
            return format!(
                "GITOPS_BUMP_REGISTRY_USERNAME and _PASSWORD were not sent to {host}: if they are meant for this \
                 host, set GITOPS_BUMP_REGISTRY_HOSTS to all hosts that may receive them, including {host}"
            );
        }
        if let Some(variable) = self.explicit_lacks {
            return format!(
                "set {variable}, which is not set or empty while the other variable of the pair has a value \
                (protected variables are empty on unprotected refs)"
            );
        }
        let Some(config) = self.configs.iter().find(|config| config.name == DOCKER_AUTH) else {
            return format!(
                "set credentials for {host}, and check that no variable is empty (protected variables are empty on \
                unprotected refs)"
            );
        };
        let state = if config.is_empty() { "is empty".to_owned() } else { format!("has no entry for {host}") };
        format!(
            "check {DOCKER_AUTH}, which {state}: its secret expires after 60 minutes, a job with needs: must list \
            read_secret, and protected variables are empty on unprotected refs"
        )
    }
}

impl ConfigText {
    fn is_empty(&self) -> bool {
        self.text.as_ref().is_ok_and(|text| text.expose_secret().trim().is_empty())
    }

    /// The parsed text; none where it is empty. The error is the reason.
    fn parsed(&self) -> Option<Result<DockerConfig, String>> {
        let parse = |text: &SecretString| DockerConfig::parse(text.expose_secret());
        (!self.is_empty()).then(|| self.text.as_ref().map_err(Clone::clone).and_then(parse))
    }

    async fn credential(&self, host: &str, path: &str) -> Result<Option<Credential>, CredentialsError> {
        let Some(parsed) = self.parsed() else {
            return Ok(None);
        };
        let said = parsed.and_then(|config| config.said_of(host, path));
        match said.map_err(|reason| self.error(reason))? {
            Said::Credential(credential) => Ok(Some(credential)),
            Said::Helper(name) => helper::ask(&name, host).await.map_err(|reason| self.error(reason)),
            Said::Nothing => Ok(None),
        }
    }

    fn error(&self, reason: String) -> CredentialsError {
        CredentialsError { name: words::short(&self.name), reason }
    }
}

impl NamedCredential {
    fn password(name: &str, pair: &Credentials) -> Self {
        Self { credential: Credential::Password(pair.clone()), name: name.to_owned() }
    }
}

impl fmt::Display for NamedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.credential {
            Credential::Password(pair) => write!(f, "{} (user {:?})", self.name, pair.username),
            Credential::IdentityToken(_) => write!(f, "{} (an identity token)", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Audience;

    fn pair(username: &str) -> Credentials {
        Credentials { username: username.to_owned(), password: SecretString::from("password") }
    }

    fn config(name: &str, text: &str) -> ConfigText {
        ConfigText { name: name.to_owned(), text: Ok(SecretString::from(text)) }
    }

    fn sources() -> CredentialSources {
        CredentialSources {
            explicit: None,
            explicit_lacks: None,
            configs: vec![
                config("DOCKER_AUTH_CONFIG", ""),
                config("DOCKER_AUTH", r#"{"auths": {"a.x": {"username": "auth-a", "password": "p"}}}"#),
                config(
                    "config.json",
                    r#"{"auths": {"a.x": {"username": "file-a", "password": "p"},
                    "b.x": {"username": "file-b", "password": "p"}}}"#,
                ),
            ],
            hosts: vec![HostCredentials {
                name: "CI_REGISTRY_USER".to_owned(),
                host: "https://C.x:5050".to_owned(),
                credentials: pair("ci"),
            }],
            hidden: SharedRedactor::default(),
        }
    }

    async fn found(sources: &CredentialSources, host: &str) -> String {
        let access = sources.for_repository(host, "team/app").await.unwrap();
        access.map_or_else(|| "anonymous".to_owned(), |access| access.to_string())
    }

    #[tokio::test]
    async fn the_first_match_wins() {
        let mut sources = sources();
        assert_eq!(found(&sources, "a.x").await, r#"DOCKER_AUTH (user "auth-a")"#);
        assert_eq!(found(&sources, "b.x").await, r#"config.json (user "file-b")"#);
        assert_eq!(found(&sources, "c.x:5050").await, r#"CI_REGISTRY_USER (user "ci")"#);
        assert_eq!(found(&sources, "c.x").await, "anonymous");
        let mut audience = Audience::default();
        audience.add("c.x");
        audience.add("d.x:5000");
        sources.explicit = Some(Bound::new(pair("me"), audience));
        for host in ["c.x", "d.x:5000"] {
            assert_eq!(found(&sources, host).await, r#"GITOPS_BUMP_REGISTRY_USERNAME (user "me")"#);
        }
        assert_eq!(found(&sources, "a.x").await, r#"DOCKER_AUTH (user "auth-a")"#);
        assert_eq!(found(&sources, "d.x").await, "anonymous");
        assert!(sources.advice("d.x").contains("GITOPS_BUMP_REGISTRY_HOSTS"));
    }

    #[tokio::test]
    async fn a_broken_source_is_named() {
        let mut sources = sources();
        sources.configs.insert(0, config("DOCKER_AUTH_CONFIG", "{"));
        let error = sources.for_repository("a.x", "team/app").await.unwrap_err();
        assert_eq!(error.to_string(), "DOCKER_AUTH_CONFIG: not a docker configuration: line 1, column 1");
    }

    #[test]
    fn tells_an_empty_secret_from_one_without_the_host() {
        let mut sources = sources();
        assert!(sources.advice("z.x").starts_with("check DOCKER_AUTH, which has no entry for z.x: "));
        sources.configs = vec![config("DOCKER_AUTH", " ")];
        assert!(sources.advice("z.x").starts_with("check DOCKER_AUTH, which is empty: "));
        sources.configs.clear();
        assert!(sources.advice("z.x").starts_with("set credentials for z.x"));
    }
}
