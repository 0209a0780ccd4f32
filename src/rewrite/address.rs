//! Which step of a build a place of a file is, by its path and its line; this module must not look for places.

#![deny(clippy::disallowed_methods)]

use crate::kustomize::Step;

/// Where a transformer has its image.
const TRANSFORMER: &str = "imageTag";

/// Whether a step is the entry of that number in a layer, which is named by its file.
pub(super) fn is_entry(step: &Step, file: &str, number: usize) -> bool {
    matches!(step, Step::Entry { layer, index, .. } if layer == file && *index == number)
}

/// Whether a step is a transformer that has a line of a file in its image.
pub(super) fn is_transformed_at(step: &Step, file: &str, line: usize) -> bool {
    matches!(step, Step::Transformed { file: own, line: first, last, .. } if own == file && (*first..=*last).contains(&line))
}

/// Whether a place is a transformer's, in a file of its own or inside a kustomization.
pub(super) fn is_in_transformer(path: &str) -> bool {
    let holder = path.rsplit_once('.').map_or(path, |(holder, _)| holder);
    [path, holder].into_iter().any(|path| path.rsplit('.').next() == Some(TRANSFORMER))
}

/// The number of the entry of `images:` in which a path leads; that of a new one where it is the list itself.
pub(super) fn entry_of(path: &str, entries: usize) -> Option<usize> {
    let rest = path.strip_prefix("images")?;
    if rest.is_empty() {
        return Some(entries);
    }
    rest.strip_prefix('[')?.split(']').next()?.parse().ok()
}
