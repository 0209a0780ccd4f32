//! All targets of a run applied to the files that were found: bytes in, bytes out. This module must not know where
//! the files are, nor how an image is written in one of them.

#![deny(clippy::disallowed_methods)]

mod address;
mod around;
mod below;
mod coverage;
mod deciding;
mod different;
mod effect;
mod error;
mod running;
mod sources;
mod still;
mod trees;
mod unmatched;

use std::collections::BTreeSet;

pub use self::around::{Around, stale_locks};
pub use self::coverage::{Coverage, Visit};
use self::effect::{Check, Edited};
pub use self::error::{Becoming, HeldTag, RewriteError, There};
pub use self::running::{EffectivePlaces, running};
use self::sources::{Given, SourceFile, add_patches, add_sources};
pub(crate) use self::trees::is_argocd_source;
pub use self::trees::{Growing, Trees, want};
pub use self::unmatched::Unmatched;
use crate::edit::{self, EditError, Job, Kind, Place, Reason, Rewritten, Wanted};
use crate::plan::Target;
use crate::tree::{Found, Want};

/// What the targets of one repository come to.
#[derive(Debug, Default)]
pub struct Rewrite {
    /// Every file that a target names, changed or not, in the order of the targets.
    pub files: Vec<FileRewrite>,
    /// What was passed over, a sentence each.
    pub notes: Vec<String>,
    /// Under which kustomizations something changes that nobody can follow to its effect, a sentence each.
    pub unproved: Vec<String>,
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
    /// Whether it is there before and after.
    pub fate: Fate,
}

/// Whether a file is there before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// Before and after.
    #[default]
    Stays,
    /// Only after.
    Comes,
    /// Only before.
    Goes,
}

/// The files of one target.
#[derive(Debug)]
pub struct TargetFiles<'a> {
    /// Each with its path and its bytes.
    pub files: Vec<(String, &'a [u8])>,
    /// What was passed over, a sentence each.
    pub notes: Vec<String>,
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
        self.old != self.new || self.fate != Fate::Stays
    }

    /// The places whose bytes change.
    pub fn changed_places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| place.changed)
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
    let mut sources: Vec<SourceFile<'_>> = Vec::new();
    let mut result = Rewrite::default();
    for (number, (target, found)) in targets.iter().zip(found).enumerate() {
        add_sources((number, target), found, &mut sources, &mut result.notes)?;
    }
    let given = add_patches(targets, trees, wanted, &mut sources);
    let mut work = Work {
        targets,
        trees,
        wanted,
        result,
        asked_by: Vec::new(),
        matched: BTreeSet::new(),
        with_objects: BTreeSet::new(),
        filled_in: Vec::new(),
    };
    for source in sources {
        work.edit(source, &given)?;
    }
    work.finish()
}

/// The edits of a run in the making.
struct Work<'w> {
    targets: &'w [Target],
    trees: &'w Trees,
    wanted: &'w [Wanted],
    result: Rewrite,
    /// The targets of each file's jobs, by their numbers.
    asked_by: Vec<Vec<usize>>,
    /// The targets that have a place.
    matched: BTreeSet<usize>,
    /// The targets that have a Kubernetes object.
    with_objects: BTreeSet<usize>,
    /// Files of a directory in which another program fills in the only place, with their targets.
    filled_in: Vec<(Vec<usize>, EditError)>,
}

impl Work<'_> {
    /// Edits one file.
    fn edit(&mut self, source: SourceFile<'_>, given: &Given) -> Result<(), RewriteError> {
        let of_source: Vec<&Target> = source.targets.iter().filter_map(|&number| self.targets.get(number)).collect();
        let jobs: Vec<Job> = of_source.iter().map(|target| source.job(target)).collect();
        let given = given.of_targets(&source.targets);
        let below = below::of_file(&source.path, &of_source, self.trees, self.wanted, given);
        match edit::rewrite_above(&below, (&source.path, source.bytes), &jobs, self.wanted) {
            Ok(rewritten) => self.take(source, &jobs, rewritten),
            Err(error) if source.optional && is_unreadable(&error.reason) => {
                self.result.notes.push(format!("skipped: {error}"));
            }
            // Beside other files of the directory it is said, as it is beside other places of a file.
            Err(error) if source.optional && error.reason.is_expression() => {
                self.filled_in.push((source.targets, error));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn take(&mut self, source: SourceFile<'_>, jobs: &[Job], rewritten: Rewritten) {
        // What has nothing to do with the images is no news: a directory's values, or its kustomization.
        let names_image = || self.wanted.iter().any(|wanted| rewritten.text.contains(&wanted.repository.path()));
        if source.optional && !rewritten.has_objects && rewritten.places.is_empty() && names_image() {
            self.result.notes.push(format!("skipped: {}: it contains no Kubernetes object", source.path));
        }
        if rewritten.has_objects {
            self.with_objects.extend(&source.targets);
        }
        unmatched::record(&mut self.result, &source, &rewritten, jobs);
        self.result.notes.extend(rewritten.notes);
        let jobs = rewritten.places.iter().flat_map(|place| &place.jobs);
        self.matched.extend(jobs.filter_map(|&job| source.targets.get(job)));
        self.result.held.extend(rewritten.held);
        self.result.files.push(FileRewrite {
            path: source.path,
            old: String::from_utf8_lossy(source.bytes).into_owned(),
            new: rewritten.text,
            places: rewritten.places,
            fate: Fate::Stays,
        });
        self.asked_by.push(source.targets);
    }

    /// Holds the edits together against what is required of them.
    fn finish(mut self) -> Result<Rewrite, RewriteError> {
        self.require_matches()?;
        let stays = |(_, error): &(_, EditError)| format!("{error}; this place is not changed: {}", error.hint());
        self.result.notes.extend(self.filled_in.iter().map(stays));
        let files = self.result.files.iter().zip(&self.asked_by);
        let edited: Vec<Edited<'_>> = files.map(|(file, targets)| Edited { file, targets }).collect();
        let Self { targets, trees, wanted, .. } = self;
        let effects = Check { targets, trees, edited: &edited, wanted }.run()?;
        different::require_one_each(targets, wanted, &edited, &effects)?;
        self.result.notes.extend(effects.notes);
        self.result.unproved = effects.unproved;
        Ok(self.result)
    }

    /// Requires that each target without PATH or NAME has a place.
    fn require_matches(&self) -> Result<(), RewriteError> {
        let mut targets = self.targets.iter().enumerate();
        let Some((number, target)) =
            targets.find(|(number, target)| !target.kind.is_addressed() && !self.matched.contains(number))
        else {
            return Ok(());
        };
        if let Some((_, error)) = self.filled_in.iter().find(|(targets, _)| targets.contains(&number)) {
            return Err(error.clone().into());
        }
        if target.kind == Kind::Manifest && !self.with_objects.contains(&number) {
            return Err(RewriteError::NoObject { file: named(target), subdirectories: Vec::new() });
        }
        Err(self.no_match((number, target)))
    }

    /// That a target has no place for its images, with what is there instead.
    fn no_match(&self, (number, target): (usize, &Target)) -> RewriteError {
        let wanted: Vec<&Wanted> = target.images.iter().filter_map(|&index| self.wanted.get(index)).collect();
        let images: Vec<&str> = wanted.iter().map(|wanted| wanted.repository.as_str()).collect();
        let mut there = There {
            held: self.result.held.iter().cloned().collect(),
            reasons: unmatched::of_target(&self.result.reasons, number),
            built: Vec::new(),
            kind: target.kind.clone(),
            subdirectories: Vec::new(),
        };
        if let (Kind::Kustomize { .. }, Some((_, grown))) = (&target.kind, self.trees.of(target)) {
            there.reasons.extend(deciding::reasons(grown, &wanted));
            there.built = deciding::built(grown);
        }
        RewriteError::NoMatch { file: named(target), wanted: images.join(", "), there: Box::new(there) }
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
