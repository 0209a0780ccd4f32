//! Deployments on GitLab's environments page, recorded with a job's token; this module must not deploy anything.
//!
//! The API is that of GitLab's "Deployments API", which makes an environment that is not there yet.

use serde_json::json;

use crate::api::{Api, ApiError};
use crate::http::{Http, Login};
use crate::settings::DeploymentSettings;

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The controller is waited for.
    Running,
    /// It runs the image.
    Success,
    /// It does not.
    Failed,
    /// Nobody waits for it any more.
    Canceled,
}

impl Progress {
    /// GitLab's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}

/// Records a new deployment; returns its number.
pub async fn record(deployment: &DeploymentSettings, progress: Progress, http: &Http) -> Result<u64, ApiError> {
    let body = json!({
        "environment": deployment.environment,
        "sha": deployment.sha,
        "ref": deployment.reference,
        "tag": deployment.is_tag,
        "status": progress.word(),
    });
    let api = open(deployment, http)?;
    let made = api.post(&path(deployment), &body).await?;
    made.get("id").and_then(serde_json::Value::as_u64).ok_or_else(|| api.bad("it has no number"))
}

/// Gives a recorded deployment its next state.
pub async fn change(
    deployment: &DeploymentSettings,
    (number, progress): (u64, Progress),
    http: &Http,
) -> Result<(), ApiError> {
    let path = format!("{}/{number}", path(deployment));
    open(deployment, http)?.put(&path, &json!({ "status": progress.word() })).await.map(drop)
}

fn open(deployment: &DeploymentSettings, http: &Http) -> Result<Api, ApiError> {
    Api::new(deployment.api.clone(), Login::JobToken(deployment.token.clone()), http)
}

fn path(deployment: &DeploymentSettings) -> String {
    format!("projects/{}/deployments", Api::segment(&deployment.project_id))
}
