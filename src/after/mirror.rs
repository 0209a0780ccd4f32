//! Triggers the pipeline that copies an infra repository to where the controller reads it (Cloud Pi Native); this
//! module must not push.

use tracing::info;
use url::Url;

use crate::api::{Api, ApiError};
use crate::http::{Http, SecretForm};
use crate::links::WebUrl;
use crate::settings::MirrorSettings;

/// The branch of the mirror project whose pipeline definition runs.
const REF: &str = "main";

/// Triggers the pipeline for a branch (GitLab's "Trigger a pipeline" with a trigger token).
pub(super) async fn trigger(mirror: &MirrorSettings, branch: &str, http: &Http) -> Result<(), ApiError> {
    let api = Api::open(mirror.api.clone(), http);
    let fields = vec![
        ("token", None),
        ("ref", Some(REF.to_owned())),
        ("variables[GIT_BRANCH_DEPLOY]", Some(branch.to_owned())),
        ("variables[PROJECT_NAME]", Some(mirror.repository.clone())),
    ];
    let form = SecretForm { fields, secret: mirror.token.clone() };
    let project: String = url::form_urlencoded::byte_serialize(mirror.project_id.as_bytes()).collect();
    let started = api.post_form(&format!("projects/{project}/trigger/pipeline"), form).await?;
    let page = started.get("web_url").and_then(serde_json::Value::as_str).unwrap_or_default();
    let api = Url::parse(&mirror.api).ok();
    let page = WebUrl::said(page, api.as_ref().and_then(Url::host_str));
    let page = page.map(|page| format!(" {page}")).unwrap_or_default();
    info!("{}: mirror pipeline started for {branch}{page}", mirror.repository);
    Ok(())
}
