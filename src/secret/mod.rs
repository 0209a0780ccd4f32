//! Secrets and what hides them: a type that does not print, and a filter for text that others wrote.
//! This module must not decide where a secret is used.

#![deny(clippy::disallowed_methods)]

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
pub use secrecy::{ExposeSecret, SecretString};

pub use audience::{Audience, Bound};

mod audience;
pub mod names;

/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";

/// Shorter values are no secrets worth the damage that hiding them would do to ordinary text.
const SHORTEST: usize = 4;

/// A user name and a password or token.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name; public.
    pub username: String,
    /// The password or token.
    pub password: SecretString,
}

/// Every secret of a run, so that text from outside (a server's words) can be freed from them.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Vec<String>,
}

/// A [`Redactor`] that its clones share: what one of them learns on the way, all of them hide.
#[derive(Clone, Default)]
pub struct SharedRedactor(Arc<RwLock<Redactor>>);

impl Redactor {
    /// Remembers a secret: as it is, in both base64 alphabets and percent-encoded.
    pub fn add(&mut self, secret: &SecretString) {
        let secret = secret.expose_secret();
        for line in secret.lines().map(str::trim).chain([secret]) {
            if line.len() < SHORTEST || line.starts_with("-----") {
                continue;
            }
            self.needle(line.to_owned());
            self.needle(STANDARD.encode(line));
            self.needle(STANDARD_NO_PAD.encode(line));
            self.needle(URL_SAFE.encode(line));
            self.needle(url::form_urlencoded::byte_serialize(line.as_bytes()).collect());
        }
    }

    /// Remembers a pair: its password, and what an `Authorization: Basic` header makes of it.
    pub fn add_credentials(&mut self, credentials: &Credentials) {
        self.add(&credentials.password);
        let pair = format!("{}:{}", credentials.username, credentials.password.expose_secret());
        self.add(&SecretString::from(pair));
    }

    /// Replaces every remembered secret by `[hidden]`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut result = Cow::Borrowed(text);
        for needle in &self.needles {
            if result.contains(needle.as_str()) {
                result = Cow::Owned(result.replace(needle.as_str(), HIDDEN));
            }
        }
        result
    }

    fn needle(&mut self, needle: String) {
        if !self.needles.contains(&needle) {
            self.needles.push(needle);
            // The longest first: a short secret may be a part of a long one.
            self.needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        }
    }
}

impl SharedRedactor {
    /// Starts with what is known.
    pub fn new(redactor: Redactor) -> Self {
        Self(Arc::new(RwLock::new(redactor)))
    }

    /// See [`Redactor::add`].
    pub fn add(&self, secret: &SecretString) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(secret);
    }

    /// See [`Redactor::add_credentials`].
    pub fn add_credentials(&self, credentials: &Credentials) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add_credentials(credentials);
    }

    /// See [`Redactor::redact`].
    pub fn redact(&self, text: &str) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).redact(text).into_owned()
    }
}

impl fmt::Debug for SharedRedactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedRedactor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_every_form() {
        let mut redactor = Redactor::default();
        redactor.add_credentials(&Credentials {
            username: "oauth2".to_owned(),
            password: SecretString::from("glpat-+secret/x"),
        });
        let basic = STANDARD.encode("oauth2:glpat-+secret/x");
        let text = format!("glpat-+secret/x {basic} glpat-%2Bsecret%2Fx");
        assert_eq!(redactor.redact(&text), "[hidden] [hidden] [hidden]");
        assert_eq!(redactor.redact("nothing here"), "nothing here");
    }
}
