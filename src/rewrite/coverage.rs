//! Whether every image of a run is in some file; this module must not know in which repository.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::{Rewrite, RewriteError, There, Unmatched, unmatched};
use crate::edit::{Kind, Wanted};
use crate::plan::Target;

/// Which images the files of each repository hold, as far as the repositories were read.
#[derive(Debug, Default)]
pub struct Coverage {
    repositories: Vec<Option<Inventory>>,
    /// The images that targets of other runs name.
    excused: BTreeSet<usize>,
}

/// Whether a repository was looked at before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// It was not.
    First,
    /// It was, and a race was lost since.
    Again,
}

/// What was seen in the files of one repository.
#[derive(Debug)]
struct Inventory {
    /// The wanted images that are there, as indexes.
    images: BTreeSet<usize>,
    /// All images that are there, for messages.
    held: BTreeSet<String>,
    /// Why what names an image is no match, for messages.
    reasons: Vec<Unmatched>,
}

impl Coverage {
    /// Of that many repositories, none of which was read yet.
    pub fn of(repositories: usize) -> Self {
        let repositories = std::iter::repeat_with(|| None).take(repositories).collect();
        Self { repositories, excused: BTreeSet::new() }
    }

    /// Misses none of these images.
    #[must_use]
    pub fn excusing(self, images: impl IntoIterator<Item = usize>) -> Self {
        Self { excused: images.into_iter().collect(), ..self }
    }

    /// Takes down what the files of a repository hold now.
    pub fn record(&mut self, repository: usize, rewrite: &Rewrite) -> Visit {
        let places = rewrite.files.iter().flat_map(|file| &file.places);
        let sighting = Inventory {
            images: places.map(|place| place.image).collect(),
            held: rewrite.held.iter().cloned().collect(),
            reasons: rewrite.reasons.clone(),
        };
        match self.repositories.get_mut(repository).and_then(|seen| seen.replace(sighting)) {
            Some(_) => Visit::Again,
            None => Visit::First,
        }
    }

    /// In a run that has a target without PATH or NAME, every image must match somewhere. While a repository is unread,
    /// no image is missed, because that repository may be the one that holds it.
    pub fn require_all<'t>(
        &self,
        targets: impl IntoIterator<Item = &'t Target>,
        wanted: &[Wanted],
    ) -> Result<(), RewriteError> {
        let mut kinds = targets.into_iter().map(|target| &target.kind).filter(|kind| !kind.is_addressed());
        let seen: Option<Vec<&Inventory>> = self.repositories.iter().map(Option::as_ref).collect();
        let (Some(kind), Some(seen)) = (kinds.next(), seen) else {
            return Ok(());
        };
        let is_there = |index: &usize| seen.iter().any(|sighting| sighting.images.contains(index));
        let missing = wanted.iter().enumerate().find(|(index, _)| !is_there(index) && !self.excused.contains(index));
        let Some((number, image)) = missing else {
            return Ok(());
        };
        let held: BTreeSet<&String> = seen.iter().flat_map(|sighting| &sighting.held).collect();
        Err(RewriteError::Nowhere {
            image: image.repository.to_string(),
            there: Box::new(There {
                held: held.into_iter().cloned().collect(),
                built: Vec::new(),
                reasons: unmatched::of_image(seen.iter().flat_map(|sighting| &sighting.reasons), number),
                kind: kinds.find(|kind| matches!(kind, Kind::Kustomize { .. })).unwrap_or(kind).clone(),
                subdirectories: Vec::new(),
            }),
        })
    }
}
