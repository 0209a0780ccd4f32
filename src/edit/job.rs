//! What is asked of a file: which images are wanted, where in it, and how they are written; this module must not do any of it.

#![deny(clippy::disallowed_methods)]

use super::path::Path;
use super::recognise::Scope;
use super::rewritten::Written;
use crate::image::{Digest, ProvenDigest, Repository, Tag};

/// What is written for an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// The tag; a digest only where one is already.
    #[default]
    Tag,
    /// Tag and digest.
    Digest,
}

/// How a target's places are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// What is written for an image.
    pub pin: Pin,
    /// Whether a missing tag or `images:` entry is added.
    pub create: bool,
    /// Whether a place may name another repository than the image's.
    pub any_repository: bool,
    /// Whether places that match may hold different tags now.
    pub any_tag: bool,
}

/// An image to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it lives.
    pub repository: Repository,
    /// The tag to write; none where there is a digest alone.
    pub tag: Option<Tag>,
    /// What is known of its digest.
    pub digest: KnownDigest,
    /// Other versions that are known to be this very image: a place that holds one of them stays as it is.
    pub same: Vec<Written>,
}

impl Wanted {
    /// Whether a tag and a digest, either of them empty where it is not written, are this version.
    pub fn is_version(&self, tag: &str, digest: &str) -> bool {
        let is_own = match self.digest.digest() {
            _ if digest.is_empty() => self.has_tag(tag),
            known => (tag.is_empty() || self.has_tag(tag)) && known.is_some_and(|known| known.as_str() == digest),
        };
        is_own || self.same.iter().any(|same| same.is(tag, digest))
    }
}

impl Wanted {
    /// Whether this text is its tag.
    pub fn has_tag(&self, text: &str) -> bool {
        self.tag.as_ref().is_some_and(|tag| tag.as_str() == text)
    }

    /// What it is called in messages: by its tag, else by its digest.
    pub fn version(&self) -> String {
        let digest = || self.digest.digest().map(ToString::to_string);
        self.tag.as_ref().map(ToString::to_string).or_else(digest).unwrap_or_default()
    }
}

/// What is known of an image's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownDigest {
    /// Nothing.
    Unknown,
    /// It is this one, so it is written where a digest belongs.
    Proven(ProvenDigest),
}

impl KnownDigest {
    /// What the user wrote down, where no registry is asked: see [`ProvenDigest::on_the_users_word`].
    pub fn on_the_users_word(digest: Option<Digest>) -> Self {
        digest.map(ProvenDigest::on_the_users_word).map_or(Self::Unknown, Self::Proven)
    }

    /// The digest.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Unknown => None,
            Self::Proven(proven) => Some(proven.digest()),
        }
    }
}

/// How a file is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A values file or any other YAML: the node at the path, or every place that matches.
    Helm {
        /// The one place.
        path: Option<Path>,
    },
    /// A kustomization: the `images:` entries of that name, or those whose effective name matches.
    Kustomize {
        /// The entry's `name:`.
        name: Option<String>,
    },
    /// Kubernetes objects: every place that matches.
    Manifest,
}

impl Kind {
    /// What is looked through for places, when the target doesn't say where they are.
    pub(in crate::edit) fn scope(&self) -> Option<Scope> {
        match self {
            Self::Helm { path: None } => Some(Scope::Documents),
            Self::Manifest => Some(Scope::Objects),
            Self::Helm { path: Some(_) } | Self::Kustomize { .. } => None,
        }
    }

    /// Whether the target says itself where the image is.
    pub fn is_addressed(&self) -> bool {
        matches!(self, Self::Helm { path: Some(_) } | Self::Kustomize { name: Some(_) })
    }
}

/// What one target asks of one file.
#[derive(Clone, Debug)]
pub struct Job {
    /// How the file is to be read.
    pub kind: Kind,
    /// Which of the wanted images may be written there.
    pub images: Vec<usize>,
    /// How they are written.
    pub rules: Rules,
}
