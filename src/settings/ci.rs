//! What CI says about this run; this module must not decide what is made of it.

use crate::environment::Environment;

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
}

impl Ci {
    /// Reads GitLab's predefined variables.
    pub(super) fn from_environment(environment: &Environment) -> Self {
        let get = |name| environment.get(name).map(str::to_owned);
        Self {
            commit_sha: get("CI_COMMIT_SHA"),
            project_url: get("CI_PROJECT_URL"),
            project_path: get("CI_PROJECT_PATH"),
            commit_ref: get("CI_COMMIT_REF_NAME"),
            pipeline_url: get("CI_PIPELINE_URL"),
        }
    }
}
