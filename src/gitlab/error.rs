//! What can go wrong between us and GitLab's API, and what to do about it; exit codes are not decided here.

use crate::api::ApiError;
use crate::http::Why;

/// Why a merge request could not be opened or refreshed.
#[derive(Debug, thiserror::Error)]
pub enum GitlabError {
    /// The API did not give what was asked for.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A user name that nobody has.
    #[error("GitLab knows no user {name:?}")]
    NoUser {
        /// The name.
        name: String,
    },
    /// The server that holds the repository is no GitLab.
    #[error("{host} is no GitLab, and merge requests are GitLab's")]
    NoGitlab {
        /// The server, or the local path.
        host: String,
    },
    /// The request was opened, and something that it was to have is missing.
    #[error("GitLab warns: {words}")]
    Warned {
        /// GitLab's own words.
        words: String,
    },
}

impl GitlabError {
    /// What the user can do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Api(ApiError::Unreachable { why: Why::Certificate(remedy), .. }) => remedy.hint(),
            Self::Api(ApiError::Unreachable { .. }) => {
                "the commit is on the work branch: check the network, the proxy variables and --ca-file, then run the job again"
            }
            Self::Api(ApiError::Denied { .. }) => {
                "GITOPS_BUMP_FORGE_TOKEN needs the scope api and the role Developer; without the variable the request is opened by push options"
            }
            Self::Api(ApiError::NotFound { .. }) => {
                "check that GITOPS_BUMP_FORGE_TOKEN may see the project; $CI_API_V4_URL counts when its host is the repository's"
            }
            Self::Api(ApiError::Rejected { .. } | ApiError::BadAnswer { .. }) => {
                "the commit is on the work branch: run the job again, or open the merge request by hand"
            }
            Self::NoUser { .. } => "correct --mr-assignee or --mr-reviewer: user names, without @",
            Self::NoGitlab { .. } => "leave out --merge-request, or open the request there by other means",
            Self::Warned { .. } => {
                "correct what GitLab names, or set GITOPS_BUMP_FORGE_TOKEN to a token with the scope api"
            }
            Self::Api(ApiError::Withheld(withheld)) => withheld.hint(),
        }
    }
}
