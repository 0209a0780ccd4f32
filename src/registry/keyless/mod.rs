//! Signatures by an identity: a certificate that an authority gave to a job or a person for some minutes, and what proves when it
//! was used. This module must not ask anybody: all that it trusts is in the file of the trusted root.

#![deny(clippy::disallowed_methods)]

mod identity;
#[cfg(test)]
mod made_tests;
mod provider;
mod root;
mod simple;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

pub use self::identity::{Identity, Issuer};
pub use self::root::Root;

/// Who may sign without a key, and what proves it.
#[derive(Clone, Debug)]
pub struct Keyless {
    /// The authorities that vouch for certificates and times.
    pub root: Root,
    /// The identities of which one must have signed.
    pub identities: Vec<Identity>,
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who signed, as the certificate says it.
    pub identity: String,
    /// Who vouched for that identity when the certificate was given.
    pub issuer: String,
    /// When it was signed, by the earliest proof.
    pub time: SystemTime,
    /// The in-toto statement that was signed; none where the caller brought what was signed.
    pub payload: Option<Vec<u8>>,
}
