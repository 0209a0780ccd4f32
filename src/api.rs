//! One server's JSON API, with a token in a header; this module must not know whose API it is.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::secret::Bound;
use crate::text::one_line;

/// How much of an answer is read.
const MOST_ANSWER: usize = 4 << 20;

/// How much of a refusal is shown.
const MOST_WORDS: usize = 400;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often a request is made again that found the server busy.
const TRIES: usize = 3;

/// Why an API did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No connection, or it broke.
    #[error("{base} can't be reached")]
    Unreachable {
        /// The API.
        base: String,
        /// What the network said.
        #[source]
        source: reqwest::Error,
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
    },
    /// An answer that such an API would not give.
    #[error("the answer of {base} can't be used: {what}")]
    BadAnswer {
        /// The API.
        base: String,
        /// What is wrong with it.
        what: String,
    },
    /// The token doesn't fit into a header.
    #[error("the token is none")]
    Token,
    /// The HTTP client could not be set up.
    #[error("the HTTP client can't be set up")]
    Client(#[source] reqwest::Error),
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
}

fn suffix(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// What is sent along.
#[derive(Clone, Copy, Debug)]
enum Body<'a> {
    Json(&'a Value),
    Form(&'a [(&'a str, &'a str)]),
}

/// The API below one base URL.
#[derive(Debug)]
pub(crate) struct Api {
    client: Client,
    base: String,
}

impl Api {
    /// Sets up a client for what is below `base`; every request carries the secret in this header.
    pub(crate) fn new(
        base: String,
        (header, secret): (&'static str, &Bound<SecretString>),
        http: ClientBuilder,
    ) -> Result<Self, ApiError> {
        let secret = Url::parse(&base).ok().and_then(|url| secret.for_url(&url).cloned()).unwrap_or_default();
        let mut value = HeaderValue::try_from(secret.expose_secret()).map_err(|_| ApiError::Token)?;
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(HeaderName::from_static(header), value)]);
        Self::open(base, http.default_headers(headers))
    }

    /// Sets up a client for an API that takes its token otherwise.
    pub(crate) fn open(base: String, http: ClientBuilder) -> Result<Self, ApiError> {
        let client = http
            // The token must not go elsewhere, and an API doesn't redirect.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(DEADLINE)
            .build()
            .map_err(ApiError::Client)?;
        Ok(Self { client, base })
    }

    /// Asks for something; asked again while the server is busy.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.again(Method::GET, path, None).await
    }

    /// Changes something to what is wanted, which may be done twice.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.again(Method::PUT, path, Some(Body::Json(body))).await
    }

    /// Makes something, once.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.send(Method::POST, path, Some(Body::Json(body))).await
    }

    /// Sends a form, once.
    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Value, ApiError> {
        self.send(Method::POST, path, Some(Body::Form(fields))).await
    }

    /// An answer that is not what it should be.
    pub(crate) fn bad(&self, what: &str) -> ApiError {
        ApiError::BadAnswer { base: self.base.clone(), what: what.to_owned() }
    }

    async fn again(&self, method: Method, path: &str, body: Option<Body<'_>>) -> Result<Value, ApiError> {
        let once = || self.send(method.clone(), path, body);
        once.retry(ExponentialBuilder::default().with_jitter().with_max_times(TRIES - 1)).when(ApiError::may_pass).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Body<'_>>) -> Result<Value, ApiError> {
        let mut request = self.client.request(method, format!("{}/{path}", self.base));
        request = match body {
            Some(Body::Json(body)) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            Some(Body::Form(fields)) => {
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
            None => request,
        };
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let bytes = self.read(response).await?;
        let answer = serde_json::from_slice(&bytes);
        match (status, answer) {
            (status, Ok(answer)) if status.is_success() => Ok(answer),
            (status, Err(_)) if status.is_success() => Err(self.bad("it is no JSON")),
            (StatusCode::NOT_FOUND, answer) => {
                Err(ApiError::NotFound { path: self.place(path), words: words(answer.ok().as_ref()) })
            }
            (status, _) if status.is_redirection() => {
                Err(ApiError::NotFound { path: self.place(path), words: "it redirects".to_owned() })
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, answer) => {
                Err(ApiError::Denied { path: self.place(path), words: words(answer.ok().as_ref()) })
            }
            (status, answer) => Err(ApiError::Rejected {
                path: self.place(path),
                status: status.as_u16(),
                words: words(answer.ok().as_ref()),
            }),
        }
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Vec<u8>, ApiError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_ANSWER {
                return Err(self.bad("it is too long"));
            }
        }
        Ok(body)
    }

    fn place(&self, path: &str) -> String {
        format!("{}/{}", self.base, path.split('?').next().unwrap_or_default())
    }

    fn unreachable(&self, error: reqwest::Error) -> ApiError {
        ApiError::Unreachable { base: self.base.clone(), source: error.without_url() }
    }
}

/// What the server says is wrong: `message` or `error`, each a text, a list or a mapping.
fn words(answer: Option<&Value>) -> String {
    let said = answer.and_then(|answer| answer.get("message").or_else(|| answer.get("error")));
    let text = match said {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(texts)) => {
            texts.iter().map(|text| text.as_str().unwrap_or_default()).collect::<Vec<_>>().join("; ")
        }
        Some(other) => other.to_string(),
        None => String::new(),
    };
    one_line(&text.chars().take(MOST_WORDS).collect::<String>())
}
