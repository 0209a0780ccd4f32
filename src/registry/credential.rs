//! What a registry is shown; this module must not know where it comes from.

#![deny(clippy::disallowed_methods)]

use crate::secret::{Credentials, SecretString};

/// What a registry is shown.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A user name and a password.
    Password(Credentials),
    /// An OAuth2 refresh token, which only a token service takes.
    IdentityToken(SecretString),
}

impl Credential {
    /// As a pair; a token goes with the user name that docker writes for one.
    pub(super) fn into_pair(self) -> Credentials {
        match self {
            Self::Password(pair) => pair,
            Self::IdentityToken(password) => Credentials { username: "<token>".to_owned(), password },
        }
    }
}
