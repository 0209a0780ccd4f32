//! The statuses of a repository's commits, on whichever forge it is; this module must not know how one of them speaks.

use crate::api::{Api, ApiError};
use crate::commit_status::{Fields, Status, StatusSource, newest};
use crate::git::GitUrl;
use crate::http::Http;
use crate::links::Forge;
use crate::secret::{Bound, SecretString};
use crate::settings::Ci;
use crate::{gitea, github, gitlab};

/// Where the statuses of a repository's commits are read.
#[derive(Debug)]
pub struct Statuses {
    /// Each API that it may be, and the path of the commits there.
    commits: Vec<(Api, String)>,
    page: &'static str,
    fields: Fields,
}

impl Statuses {
    /// Those of a repository on this forge; a public one's are read without a token.
    pub fn of(
        (forge, url): (Forge, &GitUrl),
        token: Option<&Bound<SecretString>>,
        ci: &Ci,
        http: &Http,
    ) -> Result<Self, ApiError> {
        let StatusSource { commits, page, fields, login } = match forge {
            Forge::Gitlab => gitlab::statuses(url, ci),
            Forge::Github => github::statuses(url),
            Forge::Gitea => gitea::statuses(url),
        };
        let api = |base| match token {
            Some(token) => Api::new(base, login(token.clone()), http),
            None => Ok(Api::open(base, http)),
        };
        let commits = commits.into_iter().map(|(base, path)| Ok((api(base)?, path)));
        Ok(Self { commits: commits.collect::<Result<_, ApiError>>()?, page, fields })
    }

    /// The statuses of a commit, one for each name.
    pub async fn on(&self, commit: &str) -> Result<Vec<Status>, ApiError> {
        let mut missing = None;
        for (api, path) in &self.commits {
            match api.pages(&format!("{path}/{commit}/statuses"), self.page).await {
                Ok(found) => return Ok(newest(found.iter().filter_map(|value| Status::read(value, self.fields)))),
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
