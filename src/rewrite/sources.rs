//! Which files the targets of a run name; this module must not look into them.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::RewriteError;
use super::trees::Trees;
use crate::edit::{Job, Kind, Wanted};
use crate::image::Repository;
use crate::kustomize::{self, Step};
use crate::plan::Target;
use crate::tree::{Entry, Found, join};

/// A file and the targets that ask for it, by their numbers.
pub(super) struct Source<'a> {
    pub(super) path: String,
    pub(super) bytes: &'a [u8],
    pub(super) targets: Vec<usize>,
    /// One of a directory's files, which may turn out to be none of ours.
    pub(super) optional: bool,
    /// A JSON 6902 patch of a kustomization that is a target.
    is_patch: bool,
}

impl Source<'_> {
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
    sources: &mut Vec<Source<'a>>,
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
                    _ => notes.push(format!("passed over: {path}: not a regular file")),
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

/// Adds the JSON 6902 patches in the directory of a kustomization that is a target, where they decide about a wanted image.
/// Returns the targets with the images that they give, by their numbers.
pub(super) fn add_patches<'a>(
    targets: &[Target],
    trees: &'a Trees,
    wanted: &[Wanted],
    sources: &mut Vec<Source<'a>>,
) -> BTreeSet<(usize, usize)> {
    let mut given = BTreeSet::new();
    for (number, target) in targets.iter().enumerate() {
        let Some((_, grown)) = trees.of(target).filter(|_| target.kind == Kind::Kustomize { name: None }) else {
            continue;
        };
        let directory = kustomize::directory(grown.tree.file().unwrap_or_default());
        for step in grown.model().images.iter().filter_map(kustomize::Image::decided_by) {
            let Step::Patched { file, text, .. } = step else { continue };
            let Ok(own) = Repository::parse(kustomize::split(text).name) else { continue };
            let is_own = |image: &&usize| wanted.get(**image).is_some_and(|wanted| wanted.repository.is_same_as(&own));
            let is_ours = kustomize::directory(file) == directory && grown.tree.is_json_patch(file);
            let (Some(image), true, Some(bytes)) = (target.images.iter().find(is_own), is_ours, trees.bytes(file))
            else {
                continue;
            };
            given.insert((number, *image));
            match sources.iter_mut().find(|source| kustomize::normal(&source.path) == *file) {
                Some(source) if source.targets.contains(&number) => {}
                Some(source) => {
                    source.targets.push(number);
                    source.is_patch = true;
                }
                None => sources.push(Source {
                    path: file.clone(),
                    bytes,
                    targets: vec![number],
                    optional: false,
                    is_patch: true,
                }),
            }
        }
    }
    given
}

/// Adds a target to its file; the bytes count when the file is new.
fn add<'a>(sources: &mut Vec<Source<'a>>, path: String, bytes: &'a [u8], number: usize, optional: bool) {
    match sources.iter_mut().find(|source| source.path == path) {
        Some(source) => {
            source.targets.push(number);
            source.optional &= optional;
        }
        None => sources.push(Source { path, bytes, targets: vec![number], optional, is_patch: false }),
    }
}
