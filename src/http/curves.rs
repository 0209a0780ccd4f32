//! ECDSA with SHA-512, which ring doesn't have: certificates and handshakes on P-521, and on the other curves. This module must not
//! decide whom to trust.

#![deny(clippy::disallowed_methods)]

use std::sync::LazyLock;

use rustls::SignatureScheme;
use rustls::crypto::{WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::{Digest as _, Sha512};

/// A curve whose signatures are over a message's SHA-512.
#[derive(Clone, Copy, Debug)]
enum Curve {
    P256,
    P384,
    P521,
}

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

const OWN: [Algorithm; 3] = [&Curve::P521, &Curve::P384, &Curve::P256];

/// What servers may sign with: all that ring knows, and ECDSA with SHA-512.
static SUPPORTED: LazyLock<WebPkiSupportedAlgorithms> = LazyLock::new(|| {
    let known = ring::default_provider().signature_verification_algorithms;
    // TLS 1.3 takes the first for the scheme, which is P-521; to TLS 1.2 a scheme says nothing of the curve.
    let mut mapping = known.mapping.to_vec();
    mapping.push((SignatureScheme::ECDSA_NISTP521_SHA512, &OWN));
    let all: Vec<Algorithm> = known.all.iter().copied().chain(OWN).collect();
    WebPkiSupportedAlgorithms { all: all.leak(), mapping: mapping.leak() }
});

pub(super) fn supported() -> WebPkiSupportedAlgorithms {
    *SUPPORTED
}

impl SignatureVerificationAlgorithm for Curve {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let hash = Sha512::digest(message);
        match self {
            Self::P256 => p256(public_key, &hash, signature),
            Self::P384 => p384(public_key, &hash, signature),
            Self::P521 => p521(public_key, &hash, signature),
        }
        .ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self {
            Self::P256 => alg_id::ECDSA_P256,
            Self::P384 => alg_id::ECDSA_P384,
            Self::P521 => alg_id::ECDSA_P521,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

macro_rules! verify {
    ($curve:ident) => {
        fn $curve(public_key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
            use ::$curve::ecdsa::signature::hazmat::PrehashVerifier as _;
            let key = ::$curve::ecdsa::VerifyingKey::from_sec1_bytes(public_key).ok()?;
            let signature = ::$curve::ecdsa::Signature::from_der(signature).ok()?;
            key.verify_prehash(hash, &signature).ok()
        }
    };
}

verify!(p256);
verify!(p384);
verify!(p521);
