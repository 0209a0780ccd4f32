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
            Self::NoObject => format!("skipped: {place}: this document is not a Kubernetes object"),
            Self::NotKustomization(why) => format!("skipped: {place}: this is not a kustomization: {why}"),
            Self::Foreign(what) => {
                format!("skipped: {place}: {what} says which versions to look for or to allow, not which image runs")
            }
            Self::Encrypted => format!("skipped: {place}: the repository of the image is encrypted (ENC[…])"),
            Self::GlobalRegistry(node) => format!(
                "{place}: if the chart uses global.imageRegistry (line {}), it pulls this image from {}",
                document.line_of(*node),
                named(document.value(*node))
            ),
            Self::Dead(why) => format!("{place}: this entry is not changed, because it can have no effect: {why}"),
            Self::Text(why) => format!(
                "skipped: {place}: the Helm values in this text name the image, but they can't be edited: {why}"
            ),
            Self::Stays { line, reason } => format!(
                "{file}:{line}: the image is named here too, and is not changed: {reason}; {}",
                reason.hint(file)
            ),
            Self::OnlyTag => {
                format!("{place}: only the tag is written, because the place does not show that it can hold a digest")
            }
        }
    }
}
