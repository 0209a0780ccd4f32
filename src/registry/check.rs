//! The check of one image: finds it, then holds it against the requirements.
//! This module must not wait, nor know how a server is asked.

use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use super::contents::Details;
use super::error::{Inspected, RegistryError};
use super::failure::Failure;
use super::kind::Kind;
use super::requirement::Requirements;
use super::session::Session;
use super::source::{ImageSource, Manifest};
use super::{Births, By, Depth, Glance, Verified, depths, manifest, signature};
use crate::image::{Digest, Reference};

/// The check of one image.
pub(super) struct Check<'a> {
    source: ImageSource,
    image: &'a Reference,
    by: By,
    /// The tag or digest that is asked for.
    key: &'a str,
    requirements: &'a Requirements,
}

impl<'a> Check<'a> {
    /// Prepares the check; a tag that is denied is not even asked for.
    pub(super) fn new(
        session: Arc<Session>,
        (image, by): (&'a Reference, By),
        requirements: &'a Requirements,
    ) -> Result<Self, RegistryError> {
        let check = Self { source: ImageSource::new(session, image), image, by, key: by.key(image)?, requirements };
        let denied = image.tag.as_ref().and_then(|tag| requirements.tag(tag));
        check.fit(denied.into_iter().collect(), || None)?;
        Ok(check)
    }

    /// Finds the image in its registry.
    pub(super) async fn find(&self) -> Result<Manifest, RegistryError> {
        self.source.manifest(self.key, self.image.digest.as_ref()).await
    }

    /// Holds what was found against the requirements, as deep as is asked or as they need; names each that is not fulfilled.
    pub(super) async fn judge(&self, manifest: Manifest, asked: Depth) -> Result<Verified, RegistryError> {
        let depth = if self.requirements.need_details() { Depth::Details } else { asked };
        let digest = manifest.digest.digest();
        require_wanted(self.image, digest)?;
        let mut failures: Vec<Failure> = self.requirements.digest(self.image, digest).into_iter().collect();
        let details = self.details(&manifest, depth, &mut failures).await?;
        let signed_by = self.signer(&manifest, &mut failures).await?;
        self.attested(&manifest, &mut failures).await?;
        failures.extend(details.iter().flat_map(|details| self.requirements.contents(details)));
        let seen = || Inspected { digest: digest.clone(), details: details.clone(), signed_by: signed_by.clone() };
        self.fit(failures, || Some(Box::new(seen())))?;
        let proof = manifest.digest;
        Ok(Verified { reference: self.image.clone(), by: self.by, proof, details, signed_by })
    }

    /// What is in the image, as far as that is asked or needed to tell whether it is one: a failure where it is none.
    async fn details(
        &self,
        manifest: &Manifest,
        depth: Depth,
        failures: &mut Vec<Failure>,
    ) -> Result<Option<Details>, RegistryError> {
        let kind = depths::kind(&self.source, manifest)?;
        if let Kind::Other(what) = kind {
            failures.push(Failure::NoImage { what });
            return Ok(None);
        }
        if depth < Depth::Details && kind == Kind::Image {
            return Ok(None);
        }
        let details = depths::details(&self.source, manifest).await?;
        if details.images.is_empty() {
            failures.push(Failure::NoImage { what: "an index that names no image".to_owned() });
        }
        Ok(Some(details))
    }

    async fn signer(&self, manifest: &Manifest, failures: &mut Vec<Failure>) -> Result<Option<String>, RegistryError> {
        if !self.requirements.need_signature() {
            return Ok(None);
        }
        match Box::pin(signature::signer(&self.source, self.image, manifest, self.requirements)).await? {
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

    /// Each attestation must be met by itself.
    async fn attested(&self, manifest: &Manifest, failures: &mut Vec<Failure>) -> Result<(), RegistryError> {
        for rule in &self.requirements.attestations {
            // On the heap: what a search holds while it waits is large.
            let attester = signature::attester(&self.source, manifest, self.requirements, rule, SystemTime::now());
            match Box::pin(attester).await? {
                Ok(key) => tracing::info!("{} has the attestation {rule} by {key}", self.image.without_digest()),
                Err(failure) => failures.push(failure),
            }
        }
        Ok(())
    }

    fn fit(&self, failures: Vec<Failure>, seen: impl FnOnce() -> Option<Box<Inspected>>) -> Result<(), RegistryError> {
        if failures.is_empty() {
            return Ok(());
        }
        Err(RegistryError::Unfit { image: self.image.to_string(), failures, seen: seen() })
    }
}

/// The digest that an image's tag names, by the manifest's headers where they give it.
pub(super) async fn digest(session: Arc<Session>, image: &Reference) -> Result<Digest, RegistryError> {
    let source = ImageSource::new(session, image);
    let (key, wanted) = (By::Tag.key(image)?, image.digest.as_ref());
    let is_answer = |digest: &Digest| wanted.is_none_or(|wanted| manifest::is_comparable(digest, wanted));
    let digest = match source.digest(key).await?.filter(is_answer) {
        Some(digest) => digest,
        None => source.manifest(key, wanted).await?.digest.digest().clone(),
    };
    require_wanted(image, &digest)?;
    Ok(digest)
}

/// Requires that an image that was found has the digest that its reference names, if it names one.
fn require_wanted(image: &Reference, digest: &Digest) -> Result<(), RegistryError> {
    if image.digest.as_ref().is_some_and(|wanted| wanted != digest) {
        return Err(RegistryError::DigestMismatch { image: image.to_string(), found: digest.clone() });
    }
    tracing::info!("image {} is in the registry ({digest})", image.without_digest());
    Ok(())
}

/// What is in an image that is named by tag, digest or both.
pub(super) async fn glance(session: Arc<Session>, image: &Reference, births: &Births) -> Result<Glance, RegistryError> {
    let source = ImageSource::new(session, image);
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
    let read = async || Ok::<_, RegistryError>(depths::details(&source, &manifest).await?.created().cloned());
    let created = birth.get_or_try_init(read).await?.clone();
    Ok(Glance { digest, created })
}
