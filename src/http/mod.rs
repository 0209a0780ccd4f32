//! The one floor for HTTP: every request of a run to a registry, a Git server or an API goes through [`Http`]. It must not know
//! what is asked, nor what an answer means.
//!
//! It alone builds clients, follows redirects, makes the headers and forms that show a secret, reads bodies and
//! `Retry-After`, and turns a server's words into one clean line, so that these rules hold everywhere:
//!
//! - A secret goes only to a server that it is bound to, at the address of the very request; and in plain http only to this
//!   machine and to servers named with `--plain-http`.
//! - A redirect never takes credentials to another origin, nor back to the first one after it left. A request with a body is
//!   never redirected.
//! - A redirect or a challenge of a server on the Internet leads to no private network, and not to this machine.
//! - Of an answer that a redirect led to at another origin no word is shown.
//! - An answer is bounded in bytes, in silence, in slowness and in time as a whole.

mod address;
mod answer;
mod curves;
mod error;
mod failure;
#[cfg(test)]
pub(crate) mod fake;
mod floor;
mod hop;
mod login;
mod portrait;
mod refusal;
mod retry_after;
mod route;
mod said;
#[cfg(test)]
mod tests;
mod tls_failure;
mod trust;
mod verifier;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use url::Url;

pub(crate) use self::address::{is_loopback, name_of};
pub(crate) use self::answer::{Answer, Whole};
pub use self::error::{HttpError, NoAnswer, Stray};
pub(crate) use self::floor::{Floor, TooSlow};
pub(crate) use self::hop::Follow;
pub(crate) use self::login::{Login, SecretForm};
pub use self::login::{PlainHttp, Withheld};
pub use self::refusal::{Refusal, Remedy};
pub(crate) use self::route::Reach;
pub use self::trust::{Trust, TrustError};

use self::answer::Deadline;
use self::hop::{Carries, Hop, Sent};
use self::route::Clients;
use crate::proxies::Proxies;
use crate::secret::SharedRedactor;

/// The HTTP of a run; a clone is cheap and shares its connections.
#[derive(Clone)]
pub struct Http(Arc<Parts>);

struct Parts {
    clients: Clients,
    plain: PlainHttp,
    redactor: SharedRedactor,
}

/// How one kind of server is spoken to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    /// How long it may be silent.
    pub(crate) silence: Duration,
    /// How long a request may take to the end of its answer.
    pub(crate) total: Duration,
    /// Where it may redirect to.
    pub(crate) follow: Follow,
}

/// What is asked of a server.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Method,
    manners: &'static Manners,
    headers: Vec<(HeaderName, &'static str)>,
    login: Option<Login>,
    body: Option<Body>,
    reach: Reach,
    floor: Floor,
}

/// What a request sends.
#[derive(Clone, Debug)]
enum Body {
    Bytes(&'static str, Vec<u8>),
    Form(SecretForm),
}

impl Request {
    pub(crate) fn new(method: Method, manners: &'static Manners) -> Self {
        Self {
            method,
            manners,
            headers: Vec::new(),
            login: None,
            body: None,
            reach: Reach::Anywhere,
            floor: Floor::ORDINARY,
        }
    }

    /// Adds a header that shows no secret.
    pub(crate) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Shows this to the servers that it is for.
    pub(crate) fn login(self, login: Option<Login>) -> Self {
        Self { login, ..self }
    }

    /// Sends bytes of a media type.
    pub(crate) fn body(self, media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { body: Some(Body::Bytes(media_type, bytes)), ..self }
    }

    /// Sends a form with a secret.
    pub(crate) fn form(self, form: SecretForm) -> Self {
        Self { body: Some(Body::Form(form)), ..self }
    }

    /// Connects to no other addresses than these.
    pub(crate) fn reach(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Gives the answer up only when it comes more slowly than this.
    pub(crate) fn floor(self, floor: Floor) -> Self {
        Self { floor, ..self }
    }

    fn sent(&self, url: &Url) -> Sent {
        let carries = match (&self.body, &self.login) {
            (Some(_), _) => Carries::Body,
            (None, Some(login)) if login.is_for(url) => Carries::Login,
            (None, _) => Carries::Nothing,
        };
        Sent { follow: self.manners.follow, carries }
    }
}

impl Http {
    /// Prepares the HTTP of a run: whom it trusts, by which proxies it goes, which servers (`HOST[:PORT]`) may see credentials
    /// in plain http, and what hides secrets in a server's words.
    pub fn new(
        trust: &Trust,
        proxies: Proxies,
        plain_http: &[String],
        redactor: SharedRedactor,
    ) -> Result<Self, reqwest::Error> {
        let (clients, plain) = (Clients::new(trust, proxies)?, PlainHttp::new(plain_http));
        Ok(Self(Arc::new(Parts { clients, plain, redactor })))
    }

    /// Whether a host, as a reference has it, is spoken to in plain http.
    pub(crate) fn is_plain(&self, host: &str) -> bool {
        self.0.plain.names(host)
    }

    /// Sends a request and follows redirects as far as its manners allow. Any status that is no redirect is an answer.
    pub(crate) async fn send(&self, url: &Url, request: Request) -> Result<Answer, HttpError> {
        Box::pin(self.follow(url, request)).await
    }

    async fn follow(&self, url: &Url, mut request: Request) -> Result<Answer, HttpError> {
        let deadline = Deadline::new(request.manners.silence, request.manners.total);
        let sent = request.sent(url);
        let mut hop = Hop::first(url, request.reach);
        for _ in 0..=hop::MOST {
            let response = self.ask(&hop, &mut request, deadline).await?;
            let reach = match hop.reach {
                Reach::Public => Reach::Public,
                Reach::Anywhere => self.0.clients.reach_after(&hop.url, &response),
            };
            let Some(next) = hop.next((response.status(), response.headers()), sent, reach)? else {
                let patience = (deadline, request.floor);
                return Ok(Answer::new(response, (hop, reach), patience, self.0.redactor.clone()));
            };
            hop = next;
        }
        Err(Hop::first(url, request.reach).stray(Stray::TooMany(hop::MOST)))
    }

    async fn ask(&self, hop: &Hop, request: &mut Request, deadline: Deadline) -> Result<Response, HttpError> {
        let client = self.0.clients.of(&hop.url, hop.reach).map_err(|_| hop.stray(Stray::Inward))?;
        let mut builder = client.request(request.method.clone(), hop.url.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, HeaderValue::from_static(value));
        }
        let login = request.login.as_ref().filter(|_| hop.is_own);
        if let Some((name, value)) = login.map(|login| login.header(&hop.url, &self.0.plain)).transpose()?.flatten() {
            builder = builder.header(name, value);
        }
        // A request with a body is sent once: it follows no redirect.
        builder = match request.body.take() {
            Some(Body::Bytes(media_type, bytes)) => builder.header(CONTENT_TYPE, media_type).body(bytes),
            Some(Body::Form(form)) => {
                let body = form.encode(&hop.url, &self.0.plain)?;
                builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
            }
            None => builder,
        };
        let response = deadline.wait(hop, builder.send()).await?;
        let path = if hop.is_own { hop.url.path() } else { "" };
        tracing::debug!("{} {}{path} answered {}", request.method, hop.name, response.status().as_u16());
        Ok(response)
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}
