//! Where Gitea and Forgejo have the statuses of commits; this module must not ask one.

#![deny(clippy::disallowed_methods)]

use super::PAGE;
use super::address::address;
use crate::commit_status::{Fields, StatusSource};
use crate::git::GitUrl;
use crate::http::Login;

/// The statuses of a repository.
pub(crate) fn statuses(url: &GitUrl) -> StatusSource {
    let (base, name) = address(url);
    StatusSource {
        commits: vec![(base, format!("repos/{name}/commits"))],
        page: PAGE,
        fields: Fields { name: "context", state: "status" },
        login: Login::Token,
    }
}
