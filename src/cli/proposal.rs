//! The flags of merge requests; this module must not know a default of the job.

use std::time::Duration;

use clap::Args;

use crate::links::Forge;

/// Whether a merge request is opened, and what it says.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Merge request")]
pub struct ProposalArgs {
    /// Open a merge request instead of pushing
    ///
    /// The commit is pushed to a work branch. A merge request for it is opened, or, if one is open already, brought up to date.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub merge_request: Option<bool>,
    /// Product of the server: gitlab, github or gitea
    ///
    /// Its API opens the merge request; gitea stands for Forgejo, too. Default: the name of the host tells the product; if it
    /// does not, the server is asked.
    #[arg(long, value_enum, hide_possible_values = true)]
    pub forge: Option<Forge>,
    /// How long to wait until it is merged
    ///
    /// When the request is merged, the run goes on with the merged commit. It needs GITOPS_BUMP_FORGE_TOKEN. Default: no wait.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub mr_wait: Option<Duration>,
    /// Title, a minijinja template
    ///
    /// Default: the subject of the commit.
    #[arg(long, value_name = "TEMPLATE")]
    pub mr_title: Option<String>,
    /// Description, a minijinja template
    ///
    /// Default: what changes, the digests, the diff, the source commit and the pipeline.
    #[arg(long, value_name = "TEMPLATE")]
    pub mr_description: Option<String>,
    /// Label; repeatable
    #[arg(long, value_name = "LABEL")]
    pub mr_label: Vec<String>,
    /// User name of an assignee; repeatable
    ///
    /// It needs GITOPS_BUMP_FORGE_TOKEN.
    #[arg(long, value_name = "USER")]
    pub mr_assignee: Vec<String>,
    /// User name of a reviewer; repeatable
    ///
    /// It needs GITOPS_BUMP_FORGE_TOKEN.
    #[arg(long, value_name = "USER")]
    pub mr_reviewer: Vec<String>,
    /// Name of the work branch
    ///
    /// Default: a name that begins with gitops-bump/ and is the same for the same images and places.
    #[arg(long, value_name = "NAME")]
    pub mr_branch: Option<String>,
    /// Merge it when its checks have succeeded
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub mr_auto_merge: Option<bool>,
    /// Remove the work branch after the merge
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub mr_remove_source_branch: Option<bool>,
    /// Open it as a draft
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub mr_draft: Option<bool>,
}
