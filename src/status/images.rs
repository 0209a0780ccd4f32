//! Which of the named images their registries have. This module must not judge that.
//!
//! Registries are asked in parallel, and so are the images of each. One that does not answer is not asked again: what is
//! known of it then is known of all its images.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use tokio::sync::Semaphore;

use super::model::{RegistryStatus, State};
use crate::edit::Holding;
use crate::image::{Digest, Reference, Tag};
use crate::registry::{Glance, Registry, RegistryError};
use crate::text::one_line;

/// As many images of one registry are asked for at a time.
const OF_ONE: usize = 16;

/// As many images are asked for at a time.
const OF_ALL: usize = 64;

/// A registry that does not answer at all within this time is not waited for.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// As many images in a row without an answer, or with a server's failure, speak for the others.
const IN_A_ROW: usize = 3;

/// The answers by reference, each image asked for once.
pub(super) struct Images(BTreeMap<String, RegistryStatus>);

/// What is known of one registry while its images are asked for.
#[derive(Default)]
struct Host {
    /// What is said of all images that are not asked for any more.
    gone: OnceLock<RegistryStatus>,
    failures: AtomicUsize,
}

impl Images {
    /// Asks the registries.
    pub(super) async fn ask(registry: &Registry, holdings: impl Iterator<Item = &Holding>) -> Self {
        let mut hosts: BTreeMap<String, BTreeMap<String, Reference>> = BTreeMap::new();
        for image in holdings.filter_map(reference) {
            hosts.entry(image.repository.host()).or_default().insert(key(&image), image);
        }
        let all = Semaphore::new(OF_ALL);
        let answers = hosts.into_iter().map(|(name, images)| ask_one(registry, &all, name, images));
        Self(join_all(answers).await.into_iter().flatten().collect())
    }

    /// Asks nobody.
    pub(super) fn unasked() -> Self {
        Self(BTreeMap::new())
    }

    /// What is known of a place's image.
    pub(super) fn status(&self, holding: &Holding) -> RegistryStatus {
        let known = reference(holding).and_then(|image| self.0.get(&key(&image)).cloned());
        known.unwrap_or(RegistryStatus { state: State::Unasked, digest: None, created: None, error: None })
    }
}

/// Asks one registry for its images.
async fn ask_one(
    registry: &Registry,
    all: &Semaphore,
    name: String,
    images: BTreeMap<String, Reference>,
) -> Vec<(String, RegistryStatus)> {
    let host = Host::default();
    if let Some(image) = images.values().next() {
        let _turn = all.acquire().await;
        let greeting = tokio::time::timeout(FIRST_ANSWER, registry.greet(image)).await;
        host.greeted(greeting.unwrap_or_else(|_| Err(RegistryError::silent(&name, FIRST_ANSWER))));
    }
    let one = async |(key, image): (String, Reference)| {
        let turn = all.acquire().await;
        if let Some(gone) = host.gone.get() {
            return (key, gone.clone());
        }
        let answer = registry.glance(&image).await;
        drop(turn);
        host.answered(&answer);
        (key, status(answer))
    };
    let answers = stream::iter(images).map(one).buffer_unordered(OF_ONE).collect().await;
    if let Some(error) = host.gone.get().and_then(|gone| gone.error.as_ref()) {
        tracing::warn!("{}: no more images are checked: {error}", one_line(&name));
    }
    answers
}

impl Host {
    fn greeted(&self, greeting: Result<(), RegistryError>) {
        if let Err(error) = greeting
            && is_without_answer(&error)
        {
            let _ = self.gone.set(status(Err(error)));
        }
    }

    fn answered(&self, answer: &Result<Glance, RegistryError>) {
        match answer {
            Err(error) if is_without_answer(error) => {
                if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= IN_A_ROW {
                    let _ = self.gone.set(status(Err(error.clone())));
                }
            }
            _ => self.failures.store(0, Ordering::Relaxed),
        }
    }
}

/// Whether a registry did not answer, or only that it can't.
fn is_without_answer(error: &RegistryError) -> bool {
    matches!(
        error,
        RegistryError::Unreachable { .. } | RegistryError::Limited { .. } | RegistryError::ServerError { .. }
    )
}

/// A place's image; none when it names no repository, or no version.
fn reference(holding: &Holding) -> Option<Reference> {
    let tag = holding.written.tag.as_deref().and_then(|tag| Tag::parse(tag).ok());
    let digest = holding.written.digest.as_deref().and_then(|digest| Digest::parse(digest).ok());
    let has_version = tag.is_some() || digest.is_some();
    has_version.then_some(Reference { repository: holding.repository.clone()?, tag, digest })
}

/// The same for every spelling of an image.
fn key(image: &Reference) -> String {
    let text = image.to_string();
    let version = text.strip_prefix(image.repository.as_str()).unwrap_or_default();
    format!("{}/{}{version}", image.repository.host(), image.repository.path())
}

fn status(answer: Result<Glance, RegistryError>) -> RegistryStatus {
    let error = match answer {
        Ok(glance) => {
            let created = glance.created.as_ref().map(ToString::to_string);
            let digest = Some(glance.digest.to_string());
            return RegistryStatus { state: State::Present, digest, created, error: None };
        }
        Err(error) => error,
    };
    let state = match &error {
        RegistryError::NotFound { .. } => State::Missing,
        RegistryError::Denied { .. } | RegistryError::Unauthorized { .. } | RegistryError::DeniedOrMissing { .. } => {
            State::Denied
        }
        error if is_without_answer(error) => State::Unreachable,
        _ => State::Failed,
    };
    RegistryStatus { state, digest: None, created: None, error: Some(one_line(&error.to_string())) }
}
