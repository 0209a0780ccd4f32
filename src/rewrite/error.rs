//! Why the targets of a run can't be applied, and what to do about it; this module must not decide any of that.

#![deny(clippy::disallowed_methods)]

use crate::edit::{self, EditError, Kind};

/// How many subdirectories an error names.
pub(super) const SUBDIRECTORIES: usize = 5;

/// How many places an error names.
const SHOWN: usize = 20;

/// Why nothing can be written. Every variant is a target that is missing, ambiguous or not safe to edit.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// Nothing is at a target's path.
    #[error("{file}: this file does not exist")]
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
    #[error("{file}: it has {bytes} bytes, which is too large to edit")]
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
    #[error("{file}: {} {wanted}", if there.reasons.is_empty() { "no place names" } else { "no place can be written for" })]
    NoMatch {
        /// The target's path.
        file: String,
        /// The images that were looked for.
        wanted: String,
        /// What is there instead.
        there: Box<There>,
    },
    /// A manifest, or a directory of manifests, that holds no object.
    #[error("{file}: it contains no Kubernetes object: no document has a kind")]
    NoObject {
        /// The target's path.
        file: String,
        /// Some subdirectories, which are not read.
        subdirectories: Vec<String>,
    },
    /// Places that match, and are not one thing.
    #[error("{file}: its places of {image} hold different tags now: {}", tags(.held))]
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
        /// What to do about it.
        remedy: String,
    },
    /// The edit would make something else of an image than what is wanted.
    #[error("{0}, which is not an image of this run")]
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

/// A tag that a place holds before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTag {
    /// The tag alone, also where a digest stands behind it.
    pub tag: String,
    /// File and line.
    pub place: String,
}

/// What an edit would make of an image in a build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: the edit would make {to} of {from} in {object}")]
pub struct Becoming {
    /// The kustomization.
    pub file: String,
    /// The object's kind and name.
    pub object: String,
    /// The image before.
    pub from: String,
    /// The image after.
    pub to: String,
}

/// What the files have in place of a match.
#[derive(Clone, Debug)]
pub struct There {
    /// The images that they name.
    pub held: Vec<String>,
    /// Why what names the wanted image is no match, a sentence each.
    pub reasons: Vec<String>,
    /// The images that a kustomization builds.
    pub built: Vec<String>,
    /// What kind of target could have held it.
    pub kind: Kind,
    /// Some subdirectories, which are not read.
    pub subdirectories: Vec<String>,
}

impl There {
    /// What to do about it.
    fn hint(&self) -> String {
        let Self { held, reasons, built, kind, subdirectories } = self;
        let unread = unread(subdirectories);
        match (reasons.as_slice(), held.as_slice()) {
            ([], _) if let Some(unread) = unread => unread,
            ([], _) if !built.is_empty() => {
                format!(
                    "the kustomization builds the images {}: check the image, or {}",
                    built.join(", "),
                    naming(kind)
                )
            }
            ([], []) => format!("no image was found: {}", naming(kind)),
            ([], held) => {
                format!("the files name the images {}: check the image, or {}", held.join(", "), naming(kind))
            }
            (reasons, _) => reasons.join("; "),
        }
    }
}

/// How to name the place that matching does not find.
fn naming(kind: &Kind) -> &'static str {
    match kind {
        Kind::Helm { .. } => "name the place: `--helm FILE:PATH`",
        Kind::Kustomize { .. } => "name the entry (--kustomize DIR:NAME), or add an entry with --create",
        Kind::Manifest => "name the place in its file: `--helm FILE:PATH`",
    }
}

impl RewriteError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { parent, names, .. } if names.is_empty() => {
                format!("{} is empty: check the branch and the path", directory(parent))
            }
            Self::Missing { parent, names, .. } => format!("check the path: {} contains {}", directory(parent), names.join(", ")),
            Self::Symlink { .. } => "name the file that the link points to".into(),
            Self::Submodule { .. } => "name the submodule's own repository".into(),
            Self::TooLarge { .. } => format!("split the file: a file can be edited up to {} MiB", edit::MAX_BYTES >> 20),
            Self::Directory { .. } => "name a file in it, or use --manifest or --kustomize for a directory".into(),
            Self::Kustomizations { names, .. } if names.is_empty() => {
                "name the directory that has a kustomization.yaml".into()
            }
            Self::Kustomizations { .. } => "keep only one of these files: Kustomize refuses several, too".into(),
            Self::Edit(error) => error.hint(),
            Self::DifferentTags { wanted, .. } => format!(
                "name the places to write, each as a target of its own (--helm FILE:PATH), or write {wanted} to all of \
                 them with --any-tag"
            ),
            Self::NoObject { subdirectories, .. } => unread(subdirectories)
                .unwrap_or_else(|| "use --helm for a YAML file that is not a Kubernetes manifest".into()),
            Self::NoEffect { remedy, .. } => remedy.clone(),
            Self::OtherEffect(_) => {
                "change the name of the entry so that it matches only the image of this run; if the entry names a mirror, use --any-repository".into()
            }
            Self::Unpinned(_) => {
                "write the tag and the digest with --pin digest, and name the kustomization as the only target (--kustomize)"
                    .into()
            }
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
        [] => "this directory contains no kustomization".to_owned(),
        names => format!("this directory contains several kustomizations: {}", names.join(", ")),
    }
}

/// That subdirectories are not read; nothing where there is none.
fn unread(subdirectories: &[String]) -> Option<String> {
    let mut names: Vec<&str> = subdirectories.iter().take(SUBDIRECTORIES).map(String::as_str).collect();
    names.extend((subdirectories.len() > SUBDIRECTORIES).then_some("…"));
    let names = names.join(", ");
    let named =
        |names: String| format!("its subdirectories are not read ({names}): name each one as a separate target");
    (!subdirectories.is_empty()).then(|| named(names))
}

/// The places of an error, with their tags.
fn tags(held: &[HeldTag]) -> String {
    let mut places: Vec<String> =
        held.iter().take(SHOWN).map(|HeldTag { tag, place }| format!("{tag} ({place})")).collect();
    if let Some(more) = held.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        places.push(format!("and {more} more"));
    }
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut() {
        let held = |number: usize| HeldTag { tag: number.to_string(), place: format!("f:{number}") };
        let text = tags(&(0..30).map(held).collect::<Vec<_>>());
        assert!(text.starts_with("0 (f:0), 1 (f:1)") && text.ends_with("19 (f:19), and 10 more"), "{text}");
    }
}
