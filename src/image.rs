//! Image references as registries and manifests write them; this module must not talk to a registry.
//!
//! The grammar is that of the distribution project's `reference` package: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.

#![deny(clippy::disallowed_methods)]

mod proven;

use std::fmt;

pub use proven::{Algorithm, ProvenDigest};

/// The host that a reference without one means.
pub const DOCKER_HUB: &str = "docker.io";

/// An image reference: a repository with a tag, a digest, both or neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where the image lives, as written.
    pub repository: Repository,
    /// The tag, when one is written.
    pub tag: Option<Tag>,
    /// The digest, when one is written.
    pub digest: Option<Digest>,
}

/// A repository as somebody wrote it: `nginx`, `docker.io/library/nginx`, `HOST:5000/team/app`.
///
/// Equality is equality of the written text; [`Repository::is_same_as`] compares what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    text: String,
}

/// A tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}` (OCI distribution spec, "Pulling manifests").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(String);

/// A digest: `sha256:` and 64, or `sha512:` and 128, lower-case hexadecimal digits (OCI image spec, "Digests").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(String);

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing is there.
    #[error("the image reference is empty")]
    Empty,
    /// A URL was given.
    #[error("{0:?} is a URL, not an image reference: remove the scheme")]
    Scheme(String),
    /// Host or path break the grammar.
    #[error("{0:?} is not an image repository")]
    Repository(String),
    /// The path has an upper-case letter, the commonest mistake.
    #[error("{0:?} is not an image repository: its path must be lower case")]
    UpperCase(String),
    /// The part after the last colon is no tag.
    #[error("{0:?} is not a tag")]
    Tag(String),
    /// The part after `@` is no digest.
    #[error("{0:?} is not a digest (sha256: and 64 lower-case hexadecimal digits)")]
    Digest(String),
}

impl Reference {
    /// Parses a whole reference; tag and digest may be absent.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.contains("://") {
            return Err(ReferenceError::Scheme(text.to_owned()));
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(Digest::parse(digest)?)),
            None => (text, None),
        };
        let after_slash = name.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match name[after_slash..].split_once(':') {
            Some((last, tag)) => (&name[..after_slash + last.len()], Some(Tag::parse(tag)?)),
            None => (name, None),
        };
        Ok(Self { repository: Repository::parse(repository)?, tag, digest })
    }

    /// Repository and tag.
    #[must_use]
    pub fn without_digest(&self) -> Self {
        Self { digest: None, ..self.clone() }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl Repository {
    /// Parses `[HOST[:PORT]/]PATH`, at most 255 bytes.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let wrong = || ReferenceError::Repository(text.to_owned());
        if text.is_empty() || text.len() > 255 {
            return Err(wrong());
        }
        let (host, path) = split_host(text);
        if host.is_some_and(|host| !is_host(host)) {
            return Err(wrong());
        }
        if !path.split('/').all(is_path_component) {
            let lower = path.to_ascii_lowercase();
            return Err(if lower != path && lower.split('/').all(is_path_component) {
                ReferenceError::UpperCase(text.to_owned())
            } else {
                wrong()
            });
        }
        Ok(Self { text: text.to_owned() })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host (with port) as written; none for a Docker Hub short form.
    pub fn written_host(&self) -> Option<&str> {
        split_host(&self.text).0
    }

    /// The host (with port) that is meant, in lower case.
    pub fn host(&self) -> String {
        match self.written_host() {
            None => DOCKER_HUB.to_owned(),
            Some(host) => match host.to_ascii_lowercase() {
                alias if alias == "index.docker.io" => DOCKER_HUB.to_owned(),
                host => host,
            },
        }
    }

    /// The path that is meant: on Docker Hub a single component stands in `library/`.
    pub fn path(&self) -> String {
        let path = split_host(&self.text).1;
        if self.host() == DOCKER_HUB && !path.contains('/') { format!("library/{path}") } else { path.to_owned() }
    }

    /// Whether both name the same repository, however they write it.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.host() == other.host() && self.path() == other.path()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Tag {
    /// Parses a tag.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = text.len() <= 128 && text.starts_with(first) && text.chars().all(inner);
        if fits { Ok(Self(text.to_owned())) } else { Err(ReferenceError::Tag(text.to_owned())) }
    }

    /// The tag's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the tag looks like one that is pushed again and again: `latest`, a branch name or its slug.
    pub fn looks_mutable(&self) -> bool {
        const NAMES: [&str; 14] = [
            "latest",
            "main",
            "master",
            "develop",
            "development",
            "dev",
            "staging",
            "stage",
            "prod",
            "production",
            "stable",
            "edge",
            "nightly",
            "snapshot",
        ];
        let text = self.0.to_ascii_lowercase();
        NAMES.contains(&text.as_str()) || !text.contains(|c: char| c.is_ascii_digit())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Digest {
    /// Parses a digest.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let length = match text.split_once(':') {
            Some(("sha256", _)) => 64,
            Some(("sha512", _)) => 128,
            _ => 0,
        };
        let hex = text.split_once(':').map_or("", |(_, hex)| hex);
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if length > 0 && hex.len() == length && hex.chars().all(is_hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReferenceError::Digest(text.to_owned()))
        }
    }

    /// The digest's text, with its algorithm.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Splits off the host: the first of several components, when it has a dot or a colon or is `localhost`.
fn split_host(text: &str) -> (Option<&str>, &str) {
    match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, text),
    }
}

/// `name`, `name:port`, `[v6]`, `[v6]:port`.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0));
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name_fits = match name.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok()),
        None => name.split('.').all(label),
    };
    port_fits && name_fits
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(component: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators_fit =
        component.split(edge).all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.chars().all(|c| c == '-'));
    component.starts_with(edge) && component.ends_with(edge) && separators_fit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_part() {
        let reference = Reference::parse("registry.example.com:5000/team/app:1.4.2").unwrap();
        assert_eq!(reference.repository.as_str(), "registry.example.com:5000/team/app");
        assert_eq!(reference.repository.host(), "registry.example.com:5000");
        assert_eq!(reference.tag.unwrap().as_str(), "1.4.2");
        let hex = "a".repeat(64);
        let text = format!("[::1]:5000/a__b/c-d.e@sha256:{hex}");
        assert_eq!(Reference::parse(&text).unwrap().to_string(), text);
    }

    #[test]
    fn docker_hub_forms_are_one_repository() {
        let short = Repository::parse("nginx").unwrap();
        for form in ["docker.io/library/nginx", "index.docker.io/library/nginx", "library/nginx", "Docker.IO/nginx"] {
            assert!(short.is_same_as(&Repository::parse(form).unwrap()), "{form}");
        }
        for other in ["quay.io/library/nginx", "nginx/nginx", "localhost/nginx"] {
            assert!(!short.is_same_as(&Repository::parse(other).unwrap()), "{other}");
        }
    }

    #[test]
    fn refuses_what_is_no_reference() {
        for text in [
            "",
            ":1",
            "a:",
            "a:b:c",
            "a/:1",
            "/a:1",
            "a//b:1",
            "https://a/b:1",
            "a b:1",
            "a:-1",
            "a@sha256:zz",
            "h:0/a:1",
            "h:99999/a:1",
            "-h.x/a:1",
            "a___b:1",
            "a..b:1",
            "user:pw@host/a:1",
            "\u{1b}[31m:1",
        ] {
            assert!(Reference::parse(text).is_err(), "{text:?}");
        }
        assert!(matches!(Reference::parse("example.com/Team/app:1"), Err(ReferenceError::UpperCase(_))));
        assert!(matches!(Reference::parse("Team/app:1"), Err(ReferenceError::UpperCase(_))));
    }

    #[test]
    fn tells_mutable_tags() {
        for (tag, mutable) in [("latest", true), ("feature-login", true), ("1.4.2", false), ("5846e796", false)] {
            assert_eq!(Tag::parse(tag).unwrap().looks_mutable(), mutable, "{tag}");
        }
    }
}
