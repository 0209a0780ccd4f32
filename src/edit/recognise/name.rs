//! A name that a place gives its image, and how sure it is; this module must not look for names.

#![deny(clippy::disallowed_methods)]

use super::super::document::Node;
use crate::image::Repository;

/// A name that a place gives its image.
#[derive(Clone, Debug)]
pub(in crate::edit) struct Name {
    /// The value that has it, aliases followed.
    pub(in crate::edit) node: Node,
    /// The whole name, with the `registry` beside it.
    pub(in crate::edit) text: String,
    /// None when the text is no repository, as the URL of a chart's.
    pub(in crate::edit) repository: Option<Repository>,
    pub(in crate::edit) certainty: Certainty,
}

/// How sure it is that a name is a repository's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::edit) enum Certainty {
    /// Anything may be called so: `name: nginx`.
    Possible,
    /// It has the form of one: a single word under `image`, a path under `name`, a reference under any key.
    Likely,
    /// Nothing else can be meant.
    Certain,
}

impl Name {
    /// The repository, or the text that is none.
    pub(in crate::edit) fn shown(&self) -> &str {
        self.repository.as_ref().map_or(&self.text, Repository::as_str)
    }

    /// Whether it is a name alone, without a version.
    pub(in crate::edit) fn is_bare(&self) -> bool {
        self.repository.as_ref().is_none_or(|named| named.as_str() == self.text)
    }

    /// Whether it is this repository's.
    pub(in crate::edit) fn is(&self, repository: &Repository) -> bool {
        self.repository.as_ref().is_some_and(|named| named.is_same_as(repository))
    }
}
