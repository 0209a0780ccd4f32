//! The flags that every command has which writes versions into infra repositories, and those of `update`; this module must not
//! judge their values.

use std::time::Duration;

use clap::Args;

use super::{
    AfterArgs, AgeArgs, EnvironmentArgs, FreezeArgs, GateArgs, HoldArgs, ImageArgs, NetworkArgs, ProposalArgs,
    ReportArgs, RepositoryArgs, TargetArgs,
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
    /// Whether they may be older.
    #[command(flatten)]
    pub age: AgeArgs,
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
    /// Skip a place whose digest would stay the same
    ///
    /// A place is left alone when the tag that it names now has the wanted digest in the registry. If that tag is not in the
    /// registry any more, the place is written.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true, help_heading = "Targets")]
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
    /// Branch to update
    ///
    /// Default: the repository's default branch.
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// Config file to read
    ///
    /// With --repo, the repositories of the file do not count. /dev/null means no config file. Default: .gitops-bump.yml in the
    /// working directory, if it is there.
    #[arg(long, value_name = "FILE", help_heading = "Repository")]
    pub config: Option<String>,
    /// How to reach servers.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Whether anything is written, and what no change means.
    #[command(flatten)]
    pub outcome: OutcomeArgs,
    /// What goes into the commit.
    #[command(flatten)]
    pub commit: CommitArgs,
    /// What a merge request says.
    #[command(flatten)]
    pub proposal: ProposalArgs,
    /// Where to report.
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// Whether anything is written, and what no change means.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Result")]
pub struct OutcomeArgs {
    /// Publish nothing; print the diff
    ///
    /// Everything else is done. The changes are printed on stdout as a unified diff.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub dry_run: Option<bool>,
    /// Exit with 10 when nothing had to change
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub fail_on_unchanged: Option<bool>,
}

/// What goes into the commit, and how it is pushed.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Commit")]
pub struct CommitArgs {
    /// Commit message, a minijinja template
    ///
    /// The template can use images, changes, hold, environment, promoted_from, preview, branch, ci, subject and trailers.
    /// Default: a subject that names the versions, and trailers.
    #[arg(long, value_name = "TEMPLATE")]
    pub message: Option<String>,
    /// Author of the commit
    ///
    /// Default: `$GITLAB_USER_NAME` with `$GITLAB_USER_EMAIL` where both are set, else gitops-bump.
    #[arg(long, value_name = "NAME <EMAIL>")]
    pub author: Option<String>,
    /// Committer of the commit
    ///
    /// Default: gitops-bump.
    #[arg(long, value_name = "NAME <EMAIL>")]
    pub committer: Option<String>,
    /// End the message with a Signed-off-by line
    ///
    /// The line names the committer.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub sign_off: Option<bool>,
    /// SSH key that signs the commit
    ///
    /// The value is a file or PEM text: an ed25519, ecdsa or rsa key without a passphrase.
    #[arg(long, value_name = "FILE_OR_PEM", allow_hyphen_values = true)]
    pub signing_key: Option<String>,
    /// Start no pipeline in the infra repository
    ///
    /// With --skip-ci=false, the repository's own rules decide. Default: no pipeline is started where the infra repository is
    /// the project whose pipeline runs, because that pipeline would start itself again; elsewhere the rules decide.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub skip_ci: Option<bool>,
    /// How long to retry a push [default: 2m]
    ///
    /// A push is retried when another push to the branch came first, and when the Git server is busy or does not answer.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub push_timeout: Option<Duration>,
}
