//! One GitLab server's REST API, with a token; this module must not know what a merge request is for.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::error::GitlabError;
use crate::text::one_line;

/// How much of an answer is read.
const MOST_ANSWER: usize = 4 << 20;

/// How much of a refusal is shown.
const MOST_WORDS: usize = 400;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often a request is made again that found the server busy.
const TRIES: usize = 3;

/// The API below one base URL.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base: String,
}

impl Api {
    pub(super) fn new(base: String, token: &SecretString, http: ClientBuilder) -> Result<Self, GitlabError> {
        let mut value = HeaderValue::try_from(token.expose_secret()).map_err(|_| GitlabError::Token)?;
        value.set_sensitive(true);
        let client = http
            .default_headers(HeaderMap::from_iter([("private-token".parse().map_err(|_| GitlabError::Token)?, value)]))
            // The token must not go elsewhere, and an API doesn't redirect.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(DEADLINE)
            .build()
            .map_err(GitlabError::Client)?;
        Ok(Self { client, base })
    }

    /// Asks for something; asked again while the server is busy.
    pub(super) async fn get(&self, path: &str) -> Result<Value, GitlabError> {
        self.again(Method::GET, path, None).await
    }

    /// Changes something to what is wanted, which may be done twice.
    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value, GitlabError> {
        self.again(Method::PUT, path, Some(body)).await
    }

    /// Makes something, once.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, GitlabError> {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn again(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, GitlabError> {
        let once = || self.send(method.clone(), path, body);
        once.retry(ExponentialBuilder::default().with_jitter().with_max_times(TRIES - 1))
            .when(GitlabError::may_pass)
            .await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, GitlabError> {
        let mut request = self.client.request(method, format!("{}/{path}", self.base));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let bytes = self.read(response).await?;
        let answer = serde_json::from_slice(&bytes);
        match (status, answer) {
            (status, Ok(answer)) if status.is_success() => Ok(answer),
            (status, Err(_)) if status.is_success() => Err(self.bad("it is no JSON")),
            (StatusCode::NOT_FOUND, _) => Err(GitlabError::NotFound { path: self.place(path) }),
            (status, _) if status.is_redirection() => Err(GitlabError::NotFound { path: self.place(path) }),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, answer) => {
                Err(GitlabError::Denied { path: self.place(path), words: words(answer.ok().as_ref()) })
            }
            (status, answer) => Err(GitlabError::Rejected {
                path: self.place(path),
                status: status.as_u16(),
                words: words(answer.ok().as_ref()),
            }),
        }
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Vec<u8>, GitlabError> {
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

    fn bad(&self, what: &str) -> GitlabError {
        GitlabError::BadAnswer { base: self.base.clone(), what: what.to_owned() }
    }

    fn unreachable(&self, error: reqwest::Error) -> GitlabError {
        GitlabError::Unreachable { base: self.base.clone(), source: error.without_url() }
    }
}

/// What GitLab says is wrong: `message` or `error`, each a text, a list or a mapping.
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
