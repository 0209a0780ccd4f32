//! Why a preview can't be made or removed, and what to do about it; this module must not decide any of that.

#![deny(clippy::disallowed_methods)]

use super::marker::MARKER;
use crate::edit::EditError;
use crate::rewrite::RewriteError;

/// Why a preview can't be made or removed.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The template is no directory.
    #[error("{template}: there is no such directory to copy")]
    NoTemplate {
        /// The template.
        template: String,
    },
    /// Something else stands where the copy goes.
    #[error("{to}: it is there, and no preview made it")]
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
    #[error("{path}: this is a submodule, and a copy of it would be one without an address")]
    Submodule {
        /// Where it is.
        path: String,
    },
    /// A file that is to get another value.
    #[error("preview.replace: {file}: there is no such file in the template {template}")]
    NoFile {
        /// The file, relative to the template.
        file: String,
        /// The template.
        template: String,
    },
    /// Relative paths out of the template that lead nowhere from the copy.
    #[error("paths out of the template lead nowhere from {to}: {}", .links.join(", "))]
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
                format!("give --to another place: only a directory with the file {MARKER} is replaced or removed")
            }
            Self::Another { .. } => "give --name or --to another value, or delete that preview first".into(),
            Self::TooLarge { .. } => "copy a smaller directory".into(),
            Self::Submodule { .. } => "move the submodule out of the template".into(),
            Self::NoFile { .. } => "correct the file in preview.replace of the config file".into(),
            Self::Leads { .. } => "give --to as many directories as the template has, or correct the paths".into(),
            Self::Images(error) => images(error),
            Self::Edit(error) => error.hint(),
        }
    }
}

/// What to do where the images can't be written: a preview has no targets that could be named.
fn images(error: &RewriteError) -> String {
    const REPLACE: &str = "write the place with preview.replace of the config file";
    match error {
        RewriteError::DifferentTags { wanted, .. } => {
            format!("write {wanted} to all of them with --any-tag, or {REPLACE}")
        }
        RewriteError::Nowhere { there, .. } | RewriteError::NoMatch { there, .. } => {
            match (there.reasons.as_slice(), there.held.as_slice()) {
                ([], []) => format!("no image was found in the copy at all: {REPLACE}, or add an entry with --create"),
                ([], held) => format!("the images there are: {}; check the image, or {REPLACE}", held.join(", ")),
                (reasons, _) => reasons.join("; "),
            }
        }
        other => other.hint(),
    }
}
