//! Why a request gave no usable answer; this module must not decide what follows from it.

#![deny(clippy::disallowed_methods)]

use url::Url;

use super::login::Withheld;
use super::refusal::Remedy;

/// Why a request gave no usable answer. Each text is one line.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HttpError {
    /// No answer came, or it broke.
    #[error("{host} can't be reached: {reason}")]
    Unreachable {
        /// The server.
        host: String,
        /// What kept the answer away.
        why: NoAnswer,
        /// The same in the system's words.
        reason: String,
    },
    /// The answer is longer than any that is wanted.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLong {
        /// The server.
        host: String,
        /// How much would have been read.
        limit: usize,
    },
    /// The server redirects, and that is not followed.
    #[error("{host}: {stray}")]
    Stray {
        /// The server.
        host: String,
        /// Why not.
        stray: Stray,
    },
    /// Credentials that are not sent to this server.
    #[error(transparent)]
    Withheld(#[from] Withheld),
}

/// What kept a server's answer away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The server's certificate is not trusted, or not the server's; what to do about that.
    Certificate(Remedy),
    /// The server does not speak TLS.
    NotTls,
    /// TLS failed for another reason.
    Tls,
    /// No connection, or a broken one.
    Connection,
    /// What came is not what HTTP has at this place.
    NotHttp,
    /// Too long without an answer, or with too little of it.
    Silence,
}

/// Why a redirect is not followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stray {
    /// There is no usable address in it.
    #[error("it redirects to an address that can't be used")]
    Nowhere,
    /// They don't end.
    #[error("it redirects more than {0} times")]
    TooMany(usize),
    /// TLS would end.
    #[error("it redirects from https to http, which is not followed")]
    Insecure,
    /// This kind of request has no business elsewhere.
    #[error("it redirects, which is not followed here")]
    Unwanted {
        /// Where to.
        to: Option<Url>,
    },
    /// A body would be sent a second time.
    #[error("it redirects a request with a body, which is not sent a second time")]
    Body,
    /// Git's credentials stay on one server.
    #[error("it redirects to another host or port ({0}), which is not followed")]
    OtherServer(String),
    /// From http to https, with credentials.
    #[error("it redirects from http to https, and credentials don't follow a redirect: use the https address")]
    Upgrade,
    /// On the same server, to what is not wanted: a sign-in page.
    #[error("it redirects to another page")]
    OtherPage,
    /// From the Internet to this machine or its networks.
    #[error(
        "a redirect or a challenge of this public server names an address of a private network or of this machine, which is not followed"
    )]
    Inward,
}

impl NoAnswer {
    /// Without any word of the server's: a certificate, too, can hold text.
    pub(super) fn plainly(self) -> &'static str {
        match self {
            Self::Certificate(_) => "its certificate is not trusted",
            Self::NotTls => "it does not speak TLS",
            Self::Tls => "TLS failed",
            Self::Connection => "the connection failed",
            Self::NotHttp => "what it sends is not HTTP",
            Self::Silence => "it gave no answer in time",
        }
    }
}
