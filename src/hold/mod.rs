//! Holds: the file in which a repository's people keep places as they are, and what it means for a run. This module must not
//! read the file, nor write it.
//!
//! `reading` is the file's text as entries, `writing` entries put into the text or taken out of it, `standing` which places the
//! entries hold now, `decide` what all that comes to for a run's edit.

#![deny(clippy::disallowed_methods)]

mod decide;
mod reading;
mod standing;
mod writing;

pub use self::decide::{Decided, Deed, Passage, PlannedPlace, RunFacts, decide};
pub use self::reading::{Entry, read};
pub use self::standing::{CurrentPlace, Standing, standing};
use crate::policies::{HOLDS, PolicyError};

/// One held place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The file, from the top of the repository.
    pub file: String,
    /// The path in the file, behind the document's number where several documents have it.
    pub place: String,
    /// What the place held: `TAG`, `TAG@DIGEST` or `@DIGEST`.
    pub value: String,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// That the file can't be read, or not be edited.
fn wrong(line: Option<usize>, reason: impl Into<String>) -> PolicyError {
    let hint = format!(
        "correct {HOLDS} in the repository: it must be a list of mappings with the keys file, place, value, reason, by and at; if the file is removed, all holds end"
    );
    PolicyError { file: HOLDS, line, reason: reason.into(), hint }
}
