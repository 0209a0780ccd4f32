//! Triggers the pipeline that copies an infra repository to where the controller reads it (Cloud Pi Native); this
//! module must not push.

use tracing::{info, warn};
use url::Url;

use crate::api::{Api, ApiError};
use crate::git::GitUrl;
use crate::http::{Http, SecretForm};
use crate::links::WebUrl;
use crate::settings::{Ci, MirrorSettings};

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
    let project = Api::segment(&mirror.project_id);
    let started = api.post_form(&format!("projects/{project}/trigger/pipeline"), form).await?;
    let page = started.get("web_url").and_then(serde_json::Value::as_str).unwrap_or_default();
    let api = Url::parse(&mirror.api).ok();
    let page = WebUrl::said(page, api.as_ref().and_then(Url::host_str));
    let page = page.map(|page| format!(" {page}")).unwrap_or_default();
    info!("{}: mirror pipeline started for {branch}{page}", mirror.repository);
    Ok(())
}

/// Tells what it means that a commit was pushed and no mirror is to be triggered, where a platform copies repositories from
/// outside. `$GIT_MIRROR_PROJECT_ID` is no sign of such a platform by itself: Cloud Pi Native keeps it in Vault.
pub(super) fn none(ci: &Ci, url: &GitUrl, place: &str) {
    match ci.is_own_server(url) {
        true if ci.mirrors_from_outside => warn!(
            "{place}: this repository looks like the platform's own copy of an external repository; if it is one, \
             the next synchronisation overwrites this commit: write to the external repository instead, and set \
             `mirror:` in the config file"
        ),
        true if ci.has_catalog => info!(
            "{place}: if the platform's console shows an external source for this repository, the next \
             synchronisation overwrites this commit: write to the external repository instead, and set `mirror:` in \
             the config file"
        ),
        false if ci.has_catalog && url.host().is_some() => warn!(
            "{place}: no mirror pipeline is triggered, so Argo CD sees this commit only after the next \
             synchronisation of the platform's copy; set `mirror:` in the config file, with GIT_MIRROR_PROJECT_ID \
             and GIT_MIRROR_TOKEN (on Cloud Pi Native both are in Vault, not in the CI/CD variables)"
        ),
        _ => {}
    }
}
