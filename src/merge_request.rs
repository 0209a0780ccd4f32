//! A merge request (pull request) as a value: what it is to be, what became of it, and what can go wrong. This module must not
//! ask a server.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use crate::api::ApiError;
use crate::http::NoAnswer;
use crate::links::{Forge, WebUrl};
use crate::settings::ProposalSettings;

/// What a merge request is to be.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// Labels, people and switches.
    pub settings: &'a ProposalSettings,
    /// The work branch.
    pub source: &'a str,
    /// The branch to merge into.
    pub target: &'a str,
    /// The title.
    pub title: String,
    /// The description, in Markdown.
    pub description: String,
    /// The description on one line, for push options.
    pub summary: String,
}

/// A merge request that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its number in the project; none where only the server's words tell of it.
    pub number: Option<u64>,
    /// Its page, where the server said one of its own.
    pub url: Option<WebUrl>,
    /// Whether it was there before.
    pub is_refreshed: bool,
}

impl Opened {
    /// The same, when the rest that was wished of it came about.
    pub(crate) fn when(self, rest: Result<(), ForgeError>) -> Result<Self, ForgeError> {
        match rest {
            Ok(()) => Ok(self),
            Err(reason) => Err(ForgeError::Partly { opened: Box::new(self), reason: Box::new(reason) }),
        }
    }
}

/// What a merge request is at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for people or checks.
    Open,
    /// It is open, and its branches conflict.
    Conflicting,
    /// It is merged.
    Merged {
        /// The commit on the target branch, where the server says it.
        commit: Option<String>,
    },
    /// Somebody closed it.
    Closed,
}

/// Why a merge request is not what was wished.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The API did not give what was asked for.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A user name that nobody has.
    #[error("the user {name:?} does not exist on {}", forge.name())]
    NoUser {
        /// The forge.
        forge: Forge,
        /// The name.
        name: String,
    },
    /// A label that the project does not have.
    #[error("{project} has no label {name:?}")]
    NoLabel {
        /// The project.
        project: String,
        /// The label.
        name: String,
    },
    /// What this forge, or this way of asking it, can't do.
    #[error("{what}")]
    Unable {
        /// What can't be done, and why.
        what: String,
        /// What the user can do about it.
        hint: &'static str,
    },
    /// The server that holds the repository is no forge that is known.
    #[error("{host} answers neither as GitLab nor as Gitea or Forgejo")]
    NoForge {
        /// The server, or the local path.
        host: String,
    },
    /// The request was opened, and something that it was to have is missing.
    #[error("GitLab warns: {words}")]
    Warned {
        /// GitLab's own words.
        words: String,
    },
    /// A push went through, and nothing tells that a request is open.
    #[error(
        "{host} accepted the push but did not answer about a merge request, so it is not known whether a merge request is open"
    )]
    Untold {
        /// The server, or the local path.
        host: String,
    },
    /// The request is open, and a part of what was wished of it failed.
    #[error("it is open, but a part of it is missing: {reason}")]
    Partly {
        /// The request.
        opened: Box<Opened>,
        /// What failed.
        reason: Box<ForgeError>,
    },
    /// The forge turned a wish down, in an answer that is no error to HTTP.
    #[error("{} refuses: {words}", forge.name())]
    Refused {
        /// The forge.
        forge: Forge,
        /// Its own words.
        words: String,
    },
    /// Somebody closed the request.
    #[error("{request} was closed without being merged")]
    Closed {
        /// The request.
        request: String,
    },
    /// The request is still open at the end of the wait.
    #[error("{request} is still open after {}{}", humantime::format_duration(*.waited), if *.is_conflicting { ": it can't be merged, its branches conflict" } else { "" })]
    StillOpen {
        /// The request.
        request: String,
        /// How long it was waited for.
        waited: Duration,
        /// Whether its branches conflict.
        is_conflicting: bool,
    },
    /// The forge does not answer at the end of the wait.
    #[error("after {} it is not known whether {request} is merged: {reason}", humantime::format_duration(*.waited))]
    Unknown {
        /// The request.
        request: String,
        /// How long it was waited for.
        waited: Duration,
        /// What the newest look failed with.
        reason: Box<ApiError>,
    },
    /// The request is merged, and the branch holds something else all the same.
    #[error("{request} is merged, but {branch} does not name the image at the places")]
    NotThere {
        /// The request.
        request: String,
        /// The target branch.
        branch: String,
    },
}

impl ForgeError {
    /// Whether what was wished can't be had, whatever is tried: the user has to correct it.
    pub fn is_of_wish(&self) -> bool {
        matches!(self, Self::NoUser { .. } | Self::NoLabel { .. } | Self::Unable { .. })
    }

    /// The page of a request that is open all the same, where it is known.
    pub fn page(&self) -> Option<&WebUrl> {
        match self {
            Self::Partly { opened, .. } => opened.url.as_ref(),
            _ => None,
        }
    }

    /// What the user can do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Api(error) => api_hint(error),
            Self::NoUser { .. } => "correct --mr-assignee or --mr-reviewer: user names, without @",
            Self::NoLabel { .. } => "correct --mr-label, or create the label in the project",
            Self::Unable { hint, .. } => hint,
            Self::NoForge { .. } => {
                "set --forge to gitlab, github or gitea, or remove --merge-request and open the merge request in another way"
            }
            Self::Warned { .. } => {
                "correct what GitLab names, or set GITOPS_BUMP_FORGE_TOKEN to a token with the scope api"
            }
            Self::Untold { .. } => {
                "the commit is on the work branch, and only GitLab opens merge requests by push options: set GITOPS_BUMP_FORGE_TOKEN, so that the API of GitLab, GitHub or Gitea opens the request; if the server is not recognised, set --forge too"
            }
            Self::Partly { reason, .. } => match reason.as_ref() {
                Self::Api(ApiError::Rejected { .. } | ApiError::BadAnswer { .. }) => {
                    "correct the --mr- flag that the message is about and run the job again, or complete the merge request manually"
                }
                reason => reason.hint(),
            },
            Self::Unknown { reason, .. } => match reason.as_ref() {
                ApiError::Rejected { .. } => {
                    "the server of the merge request is busy or broken: run the job again later to go on waiting"
                }
                reason => api_hint(reason),
            },
            Self::Refused { .. } => {
                "the request is open: change the settings of the repository, or remove the flag that was refused"
            }
            Self::Closed { .. } => "run the job again to open a new request, or leave the version as it is",
            Self::StillOpen { .. } => "run the job again to go on waiting, or raise --mr-wait",
            Self::NotThere { .. } => {
                "check the branch, because a later commit may have changed the places again; to propose the image again, run the job again"
            }
        }
    }
}

fn api_hint(error: &ApiError) -> &'static str {
    match error {
        ApiError::Unreachable { why: NoAnswer::Certificate(remedy), .. } => remedy.hint(),
        ApiError::Unreachable { .. } => {
            "the commit is on the work branch: check the network, the proxy variables and --ca-file, then run the job again"
        }
        ApiError::Denied { .. } => {
            "GITOPS_BUMP_FORGE_TOKEN needs the right to open merge requests: on GitLab the scope api and the role Developer, on GitHub pull requests (write), on Gitea the scopes repository and issue"
        }
        ApiError::NotFound { .. } => {
            "check --forge, and check that GITOPS_BUMP_FORGE_TOKEN may read the project; $CI_API_V4_URL is used only if its host is the host of the repository"
        }
        ApiError::Moved { .. } => "the project has moved: correct --repo",
        ApiError::Rejected { .. } | ApiError::BadAnswer { .. } => {
            "the commit is on the work branch: run the job again, or open the merge request manually"
        }
        ApiError::Withheld(withheld) => withheld.hint(),
    }
}

/// Whoever opens a request can't review it. `own` is the token's user, as far as the token may look.
pub(crate) fn require_others(forge: Forge, own: Option<&str>, reviewers: &[String]) -> Result<(), ForgeError> {
    let is_own = |name: &String| own.is_some_and(|own| name.trim_start_matches('@').eq_ignore_ascii_case(own));
    match reviewers.iter().find(|name| is_own(name)) {
        None => Ok(()),
        Some(name) => Err(ForgeError::Unable {
            what: format!("--mr-reviewer {name}: on {} a user can't review their own request", forge.name()),
            hint: "set --mr-reviewer to another user, or set GITOPS_BUMP_FORGE_TOKEN to a token of another user",
        }),
    }
}

/// A number of a JSON object.
pub(crate) fn number(value: &serde_json::Value, field: &str) -> Option<u64> {
    value.get(field).and_then(serde_json::Value::as_u64)
}

/// A text of a JSON object; nothing where it is absent.
pub(crate) fn text<'v>(value: &'v serde_json::Value, field: &str) -> &'v str {
    value.get(field).and_then(serde_json::Value::as_str).unwrap_or_default()
}

/// A truth of a JSON object; false where it is absent.
pub(crate) fn is(value: &serde_json::Value, field: &str) -> bool {
    value.get(field).and_then(serde_json::Value::as_bool).unwrap_or(false)
}

/// A commit's id that a server says; none where it says something else.
pub(crate) fn commit(value: &serde_json::Value, field: &str) -> Option<String> {
    let id = text(value, field);
    let is_id = id.len() >= 40 && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_ascii_lowercase())
}
