//! What a file's edit has to say to the user though it succeeds; this module must not print it.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};
use super::error::{Reason, named};

/// Something that the user may not expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// A document beside Kubernetes objects that is none.
    NoObject,
    /// A document beside kustomizations that is none, and why.
    NotKustomization(String),
    /// An object or annotation that names a wanted image and only describes versions: what it is.
    Foreign(String),
    /// A repository that SOPS has encrypted.
    Encrypted,
    /// The value under this node, a `global.imageRegistry`, which charts put before the image's own registry.
    GlobalRegistry(Node),
    /// Helm values as text that can't be looked into, and why.
    Text(Reason),
    /// A tag by itself, which a digest is asked for and not added to.
    OnlyTag,
    /// An entry that can have no effect, and why.
    Dead(String),
    /// A place of a wanted image that is left as it is, and why.
    Stays { line: usize, reason: Reason },
}

impl Note {
    /// Whether it only matters when nothing else is written.
    pub(super) fn is_quiet(&self) -> bool {
        matches!(self, Self::Encrypted)
    }

    /// Whether it says that an image was passed over.
    pub(super) fn is_of_an_image(&self) -> bool {
        matches!(self, Self::Foreign(_) | Self::Encrypted | Self::Text(_))
    }

    /// The sentence, for a note on a node.
    pub(super) fn sentence(&self, file: &str, document: &Document<'_>, node: Node) -> String {
        let place = format!("{file}:{}", document.line_of(node));
        match self {
            Self::NoObject => format!("passed over: {place}: no Kubernetes object is in this document"),
            Self::NotKustomization(why) => format!("passed over: {place}: this is no kustomization: {why}"),
            Self::Foreign(what) => {
                format!(
                    "passed over: {place}: {what} says which versions to look for or to allow, not which image runs"
                )
            }
            Self::Encrypted => format!("passed over: {place}: the image's repository is encrypted here (ENC[…])"),
            Self::GlobalRegistry(node) => format!(
                "{place}: a chart that follows global.imageRegistry (line {}) takes this image from {}",
                document.line_of(*node),
                named(document.value(*node))
            ),
            Self::Dead(why) => format!("{place}: this entry is left as it is, for it can have no effect: {why}"),
            Self::Text(why) => format!("passed over: {place}: the Helm values here name the image: {why}"),
            Self::Stays { line, reason } => format!(
                "{file}:{line}: the image is named here, too, and stays as it is: {reason}; {}",
                reason.hint(file)
            ),
            Self::OnlyTag => format!("{place}: only the tag is written here: nothing says that it may have a digest"),
        }
    }
}
