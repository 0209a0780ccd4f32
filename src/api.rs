//! One server's JSON API, with a token in a header; this module must not know whose API it is.

mod error;
mod pages;
mod stream;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backon::{ExponentialBuilder, Retryable as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

pub use self::error::ApiError;
use crate::http::{Follow, Http, HttpError, Login, Manners, Request, SecretForm, Stray, Whole, Withheld, name_of};
use crate::{offload, words};

/// How much of an answer is read.
const MOST_ANSWER: usize = 4 << 20;

/// What is encoded in one component of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');

/// An API doesn't lead elsewhere.
const MANNERS: Manners =
    Manners { silence: Duration::from_secs(20), total: Duration::from_secs(30), follow: Follow::Never };

/// No limit lasts longer, in seconds.
const LONGEST_LIMIT: u64 = 24 * 3600;

/// Nor does a server that is asked what it is, and nobody waits for it.
const BRIEFLY: Manners =
    Manners { silence: Duration::from_secs(5), total: Duration::from_secs(5), follow: Follow::Never };

/// How often a request is made again that found the server busy.
const TRIES: usize = 3;

/// The longest wait between them that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// A page where JSON was asked for.
const PAGE: &str = "it is an HTML page instead of JSON, for example the page of a proxy or a sign-in page";

/// The base of an API that a path of it leads to at another address.
fn leads(to: &Url, path: &str) -> Option<String> {
    let base = to.path().strip_suffix(path.split('?').next()?)?.trim_end_matches('/');
    Some(words::short(format!("{}{base}", to.origin().ascii_serialization())))
}

fn is_page(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// How long a limit lasts that is used up, as GitHub says it: the second at which it is renewed.
fn limited(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if number("x-ratelimit-remaining")? != 0 {
        return None;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Some(Duration::from_secs(number("x-ratelimit-reset")?.saturating_sub(now).min(LONGEST_LIMIT)))
}

/// The API below one base URL.
#[derive(Debug)]
pub(crate) struct Api {
    http: Http,
    base: String,
    login: Option<Login>,
}

impl Api {
    /// What is below `base`; every request shows this login, which must be for that server.
    pub(crate) fn new(base: String, login: Login, http: &Http) -> Result<Self, ApiError> {
        let api = Self { login: Some(login), ..Self::open(base, http) };
        let url = api.url("")?;
        match &api.login {
            Some(login) if !login.is_for(&url) => Err(Withheld::OtherServer { host: name_of(&url) }.into()),
            _ => Ok(api),
        }
    }

    /// An API that takes its token otherwise.
    pub(crate) fn open(base: String, http: &Http) -> Self {
        Self { http: http.clone(), base, login: None }
    }

    /// Asks for something; asked again while the server is busy.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.again(path, || self.request(Method::GET)).await
    }

    /// Asks for something large, which is read on a thread of its own into what is wanted of it.
    pub(crate) async fn get_large<T: Send + 'static>(
        &self,
        path: &str,
        limit: usize,
        read: fn(&[u8]) -> Result<T, serde_json::Error>,
    ) -> Result<T, ApiError> {
        let answer = self.whole(path, self.request(Method::GET), limit).await?;
        let is_page = is_page(&answer.headers);
        let read = offload::run(move || read(&answer.body)).await;
        read.map_err(|_| self.bad(if is_page { PAGE } else { "it does not have the format of this API" }))
    }

    /// Asks a server once that may be another one, and does not wait long.
    pub(crate) async fn probe(&self, path: &str) -> Result<Value, ApiError> {
        self.send(path, Request::new(Method::GET, &BRIEFLY)).await
    }

    /// Asks for a project, also when it has another name by now; `name` is the field that holds it.
    pub(crate) async fn find(&self, path: &str, name: &str) -> Result<Value, ApiError> {
        let moved = match self.get(path).await {
            Err(moved @ ApiError::Moved { .. }) => moved,
            other => return other,
        };
        let there = match &moved {
            ApiError::Moved { address, .. } => address.strip_prefix(&format!("{}/", self.base)),
            _ => None,
        };
        let Some(there) = there else { return Err(moved) };
        let Ok(found) = self.get(there).await else { return Err(moved) };
        let name = found.get(name).and_then(Value::as_str).unwrap_or_default();
        tracing::warn!("{} has moved to {}: correct --repo", self.place(path), words::short(name));
        Ok(found)
    }

    /// Changes something to what is wanted, which may be done twice.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.again(path, || self.request(Method::PUT).body("application/json", body.to_string().into_bytes())).await
    }

    /// The same with the method of GitHub and Gitea.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.again(path, || self.request(Method::PATCH).body("application/json", body.to_string().into_bytes())).await
    }

    /// Makes something, once.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let request = || self.request(Method::POST).body("application/json", body.to_string().into_bytes());
        // What a limit kept away was not done.
        self.repeat(|| self.send(path, request()), ApiError::is_limited).await
    }

    /// Sends a form with a secret, once.
    pub(crate) async fn post_form(&self, path: &str, form: SecretForm) -> Result<Value, ApiError> {
        self.send(path, self.request(Method::POST).form(form)).await
    }

    /// What is found, else what is made, and whether it was found. Where the server says by this status that it is there, or its
    /// answer was lost, it is looked for again: somebody else was faster, or our own request arrived.
    pub(crate) async fn found_or_made(
        &self,
        find: impl AsyncFn() -> Result<Option<Value>, ApiError>,
        (path, body, is_there): (&str, &Value, u16),
    ) -> Result<(Value, bool), ApiError> {
        if let Some(found) = find().await? {
            return Ok((found, true));
        }
        match self.post(path, body).await {
            Ok(made) => Ok((made, false)),
            Err(error)
                if error.may_pass() || matches!(error, ApiError::Rejected { status, .. } if status == is_there) =>
            {
                find().await?.map_or(Err(error), |found| Ok((found, true)))
            }
            Err(error) => Err(error),
        }
    }

    /// A name as one component of a path.
    pub(crate) fn segment(name: &str) -> String {
        utf8_percent_encode(name, SEGMENT).to_string()
    }

    /// An answer that is not what it should be.
    pub(crate) fn bad(&self, what: &str) -> ApiError {
        ApiError::BadAnswer { base: self.base.clone(), what: what.to_owned() }
    }

    fn request(&self, method: Method) -> Request {
        Request::new(method, &MANNERS).login(self.login.clone())
    }

    async fn again(&self, path: &str, request: impl Fn() -> Request) -> Result<Value, ApiError> {
        self.repeat(|| self.send(path, request()), ApiError::may_pass).await
    }

    async fn repeat<T, F: Future<Output = Result<T, ApiError>>>(
        &self,
        once: impl Fn() -> F,
        when: fn(&ApiError) -> bool,
    ) -> Result<T, ApiError> {
        let backoff = ExponentialBuilder::default().with_jitter().with_max_times(TRIES - 1);
        let pause = |error: &ApiError, pause: Option<Duration>| {
            let asked = error.retry_after().unwrap_or_default();
            pause.map(|pause| pause.max(asked)).filter(|pause| *pause <= LONGEST_PAUSE)
        };
        once.retry(backoff).when(when).adjust(pause).await
    }

    async fn send(&self, path: &str, request: Request) -> Result<Value, ApiError> {
        let answer = self.whole(path, request, MOST_ANSWER).await?;
        // Some answers have no body, as those of a merge.
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        let what = if is_page(&answer.headers) { PAGE } else { "it is not JSON" };
        serde_json::from_slice(&answer.body).map_err(|_| self.bad(what))
    }

    /// An answer that is a success, up to a limit.
    async fn whole(&self, path: &str, request: Request, limit: usize) -> Result<Whole, ApiError> {
        let answer = self.http.send(&self.url(path)?, request).await;
        let answer = answer.map_err(|error| self.failed(error, path))?;
        let answer = answer.whole(limit).await.map_err(|error| self.failed(error, path))?;
        self.understand(path, answer)
    }

    /// An answer that is a success; of any other, what it means.
    fn understand(&self, path: &str, answer: Whole) -> Result<Whole, ApiError> {
        let is_page = is_page(&answer.headers);
        if answer.status.is_success() {
            return Ok(answer);
        }
        let words = if answer.words.is_empty() && is_page { PAGE.to_owned() } else { answer.words };
        let (path, asked) = (self.place(path), answer.retry_after.or_else(|| limited(&answer.headers)));
        let status = answer.status.as_u16();
        Err(match answer.status {
            StatusCode::NOT_FOUND => ApiError::NotFound { path, words, leads: None },
            StatusCode::FORBIDDEN if asked.is_some() => ApiError::Rejected { path, status, words, retry_after: asked },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ApiError::Denied { path, status, words },
            _ => ApiError::Rejected { path, status, words, retry_after: asked },
        })
    }

    fn url(&self, path: &str) -> Result<Url, ApiError> {
        Url::parse(&format!("{}/{path}", self.base)).map_err(|_| self.bad("its URL is not valid"))
    }

    fn place(&self, path: &str) -> String {
        format!("{}/{}", self.base, path.split('?').next().unwrap_or_default())
    }

    /// A redirect within the API leads to what has another name now. Any other leads elsewhere: where a GitLab is served below
    /// a path, what stands above it leads to its sign-in page.
    fn moved(&self, path: &str, to: Option<Url>) -> ApiError {
        let base = self.url("").ok();
        let is_own = |to: &Url| base.as_ref().is_some_and(|base| to.as_str().starts_with(base.as_str()));
        let place = self.place(path);
        match to {
            Some(to) if is_own(&to) => {
                let path = percent_decode_str(to.path()).decode_utf8_lossy();
                let name = words::short(format!("{}{path}", to.origin().ascii_serialization()));
                ApiError::Moved { path: place, to: name, address: to.into() }
            }
            Some(to) => {
                let words = format!("it redirects to {}, which is not followed", name_of(&to));
                ApiError::NotFound { path: place, words, leads: leads(&to, path) }
            }
            None => {
                let words = "it redirects to an address that is not valid".to_owned();
                ApiError::NotFound { path: place, words, leads: None }
            }
        }
    }

    fn failed(&self, error: HttpError, path: &str) -> ApiError {
        match error {
            HttpError::Unreachable { why, reason, .. } => {
                ApiError::Unreachable { base: self.base.clone(), why, reason }
            }
            HttpError::TooLong { .. } => self.bad("it is too long"),
            HttpError::Stray { stray: Stray::Unwanted { to }, .. } => self.moved(path, to),
            HttpError::Stray { stray, .. } => self.bad(&stray.to_string()),
            HttpError::Withheld(withheld) => withheld.into(),
        }
    }
}
