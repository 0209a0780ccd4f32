//! Where people look at what was pushed; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use url::Url;

use crate::git::GitUrl;

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
    Some(format!("{}/{}/{infix}/{commit}", url.web_origin()?, url.project()))
}

/// An address that a page may link to: http or https, with a host and without credentials.
pub fn web(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    (is_web && url.username().is_empty() && url.password().is_none()).then(|| url.to_string())
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
}
