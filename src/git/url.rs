//! Where an infra repository is, as users write it; this module must not keep or show a credential.

#![deny(clippy::disallowed_methods)]

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use super::hooks::Hooks;
use crate::secret::{Credentials, SecretString};

/// Where ssh servers listen.
pub(super) const SSH_PORT: u16 = 22;

/// A repository's address without credentials: `https://…`, `http://…`, `ssh://…`, `user@host:path` or a local path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitUrl(Location);

/// Why a text is no repository address. The text is never repeated: it may hold a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Nothing is there.
    #[error("the repository URL is empty")]
    Empty,
    /// A scheme that Git knows or doesn't, but we don't.
    #[error("the repository URL's scheme {0:?} is not one of https, http, ssh and file")]
    Scheme(String),
    /// The text breaks the URL grammar.
    #[error("the repository URL is malformed: {0}")]
    Malformed(String),
    /// A query or a fragment, which may hold a token.
    #[error("the repository URL has a query or a fragment")]
    Query,
    /// A slash in front of an `@`: the credentials would be taken for the host, and asked for by name.
    #[error("the repository URL has an @ after a slash; write %2F for a slash in a password, %40 for an @ in a path")]
    At,
    /// No host, or one that a program would take for an option.
    #[error("the repository URL has no valid host")]
    Host,
    /// No path, so no repository.
    #[error("the repository URL has no path")]
    Path,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    Http(Url),
    Ssh { user: Option<String>, host: String, port: Option<u16>, path: String },
    Local(PathBuf, Hooks),
}

impl GitUrl {
    /// Parses an address and takes the credentials out of it.
    ///
    /// A text without a scheme is `user@host:path` (SSH), `HOST/PATH` whose first component has a dot or a port
    /// (https), or else a local path. A URL with a user alone gives credentials with an empty password.
    pub fn parse(text: &str) -> Result<(Self, Option<Credentials>), UrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        if text.contains(char::is_control) {
            return Err(UrlError::Malformed("it has a control character".to_owned()));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return parse_scheme(scheme, text);
        }
        if text.starts_with(['/', '.']) {
            return Ok((Self(Location::Local(PathBuf::from(text), Hooks::Run)), None));
        }
        if let Some(place) = parse_scp(text)? {
            return Ok((Self(place), None));
        }
        let first = text.split('/').next().unwrap_or_default();
        if text.contains('/') && first.contains(['.', ':', '@']) {
            return parse_http(&format!("https://{text}"));
        }
        Ok((Self(Location::Local(PathBuf::from(text), Hooks::Run)), None))
    }

    /// The same address, of which nothing is run if it is a local repository: no hook, and nothing that its settings name.
    #[must_use]
    pub fn without_hooks(self) -> Self {
        match self.0 {
            Location::Local(path, _) => Self(Location::Local(path, Hooks::Never)),
            place => Self(place),
        }
    }

    /// The host's name, without the port; none for a local repository.
    pub fn host(&self) -> Option<&str> {
        match &self.0 {
            Location::Http(url) => url.host_str(),
            Location::Ssh { host, .. } => Some(host),
            Location::Local(..) => None,
        }
    }

    /// The port, when one is written and isn't the scheme's own.
    pub fn port(&self) -> Option<u16> {
        match &self.0 {
            Location::Http(url) => url.port(),
            Location::Ssh { port, .. } => *port,
            Location::Local(..) => None,
        }
    }

    /// The host and the port that a request goes to; none for a local repository.
    pub fn server(&self) -> Option<(&str, u16)> {
        match &self.0 {
            Location::Http(url) => Some((url.host_str()?, url.port_or_known_default()?)),
            Location::Ssh { host, port, .. } => Some((host, port.unwrap_or(SSH_PORT))),
            Location::Local(..) => None,
        }
    }

    /// The path on the host without its leading slash, or the local path as written.
    pub fn path(&self) -> &str {
        match &self.0 {
            Location::Http(url) => url.path().trim_start_matches('/'),
            Location::Ssh { path, .. } => path.trim_start_matches('/'),
            Location::Local(path, _) => path.to_str().unwrap_or_default(),
        }
    }

    /// Whether the repository is on this machine's disk.
    pub fn is_local(&self) -> bool {
        matches!(self.0, Location::Local(..))
    }

    /// Whether the repository is reached over SSH.
    pub fn is_ssh(&self) -> bool {
        matches!(self.0, Location::Ssh { .. })
    }

    /// Whether the repository is reached over https.
    pub fn is_tls(&self) -> bool {
        matches!(&self.0, Location::Http(url) if url.scheme() == "https")
    }

    /// The path on the host without slashes around it and without `.git`: a project's path on GitLab and its like.
    pub fn project(&self) -> &str {
        let path = self.path().trim_matches('/');
        path.strip_suffix(".git").unwrap_or(path)
    }

    /// `SCHEME://HOST[:PORT]` of the host's pages; none for a local repository. SSH says nothing of their port.
    pub fn web_origin(&self) -> Option<String> {
        let host = self.host()?;
        let Location::Http(url) = &self.0 else {
            return Some(format!("https://{host}"));
        };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{host}{port}", url.scheme()))
    }

    /// The name for messages: the last two components of the path, without `.git` (`shop/infra`).
    pub fn short(&self) -> String {
        let mut names: Vec<&str> = self.project().rsplit('/').filter(|name| !name.is_empty()).take(2).collect();
        names.reverse();
        if names.is_empty() { self.to_string() } else { names.join("/") }
    }

    /// Repository and branch for messages: `shop/infra main`, or `shop/infra` while the branch is not known.
    pub fn on_branch(&self, branch: Option<&str>) -> String {
        match branch {
            Some(branch) => format!("{} {branch}", self.short()),
            None => self.short(),
        }
    }

    pub(super) fn location(&self) -> &Location {
        &self.0
    }
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Http(url) => url.fmt(f),
            Location::Ssh { user, host, port, path } => {
                let user = user.as_ref().map_or(String::new(), |user| format!("{user}@"));
                let port = port.map_or(String::new(), |port| format!(":{port}"));
                write!(f, "ssh://{user}{host}{port}/{}", path.trim_start_matches('/'))
            }
            Location::Local(path, _) => path.display().fmt(f),
        }
    }
}

fn parse_scheme(scheme: &str, text: &str) -> Result<(GitUrl, Option<Credentials>), UrlError> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "http" => parse_http(text),
        "ssh" => Ok((GitUrl(parse_ssh(text)?), None)),
        "file" => Ok((GitUrl(parse_file(text)?), None)),
        // Whatever stands before "://" may be a part of a password.
        other if other.len() <= 16 && other.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
            Err(UrlError::Scheme(other.to_owned()))
        }
        _ => Err(UrlError::Malformed("its scheme is not valid".to_owned())),
    }
}

fn parse_http(text: &str) -> Result<(GitUrl, Option<Credentials>), UrlError> {
    let mut url = parse_url(text)?;
    let credentials = take_credentials(&mut url)?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(UrlError::Host);
    }
    if url.path().trim_matches('/').is_empty() {
        return Err(UrlError::Path);
    }
    Ok((GitUrl(Location::Http(url)), credentials))
}

fn parse_ssh(text: &str) -> Result<Location, UrlError> {
    let mut url = parse_url(text)?;
    let port = url.port();
    let credentials = take_credentials(&mut url)?;
    let path = decode(url.path())?;
    let user = credentials.map(|credentials| credentials.username);
    ssh(user, url.host_str().unwrap_or_default(), port, &path)
}

/// `user@host:path`, or `host:path` where the host has a dot and no port stands after it.
fn parse_scp(text: &str) -> Result<Option<Location>, UrlError> {
    let Some((authority, path)) = text.split_once(':') else {
        return Ok(None);
    };
    if authority.contains('/') {
        return Ok(None);
    }
    let digits = path.split('/').next().unwrap_or_default();
    let is_port = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    match authority.split_once('@') {
        Some((user, host)) => ssh(Some(user.to_owned()), host, None, path).map(Some),
        // `user:password@host/path` is https without its scheme.
        None if digits.contains('@') || is_port || !authority.contains('.') => Ok(None),
        None => ssh(None, authority, None, path).map(Some),
    }
}

fn ssh(user: Option<String>, host: &str, port: Option<u16>, path: &str) -> Result<Location, UrlError> {
    // A leading dash would make an option of it on ssh's command line.
    let is_option = |text: &str| text.starts_with('-');
    if host.is_empty() || is_option(host) || user.as_deref().is_some_and(|user| user.is_empty() || is_option(user)) {
        return Err(UrlError::Host);
    }
    if path.trim_matches('/').is_empty() {
        return Err(UrlError::Path);
    }
    Ok(Location::Ssh { user, host: host.to_owned(), port, path: path.to_owned() })
}

fn parse_file(text: &str) -> Result<Location, UrlError> {
    let url = parse_url(text)?;
    if url.host_str().is_some_and(|host| !host.is_empty() && host != "localhost") {
        return Err(UrlError::Host);
    }
    let path = decode(url.path())?;
    if Path::new(&path).components().count() < 2 {
        return Err(UrlError::Path);
    }
    Ok(Location::Local(PathBuf::from(path), Hooks::Run))
}

fn parse_url(text: &str) -> Result<Url, UrlError> {
    let url = Url::parse(text).map_err(|error| UrlError::Malformed(error.to_string()))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(UrlError::Query);
    }
    if url.scheme() != "file" && url.path().contains('@') {
        return Err(UrlError::At);
    }
    Ok(url)
}

fn take_credentials(url: &mut Url) -> Result<Option<Credentials>, UrlError> {
    let username = decode(url.username())?;
    let password = url.password().map(decode).transpose()?;
    if username.is_empty() && password.is_none() {
        return Ok(None);
    }
    url.set_username("").map_err(|()| UrlError::Host)?;
    url.set_password(None).map_err(|()| UrlError::Host)?;
    Ok(Some(Credentials { username, password: SecretString::from(password.unwrap_or_default()) }))
}

/// Undoes percent-encoding; a `%` without two digits stands for itself, as browsers have it.
fn decode(text: &str) -> Result<String, UrlError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| UrlError::Malformed("it isn't UTF-8".to_owned()))?;
    if text.contains(char::is_control) {
        return Err(UrlError::Malformed("it has a control character".to_owned()));
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests;
