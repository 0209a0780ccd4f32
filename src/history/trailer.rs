//! What a commit's message says of a rollback. This module must not know what the places held.
//!
//! A rollback has one trailer for each image, `Rolled-Back-From: REPOSITORY:TAG[@DIGEST]` (without a tag
//! `REPOSITORY@DIGEST`): what the places held before.

#![deny(clippy::disallowed_methods)]

use super::Version;
use crate::image::{Reference, Repository};

/// The trailer's key.
const KEY: &str = "Rolled-Back-From: ";

/// Which images a commit is a rollback of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Left {
    /// None: it is no rollback.
    #[default]
    Nothing,
    /// These.
    Images(Vec<Repository>),
    /// Whichever it changed: somebody wrote the trailer in words of their own.
    All,
}

impl Left {
    /// Reads the messages of a commit and of those that it merged.
    pub fn of<'m>(messages: impl IntoIterator<Item = &'m str>) -> Self {
        messages.into_iter().flat_map(trailers).fold(Self::Nothing, |left, value| match (left, repository(value)) {
            (Self::Nothing, Some(image)) => Self::Images(vec![image]),
            (Self::Images(mut images), Some(image)) => {
                images.push(image);
                Self::Images(images)
            }
            (Self::All, _) | (_, None) => Self::All,
        })
    }

    /// Whether the commit is a rollback of this image.
    pub fn concerns(&self, repository: &Repository) -> bool {
        match self {
            Self::Nothing => false,
            Self::Images(images) => images.iter().any(|image| image.is_same_as(repository)),
            Self::All => true,
        }
    }
}

/// The trailer's value for an image.
pub(crate) fn value(repository: &str, left: &Version) -> String {
    if left.tag.is_some() { format!("{repository}:{left}") } else { format!("{repository}{left}") }
}

/// The values of the trailer in a message: anywhere in it, since a squash puts whole messages one behind the other, with
/// blanks in front.
fn trailers(message: &str) -> impl Iterator<Item = &str> {
    message.lines().filter_map(|line| Some(line.trim_start().strip_prefix(KEY)?.trim()))
}

fn repository(value: &str) -> Option<Repository> {
    Reference::parse(value).ok().map(|reference| reference.repository)
}
