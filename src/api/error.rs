//! Why an API did not give what was asked for; this module must not know whose API it is.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use crate::http::{NoAnswer, Withheld};

/// Why an API did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No connection, or it broke.
    #[error("{base} can't be reached: {reason}")]
    Unreachable {
        /// The API.
        base: String,
        /// What kept the answer away.
        why: NoAnswer,
        /// What the network said.
        reason: String,
    },
    /// The token may not do this.
    #[error("{path} denies access{}", suffix(words))]
    Denied {
        /// What was asked for.
        path: String,
        /// The HTTP status: 401 where the token is not known, 403 where it may not do this.
        status: u16,
        /// What the server said, maybe nothing.
        words: String,
    },
    /// There is no such thing, or the token may not see it.
    #[error("{path} is not found{}", suffix(words))]
    NotFound {
        /// What was asked for.
        path: String,
        /// What the server said, maybe nothing.
        words: String,
        /// The API's base at the server that the same path leads to, as from http to https.
        leads: Option<String>,
    },
    /// What was asked for is at another address now.
    #[error("{path} has moved to {to}")]
    Moved {
        /// What was asked for.
        path: String,
        /// Where it is now, on the same server.
        to: String,
        /// The same as an address.
        address: String,
    },
    /// The server turned the request down.
    #[error("{path} answers {status}{}{}", suffix(words), pause(*retry_after))]
    Rejected {
        /// What was asked for.
        path: String,
        /// The HTTP status.
        status: u16,
        /// What the server said, maybe nothing.
        words: String,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// An answer that such an API would not give.
    #[error("the answer of {base} can't be used: {what}")]
    BadAnswer {
        /// The API.
        base: String,
        /// What is wrong with it.
        what: String,
    },
    /// The token is not sent to this server.
    #[error(transparent)]
    Withheld(#[from] Withheld),
}

impl ApiError {
    /// Whether the same request may succeed a moment later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            // GitHub says 403 and when to come back, where others say 429.
            Self::Rejected { status, .. } => matches!(*status, 403 | 429) || *status >= 500,
            _ => false,
        }
    }

    /// Whether the server did nothing, since too much was asked of it.
    pub(super) fn is_limited(&self) -> bool {
        matches!(self, Self::Rejected { status: 403 | 429, .. })
    }

    /// How long the server asks to wait before the next request.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rejected { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn suffix(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

fn pause(asked: Option<Duration>) -> String {
    match asked {
        Some(asked) => {
            format!("; it asks for a wait of {}", humantime::format_duration(Duration::from_secs(asked.as_secs())))
        }
        None => String::new(),
    }
}
