//! The flags of merge requests; this module must not know a default of the job.

use std::time::Duration;

use clap::Args;

use crate::links::Forge;

/// Whether a merge request is opened, and what it says.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Merge request")]
pub struct ProposalArgs {
    /// Push a work branch and open or refresh a merge request instead of pushing to the branch
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub merge_request: Option<bool>,
    /// Whose API opens it [default: by the host, which is asked where its name does not tell]
    #[arg(long, value_enum)]
    pub forge: Option<Forge>,
    /// Wait until it is merged, then go on with the merged commit; needs `GITOPS_BUMP_FORGE_TOKEN` [default: no wait]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub mr_wait: Option<Duration>,
    /// Its title, a minijinja template [default: the commit's subject]
    #[arg(long, value_name = "TEMPLATE")]
    pub mr_title: Option<String>,
    /// Its description, a minijinja template [default: what changes, digest, diff, source commit, pipeline]
    #[arg(long, value_name = "TEMPLATE")]
    pub mr_description: Option<String>,
    /// A label of it (repeatable)
    #[arg(long, value_name = "LABEL")]
    pub mr_label: Vec<String>,
    /// The user name of an assignee; needs `GITOPS_BUMP_FORGE_TOKEN` (repeatable)
    #[arg(long, value_name = "USER")]
    pub mr_assignee: Vec<String>,
    /// The user name of a reviewer; needs `GITOPS_BUMP_FORGE_TOKEN` (repeatable)
    #[arg(long, value_name = "USER")]
    pub mr_reviewer: Vec<String>,
    /// The work branch [default: gitops-bump/…, the same for the same images and places]
    #[arg(long, value_name = "NAME")]
    pub mr_branch: Option<String>,
    /// Merge it when its pipeline or its checks have succeeded
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub mr_auto_merge: Option<bool>,
    /// Remove the work branch when it is merged
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub mr_remove_source_branch: Option<bool>,
    /// Mark it as a draft
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub mr_draft: Option<bool>,
}
