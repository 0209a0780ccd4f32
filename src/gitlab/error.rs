//! What can go wrong between us and GitLab's API, and what to do about it; exit codes are not decided here.

/// Why a merge request could not be opened or refreshed.
#[derive(Debug, thiserror::Error)]
pub enum GitlabError {
    /// No connection, or it broke.
    #[error("{base} can't be reached")]
    Unreachable {
        /// The API.
        base: String,
        /// What the network said.
        #[source]
        source: reqwest::Error,
    },
    /// The token may not do this.
    #[error("{path} denies access{}", suffix(words))]
    Denied {
        /// What was asked for.
        path: String,
        /// What the server said, maybe nothing.
        words: String,
    },
    /// There is no such thing, or the token may not see it.
    #[error("nothing is at {path}")]
    NotFound {
        /// What was asked for.
        path: String,
    },
    /// The server turned the request down.
    #[error("{path} answers {status}{}", suffix(words))]
    Rejected {
        /// What was asked for.
        path: String,
        /// The HTTP status.
        status: u16,
        /// What the server said, maybe nothing.
        words: String,
    },
    /// An answer that GitLab would not give.
    #[error("the answer of {base} isn't GitLab's: {what}")]
    BadAnswer {
        /// The API.
        base: String,
        /// What is wrong with it.
        what: String,
    },
    /// A user name that nobody has.
    #[error("{base} knows no user {name:?}")]
    NoUser {
        /// The API.
        base: String,
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
    /// The token doesn't fit into a header.
    #[error("GITOPS_BUMP_GITLAB_TOKEN is no token")]
    Token,
    /// The HTTP client could not be set up.
    #[error("the HTTP client can't be set up")]
    Client(#[source] reqwest::Error),
}

impl GitlabError {
    /// What the user can do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "the commit is on the work branch: check the network, the proxy variables and --ca-file, then run the job again"
            }
            Self::Denied { .. } => {
                "GITOPS_BUMP_GITLAB_TOKEN needs the scope api and the role Developer; without the variable the request is opened by push options"
            }
            Self::NotFound { .. } => {
                "check that GITOPS_BUMP_GITLAB_TOKEN may see the project; $CI_API_V4_URL counts when its host is the repository's"
            }
            Self::Rejected { .. } | Self::BadAnswer { .. } => {
                "the commit is on the work branch: run the job again, or open the merge request by hand"
            }
            Self::NoUser { .. } => "correct --mr-assignee or --mr-reviewer: user names, without @",
            Self::NoGitlab { .. } => "leave out --merge-request, or open the request there by other means",
            Self::Warned { .. } => {
                "correct what GitLab names, or set GITOPS_BUMP_GITLAB_TOKEN to a token with the scope api"
            }
            Self::Token => "set it to a project or group access token with the scope api",
            Self::Client(_) => "check the CA certificates and the proxy variables",
        }
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Rejected { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }
}

fn suffix(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}
