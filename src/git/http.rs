//! Git's smart HTTP (gitprotocol-http); this module must not know how a request is sent.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use url::Url;

use super::deadline::Deadline;
use super::error::GitError;
use super::service::{Asking, SILENCE, Service};
use crate::http::{Answer, Floor, Follow, Http, HttpError, Login, Manners, NoAnswer, Refusal, Request, Stray, name_of};
use crate::secret::{Bound, Credentials};
use crate::words;

/// Where a service says what it can do, below a repository.
const ADVERTISEMENT: &str = "/info/refs";

const MANNERS: Manners =
    Manners { silence: SILENCE, total: Duration::from_mins(10), follow: Follow::SameServer { ending: ADVERTISEMENT } };

/// The user that GitLab's job tokens go with.
pub const JOB_USER: &str = "gitlab-ci-token";

/// What Azure DevOps answers whom it does not know, with a page to sign in.
const SIGN_IN: StatusCode = StatusCode::NON_AUTHORITATIVE_INFORMATION;

/// A repository on an HTTP server.
#[derive(Clone, Debug)]
pub(super) struct HttpRemote {
    http: Http,
    url: Url,
    login: Option<Login>,
    deadline: Deadline,
    /// Whether the login is the token of a GitLab job.
    pub(super) shows_job_token: bool,
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
    pub(super) fn new(url: Url, credentials: Option<&Bound<Credentials>>, http: &Http, deadline: Deadline) -> Self {
        let shown = credentials.filter(|credentials| credentials.for_url(&url).is_some());
        let shows_job_token = shown.is_some_and(|shown| shown.to_hide().username == JOB_USER);
        let login = shown.cloned().map(Login::Basic);
        Self { http: http.clone(), url, login, deadline, shows_job_token }
    }

    /// Asks what a service can do. The answer's body is the advertisement.
    pub(super) async fn advertisement(&self, service: Service) -> Result<(HttpService, Answer), GitError> {
        let mut url = below(&self.url, ADVERTISEMENT);
        url.set_query(Some(&format!("service={}", service.name())));
        let answer = self.ask(&url, self.request(Method::GET, service.asking()), (service, "advertisement")).await?;
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

    /// Asks until there is an answer, a lasting failure or no time left. The side that takes objects is asked once: whether a
    /// push is made again is another question than this one.
    async fn ask(&self, url: &Url, request: Request, (service, what): (Service, &str)) -> Result<Answer, GitError> {
        loop {
            match self.ask_once(url, request.clone(), (service, what)).await {
                Err(error) if service == Service::UploadPack => self.deadline.before_again(error).await?,
                Err(error) => return Err(error),
                Ok(answer) => {
                    self.deadline.reached();
                    return Ok(answer);
                }
            }
        }
    }

    async fn ask_once(
        &self,
        url: &Url,
        request: Request,
        (service, what): (Service, &str),
    ) -> Result<Answer, GitError> {
        let answer = self.http.send(url, request).await.map_err(|error| self.failed(error))?;
        self.accept(answer, service, what).await
    }

    /// Lets only the smart answer through that was asked for.
    async fn accept(&self, mut answer: Answer, service: Service, what: &str) -> Result<Answer, GitError> {
        if answer.status != StatusCode::OK {
            return Err(self.refusal(answer).await);
        }
        let wanted = format!("application/x-{}-{what}", service.name());
        let found = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let found = words::short(found.unwrap_or_default());
        match found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            found if found == wanted => Self::uncompressed(answer),
            "text/html" | "application/xhtml+xml" => {
                // That it is a page is already the error.
                let words = answer.words().await.unwrap_or_default();
                Err(GitError::WebPage { host: self.host(), words })
            }
            _ => Err(GitError::protocol(format!("it has the type {found:?} instead of {wanted}"))),
        }
    }

    /// An answer that is compressed for the way was not asked for, and would be no packets.
    fn uncompressed(answer: Answer) -> Result<Answer, GitError> {
        match answer.headers.get(CONTENT_ENCODING).map(|value| words::short(value.as_bytes())) {
            Some(way) if !way.eq_ignore_ascii_case("identity") => {
                Err(GitError::protocol(format!("it is compressed ({way}), which was not requested")))
            }
            _ => Ok(answer),
        }
    }

    async fn refusal(&self, mut answer: Answer) -> GitError {
        let (status, host, retry_after) = (answer.status, self.host(), answer.retry_after());
        // The status alone is already the error.
        let words = answer.words().await.unwrap_or_default();
        match status {
            StatusCode::UNAUTHORIZED | SIGN_IN if self.login.is_none() => GitError::AuthenticationRequired { host },
            SIGN_IN => GitError::AccessDenied { host, words: format!("the token is not accepted: {}", page(&words)) },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => GitError::AccessDenied { host, words },
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                GitError::RepositoryMissing { url: self.url.to_string(), words }
            }
            status => GitError::Answered { host, status, words, retry_after },
        }
    }

    pub(super) fn host(&self) -> String {
        name_of(&self.url)
    }

    pub(super) fn failed(&self, error: HttpError) -> GitError {
        match error {
            HttpError::Withheld(withheld) => withheld.into(),
            HttpError::Unreachable { why: NoAnswer::Certificate(remedy), reason: text, .. } => {
                GitError::Unreachable { host: self.host(), source: Box::new(Refusal { text, remedy }) }
            }
            HttpError::Unreachable { why: NoAnswer::Connection, reason, .. } => {
                GitError::Broken { host: self.host(), reason }
            }
            HttpError::Unreachable { reason, .. } => GitError::Unreachable { host: self.host(), source: reason.into() },
            // A sign-in page is where GitLab sends whoever may not see the repository.
            HttpError::Stray { stray: Stray::OtherPage, .. } => GitError::RepositoryMissing {
                url: self.url.to_string(),
                words: "the URL redirects to another page".to_owned(),
            },
            HttpError::Stray { stray: stray @ (Stray::Nowhere | Stray::TooMany(_) | Stray::Body), .. } => {
                GitError::protocol(stray.to_string())
            }
            HttpError::Stray { stray, .. } => GitError::Unsupported(stray.to_string()),
            HttpError::TooLong { .. } => GitError::Limit(error.to_string()),
        }
    }

    /// The error for an answer that is not whole, with what was said beside it.
    pub(super) fn cut(&self, talk: &str) -> GitError {
        GitError::cut(self.host(), talk)
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
        let request = match self.service {
            Service::UploadPack => request,
            // Hooks may take their time, and the server says meanwhile that it is alive.
            Service::ReceivePack => request.floor(Floor::ALIVE),
        };
        self.remote.ask(&below(&self.base, name), request, (self.service, "result")).await
    }

    /// Lets further requests ask for no version: the server has answered in an earlier one, and each request stands alone.
    pub(super) fn ask_for_no_version(&mut self) {
        self.asking = Asking::NoVersion;
    }

    pub(super) fn remote(&self) -> &HttpRemote {
        &self.remote
    }
}

fn page(words: &str) -> &str {
    if words.is_empty() { "the server answers with a sign-in page" } else { words }
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}
