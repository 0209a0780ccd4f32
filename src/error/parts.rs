//! The exit codes and words of what goes wrong in single modules; this module must not know what to do about it.

#![deny(clippy::disallowed_methods)]

use super::ExitCode;
use crate::api::ApiError;
use crate::commit_status::StatusError;
use crate::git::GitError;
use crate::hold::Hold;
use crate::registry::RegistryError;

pub(super) fn registry(error: &RegistryError) -> ExitCode {
    match error {
        RegistryError::NoTag { .. } | RegistryError::Credentials(_) | RegistryError::Withheld(_) => {
            ExitCode::Configuration
        }
        RegistryError::NotFound { .. } => ExitCode::ImageMissing,
        RegistryError::DigestMismatch { .. } | RegistryError::TagMoved { .. } | RegistryError::Unfit { .. } => {
            ExitCode::Requirement
        }
        _ => ExitCode::Registry,
    }
}

pub(super) fn git(error: &GitError) -> ExitCode {
    match error {
        GitError::BranchMissing { .. }
        | GitError::DefaultBranchUnknown { .. }
        | GitError::FileTooLarge { .. }
        | GitError::Path { .. } => ExitCode::Target,
        GitError::Withheld(_) => ExitCode::Configuration,
        GitError::Commit(_) => ExitCode::Unexpected,
        _ => ExitCode::Git,
    }
}

pub(super) fn after(error: &ApiError) -> ExitCode {
    match error {
        ApiError::Withheld(_) => ExitCode::Configuration,
        _ => ExitCode::After,
    }
}

pub(super) fn statuses(error: &StatusError) -> ExitCode {
    match error {
        StatusError::Api(error) => after(error),
        StatusError::NoForge { .. } => ExitCode::Configuration,
        StatusError::Failed(_) | StatusError::TimedOut { .. } => ExitCode::After,
    }
}

/// How many held places an error names.
const HELD: usize = 20;

/// Held places, each with who said so, when and why.
pub(super) fn listed(holds: &[Hold]) -> String {
    let one = |hold: &Hold| {
        let Hold { file, place, value, reason, by, at } = hold;
        format!("{file} {place} stays at {value}, says {by} since {at}: {reason}")
    };
    let mut all: Vec<String> = holds.iter().take(HELD).map(one).collect();
    if holds.len() > HELD {
        all.push(format!("and {} more", holds.len() - HELD));
    }
    all.join("; ")
}
