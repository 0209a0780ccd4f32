//! The forge that holds a repository: which one it is, and its merge requests. This module must not push, nor know how one of
//! the forges speaks.

mod detect;
mod statuses;

use secrecy::SecretString;

pub use self::detect::{detect, known};
pub use self::statuses::Statuses;
use crate::api::ApiError;
use crate::git::GitUrl;
use crate::http::Http;
use crate::links::Forge;
use crate::merge_request::{ForgeError, Opened, State, Wish};
use crate::secret::Bound;
use crate::settings::{Ci, ProposalSettings};
use crate::{gitea, github, gitlab};

/// A project on its forge, with a token that may open requests.
#[derive(Debug)]
pub enum Client {
    /// On GitLab.
    Gitlab(gitlab::Project),
    /// On GitHub.
    Github(github::Repository),
    /// On Gitea or Forgejo.
    Gitea(gitea::Repository),
}

impl Client {
    /// Finds a repository's project, and requires that its request can be what is wished. A server that is not known is asked
    /// as a GitLab, which may be below a path.
    pub async fn find(
        (forge, url): (Option<Forge>, &GitUrl),
        (token, settings): (&Bound<SecretString>, &ProposalSettings),
        ci: &Ci,
        http: &Http,
    ) -> Result<Self, ForgeError> {
        match forge {
            Some(Forge::Github) => Ok(Self::Github(github::Repository::find(url, (token, settings), http).await?)),
            Some(Forge::Gitea) => Ok(Self::Gitea(gitea::Repository::find(url, (token, settings), http).await?)),
            Some(Forge::Gitlab) | None => {
                Ok(Self::Gitlab(gitlab::Project::find(url, (token, settings), ci, http).await?))
            }
        }
    }

    /// Opens the request for a commit on the work branch, or makes the open one what is wished.
    pub async fn open(&self, wish: &Wish<'_>, commit: &str) -> Result<Opened, ForgeError> {
        match self {
            Self::Gitlab(project) => project.open(wish, commit).await,
            Self::Github(repository) => repository.open(wish, commit).await,
            Self::Gitea(repository) => repository.open(wish, commit).await,
        }
    }

    /// What a request is now.
    pub async fn state(&self, number: u64) -> Result<State, ApiError> {
        match self {
            Self::Gitlab(project) => project.state(number).await,
            Self::Github(repository) => repository.state(number).await,
            Self::Gitea(repository) => repository.state(number).await,
        }
    }
}

/// Requires that a request can be opened there without a token, by push options.
pub fn require_push_options(forge: Option<Forge>, url: &GitUrl) -> Result<(), ForgeError> {
    match forge {
        Some(forge @ (Forge::Github | Forge::Gitea)) => Err(ForgeError::Unable {
            what: format!(
                "{} is on {}, where pull requests can be opened only by the API, and GITOPS_BUMP_FORGE_TOKEN is not set",
                url.short(),
                forge.name()
            ),
            hint: "set GITOPS_BUMP_FORGE_TOKEN to a token that may open pull requests; a protected variable is empty on branches that are not protected",
        }),
        Some(Forge::Gitlab) | None => Ok(()),
    }
}
