//! What a docker `config.json` says about one registry; this module must not run a credential helper.
//!
//! The format is that of the docker command line's `configfile` package, which podman's and kaniko's files share.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use serde::Deserialize;

use super::credential::Credential;
use crate::image::DOCKER_HUB;
use crate::secret::{Credentials, SecretString};

/// The key under which docker has kept Docker Hub's credentials since its first registry protocol.
pub(super) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The other names of Docker Hub.
const DOCKER_HUB_HOSTS: [&str; 3] = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io"];

/// A parsed `config.json`, as far as it is about credentials.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DockerConfig {
    auths: HashMap<String, Auth>,
    cred_helpers: HashMap<String, String>,
    creds_store: String,
}

/// What the file says about a registry.
#[derive(Debug)]
pub(super) enum Said {
    /// These credentials.
    Credential(Credential),
    /// The program `docker-credential-NAME` knows them.
    Helper(String),
    /// Nothing.
    Nothing,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    #[serde(rename = "auth")]
    encoded: String,
    username: String,
    password: String,
    identitytoken: String,
}

impl DockerConfig {
    /// Parses the file's text; the error is a reason without any of the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text)
            .map_err(|error| format!("not a docker configuration: line {}, column {}", error.line(), error.column()))
    }

    /// The credentials of every entry.
    pub(super) fn credentials(&self) -> Vec<Credential> {
        self.auths.values().filter_map(|auth| auth.credential().ok().flatten()).collect()
    }

    /// What the file says about a host: its own helper first, then its entry, then the store for all hosts.
    pub(super) fn said_of(&self, host: &str) -> Result<Said, String> {
        if let Some(helper) = entry(&self.cred_helpers, host) {
            return Ok(Said::Helper(helper.clone()));
        }
        if let Some(auth) = entry(&self.auths, host)
            && let Some(credential) = auth.credential().map_err(|reason| format!("the entry of {host} {reason}"))?
        {
            return Ok(Said::Credential(credential));
        }
        if self.creds_store.is_empty() {
            return Ok(Said::Nothing);
        }
        Ok(Said::Helper(self.creds_store.clone()))
    }
}

/// The host of a key or a setting that may be a URL: `https://HOST/v2/` becomes `host`.
///
/// A longer path names a part of a registry, which is another thing than the registry: no host.
pub(super) fn host_of_key(key: &str) -> Option<String> {
    let key = key.strip_prefix("https://").or(key.strip_prefix("http://")).unwrap_or(key);
    let (host, path) = key.split_once('/').unwrap_or((key, ""));
    let is_whole = matches!(path.trim_end_matches('/'), "" | "v1" | "v2");
    let host = host.to_ascii_lowercase();
    is_whole.then(|| if DOCKER_HUB_HOSTS.contains(&host.as_str()) { DOCKER_HUB.to_owned() } else { host })
}

/// The value of the key that names the host: the very host first, then another way to write it.
fn entry<'a, T>(map: &'a HashMap<String, T>, host: &str) -> Option<&'a T> {
    let mut keys: Vec<&String> = map.keys().filter(|key| host_of_key(key).as_deref() == Some(host)).collect();
    // Sorted, so that two ways to write one host don't take turns.
    keys.sort_by_key(|key| (key.as_str() != host, key.as_str() != DOCKER_HUB_KEY, *key));
    keys.first().and_then(|key| map.get(*key))
}

impl Auth {
    /// The credentials of the entry; none in the empty one that docker writes beside a store.
    fn credential(&self) -> Result<Option<Credential>, &'static str> {
        let token = without_breaks(&self.identitytoken)?;
        if !token.is_empty() {
            return Ok(Some(Credential::IdentityToken(SecretString::from(token))));
        }
        let (username, password) = if self.encoded.is_empty() {
            (self.username.clone(), self.password.clone())
        } else {
            decode(&self.encoded)?
        };
        let (username, password) = (without_breaks(&username)?, without_breaks(&password)?);
        if username.is_empty() && password.is_empty() {
            return Ok(None);
        }
        let (username, password) = (username.to_owned(), SecretString::from(password));
        Ok(Some(Credential::Password(Credentials { username, password })))
    }
}

/// A value without the line breaks that `echo` or an editor has put around it.
fn without_breaks(text: &str) -> Result<&str, &'static str> {
    let text = text.trim_matches(['\r', '\n']);
    if text.contains(char::is_control) { Err("has a control character in a user name or password") } else { Ok(text) }
}

/// Reads base64 of `USER:PASSWORD`, with or without padding.
fn decode(auth: &str) -> Result<(String, String), &'static str> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes =
        GeneralPurpose::new(&STANDARD, lenient).decode(auth.trim()).map_err(|_| "has an auth that is not base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "has an auth that is not text")?;
    // Docker has written trailing zero bytes.
    let (username, password) = text.split_once(':').ok_or("has an auth without a colon")?;
    Ok((username.to_owned(), password.trim_end_matches('\0').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExposeSecret as _;

    fn said(text: &str, host: &str) -> String {
        match DockerConfig::parse(text).and_then(|config| config.said_of(host)) {
            Ok(Said::Credential(Credential::Password(pair))) => {
                format!("{}/{}", pair.username, pair.password.expose_secret())
            }
            Ok(Said::Credential(Credential::IdentityToken(token))) => format!("token {}", token.expose_secret()),
            Ok(Said::Helper(name)) => format!("helper {name}"),
            Ok(Said::Nothing) => "nothing".to_owned(),
            Err(reason) => format!("error: {reason}"),
        }
    }

    #[test]
    fn reads_each_kind_of_entry() {
        // "dTpw" is "u:p".
        for (entry, expected) in [
            (r#"{"auth": "dTpw"}"#, "u/p"),
            (r#"{"auth": "dTpwcA"}"#, "u/pp"),
            (r#"{"auth": "dTpwOng="}"#, "u/p:x"),
            (r#"{"username": "robot$a+b", "password": "p"}"#, "robot$a+b/p"),
            (r#"{"auth": "dTpw", "identitytoken": "t"}"#, "token t"),
            ("{}", "nothing"),
            // "dTpwCg==" is "u:p" and a line break, "dTpwCng=" has it inside.
            (r#"{"auth": "dTpwCg=="}"#, "u/p"),
            (r#"{"username": "u", "password": "p\r\n"}"#, "u/p"),
            (r#"{"identitytoken": "t\n"}"#, "token t"),
            (
                r#"{"auth": "dTpwCng="}"#,
                "error: the entry of h.x:5000 has a control character in a user name or password",
            ),
            (r#"{"auth": "%%"}"#, "error: the entry of h.x:5000 has an auth that is not base64"),
            (r#"{"auth": "dQ=="}"#, "error: the entry of h.x:5000 has an auth without a colon"),
        ] {
            assert_eq!(said(&format!(r#"{{"auths": {{"h.x:5000": {entry}}}}}"#), "h.x:5000"), expected, "{entry}");
        }
    }

    #[test]
    fn keys_name_a_host_exactly() {
        for (key, host, matches) in [
            ("h.x", "h.x", true),
            ("H.X", "h.x", true),
            ("https://h.x/v2/", "h.x", true),
            ("http://h.x:5000", "h.x:5000", true),
            ("h.x", "h.x:5000", false),
            ("h.x:5000", "h.x", false),
            ("h.x/team", "h.x", false),
            ("evil-h.x", "h.x", false),
            ("https://index.docker.io/v1/", "docker.io", true),
            ("registry-1.docker.io", "docker.io", true),
            ("docker.io", "docker.io", true),
        ] {
            let text = format!(r#"{{"auths": {{"{key}": {{"auth": "dTpw"}}}}}}"#);
            assert_eq!(said(&text, host), if matches { "u/p" } else { "nothing" }, "{key}");
        }
    }

    #[test]
    fn a_hosts_helper_beats_its_entry_and_the_store_comes_last() {
        let text = r#"{"auths": {"a": {"auth": "dTpw"}, "b": {"auth": "dTpw"}, "c": {}},
            "credHelpers": {"a": "one"}, "credsStore": "all"}"#;
        assert_eq!(said(text, "a"), "helper one");
        assert_eq!(said(text, "b"), "u/p");
        assert_eq!(said(text, "c"), "helper all");
    }

    #[test]
    fn an_error_shows_nothing_of_the_text() {
        let text = r#"{"auths": {"h": "hunter2"}}"#;
        assert_eq!(said(text, "h"), "error: not a docker configuration: line 1, column 25");
    }
}
