//! Where GitHub has the statuses of commits. Check runs, which an app reports, are no statuses. This module must not ask it.

#![deny(clippy::disallowed_methods)]

use super::bases;
use crate::commit_status::{Fields, StatusSource};
use crate::git::GitUrl;
use crate::http::Login;

/// The statuses of a repository.
pub(crate) fn statuses(url: &GitUrl) -> StatusSource {
    StatusSource {
        commits: vec![(bases(url).0, format!("repos/{}/commits", url.project()))],
        page: "per_page=100",
        fields: Fields { name: "context", state: "state" },
        login: Login::Bearer,
    }
}
