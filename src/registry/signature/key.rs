//! Public keys that signatures are checked with; this module must not know what was signed.

#![deny(clippy::disallowed_methods)]

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use webpki::RawPublicKeyEntity;
use webpki::ring::{ECDSA_P256_SHA256, ED25519, RSA_PKCS1_2048_8192_SHA256};

/// What cosign signs with, by the kind of key.
static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 3] = [ECDSA_P256_SHA256, RSA_PKCS1_2048_8192_SHA256, ED25519];

/// A public key: ECDSA on P-256, RSA of at least 2048 bits, or Ed25519.
#[derive(Clone, Debug)]
pub struct VerifyKey {
    name: String,
    info: SubjectPublicKeyInfoDer<'static>,
    algorithm: &'static dyn SignatureVerificationAlgorithm,
}

impl VerifyKey {
    /// Reads the keys of a PEM text; an error is the reason.
    pub fn parse(name: &str, pem: &[u8]) -> Result<Vec<Self>, String> {
        let found = SubjectPublicKeyInfoDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let found = found.map_err(|_| "it is broken PEM".to_owned())?;
        if found.is_empty() {
            return Err("it holds no public key in PEM (-----BEGIN PUBLIC KEY-----)".to_owned());
        }
        found.into_iter().map(|info| Self::new(name, info)).collect()
    }

    /// What to call the key in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the signature of the message was made with this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        RawPublicKeyEntity::try_from(&self.info)
            .is_ok_and(|key| key.verify_signature(self.algorithm, message, signature).is_ok())
    }

    fn new(name: &str, info: SubjectPublicKeyInfoDer<'static>) -> Result<Self, String> {
        let wrong = || "it is no key of a known kind: ECDSA P-256, RSA or Ed25519".to_owned();
        let algorithm = {
            let key = RawPublicKeyEntity::try_from(&info).map_err(|_| wrong())?;
            // Only the algorithm that the key is for gets as far as looking at the signature.
            let is_for = |algorithm: &&&'static dyn SignatureVerificationAlgorithm| {
                matches!(key.verify_signature(**algorithm, b"", b""), Err(webpki::Error::InvalidSignatureForPublicKey))
            };
            *ALGORITHMS.iter().find(is_for).ok_or_else(wrong)?
        };
        Ok(Self { name: name.to_owned(), info, algorithm })
    }
}
