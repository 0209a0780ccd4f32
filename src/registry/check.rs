//! The check of one image: finds it, then holds it against the requirements.
//! This module must not wait, nor know how a server is asked.

use std::sync::{Arc, PoisonError};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::contents::{self, Details, PlatformImage, Shape};
use super::error::{RegistryError, Seen};
use super::failure::Failure;
use super::platform::Platform;
use super::requirement::Requirements;
use super::session::Session;
use super::source::{Manifest, Source};
use super::{Births, By, Depth, Glance, Verified, manifest, signature};
use crate::image::{Digest, Reference};

/// The longest configuration that is read; the largest real ones have some hundred kilobytes.
const CONFIG_LIMIT: usize = 4 * 1024 * 1024;

/// As many platforms are read at a time.
const AT_A_TIME: usize = 4;

/// The check of one image.
pub(super) struct Check<'a> {
    source: Source,
    image: &'a Reference,
    by: By,
    /// The tag or digest that is asked for.
    key: &'a str,
    requirements: &'a Requirements,
}

/// An image that is there.
pub(super) enum Found {
    Digest(Digest),
    Manifest(Manifest),
}

impl<'a> Check<'a> {
    /// Prepares the check; a tag that is denied is not even asked for.
    pub(super) fn new(
        session: Arc<Session>,
        (image, by): (&'a Reference, By),
        requirements: &'a Requirements,
    ) -> Result<Self, RegistryError> {
        let check = Self { source: Source::new(session, image), image, by, key: by.key(image)?, requirements };
        let denied = image.tag.as_ref().and_then(|tag| requirements.tag(tag));
        check.fit(denied.into_iter().collect(), || None)?;
        Ok(check)
    }

    /// As deep as is asked, or as the requirements need.
    pub(super) fn depth(&self, asked: Depth) -> Depth {
        if self.requirements.need_details() {
            return Depth::Details;
        }
        let is_more = !self.requirements.verify_keys.is_empty() || !self.requirements.digests.is_empty();
        if is_more { asked.max(Depth::Manifest) } else { asked }
    }

    /// Finds the image in its registry.
    pub(super) async fn find(&self, depth: Depth) -> Result<Found, RegistryError> {
        let wanted = self.image.digest.as_ref();
        if depth == Depth::Digest {
            let digest = self.source.digest(self.key).await?;
            let is_answer = |digest: &Digest| wanted.is_none_or(|wanted| manifest::is_comparable(digest, wanted));
            if let Some(digest) = digest.filter(is_answer) {
                return Ok(Found::Digest(digest));
            }
        }
        Ok(Found::Manifest(self.source.manifest(self.key, wanted).await?))
    }

    /// Holds what was found against the requirements; names each that is not fulfilled.
    pub(super) async fn judge(&self, found: Found, depth: Depth) -> Result<Verified, RegistryError> {
        let (digest, manifest) = match found {
            Found::Digest(digest) => (digest, None),
            Found::Manifest(manifest) => (manifest.digest.digest().clone(), Some(manifest)),
        };
        if self.image.digest.as_ref().is_some_and(|wanted| *wanted != digest) {
            return Err(RegistryError::DigestMismatch { image: self.image.to_string(), found: digest });
        }
        tracing::info!("image {} is in the registry ({digest})", self.image.without_digest());
        let mut failures: Vec<Failure> = self.requirements.digest(self.image, &digest).into_iter().collect();
        let (mut details, mut signed_by) = (None, None);
        if let Some(manifest) = &manifest {
            if depth == Depth::Details {
                details = Some(read_details(&self.source, manifest).await?);
            }
            signed_by = self.signer(manifest, &mut failures).await?;
        }
        failures.extend(details.iter().flat_map(|details| self.requirements.contents(details)));
        let seen = || Seen { digest: digest.clone(), details: details.clone(), signed_by: signed_by.clone() };
        self.fit(failures, || Some(Box::new(seen())))?;
        let proof = manifest.map(|manifest| manifest.digest);
        Ok(Verified { reference: self.image.clone(), by: self.by, digest, proof, details, signed_by })
    }

    async fn signer(&self, manifest: &Manifest, failures: &mut Vec<Failure>) -> Result<Option<String>, RegistryError> {
        let keys = &self.requirements.verify_keys;
        if keys.is_empty() {
            return Ok(None);
        }
        match signature::signer(&self.source, self.image, manifest, keys).await? {
            Ok(key) => {
                tracing::info!("{} is signed by {key}", self.image.without_digest());
                Ok(Some(key))
            }
            Err(failure) => {
                failures.push(failure);
                Ok(None)
            }
        }
    }

    fn fit(&self, failures: Vec<Failure>, seen: impl FnOnce() -> Option<Box<Seen>>) -> Result<(), RegistryError> {
        if failures.is_empty() {
            return Ok(());
        }
        Err(RegistryError::Unfit { image: self.image.to_string(), failures, seen: seen() })
    }
}

/// What is in an image that is named by tag, digest or both.
pub(super) async fn look(session: Arc<Session>, image: &Reference, births: &Births) -> Result<Glance, RegistryError> {
    let source = Source::new(session, image);
    let manifest = match (&image.digest, &image.tag) {
        (Some(digest), _) => source.manifest_of(digest).await?,
        (None, Some(tag)) => source.manifest(tag.as_str(), None).await?,
        (None, None) => return Err(RegistryError::NoTag { image: image.to_string() }),
    };
    let digest = manifest.digest.digest().clone();
    let birth = {
        let mut births = births.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(births.entry(digest.clone()).or_default())
    };
    let read = async || Ok::<_, RegistryError>(read_details(&source, &manifest).await?.created().cloned());
    let created = birth.get_or_try_init(read).await?.clone();
    Ok(Glance { digest, created })
}

async fn read_details(source: &Source, manifest: &Manifest) -> Result<Details, RegistryError> {
    let images = match read_shape(source, manifest)? {
        Shape::Image { config, size } => vec![read_image(source, config, size, None).await?],
        Shape::Index(entries) => {
            let one = |(digest, platform)| read_entry(source, digest, platform);
            stream::iter(entries.into_iter().map(one)).buffered(AT_A_TIME).try_collect().await?
        }
    };
    Ok(Details { media_type: manifest.media_type.clone(), images })
}

async fn read_entry(
    source: &Source,
    digest: Digest,
    platform: Option<Platform>,
) -> Result<PlatformImage, RegistryError> {
    let manifest = match source.manifest_of(&digest).await {
        // The tag is there: what its index names is not on its way, it is gone.
        Err(RegistryError::NotFound { .. }) => {
            return Err(source.bad_answer(format!("its index names {digest}, which it does not have")));
        }
        manifest => manifest?,
    };
    match read_shape(source, &manifest)? {
        Shape::Image { config, size } => read_image(source, config, size, platform).await,
        Shape::Index(_) => Err(source.bad_answer(format!("its index names {digest}, another index"))),
    }
}

async fn read_image(
    source: &Source,
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

fn read_shape(source: &Source, manifest: &Manifest) -> Result<Shape, RegistryError> {
    Shape::read(&manifest.media_type, &manifest.body).map_err(|reason| source.bad_answer(reason))
}
