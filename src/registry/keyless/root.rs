//! The trusted root, and whether a signature holds by it; this module must not know where either came from.
//!
//! What sigstore-verify leaves open is checked here: the dates of the authorities' own certificates, that every entry of a log
//! is proven, that a root which names a log or a certificate log has it asked for, and the identity.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Map, Value};
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{
    Artifact, ArtifactDigest, Bundle, DerCertificate, DigestBytes, HashAlgorithm, SignatureContent, TimeRange,
    TransparencyLogEntry,
};
use sigstore_verify::{VerificationPolicy, VerificationResult, Verifier};

use super::simple::Storage;
use super::{Identity, Signed, provider};
use crate::image::Digest;
use crate::registry::words;

/// The names that a trusted root has (`sigstore_trustroot.proto`): one that is written wrong must not take a requirement away.
const NAMES: [&str; 5] = ["mediaType", "tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"];

/// As many entries and timestamps prove one signature at most; each costs several checks.
const MOST_PROOFS: usize = 32;

/// The authorities that vouch for certificates, and the logs and clocks that prove when these were used.
#[derive(Clone)]
pub struct Root {
    verifier: Arc<Verifier>,
    needs_log: bool,
    needs_certificate_log: bool,
}

/// A bundle says of which version it is; sigstore-verify takes one that doesn't for the oldest.
#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "mediaType")]
    _media_type: String,
}

impl Root {
    /// Reads a trusted root as `cosign trusted-root create` writes it; an error is the reason.
    pub fn parse(json: &str) -> Result<Self, String> {
        provider::install();
        let names: Map<String, Value> =
            serde_json::from_str(json).map_err(|error| format!("it is not a JSON object: {error}"))?;
        let is_root = |kind: &str| kind.starts_with("application/vnd.dev.sigstore.trustedroot");
        if !names.get("mediaType").and_then(Value::as_str).is_some_and(is_root) {
            return Err("its mediaType is not that of a trusted root".to_owned());
        }
        if let Some(name) = names.keys().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(format!("it has the unknown key {:?}", words::short(name)));
        }
        let mut root = TrustedRoot::from_json(json).map_err(|error| words::short(error.to_string()))?;
        if root.certificate_authorities.is_empty() {
            return Err("it names no certificate authority, so no certificate could be trusted".to_owned());
        }
        if root.tlogs.is_empty() && root.timestamp_authorities.is_empty() {
            return Err("it names neither a transparency log nor a timestamp authority, so the time of a signature \
                        could not be proven"
                .to_owned());
        }
        for authority in &mut root.certificate_authorities {
            authority.valid_for =
                Some(within(authority.valid_for, authority.cert_chain.certificates.iter().map(|one| &one.raw_bytes))?);
        }
        for authority in &mut root.timestamp_authorities {
            authority.valid_for =
                Some(within(authority.valid_for, authority.cert_chain.certificates.iter().map(|one| &one.raw_bytes))?);
        }
        let verifier = Verifier::new(&root).map_err(|error| words::short(error.to_string()))?;
        Ok(Self {
            verifier: Arc::new(verifier),
            needs_log: !root.tlogs.is_empty(),
            needs_certificate_log: !root.ctlogs.is_empty(),
        })
    }

    /// Whether a bundle's statement about the manifest of this digest is signed by one of the identities; an error is the reason.
    ///
    /// What the statement says beyond its subject is for the caller to judge.
    pub fn verify(&self, bundle: &[u8], manifest: &Digest, identities: &[Identity]) -> Result<Signed, String> {
        let text = std::str::from_utf8(bundle).map_err(|_| "a bundle that is not text".to_owned())?;
        let _typed: Typed =
            serde_json::from_str(text).map_err(|error| format!("a bundle that is not valid: {}", short(error)))?;
        let bundle =
            Bundle::from_json(text).map_err(|error| format!("a bundle that is not valid: {}", short(error)))?;
        let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
            return Err("a signature of a file (cosign sign-blob), not of an image".to_owned());
        };
        if bundle.signing_certificate().is_none() {
            return Err("a signature with a key, not by an identity".to_owned());
        }
        let payload = envelope.payload.as_bytes().to_vec();
        self.holds(bundle, Artifact::Digest(digest(manifest)?), Some(payload), identities)
    }

    /// Whether a simple signing payload, as cosign 2 stores it, is signed by one of the identities; an error is the reason.
    ///
    /// The signature, the certificate and the proofs are in the annotations of the payload's layer. What the payload says is
    /// for the caller to judge.
    pub fn verify_simple(
        &self,
        payload: &[u8],
        annotations: &BTreeMap<String, String>,
        identities: &[Identity],
    ) -> Result<Signed, String> {
        let storage = if self.needs_log { Storage::WithLog } else { Storage::WithoutLog };
        let bundle = storage.bundle(annotations)?;
        self.holds(bundle, Artifact::Blob(payload), None, identities)
    }

    fn holds(
        &self,
        mut bundle: Bundle,
        artifact: Artifact<'_>,
        payload: Option<Vec<u8>>,
        identities: &[Identity],
    ) -> Result<Signed, String> {
        self.narrow(&mut bundle)?;
        let mut policy = VerificationPolicy::any_identity();
        if !self.needs_log {
            policy = policy.skip_tlog_unsafe();
        }
        if !self.needs_certificate_log {
            policy = policy.skip_sct();
        }
        let found = self.verifier.verify(artifact, &bundle, &policy).map_err(short)?;
        let is_complete = found.certificate_verified()
            && found.tlog_verified() == self.needs_log
            && found.sct_verified() == self.needs_certificate_log;
        if !is_complete {
            return Err("a keyless signature that could not be checked completely".to_owned());
        }
        signed(&found, payload, identities)
    }

    /// Takes away what is not looked at, and refuses what would not be checked.
    fn narrow(&self, bundle: &mut Bundle) -> Result<(), String> {
        let material = &mut bundle.verification_material;
        if let VerificationMaterialContent::X509CertificateChain { certificates } = &mut material.content {
            // The way to an authority is the root's to know, not the signature's.
            certificates.truncate(1);
        }
        if !self.needs_log {
            // No log is trusted, so that no entry says anything.
            material.tlog_entries.clear();
        }
        let timestamps = material.timestamp_verification_data.rfc3161_timestamps.len();
        if material.tlog_entries.len() > MOST_PROOFS || timestamps > MOST_PROOFS {
            return Err(format!("a keyless signature with more than {MOST_PROOFS} entries or timestamps"));
        }
        let is_bare =
            |entry: &TransparencyLogEntry| entry.inclusion_proof.is_none() && entry.inclusion_promise.is_none();
        if material.tlog_entries.iter().any(is_bare) {
            return Err("a keyless signature with a log entry without proof".to_owned());
        }
        Ok(())
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root")
            .field("needs_log", &self.needs_log)
            .field("needs_certificate_log", &self.needs_certificate_log)
            .finish_non_exhaustive()
    }
}

/// The time in which an authority counts: its own, as far as each certificate of its chain is valid.
fn within<'a>(window: Option<TimeRange>, chain: impl Iterator<Item = &'a DerCertificate>) -> Result<TimeRange, String> {
    let mut start = window.map(|window| window.start);
    let mut end = window.and_then(|window| window.end);
    for certificate in chain {
        let dates = parse_certificate_info(certificate)
            .map_err(|error| format!("one of its certificates can't be read: {}", short(error)))?;
        start = Some(start.map_or(dates.not_before, |start| start.max(dates.not_before)));
        end = Some(end.map_or(dates.not_after, |end| end.min(dates.not_after)));
    }
    start.map(|start| TimeRange::new(start, end)).ok_or_else(|| "one of its authorities has no certificate".to_owned())
}

fn signed(found: &VerificationResult, payload: Option<Vec<u8>>, identities: &[Identity]) -> Result<Signed, String> {
    let identity = found.identity().ok_or("a certificate without a URI or mail address as its identity")?;
    let issuer = found.issuer().ok_or("a certificate that names no issuer")?;
    if !identities.iter().any(|wanted| wanted.fits(identity.as_str(), issuer)) {
        return Err(format!("a signature by {} ({})", words::short(identity.as_str()), words::short(issuer)));
    }
    let time = found.verified_timestamps().iter().min().ok_or("a keyless signature without a proven time")?;
    Ok(Signed {
        identity: words::short(identity.as_str()),
        issuer: words::short(issuer),
        time: SystemTime::from(*time),
        payload,
    })
}

fn digest(manifest: &Digest) -> Result<ArtifactDigest, String> {
    let unknown = || format!("the digest {manifest}, which keyless signatures do not support");
    let (algorithm, hex) = manifest.as_str().split_once(':').ok_or_else(unknown)?;
    let algorithm = match algorithm {
        "sha256" => HashAlgorithm::Sha2256,
        "sha512" => HashAlgorithm::Sha2512,
        _ => return Err(unknown()),
    };
    let bytes = DigestBytes::from_hex(hex).map_err(|_| unknown())?;
    ArtifactDigest::new(algorithm, bytes).map_err(|_| unknown())
}

fn short(error: impl fmt::Display) -> String {
    words::short(error.to_string())
}
