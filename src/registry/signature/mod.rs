//! Finds the signatures of an image and checks them with the user's keys; this module must not trust a registry.

mod key;
mod payload;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use self::key::VerifyKey;
use self::payload::{BUNDLE, SIMPLE_SIGNING, Subject};
use super::error::RegistryError;
use super::failure::Failure;
use super::source::{Manifest, Source};
use crate::image::{Digest, Reference};

/// As many signatures are looked at; more are there to keep us busy.
const MOST: usize = 32;

/// The longest bundle or payload that is read.
const LIMIT: usize = 1024 * 1024;

/// Where cosign keeps the signature of a simple signing payload.
const SIGNATURE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";

#[derive(Default, Deserialize)]
#[serde(default)]
struct SignatureManifest {
    layers: Vec<Layer>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Referrers {
    manifests: Vec<Referrer>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Referrer {
    digest: String,
    artifact_type: Option<String>,
}

/// The name of the key that signed the image; the failure says what was found instead.
pub(super) async fn signer(
    source: &Source,
    image: &Reference,
    manifest: &Manifest,
    keys: &[VerifyKey],
) -> Result<Result<String, Failure>, RegistryError> {
    let subject = Subject { image, digest: manifest.digest.digest(), manifest: &manifest.body };
    let mut reasons: Vec<String> = Vec::new();
    let name = manifest.digest.digest().as_str().replacen(':', "-", 1);
    if let Some(found) = present(source.manifest(&format!("{name}.sig"), None).await)?
        && let Some(key) = signer_in(source, &found, keys, &subject, &mut reasons).await?
    {
        return Ok(Ok(key));
    }
    for referrer in referrers(source, manifest.digest.digest(), &name).await? {
        if let Some(found) = present(source.manifest_of(&referrer).await)?
            && let Some(key) = signer_in(source, &found, keys, &subject, &mut reasons).await?
        {
            return Ok(Ok(key));
        }
    }
    reasons.dedup();
    reasons.truncate(3);
    let names: Vec<&str> = keys.iter().map(VerifyKey::name).collect();
    Ok(Err(Failure::Signature {
        digest: manifest.digest.digest().clone(),
        keys: names.join(" or "),
        reasons: if reasons.is_empty() { "there is no signature at all".to_owned() } else { reasons.join("; ") },
    }))
}

/// The key that signed one of a signature manifest's layers.
async fn signer_in(
    source: &Source,
    manifest: &Manifest,
    keys: &[VerifyKey],
    subject: &Subject<'_>,
    reasons: &mut Vec<String>,
) -> Result<Option<String>, RegistryError> {
    let Ok(SignatureManifest { layers }) = serde_json::from_slice(&manifest.body) else {
        return Ok(None);
    };
    for layer in layers.iter().take(MOST) {
        let Ok(digest) = Digest::parse(&layer.digest) else {
            continue;
        };
        let verdict = if layer.media_type == SIMPLE_SIGNING {
            let signature = layer.annotations.as_ref().and_then(|notes| notes.get(SIGNATURE_ANNOTATION));
            let payload = source.blob(&digest, LIMIT).await?;
            payload::simple_signing(&payload, signature.map_or("", String::as_str), keys, subject)
        } else if layer.media_type.starts_with(BUNDLE) {
            payload::bundle(&source.blob(&digest, LIMIT).await?, keys, subject)
        } else {
            continue;
        };
        match verdict {
            Ok(key) => return Ok(Some(key.name().to_owned())),
            Err(reason) => reasons.push(reason),
        }
    }
    Ok(None)
}

/// What refers to the image: by the referrers API, else by the tag that stands in for it (OCI distribution spec 1.1).
async fn referrers(source: &Source, digest: &Digest, tag: &str) -> Result<Vec<Digest>, RegistryError> {
    let pages = match source.referrers(digest).await? {
        Some(pages) => pages,
        None => match present(source.manifest(tag, None).await)? {
            Some(manifest) => vec![manifest.body],
            None => return Ok(Vec::new()),
        },
    };
    let read = |body: Vec<u8>| serde_json::from_slice::<Referrers>(&body).unwrap_or_default().manifests;
    let manifests: Vec<Referrer> = pages.into_iter().flat_map(read).collect();
    let is_signature = |referrer: &&Referrer| match &referrer.artifact_type {
        Some(kind) => kind.starts_with(BUNDLE) || kind.starts_with("application/vnd.dev.cosign."),
        None => true,
    };
    let digests = manifests.iter().filter(is_signature).take(MOST);
    Ok(digests.filter_map(|referrer| Digest::parse(&referrer.digest).ok()).collect())
}

fn present(found: Result<Manifest, RegistryError>) -> Result<Option<Manifest>, RegistryError> {
    match found {
        Ok(manifest) => Ok(Some(manifest)),
        Err(RegistryError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
