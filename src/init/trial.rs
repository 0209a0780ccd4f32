//! Tries targets on the files that were read, in memory, as `update` would write them; this module must not decide what
//! follows.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::edit::{KnownDigest, Wanted};
use crate::image::{Algorithm, ProvenDigest, Repository, Tag};
use crate::kustomize::{Border, normal};
use crate::plan::Target;
use crate::rewrite::{self, Rewrite, RewriteError, Trees};
use crate::tree::{Entry, Found, Want};

/// The files that were read, by their paths.
#[derive(Debug, Default)]
pub(super) struct Files<'f>(BTreeMap<&'f str, &'f [u8]>);

/// A tag and a digest of an image that nothing names yet.
pub(super) fn wanted(repository: &Repository) -> Wanted {
    Wanted {
        repository: repository.clone(),
        tag: Some(Tag::parse("0").expect("a digit is a tag")),
        digest: KnownDigest::Proven(ProvenDigest::of_bytes(&[], Algorithm::Sha256)),
        same: Vec::new(),
    }
}

impl<'f> Files<'f> {
    /// These files.
    pub(super) fn of(files: impl Iterator<Item = (&'f str, &'f [u8])>) -> Self {
        Self(files.collect())
    }

    /// Whether there is a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// The kustomizations that build what the targets name.
    pub(super) fn trees(&self, targets: &[Target]) -> Trees {
        Trees::read(targets, Border::Inside, |want| Some(self.find(want)))
    }

    /// What the targets come to.
    pub(super) fn rewrite(
        &self,
        targets: &[Target],
        trees: &Trees,
        wanted: &[Wanted],
    ) -> Result<Rewrite, RewriteError> {
        let found: Vec<Found> = rewrite::wants(targets).into_iter().map(|want| self.find(want)).collect();
        rewrite::rewrite(targets, (&found, trees), wanted)
    }

    fn find(&self, want: Want<'_>) -> Found {
        let path = normal(want.path);
        if let Some(bytes) = self.0.get(path.as_str()) {
            return Found::File(bytes.to_vec());
        }
        let start = if path.is_empty() { String::new() } else { format!("{path}/") };
        let from = (Bound::Included(start.as_str()), Bound::Unbounded);
        let below = self.0.range::<str, _>(from).take_while(|(file, _)| file.starts_with(start.as_str()));
        let mut is_there = false;
        let mut entries = Vec::new();
        for (file, bytes) in below {
            is_there = true;
            let name = file.get(start.len()..).unwrap_or_default();
            if !name.contains('/') && (want.pick)(name) {
                entries.push(Entry { name: name.to_owned(), found: Found::File(bytes.to_vec()) });
            }
        }
        if is_there { Found::Directory(entries) } else { Found::Missing { parent: String::new(), names: Vec::new() } }
    }
}

/// The path of a kustomization's directory, as a target names it.
pub(super) fn kustomization(directory: &str) -> String {
    if directory.is_empty() { ".".to_owned() } else { directory.to_owned() }
}
