//! What a docker `config.json` says about one registry; this module must not run a credential helper.
//!
//! The format is that of the docker command line's `configfile` package, which podman's and kaniko's files share.

#![deny(clippy::disallowed_methods)]

use std::cmp::Reverse;
use std::collections::HashMap;

use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use serde::Deserialize;

use super::config_key::{ConfigKey, DOCKER_HUB_KEY, host_of_key};
use super::credential::Credential;
use crate::secret::{Credentials, SecretString};

/// A parsed `config.json`, as far as it is about credentials. What is `null` there says nothing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DockerConfig {
    auths: Option<HashMap<String, Option<Auth>>>,
    cred_helpers: Option<HashMap<String, Option<String>>>,
    creds_store: Option<String>,
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
    encoded: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

impl DockerConfig {
    /// Parses the file's text; the error is a reason without any of the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text)
            .map_err(|error| format!("not a docker configuration: line {}, column {}", error.line(), error.column()))
    }

    /// The credentials of every entry.
    pub(super) fn credentials(&self) -> Vec<Credential> {
        self.entries().filter_map(|(_, auth)| auth.credential().ok().flatten()).collect()
    }

    /// What the file says about a repository, `HOST/PATH`: its host's own helper first, then the entry that names the most of
    /// it, then the store for all hosts. Helpers are asked for whole hosts alone, as podman does it.
    pub(super) fn said_of(&self, host: &str, path: &str) -> Result<Said, String> {
        if let Some(helper) = self.helper(host) {
            return Ok(Said::Helper(helper.to_owned()));
        }
        if let Some((key, auth)) = self.entry(host, path)
            && let Some(credential) = auth.credential().map_err(|reason| format!("the entry of {key} {reason}"))?
        {
            return Ok(Said::Credential(credential));
        }
        let store = self.creds_store.as_deref().filter(|store| !store.is_empty());
        Ok(store.map_or(Said::Nothing, |store| Said::Helper(store.to_owned())))
    }

    /// How much of a repository's path decides about its credentials: none where only the host does.
    pub(super) fn deciding<'p>(&self, host: &str, path: &'p str) -> &'p str {
        let keys = self.entries().filter_map(|(key, _)| ConfigKey::of(key));
        let longest = keys.filter(|key| key.holds(host, path)).map(|key| key.path.len()).max();
        longest.and_then(|length| path.get(..length)).unwrap_or_default()
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &Auth)> {
        let auths = self.auths.iter().flatten();
        auths.filter_map(|(key, auth)| Some((key.as_str(), auth.as_ref()?)))
    }

    fn entry(&self, host: &str, path: &str) -> Option<(&str, &Auth)> {
        let found = self.entries().filter_map(|(key, auth)| Some((ConfigKey::of(key)?, key, auth)));
        let found = found.filter(|(key, ..)| key.holds(host, path));
        // The spelling decides between two ways to write one place, so that they don't take turns.
        let rank = |name: &str| (name != host, name != DOCKER_HUB_KEY, name.to_owned());
        let best = found.min_by_key(|(key, name, _)| (Reverse(key.path.len()), rank(name)));
        best.map(|(_, name, auth)| (name, auth))
    }

    fn helper(&self, host: &str) -> Option<&str> {
        let helpers = self.cred_helpers.iter().flatten();
        let named = helpers.filter_map(|(key, helper)| Some((key.as_str(), helper.as_deref()?)));
        let own = named.filter(|(key, helper)| !helper.is_empty() && host_of_key(key).as_deref() == Some(host));
        own.min_by_key(|(key, _)| (*key != host, *key != DOCKER_HUB_KEY, *key)).map(|(_, helper)| helper)
    }
}

impl Auth {
    /// The credentials of the entry; none in the empty one that docker writes beside a store.
    fn credential(&self) -> Result<Option<Credential>, &'static str> {
        let own = |value: &Option<String>| value.clone().unwrap_or_default();
        let token = clean(&own(&self.identitytoken))?;
        if !token.is_empty() {
            return Ok(Some(Credential::IdentityToken(SecretString::from(token))));
        }
        let encoded = own(&self.encoded);
        let (username, password) =
            if encoded.trim().is_empty() { (own(&self.username), own(&self.password)) } else { decode(&encoded)? };
        let (username, password) = (clean(&username)?, clean(&password)?);
        if username.is_empty() && password.is_empty() {
            return Ok(None);
        }
        Ok(Some(Credential::Password(Credentials { username, password: SecretString::from(password) })))
    }
}

/// A value without the line breaks and blanks that `echo` or an editor has put around it.
pub(super) fn clean(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.contains(char::is_control) {
        return Err("has a control character in a user name, password or token");
    }
    Ok(text.to_owned())
}

/// Reads base64 of `USER:PASSWORD`, with or without padding, also in lines as `base64` writes them.
fn decode(auth: &str) -> Result<(String, String), &'static str> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let auth: String = auth.split_ascii_whitespace().collect();
    let bytes = GeneralPurpose::new(&STANDARD, lenient).decode(auth).map_err(|_| "has an auth that is not base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "has an auth that is not text")?;
    // Docker has written trailing zero bytes.
    let (username, password) = text.split_once(':').ok_or("has an auth without a colon")?;
    Ok((username.to_owned(), password.trim_end_matches('\0').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExposeSecret as _;

    fn said(text: &str, repository: &str) -> String {
        let (host, path) = repository.split_once('/').unwrap_or((repository, "app"));
        match DockerConfig::parse(text).and_then(|config| config.said_of(host, path)) {
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
            (r#"{"identitytoken": " t\n"}"#, "token t"),
            (r#"{"username": "u", "password": "\n p \n"}"#, "u/p"),
            (r#"{"auth": "\ndT\npw\n"}"#, "u/p"),
            (r#"{"auth": null, "username": "u", "password": "p", "identitytoken": null}"#, "u/p"),
            (r#"{"auth": "", "username": null, "password": null}"#, "nothing"),
            ("null", "nothing"),
            (
                r#"{"auth": "dTpwCng="}"#,
                "error: the entry of h.x:5000 has a control character in a user name, password or token",
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
    fn a_key_with_a_path_counts_for_what_is_below_it() {
        // "YTpw" is "a:p", "Yjpw" "b:p", "Yzpw" "c:p".
        let text = r#"{"auths": {"h.x": {"auth": "YTpw"}, "h.x/team": {"auth": "Yjpw"}, "https://h.x/team/app/": {"auth": "Yzpw"},
            "h.x/other": null, "docker.io/library": {"auth": "Yjpw"}}}"#;
        for (repository, expected) in [
            ("h.x/team/app", "c/p"),
            ("h.x/team/app/web", "c/p"),
            ("h.x/team/application", "b/p"),
            ("h.x/team", "b/p"),
            ("h.x/teams/app", "a/p"),
            ("h.x/other/app", "a/p"),
            ("h.y/team/app", "nothing"),
            ("docker.io/library/nginx", "b/p"),
            ("docker.io/team/app", "nothing"),
        ] {
            assert_eq!(said(text, repository), expected, "{repository}");
        }
        let config = DockerConfig::parse(text).unwrap();
        for (path, deciding) in [("team/app/web", "team/app"), ("team/x", "team"), ("other/app", ""), ("x", "")] {
            assert_eq!(config.deciding("h.x", path), deciding, "{path}");
        }
    }

    #[test]
    fn what_is_null_says_nothing() {
        for text in [
            r#"{"auths": null, "credHelpers": null, "credsStore": null}"#,
            r#"{"auths": {"h.x": null}, "credHelpers": {"h.x": null, "x": ""}, "credsStore": ""}"#,
        ] {
            assert_eq!(said(text, "h.x"), "nothing", "{text}");
        }
        let text = r#"{"auths": {"h.x": null, "https://h.x": {"auth": "dTpw"}}, "credHelpers": {"h.x": null}}"#;
        assert_eq!(said(text, "h.x"), "u/p");
    }

    #[test]
    fn an_error_shows_nothing_of_the_text() {
        let text = r#"{"auths": {"h": "hunter2"}}"#;
        assert_eq!(said(text, "h"), "error: not a docker configuration: line 1, column 25");
    }
}
