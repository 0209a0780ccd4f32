//! The statuses of commits on Gitea and Forgejo; this module must not report one.

use super::PAGE;
use super::address::address;
use crate::api::{Api, ApiError};
use crate::commit_status::{Fields, Status, newest};
use crate::git::GitUrl;
use crate::http::{Http, Login};
use crate::secret::{Bound, SecretString};

const FIELDS: Fields = Fields { name: "context", state: "status" };

/// Where a repository's statuses are.
#[derive(Debug)]
pub struct Statuses {
    api: Api,
    /// `OWNER/NAME`.
    name: String,
}

impl Statuses {
    /// Those of a repository; a public one's are read without a token.
    pub fn of(url: &GitUrl, token: Option<&Bound<SecretString>>, http: &Http) -> Result<Self, ApiError> {
        let (base, name) = address(url);
        let api = match token {
            Some(token) => Api::new(base, Login::Token(token.clone()), http)?,
            None => Api::open(base, http),
        };
        Ok(Self { api, name })
    }

    /// The statuses of a commit, one for each name.
    pub async fn on(&self, commit: &str) -> Result<Vec<Status>, ApiError> {
        let found = self.api.pages(&format!("repos/{}/commits/{commit}/statuses", self.name), PAGE).await?;
        Ok(newest(found.iter().filter_map(|value| Status::read(value, FIELDS))))
    }
}
