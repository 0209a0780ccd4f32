//! What cosign signs and how it writes it down: simple signing, and in-toto statements in envelopes.
//! This module must not talk to a registry.
//!
//! The formats are cosign's `SIGNATURE_SPEC.md`, the sigstore protobuf `Bundle` in JSON, DSSE's `protocol.md` and the
//! in-toto statement. No transparency log is asked: the key alone is what is trusted.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::carrier::{Carrier, SIGNED};
use crate::image::{Digest, Reference, Repository};
use crate::registry::annotation::Annotation;
use crate::registry::verify_key::VerifyKey;
use crate::registry::words;

/// The type of an envelope's payload that is an in-toto statement.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What should have been signed.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Subject<'a> {
    /// The image as the user wrote it.
    pub(in crate::registry) image: &'a Reference,
    /// Its digest in the registry.
    pub(in crate::registry) digest: &'a Digest,
    /// Other names that it may have been signed under.
    pub(in crate::registry) signed_as: &'a [Repository],
    /// What must be signed beside the digest.
    pub(in crate::registry) annotations: &'a [Annotation],
}

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
    optional: Option<BTreeMap<String, Value>>,
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
    message_signature: Option<serde::de::IgnoredAny>,
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
struct Statement {
    predicate_type: String,
    subject: Vec<StatementSubject>,
}

#[derive(Deserialize)]
struct StatementSubject {
    #[serde(default)]
    name: String,
    digest: BTreeMap<String, String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, Value>>,
}

/// The key that signed the image by this carrier; an error is the reason.
pub(super) fn signer<'k>(
    carrier: &Carrier,
    keys: &'k [VerifyKey],
    subject: &Subject<'_>,
) -> Result<&'k VerifyKey, String> {
    match carrier {
        Carrier::Simple { payload, notes } => {
            let key = key_of(payload, &decode(Carrier::signature_of(notes))?, keys)?;
            simple_signing(payload, subject).map(|()| key)
        }
        Carrier::Envelope { .. } | Carrier::Bundle { .. } => {
            let (statement, key) = statement(carrier, keys)?;
            signature(&statement, subject).map(|()| key)
        }
    }
}

/// The in-toto statement that a carrier holds, with the key that signed it; what it says is not looked at.
pub(in crate::registry) fn statement<'k>(
    carrier: &Carrier,
    keys: &'k [VerifyKey],
) -> Result<(Vec<u8>, &'k VerifyKey), String> {
    let envelope = match carrier {
        Carrier::Simple { .. } => return Err("a signature, not an attestation".to_owned()),
        Carrier::Envelope { bytes } => {
            serde_json::from_slice(bytes).map_err(|_| "an envelope that is not valid".to_owned())?
        }
        Carrier::Bundle { bytes } => in_bundle(bytes)?,
    };
    opened(&envelope, keys)
}

/// Whether a statement, which somebody trusted has signed, says that the image is signed; an error is the reason.
pub(in crate::registry) fn signature(statement: &[u8], subject: &Subject<'_>) -> Result<(), String> {
    let statement: Statement = serde_json::from_slice(statement)
        .map_err(|_| "a signed payload that is not an in-toto statement".to_owned())?;
    if statement.predicate_type != SIGNED {
        return Err(format!("an attestation of {:?}, not a signature", words::short(&statement.predicate_type)));
    }
    let mut reason = "a statement without a subject".to_owned();
    for own in &statement.subject {
        let named = if own.name.is_empty() { Ok(()) } else { same_reference(&own.name, subject) };
        let verdict =
            same_digests(&own.digest, subject).and(named).and_then(|()| annotated(own.annotations.as_ref(), subject));
        match verdict {
            Ok(()) => return Ok(()),
            Err(other) => reason = other,
        }
    }
    Err(reason)
}

/// Whether a payload, which somebody trusted has signed, is about the image; an error is the reason.
pub(in crate::registry) fn simple_signing(payload: &[u8], subject: &Subject<'_>) -> Result<(), String> {
    let payload: Payload = serde_json::from_slice(payload)
        .map_err(|_| "a signed payload that is not in the simple signing format".to_owned())?;
    let critical = payload.critical;
    if critical.kind != "cosign container image signature" {
        return Err(format!("a payload of the type {:?}", words::short(&critical.kind)));
    }
    same_digest(&critical.image.docker_manifest_digest, subject)?;
    same_reference(&critical.identity.docker_reference, subject)?;
    annotated(payload.optional.as_ref(), subject)
}

fn in_bundle(bytes: &[u8]) -> Result<Envelope, String> {
    let bundle: Bundle = serde_json::from_slice(bytes).map_err(|_| "a bundle that is not valid".to_owned())?;
    match (bundle.dsse_envelope, bundle.message_signature) {
        (Some(envelope), None) => Ok(envelope),
        (None, Some(_)) => Err("a signature of a file (cosign sign-blob), not of an image".to_owned()),
        (None, None) => Err("a bundle without a signature".to_owned()),
        (Some(_), Some(_)) => Err("a bundle with two contents".to_owned()),
    }
}

fn opened<'k>(envelope: &Envelope, keys: &'k [VerifyKey]) -> Result<(Vec<u8>, &'k VerifyKey), String> {
    let payload = decode(&envelope.payload)?;
    let message = pre_authentication_encoding(&envelope.payload_type, &payload);
    let mut found = Err("an envelope without a signature".to_owned());
    for signature in envelope.signatures.iter().take(8) {
        found = decode(&signature.sig).and_then(|signature| key_of(&message, &signature, keys));
        if found.is_ok() {
            break;
        }
    }
    let key = found?;
    if envelope.payload_type != IN_TOTO {
        return Err(format!("an envelope of {:?}", words::short(&envelope.payload_type)));
    }
    Ok((payload, key))
}

fn key_of<'k>(message: &[u8], signature: &[u8], keys: &'k [VerifyKey]) -> Result<&'k VerifyKey, String> {
    let key = keys.iter().find(|key| key.verifies(message, signature));
    key.ok_or_else(|| "a signature by another key, or of content that was changed".to_owned())
}

fn same_digest(signed: &str, subject: &Subject<'_>) -> Result<(), String> {
    if signed == subject.digest.as_str() {
        return Ok(());
    }
    Err(format!("a signature of another digest, {}", words::short(signed)))
}

fn same_digests(signed: &BTreeMap<String, String>, subject: &Subject<'_>) -> Result<(), String> {
    let mut verdict = Err("a statement without a subject".to_owned());
    for (algorithm, hex) in signed {
        verdict = same_digest(&format!("{algorithm}:{hex}"), subject);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

/// A signature of the same bytes in another repository is another's promise, unless the user says that the image came from there.
/// The image may have another tag there.
fn same_reference(signed: &str, subject: &Subject<'_>) -> Result<(), String> {
    let named = Reference::parse(signed).ok().filter(|named| {
        let same_tag = named.tag.is_none() || named.tag == subject.image.tag;
        let is_own = named.repository.is_same_as(&subject.image.repository) && same_tag;
        is_own || subject.signed_as.iter().any(|name| named.repository.is_same_as(name))
    });
    named.map(|_| ()).ok_or_else(|| format!("a signature for another image, {:?}", words::short(signed)))
}

/// Whether all that must be annotated is. Only texts count, as with cosign.
fn annotated(signed: Option<&BTreeMap<String, Value>>, subject: &Subject<'_>) -> Result<(), String> {
    for wanted in subject.annotations {
        match signed.and_then(|signed| signed.get(&wanted.key)) {
            Some(Value::String(value)) if *value == wanted.value => {}
            Some(Value::String(value)) => {
                let value = words::short(value);
                return Err(format!(
                    "a signature with the annotation {}={value:?} instead of {:?}",
                    wanted.key, wanted.value
                ));
            }
            _ => return Err(format!("a signature without the annotation {}", wanted.key)),
        }
    }
    Ok(())
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
