//! The statuses of a repository's commits, on whichever forge it is; this module must not know how one of them speaks.

use crate::api::ApiError;
use crate::commit_status::Status;
use crate::git::GitUrl;
use crate::http::Http;
use crate::links::Forge;
use crate::secret::{Bound, SecretString};
use crate::settings::Ci;
use crate::{gitea, github, gitlab};

/// Where the statuses of a repository's commits are read.
#[derive(Debug)]
pub enum Statuses {
    /// On GitLab.
    Gitlab(gitlab::Statuses),
    /// On GitHub.
    Github(github::Statuses),
    /// On Gitea or Forgejo.
    Gitea(gitea::Statuses),
}

impl Statuses {
    /// Those of a repository on this forge.
    pub fn of(
        (forge, url): (Forge, &GitUrl),
        token: Option<&Bound<SecretString>>,
        ci: &Ci,
        http: &Http,
    ) -> Result<Self, ApiError> {
        Ok(match forge {
            Forge::Gitlab => Self::Gitlab(gitlab::Statuses::of(url, token, ci, http)?),
            Forge::Github => Self::Github(github::Statuses::of(url, token, http)?),
            Forge::Gitea => Self::Gitea(gitea::Statuses::of(url, token, http)?),
        })
    }

    /// The statuses of a commit, one for each name.
    pub async fn on(&self, commit: &str) -> Result<Vec<Status>, ApiError> {
        match self {
            Self::Gitlab(statuses) => statuses.on(commit).await,
            Self::Github(statuses) => statuses.on(commit).await,
            Self::Gitea(statuses) => statuses.on(commit).await,
        }
    }
}
