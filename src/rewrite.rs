//! All targets of a run applied to the files that were found: bytes in, bytes out. This module must not know where
//! the files are, nor how an image is written in one of them.

#![deny(clippy::disallowed_methods)]

mod around;
mod below;
mod coverage;
mod different;
mod effect;
mod sources;
mod trees;
mod unmatched;

use std::collections::BTreeSet;

pub use self::around::{Around, stale_locks};
pub use self::coverage::{Coverage, Look};
pub use self::different::HeldTag;
use self::different::HeldTags;
pub use self::effect::Becoming;
use self::effect::{Check, Edited};
use self::sources::{Source, add_patches, add_sources};
pub use self::trees::{Growing, Trees, want};
pub use self::unmatched::{There, Unmatched};
use crate::edit::{self, EditError, Job, Kind, Place, Reason, Wanted};
use crate::plan::Target;
use crate::tree::{Found, Want};

/// What the targets of one repository come to.
#[derive(Debug, Default)]
pub struct Rewrite {
    /// Every file that a target names, changed or not, in the order of the targets.
    pub files: Vec<FileRewrite>,
    /// What was passed over, a sentence each.
    pub notes: Vec<String>,
    /// The images that the files name, for messages.
    pub held: BTreeSet<String>,
    /// Why nothing matches where the files name a wanted image, for messages.
    pub reasons: Vec<Unmatched>,
}

/// One file before and after.
#[derive(Clone, Debug)]
pub struct FileRewrite {
    /// Its path.
    pub path: String,
    /// Its text as it is.
    pub old: String,
    /// Its text as it will be.
    pub new: String,
    /// The places that hold a wanted image.
    pub places: Vec<Place>,
}

/// The files of one target.
#[derive(Debug)]
pub struct TargetFiles<'a> {
    /// Each with its path and its bytes.
    pub files: Vec<(String, &'a [u8])>,
    /// What was passed over, a sentence each.
    pub notes: Vec<String>,
}

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

impl Rewrite {
    /// The files that change.
    pub fn changed(&self) -> impl Iterator<Item = &FileRewrite> {
        self.files.iter().filter(|file| file.is_changed())
    }
}

impl FileRewrite {
    /// Whether any byte of the file changes.
    pub fn is_changed(&self) -> bool {
        self.old != self.new
    }

    /// The places whose bytes change.
    pub fn changed_places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| place.changed)
    }
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

/// What to look up for the targets, in their order.
pub fn wants(targets: &[Target]) -> Vec<Want<'_>> {
    let pick = |kind: &Kind| match kind {
        Kind::Helm { .. } => (|_| false) as fn(&str) -> bool,
        Kind::Kustomize { .. } => edit::is_kustomization_file_name,
        Kind::Manifest => is_manifest_file_name,
    };
    targets.iter().map(|target| Want { path: &target.file, pick: pick(&target.kind) }).collect()
}

/// Reads one target's files for somebody who only looks at them.
pub fn files<'a>(target: &Target, found: &'a Found) -> Result<TargetFiles<'a>, RewriteError> {
    let (mut sources, mut notes) = (Vec::new(), Vec::new());
    add_sources((0, target), found, &mut sources, &mut notes)?;
    let files = sources.into_iter().map(|source| (source.path, source.bytes)).collect();
    Ok(TargetFiles { files, notes })
}

/// Applies the targets to what was found at their paths (`found` is aligned with `targets`), with the kustomizations that
/// build them.
pub fn rewrite(
    targets: &[Target],
    (found, trees): (&[Found], &Trees),
    wanted: &[Wanted],
) -> Result<Rewrite, RewriteError> {
    let mut sources: Vec<Source<'_>> = Vec::new();
    let mut result = Rewrite::default();
    for (number, (target, found)) in targets.iter().zip(found).enumerate() {
        add_sources((number, target), found, &mut sources, &mut result.notes)?;
    }
    let given = add_patches(targets, trees, wanted, &mut sources);
    let mut matched: BTreeSet<usize> = BTreeSet::new();
    let mut with_objects: BTreeSet<usize> = BTreeSet::new();
    let mut held = HeldTags::default();
    let mut asked_by: Vec<Vec<usize>> = Vec::new();
    let mut filled_in: Vec<(Vec<usize>, EditError)> = Vec::new();
    for source in sources {
        let of_source: Vec<&Target> = source.targets.iter().filter_map(|&number| targets.get(number)).collect();
        let jobs: Vec<Job> = of_source.iter().map(|target| source.job(target)).collect();
        let is_ours = |(target, _): &&(usize, usize)| source.targets.contains(target);
        let given = given.iter().filter(is_ours).map(|(_, image)| *image).collect();
        let below = below::of_file(&source.path, &of_source, trees, wanted, &given);
        match edit::rewrite_above(&below, (&source.path, source.bytes), &jobs, wanted) {
            Ok(rewritten) => {
                if source.optional && !rewritten.has_objects {
                    result.notes.push(format!("passed over: {}: no Kubernetes object is in it", source.path));
                }
                if rewritten.has_objects {
                    with_objects.extend(&source.targets);
                }
                held.see(&source.path, &rewritten, &source.targets, targets);
                unmatched::see(&mut result, &source, &rewritten, &jobs);
                result.notes.extend(rewritten.notes);
                let jobs = rewritten.places.iter().flat_map(|place| &place.jobs);
                matched.extend(jobs.filter_map(|&job| source.targets.get(job)));
                result.held.extend(rewritten.held);
                result.files.push(FileRewrite {
                    path: source.path,
                    old: String::from_utf8_lossy(source.bytes).into_owned(),
                    new: rewritten.text,
                    places: rewritten.places,
                });
                asked_by.push(source.targets);
            }
            Err(error) if source.optional && is_unreadable(&error.reason) => {
                result.notes.push(format!("passed over: {error}"));
            }
            // Beside other files of the directory it is said, as it is beside other places of a file.
            Err(error) if source.optional && error.reason.is_expression() => filled_in.push((source.targets, error)),
            Err(error) => return Err(error.into()),
        }
    }
    let missed =
        targets.iter().enumerate().find(|(number, target)| !target.kind.is_addressed() && !matched.contains(number));
    if let Some((number, _)) = missed
        && let Some((_, error)) = filled_in.iter().find(|(targets, _)| targets.contains(&number))
    {
        return Err(error.clone().into());
    }
    let stays = |(_, error): &(_, EditError)| format!("{error}; it stays as it is: {}", error.hint());
    result.notes.extend(filled_in.iter().map(stays));
    match missed {
        Some((number, target)) if target.kind == Kind::Manifest && !with_objects.contains(&number) => {
            return Err(RewriteError::NoObject { file: named(target), subdirectories: Vec::new() });
        }
        Some((number, target)) => return Err(no_match((number, target), &result, wanted)),
        None => held.require_one_each(targets, wanted)?,
    }
    let edited: Vec<Edited<'_>> =
        result.files.iter().zip(&asked_by).map(|(file, targets)| Edited { file, targets }).collect();
    let notes = Check { targets, trees, edited: &edited, wanted }.run()?;
    result.notes.extend(notes);
    Ok(result)
}

fn no_match((number, target): (usize, &Target), rewrite: &Rewrite, wanted: &[Wanted]) -> RewriteError {
    let images = target.images.iter().filter_map(|&index| Some(wanted.get(index)?.repository.as_str()));
    RewriteError::NoMatch {
        file: named(target),
        wanted: images.collect::<Vec<_>>().join(", "),
        there: Box::new(There {
            held: rewrite.held.iter().cloned().collect(),
            reasons: unmatched::of_target(&rewrite.reasons, number),
            kind: target.kind.clone(),
            subdirectories: Vec::new(),
        }),
    }
}

/// The target's path for a message.
fn named(target: &Target) -> String {
    if target.file.is_empty() { ".".to_owned() } else { target.file.clone() }
}

/// Whether a file is none that an edit could read: in a directory of manifests it is passed over.
fn is_unreadable(reason: &Reason) -> bool {
    matches!(reason, Reason::NotUtf8 | Reason::InvalidYaml(_))
}

/// Whether a name is one of those that Kubernetes' own tools read.
pub(crate) fn is_manifest_file_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("yaml" | "yml"))
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
