//! Which image a place is of, and which images a run is about; this module must not know what a place holds.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use crate::edit::Holding;
use crate::image::{Reference, Repository};
use crate::registry::By;
use crate::settings::{Chosen, NamedImage, SourceImages, TargetSettings};
use crate::text::one_line;

/// An image that places hold: its repository and, where the config file calls several images of one repository by names, its
/// name.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) repository: Repository,
    pub(crate) name: Option<String>,
}

impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        self.repository.is_same_as(&other.repository) && self.name == other.name
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.repository),
            None => self.repository.fmt(f),
        }
    }
}

/// A place with the image that it holds.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The image; none where neither the file nor the config file says it.
    pub(crate) image: Option<Image>,
    /// Repository and branch of the infra repository, for messages.
    pub(crate) place: String,
    pub(crate) file: String,
    pub(crate) holding: Holding,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, path) = (one_line(&self.file), one_line(&self.holding.path));
        write!(f, "{} {file}:{} {path}", self.place, self.holding.line)?;
        match one_line(&self.holding.written.to_string()).as_str() {
            "" => Ok(()),
            written => write!(f, " ({written})"),
        }
    }
}

/// What the flags and the config file say of images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Naming<'s>(pub(crate) &'s SourceImages);

impl Naming<'_> {
    /// The repository of a target's places that name none: that of the image that the target names, else, as for `update`, that of
    /// the only one there is.
    pub(crate) fn repository(self, target: &TargetSettings) -> Option<Repository> {
        if let Some(name) = &target.image {
            return self.named(name).cloned();
        }
        match (&self.0.chosen, self.0.names.as_slice()) {
            (Chosen::Given(given), _) => match given.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
            (_, [(_, only)]) => only.clone(),
            _ => None,
        }
    }

    /// The image of a target's place.
    pub(crate) fn image(self, target: &TargetSettings, repository: Repository) -> Image {
        let same = self.0.names.iter().filter(|(_, known)| known.as_ref().is_some_and(|it| it.is_same_as(&repository)));
        let name = target.image.clone().filter(|_| same.count() > 1);
        Image { repository, name }
    }

    /// Whether a run is about the image.
    pub(crate) fn has(self, image: &Image) -> bool {
        let is_own = |known: &Repository| known.is_same_as(&image.repository);
        match &self.0.chosen {
            Chosen::Given(given) => given.iter().any(is_own),
            Chosen::Listed => self.0.names.iter().filter_map(|(_, known)| known.as_ref()).any(is_own),
            Chosen::All => true,
        }
    }

    /// Whether a target can hold an image that the run is about, as far as it names one.
    pub(crate) fn may_have(self, target: &TargetSettings) -> bool {
        let Some(name) = &target.image else { return true };
        self.named(name)
            .is_none_or(|repository| self.has(&Image { repository: repository.clone(), name: Some(name.clone()) }))
    }

    /// The images that were asked for by flags.
    pub(crate) fn given(&self) -> &[Repository] {
        if let Chosen::Given(given) = &self.0.chosen { given } else { &[] }
    }

    /// An image as a run knows it: with the names that targets call it by.
    pub(crate) fn called(self, image: &Image, version: Reference, by: By) -> NamedImage {
        let same = self.0.names.iter().filter(|(name, known)| match &image.name {
            Some(own) => own == name,
            None => known.as_ref().is_some_and(|it| it.is_same_as(&image.repository)),
        });
        let mut names = same.map(|(name, _)| name.clone());
        let path = image.repository.path();
        let last = || path.rsplit('/').next().unwrap_or(&path).to_owned();
        let name = names.next().unwrap_or_else(last);
        NamedImage { name, aliases: names.collect(), reference: version, by }
    }

    fn named(&self, name: &str) -> Option<&Repository> {
        self.0.names.iter().find(|(known, _)| known == name).and_then(|(_, repository)| repository.as_ref())
    }
}
