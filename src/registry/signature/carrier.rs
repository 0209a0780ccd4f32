//! What stands beside an image and may carry a signature or an attestation: read from the manifest that holds it.
//! This module must not talk to a registry, nor judge a signature.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::image::Digest;

/// The type of a simple signing payload.
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The type of a bare DSSE envelope, as cosign 2 attaches attestations.
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// What the type of a bundle starts with, in every version.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// The kind of in-toto statement that says "signed", and no more.
pub(super) const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

/// Where cosign keeps the signature of a simple signing payload.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// Where cosign writes what a statement says, outside of it: of a bundle, and of a bare envelope.
const PREDICATES: [&str; 2] = ["dev.sigstore.bundle.predicateType", "predicateType"];

/// More layers than any signature manifest has; the last are the newest.
const MOST_LAYERS: usize = 2000;

/// The notes of a descriptor or manifest; what they say is not signed.
pub(in crate::registry) type Notes = BTreeMap<String, String>;

/// What may be a signature or an attestation of an image; nothing of it is proven.
#[derive(Clone, Debug)]
pub(in crate::registry) enum Carrier {
    /// A payload in simple signing, with the signature and maybe a certificate in the notes beside it (cosign 2, skopeo).
    Simple {
        /// The payload.
        payload: Arc<[u8]>,
        /// The notes of its layer.
        notes: Notes,
    },
    /// A DSSE envelope without anything around it (cosign 2).
    Envelope {
        /// The envelope in JSON.
        bytes: Arc<[u8]>,
    },
    /// A sigstore bundle (cosign 3).
    Bundle {
        /// The bundle in JSON.
        bytes: Arc<[u8]>,
    },
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::registry) enum Wanted<'a> {
    /// Signatures.
    Signatures,
    /// Attestations of a predicate type that starts with one of these.
    Attestations(&'a [&'a str]),
}

/// When something is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// It may be what is wanted.
    Now,
    /// It says that it is something else; what it says is not signed, so that it is looked at in the end.
    Later,
    /// It can't be what is wanted.
    Never,
}

/// A blob that carriers are made of, one for each of the layers that name it.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) digest: Digest,
    /// How long it is said to be.
    pub(super) size: u64,
    pub(super) turn: Turn,
    layers: Vec<(Form, Notes)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Simple,
    Envelope,
    Bundle,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    layers: Vec<Layer>,
    annotations: Option<Notes>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
    size: u64,
    annotations: Option<Notes>,
}

impl Carrier {
    /// The signature beside a simple signing payload.
    pub(super) fn signature_of(notes: &Notes) -> &str {
        notes.get(SIGNATURE).map_or("", String::as_str)
    }
}

impl Wanted<'_> {
    /// When to look at something whose notes say this of it.
    pub(super) fn turn(self, notes: Option<&Notes>) -> Turn {
        let said = notes.and_then(|notes| PREDICATES.iter().find_map(|key| notes.get(*key)));
        match (self, said) {
            (_, None) => Turn::Now,
            (Self::Signatures, Some(said)) => {
                if said == SIGNED {
                    Turn::Now
                } else {
                    Turn::Later
                }
            }
            (Self::Attestations(types), Some(said)) => {
                // cosign 2 writes the short name that was given on its command line for some of them.
                let is_url = said.contains("://");
                match types.iter().any(|kind| said.starts_with(kind)) {
                    true => Turn::Now,
                    false if is_url => Turn::Never,
                    false => Turn::Later,
                }
            }
        }
    }

    fn takes(self, form: Form) -> bool {
        match self {
            Self::Signatures => form != Form::Envelope,
            Self::Attestations(_) => form != Form::Simple,
        }
    }
}

impl Parcel {
    /// The blobs of a manifest that may hold what is wanted, the newest first; none when it is about something else.
    pub(super) fn all_of(manifest: &[u8], wanted: Wanted<'_>) -> Vec<Self> {
        let raw: Raw = serde_json::from_slice(manifest).unwrap_or_default();
        let mut found: Vec<Self> = Vec::new();
        for layer in raw.layers.into_iter().rev().take(MOST_LAYERS) {
            let Some(form) = Form::of(&layer.media_type).filter(|form| wanted.takes(*form)) else { continue };
            let Ok(digest) = Digest::parse(&layer.digest) else { continue };
            let turn = wanted.turn(layer.annotations.as_ref()).max(wanted.turn(raw.annotations.as_ref()));
            let own = (form, layer.annotations.unwrap_or_default());
            // Signatures of one image by several keys have one payload.
            match found.iter_mut().find(|parcel| parcel.digest == digest) {
                Some(parcel) => {
                    parcel.turn = parcel.turn.min(turn);
                    parcel.layers.push(own);
                }
                None => found.push(Self { digest, size: layer.size, turn, layers: vec![own] }),
            }
        }
        found.retain(|parcel| parcel.turn != Turn::Never);
        found
    }

    /// What its bytes carry.
    pub(super) fn carriers(self, bytes: Vec<u8>) -> Vec<Carrier> {
        let bytes: Arc<[u8]> = bytes.into();
        let carrier = |(form, notes)| match form {
            Form::Simple => Carrier::Simple { payload: Arc::clone(&bytes), notes },
            Form::Envelope => Carrier::Envelope { bytes: Arc::clone(&bytes) },
            Form::Bundle => Carrier::Bundle { bytes: Arc::clone(&bytes) },
        };
        self.layers.into_iter().map(carrier).collect()
    }
}

impl Form {
    fn of(media_type: &str) -> Option<Self> {
        match media_type {
            SIMPLE_SIGNING => Some(Self::Simple),
            ENVELOPE => Some(Self::Envelope),
            bundle if bundle.starts_with(BUNDLE) => Some(Self::Bundle),
            _ => None,
        }
    }
}
