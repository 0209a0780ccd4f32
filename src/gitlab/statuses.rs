//! The statuses of commits on GitLab: those of its own jobs, and those that others report; this module must not report one.

use super::address::{Address, addresses};
use crate::api::{Api, ApiError};
use crate::commit_status::{Fields, Status, newest};
use crate::git::GitUrl;
use crate::http::{Http, Login};
use crate::secret::{Bound, SecretString};
use crate::settings::Ci;

const FIELDS: Fields = Fields { name: "name", state: "status" };

/// Where a project's statuses are: an instance may be served below a path, which a repository's URL does not tell.
#[derive(Debug)]
pub struct Statuses(Vec<(Api, String)>);

impl Statuses {
    /// Those of a repository; a public one's are read without a token.
    pub fn of(url: &GitUrl, token: Option<&Bound<SecretString>>, ci: &Ci, http: &Http) -> Result<Self, ApiError> {
        let place = |Address { base, project }: Address| {
            let api = match token {
                Some(token) => Api::new(base, Login::PrivateToken(token.clone()), http)?,
                None => Api::open(base, http),
            };
            Ok((api, project))
        };
        addresses(url, ci).into_iter().map(place).collect::<Result<_, _>>().map(Self)
    }

    /// The statuses of a commit, one for each name.
    pub async fn on(&self, commit: &str) -> Result<Vec<Status>, ApiError> {
        let mut missing = None;
        for (api, project) in &self.0 {
            let path = format!("projects/{project}/repository/commits/{commit}/statuses");
            match api.pages(&path, "per_page=100").await {
                Ok(found) => return Ok(newest(found.iter().filter_map(|value| Status::read(value, FIELDS)))),
                // The most likely address comes first, and its words count.
                Err(error @ (ApiError::NotFound { .. } | ApiError::BadAnswer { .. })) => {
                    missing = missing.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        missing.map_or_else(|| Ok(Vec::new()), Err)
    }
}
