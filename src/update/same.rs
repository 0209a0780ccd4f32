//! With `--changed-digest-only`: which versions that places hold are the wanted image already, under another tag. This module
//! must not write, nor know where the places are.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::info;

use crate::edit::Written;
use crate::image::{Reference, Tag};
use crate::registry::{Registry, RegistryError, Verified};

/// What a run knows of the versions that its places hold.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// Each with the number of its image, and whether it is that very image.
    known: Mutex<Vec<(usize, Written, bool)>>,
}

impl Versions {
    /// The versions that are this image.
    pub(super) fn same(&self, image: usize) -> Vec<Written> {
        let known = self.known();
        let own = known.iter().filter(|(number, _, is_same)| *number == image && *is_same);
        own.map(|(_, version, _)| version.clone()).collect()
    }

    /// Finds out whether a version is the wanted image, by the number of it, once.
    pub(super) async fn compare(
        &self,
        held: &Written,
        (image, verified): (usize, &Verified),
        registry: &Registry,
    ) -> Result<(), RegistryError> {
        if self.known().iter().any(|(number, version, _)| *number == image && version == held) {
            return Ok(());
        }
        let is_same = names(held, verified, registry).await?;
        if is_same {
            let repository = verified.repository();
            info!(
                "{repository}:{held} is the same image as {}, so the place is not changed",
                verified.reference().without_digest()
            );
        }
        self.known().push((image, held.clone(), is_same));
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Vec<(usize, Written, bool)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a version names this very image. A digest says so itself; a tag that is gone names none.
async fn names(held: &Written, verified: &Verified, registry: &Registry) -> Result<bool, RegistryError> {
    if let Some(digest) = &held.digest {
        return Ok(digest == verified.digest().as_str());
    }
    let tag = held.tag.as_deref().and_then(|tag| Tag::parse(tag).ok()).filter(|tag| Some(tag) != verified.tag());
    let Some(tag) = tag else { return Ok(false) };
    let reference = Reference { repository: verified.repository().clone(), tag: Some(tag), digest: None };
    match registry.digest_of(&reference).await {
        Ok(found) => Ok(found == *verified.digest()),
        Err(RegistryError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
