//! Which files the targets of a run name; this module must not look into them.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::RewriteError;
use super::deciding::repository;
use super::trees::{Grown, Trees};
use crate::edit::{Inline, Job, Kind, Wanted};
use crate::kustomize::{self, Image, Step};
use crate::plan::Target;
use crate::tree::{Entry, Found, join};

/// A file and the targets that ask for it, by their numbers.
pub(super) struct SourceFile<'a> {
    pub(super) path: String,
    pub(super) bytes: &'a [u8],
    pub(super) targets: Vec<usize>,
    /// One of a directory's files, which may turn out to be none of ours.
    pub(super) optional: bool,
    /// A JSON 6902 patch of a kustomization that is a target.
    is_patch: bool,
}

impl SourceFile<'_> {
    /// What a target asks of the file.
    pub(super) fn job(&self, target: &Target) -> Job {
        let is_ours = self.is_patch && matches!(target.kind, Kind::Kustomize { .. });
        let kind = if is_ours { Kind::Manifest } else { target.kind.clone() };
        Job { kind, images: target.images.clone(), rules: target.rules }
    }
}

/// Adds what was found at one target's path; what no edit should read is an error.
pub(super) fn add_sources<'a>(
    (number, target): (usize, &Target),
    found: &'a Found,
    sources: &mut Vec<SourceFile<'a>>,
    notes: &mut Vec<String>,
) -> Result<(), RewriteError> {
    let file = || target.file.clone();
    match (found, &target.kind) {
        (Found::File(bytes), _) => add(sources, file(), bytes, number, false),
        (Found::Again { path }, _) => add(sources, path.clone(), &[], number, false),
        (Found::Directory(entries), Kind::Kustomize { .. }) => {
            let [entry] = entries.as_slice() else {
                let names = entries.iter().map(|entry| entry.name.clone()).collect();
                return Err(RewriteError::Kustomizations { file: file(), names });
            };
            let path = join(&target.file, &entry.name);
            match &entry.found {
                Found::File(bytes) => add(sources, path, bytes, number, false),
                Found::Again { path } => add(sources, path.clone(), &[], number, false),
                Found::Submodule { at } => {
                    return Err(RewriteError::Submodule { file: path, at: at.clone() });
                }
                Found::TooLarge { bytes } => {
                    return Err(RewriteError::TooLarge { file: path, bytes: *bytes });
                }
                _ => {
                    return Err(RewriteError::Symlink { at: path.clone(), file: path });
                }
            }
        }
        (Found::Directory(entries), Kind::Manifest) => {
            for Entry { name, found } in entries {
                let path = join(&target.file, name);
                match found {
                    Found::File(bytes) => add(sources, path, bytes, number, true),
                    Found::Again { path } => add(sources, path.clone(), &[], number, true),
                    Found::TooLarge { bytes } => {
                        return Err(RewriteError::TooLarge { file: path, bytes: *bytes });
                    }
                    _ => notes.push(format!("skipped: {path}: not a regular file")),
                }
            }
        }
        (Found::Directory(_), Kind::Helm { .. }) => return Err(RewriteError::Directory { file: file() }),
        (Found::Missing { parent, names }, _) => {
            return Err(RewriteError::Missing { file: file(), parent: parent.clone(), names: names.clone() });
        }
        (Found::TooLarge { bytes }, _) => {
            return Err(RewriteError::TooLarge { file: file(), bytes: *bytes });
        }
        (Found::Symlink { at }, _) => {
            return Err(RewriteError::Symlink { file: file(), at: at.clone() });
        }
        (Found::Submodule { at }, _) => {
            return Err(RewriteError::Submodule { file: file(), at: at.clone() });
        }
    }
    Ok(())
}

/// What the patches and transformers beside the entries of kustomizations give.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// The images that another file of a target's directory gives, by target.
    pub(super) images: BTreeSet<(usize, usize)>,
    /// The texts inside a target's kustomization that give an image, by target and image.
    pub(super) inline: BTreeMap<(usize, usize), Inline>,
}

/// The same for some targets together, by the image.
#[derive(Debug, Default)]
pub(super) struct GivenImages {
    pub(super) images: BTreeSet<usize>,
    pub(super) inline: BTreeMap<usize, Inline>,
}

impl Given {
    /// What is given to these targets.
    pub(super) fn of_targets(&self, targets: &[usize]) -> GivenImages {
        let is_ours = |(target, _): &(usize, usize)| targets.contains(target);
        let images = self.images.iter().filter(|of| is_ours(of)).map(|(_, image)| *image).collect();
        let mut inline: BTreeMap<usize, Inline> = BTreeMap::new();
        for ((_, image), new) in self.inline.iter().filter(|(of, _)| is_ours(of)) {
            match (inline.get_mut(image), new) {
                (Some(Inline::Lines(known)), Inline::Lines(lines)) => known.extend(lines),
                (Some(known), lines @ Inline::Lines(_)) => *known = lines.clone(),
                (Some(_), Inline::Any) => {}
                (None, new) => drop(inline.insert(*image, new.clone())),
            }
        }
        GivenImages { images, inline }
    }
}

/// Finds the texts inside the kustomizations of the targets that decide about a wanted image, and adds the JSON 6902 patches
/// in the directory of a kustomization that is a target, where they do.
pub(super) fn add_patches<'a>(
    targets: &[Target],
    trees: &'a Trees,
    wanted: &[Wanted],
    sources: &mut Vec<SourceFile<'a>>,
) -> Given {
    let mut given = Given::default();
    for (number, target) in targets.iter().enumerate() {
        let Some((_, grown)) = trees.of(target).filter(|_| !target.kind.is_addressed()) else { continue };
        let own = grown.tree.file().unwrap_or_default();
        for step in grown.model().images.iter().filter_map(Image::decided_by) {
            let (file, line) = step.place();
            let Some(image) = image_of(step, target, wanted).filter(|_| is_of_text(step)) else { continue };
            if file == own {
                if let Inline::Lines(lines) = given.inline.entry((number, image)).or_insert_with(no_lines) {
                    lines.insert(line);
                }
            } else if is_patch_of(file, target, grown)
                && let Some(bytes) = trees.bytes(file)
            {
                given.images.insert((number, image));
                add_patch(sources, (file, bytes), number);
            }
        }
        // Who can't see what is below can't see what a text does to it either.
        if !grown.model().is_complete() || grown.tree.is_partial() {
            for image in &target.images {
                given.inline.entry((number, *image)).or_insert(Inline::Any);
            }
        }
    }
    given
}

fn no_lines() -> Inline {
    Inline::Lines(BTreeSet::new())
}

/// Whether a step may be written in a text of a kustomization.
fn is_of_text(step: &Step) -> bool {
    matches!(step, Step::Patched { .. } | Step::Transformed { .. })
}

/// The target's image that a step makes of an image.
fn image_of(step: &Step, target: &Target, wanted: &[Wanted]) -> Option<usize> {
    let own = repository(step.text())?;
    let is_own = |image: &&usize| wanted.get(**image).is_some_and(|wanted| wanted.repository.is_same_as(&own));
    target.images.iter().find(is_own).copied()
}

/// Whether a file is a JSON 6902 patch in the directory of a kustomization that is a target.
pub(super) fn is_patch_of(file: &str, target: &Target, grown: &Grown) -> bool {
    let directory = kustomize::directory(grown.tree.file().unwrap_or_default());
    matches!(target.kind, Kind::Kustomize { .. })
        && kustomize::directory(file) == directory
        && grown.tree.is_json_patch(file)
}

fn add_patch<'a>(sources: &mut Vec<SourceFile<'a>>, (file, bytes): (&str, &'a [u8]), number: usize) {
    match sources.iter_mut().find(|source| kustomize::normal(&source.path) == *file) {
        Some(source) if source.targets.contains(&number) => {}
        Some(source) => {
            source.targets.push(number);
            source.is_patch = true;
        }
        None => {
            let path = file.to_owned();
            sources.push(SourceFile { path, bytes, targets: vec![number], optional: false, is_patch: true });
        }
    }
}

/// Adds a target to its file; the bytes count when the file is new.
fn add<'a>(sources: &mut Vec<SourceFile<'a>>, path: String, bytes: &'a [u8], number: usize, optional: bool) {
    match sources.iter_mut().find(|source| source.path == path) {
        Some(source) => {
            source.targets.push(number);
            source.optional &= optional;
        }
        None => sources.push(SourceFile { path, bytes, targets: vec![number], optional, is_patch: false }),
    }
}
