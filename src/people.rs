//! Whether GitHub or Gitea knows the people that a request names; both have the same API for that. This module must not open a
//! request.

use serde_json::Value;

use crate::api::{Api, ApiError};
use crate::links::Forge;
use crate::merge_request::{ForgeError, require_others, text};
use crate::settings::ProposalSettings;

/// Requires that assignees and reviewers are there, and that nobody is to review a request of their own.
pub(crate) async fn require(api: &Api, forge: Forge, settings: &ProposalSettings) -> Result<(), ForgeError> {
    for name in settings.assignees.iter().chain(&settings.reviewers) {
        let name = plain(name);
        let user = api.get(&format!("users/{}", Api::segment(name))).await;
        there(user, || ForgeError::NoUser { forge, name: name.to_owned() })?;
    }
    if settings.reviewers.is_empty() {
        return Ok(());
    }
    // The token of an app has no user.
    let own = api.get("user").await.ok();
    require_others(forge, own.as_ref().map(|own| text(own, "login")), &settings.reviewers)
}

/// An answer that is there, or else what is missing.
pub(crate) fn there(
    answer: Result<Value, ApiError>,
    missing: impl FnOnce() -> ForgeError,
) -> Result<Value, ForgeError> {
    answer.map_err(|error| if matches!(error, ApiError::NotFound { .. }) { missing() } else { error.into() })
}

/// A user's name as the APIs have it.
pub(crate) fn plain(name: &str) -> &str {
    name.trim_start_matches('@')
}
