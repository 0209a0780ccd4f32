//! The statuses of commits on GitHub. Check runs, which an app reports, are no statuses. This module must not report one.

use super::bases;
use crate::api::{Api, ApiError};
use crate::commit_status::{Fields, Status, newest};
use crate::git::GitUrl;
use crate::http::{Http, Login};
use crate::secret::{Bound, SecretString};

const FIELDS: Fields = Fields { name: "context", state: "state" };

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
        let base = bases(url).0;
        let api = match token {
            Some(token) => Api::new(base, Login::Bearer(token.clone()), http)?,
            None => Api::open(base, http),
        };
        Ok(Self { api, name: url.project().to_owned() })
    }

    /// The statuses of a commit, one for each name.
    pub async fn on(&self, commit: &str) -> Result<Vec<Status>, ApiError> {
        let path = format!("repos/{}/commits/{commit}/statuses", self.name);
        let found = self.api.pages(&path, "per_page=100").await?;
        Ok(newest(found.iter().filter_map(|value| Status::read(value, FIELDS))))
    }
}
