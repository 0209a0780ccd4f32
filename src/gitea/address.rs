//! Where Gitea's API is for a repository, and how names stand in its paths; this module must not ask it.

#![deny(clippy::disallowed_methods)]

use crate::api::Api;
use crate::git::GitUrl;

/// The API's base, and `OWNER/NAME`: what stands before these two is the path that the server is below.
pub(super) fn address(url: &GitUrl) -> (String, String) {
    let components: Vec<&str> = url.project().split('/').collect();
    let (prefix, project) = components.split_at(components.len().saturating_sub(2));
    let prefix = if url.is_ssh() { Vec::new() } else { prefix.to_vec() };
    let origin = url.web_origin().unwrap_or_default();
    let base = [&[origin.as_str()], prefix.as_slice(), &["api", "v1"]].concat().join("/");
    (base, project.join("/"))
}

/// Where the API says which version the server has; none for a local repository.
pub fn version_address(url: &GitUrl) -> Option<String> {
    url.host().map(|_| address(url).0)
}

/// A branch at the end of a path, where its slashes stay.
pub(super) fn branch(name: &str) -> String {
    name.split('/').map(Api::segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_components_are_the_repository() {
        let address = |url: &str| address(&GitUrl::parse(url).unwrap().0);
        let found = |base: &str| (base.to_owned(), "team/infra".to_owned());
        assert_eq!(address("https://g.example/team/infra.git"), found("https://g.example/api/v1"));
        assert_eq!(address("http://g.example:3000/git/team/infra"), found("http://g.example:3000/git/api/v1"));
        assert_eq!(address("ssh://git@g.example:2222/team/infra.git"), found("https://g.example/api/v1"));
    }

    #[test]
    fn a_branch_keeps_its_slashes() {
        assert_eq!(branch("gitops-bump/a b#c"), "gitops-bump/a%20b%23c");
        assert_eq!(Api::segment("release/1"), "release%2F1");
        assert_eq!(Api::segment("a b+c~é"), "a%20b%2Bc%7E%C3%A9");
    }
}
