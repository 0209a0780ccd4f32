//! Where people look at what was pushed; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use url::Url;

use crate::git::GitUrl;
use crate::text::is_unsafe;

/// Longer addresses are none that people follow.
const LONGEST: usize = 2000;

/// A commit's page, by the address schemes of GitLab (and what copies it), GitHub, Gitea and Bitbucket.
///
/// None for a local repository. A host that isn't known by its name is taken for a GitLab.
pub fn commit_url(url: &GitUrl, commit: &str) -> Option<String> {
    let host = url.host()?;
    let infix = match () {
        () if is_named(host, &GITHUB_LIKE) => "commit",
        () if is_named(host, &BITBUCKET) => "commits",
        () => "-/commit",
    };
    let address = format!("{}/{}/{infix}/{commit}", url.web_origin()?, url.project());
    Url::parse(&address).ok().map(String::from)
}

/// The address of a page that a server said, fit for a link, a log line and a variable: of a known host, without
/// credentials, on one line. Only [`WebUrl::said`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(String);

impl WebUrl {
    /// Takes what a server said when it leads to one of these hosts; otherwise it is no page of that server's.
    pub fn said<'h>(text: &str, hosts: impl IntoIterator<Item = &'h str>) -> Option<Self> {
        let url = web_url(text)?;
        let is_host = |host: &str| url.host_str().is_some_and(|found| bare(found).eq_ignore_ascii_case(bare(host)));
        hosts.into_iter().any(is_host).then(|| Self(url.into()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address that a page may link to: http or https, with a host and without credentials.
pub fn web(text: &str) -> Option<String> {
    web_url(text).map(String::from)
}

fn web_url(text: &str) -> Option<Url> {
    // The parser would drop line breaks without a word.
    if text.len() > LONGEST || text.contains(|c: char| c.is_whitespace() || is_unsafe(c)) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    (is_web && url.username().is_empty() && url.password().is_none()).then_some(url)
}

fn bare(host: &str) -> &str {
    host.trim_end_matches('.').trim_matches(['[', ']'])
}

/// Whether a server may be a GitLab: its name is not one of another product's.
pub fn is_gitlab(url: &GitUrl) -> bool {
    url.host().is_none_or(|host| !is_named(host, &GITHUB_LIKE) && !is_named(host, &BITBUCKET))
}

const GITHUB_LIKE: [&str; 4] = ["github", "gitea", "forgejo", "codeberg"];
const BITBUCKET: [&str; 1] = ["bitbucket"];

/// Whether one of the names is a label of the host.
fn is_named(host: &str, names: &[&str]) -> bool {
    names.iter().any(|name| host.split('.').any(|label| label == *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_own() {
        for (url, link) in [
            ("https://gitlab.example.com/a/b/c.git", "https://gitlab.example.com/a/b/c/-/commit/1f"),
            ("http://127.0.0.1:8080/a/b.git", "http://127.0.0.1:8080/a/b/-/commit/1f"),
            ("https://github.com/a/b", "https://github.com/a/b/commit/1f"),
            ("https://gitea.example.com:3000/a/b.git", "https://gitea.example.com:3000/a/b/commit/1f"),
            ("https://bitbucket.org/a/b.git", "https://bitbucket.org/a/b/commits/1f"),
            ("git@gitlab.example.com:a/b.git", "https://gitlab.example.com/a/b/-/commit/1f"),
        ] {
            assert_eq!(commit_url(&GitUrl::parse(url).unwrap().0, "1f").as_deref(), Some(link));
        }
        assert_eq!(commit_url(&GitUrl::parse("/srv/infra.git").unwrap().0, "1f"), None);
    }

    #[test]
    fn a_page_links_to_the_web_alone() {
        assert_eq!(web("https://g.example.com/a?b#c\"d").as_deref(), Some("https://g.example.com/a?b#c%22d"));
        for other in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "1f2e", "https://a:b@c/", ""] {
            assert_eq!(web(other), None, "{other}");
        }
    }

    #[test]
    fn a_servers_page_is_of_its_host_and_on_one_line() {
        let said = |text: &str| WebUrl::said(text, ["git.example.com", "127.0.0.1", "[::1]"]);
        for page in
            ["https://git.example.com/a/-/merge_requests/1", "http://127.0.0.1:8080/x", "http://[::1]:80/x?a=b#c"]
        {
            assert!(said(page).is_some(), "{page}");
        }
        assert_eq!(said("https://GIT.example.com./a\"b").unwrap().as_str(), "https://git.example.com./a%22b");
        let breaks =
            ["\n", "\r", "\r\n", "\t", "\0", "\u{1b}", "\u{85}", "\u{2028}", "\u{2029}", "\u{200b}", "\u{202e}", " "];
        for other in [
            "https://evil.example/a",
            "https://git.example.com.evil.example/",
            "https://u@git.example.com/",
            "https://u:p@git.example.com/",
            "javascript:alert(1)",
            "ftp://git.example.com/",
            "//git.example.com/",
            "",
        ] {
            assert_eq!(said(other), None, "{other}");
        }
        for line_break in breaks {
            let forged = format!("https://git.example.com/a{line_break}BASH_ENV=x");
            assert_eq!(said(&forged), None, "{forged:?}");
        }
    }
}
