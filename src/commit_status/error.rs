//! Why the statuses that are waited for did not say that all is well; this module must not decide an exit code.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use super::Status;
use crate::api::ApiError;
use crate::http::NoAnswer;

/// Why the statuses that are waited for did not say that all is well.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The API did not give what was asked for.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server that holds the repository is no forge that is known.
    #[error("{host} answers neither as GitLab nor as Gitea or Forgejo, so it has no commit statuses that can be read")]
    NoForge {
        /// The server, or the local path.
        host: String,
    },
    /// Some have failed.
    #[error("{}", list(.0))]
    Failed(Vec<Status>),
    /// It took too long.
    #[error("after {} {}; {names}{}", humantime::format_duration(*.waited), missing.join(", "), last(trouble.as_deref()))]
    TimedOut {
        /// How long they were waited for.
        waited: Duration,
        /// What is missing.
        missing: Vec<String>,
        /// The statuses that there are.
        names: String,
        /// What kept the last look from being an answer.
        trouble: Option<String>,
    },
}

impl StatusError {
    /// What the user can do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Api(ApiError::Denied { .. } | ApiError::NotFound { .. }) => {
                "the commit is pushed: GITOPS_BUMP_FORGE_TOKEN needs the right to read commit statuses: on GitLab the scope read_api and the role Reporter, on GitHub commit statuses (read), on Gitea the scope read:repository"
            }
            Self::Api(ApiError::Unreachable { why: NoAnswer::Certificate(remedy), .. }) => remedy.hint(),
            Self::Api(ApiError::Unreachable { .. }) => {
                "the commit is pushed: check the network, the proxy variables and --ca-file"
            }
            Self::Api(ApiError::Moved { .. }) => "the project has moved: correct --repo",
            Self::Api(ApiError::Withheld(withheld)) => withheld.hint(),
            Self::Api(_) => "the commit is pushed: check its statuses, then run the job again",
            Self::NoForge { .. } => "set --forge to gitlab, github or gitea, or remove --wait-status",
            Self::Failed(_) => {
                "the commit is pushed: check the system that reported the status (with Flux: flux get kustomizations); to roll back, run the job of an older pipeline again"
            }
            Self::TimedOut { .. } => {
                "compare --wait-status with the names of the statuses, check that Flux reports them (this needs a Provider, and an Alert with the severity info), or raise --wait-status-timeout"
            }
        }
    }
}

fn list(failed: &[Status]) -> String {
    failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn last(trouble: Option<&str>) -> String {
    trouble.map(|trouble| format!("; the last request failed: {trouble}")).unwrap_or_default()
}
