//! What can go wrong with a registry, and what to do about it; this module must not ask a registry anything.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use super::Verified;
use super::contents::Details;
use super::credentials::CredentialsError;
use super::denial::{Denial, TokenFault};
use super::failure::Failure;
use crate::http::{NoAnswer, Withheld};
use crate::image::Digest;

/// Why an image could not be checked. Each text is one line; `words` are the server's own, cleaned and short.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegistryError {
    /// The reference names no tag, so there is nothing to resolve.
    #[error("{image} has no tag")]
    NoTag {
        /// The reference.
        image: String,
    },
    /// The credentials are not sent to this server.
    #[error(transparent)]
    Withheld(#[from] Withheld),
    /// A source of credentials is broken.
    #[error("{0}")]
    Credentials(#[from] CredentialsError),
    /// The registry answers and does not know the image.
    #[error("{image} is not in the registry{}", said(words))]
    NotFound {
        /// The reference.
        image: String,
        /// What the registry said.
        words: String,
    },
    /// The registry refuses the credentials, or what they ask for.
    #[error("access to {image} denied with the credentials of {access}{}", said(words))]
    Denied {
        /// The reference.
        image: String,
        /// The source of the credentials.
        access: String,
        /// How the registry says so.
        denial: Denial,
        /// What the registry or its token service said.
        words: String,
    },
    /// The registry wants credentials and there are none for it.
    #[error("access to {image} denied without credentials{}", said(words))]
    Unauthorized {
        /// The reference.
        image: String,
        /// Why there are probably none.
        advice: String,
        /// How the registry says so.
        denial: Denial,
        /// What the registry or its token service said.
        words: String,
    },
    /// The same (403), waited for: some registries say so of an image that is not there yet.
    #[error("{image} is denied or missing: {} answers 403 {}{}", denial.server(), shown(access.as_deref()), said(words))]
    DeniedOrMissing {
        /// The reference.
        image: String,
        /// The source of the credentials; none without.
        access: Option<String>,
        /// Whose answer it is.
        denial: Denial,
        /// What the registry said.
        words: String,
    },
    /// The token service that the registry's challenge names is of no use.
    #[error("the token service {service} of {host} {fault}")]
    BadTokenService {
        /// The registry.
        host: String,
        /// The token service.
        service: String,
        /// What is wrong with it.
        fault: TokenFault,
    },
    /// The registry sends to another server, which refuses. Credentials are not shown there.
    #[error("access to {image} denied by the server that {host} redirects to")]
    DeniedElsewhere {
        /// The reference.
        image: String,
        /// The registry.
        host: String,
    },
    /// No answer came.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The server.
        host: String,
        /// What kept the answer away.
        why: NoAnswer,
        /// The same in the system's words.
        reason: String,
    },
    /// The registry has had enough requests (429), and still had after the retries.
    #[error("{host} limits the rate of requests{}", said(words))]
    Limited {
        /// The server.
        host: String,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// What it said.
        words: String,
    },
    /// The registry failed (5xx), and still did after the retries.
    #[error("{host} failed with status {status}{}", said(words))]
    ServerError {
        /// The server.
        host: String,
        /// The HTTP status.
        status: u16,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// What it said.
        words: String,
    },
    /// The answer is not that of a registry.
    #[error("the answer of {host} is not that of a registry: {reason}")]
    BadAnswer {
        /// The server.
        host: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The tag names another digest than the reference.
    #[error("{image} has another digest in the registry: {found}")]
    DigestMismatch {
        /// The reference, with the digest that was expected.
        image: String,
        /// The registry's digest of the tag.
        found: Digest,
    },
    /// A tag does not mean the digest that is written beside it elsewhere, and has to stand for it.
    #[error("{image} does not point to {wanted}: {}", found.as_ref().map_or_else(|| "the tag no longer exists".to_owned(), |found| format!("the tag now points to {found}")))]
    TagMoved {
        /// Repository and tag.
        image: String,
        /// The digest.
        wanted: Digest,
        /// What the tag means; none where it is gone.
        found: Option<Digest>,
    },
    /// The image is there and not what it must be.
    #[error("{image} must not be deployed: {}", all(failures))]
    Unfit {
        /// The reference.
        image: String,
        /// What it fails, at least one.
        failures: Vec<Failure>,
        /// What is known of it; none when it was not even asked for.
        seen: Option<Box<Inspected>>,
    },
}

/// An image that is there and must not be deployed, as far as it was looked at.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The digest that the tag names in the registry.
    pub digest: Digest,
    /// What is in it, when that was asked.
    pub details: Option<Details>,
    /// The name of the key that signed it, when that was required and one had.
    pub signed_by: Option<String>,
}

impl RegistryError {
    /// What to do about it: one line.
    pub fn hint(&self) -> String {
        match self {
            Self::NoTag { .. } => "write the tag that was pushed: no tag is assumed, not even latest".to_owned(),
            Self::Withheld(withheld) => withheld.hint().to_owned(),
            Self::Credentials(_) => "correct this source of credentials, or set it to an empty value if it is not needed".to_owned(),
            Self::NotFound { .. } => "check the name and the tag, and check that the build pushed this image".to_owned(),
            Self::Denied { access, .. } => format!(
                "check that the credentials of {access} are right, not expired, and allowed to pull (some registries \
                give this answer for a repository that does not exist, too)"
            ),
            Self::Unauthorized { advice, .. } => advice.clone(),
            Self::DeniedOrMissing { denial, access, .. } => format!(
                "{} 403 for a missing image, too, so the run does not wait: let this job run after the job that \
                 pushes the image (needs:), and check that {} may read the repository",
                if *denial == Denial::Artifactory { "Artifactory answers" } else { "some registries answer" },
                access
                    .as_ref()
                    .map_or_else(|| "an anonymous user".to_owned(), |access| format!("the user of {access}"))
            ),
            Self::BadTokenService { fault, .. } => fault.hint().to_owned(),
            Self::DeniedElsewhere { host, .. } => {
                format!("ask the administrator of {host} why its storage refuses the request: credentials are sent only to {host} itself")
            }
            Self::Unreachable { host, why, .. } => what_to_do(*why, host),
            Self::Limited { retry_after: Some(wait), .. } => {
                format!("run the job again later: the registry asks for a wait of {} s", wait.as_secs())
            }
            Self::Limited { .. } => "run the job again later; with credentials the limit is often higher".to_owned(),
            Self::ServerError { .. } => "run the job again later, or ask the registry's administrator".to_owned(),
            Self::BadAnswer { host, .. } => format!("check that {host} is the registry, and not a sign-in page or a proxy"),
            Self::DigestMismatch { .. } => {
                "the tag was pushed again, or the digest is that of another image: build the image again, and pass its new tag and digest"
                    .to_owned()
            }
            Self::TagMoved { .. } => {
                "write the digest too, with --pin digest: a place with only a tag would run the image that the tag now points to"
                    .to_owned()
            }
            Self::Unfit { failures, .. } => failures.first().map_or("", Failure::hint).to_owned(),
        }
    }

    /// What is known of an image that must not be deployed.
    pub fn seen(&self) -> Option<&Inspected> {
        match self {
            Self::Unfit { seen, .. } => seen.as_deref(),
            _ => None,
        }
    }

    /// Whether a signature was required, looked for and not found.
    pub fn lacks_signature(&self) -> bool {
        let is_signature = |failure: &Failure| matches!(failure, Failure::Signature { .. });
        matches!(self, Self::Unfit { failures, .. } if failures.iter().any(is_signature))
    }

    /// The error for the tag of an image that is named by its digest.
    pub(super) fn tag_moved(image: &Verified, found: Option<Digest>) -> Self {
        Self::TagMoved { image: image.reference().without_digest().to_string(), wanted: image.digest().clone(), found }
    }

    /// The error for a host that kept an answer back for so long.
    pub(crate) fn silent(host: &str, waited: Duration) -> Self {
        let reason = format!("no complete answer within {} s", waited.as_secs());
        Self::Unreachable { host: host.to_owned(), why: NoAnswer::Silence, reason }
    }

    /// The same in the eyes of somebody who waits for the image.
    pub(super) fn while_waiting(self) -> Self {
        match self {
            Self::Denied { image, access, denial: denial @ (Denial::Forbidden | Denial::Artifactory), words } => {
                Self::DeniedOrMissing { image, access: Some(access), denial, words }
            }
            Self::Unauthorized { image, denial: denial @ (Denial::Forbidden | Denial::Artifactory), words, .. } => {
                Self::DeniedOrMissing { image, access: None, denial, words }
            }
            error => error,
        }
    }

    /// Whether the image may be there later: it is on its way, or the registry is in trouble. A denial stays.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Unreachable { why: NoAnswer::Silence, .. }) || self.is_transient()
    }

    /// Whether asking again may help.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Limited { .. } | Self::ServerError { .. } => true,
            Self::Unreachable { why, .. } => *why == NoAnswer::Connection,
            _ => false,
        }
    }

    /// How long the server asked to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry_after, .. } | Self::ServerError { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn what_to_do(why: NoAnswer, host: &str) -> String {
    match why {
        NoAnswer::Certificate(remedy) => remedy.hint().to_owned(),
        NoAnswer::NotTls => format!("if the server supports only http, use `--plain-http {host}`"),
        NoAnswer::Tls => {
            "check the registry's TLS settings: TLS 1.2 or 1.3 is needed, and TLS 1.3 for a key on P-521".to_owned()
        }
        NoAnswer::Connection | NoAnswer::NotHttp | NoAnswer::Silence => {
            "check the host's name and port, the network, and the proxy variables".to_owned()
        }
    }
}

fn shown(access: Option<&str>) -> String {
    access.map_or_else(|| "without credentials".to_owned(), |access| format!("with the credentials of {access}"))
}

/// A server's words behind a colon.
fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

fn all(failures: &[Failure]) -> String {
    const SHOWN: usize = 5;
    let texts: Vec<String> = failures.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if failures.len() > SHOWN { "; …" } else { "" };
    format!("{}{more}", texts.join("; "))
}
