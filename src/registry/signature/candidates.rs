//! What refers to an image, by the lists that a registry gives, in the order in which it is worth a look.
//! This module must not talk to a registry.

#![deny(clippy::disallowed_methods)]

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::carrier::{Notes, Turn, Wanted};
use crate::image::Digest;

/// When a manifest was made, in RFC 3339; cosign writes UTC, so that the texts are ordered as the times are.
const CREATED: &str = "org.opencontainers.image.created";

/// What the types of an index start with; what refers to an image is a manifest.
const INDEXES: [&str; 2] = ["application/vnd.oci.image.index.", "application/vnd.docker.distribution.manifest.list."];

#[derive(Default, Deserialize)]
#[serde(default)]
struct List {
    manifests: Vec<Descriptor>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    artifact_type: Option<String>,
    annotations: Option<Notes>,
}

/// The manifests that the pages of a list name, each once: those that may be what is wanted first, of these the newest.
///
/// A list claims what it likes: no claim but another predicate type than a wanted one leaves anything out, since the
/// manifest decides.
pub(super) fn all_of(pages: &[Vec<u8>], wanted: Wanted<'_>) -> Vec<Digest> {
    let read = |page: &Vec<u8>| serde_json::from_slice::<List>(page).unwrap_or_default().manifests;
    let mut found: Vec<(Descriptor, Digest, Turn)> = pages
        .iter()
        .flat_map(read)
        .filter(|entry| !INDEXES.iter().any(|index| entry.media_type.starts_with(index)))
        .filter_map(|entry| {
            let digest = Digest::parse(&entry.digest).ok()?;
            let turn = wanted.turn(entry.annotations.as_ref());
            (turn != Turn::Never).then_some((entry, digest, turn))
        })
        .collect();
    // The last of a list that says no time is the newest where a list is appended to.
    found.reverse();
    found.sort_by_cached_key(|(entry, _, turn)| (*turn, entry.is_foreign(), Reverse(entry.created().to_owned())));
    let mut known = BTreeSet::new();
    found.into_iter().map(|(_, digest, _)| digest).filter(|digest| known.insert(digest.clone())).collect()
}

impl Descriptor {
    /// Whether it claims to be of a type that neither cosign nor one of its faults writes.
    fn is_foreign(&self) -> bool {
        let kind = self.artifact_type.as_deref().unwrap_or_default();
        let own = ["", "application/vnd.dev.sigstore.", "application/vnd.dev.cosign.", "application/vnd.oci."];
        !own.iter().any(|start| if start.is_empty() { kind.is_empty() } else { kind.starts_with(start) })
    }

    fn created(&self) -> &str {
        self.annotations.as_ref().and_then(|notes| notes.get(CREATED)).map_or("", String::as_str)
    }
}

/// The tag that stands in for the referrers API (OCI distribution specification 1.1, "Referrers Tag Schema").
pub(super) fn fallback_tag(digest: &Digest) -> String {
    let (algorithm, hex) = digest.as_str().split_once(':').unwrap_or((digest.as_str(), ""));
    format!("{}-{}", cut(algorithm, 32), cut(hex, 64))
}

fn cut(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> String {
        format!("sha256:{number:064}")
    }

    fn ordered(entries: &[(usize, &str, &str, &str)]) -> Vec<usize> {
        let entry = |(number, kind, predicate, created): &(usize, &str, &str, &str)| {
            serde_json::json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(*number),
                "artifactType": kind, "annotations": {"dev.sigstore.bundle.predicateType": predicate, CREATED: created}})
        };
        let page = serde_json::json!({"manifests": entries.iter().map(entry).collect::<Vec<_>>()});
        let found = all_of(&[page.to_string().into_bytes()], Wanted::Signatures);
        found.iter().map(|digest| digest.as_str()[7..].parse().unwrap()).collect()
    }

    #[test]
    fn signatures_come_before_attestations_and_the_newest_first() {
        let (bundle, signed) = ("application/vnd.dev.sigstore.bundle.v0.3+json", "https://sigstore.dev/cosign/sign/v1");
        let scan = "https://cosign.sigstore.dev/attestation/vuln/v1";
        assert_eq!(
            ordered(&[
                (1, bundle, scan, "2026-11-25T00:00:00Z"),
                (2, "application/spdx+json", signed, "2026-11-26T00:00:00Z"),
                (3, bundle, signed, "2026-11-23T00:00:00Z"),
                (4, "application/vnd.oci.empty.v1+json", signed, "2026-11-24T00:00:00Z"),
                (3, bundle, signed, "2026-11-23T00:00:00Z"),
            ]),
            [4, 3, 2, 1]
        );
    }

    #[test]
    fn a_list_that_is_none_names_nothing() {
        for page in ["", "[]", "{}", r#"{"manifests": 1}"#, r#"{"manifests": [{"digest": "x"}]}"#] {
            assert!(all_of(&[page.as_bytes().to_vec()], Wanted::Signatures).is_empty(), "{page}");
        }
    }

    #[test]
    fn the_fallback_tag_has_a_bounded_length() {
        let long = Digest::parse(&format!("sha512:{}", "a".repeat(128))).unwrap();
        assert_eq!(fallback_tag(&long), format!("sha512-{}", "a".repeat(64)));
    }
}
