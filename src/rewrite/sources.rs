//! Which files the targets of a run name; this module must not look into them.

#![deny(clippy::disallowed_methods)]

use super::RewriteError;
use crate::edit::Kind;
use crate::plan::Target;
use crate::tree::{Entry, Found, join};

/// A file and the targets that ask for it, by their numbers.
pub(super) struct Source<'a> {
    pub(super) path: String,
    pub(super) bytes: &'a [u8],
    pub(super) targets: Vec<usize>,
    /// One of a directory's files, which may turn out to be none of ours.
    pub(super) optional: bool,
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

/// Adds a target to its file; the bytes count when the file is new.
fn add<'a>(sources: &mut Vec<Source<'a>>, path: String, bytes: &'a [u8], number: usize, optional: bool) {
    match sources.iter_mut().find(|source| source.path == path) {
        Some(source) => {
            source.targets.push(number);
            source.optional &= optional;
        }
        None => sources.push(Source { path, bytes, targets: vec![number], optional }),
    }
}
