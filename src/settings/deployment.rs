//! The deployment that a run records in the pipeline's project; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use super::after::{address, missing, project};
use super::{Giver, SettingsError, servers, token};
use crate::cli::AfterArgs;
use crate::environment::Environment;
use crate::secret::{Bound, SecretString};

/// The token that GitLab gives every job; it may record deployments of its own project.
const JOB_TOKEN: &str = "CI_JOB_TOKEN";

/// A deployment of what a pipeline built.
#[derive(Clone, Debug)]
pub struct DeploymentSettings {
    /// The GitLab API's base, without a final slash.
    pub api: String,
    /// The pipeline's project.
    pub project_id: String,
    /// The environment.
    pub environment: String,
    /// The commit that was built.
    pub sha: String,
    /// Its branch or tag.
    pub reference: String,
    /// Whether that is a tag.
    pub is_tag: bool,
    /// The job's token.
    pub token: Bound<SecretString>,
}

/// The deployment, when one is asked for: of the run's environment.
pub(super) fn deployment(
    args: &AfterArgs,
    name: Option<&str>,
    environment: &Environment,
) -> Result<Option<DeploymentSettings>, SettingsError> {
    if args.gitlab_deployment != Some(true) {
        return Ok(None);
    }
    if let Some(own) = environment.get("CI_ENVIRONMENT_NAME") {
        return Err(wrong(format!(
            "the job has environment: {own}, so GitLab records its deployment automatically: \
             remove environment: from the job, or --gitlab-deployment"
        )));
    }
    let name = name.ok_or_else(|| wrong("it needs --environment, the environment that is deployed to".to_owned()))?;
    let variable = |name: &str| {
        let value = environment.get(name).map(str::to_owned);
        value.ok_or_else(|| wrong(format!("it is for jobs of GitLab CI, and ${name} is not set")))
    };
    let api = address(Giver::Variable("CI_API_V4_URL"), &variable("CI_API_V4_URL")?)?;
    let token = token::secret(JOB_TOKEN, environment)?.ok_or_else(|| missing(JOB_TOKEN, &api))?;
    Ok(Some(DeploymentSettings {
        project_id: project("CI_PROJECT_ID", variable("CI_PROJECT_ID")?)?,
        environment: name.to_owned(),
        sha: variable("CI_COMMIT_SHA")?,
        reference: variable("CI_COMMIT_REF_NAME")?,
        is_tag: environment.get("CI_COMMIT_TAG").is_some(),
        token: Bound::new(token, servers::of_api(&api)),
        api,
    }))
}

fn wrong(reason: String) -> SettingsError {
    SettingsError::Value { what: Giver::Flag("gitlab-deployment").to_string(), reason }
}
