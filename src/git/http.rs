//! Git's smart HTTP (gitprotocol-http); this module must not know how a request is sent.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use url::Url;

use super::error::GitError;
use super::service::{Asking, SILENCE, Service};
use crate::http::{Answer, Follow, Http, HttpError, Login, Manners, Refusal, Request, Stray, Why, name_of};
use crate::secret::{Bound, Credentials};
use crate::words;

/// Where a service says what it can do, below a repository.
const ADVERTISEMENT: &str = "/info/refs";

const MANNERS: Manners =
    Manners { silence: SILENCE, total: Duration::from_mins(10), follow: Follow::SameServer { ending: ADVERTISEMENT } };

/// A repository on an HTTP server.
#[derive(Clone, Debug)]
pub(super) struct HttpRemote {
    http: Http,
    url: Url,
    login: Option<Login>,
}

/// A service of a repository, at the address where redirects ended.
#[derive(Clone, Debug)]
pub(super) struct HttpService {
    remote: HttpRemote,
    service: Service,
    base: Url,
    asking: Asking,
}

impl HttpRemote {
    pub(super) fn new(url: Url, credentials: Option<&Bound<Credentials>>, http: &Http) -> Self {
        let login = credentials.cloned().map(Login::Basic).filter(|login| login.is_for(&url));
        Self { http: http.clone(), url, login }
    }

    /// Asks what a service can do. The answer's body is the advertisement.
    pub(super) async fn advertisement(&self, service: Service) -> Result<(HttpService, Answer), GitError> {
        let mut url = below(&self.url, ADVERTISEMENT);
        url.set_query(Some(&format!("service={}", service.name())));
        let answer = self.send(&url, self.request(Method::GET, service.asking())).await?;
        let answer = self.accept(answer, service, "advertisement").await?;
        let mut base = answer.url().clone();
        base.set_query(None);
        base.set_path(answer.url().path().strip_suffix(ADVERTISEMENT).unwrap_or_default());
        Ok((HttpService { remote: self.clone(), service, base, asking: service.asking() }, answer))
    }

    fn request(&self, method: Method, asking: Asking) -> Request {
        let request = Request::new(method, &MANNERS).login(self.login.clone());
        match asking {
            Asking::Version2 => request.header(HeaderName::from_static("git-protocol"), "version=2"),
            Asking::NoVersion => request,
        }
    }

    async fn send(&self, url: &Url, request: Request) -> Result<Answer, GitError> {
        self.http.send(url, request).await.map_err(|error| self.failed(error))
    }

    /// Lets only the smart answer through that was asked for.
    async fn accept(&self, answer: Answer, service: Service, what: &str) -> Result<Answer, GitError> {
        if answer.status != StatusCode::OK {
            return Err(self.refusal(answer).await);
        }
        let wanted = format!("application/x-{}-{what}", service.name());
        let found = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let found = words::short(found.unwrap_or_default());
        if found.split(';').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(&wanted)) {
            Ok(answer)
        } else {
            Err(GitError::protocol(format!("it has the type {found:?} instead of {wanted}")))
        }
    }

    async fn refusal(&self, mut answer: Answer) -> GitError {
        let (status, host) = (answer.status, self.host());
        match status {
            StatusCode::UNAUTHORIZED if self.login.is_none() => GitError::AuthenticationRequired { host },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => match answer.words().await {
                Ok(words) => GitError::AccessDenied { host, words },
                // The status alone is already the error.
                Err(_) => GitError::AccessDenied { host, words: String::new() },
            },
            StatusCode::NOT_FOUND | StatusCode::GONE => GitError::RepositoryMissing { url: self.url.to_string() },
            StatusCode::TOO_MANY_REQUESTS => self.unreachable(format!("it answers {status}")),
            status if status.is_server_error() => self.unreachable(format!("it answers {status}")),
            status => GitError::protocol(format!("it answers {status}")),
        }
    }

    pub(super) fn host(&self) -> String {
        name_of(&self.url)
    }

    pub(super) fn failed(&self, error: HttpError) -> GitError {
        match error {
            HttpError::Withheld(withheld) => withheld.into(),
            HttpError::Unreachable { why: Why::Certificate(remedy), reason: text, .. } => {
                GitError::Unreachable { host: self.host(), source: Box::new(Refusal { text, remedy }) }
            }
            HttpError::Unreachable { reason, .. } => self.unreachable(reason),
            // A sign-in page is where GitLab sends whoever may not see the repository.
            HttpError::Stray { stray: Stray::OtherPage, .. } => {
                GitError::RepositoryMissing { url: self.url.to_string() }
            }
            HttpError::Stray { stray: stray @ (Stray::Nowhere | Stray::TooMany(_) | Stray::Body), .. } => {
                GitError::protocol(stray.to_string())
            }
            HttpError::Stray { stray, .. } => GitError::Unsupported(stray.to_string()),
            HttpError::TooLong { .. } => GitError::Limit(error.to_string()),
        }
    }

    fn unreachable(&self, reason: String) -> GitError {
        GitError::Unreachable { host: self.host(), source: reason.into() }
    }
}

impl HttpService {
    /// Sends a request. The answer's body is the service's answer.
    pub(super) async fn post(&self, body: Vec<u8>) -> Result<Answer, GitError> {
        let [name, sent, wanted] = match self.service {
            Service::UploadPack => {
                ["/git-upload-pack", "application/x-git-upload-pack-request", "application/x-git-upload-pack-result"]
            }
            Service::ReceivePack => {
                ["/git-receive-pack", "application/x-git-receive-pack-request", "application/x-git-receive-pack-result"]
            }
        };
        let request = self.remote.request(Method::POST, self.asking).header(ACCEPT, wanted).body(sent, body);
        let answer = self.remote.send(&below(&self.base, name), request).await?;
        self.remote.accept(answer, self.service, "result").await
    }

    /// Lets further requests ask for no version: the server has answered in an earlier one, and each request stands alone.
    pub(super) fn ask_for_no_version(&mut self) {
        self.asking = Asking::NoVersion;
    }

    pub(super) fn remote(&self) -> &HttpRemote {
        &self.remote
    }
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}
