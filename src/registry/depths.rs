//! Reads what is in an image: down through its indexes to the configuration of each platform, in bounded steps.
//! This module must not judge what it reads.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::contents::{self, Details, MOST_IMAGES, PlatformImage, Shape};
use super::error::RegistryError;
use super::kind::Kind;
use super::platform::Platform;
use super::source::{ImageSource, Manifest};
use crate::image::Digest;

/// The longest configuration that is read; the largest real ones have some hundred kilobytes.
const CONFIG_LIMIT: usize = 4 * 1024 * 1024;

/// As many platforms are read at a time.
const AT_A_TIME: usize = 4;

/// As many indexes may lie inside each other.
const DEEPEST: usize = 5;

/// What an index names: what is there, and the platform that is said of it.
type Entry = (Digest, Option<Platform>);

/// What an entry turned out to be.
enum Opened {
    Image(PlatformImage),
    Index(Vec<Entry>),
    /// A chart, an attestation or the like, which stands beside images.
    Other,
}

/// What is in an image, or in each of the images of an index and of the indexes in it.
pub(super) async fn details(source: &ImageSource, manifest: &Manifest) -> Result<Details, RegistryError> {
    let mut images = Vec::new();
    let mut level = match shape(source, manifest)? {
        Shape::Image { config, size } => {
            images.push(image(source, config, size, None).await?);
            Vec::new()
        }
        Shape::Index(entries) => entries,
    };
    let (mut depth, mut known) = (1, BTreeSet::from([manifest.digest.digest().clone()]));
    while !level.is_empty() {
        if depth > DEEPEST {
            return Err(source.bad_answer(format!("its indexes are nested more than {DEEPEST} levels deep")));
        }
        let open = |(digest, platform)| open(source, digest, platform);
        let opened: Vec<Opened> =
            stream::iter(std::mem::take(&mut level).into_iter().map(open)).buffered(AT_A_TIME).try_collect().await?;
        for opened in opened {
            match opened {
                Opened::Image(image) => images.push(image),
                // An index that names the same thing in several ways has it once.
                Opened::Index(entries) => {
                    level.extend(entries.into_iter().filter(|(digest, _)| known.insert(digest.clone())));
                }
                Opened::Other => {}
            }
        }
        if images.len() + level.len() > MOST_IMAGES {
            return Err(source.bad_answer(format!("its indexes name more than {MOST_IMAGES} images")));
        }
        depth += 1;
    }
    Ok(Details { media_type: manifest.media_type.clone(), images })
}

async fn open(source: &ImageSource, digest: Digest, platform: Option<Platform>) -> Result<Opened, RegistryError> {
    let manifest = match source.manifest_of(&digest).await {
        // The tag is there: what its index names is not on its way, it is gone.
        Err(RegistryError::NotFound { .. }) => {
            return Err(source.bad_answer(format!("its index names {digest}, which is missing")));
        }
        manifest => manifest?,
    };
    if let Kind::Other(_) = kind(source, &manifest)? {
        return Ok(Opened::Other);
    }
    Ok(match shape(source, &manifest)? {
        Shape::Image { config, size } => Opened::Image(image(source, config, size, platform).await?),
        Shape::Index(entries) => {
            let named = |(digest, own): Entry| (digest, own.or_else(|| platform.clone()));
            Opened::Index(entries.into_iter().map(named).collect())
        }
    })
}

async fn image(
    source: &ImageSource,
    config: Option<Digest>,
    size: u64,
    platform: Option<Platform>,
) -> Result<PlatformImage, RegistryError> {
    let config = match config {
        Some(digest) => source.blob(&digest, CONFIG_LIMIT).await?,
        None => b"{}".to_vec(),
    };
    contents::platform_image(&config, size, platform).map_err(|reason| source.bad_answer(reason))
}

/// What a manifest stands for.
pub(super) fn kind(source: &ImageSource, manifest: &Manifest) -> Result<Kind, RegistryError> {
    Kind::of(&manifest.media_type, &manifest.body).map_err(|reason| source.bad_answer(reason))
}

fn shape(source: &ImageSource, manifest: &Manifest) -> Result<Shape, RegistryError> {
    Shape::read(&manifest.media_type, &manifest.body).map_err(|reason| source.bad_answer(reason))
}
