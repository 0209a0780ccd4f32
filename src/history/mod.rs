//! Which versions some places held before, from what stood there in earlier commits. This module must not read a repository,
//! nor know how an image is checked or written.
//!
//! A version is what the places of an image held together, whoever wrote it: contents decide, whatever a message says. The one
//! thing that a message adds is that a commit was a rollback (`Rolled-Back-From:`): it is no version of its own, and what lies
//! between it and the earlier point where the places held the same was left by it.
//!
//! `matching` finds the places of today in an earlier file, `versions` makes versions of what one image's places held, and `back`
//! goes back along them.

#![deny(clippy::disallowed_methods)]

mod back;
mod error;
mod matching;
#[cfg(test)]
mod tests;
mod trailer;
mod versions;

pub use back::{Grouping, Return, WayBack, Wish};
pub use error::HistoryError;
pub use trailer::Left;
pub(crate) use trailer::value as left;

use crate::edit::Written;
use crate::image::{Digest, Repository, Tag};

/// A commit, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// The id in hexadecimal digits.
    pub id: String,
    /// Seconds since 1970.
    pub time: i64,
    /// The author's name.
    pub author: String,
}

/// A place, and what it held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastPlace {
    /// The file.
    pub file: String,
    /// The document of the file, from 1.
    pub document: usize,
    /// The place in the document.
    pub path: String,
    /// The image's repository, where the place names it.
    pub repository: Option<Repository>,
    /// What is written there.
    pub written: Written,
}

/// An image whose places are followed, as they are at the tip.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// The image's repository.
    pub repository: Repository,
    /// Its places at the tip.
    pub places: Vec<PastPlace>,
}

/// A version: a tag, a digest or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The tag.
    pub tag: Option<Tag>,
    /// The digest.
    pub digest: Option<Digest>,
}

/// What the places of an image held in one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    /// Every version that was there, in the order of the places; most of the time there is one.
    versions: Vec<Version>,
    /// The places, by their number, that were not there, or held no version.
    absent: Vec<usize>,
}

/// One commit of the history.
#[derive(Clone, Debug)]
struct Moment {
    point: Point,
    left: Left,
    /// What each image's places held; none where none of them held a version.
    contents: Vec<Option<Content>>,
}

/// What some images' places held, commit by commit, the newest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    images: Vec<Tracked>,
    moments: Vec<Moment>,
    is_over: bool,
}

impl History {
    /// Starts before the first commit: the tip is added first.
    pub fn of(images: Vec<Tracked>) -> Self {
        Self { images, ..Self::default() }
    }

    /// Adds the next older commit, with all places that its files have.
    pub fn add(&mut self, point: Point, left: Left, held: &[PastPlace]) {
        let contents = self.images.iter().map(|image| matching::content(image, held)).collect();
        self.moments.push(Moment { point, left, contents });
    }

    /// Adds the next older commit, in which the very same stood as in the one before.
    pub fn add_same(&mut self, point: Point, left: Left) {
        let contents = self.moments.last().map(|newer| newer.contents.clone()).unwrap_or_default();
        self.moments.push(Moment { point, left, contents });
    }

    /// Ends the history: nothing older is going to be added.
    pub fn end(&mut self) {
        self.is_over = true;
    }

    /// How many commits were added.
    pub fn depth(&self) -> usize {
        self.moments.len()
    }
}

impl Version {
    /// What is written at a place, when that is a version: no template, no text that is no tag, and not nothing.
    pub fn of(written: &Written) -> Option<Self> {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let tag = text(&written.tag).map(|tag| Tag::parse(&tag)).transpose().ok()?;
        let digest = text(&written.digest).map(|digest| Digest::parse(&digest)).transpose().ok()?;
        (tag.is_some() || digest.is_some()).then_some(Self { tag, digest })
    }

    /// Whether both can be one version: the tag is the same, and where both say a digest, that is.
    pub fn agrees(&self, other: &Self) -> bool {
        let differ = matches!((&self.digest, &other.digest), (Some(own), Some(other)) if own != other);
        self.tag == other.tag && !differ
    }

    /// The same version, with the digest where either of the two says it.
    fn and(self, other: &Self) -> Self {
        Self { digest: self.digest.or_else(|| other.digest.clone()), ..self }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.tag.as_ref().map_or("", Tag::as_str))?;
        match &self.digest {
            Some(digest) => write!(f, "@{}", digest.as_str()),
            None => Ok(()),
        }
    }
}
