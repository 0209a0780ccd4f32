//! What CI says about this run; this module must not decide what is made of it.

use crate::environment::Environment;
use crate::git::GitUrl;

/// What GitLab CI tells about the pipeline.
#[derive(Clone, Debug, Default)]
pub struct Ci {
    /// `$CI_COMMIT_SHA`.
    pub commit_sha: Option<String>,
    /// `$CI_PROJECT_URL`.
    pub project_url: Option<String>,
    /// `$CI_PROJECT_PATH`.
    pub project_path: Option<String>,
    /// `$CI_COMMIT_REF_NAME`.
    pub commit_ref: Option<String>,
    /// `$CI_PIPELINE_URL`.
    pub pipeline_url: Option<String>,
    /// `$CI_SERVER_HOST`.
    pub server_host: Option<String>,
    /// `$CI_API_V4_URL`.
    pub api_v4_url: Option<String>,
    /// Whether the platform copies repositories from outside (`$GIT_MIRROR_PROJECT_ID` is set).
    pub mirrors_from_outside: bool,
    /// Whether jobs come from a platform's catalog, as on Cloud Pi Native (`$CATALOG_PATH` is set).
    pub has_catalog: bool,
}

impl Ci {
    /// Whether a repository is that of the project whose pipeline runs: a push to it would start that pipeline again.
    pub fn is_own_project(&self, url: &GitUrl) -> bool {
        let path = url.project();
        let is_project = self.project_path.as_deref().is_some_and(|project| {
            // On an instance below a path, the address begins with that path.
            path == project || path.strip_suffix(project).is_some_and(|prefix| prefix.ends_with('/'))
        });
        is_project && self.is_own_server(url)
    }

    /// Whether a repository is on the server whose pipeline runs.
    pub fn is_own_server(&self, url: &GitUrl) -> bool {
        url.host().is_some() && url.host() == self.server_host.as_deref()
    }

    /// Reads GitLab's predefined variables.
    pub(super) fn from_environment(environment: &Environment) -> Self {
        let get = |name| environment.get(name).map(str::to_owned);
        Self {
            commit_sha: get("CI_COMMIT_SHA"),
            project_url: get("CI_PROJECT_URL"),
            project_path: get("CI_PROJECT_PATH"),
            commit_ref: get("CI_COMMIT_REF_NAME"),
            pipeline_url: get("CI_PIPELINE_URL"),
            server_host: get("CI_SERVER_HOST"),
            api_v4_url: get("CI_API_V4_URL"),
            mirrors_from_outside: environment.get("GIT_MIRROR_PROJECT_ID").is_some(),
            has_catalog: environment.get("CATALOG_PATH").is_some(),
        }
    }
}
