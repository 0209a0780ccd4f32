//! Public keys that signatures are checked with; this module must not know what was signed.

#![deny(clippy::disallowed_methods)]

use rustls::pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use webpki::RawPublicKeyEntity;
use webpki::ring::{ECDSA_P256_SHA256, ECDSA_P384_SHA256, ECDSA_P384_SHA384, ED25519, RSA_PKCS1_2048_8192_SHA256};

use super::pem;

/// What cosign signs with, by the kind of key. For P-384 cosign 2 takes SHA-256, cosign 3 and others SHA-384.
static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 5] =
    [ECDSA_P256_SHA256, ECDSA_P384_SHA384, ECDSA_P384_SHA256, RSA_PKCS1_2048_8192_SHA256, ED25519];

/// A public key: ECDSA on P-256 or P-384, RSA of 2048 to 8192 bits, or Ed25519.
#[derive(Clone, Debug)]
pub struct VerifyKey {
    name: String,
    info: SubjectPublicKeyInfoDer<'static>,
    algorithms: Vec<&'static dyn SignatureVerificationAlgorithm>,
}

impl VerifyKey {
    /// Reads the keys of a PEM text, all that it has; an error is the reason.
    pub fn parse(name: &str, text: &[u8]) -> Result<Vec<Self>, String> {
        let found = pem::public_keys(text)?;
        if found.is_empty() {
            return Err("it contains no public key in PEM (-----BEGIN PUBLIC KEY-----)".to_owned());
        }
        found.into_iter().map(|info| Self::new(name, info)).collect()
    }

    /// What to call the key in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the signature of the message was made with this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        RawPublicKeyEntity::try_from(&self.info).is_ok_and(|key| {
            self.algorithms.iter().any(|algorithm| key.verify_signature(*algorithm, message, signature).is_ok())
        })
    }

    fn new(name: &str, info: SubjectPublicKeyInfoDer<'static>) -> Result<Self, String> {
        let wrong = || "its key type is not supported: use ECDSA on P-256 or P-384, RSA or Ed25519".to_owned();
        if let Some(bits) = pem::rsa_bits(&info).filter(|bits| !(2048..=8192).contains(bits)) {
            return Err(format!(
                "its RSA key has {bits} bits: at least 2048 bits are required, and at most 8192 are supported"
            ));
        }
        let algorithms: Vec<_> = {
            let key = RawPublicKeyEntity::try_from(&info).map_err(|_| wrong())?;
            // Only an algorithm that the key is for gets as far as looking at the signature.
            let is_for = |algorithm: &&'static dyn SignatureVerificationAlgorithm| {
                matches!(key.verify_signature(*algorithm, b"", b""), Err(webpki::Error::InvalidSignatureForPublicKey))
            };
            ALGORITHMS.into_iter().filter(is_for).collect()
        };
        if algorithms.is_empty() {
            return Err(wrong());
        }
        Ok(Self { name: name.to_owned(), info, algorithms })
    }
}
