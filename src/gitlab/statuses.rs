//! Where GitLab has the statuses of commits: those of its own jobs, and those that others report; this module must not ask it.

#![deny(clippy::disallowed_methods)]

use super::address::{Address, addresses};
use crate::commit_status::{Fields, StatusSource};
use crate::git::GitUrl;
use crate::http::Login;
use crate::settings::Ci;

/// The statuses of a repository: an instance may be served below a path, which the repository's URL does not tell.
pub(crate) fn statuses(url: &GitUrl, ci: &Ci) -> StatusSource {
    let commits = |Address { base, project }: Address| (base, format!("projects/{project}/repository/commits"));
    StatusSource {
        commits: addresses(url, ci).into_iter().map(commits).collect(),
        page: "per_page=100",
        fields: Fields { name: "name", state: "status" },
        login: Login::PrivateToken,
    }
}
