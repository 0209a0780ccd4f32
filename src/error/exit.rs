//! Which exit code each failure has; this module must not know what to do about it.

#![deny(clippy::disallowed_methods)]

use super::{Error, ExitCode, Stage};
use crate::api::ApiError;
use crate::argocd::ArgocdError;
use crate::cli::CliError;
use crate::commit_status::StatusError;
use crate::git::GitError;
use crate::merge_request::ForgeError;
use crate::plan::PlanError;
use crate::registry::RegistryError;
use crate::settings::SettingsError;

impl Error {
    /// The exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Cli(CliError::Usage(_)) | Self::Settings(SettingsError::Usage(_)) => ExitCode::Usage,
            Self::Plan(PlanError::UnsafePath { .. } | PlanError::OwnFile { .. })
            | Self::Rewrite { .. }
            | Self::Preview { .. }
            | Self::Versions(_)
            | Self::History { .. }
            | Self::NothingToPropose { .. } => ExitCode::Target,
            Self::Cli(CliError::Variable { .. })
            | Self::Settings(_)
            | Self::Plan(_)
            | Self::Message(_)
            | Self::NotPublic(_)
            | Self::File { .. }
            | Self::Policy { .. }
            | Self::Exists { .. }
            | Self::Key { .. }
            | Self::Trust(_)
            | Self::Forge { stage: Stage::NothingPushed, .. } => ExitCode::Configuration,
            Self::Registry(error) => registry(error),
            Self::NotLive { .. } => ExitCode::Requirement,
            Self::Frozen { .. } | Self::OnHold { .. } => ExitCode::NotNow,
            Self::Gone { source, .. } => registry(source),
            Self::Git { reason, .. } => git(reason),
            Self::Forge { reason: ForgeError::Api(error), .. }
            | Self::Mirror { reason: error, .. }
            | Self::Deployment { reason: error, .. } => after(error),
            Self::Statuses { reason, .. } => statuses(reason),
            Self::Argocd { reason, .. } => match reason.as_ref() {
                ArgocdError::Api(error) => after(error),
                _ => ExitCode::After,
            },
            Self::Forge { .. } | Self::Interrupted { stage: Stage::Pushed, .. } => ExitCode::After,
            Self::Race { .. } | Self::Outdated { .. } => ExitCode::Race,
            Self::Local(_)
            | Self::Interrupted { stage: Stage::NothingPushed, .. }
            | Self::Unfinished
            | Self::Unexpected(_) => ExitCode::Unexpected,
        }
    }
}

fn registry(error: &RegistryError) -> ExitCode {
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

fn git(error: &GitError) -> ExitCode {
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

fn after(error: &ApiError) -> ExitCode {
    match error {
        ApiError::Withheld(_) => ExitCode::Configuration,
        _ => ExitCode::After,
    }
}

fn statuses(error: &StatusError) -> ExitCode {
    match error {
        StatusError::Api(error) => after(error),
        StatusError::NoForge { .. } => ExitCode::Configuration,
        StatusError::Failed(_) | StatusError::TimedOut { .. } => ExitCode::After,
    }
}
