//! A digest that may be written into a file; this module must not fetch what it hashes.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use sha2::{Digest as _, Sha256, Sha512};

use super::Digest;

/// A digest that may be written into a file, because it was computed from an image's manifest and not only claimed.
///
/// It cannot be made from what a registry says about a digest: only from the bytes that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenDigest(Digest);

/// How a digest is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// How it was computed.
    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512:") { Algorithm::Sha512 } else { Algorithm::Sha256 }
    }
}

impl ProvenDigest {
    /// Computes the digest of these bytes.
    pub fn of_bytes(bytes: &[u8], algorithm: Algorithm) -> Self {
        Self(Digest(match algorithm {
            Algorithm::Sha256 => format!("sha256:{:x}", Sha256::digest(bytes)),
            Algorithm::Sha512 => format!("sha512:{:x}", Sha512::digest(bytes)),
        }))
    }

    /// Takes the word of the user, who wrote the digest down. Only `set` may do so, because it asks no registry.
    pub fn on_the_users_word(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest.
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Display for ProvenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_bytes_in_either_algorithm() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let proven = ProvenDigest::of_bytes(b"{}", algorithm);
            assert_eq!(proven.digest().algorithm(), algorithm);
            assert_eq!(Digest::parse(&proven.to_string()).as_ref(), Ok(proven.digest()));
            assert_ne!(proven, ProvenDigest::of_bytes(b"{ }", algorithm));
        }
        let empty = ProvenDigest::of_bytes(b"", Algorithm::Sha256).to_string();
        assert_eq!(empty, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
