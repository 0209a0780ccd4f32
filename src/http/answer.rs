//! An answer on its way: read in pieces or as a whole, bounded in bytes and in time. This module must not follow it anywhere.

use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use tokio::time::Instant;

use super::error::{HttpError, NoAnswer};
use super::failure::{silent, slow, unreachable};
use super::floor::Floor;
use super::hop::Hop;
use super::route::Reach;
use super::{retry_after, said};
use crate::secret::SharedRedactor;
use crate::words;

/// As much of a refusal's body as its words can be in.
const WORDS: usize = 16 * 1024;

/// How long a server may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    silence: Duration,
    end: Instant,
}

/// An answer whose body has not been read.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    rest: Box<Rest>,
}

/// What is needed to read on.
struct Rest {
    hop: Hop,
    reach: Reach,
    response: Response,
    deadline: Deadline,
    floor: Floor,
    redactor: SharedRedactor,
}

/// An answer that was read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body; empty unless the status is a success.
    pub(crate) body: Vec<u8>,
    /// What a refusal says: one line, without secrets. Empty when redirects led to another server.
    pub(crate) words: String,
    /// How long a refusal asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// Whether the server that was asked gave it, and no other one on the way.
    pub(crate) is_own: bool,
    /// What a challenge in it may lead to.
    pub(crate) reach: Reach,
}

impl Deadline {
    pub(super) fn new(silence: Duration, total: Duration) -> Self {
        Self { silence, end: Instant::now() + total }
    }

    /// Waits for a server, neither longer than it may be silent nor beyond the end.
    pub(super) async fn wait<T>(
        self,
        hop: &Hop,
        step: impl Future<Output = Result<T, reqwest::Error>>,
    ) -> Result<T, HttpError> {
        let end = self.end.min(Instant::now() + self.silence);
        match tokio::time::timeout_at(end, step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(unreachable(hop, &error)),
            Err(_) => Err(silent(hop)),
        }
    }
}

impl Answer {
    pub(super) fn new(
        mut response: Response,
        (hop, reach): (Hop, Reach),
        (deadline, floor): (Deadline, Floor),
        redactor: SharedRedactor,
    ) -> Self {
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Self { status, headers, rest: Box::new(Rest { hop, reach, response, deadline, floor, redactor }) }
    }

    /// The address where redirects ended.
    pub(crate) fn url(&self) -> &url::Url {
        &self.rest.hop.url
    }

    /// The next piece of the body; none at its end.
    pub(crate) async fn more(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, HttpError> {
        let Rest { deadline, floor, hop, response, .. } = self.rest.as_mut();
        let (began, patience) = (Instant::now(), Deadline { silence: deadline.silence.min(floor.left()), ..*deadline });
        let came = patience.wait(hop, response.chunk()).await;
        let waited = began.elapsed();
        match &came {
            Ok(Some(piece)) => floor.came(piece.len(), waited).map_err(|_| slow(hop))?,
            Err(HttpError::Unreachable { why: NoAnswer::Silence, .. }) if waited < deadline.silence => {
                floor.came(0, waited).map_err(|_| slow(hop))?;
            }
            _ => {}
        }
        came
    }

    /// How long a refusal asks to wait; what a server says that redirects led to does not count.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let of_refusal = self.rest.hop.is_own && !self.status.is_success();
        of_refusal.then(|| retry_after::of(&self.headers, SystemTime::now())).flatten()
    }

    /// Reads the body to its end; of a refusal, the words.
    pub(crate) async fn whole(mut self, limit: usize) -> Result<Whole, HttpError> {
        let (is_success, retry_after) = (self.status.is_success(), self.retry_after());
        let (body, words) =
            if is_success { (self.body(limit).await?, String::new()) } else { (Vec::new(), self.words().await?) };
        let (is_own, reach) = (self.rest.hop.is_own, self.rest.reach);
        Ok(Whole { status: self.status, headers: self.headers, body, words, retry_after, is_own, reach })
    }

    /// What a refusal says, in one line. The words of a server that redirects led to are left unread: nobody asked it.
    pub(crate) async fn words(&mut self) -> Result<String, HttpError> {
        if !self.rest.hop.is_own {
            return Ok(String::new());
        }
        let (body, is_cut) = self.beginning(WORDS).await?;
        // A part of a secret would not be known as one, nor would half a JSON text be understood.
        let text = if is_cut { until_the_last_word(&body) } else { said::of(&body) };
        let in_header = || said::in_headers(&self.headers);
        let text = Some(text).filter(|text| !text.is_empty()).or_else(in_header).or_else(|| said::title(&body));
        let text = text.unwrap_or_default();
        Ok(words::short(self.rest.redactor.redact(&text)))
    }

    async fn body(&mut self, limit: usize) -> Result<Vec<u8>, HttpError> {
        let (body, is_cut) = self.beginning(limit).await?;
        if is_cut { Err(HttpError::TooLong { host: self.rest.hop.name.clone(), limit }) } else { Ok(body) }
    }

    /// The body up to a limit, and whether there is more.
    async fn beginning(&mut self, limit: usize) -> Result<(Vec<u8>, bool), HttpError> {
        let mut body = Vec::new();
        while let Some(piece) = self.more().await? {
            let piece = piece.as_ref();
            let room = limit - body.len();
            body.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if piece.len() > room {
                return Ok((body, true));
            }
        }
        Ok((body, false))
    }
}

impl Whole {
    /// The reason why an answer can't be used: in plain words where another server gave it, whose words are not repeated.
    pub(crate) fn blame(&self, reason: String) -> String {
        if self.is_own { reason } else { "it redirects to a server whose answer can't be used".to_owned() }
    }
}

/// Plain text without the word that it was cut in; nothing of any other text.
fn until_the_last_word(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.trim_start().chars().next() {
        Some('{' | '[' | '"' | '<') | None => String::new(),
        Some(_) => text.rsplit_once(char::is_whitespace).map_or_else(String::new, |(whole, _)| whole.to_owned()),
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}
