//! How much of a file is read, and what is too much; this module must not measure it.

#![deny(clippy::disallowed_methods)]

/// The largest file that is read.
pub const MAX_BYTES: usize = 16 << 20;
/// The most nodes a file may have.
pub(super) const MAX_NODES: usize = 2_000_000;
/// The deepest nesting of a file, aliases followed.
pub(super) const MAX_DEPTH: usize = 128;
/// How many texts may stand one inside the other.
pub(super) const DEEPEST_TEXT: u8 = 3;
/// The most places of one file.
pub const MAX_PLACES: usize = 10_000;

/// What makes a file too costly to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bomb {
    /// Too many bytes.
    #[error("the file is larger than {} MiB", MAX_BYTES >> 20)]
    Size,
    /// Too many nodes.
    #[error("the file has more than {} values", MAX_NODES)]
    Nodes,
    /// Nested too deeply.
    #[error("the file is nested deeper than {} levels", MAX_DEPTH)]
    Nesting,
    /// Too many places.
    #[error("the file names the images more than {} times", MAX_PLACES)]
    Places,
    /// Aliases that multiply.
    #[error("the aliases in the file expand to too many values")]
    Aliases,
}
