//! One HTTP exchange with a server that may be slow, busy, hostile or gone: bounded, retried, told apart.
//! This module must not know what is asked, or whose credentials it carries.
//!
//! It stands in for the exchange of oci-client, which reads bodies without end, hides `Retry-After`, follows
//! redirects from https to http, and panics on a token that is no header value.

use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Method, StatusCode};
use url::{Host, Url};

use super::error::{RegistryError, Why};
use super::{retry_after, words};
use crate::http::Trust;
use crate::secret::SharedRedactor;

/// Retries start within this time; what a server asks to wait beyond it is not waited.
const RETRY_WITHIN: Duration = Duration::from_secs(20);

/// A loopback server shakes hands at once, or it does not speak TLS.
const LOCAL_CONNECT: Duration = Duration::from_secs(3);

/// Registries redirect once, to their storage.
const REDIRECTS: usize = 5;

/// As much of an error's body as its words can be in.
const WORDS_LIMIT: usize = 16 * 1024;

/// The clients of a run.
pub(super) struct Transport {
    remote: Client,
    /// Past the proxies, as every Go tool does it for loopback addresses.
    local: Client,
    hidden: SharedRedactor,
}

/// What to ask.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// GET, HEAD or POST.
    pub(super) method: Method,
    /// The `Accept` header.
    pub(super) accept: &'static str,
    /// The `Authorization` header.
    pub(super) authorization: Option<HeaderValue>,
    /// A form to send.
    pub(super) form: Option<String>,
    /// The longest body that is taken.
    pub(super) limit: usize,
}

/// What came back: any status but 429 and server errors.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: StatusCode,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The whole body; of an error, its beginning.
    pub(super) body: Vec<u8>,
    /// Which of the candidates it came from.
    pub(super) origin: Url,
}

impl Transport {
    pub(super) fn new(trust: &Trust, hidden: SharedRedactor) -> Result<Self, reqwest::Error> {
        // Redirects are followed here, where it is known what may go along.
        let client = || trust.client().redirect(reqwest::redirect::Policy::none());
        let local = client().no_proxy().connect_timeout(LOCAL_CONNECT).build()?;
        Ok(Self { remote: client().build()?, local, hidden })
    }

    /// Asks the first of the candidates that speaks its scheme, again and again while that may help.
    pub(super) async fn exchange(&self, request: &Request, candidates: &[Url]) -> Result<Answer, RegistryError> {
        let started = Instant::now();
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(300))
            .with_factor(2.5)
            .with_max_times(3)
            .with_jitter();
        (|| self.attempt(request, candidates))
            .retry(backoff)
            .when(RegistryError::is_transient)
            .adjust(|error, delay| {
                let delay = delay?.max(error.retry_after().unwrap_or_default());
                (started.elapsed() + delay <= RETRY_WITHIN).then_some(delay)
            })
            .notify(|error, delay| tracing::info!("{error}; trying again in {:.1} s", delay.as_secs_f32()))
            .await
    }

    async fn attempt(&self, request: &Request, candidates: &[Url]) -> Result<Answer, RegistryError> {
        let mut last = None;
        for url in candidates {
            match self.follow(request, url).await {
                Err(error) if may_speak_http(&error) => last = Some(error),
                Err(error) => return Err(error),
                Ok(answer) => return refuse_failure(answer),
            }
        }
        Err(last.unwrap_or_else(|| RegistryError::BadAnswer {
            host: String::new(),
            reason: "no address to ask".to_owned(),
        }))
    }

    /// Follows redirects; credentials don't leave the origin, and https does not become http.
    async fn follow(&self, request: &Request, start: &Url) -> Result<Answer, RegistryError> {
        let mut url = start.clone();
        let mut authorization = request.authorization.clone();
        for _ in 0..=REDIRECTS {
            let mut answer = self.send(request, &url, authorization.as_ref()).await?;
            let Some(next) = redirect(request, &answer, &url)? else {
                answer.origin = start.clone();
                return Ok(answer);
            };
            if next.origin() != url.origin() {
                authorization = None;
            }
            url = next;
        }
        Err(bad_answer(start, format!("more than {REDIRECTS} redirects")))
    }

    async fn send(
        &self,
        request: &Request,
        url: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        let client = if is_loopback(url) { &self.local } else { &self.remote };
        let mut builder = client.request(request.method.clone(), url.clone()).header(ACCEPT, request.accept);
        if let Some(value) = authorization {
            builder = builder.header(AUTHORIZATION, value);
        }
        if let Some(form) = &request.form {
            builder = builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.clone());
        }
        let mut response = builder.send().await.map_err(|error| unreachable(url, &error))?;
        let status = response.status();
        tracing::debug!("{} {}{} answered {}", request.method, name_of(url), url.path(), status.as_u16());
        let headers = std::mem::take(response.headers_mut());
        let mut body = read_body(response, request.limit, url).await?;
        if !status.is_success() {
            // Before its words are cut: a part of a secret would not be known as one.
            body = self.hidden.redact(&String::from_utf8_lossy(&body)).into_bytes();
        }
        Ok(Answer { status, headers, body, origin: url.clone() })
    }
}

/// A server's name with its port, as it is written in a reference.
pub(super) fn name_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether the address is this very machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// An answer that a registry would not give.
pub(super) fn bad_answer(url: &Url, reason: String) -> RegistryError {
    RegistryError::BadAnswer { host: name_of(url), reason }
}

/// Reads a body up to the limit: longer is an error, of an error's body the beginning is enough.
async fn read_body(mut response: reqwest::Response, limit: usize, url: &Url) -> Result<Vec<u8>, RegistryError> {
    let is_error = !response.status().is_success();
    let limit = if is_error { WORDS_LIMIT } else { limit };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url, &error))? {
        let room = limit - body.len();
        body.extend(chunk.iter().take(room));
        if chunk.len() > room {
            if is_error {
                break;
            }
            return Err(bad_answer(url, format!("its answer is longer than {limit} bytes")));
        }
    }
    Ok(body)
}

/// Where to go on; none when the answer is no redirect. A form is not sent a second time.
fn redirect(request: &Request, answer: &Answer, url: &Url) -> Result<Option<Url>, RegistryError> {
    if !matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let target = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let next = target.and_then(|target| url.join(target).ok());
    let next = next.ok_or_else(|| bad_answer(url, "a redirect to nowhere".to_owned()))?;
    if request.form.is_some() {
        return Err(bad_answer(url, "a redirect where a token was expected".to_owned()));
    }
    match (url.scheme(), next.scheme()) {
        (_, "https") | ("http", "http") => Ok(Some(next)),
        _ => Err(bad_answer(url, format!("a redirect from {} to {}", url.scheme(), words::clean(next.scheme())))),
    }
}

/// Turns the statuses that are worth another try into errors. 501 is none: it says that HEAD is not known.
fn refuse_failure(answer: Answer) -> Result<Answer, RegistryError> {
    let host = name_of(&answer.origin);
    let retry_after = retry_after::of(&answer.headers, SystemTime::now());
    let words = || words::of_body(&answer.body);
    match answer.status.as_u16() {
        429 => Err(RegistryError::Limited { host, retry_after, words: words() }),
        501 => Ok(answer),
        status @ 500.. => Err(RegistryError::ServerError { host, status, retry_after, words: words() }),
        _ => Ok(answer),
    }
}

/// Whether a server that was asked in https may be one that speaks http: never after a certificate was seen.
fn may_speak_http(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Unreachable { why: Why::NotTls | Why::Connection, .. })
}

fn unreachable(url: &Url, error: &reqwest::Error) -> RegistryError {
    let (why, reason) = diagnose(error);
    RegistryError::Unreachable { host: name_of(url), why, reason: words::clean(&reason) }
}

/// Finds the cause that says the most: TLS's own, else the innermost.
fn diagnose(error: &reqwest::Error) -> (Why, String) {
    if let Some(tls) = tls_error(error) {
        let why = match tls {
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => Why::Certificate,
            rustls::Error::InvalidMessage(_) => Why::NotTls,
            _ => Why::Tls,
        };
        return (why, tls.to_string());
    }
    if error.is_timeout() {
        let (why, what) = if error.is_connect() {
            (Why::Connection, "no connection in time")
        } else {
            (Why::Silence, "no answer in time")
        };
        return (why, what.to_owned());
    }
    let innermost = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    (Why::Connection, innermost)
}

fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>())
}

/// The chain of causes; an I/O error hides the error that it wraps from `source`, so that one is looked into.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |error| {
        let outer: &(dyn Error + 'static) = *error;
        match outer.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => outer.source(),
        }
    })
}
