//! Which commit statuses are waited for, and whether their server may see the token; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use url::Url;

use super::servers::GitServers;
use super::{ProposalSettings, RepositorySettings, SettingsError};
use crate::cli::AfterArgs;
use crate::commit_status::NamePattern;

const TIMEOUT: Duration = Duration::from_mins(5);

/// The commit statuses that are waited for.
#[derive(Clone, Debug)]
pub struct StatusWait {
    /// Their names; at least one.
    pub patterns: Vec<NamePattern>,
    /// How long they may take.
    pub timeout: Duration,
}

/// The statuses, when any are asked for. A public project's are read without a token; one that is set must be for the server.
pub(super) fn statuses(
    args: &AfterArgs,
    proposal: &ProposalSettings,
    (repositories, servers): (&[RepositorySettings], &GitServers),
) -> Result<Option<StatusWait>, SettingsError> {
    let patterns: Vec<NamePattern> = args.wait_status.iter().filter_map(|text| NamePattern::new(text)).collect();
    if patterns.is_empty() {
        return Ok(None);
    }
    if let Some(token) = &proposal.token {
        for url in repositories.iter().map(|repository| &repository.url) {
            let origin = url.web_origin().and_then(|origin| Url::parse(&origin).ok());
            if !origin.is_some_and(|origin| token.audience().holds_url(&origin)) {
                servers.require_for(url, "GITOPS_BUMP_FORGE_TOKEN")?;
            }
        }
    }
    Ok(Some(StatusWait { patterns, timeout: args.wait_status_timeout.unwrap_or(TIMEOUT) }))
}
