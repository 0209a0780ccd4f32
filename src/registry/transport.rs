//! One question to a registry that may be busy or gone: asked again while that may help, told apart when it does not.
//! This module must not know what is asked, or how a request is sent.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use url::Url;

use super::error::RegistryError;
use crate::http::{Follow, Http, HttpError, Manners, NoAnswer, Reach, Request, Whole, name_of};

/// Registries send to their storage for blobs, and to other servers for manifests where they are a cache.
pub(super) const MANNERS: Manners =
    Manners { silence: Duration::from_secs(20), total: Duration::from_secs(50), follow: Follow::Anywhere };

/// Retries start within this time; what a server asks to wait beyond it is not waited.
const RETRY_WITHIN: Duration = Duration::from_secs(20);

/// What came back: any status but 429 and server errors.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    whole: Whole,
    /// Which of the candidates was asked.
    pub(super) asked: Url,
}

/// Asks the first of the candidates that speaks its scheme, again and again while that may help. A body is taken up to the
/// limit.
pub(super) async fn exchange(
    http: &Http,
    (request, limit): (&Request, usize),
    candidates: &[Url],
) -> Result<Answer, RegistryError> {
    let started = Instant::now();
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(300))
        .with_factor(2.5)
        .with_max_times(3)
        .with_jitter();
    (|| attempt(http, (request, limit), candidates))
        .retry(backoff)
        .when(RegistryError::is_transient)
        .adjust(|error, delay| {
            let delay = delay?.max(error.retry_after().unwrap_or_default());
            (started.elapsed() + delay <= RETRY_WITHIN).then_some(delay)
        })
        .notify(|error, delay| tracing::info!("{error}; trying again in {:.1} s", delay.as_secs_f32()))
        .await
}

async fn attempt(
    http: &Http,
    (request, limit): (&Request, usize),
    candidates: &[Url],
) -> Result<Answer, RegistryError> {
    let mut last = None;
    for url in candidates {
        let answer = async { http.send(url, request.clone()).await?.whole(limit).await };
        match answer.await.map_err(RegistryError::from) {
            Err(error) if may_speak_http(&error) => last = Some(error),
            Err(error) => return Err(error),
            Ok(whole) => return refuse_failure(Answer { whole, asked: url.clone() }),
        }
    }
    Err(last.unwrap_or_else(|| RegistryError::BadAnswer {
        host: String::new(),
        reason: "its address is not valid".to_owned(),
    }))
}

impl Answer {
    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        self.whole.status
    }

    /// The headers.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.whole.headers
    }

    /// The body of a success.
    pub(super) fn body(&self) -> &[u8] {
        &self.whole.body
    }

    /// The body of a success.
    pub(super) fn into_body(self) -> Vec<u8> {
        self.whole.body
    }

    /// What a refusal says, maybe nothing.
    pub(super) fn words(&self) -> String {
        self.whole.words.clone()
    }

    /// Whether the server that was asked gave it, and none that it sent to.
    pub(super) fn is_own(&self) -> bool {
        self.whole.is_own
    }

    /// What a challenge in it may lead to.
    pub(super) fn reach(&self) -> Reach {
        self.whole.reach
    }

    /// The error for an answer that a registry should not have given.
    pub(super) fn bad(&self, reason: String) -> RegistryError {
        RegistryError::BadAnswer { host: name_of(&self.asked), reason: self.blame(reason) }
    }

    /// The reason why it can't be used, without a word of another server's.
    pub(super) fn blame(&self, reason: String) -> String {
        self.whole.blame(reason)
    }
}

impl From<HttpError> for RegistryError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Unreachable { host, why, reason } => Self::Unreachable { host, why, reason },
            HttpError::TooLong { host, limit } => {
                Self::BadAnswer { host, reason: format!("its answer is longer than {limit} bytes") }
            }
            HttpError::Stray { host, stray } => Self::BadAnswer { host, reason: stray.to_string() },
            HttpError::Withheld(withheld) => Self::Withheld(withheld),
        }
    }
}

/// Turns the statuses that are worth another try into errors. 501 is none: it says that HEAD is not known.
fn refuse_failure(answer: Answer) -> Result<Answer, RegistryError> {
    let host = name_of(&answer.asked);
    let (retry_after, words) = (answer.whole.retry_after, answer.words());
    match answer.status().as_u16() {
        429 => Err(RegistryError::Limited { host, retry_after, words }),
        501 => Ok(answer),
        status @ 500.. => Err(RegistryError::ServerError { host, status, retry_after, words }),
        _ => Ok(answer),
    }
}

/// Whether a server that was asked in https may be one that speaks http: never after a certificate was seen.
fn may_speak_http(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Unreachable { why: NoAnswer::NotTls | NoAnswer::Connection, .. })
}
