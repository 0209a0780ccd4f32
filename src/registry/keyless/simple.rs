//! The annotations in which cosign 2 stores a keyless signature, as a bundle; this module must not check any of it.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use sigstore_verify::types::{Bundle, DerCertificate, MediaType};

use crate::registry::words;

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// The longest annotation that is read; real ones have some kilobytes.
const LONGEST: usize = 256 * 1024;

/// What the annotations have to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// The promise of a log, too.
    WithLog,
    /// No entry of a log: it would not be looked at.
    WithoutLog,
}

/// What cosign 2 keeps of a log's answer (`pkg/cosign/bundle/rekor.go`).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogEntry {
    signed_entry_timestamp: String,
    payload: LogPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogPayload {
    body: String,
    integrated_time: i64,
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Timestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    token: String,
}

impl Storage {
    /// The bundle that says the same; an error is the reason.
    pub(super) fn bundle(self, annotations: &BTreeMap<String, String>) -> Result<Bundle, String> {
        let text = |name: &str| annotations.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        if [SIGNATURE, CERTIFICATE, LOG_ENTRY, TIMESTAMP]
            .iter()
            .filter_map(|name| text(name))
            .any(|t| t.len() > LONGEST)
        {
            return Err("a keyless signature with an annotation that is too long".to_owned());
        }
        let certificate = text(CERTIFICATE).ok_or("a signature with a key, not by an identity")?;
        let certificate =
            DerCertificate::from_pem(certificate).map_err(|_| "a signature with a certificate that is not PEM")?;
        let signature = text(SIGNATURE).ok_or("a certificate without a signature")?;
        let (kind, entries) = match (self, text(LOG_ENTRY)) {
            (Self::WithoutLog, _) => (MediaType::Bundle0_3, Vec::new()),
            (Self::WithLog, Some(entry)) => (MediaType::Bundle0_1, vec![log_entry(entry)?]),
            (Self::WithLog, None) => {
                return Err("a keyless signature without an entry of a transparency log".to_owned());
            }
        };
        let timestamps = text(TIMESTAMP).map(timestamp).transpose()?.into_iter().collect::<Vec<_>>();
        let bundle = json!({
            "mediaType": kind.as_str(),
            "verificationMaterial": {
                "certificate": { "rawBytes": certificate.to_base64() },
                "tlogEntries": entries,
                "timestampVerificationData": { "rfc3161Timestamps": timestamps },
            },
            "messageSignature": { "signature": signature },
        });
        serde_json::from_value(bundle)
            .map_err(|error| words::short(format!("a keyless signature that is not valid: {error}")))
    }
}

fn log_entry(text: &str) -> Result<Value, String> {
    let wrong = || "a keyless signature with an entry of a log that can't be read".to_owned();
    let LogEntry { signed_entry_timestamp, payload } = serde_json::from_str(text).map_err(|_| wrong())?;
    let id = sigstore_verify::types::Sha256Hash::from_hex(&payload.log_id).map_err(|_| wrong())?;
    Ok(json!({
        "logIndex": payload.log_index.to_string(),
        "logId": { "keyId": id.to_base64() },
        "kindVersion": { "kind": "hashedrekord", "version": "0.0.1" },
        "integratedTime": payload.integrated_time.to_string(),
        "inclusionPromise": { "signedEntryTimestamp": signed_entry_timestamp },
        "canonicalizedBody": payload.body,
    }))
}

fn timestamp(text: &str) -> Result<Value, String> {
    let Timestamp { token } =
        serde_json::from_str(text).map_err(|_| "a keyless signature with a timestamp that can't be read".to_owned())?;
    Ok(json!({ "signedTimestamp": token }))
}
