//! Why the targets of a run can't be applied, and what to do about it; this module must not decide any of that.

#![deny(clippy::disallowed_methods)]

use super::around;
use super::different::{self, HeldTag};
use super::effect::Becoming;
use super::unmatched::There;
use crate::edit::{self, EditError, Reason};

/// Why nothing can be written. Every variant is a target that is missing, ambiguous or not safe to edit.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// Nothing is at a target's path.
    #[error("{file}: there is no such file")]
    Missing {
        /// The target's path.
        file: String,
        /// The deepest directory on the path that exists.
        parent: String,
        /// What is there.
        names: Vec<String>,
    },
    /// A symbolic link is on the path.
    #[error("{file}: {at} is a symbolic link")]
    Symlink {
        /// The target's path.
        file: String,
        /// The link.
        at: String,
    },
    /// A submodule is on the path.
    #[error("{file}: {at} is a submodule")]
    Submodule {
        /// The target's path.
        file: String,
        /// The submodule.
        at: String,
    },
    /// A file that no edit should read.
    #[error("{file}: it has {bytes} bytes, more than any file that is edited")]
    TooLarge {
        /// The target's path.
        file: String,
        /// The file's size.
        bytes: u64,
    },
    /// A directory where a file is needed.
    #[error("{file}: this is a directory")]
    Directory {
        /// The target's path.
        file: String,
    },
    /// A directory without a kustomization, or with two.
    #[error("{file}: {}", kustomizations(.names))]
    Kustomizations {
        /// The target's path.
        file: String,
        /// The kustomization files in it.
        names: Vec<String>,
    },
    /// The text cannot be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A file, or a directory's files, hold none of the images.
    #[error("{file}: {} {wanted}", if there.reasons.is_empty() { "nothing here names" } else { "no place here can be written for" })]
    NoMatch {
        /// The target's path.
        file: String,
        /// The images that were looked for.
        wanted: String,
        /// What is there instead.
        there: Box<There>,
    },
    /// A manifest, or a directory of manifests, that holds no object.
    #[error("{file}: no Kubernetes object is in it: no document has a kind")]
    NoObject {
        /// The target's path.
        file: String,
        /// Some subdirectories, which are not read.
        subdirectories: Vec<String>,
    },
    /// Places that match, and are not one thing.
    #[error("{file}: its places of {image} hold different tags now: {}", different::list(.held))]
    DifferentTags {
        /// The target's path.
        file: String,
        /// The image's repository.
        image: String,
        /// The tag to write.
        wanted: String,
        /// What they hold, the wanted tag aside.
        held: Vec<HeldTag>,
    },
    /// Something else decides about all that would be written.
    #[error("{file}:{line}: writing {image} here has no effect: {why}")]
    NoEffect {
        /// The file of the first place.
        file: String,
        /// The place's line.
        line: usize,
        /// The image's repository.
        image: String,
        /// What decides.
        why: String,
    },
    /// The edit would make something else of an image than what is wanted.
    #[error("{0}, and that is no wanted image")]
    OtherEffect(Becoming),
    /// The edit would take a digest away.
    #[error("{0}, without a digest")]
    Unpinned(Becoming),
    /// An image matches in no file of the whole run.
    #[error("{image}: no file of this run {}", if there.reasons.is_empty() { "names it" } else { "has a place that can be written" })]
    Nowhere {
        /// The image's repository.
        image: String,
        /// What is there instead.
        there: Box<There>,
    },
}

impl RewriteError {
    /// The image whose digest would have been written, had it been proven.
    pub fn unproven(&self) -> Option<usize> {
        match self {
            Self::Edit(EditError { reason: Reason::UnknownDigest { image, .. }, .. }) => Some(*image),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { parent, names, .. } if names.is_empty() => {
                format!("{} is empty: check the branch and the path", directory(parent))
            }
            Self::Missing { parent, names, .. } => format!("{} holds {}", directory(parent), names.join(", ")),
            Self::Symlink { .. } => "name the file that the link points to".into(),
            Self::Submodule { .. } => "name the submodule's own repository".into(),
            Self::TooLarge { .. } => format!("split it: files of up to {} MiB are edited", edit::MAX_BYTES >> 20),
            Self::Directory { .. } => "name a file in it, or use --manifest or --kustomize for a directory".into(),
            Self::Kustomizations { names, .. } if names.is_empty() => {
                "name the directory that has a kustomization.yaml".into()
            }
            Self::Kustomizations { .. } => "Kustomize refuses this too: keep one of them".into(),
            Self::Edit(error) => error.hint(),
            Self::DifferentTags { wanted, .. } => format!(
                "name the places to write, each as a target of its own (--helm FILE:PATH), or write {wanted} to all of \
                 them with --any-tag"
            ),
            Self::NoObject { subdirectories, .. } => around::unread(subdirectories)
                .unwrap_or_else(|| "use --helm for a YAML file that is no Kubernetes manifest".into()),
            Self::NoEffect { .. } => "write what decides: name its file or its kustomization, or remove it".into(),
            Self::OtherEffect(_) => {
                "make the entry's name match the wanted image alone; --any-repository takes a mirror's name".into()
            }
            Self::Unpinned(_) => "pin it again: --pin digest, with --kustomize alone".into(),
            Self::NoMatch { there, .. } | Self::Nowhere { there, .. } => there.hint(),
        }
    }
}

fn directory(path: &str) -> &str {
    match path {
        "" => "the top directory",
        "." => "this directory",
        path => path,
    }
}

fn kustomizations(names: &[String]) -> String {
    match names {
        [] => "there is no kustomization in it".to_owned(),
        names => format!("there are several kustomizations in it: {}", names.join(", ")),
    }
}
