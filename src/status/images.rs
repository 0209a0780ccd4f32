//! Which of the named images their registries have. This module must not judge that.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};

use super::model::{RegistryStatus, State};
use crate::edit::Holding;
use crate::image::{Digest, Reference, Tag};
use crate::registry::{Details, Registry, RegistryError, Seen};
use crate::text::one_line;

/// As many images are asked for at a time.
const AT_A_TIME: usize = 8;

/// The answers by reference, each image asked for once.
pub(super) struct Images(BTreeMap<String, RegistryStatus>);

impl Images {
    /// Asks the registries.
    pub(super) async fn ask(registry: &Registry, holdings: impl Iterator<Item = &Holding>) -> Self {
        let wanted: BTreeMap<String, Reference> =
            holdings.filter_map(reference).map(|image| (key(&image), image)).collect();
        let one = async |(key, image): (String, Reference)| (key, answer(registry.look(&image).await));
        let answers: Vec<_> = stream::iter(wanted).map(one).buffered(AT_A_TIME).collect().await;
        Self(answers.into_iter().collect())
    }

    /// What is known of a place's image.
    pub(super) fn status(&self, holding: &Holding) -> RegistryStatus {
        let known = reference(holding).and_then(|image| self.0.get(&key(&image)).cloned());
        known.unwrap_or(RegistryStatus { state: State::Unasked, digest: None, created: None, error: None })
    }
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

fn answer(answer: Result<Seen, RegistryError>) -> RegistryStatus {
    let error = match answer {
        Ok(seen) => {
            let created = seen.details.as_ref().and_then(Details::created).map(ToString::to_string);
            let digest = Some(seen.digest.to_string());
            return RegistryStatus { state: State::Present, digest, created, error: None };
        }
        Err(error) => error,
    };
    let state = match &error {
        RegistryError::NotFound { .. } => State::Missing,
        RegistryError::Denied { .. } | RegistryError::Unauthorized { .. } => State::Denied,
        RegistryError::Unreachable { .. } | RegistryError::Limited { .. } | RegistryError::ServerError { .. } => {
            State::Unreachable
        }
        _ => State::Failed,
    };
    RegistryStatus { state, digest: None, created: None, error: Some(one_line(&error.to_string())) }
}
