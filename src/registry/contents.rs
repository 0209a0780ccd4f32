//! What is in an image: platforms, sizes, creation times and labels, read from manifests, indexes and configurations.
//! This module must not talk to a registry.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use serde::Deserialize;

use super::created::Created;
use super::kind;
use super::platform::Platform;
use crate::image::Digest;

/// More platforms than any image has; a longer index is made to keep us busy.
pub(super) const MOST_IMAGES: usize = 64;

/// What is in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The media type of the manifest or index that the tag names.
    pub media_type: String,
    /// One image, or one for each platform of an index.
    pub images: Vec<PlatformImage>,
}

/// One platform's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformImage {
    /// What it runs on; empty when nothing says so.
    pub platform: Platform,
    /// Configuration and layers as they are stored, in bytes.
    pub size: u64,
    /// When it was created, when the image says so.
    pub created: Option<Created>,
    /// The configuration's labels.
    pub labels: BTreeMap<String, String>,
}

/// A manifest, as far as it is read here.
pub(super) enum Shape {
    /// An image of one platform.
    Image {
        /// The configuration; none when the artifact is no image.
        config: Option<Digest>,
        /// Configuration and layers, in bytes.
        size: u64,
    },
    /// The images of several platforms.
    Index(Vec<(Digest, Option<Platform>)>),
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawManifest {
    manifests: Vec<RawDescriptor>,
    config: Option<RawDescriptor>,
    layers: Vec<RawDescriptor>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawDescriptor {
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<RawPlatform>,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPlatform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawConfig {
    #[serde(flatten)]
    platform: RawPlatform,
    created: Option<String>,
    config: Option<RawSettings>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct RawSettings {
    labels: Option<BTreeMap<String, String>>,
}

impl Details {
    /// When the newest of the images was created.
    pub fn created(&self) -> Option<&Created> {
        self.images
            .iter()
            .filter_map(|image| image.created.as_ref())
            .reduce(|newest, other| if other.is_after(newest) { other } else { newest })
    }

    /// What all platforms need, in bytes.
    pub fn size(&self) -> u64 {
        self.images.iter().fold(0, |sum, image| sum.saturating_add(image.size))
    }

    /// The labels that all platforms have in common.
    pub fn labels(&self) -> BTreeMap<&str, &str> {
        let Some((first, others)) = self.images.split_first() else {
            return BTreeMap::new();
        };
        let is_common = |key: &String, value: &String| others.iter().all(|image| image.labels.get(key) == Some(value));
        let common = first.labels.iter().filter(|(key, value)| is_common(key, value));
        common.map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }
}

impl Shape {
    /// Reads a manifest's bytes; an error is the reason.
    pub(super) fn read(media_type: &str, body: &[u8]) -> Result<Self, String> {
        let raw: RawManifest = serde_json::from_slice(body).map_err(|_| "its manifest is not valid".to_owned())?;
        let digest =
            |text: &str| Digest::parse(text).map_err(|_| "its manifest has digests that are not valid".to_owned());
        if kind::is_index(media_type) {
            let images: Vec<&RawDescriptor> = raw.manifests.iter().filter(|entry| entry.may_be_image()).collect();
            if images.len() > MOST_IMAGES {
                return Err(format!("its index names {} images, more than {MOST_IMAGES}", images.len()));
            }
            let entry = |entry: &&RawDescriptor| {
                Ok::<_, String>((digest(&entry.digest)?, entry.platform.as_ref().map(RawPlatform::named)))
            };
            return images.iter().map(entry).collect::<Result<_, _>>().map(Self::Index);
        }
        let size = raw.config.iter().chain(&raw.layers).fold(0_u64, |sum, part| sum.saturating_add(part.size));
        let is_config =
            |config: &RawDescriptor| kind::is_configuration(&config.media_type) && !config.digest.is_empty();
        let config = raw.config.filter(is_config);
        Ok(Self::Image { config: config.map(|config| digest(&config.digest)).transpose()?, size })
    }
}

impl RawDescriptor {
    fn may_be_image(&self) -> bool {
        kind::may_be_image(&self.media_type, self.artifact_type.as_deref(), self.annotations.as_ref(), self.os())
    }

    fn os(&self) -> Option<&str> {
        self.platform.as_ref().map(|platform| platform.os.as_str())
    }
}

impl RawPlatform {
    fn named(&self) -> Platform {
        Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone().filter(|variant| !variant.is_empty()),
        }
    }
}

/// One platform's image; what its index says of the platform counts, since that is what runtimes choose by.
pub(super) fn platform_image(config: &[u8], size: u64, of_index: Option<Platform>) -> Result<PlatformImage, String> {
    let raw: RawConfig =
        serde_json::from_slice(config).map_err(|_| "the image's configuration is not valid".to_owned())?;
    Ok(PlatformImage {
        platform: of_index.unwrap_or_else(|| raw.platform.named()),
        size,
        created: raw.created.as_deref().and_then(Created::parse),
        labels: raw.config.and_then(|settings| settings.labels).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use oci_distribution::manifest::{OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE};

    use super::*;

    #[test]
    fn attestations_are_no_platform() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let entry = |os: &str, more: &str| {
            format!(
                r#"{{"mediaType": "{OCI_IMAGE_MEDIA_TYPE}", "digest": "{digest}", "platform": {{"os": "{os}", "architecture": "amd64"}}{more}}}"#
            )
        };
        let reference = r#", "annotations": {"vnd.docker.reference.type": "attestation-manifest"}"#;
        let index = format!(
            r#"{{"manifests": [{}, {}, {}]}}"#,
            entry("linux", ""),
            entry("unknown", reference),
            entry("unknown", "")
        );
        let Ok(Shape::Index(images)) = Shape::read(OCI_IMAGE_INDEX_MEDIA_TYPE, index.as_bytes()) else {
            panic!("it is an index");
        };
        assert_eq!(images.len(), 1);
        let many = vec![entry("linux", ""); MOST_IMAGES + 1].join(",");
        let many = format!(r#"{{"manifests": [{many}]}}"#);
        assert!(Shape::read(OCI_IMAGE_INDEX_MEDIA_TYPE, many.as_bytes()).is_err());
    }

    #[test]
    fn a_configuration_says_what_it_says() {
        let config = br#"{"os": "linux", "architecture": "arm64", "variant": "v8", "config": {"Labels": {"a": "b"}}}"#;
        let image = platform_image(config, 7, None).unwrap();
        assert_eq!((image.platform.to_string().as_str(), image.size), ("linux/arm64/v8", 7));
        assert_eq!(image.labels.get("a").map(String::as_str), Some("b"));
        assert!(platform_image(br#"{"config": {"Labels": null}}"#, 0, None).unwrap().labels.is_empty());
        assert!(platform_image(br#"{"config": {"Labels": {"a": 1}}}"#, 0, None).is_err());
    }
}
