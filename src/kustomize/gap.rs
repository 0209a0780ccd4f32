//! What a reading can't follow, and why; this module must not decide what that means for an edit.

#![deny(clippy::disallowed_methods)]

use std::fmt;

/// Where a reading is incomplete: something there may decide about images, or Kustomize refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The file that names it.
    pub file: String,
    /// The line there, from 1.
    pub line: usize,
    /// What it is, as the end of a sentence.
    pub why: String,
}

impl Gap {
    pub(super) fn new(file: &str, line: usize, why: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, why: why.into() }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.why)
    }
}
