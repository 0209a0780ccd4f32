//! What a file's edit has to say to the user though it succeeds; this module must not print it.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};

/// Something that the user may not expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// A document beside Kubernetes objects that is none.
    NoObject,
    /// A document beside kustomizations that is none, and why.
    NotKustomization(String),
    /// A tag by itself, which a digest is asked for and not added to.
    OnlyTag,
}

impl Note {
    /// The sentence, for a note on a node.
    pub(super) fn sentence(&self, file: &str, document: &Document<'_>, node: Node) -> String {
        let place = format!("{file}:{}", document.line_of(node));
        match self {
            Self::NoObject => format!("passed over: {place}: no Kubernetes object is in this document"),
            Self::NotKustomization(why) => format!("passed over: {place}: this is no kustomization: {why}"),
            Self::OnlyTag => format!("{place}: only the tag is written here: nothing says that it may have a digest"),
        }
    }
}
