//! The address of a source repository in the forms in which builders write it. This module must not know provenance.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use url::Url;

use crate::glob;

/// A repository: scheme, host and path, without `git+`, user, `.git`, the reference and the directory inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Repository(String);

/// Repositories, with `*` for any text and `?` for any character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(String);

impl Repository {
    /// Reads what a builder wrote, as in `git+https://HOST/PATH.git@refs/heads/main`, `https://HOST/PATH.git#main:dir` or
    /// `git@HOST:PATH.git`; none when it is no address with a host.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("git+").unwrap_or(text);
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&of_scp(text)?) }.ok()?;
        // What a parser does with `..` and its spellings is done by now, so that no path pretends to be below another.
        let host = url.host_str().filter(|host| !host.is_empty())?.to_ascii_lowercase();
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let path = url.path();
        let path = path.split_once('@').map_or(path, |(path, _)| path);
        Some(Self(format!("{}://{host}{port}{}", url.scheme(), without_ending(path))))
    }
}

impl Pattern {
    /// Parses a pattern; without a scheme it is one of `https`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("git+").unwrap_or(text);
        let text = match text {
            text if text.contains("://") || text.starts_with('*') => text.to_owned(),
            text => format!("https://{text}"),
        };
        if text.contains(['#', '@']) {
            return Err(format!(
                "{text:?} is more than the address of a repository: remove the user and the branch, and write the commit as commit="
            ));
        }
        let (scheme, rest) = text.split_once("://").map_or(("", text.as_str()), |(scheme, rest)| (scheme, rest));
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let colon = if scheme.is_empty() { "" } else { "://" };
        let server = format!("{scheme}{colon}{host}").to_ascii_lowercase();
        Ok(Self(format!("{server}{}", without_ending(path))))
    }

    /// Whether the repository is one of these.
    pub(super) fn matches(&self, repository: &Repository) -> bool {
        glob::fits(&self.0, &repository.0)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `user@HOST:PATH` as the address that it stands for.
fn of_scp(text: &str) -> Option<String> {
    let (host, path) = text.split_once(':')?;
    (host.contains('@') && !host.contains('/')).then(|| format!("ssh://{host}/{path}"))
}

fn without_ending(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/')
}
