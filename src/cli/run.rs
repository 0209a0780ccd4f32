//! The flags that every command has which writes versions into infra repositories, and those of `update`; this module must not
//! judge their values.

use std::time::Duration;

use clap::Args;

use super::{
    AfterArgs, EnvironmentArgs, FreezeArgs, GateArgs, HoldArgs, ImageArgs, NetworkArgs, ProposalArgs, ReportArgs,
    RepositoryArgs, TargetArgs,
};

/// The flags of `update`.
#[derive(Args, Clone, Debug, Default)]
pub struct UpdateArgs {
    /// Which images.
    #[command(flatten)]
    pub images: ImageArgs,
    /// What the images must fulfil.
    #[command(flatten)]
    pub gate: GateArgs,
    /// What `<env>` stands for.
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// Everything that other commands have, too.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The flags of every command that writes versions into infra repositories: which places, and how they are published.
#[derive(Args, Clone, Debug, Default)]
pub struct RunArgs {
    /// Which repository, and how it is written to.
    #[command(flatten)]
    pub publish: PublishArgs,
    /// Which places.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Leave a place alone whose tag names the same image in the registry already: the same digest under another tag
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Targets")]
    pub changed_digest_only: Option<bool>,
    /// What happens in a freeze window.
    #[command(flatten)]
    pub freeze: FreezeArgs,
    /// What becomes of holds.
    #[command(flatten)]
    pub hold: HoldArgs,
    /// What happens after the push.
    #[command(flatten)]
    pub after: AfterArgs,
}

/// The flags of every command that pushes.
#[derive(Args, Clone, Debug, Default)]
pub struct PublishArgs {
    /// Which repository.
    #[command(flatten)]
    pub repository: RepositoryArgs,
    /// Branch to update [default: the remote's default branch]
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// Config file [default: .gitops-bump.yml when present, with --repo without its repositories]
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// How to reach servers.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Do everything but publish; print the diff
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub dry_run: Option<bool>,
    /// Exit 10 when nothing had to change
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub fail_on_unchanged: Option<bool>,
    /// Commit message, a minijinja template
    #[arg(long, value_name = "TEMPLATE", help_heading = "Commit")]
    pub message: Option<String>,
    /// Commit author [default: `$GITLAB_USER_NAME` <`$GITLAB_USER_EMAIL`>, else gitops-bump]
    #[arg(long, value_name = "NAME <EMAIL>", help_heading = "Commit")]
    pub author: Option<String>,
    /// Commit committer [default: gitops-bump]
    #[arg(long, value_name = "NAME <EMAIL>", help_heading = "Commit")]
    pub committer: Option<String>,
    /// End the message with a Signed-off-by line of the committer
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Commit")]
    pub sign_off: Option<bool>,
    /// SSH key that signs the commit (ed25519, ecdsa or rsa, without a passphrase)
    #[arg(long, value_name = "FILE_OR_PEM", allow_hyphen_values = true, help_heading = "Commit")]
    pub signing_key: Option<String>,
    /// What a merge request says.
    #[command(flatten)]
    pub proposal: ProposalArgs,
    /// Start no pipeline in the infra repository [default: only where the pipeline's own project is updated]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Commit")]
    pub skip_ci: Option<bool>,
    /// How long to keep retrying: a push that lost a race, a Git server that is busy or gone for a moment [default: 2m]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, help_heading = "Commit")]
    pub push_timeout: Option<Duration>,
    /// Where to report.
    #[command(flatten)]
    pub reports: ReportArgs,
}
