//! What cosign signs and how it writes it down: simple signing, and the sigstore bundle.
//! This module must not talk to a registry.
//!
//! The formats are cosign's `SIGNATURE_SPEC.md`, the sigstore protobuf `Bundle` in JSON, DSSE's `protocol.md` and the
//! in-toto statement. No transparency log is asked: the key alone is what is trusted.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::VerifyKey;
use crate::image::{Digest, Reference};
use crate::registry::words;

/// The type of a simple signing payload.
pub(super) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// What the type of a bundle starts with, in every version.
pub(super) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// The kind of in-toto statement that says "signed", and no more.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

/// What should have been signed.
pub(super) struct Subject<'a> {
    /// The image as the user wrote it.
    pub(super) image: &'a Reference,
    /// Its digest in the registry.
    pub(super) digest: &'a Digest,
    /// The bytes of its manifest.
    pub(super) manifest: &'a [u8],
}

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Image {
    docker_manifest_digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    dsse_envelope: Option<Envelope>,
    message_signature: Option<MessageSignature>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: Option<MessageDigest>,
    signature: String,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    predicate_type: String,
    subject: Vec<StatementSubject>,
}

#[derive(Deserialize)]
struct StatementSubject {
    #[serde(default)]
    name: String,
    digest: BTreeMap<String, String>,
}

/// The key that signed a simple signing payload which is about the image; an error is the reason.
pub(super) fn simple_signing<'k>(
    payload: &[u8],
    signature: &str,
    keys: &'k [VerifyKey],
    subject: &Subject<'_>,
) -> Result<&'k VerifyKey, String> {
    let key = signer(payload, &decode(signature)?, keys)?;
    let payload: Payload =
        serde_json::from_slice(payload).map_err(|_| "a signed payload that is no simple signing".to_owned())?;
    let critical = payload.critical;
    if critical.kind != "cosign container image signature" {
        return Err(format!("a payload of the type {:?}", words::short(&critical.kind)));
    }
    same_digest(&critical.image.docker_manifest_digest, subject)?;
    same_reference(&critical.identity.docker_reference, subject)?;
    Ok(key)
}

/// The key that signed a bundle which is about the image; an error is the reason.
pub(super) fn bundle<'k>(bytes: &[u8], keys: &'k [VerifyKey], subject: &Subject<'_>) -> Result<&'k VerifyKey, String> {
    let bundle: Bundle = serde_json::from_slice(bytes).map_err(|_| "a bundle that is none".to_owned())?;
    match (&bundle.dsse_envelope, &bundle.message_signature) {
        (Some(envelope), _) => enveloped(envelope, keys, subject),
        (None, Some(signature)) => message(signature, keys, subject),
        (None, None) => Err("a bundle without a signature".to_owned()),
    }
}

fn enveloped<'k>(envelope: &Envelope, keys: &'k [VerifyKey], subject: &Subject<'_>) -> Result<&'k VerifyKey, String> {
    let payload = decode(&envelope.payload)?;
    let message = pre_authentication_encoding(&envelope.payload_type, &payload);
    let mut signer_found = Err("an envelope without a signature".to_owned());
    for signature in envelope.signatures.iter().take(8) {
        signer_found = decode(&signature.sig).and_then(|signature| signer(&message, &signature, keys));
        if signer_found.is_ok() {
            break;
        }
    }
    let key = signer_found?;
    if envelope.payload_type != "application/vnd.in-toto+json" {
        return Err(format!("an envelope of {:?}", words::short(&envelope.payload_type)));
    }
    let statement: Statement =
        serde_json::from_slice(&payload).map_err(|_| "a signed payload that is no in-toto statement".to_owned())?;
    if statement.predicate_type != SIGNED {
        return Err(format!("an attestation of {:?}, which is no signature", words::short(&statement.predicate_type)));
    }
    let digests = statement
        .subject
        .iter()
        .flat_map(|own| own.digest.iter().map(move |(algorithm, hex)| (own, format!("{algorithm}:{hex}"))));
    let mut reason = "a statement about nothing".to_owned();
    for (own, digest) in digests {
        let named = || if own.name.is_empty() { Ok(()) } else { same_reference(&own.name, subject) };
        match same_digest(&digest, subject).and_then(|()| named()) {
            Ok(()) => return Ok(key),
            Err(other) => reason = other,
        }
    }
    Err(reason)
}

fn message<'k>(
    signature: &MessageSignature,
    keys: &'k [VerifyKey],
    subject: &Subject<'_>,
) -> Result<&'k VerifyKey, String> {
    // The digest beside the signature is only a hint, but one that must not lie.
    if let Some(hint) = signature.message_digest.as_ref().filter(|hint| hint.algorithm == "SHA2_256")
        && decode(&hint.digest)? != Sha256::digest(subject.manifest).as_slice()
    {
        return Err("a signature of another digest".to_owned());
    }
    signer(subject.manifest, &decode(&signature.signature)?, keys)
}

fn signer<'k>(message: &[u8], signature: &[u8], keys: &'k [VerifyKey]) -> Result<&'k VerifyKey, String> {
    let key = keys.iter().find(|key| key.verifies(message, signature));
    key.ok_or_else(|| "a signature that none of the keys made, or of something that was changed".to_owned())
}

fn same_digest(signed: &str, subject: &Subject<'_>) -> Result<(), String> {
    if signed == subject.digest.as_str() {
        return Ok(());
    }
    Err(format!("a signature of another digest, {}", words::short(signed)))
}

/// A signature of the same bytes in another repository is another's promise.
fn same_reference(signed: &str, subject: &Subject<'_>) -> Result<(), String> {
    let named = Reference::parse(signed).ok().filter(|named| {
        let same_tag = named.tag.is_none() || named.tag == subject.image.tag;
        named.repository.is_same_as(&subject.image.repository) && same_tag
    });
    named.map(|_| ()).ok_or_else(|| format!("a signature for another image, {:?}", words::short(signed)))
}

/// What is really signed of an envelope (DSSE, `protocol.md`).
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

fn decode(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text.trim()).map_err(|_| "a signature that is not base64".to_owned())
}
