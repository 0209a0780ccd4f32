//! Where GitLab's API is for a repository, and what the project is called there; this module must not ask it.

#![deny(clippy::disallowed_methods)]

use crate::api::Api;
use crate::git::GitUrl;
use crate::settings::Ci;

/// An instance may be served below a path of this many components at most.
const DEEPEST_INSTANCE: usize = 2;

/// An API's base URL without a final slash, and a project's path, percent-encoded as GitLab wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) base: String,
    pub(super) project: String,
}

/// The addresses to try, the likeliest first: whether an instance is served below a path can't be told from a
/// repository's URL. The one that CI names is the only one for its own server.
pub(super) fn addresses(url: &GitUrl, ci: &Ci) -> Vec<Address> {
    let (Some(host), Some(origin)) = (url.host(), url.web_origin()) else {
        return Vec::new();
    };
    if let (Some(server), Some(api)) = (&ci.server_host, &ci.api_v4_url)
        && server == host
    {
        let base = api.trim_end_matches('/');
        let prefix = base.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        let prefix = prefix.strip_suffix("api/v4").unwrap_or_default().trim_matches('/');
        let project = match url.project().strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) if !prefix.is_empty() => rest,
            _ => url.project(),
        };
        return vec![address(base.to_owned(), project)];
    }
    let components: Vec<&str> = url.project().split('/').collect();
    let deepest = if url.is_ssh() { 0 } else { components.len().saturating_sub(2).min(DEEPEST_INSTANCE) };
    let at = |depth: usize| {
        let (prefix, project) = components.split_at(depth);
        let prefix = [&[""], prefix].concat().join("/");
        address(format!("{origin}{prefix}/api/v4"), &project.join("/"))
    };
    (0..=deepest).map(at).collect()
}

fn address(base: String, project: &str) -> Address {
    // A path in a URL is encoded already; GitLab's names have no character that needs it but the slash.
    Address { base, project: Api::segment(project) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(url: &str, ci: &Ci) -> Vec<String> {
        let url = GitUrl::parse(url).unwrap().0;
        addresses(&url, ci).into_iter().map(|address| format!("{} {}", address.base, address.project)).collect()
    }

    #[test]
    fn an_instance_may_be_below_a_path() {
        let none = Ci::default();
        assert_eq!(found("https://g.example/a/b.git", &none), ["https://g.example/api/v4 a%2Fb"]);
        assert_eq!(
            found("http://g.example:8080/a/b/c/", &none),
            ["http://g.example:8080/api/v4 a%2Fb%2Fc", "http://g.example:8080/a/api/v4 b%2Fc"]
        );
        assert_eq!(found("ssh://git@g.example:2222/a/b/c.git", &none), ["https://g.example/api/v4 a%2Fb%2Fc"]);
        assert!(found("/srv/infra.git", &none).is_empty());
    }

    #[test]
    fn ci_knows_its_own_server() {
        let ci =
            |api: &str| Ci { server_host: Some("g.example".into()), api_v4_url: Some(api.into()), ..Ci::default() };
        let below = ci("https://g.example/gitlab/api/v4");
        assert_eq!(found("https://g.example/gitlab/a/b.git", &below), ["https://g.example/gitlab/api/v4 a%2Fb"]);
        assert_eq!(found("git@g.example:a/b.git", &below), ["https://g.example/gitlab/api/v4 a%2Fb"]);
        let top = ci("https://g.example:8443/api/v4");
        assert_eq!(found("https://g.example:8443/a/b", &top), ["https://g.example:8443/api/v4 a%2Fb"]);
        assert_eq!(found("https://other.example/a/b", &top), ["https://other.example/api/v4 a%2Fb"]);
    }
}
