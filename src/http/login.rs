//! The headers and forms that show a secret to a server. Nothing else makes one, and none is made for a server that the
//! secret is not bound to. This module must not send anything.

#![deny(clippy::disallowed_methods)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::address::{is_loopback, name_of};
use crate::secret::{Audience, Bound, Credentials};

/// The host in references of Docker Hub's images, and that of their registry.
const DOCKER_HUB: (&str, &str) = ("docker.io", "index.docker.io");

/// What a server is shown, and in which header.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// A user name and a password (RFC 7617).
    Basic(Bound<Credentials>),
    /// A token (RFC 6750).
    Bearer(Bound<SecretString>),
    /// A token in GitLab's own header.
    PrivateToken(Bound<SecretString>),
    /// A job's token in GitLab's own header.
    JobToken(Bound<SecretString>),
    /// A token as Gitea wants it.
    Token(Bound<SecretString>),
}

/// A form with a secret.
#[derive(Clone, Debug)]
pub(crate) struct SecretForm {
    /// Names and values in their order; the field without a value is the secret's.
    pub(crate) fields: Vec<(&'static str, Option<String>)>,
    /// The secret.
    pub(crate) secret: Bound<SecretString>,
}

/// A secret that was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// Anybody on the way could read it.
    #[error("no credentials are sent to {host} over plain http without `--plain-http {host}`")]
    PlainHttp {
        /// The server.
        host: String,
    },
    /// It is bound to other servers.
    #[error("the token must not be sent to {host}")]
    OtherServer {
        /// The server that was to be asked.
        host: String,
    },
    /// It does not fit into a header.
    #[error("{what} can't be sent in an HTTP header")]
    NoHeader {
        /// Which part of it.
        what: &'static str,
    },
}

/// The servers that the user allows to see credentials over plain http.
#[derive(Clone, Debug, Default)]
pub struct PlainHttp {
    written: Vec<String>,
    servers: Audience,
}

impl Login {
    /// Whether the server of this address may see it.
    pub(crate) fn is_for(&self, url: &Url) -> bool {
        match self {
            Self::Basic(pair) => pair.for_url(url).is_some(),
            Self::Bearer(token) | Self::PrivateToken(token) | Self::JobToken(token) | Self::Token(token) => {
                token.for_url(url).is_some()
            }
        }
    }

    /// The header for a request to this address; none when the server may not see the secret.
    pub(super) fn header(&self, url: &Url, plain: &PlainHttp) -> Result<Option<(HeaderName, HeaderValue)>, Withheld> {
        if !self.is_for(url) {
            return Ok(None);
        }
        plain.check(url)?;
        let header = match self {
            Self::Basic(pair) => pair.for_url(url).map(basic).transpose()?.map(|value| (AUTHORIZATION, value)),
            Self::Bearer(token) => authorization("Bearer", token, url)?,
            Self::Token(token) => authorization("token", token, url)?,
            Self::PrivateToken(token) => own_header("private-token", token, url)?,
            Self::JobToken(token) => own_header("job-token", token, url)?,
        };
        Ok(header)
    }
}

impl SecretForm {
    /// The form as a body for this address.
    pub(super) fn encode(&self, url: &Url, plain: &PlainHttp) -> Result<String, Withheld> {
        let secret = self.secret.for_url(url).ok_or_else(|| Withheld::OtherServer { host: name_of(url) })?;
        plain.check(url)?;
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.fields {
            form.append_pair(name, value.as_deref().unwrap_or_else(|| secret.expose_secret()));
        }
        Ok(form.finish())
    }
}

impl Withheld {
    /// What the user can do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::PlainHttp { .. } => {
                "use an https address; if the server supports only http, name it with --plain-http"
            }
            Self::OtherServer { .. } => {
                "check the address: a token is sent only to the servers that its variables name"
            }
            Self::NoHeader { .. } => "remove line breaks and control characters from the variable, and set it again",
        }
    }
}

impl PlainHttp {
    /// Takes `HOST` or `HOST:PORT` as they are written in a reference; a host without a port counts at port 80.
    pub fn new(hosts: &[String]) -> Self {
        let written: Vec<String> = hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect();
        let mut servers = Audience::default();
        for host in &written {
            servers.add(host);
            if host == DOCKER_HUB.0 {
                servers.add(DOCKER_HUB.1);
            }
        }
        Self { written, servers }
    }

    /// Whether this host, as a reference has it, is spoken to in plain http.
    pub(crate) fn names(&self, host: &str) -> bool {
        self.written.iter().any(|written| written == host)
    }

    /// Whether credentials may be sent to this address: not in plain http, to this very machine, or where the user allows it.
    pub fn allows(&self, url: &Url) -> bool {
        url.scheme() != "http" || is_loopback(url) || self.servers.holds_url(url)
    }

    fn check(&self, url: &Url) -> Result<(), Withheld> {
        if self.allows(url) { Ok(()) } else { Err(Withheld::PlainHttp { host: name_of(url) }) }
    }
}

fn authorization(
    scheme: &str,
    token: &Bound<SecretString>,
    url: &Url,
) -> Result<Option<(HeaderName, HeaderValue)>, Withheld> {
    let value = |token: &SecretString| secret_value(&format!("{scheme} {}", token.expose_secret()));
    Ok(token.for_url(url).map(value).transpose()?.map(|value| (AUTHORIZATION, value)))
}

/// A header that holds the token and nothing else.
fn own_header(
    name: &'static str,
    token: &Bound<SecretString>,
    url: &Url,
) -> Result<Option<(HeaderName, HeaderValue)>, Withheld> {
    let value = |token: &SecretString| secret_value(token.expose_secret());
    Ok(token.for_url(url).map(value).transpose()?.map(|value| (HeaderName::from_static(name), value)))
}

fn basic(pair: &Credentials) -> Result<HeaderValue, Withheld> {
    if pair.username.contains(':') {
        return Err(Withheld::NoHeader { what: "a user name with a colon" });
    }
    let text = format!("{}:{}", pair.username, pair.password.expose_secret());
    secret_value(&format!("Basic {}", STANDARD.encode(text)))
}

fn secret_value(text: &str) -> Result<HeaderValue, Withheld> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| Withheld::NoHeader { what: "a token with control characters" })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound<T>(secret: T, server: &str) -> Bound<T> {
        let mut audience = Audience::default();
        audience.add(server);
        Bound::new(secret, audience)
    }

    fn pair(username: &str) -> Credentials {
        Credentials { username: username.to_owned(), password: SecretString::from("p") }
    }

    fn shown(login: &Login, url: &str, plain: &[&str]) -> Result<Option<String>, Withheld> {
        let plain: Vec<String> = plain.iter().map(|&host| host.to_owned()).collect();
        let header = login.header(&Url::parse(url).unwrap(), &PlainHttp::new(&plain))?;
        Ok(header.map(|(name, value)| {
            assert!(value.is_sensitive());
            format!("{name}: {}", value.to_str().unwrap())
        }))
    }

    #[test]
    fn each_login_has_its_header() {
        let token = || bound(SecretString::from("t0ken"), "h.example");
        for (login, expected) in [
            (Login::Basic(bound(pair("u"), "h.example")), "authorization: Basic dTpw"),
            (Login::Bearer(token()), "authorization: Bearer t0ken"),
            (Login::PrivateToken(token()), "private-token: t0ken"),
            (Login::JobToken(token()), "job-token: t0ken"),
            (Login::Token(token()), "authorization: token t0ken"),
        ] {
            assert_eq!(shown(&login, "https://h.example/x", &[]).unwrap().as_deref(), Some(expected));
            for other in ["https://other.example/", "https://h.example:8443/", "https://h.example.evil/"] {
                assert_eq!(shown(&login, other, &[]), Ok(None), "{other}");
            }
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_and_for_what_is_named() {
        let refused = |host: &str| Err(Withheld::PlainHttp { host: host.to_owned() });
        for (server, plain, expected) in [
            ("h.example", vec![], refused("h.example")),
            ("h.example:8080", vec![], refused("h.example:8080")),
            ("h.example:8080", vec!["h.example"], refused("h.example:8080")),
            ("h.example:8080", vec!["H.example:8080"], Ok(true)),
            ("h.example", vec!["h.example"], Ok(true)),
            ("10.0.0.1", vec![], refused("10.0.0.1")),
            ("127.0.0.1:5000", vec![], Ok(true)),
            ("127.9.9.9", vec![], Ok(true)),
            ("[::1]:5000", vec![], Ok(true)),
            ("localhost", vec![], Ok(true)),
            ("localhost.example", vec![], refused("localhost.example")),
        ] {
            let login = Login::Basic(bound(pair("u"), server));
            let shown = shown(&login, &format!("http://{server}/"), &plain).map(|header| header.is_some());
            assert_eq!(shown, expected, "{server} {plain:?}");
            let form = SecretForm { fields: vec![("t", None)], secret: bound(SecretString::from("s"), server) };
            let plain: Vec<String> = plain.iter().map(|&host| host.to_owned()).collect();
            let url = Url::parse(&format!("http://{server}/")).unwrap();
            assert_eq!(form.encode(&url, &PlainHttp::new(&plain)).map(|_| true), expected, "{server} {plain:?}");
        }
    }

    #[test]
    fn what_fits_no_header_is_said_without_the_secret() {
        let long = "s3cret\r\nX-More: y";
        for login in [
            Login::Bearer(bound(SecretString::from(long), "h.example")),
            Login::PrivateToken(bound(SecretString::from(long), "h.example")),
            Login::Basic(bound(pair("a:b"), "h.example")),
        ] {
            let error = shown(&login, "https://h.example/", &[]).unwrap_err();
            assert!(matches!(error, Withheld::NoHeader { .. }) && !error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_form_is_for_the_servers_of_its_secret() {
        let secret = bound(SecretString::from("a&b"), "h.example");
        let form = SecretForm { fields: vec![("token", None), ("ref", Some("main".to_owned()))], secret };
        let encoded = |url: &str| form.encode(&Url::parse(url).unwrap(), &PlainHttp::default());
        assert_eq!(encoded("https://h.example/x").unwrap(), "token=a%26b&ref=main");
        let refused = Withheld::OtherServer { host: "other.example".to_owned() };
        assert_eq!(encoded("https://other.example/x"), Err(refused));
    }
}
