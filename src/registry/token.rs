//! Requests to a token service and the headers that show what it gave (distribution project, "Token authentication").
//! This module must not send anything.

#![deny(clippy::disallowed_methods)]

use reqwest::Method;
use reqwest::header::ACCEPT;
use serde::Deserialize;
use url::Url;

use super::credential::Credential;
use super::credentials::NamedCredential;
use super::transport::MANNERS;
use crate::http::{Login, Request, SecretForm};
use crate::secret::{Audience, Bound, SecretString};

/// No token service needs more for its answer.
pub(super) const LIMIT: usize = 256 * 1024;

/// What a token is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// The token service.
    pub(super) realm: &'a Url,
    /// For whom the token is, in the challenge's words.
    pub(super) service: Option<&'a str>,
    /// What it has to be good for, in the challenge's words.
    pub(super) scope: Option<&'a str>,
    /// The repository that is to be read.
    pub(super) repository: &'a str,
}

/// A token service's answer. Some name the token as OAuth2 does, some have both names and only one value.
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

/// The challenge's scopes, and that of the repository unless it is among them.
pub(super) fn scopes(challenge: Option<&str>, repository: &str) -> Vec<String> {
    let own = format!("repository:{repository}:pull");
    let mut scopes: Vec<String> = challenge.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if !scopes.iter().any(|scope| grants(scope, &own)) {
        scopes.push(own);
    }
    scopes
}

/// Whether a scope includes another one, of one action.
fn grants(scope: &str, wanted: &str) -> bool {
    let (Some((name, actions)), Some((wanted, action))) = (scope.rsplit_once(':'), wanted.rsplit_once(':')) else {
        return false;
    };
    name == wanted && actions.split(',').any(|one| one == action || one == "*")
}

/// Asks for a token: with a password or nothing by GET, with an identity token by OAuth2 (RFC 6749, 6). What is shown is
/// for the realm's own server: the registry's challenge names it, and nobody else may name another one.
pub(super) fn request(wanted: Wanted<'_>, access: Option<&NamedCredential>) -> (Request, Url) {
    let (realm, service) = (wanted.realm, wanted.service);
    let scopes = scopes(wanted.scope, wanted.repository);
    let mut audience = Audience::default();
    audience.add_url(realm);
    let get = || Request::new(Method::GET, &MANNERS).header(ACCEPT, "application/json");
    let request = match access.map(|access| &access.credential) {
        Some(Credential::IdentityToken(token)) => {
            let fields = vec![
                ("grant_type", Some("refresh_token".to_owned())),
                ("client_id", Some("gitops-bump".to_owned())),
                ("service", Some(service.unwrap_or_default().to_owned())),
                ("scope", Some(scopes.join(" "))),
                ("refresh_token", None),
            ];
            let secret = Bound::new(token.clone(), audience);
            let request = Request::new(Method::POST, &MANNERS).header(ACCEPT, "application/json");
            return (request.form(SecretForm { fields, secret }), realm.clone());
        }
        Some(Credential::Password(pair)) => get().login(Some(Login::Basic(Bound::new(pair.clone(), audience)))),
        None => get(),
    };
    let mut url = realm.clone();
    if let Some(service) = service {
        url.query_pairs_mut().append_pair("service", service);
    }
    for scope in &scopes {
        url.query_pairs_mut().append_pair("scope", scope);
    }
    (request, url)
}

/// The token of a token service's answer; an error says what the service did instead.
pub(super) fn read(body: &[u8]) -> Result<SecretString, String> {
    let given: TokenAnswer = serde_json::from_slice(body).map_err(|_| {
        let is_page = body.trim_ascii_start().starts_with(b"<");
        if is_page { "it answers with an HTML page instead of a token" } else { "it gives no token" }.to_owned()
    })?;
    let both = [given.token, given.access_token];
    // An empty token would ask anonymously without saying so.
    let is_empty = both.iter().any(Option::is_some);
    let Some(token) = both.into_iter().flatten().map(|token| token.trim().to_owned()).find(|token| !token.is_empty())
    else {
        return Err(if is_empty { "it gives an empty token" } else { "it gives no token" }.to_owned());
    };
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it gives a token with control characters".to_owned());
    }
    Ok(SecretString::from(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExposeSecret as _;

    #[test]
    fn reads_both_names_of_a_token() {
        let token = |body: &[u8]| read(body).map(|token| token.expose_secret().to_owned());
        assert_eq!(token(br#"{"token": "a.b", "expires_in": 60}"#).unwrap(), "a.b");
        assert_eq!(token(br#"{"access_token": "c"}"#).unwrap(), "c");
        for other in [r#"{"token": "", "access_token": "c"}"#, r#"{"token": null, "access_token": "c\n"}"#] {
            assert_eq!(token(other.as_bytes()).unwrap(), "c", "{other}");
        }
        assert_eq!(token(br#"{"token": "a", "access_token": "c"}"#).unwrap(), "a");
        assert_eq!(token(b"\n<html>").unwrap_err(), "it answers with an HTML page instead of a token");
    }

    #[test]
    fn refuses_tokens_that_are_none() {
        for body in ["", "{}", r#"{"token": ""}"#, r#"{"token": "a\r\nX: b"}"#, r#"{"token": 1}"#, "<html>"] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }

    fn wanted<'a>(realm: &'a Url, scope: Option<&'a str>) -> Wanted<'a> {
        Wanted { realm, service: Some("s"), scope, repository: "team/app" }
    }

    #[test]
    fn asks_for_what_the_challenge_names_and_for_the_repository() {
        let realm = Url::parse("https://h.x/t?a=b").unwrap();
        let own = "scope=repository%3Ateam%2Fapp%3Apull";
        for (scope, expected) in [
            (None, own.to_owned()),
            (Some("repository:team/app:pull"), own.to_owned()),
            (Some("repository:team/app:pull,push"), "scope=repository%3Ateam%2Fapp%3Apull%2Cpush".to_owned()),
            (Some("repository:proxy/team/app:pull"), format!("scope=repository%3Aproxy%2Fteam%2Fapp%3Apull&{own}")),
            (Some("registry:catalog:* aws"), format!("scope=registry%3Acatalog%3A*&scope=aws&{own}")),
        ] {
            let (_, url) = request(wanted(&realm, scope), None);
            assert_eq!(url.as_str(), format!("https://h.x/t?a=b&service=s&{expected}"), "{scope:?}");
        }
    }

    #[test]
    fn an_identity_token_goes_into_the_body() {
        let realm = Url::parse("https://h.x/t").unwrap();
        let access =
            NamedCredential { credential: Credential::IdentityToken("s3cret&".into()), name: "test".to_owned() };
        let (request, url) = request(wanted(&realm, None), Some(&access));
        assert_eq!(url, realm);
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
