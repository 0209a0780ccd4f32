//! What counts as an image: a chart, an artifact or a signature stands in a registry like one, and nothing can run it.
//! This module must not talk to a registry.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use oci_distribution::manifest::{IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE};
use oci_distribution::manifest::{OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE};
use serde::Deserialize;

use super::words;

/// The types of an image's configuration.
const CONFIGURATIONS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// What stands in their place in old images, of registries that had forgotten it; container engines take such images, too.
const FORGOTTEN: [&str; 4] = ["", "application/octet-stream", "application/json", "text/html"];

/// What the types of an image's layers start with, compressed, encrypted or lazily loaded as they may be.
const LAYERS: [&str; 2] = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];

/// What is known by its type.
const KNOWN: [(&str, &str); 6] = [
    ("application/vnd.cncf.helm.", "a Helm chart"),
    ("application/vnd.dev.cosign.", "a signature or attestation of cosign"),
    ("application/vnd.dev.sigstore.", "a signature or attestation of cosign"),
    ("application/vnd.dsse.", "an attestation"),
    ("application/vnd.in-toto", "an attestation"),
    ("application/vnd.oci.empty.", "an artifact"),
];

/// What a manifest stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An image, or an index of images.
    Image,
    /// An index whose entries have to be read to tell.
    Unclear,
    /// Something else, in words.
    Other(String),
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Raw {
    artifact_type: Option<String>,
    config: Option<Part>,
    layers: Vec<Part>,
    manifests: Vec<Part>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Part {
    media_type: String,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
    platform: Option<Os>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Os {
    os: String,
}

impl Kind {
    /// What a manifest's bytes say; an error is the reason.
    pub(super) fn of(media_type: &str, body: &[u8]) -> Result<Self, String> {
        let raw: Raw = serde_json::from_slice(body).map_err(|_| "its manifest is not valid".to_owned())?;
        if let Some(kind) = raw.artifact_type.as_deref().filter(|kind| !is_configuration(kind)) {
            return Ok(Self::Other(named(kind)));
        }
        Ok(if is_index(media_type) { Self::of_index(&raw.manifests) } else { Self::of_manifest(&raw) })
    }

    fn of_index(entries: &[Part]) -> Self {
        let has_platform = |part: &&Part| part.platform.as_ref().is_some_and(|platform| !platform.os.is_empty());
        let is_image = entries.iter().filter(has_platform).any(Part::may_be_image);
        if is_image { Self::Image } else { Self::Unclear }
    }

    fn of_manifest(raw: &Raw) -> Self {
        let config = raw.config.as_ref().map_or("", |config| config.media_type.as_str());
        if !is_configuration(config) {
            return Self::Other(named(config));
        }
        let is_layer =
            |part: &Part| part.media_type.is_empty() || LAYERS.iter().any(|start| part.media_type.starts_with(start));
        match raw.layers.first() {
            Some(first) if !raw.layers.iter().any(is_layer) => Self::Other(named(&first.media_type)),
            _ => Self::Image,
        }
    }
}

impl Part {
    fn may_be_image(&self) -> bool {
        let os = self.platform.as_ref().map(|platform| platform.os.as_str());
        may_be_image(&self.media_type, self.artifact_type.as_deref(), self.annotations.as_ref(), os)
    }
}

/// Whether an index entry may be an image: attestations stand beside images under the platform `unknown`.
///
/// An entry of no type, and another index, may hold what runs: they are read.
pub(super) fn may_be_image(
    media_type: &str,
    artifact_type: Option<&str>,
    annotations: Option<&BTreeMap<String, String>>,
    os: Option<&str>,
) -> bool {
    let is_manifest =
        matches!(media_type, "" | OCI_IMAGE_MEDIA_TYPE | IMAGE_MANIFEST_MEDIA_TYPE) || is_index(media_type);
    let is_reference = annotations.is_some_and(|notes| notes.contains_key("vnd.docker.reference.type"));
    is_manifest && !is_reference && os != Some("unknown") && artifact_type.is_none_or(is_configuration)
}

/// Whether this is the type of an index.
pub(super) fn is_index(media_type: &str) -> bool {
    matches!(media_type, OCI_IMAGE_INDEX_MEDIA_TYPE | IMAGE_MANIFEST_LIST_MEDIA_TYPE)
}

/// Whether this may be the type of an image's configuration.
pub(super) fn is_configuration(media_type: &str) -> bool {
    CONFIGURATIONS.contains(&media_type) || FORGOTTEN.contains(&media_type)
}

fn named(media_type: &str) -> String {
    let known = KNOWN.iter().find(|(start, _)| media_type.starts_with(start));
    format!("{} ({})", known.map_or("an artifact", |(_, name)| name), words::short(media_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCI: &str = "application/vnd.oci.image.config.v1+json";
    const TAR: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

    fn manifest(config: &str, layers: &[&str]) -> Kind {
        let layers: Vec<_> = layers.iter().map(|layer| serde_json::json!({"mediaType": layer})).collect();
        let body = serde_json::json!({"config": {"mediaType": config}, "layers": layers});
        Kind::of(OCI_IMAGE_MEDIA_TYPE, body.to_string().as_bytes()).unwrap()
    }

    fn index(body: &str) -> Kind {
        Kind::of(OCI_IMAGE_INDEX_MEDIA_TYPE, body.as_bytes()).unwrap()
    }

    #[test]
    fn images_of_every_builder_are_images() {
        let docker = "application/vnd.docker.container.image.v1+json";
        for (config, layers) in [
            (OCI, &[TAR][..]),
            (OCI, &[]),
            (OCI, &["application/vnd.oci.image.layer.v1.tar+zstd"]),
            (OCI, &["application/vnd.oci.image.layer.v1.tar+gzip+encrypted"]),
            (OCI, &["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", TAR]),
            (OCI, &["application/vnd.oci.image.layer.nydus.blob.v1", TAR]),
            (docker, &["application/vnd.docker.image.rootfs.diff.tar.gzip"]),
            (docker, &["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"]),
            ("application/octet-stream", &["application/vnd.docker.image.rootfs.diff.tar.gzip"]),
            ("", &[""]),
        ] {
            assert_eq!(manifest(config, layers), Kind::Image, "{config} {layers:?}");
        }
        assert_eq!(Kind::of(OCI_IMAGE_MEDIA_TYPE, b"{}").unwrap(), Kind::Image);
        assert!(Kind::of(OCI_IMAGE_MEDIA_TYPE, b"[").is_err());
    }

    #[test]
    fn charts_artifacts_and_signatures_are_none() {
        let chart = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
        for (config, layers, word) in [
            (
                "application/vnd.cncf.helm.config.v1+json",
                &[chart][..],
                "a Helm chart (application/vnd.cncf.helm.config",
            ),
            (OCI, &["application/vnd.dev.cosign.simplesigning.v1+json"], "cosign"),
            (OCI, &["application/vnd.dsse.envelope.v1+json"], "an attestation"),
            (OCI, &["application/vnd.in-toto+json"], "an attestation"),
            (OCI, &["text/spdx+json"], "an artifact (text/spdx+json)"),
            ("application/vnd.oci.empty.v1+json", &["application/x-anything"], "an artifact"),
            ("application/vnd.oci.empty.v1+json", &[TAR], "an artifact"),
            ("application/vnd.wasm.config.v0+json", &["application/wasm"], "an artifact"),
            (
                "application/vnd.docker.plugin.v1+json",
                &["application/vnd.docker.image.rootfs.diff.tar.gzip"],
                "artifact",
            ),
        ] {
            let Kind::Other(what) = manifest(config, layers) else { panic!("{config} {layers:?} is an image") };
            assert!(what.contains(word), "{what}");
        }
        let typed = format!(r#"{{"artifactType": "application/x-y", "config": {{"mediaType": "{OCI}"}}}}"#);
        let kind = Kind::of(OCI_IMAGE_MEDIA_TYPE, typed.as_bytes()).unwrap();
        assert_eq!(kind, Kind::Other("an artifact (application/x-y)".to_owned()));
    }

    #[test]
    fn an_index_is_of_images_or_has_to_be_read() {
        let entry =
            |more: &str| index(&format!(r#"{{"manifests": [{{"mediaType": "{OCI_IMAGE_MEDIA_TYPE}"{more}}}]}}"#));
        let linux = r#", "platform": {"os": "linux"}"#;
        assert_eq!(entry(linux), Kind::Image);
        for more in
            ["", r#", "platform": {"os": "unknown"}"#, r#", "artifactType": "application/vnd.oci.empty.v1+json""#]
        {
            assert_eq!(entry(more), Kind::Unclear, "{more}");
        }
        assert_eq!(index(r#"{"manifests": []}"#), Kind::Unclear);
        assert!(matches!(index(r#"{"artifactType": "application/x-y"}"#), Kind::Other(_)));
    }
}
