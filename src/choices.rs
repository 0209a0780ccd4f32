//! What people choose among by a word, where no other module has it. This module must not know where the word was read.

#![deny(clippy::disallowed_methods)]

/// When a mirror is triggered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MirrorWhen {
    /// When something was pushed.
    #[default]
    Changed,
    /// Also when nothing had to change: the last synchronisation may have failed.
    Always,
}

/// In which form `status` is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Columns, for a terminal.
    #[default]
    Table,
    /// One JSON object.
    Json,
    /// A table for a wiki or the summary of a job.
    Markdown,
    /// One page that needs nothing else, for GitLab Pages.
    Html,
}
