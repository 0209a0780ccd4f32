//! Requests to a token service and the headers that show what it gave (distribution project, "Token authentication").
//! This module must not send anything.

#![deny(clippy::disallowed_methods)]

use oci_distribution::token_cache::RegistryToken;
use reqwest::Method;
use reqwest::header::ACCEPT;
use url::Url;

use super::credential::Credential;
use super::credentials::Access;
use super::transport::MANNERS;
use crate::http::{Login, Request, SecretForm};
use crate::secret::{Audience, Bound, SecretString};

/// No token service needs more for its answer.
pub(super) const LIMIT: usize = 256 * 1024;

/// Asks for a token to pull: with a password or nothing by GET, with an identity token by OAuth2 (RFC 6749, 6). What is shown is
/// for the realm's own server: the registry's challenge names it, and nobody else may name another one.
pub(super) fn request(realm: &Url, service: Option<&str>, repository: &str, access: Option<&Access>) -> (Request, Url) {
    let scope = format!("repository:{repository}:pull");
    let mut audience = Audience::default();
    audience.add_url(realm);
    let get = || Request::new(Method::GET, &MANNERS).header(ACCEPT, "application/json");
    let request = match access.map(|access| &access.credential) {
        Some(Credential::IdentityToken(token)) => {
            let fields = vec![
                ("grant_type", Some("refresh_token".to_owned())),
                ("client_id", Some("gitops-bump".to_owned())),
                ("service", Some(service.unwrap_or_default().to_owned())),
                ("scope", Some(scope)),
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
    url.query_pairs_mut().append_pair("scope", &scope);
    (request, url)
}

/// The token of a token service's answer; an error is the reason.
pub(super) fn read(body: &[u8]) -> Result<SecretString, String> {
    let token: RegistryToken =
        serde_json::from_slice(body).map_err(|_| "its token service gave no token".to_owned())?;
    // An empty token would ask anonymously without saying so.
    if token.token().is_empty() {
        return Err("its token service gave an empty token".to_owned());
    }
    if !token.token().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("its token service gave a token with control characters".to_owned());
    }
    Ok(SecretString::from(token.token()))
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
    }

    #[test]
    fn refuses_tokens_that_are_none() {
        for body in ["", "{}", r#"{"token": ""}"#, r#"{"token": "a\r\nX: b"}"#, r#"{"token": 1}"#, "<html>"] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn asks_for_the_repository_only() {
        let realm = Url::parse("https://h.x/t?a=b").unwrap();
        let (_, url) = request(&realm, Some("s"), "team/app", None);
        assert_eq!(url.as_str(), "https://h.x/t?a=b&service=s&scope=repository%3Ateam%2Fapp%3Apull");
    }

    #[test]
    fn an_identity_token_goes_into_the_body() {
        let realm = Url::parse("https://h.x/t").unwrap();
        let access = Access { credential: Credential::IdentityToken("s3cret&".into()), name: "test".to_owned() };
        let (request, url) = request(&realm, Some("s"), "team/app", Some(&access));
        assert_eq!(url, realm);
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
