//! Why a preview can't be made or removed, and what to do about it; this module must not decide any of that.

#![deny(clippy::disallowed_methods)]

use super::marker::MARKER;
use crate::edit::EditError;
use crate::rewrite::RewriteError;

/// Why a preview can't be made or removed.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The template is no directory.
    #[error("{template}: this directory does not exist")]
    NoTemplate {
        /// The template.
        template: String,
    },
    /// Something else stands where the copy goes.
    #[error("{to}: it exists, but it was not made by preview")]
    NotPreview {
        /// The copy's directory.
        to: String,
    },
    /// Another preview stands where the copy goes.
    #[error("{to}: {what}")]
    Another {
        /// The copy's directory.
        to: String,
        /// What is there.
        what: String,
    },
    /// A template that is more than is looked through.
    #[error("{template}: {what}")]
    TooLarge {
        /// The template.
        template: String,
        /// What is too much.
        what: String,
    },
    /// A submodule is in the template.
    #[error("{path}: this is a submodule, and a submodule can't be copied")]
    Submodule {
        /// Where it is.
        path: String,
    },
    /// A file that is to get another value.
    #[error("preview.replace: {file}: this file does not exist in the template {template}")]
    NoFile {
        /// The file, relative to the template.
        file: String,
        /// The template.
        template: String,
    },
    /// Relative paths out of the template that lead nowhere from the copy.
    #[error("these relative paths of the template do not exist from {to}: {}", .links.join(", "))]
    Leads {
        /// The copy's directory.
        to: String,
        /// Each with its file and line.
        links: Vec<String>,
    },
    /// The images can't be written in the copy.
    #[error(transparent)]
    Images(RewriteError),
    /// A value that can't be replaced.
    #[error("preview.replace: {0}")]
    Edit(#[from] EditError),
}

impl PreviewError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoTemplate { .. } => "check --template and the branch".into(),
            Self::NotPreview { .. } => {
                format!("set --to to another directory: only a directory with the file {MARKER} is replaced or removed")
            }
            Self::Another { .. } => "set --name or --to to another value, or delete the existing preview first".into(),
            Self::TooLarge { .. } => "set --template to a smaller directory".into(),
            Self::Submodule { .. } => "move the submodule out of the template".into(),
            Self::NoFile { .. } => "correct the file in preview.replace of the config file".into(),
            Self::Leads { .. } => {
                "set --to to a path with as many directories as the template, or correct the relative paths".into()
            }
            Self::Images(error) => images(error),
            Self::Edit(error) => error.hint(),
        }
    }
}

/// What to do where the images can't be written: a preview has no targets that could be named.
fn images(error: &RewriteError) -> String {
    const REPLACE: &str = "write the place with preview.replace in the config file";
    match error {
        RewriteError::DifferentTags { wanted, .. } => {
            format!("write {wanted} to all of them with --any-tag, or {REPLACE}")
        }
        RewriteError::Nowhere { there, .. } | RewriteError::NoMatch { there, .. } => {
            match (there.reasons.as_slice(), there.held.as_slice()) {
                ([], []) => format!("no image was found in the copy: {REPLACE}, or add an entry with --create"),
                ([], held) => format!("the copy names the images {}: check the image, or {REPLACE}", held.join(", ")),
                (reasons, _) => reasons.join("; "),
            }
        }
        other => other.hint(),
    }
}
