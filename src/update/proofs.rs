//! What is known of the images that a run writes, and what has to be found out about them before it is written. This
//! module must not know where they are written.

use tokio::sync::{Mutex, OnceCell};

use super::same::Versions;
use crate::edit::{KnownDigest, Place, Wanted};
use crate::image::{Digest, Reference, Tag};
use crate::registry::{Age, Registry, RegistryError, Requirements, Verified};
use crate::rewrite::{FileRewrite, Rewrite};
use crate::secret::SharedRedactor;

/// The registry, and what it must say about every image.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// Where images are asked for.
    pub registry: &'a Registry,
    /// What they must fulfil.
    pub requirements: &'a Requirements,
    /// What must not be published.
    pub hidden: &'a SharedRedactor,
}

/// The checked images of a run. Whatever is found out about one of them is asked only once.
pub(super) struct Proofs<'a> {
    gate: Gate<'a>,
    images: Vec<Image>,
    /// What an image, by its index, is not older than.
    not_older: Mutex<Vec<(usize, Reference)>>,
    /// The versions that places hold, held against the wanted ones.
    versions: Versions,
}

struct Image {
    verified: Verified,
    /// Whether its tag was found to mean it.
    tag: OnceCell<()>,
}

impl<'a> Proofs<'a> {
    pub(super) fn new(gate: Gate<'a>, verified: Vec<Verified>) -> Self {
        let image = |verified: Verified| Image { verified, tag: OnceCell::new() };
        Self {
            gate,
            images: verified.into_iter().map(image).collect(),
            not_older: Mutex::default(),
            versions: Versions::default(),
        }
    }

    /// What must not be published.
    pub(super) fn hidden(&self) -> &'a SharedRedactor {
        self.gate.hidden
    }

    /// The images, in the order of the settings.
    pub(super) fn images(&self) -> impl Iterator<Item = &Verified> {
        self.images.iter().map(|image| &image.verified)
    }

    /// An image by its index.
    pub(super) fn image(&self, index: usize) -> Option<&Verified> {
        self.images.get(index).map(|image| &image.verified)
    }

    /// What is to be written.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let wanted = |(number, verified): (usize, &Verified)| Wanted {
            repository: verified.repository().clone(),
            tag: verified.tag().cloned(),
            digest: KnownDigest::Proven(verified.proof().clone()),
            same: self.versions.same(number),
        };
        self.images().enumerate().map(wanted).collect()
    }

    /// With `--changed-digest-only`: finds out which versions that would be written over are the wanted image already.
    pub(super) async fn compare(&self, rewrite: &Rewrite) -> Result<(), RegistryError> {
        for place in rewrite.files.iter().flat_map(FileRewrite::changed_places) {
            let Some(verified) = self.image(place.image) else { continue };
            self.versions.compare(&place.old, (place.image, verified), self.gate.registry).await?;
        }
        Ok(())
    }

    /// Where the digest of an image decides, and a place has its tag alone: requires that the tag still means that digest.
    pub(super) async fn require_tags(&self, rewrite: &Rewrite) -> Result<(), RegistryError> {
        let places = rewrite.files.iter().flat_map(|file| &file.places);
        for place in places.filter(|place| place.new.digest.is_none()) {
            let Some(Image { verified, tag }) = self.images.get(place.image) else { continue };
            tag.get_or_try_init(|| self.gate.registry.require_tag(verified)).await?;
        }
        Ok(())
    }

    /// With `--newer-only`: holds every image against those that its places name now.
    pub(super) async fn refuse_older(&self, rewrite: &Rewrite) -> Result<(), RegistryError> {
        if self.gate.requirements.age == Age::Any {
            return Ok(());
        }
        for place in rewrite.files.iter().flat_map(FileRewrite::changed_places) {
            let Some(verified) = self.image(place.image) else { continue };
            let Some(current) = other_version(place, verified) else { continue };
            let question = (place.image, current);
            // Held while the registry is asked: another repository that has the same question waits for the answer.
            let mut not_older = self.not_older.lock().await;
            if !not_older.contains(&question) {
                self.gate.registry.refuse_older(verified, &question.1).await?;
                not_older.push(question);
            }
        }
        Ok(())
    }
}

/// What a place names now, where that is another version of the image.
fn other_version(place: &Place, verified: &Verified) -> Option<Reference> {
    let tag = place.old.tag.as_deref().and_then(|tag| Tag::parse(tag).ok());
    let digest = place.old.digest.as_deref().and_then(|digest| Digest::parse(digest).ok());
    let is_same = match &digest {
        Some(digest) => digest == verified.digest(),
        None => tag.as_ref().is_none_or(|tag| Some(tag) == verified.tag()),
    };
    (!is_same).then(|| Reference { repository: verified.repository().clone(), tag, digest })
}
