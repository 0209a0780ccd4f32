//! Git's smart HTTP (gitprotocol-http) over reqwest; this module must not send credentials to another host.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, StatusCode};
use url::Url;

use super::error::GitError;
use super::transport::{CONNECT, SILENCE, Service};
use super::words;
use crate::secret::{Bound, Credentials, ExposeSecret as _};

const MOST_REDIRECTS: usize = 5;

/// A repository on an HTTP server.
#[derive(Clone, Debug)]
pub(super) struct HttpRemote {
    client: Client,
    url: Url,
    authorization: Option<HeaderValue>,
}

/// A service of a repository, at the address where redirects ended.
#[derive(Clone, Debug)]
pub(super) struct HttpService {
    remote: HttpRemote,
    service: Service,
    base: Url,
}

impl HttpRemote {
    pub(super) fn new(
        url: Url,
        credentials: Option<&Bound<Credentials>>,
        http: ClientBuilder,
    ) -> Result<Self, GitError> {
        let client = http
            .user_agent(concat!("gitops-bump/", env!("CARGO_PKG_VERSION")))
            // Redirects are followed here: reqwest would not ask whether credentials may go along.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(GitError::Client)?;
        let authorization = credentials.and_then(|credentials| credentials.for_url(&url)).map(basic).transpose()?;
        Ok(Self { client, url, authorization })
    }

    /// Asks what a service can do. The answer's body is the advertisement.
    pub(super) async fn advertisement(&self, service: Service) -> Result<(HttpService, Response), GitError> {
        let mut base = self.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let mut url = below(&base, "info/refs");
            url.set_query(Some(&format!("service={}", service.name())));
            let response = self.send(self.client.get(url.clone()), service).await?;
            if !response.status().is_redirection() {
                let response = self.accept(response, service, "advertisement").await?;
                let remote = self.clone();
                return Ok((HttpService { remote, service, base }, response));
            }
            base = redirected(&url, response.headers())?;
            tracing::debug!(url = %base, "the Git server redirects");
        }
        Err(GitError::protocol(format!("more than {MOST_REDIRECTS} redirects")))
    }

    async fn send(&self, request: RequestBuilder, service: Service) -> Result<Response, GitError> {
        let mut request = request;
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        if let Service::UploadPack = service {
            request = request.header("Git-Protocol", "version=2");
        }
        let sent = request.send().await;
        sent.map_err(|error| self.unreachable(error.without_url()))
    }

    /// Lets only the smart answer through that was asked for.
    async fn accept(&self, response: Response, service: Service, what: &str) -> Result<Response, GitError> {
        let status = response.status();
        if status != StatusCode::OK {
            return Err(self.refusal(status, response).await);
        }
        let wanted = format!("application/x-{}-{what}", service.name());
        let found = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let found = words::clean(found.unwrap_or_default());
        if found.split(';').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(&wanted)) {
            Ok(response)
        } else {
            Err(GitError::protocol(format!("it has the type {found:?} instead of {wanted}")))
        }
    }

    async fn refusal(&self, status: StatusCode, response: Response) -> GitError {
        let host = self.host();
        match status {
            StatusCode::UNAUTHORIZED if self.authorization.is_none() => GitError::AuthenticationRequired { host },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let words = body_words(response).await;
                GitError::AccessDenied { host, words }
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => GitError::RepositoryMissing { url: self.url.to_string() },
            StatusCode::TOO_MANY_REQUESTS => self.unreachable(format!("it answers {status}")),
            status if status.is_server_error() => self.unreachable(format!("it answers {status}")),
            status => GitError::protocol(format!("it answers {status}")),
        }
    }

    pub(super) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub(super) fn unreachable(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> GitError {
        GitError::Unreachable { host: self.host(), source: source.into() }
    }
}

impl HttpService {
    /// Sends a request. The answer's body is the service's answer.
    pub(super) async fn post(&self, body: Vec<u8>) -> Result<Response, GitError> {
        let name = self.service.name();
        let request = self.remote.client.post(below(&self.base, name));
        let request = request.header(CONTENT_TYPE, format!("application/x-{name}-request"));
        let request = request.header(ACCEPT, format!("application/x-{name}-result"));
        let response = self.remote.send(request.body(body), self.service).await?;
        self.remote.accept(response, self.service, "result").await
    }

    pub(super) fn remote(&self) -> &HttpRemote {
        &self.remote
    }
}

fn basic(credentials: &Credentials) -> Result<HeaderValue, GitError> {
    let pair = format!("{}:{}", credentials.username, credentials.password.expose_secret());
    let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
    let mut value = value.map_err(|_| GitError::Unsupported("the credentials don't fit into a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn below(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{name}", base.path().trim_end_matches('/')));
    url
}

/// The repository's new address, from a redirect of its `info/refs`.
fn redirected(from: &Url, headers: &HeaderMap) -> Result<Url, GitError> {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| GitError::protocol("a redirect without an address"))?;
    let mut to = from.join(location).map_err(|_| GitError::protocol("a redirect to no address"))?;
    if !stays(from, &to) {
        let host = words::clean(to.host_str().unwrap_or_default().as_bytes());
        return Err(GitError::Unsupported(format!(
            "the server redirects to another host or port ({host}), which is not followed"
        )));
    }
    let base = to.path().strip_suffix("/info/refs").map(str::to_owned);
    // A sign-in page is where GitLab sends whoever may not see the repository.
    let base = base.ok_or_else(|| GitError::RepositoryMissing { url: without_suffix(from) })?;
    to.set_path(&base);
    to.set_query(None);
    to.set_fragment(None);
    to.set_username("")
        .and_then(|()| to.set_password(None))
        .map_err(|()| GitError::protocol("a redirect to no host"))?;
    Ok(to)
}

/// Whether a redirect stays on the server, or goes from http to https on the same host.
fn stays(from: &Url, to: &Url) -> bool {
    let same_port = from.port_or_known_default() == to.port_or_known_default();
    let same_scheme = from.scheme() == to.scheme() && same_port;
    let upgrade = from.scheme() == "http" && to.scheme() == "https";
    from.host() == to.host() && (same_scheme || upgrade)
}

fn without_suffix(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    let path = url.path().trim_end_matches("/info/refs").to_owned();
    url.set_path(&path);
    url.to_string()
}

/// The words of a refusal, when they are plain text: a page for browsers says nothing in a log.
async fn body_words(mut response: Response) -> String {
    let is_text = |value: &HeaderValue| value.as_bytes().starts_with(b"text/plain");
    if !response.headers().get(CONTENT_TYPE).is_some_and(is_text) {
        return String::new();
    }
    let mut words = words::Words::default();
    // A broken body leaves the words that came: the status alone is already the error.
    while let Ok(Some(chunk)) = response.chunk().await {
        if !words.add(&chunk) {
            break;
        }
    }
    words.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(from: &str, to: &str) -> Result<String, GitError> {
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(to).unwrap())]);
        redirected(&Url::parse(from).unwrap(), &headers).map(|url| url.to_string())
    }

    #[test]
    fn follows_only_on_the_same_server() {
        let from = "http://h.example/g/infra/info/refs?service=git-upload-pack";
        let ok = [
            ("/g/infra.git/info/refs?service=git-upload-pack", "http://h.example/g/infra.git"),
            ("https://h.example/g/infra/info/refs?service=x", "https://h.example/g/infra"),
            ("http://user:secret@h.example/a/info/refs", "http://h.example/a"),
        ];
        for (to, base) in ok {
            assert_eq!(redirect(from, to).unwrap(), base, "{to}");
        }
        for to in ["https://evil.example/g/infra/info/refs", "http://h.example:8080/g/infra/info/refs"] {
            assert!(matches!(redirect(from, to), Err(GitError::Unsupported(_))), "{to}");
        }
        let https = "https://h.example/g/infra/info/refs";
        assert!(matches!(redirect(https, "http://h.example/x/info/refs"), Err(GitError::Unsupported(_))));
        assert!(matches!(redirect(from, "/users/sign_in"), Err(GitError::RepositoryMissing { .. })));
    }
}
