//! Which failures may pass by themselves, and which are about the token of a GitLab job; this module must not wait.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use reqwest::StatusCode;

use super::error::{GitError, suffix};

/// A failure that may pass by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passing {
    /// The server is busy, and may say for how long.
    Busy(Option<Duration>),
    /// The connection did not come about, or broke.
    Broken,
}

impl GitError {
    /// What a failure says that may pass by itself.
    pub(super) fn passing(&self) -> Option<Passing> {
        const BUSY: [StatusCode; 4] = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        match self {
            Self::Broken { .. } => Some(Passing::Broken),
            Self::Answered { status, retry_after, .. } if BUSY.contains(status) => Some(Passing::Busy(*retry_after)),
            _ => None,
        }
    }

    /// The same failure where it is about the token of a GitLab job: what to do is then another matter.
    pub(super) fn of_job_token(self) -> Self {
        match self {
            Self::AccessDenied { .. } | Self::Refused { .. } | Self::RepositoryMissing { .. } => {
                Self::JobToken(Box::new(self))
            }
            other => other,
        }
    }

    /// An answer that is not whole, with what was said beside it.
    pub(super) fn cut(host: String, talk: &str) -> Self {
        Self::Broken { host, reason: format!("its answer ends in the middle{}", suffix(talk)) }
    }
}
