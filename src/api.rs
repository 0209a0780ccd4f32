//! One server's JSON API, with a token in a header; this module must not know whose API it is.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::http::{Follow, Http, HttpError, Login, Manners, Request, SecretForm, Stray, Why, Withheld, name_of};

/// How much of an answer is read.
const MOST_ANSWER: usize = 4 << 20;

/// An API doesn't lead elsewhere.
const MANNERS: Manners =
    Manners { silence: Duration::from_secs(20), total: Duration::from_secs(30), follow: Follow::Never };

/// How often a request is made again that found the server busy.
const TRIES: usize = 3;

/// The longest wait between them that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Why an API did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No connection, or it broke.
    #[error("{base} can't be reached: {reason}")]
    Unreachable {
        /// The API.
        base: String,
        /// What kept the answer away.
        why: Why,
        /// What the network said.
        reason: String,
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
    #[error("nothing is at {path}{}", suffix(words))]
    NotFound {
        /// What was asked for.
        path: String,
        /// What the server said, maybe nothing.
        words: String,
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
            Self::Rejected { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rejected { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn suffix(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
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

    /// Changes something to what is wanted, which may be done twice.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.again(path, || self.request(Method::PUT).body("application/json", body.to_string().into_bytes())).await
    }

    /// Makes something, once.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.send(path, self.request(Method::POST).body("application/json", body.to_string().into_bytes())).await
    }

    /// Sends a form with a secret, once.
    pub(crate) async fn post_form(&self, path: &str, form: SecretForm) -> Result<Value, ApiError> {
        self.send(path, self.request(Method::POST).form(form)).await
    }

    /// An answer that is not what it should be.
    pub(crate) fn bad(&self, what: &str) -> ApiError {
        ApiError::BadAnswer { base: self.base.clone(), what: what.to_owned() }
    }

    fn request(&self, method: Method) -> Request {
        Request::new(method, &MANNERS).login(self.login.clone())
    }

    async fn again(&self, path: &str, request: impl Fn() -> Request) -> Result<Value, ApiError> {
        let once = || self.send(path, request());
        let backoff = ExponentialBuilder::default().with_jitter().with_max_times(TRIES - 1);
        let pause = |error: &ApiError, pause: Option<Duration>| {
            let asked = error.retry_after().unwrap_or_default();
            pause.map(|pause| pause.max(asked)).filter(|pause| *pause <= LONGEST_PAUSE)
        };
        once.retry(backoff).when(ApiError::may_pass).adjust(pause).await
    }

    async fn send(&self, path: &str, request: Request) -> Result<Value, ApiError> {
        let answer = self.http.send(&self.url(path)?, request).await;
        let answer = answer.map_err(|error| self.failed(error, path))?;
        let answer = answer.whole(MOST_ANSWER).await.map_err(|error| self.failed(error, path))?;
        let (place, words) = (self.place(path), answer.words);
        match answer.status {
            status if status.is_success() => {
                serde_json::from_slice(&answer.body).map_err(|_| self.bad("it is no JSON"))
            }
            StatusCode::NOT_FOUND => Err(ApiError::NotFound { path: place, words }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ApiError::Denied { path: place, words }),
            status => {
                Err(ApiError::Rejected { path: place, status: status.as_u16(), words, retry_after: answer.retry_after })
            }
        }
    }

    fn url(&self, path: &str) -> Result<Url, ApiError> {
        Url::parse(&format!("{}/{path}", self.base)).map_err(|_| self.bad("its address is none"))
    }

    fn place(&self, path: &str) -> String {
        format!("{}/{}", self.base, path.split('?').next().unwrap_or_default())
    }

    fn failed(&self, error: HttpError, path: &str) -> ApiError {
        match error {
            HttpError::Unreachable { why, reason, .. } => {
                ApiError::Unreachable { base: self.base.clone(), why, reason }
            }
            HttpError::TooLong { .. } => self.bad("it is too long"),
            // Where a GitLab is served below a path, what stands above it leads to its sign-in page.
            HttpError::Stray { stray: stray @ Stray::Unwanted, .. } => {
                ApiError::NotFound { path: self.place(path), words: stray.to_string() }
            }
            HttpError::Stray { stray, .. } => self.bad(&stray.to_string()),
            HttpError::Withheld(withheld) => withheld.into(),
        }
    }
}
