//! What was seen at one place; this module must not look for it.

#![deny(clippy::disallowed_methods)]

use super::super::document::Node;
use super::super::error::{Reason, ReasonAt};
use super::fields::Fields;
use super::name::{Certainty, Name};
use crate::image::{Reference, Repository};

/// A node that names an image, or has a version.
pub(in crate::edit) struct Sighting<'d, 't> {
    pub(in crate::edit) node: Node,
    pub(in crate::edit) spelling: Spelling<'d, 't>,
    /// What it may be an image of, by its own words and the surest first; none where only a version is written.
    pub(in crate::edit) names: Vec<Name>,
}

/// How an image is written.
pub(in crate::edit) enum Spelling<'d, 't> {
    /// A mapping of `tag` and `digest`.
    Pair(Fields<'d, 't>),
    /// An entry of a kustomization's `images:`.
    Entry(Fields<'d, 't>),
    /// A reference with a tag or a digest. `prefix` is what Argo CD writes before it: `NAME=`.
    Reference { prefix: &'d str, held: Reference },
    /// A bare repository, where only an image can be meant.
    Bare { prefix: &'d str, held: Reference, adds: Adds },
    /// An image that can't be written, and why.
    Opaque(Reason),
}

/// Whether a bare repository gets a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::edit) enum Adds {
    Always,
    OnDemand,
}

/// Whether a sighting is the place where its image is written.
pub(in crate::edit) enum Role {
    Place,
    /// Another sighting of the same image is: the mapping around it, or the one that it is merged into.
    Yields,
    /// It stands in a part of the file that is left alone.
    Foreign,
    Refused(ReasonAt),
}

impl<'d, 't> Sighting<'d, 't> {
    /// A mapping, by what it says of its own.
    pub(in crate::edit) fn of_mapping(fields: Fields<'d, 't>) -> Self {
        let names = fields.claims();
        let node = fields.mapping;
        let spelling = if fields.is_entry() { Spelling::Entry(fields) } else { Spelling::Pair(fields) };
        Self { node, spelling, names }
    }

    /// Whether it may be an image of this repository.
    pub(in crate::edit) fn is_of(&self, repository: &Repository) -> bool {
        self.names.iter().any(|name| name.is(repository))
    }

    /// The first name that is as sure as that.
    pub(in crate::edit) fn named(&self, least: Certainty) -> Option<&Name> {
        self.names.iter().find(|name| name.certainty >= least)
    }

    /// The repository of the first name that is as sure as that.
    pub(in crate::edit) fn repository(&self, least: Certainty) -> Option<&Repository> {
        self.named(least)?.repository.as_ref()
    }
}
