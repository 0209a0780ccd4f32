//! Secrets and what hides them: a type that does not print, and a filter for text that others wrote.
//! This module must not decide where a secret is used.

#![deny(clippy::disallowed_methods)]

pub use secrecy::{ExposeSecret, SecretString};

pub use audience::{Audience, Bound};
pub use in_urls::secrets_in_urls;
pub use redactor::{NotPublic, Redactor, SharedRedactor};

pub(crate) use redactor::HIDDEN;

mod audience;
mod in_urls;
pub mod names;
mod needles;
pub(crate) mod own;
mod redactor;
mod spelling;

/// A user name and a password or token.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name; public.
    pub username: String,
    /// The password or token.
    pub password: SecretString,
}
