//! What somebody who has read more files knows of a kustomization before it is edited; this module must not find it out.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

/// Which texts inside a kustomization (patches, transformers) give an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Those that have these lines of the file.
    Lines(BTreeSet<usize>),
    /// Any that names it may, as far as anybody knows; an entry that matches comes behind them.
    Any,
}

/// Why an entry can have no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// The reason, as the end of a sentence.
    pub why: String,
    /// What to do about it.
    pub remedy: String,
}

/// What is known of the images below a kustomization. By default nothing is, and then nothing is taken for dead.
#[derive(Clone, Debug, Default)]
pub struct Below {
    /// The entries that can have no effect, by their number in `images:`, and why.
    pub dead: BTreeMap<usize, Dead>,
    /// What `--create` adds for a wanted image, by its index: an entry of each of these names; or why none has an effect.
    /// Without a word of it, an entry of the image's own name is added.
    pub added: BTreeMap<usize, Result<Vec<String>, Dead>>,
    /// The wanted images, by their index, that another file gives which is written, too.
    pub given: BTreeSet<usize>,
    /// The wanted images, by their index, that texts inside the kustomization give, which are written, too.
    pub inline: BTreeMap<usize, Inline>,
    /// The wanted images, by their index, for which an added entry gets a digest, since what is below has one.
    pub pinned: BTreeSet<usize>,
    /// Names for which an entry that `--create` adds has no effect, and why.
    pub refused: BTreeMap<String, Dead>,
}
