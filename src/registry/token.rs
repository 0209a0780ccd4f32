//! Requests to a token service and the headers that show what it gave (distribution project, "Token authentication").
//! This module must not send anything.

#![deny(clippy::disallowed_methods)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_distribution::token_cache::RegistryToken;
use reqwest::Method;
use reqwest::header::HeaderValue;
use url::Url;

use super::credentials::{Access, Credential};
use super::transport::Request;
use crate::secret::{Credentials, ExposeSecret as _, SecretString};

/// No token service needs more for its answer.
const LIMIT: usize = 256 * 1024;

/// Asks for a token to pull: with a password or nothing by GET, with an identity token by OAuth2 (RFC 6749, 6).
pub(super) fn request(
    realm: &Url,
    service: Option<&str>,
    repository: &str,
    access: Option<&Access>,
) -> Result<(Request, Url), String> {
    let scope = format!("repository:{repository}:pull");
    let mut request =
        Request { method: Method::GET, accept: "application/json", authorization: None, form: None, limit: LIMIT };
    let mut url = realm.clone();
    match access.map(|access| &access.credential) {
        Some(Credential::IdentityToken(token)) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "refresh_token").append_pair("client_id", "gitops-bump");
            form.append_pair("service", service.unwrap_or_default()).append_pair("scope", &scope);
            form.append_pair("refresh_token", token.expose_secret());
            request.method = Method::POST;
            request.form = Some(form.finish());
            return Ok((request, url));
        }
        Some(Credential::Password(pair)) => request.authorization = Some(basic(pair)?),
        None => {}
    }
    if let Some(service) = service {
        url.query_pairs_mut().append_pair("service", service);
    }
    url.query_pairs_mut().append_pair("scope", &scope);
    Ok((request, url))
}

/// The token of a token service's answer; an error is the reason.
pub(super) fn read(body: &[u8]) -> Result<SecretString, String> {
    let token: RegistryToken =
        serde_json::from_slice(body).map_err(|_| "its token service gave no token".to_owned())?;
    // An empty token would ask anonymously without saying so.
    if token.token().is_empty() {
        return Err("its token service gave an empty token".to_owned());
    }
    Ok(SecretString::from(token.token()))
}

/// The header that shows a token (RFC 6750).
pub(super) fn bearer(token: &SecretString) -> Result<HeaderValue, String> {
    let header = secret_header(&format!("Bearer {}", token.expose_secret()));
    header.ok_or_else(|| "its token service gave a token with control characters".to_owned())
}

/// The header that shows a user name and a password (RFC 7617).
pub(super) fn basic(pair: &Credentials) -> Result<HeaderValue, String> {
    if pair.username.contains(':') {
        return Err("a user name cannot have a colon".to_owned());
    }
    let text = format!("{}:{}", pair.username, pair.password.expose_secret());
    let header = secret_header(&format!("Basic {}", STANDARD.encode(text)));
    header.ok_or_else(|| "the credentials do not fit a header".to_owned())
}

fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_names_of_a_token() {
        let header = |body: &[u8]| read(body).and_then(|token| bearer(&token));
        assert_eq!(header(br#"{"token": "a.b", "expires_in": 60}"#).unwrap(), "Bearer a.b");
        assert_eq!(header(br#"{"access_token": "c"}"#).unwrap(), "Bearer c");
        assert!(header(br#"{"access_token": "c"}"#).unwrap().is_sensitive());
    }

    #[test]
    fn refuses_tokens_that_are_none() {
        for body in ["", "{}", r#"{"token": ""}"#, r#"{"token": "a\r\nX: b"}"#, r#"{"token": 1}"#, "<html>"] {
            assert!(read(body.as_bytes()).and_then(|token| bearer(&token)).is_err(), "{body}");
        }
    }

    fn access(credential: Credential) -> Access {
        Access { credential, name: "test".to_owned() }
    }

    #[test]
    fn asks_for_the_repository_only() {
        let realm = Url::parse("https://h.x/t?a=b").unwrap();
        let (request, url) = request(&realm, Some("s"), "team/app", None).unwrap();
        assert_eq!(url.as_str(), "https://h.x/t?a=b&service=s&scope=repository%3Ateam%2Fapp%3Apull");
        assert_eq!((request.method, request.authorization), (Method::GET, None));
    }

    #[test]
    fn an_identity_token_goes_into_the_body() {
        let realm = Url::parse("https://h.x/t").unwrap();
        let access = access(Credential::IdentityToken("s3cret&".into()));
        let (request, url) = request(&realm, Some("s"), "team/app", Some(&access)).unwrap();
        assert_eq!(url, realm);
        assert!(request.form.unwrap().ends_with("&refresh_token=s3cret%26"));
    }
}
