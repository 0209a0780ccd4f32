//! Where people look at what was pushed; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use url::Url;

use crate::git::GitUrl;
use crate::text::is_unsafe;

/// Longer addresses are none that people follow.
const LONGEST: usize = 2000;

/// A product that holds repositories and takes merge requests. Forgejo is a Gitea in all that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    /// GitLab.
    Gitlab,
    /// GitHub.
    Github,
    /// Gitea, and Forgejo.
    Gitea,
}

impl Forge {
    /// The forge that a server is by its name; none where that does not tell.
    pub fn named(url: &GitUrl) -> Option<Self> {
        let host = url.host()?.to_ascii_lowercase();
        match () {
            () if is_named(&host, &["gitlab"]) => Some(Self::Gitlab),
            () if is_named(&host, &["github"]) => Some(Self::Github),
            () if is_named(&host, &["gitea", "forgejo", "codeberg"]) => Some(Self::Gitea),
            () => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gitlab => "GitLab",
            Self::Github => "GitHub",
            Self::Gitea => "Gitea",
        }
    }
}

/// A commit's page, by the address schemes of GitLab, GitHub, Gitea and Bitbucket.
///
/// None for a local repository, and where the server is not known to be one of these: a plain Git server has no pages.
pub fn commit_url(url: &GitUrl, forge: Option<Forge>, commit: &str) -> Option<String> {
    let infix = match forge {
        Some(Forge::Gitlab) => "-/commit",
        Some(Forge::Github | Forge::Gitea) => "commit",
        None if is_named(&url.host()?.to_ascii_lowercase(), &["bitbucket"]) => "commits",
        None => return None,
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
            ("https://GitHub.com/a/b", "https://github.com/a/b/commit/1f"),
            ("https://codeberg.org/a/b.git", "https://codeberg.org/a/b/commit/1f"),
            ("https://github.com/a/b", "https://github.com/a/b/commit/1f"),
            ("https://gitea.example.com:3000/a/b.git", "https://gitea.example.com:3000/a/b/commit/1f"),
            ("https://bitbucket.org/a/b.git", "https://bitbucket.org/a/b/commits/1f"),
            ("git@gitlab.example.com:a/b.git", "https://gitlab.example.com/a/b/-/commit/1f"),
        ] {
            let url = GitUrl::parse(url).unwrap().0;
            assert_eq!(commit_url(&url, Forge::named(&url), "1f").as_deref(), Some(link));
        }
        for plain in ["/srv/infra.git", "http://127.0.0.1:8080/a/b.git", "git@mygitlab.example:a/b.git"] {
            let url = GitUrl::parse(plain).unwrap().0;
            assert_eq!(commit_url(&url, Forge::named(&url), "1f"), None);
        }
        let url = GitUrl::parse("http://127.0.0.1:8080/a/b.git").unwrap().0;
        let link = |forge| commit_url(&url, Some(forge), "1f").unwrap();
        assert_eq!(link(Forge::Gitlab), "http://127.0.0.1:8080/a/b/-/commit/1f");
        assert_eq!(link(Forge::Gitea), "http://127.0.0.1:8080/a/b/commit/1f");
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
