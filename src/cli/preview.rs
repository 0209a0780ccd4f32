//! The flags of `preview`; this module must not know a default of the job.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{
    AfterArgs, GateArgs, ImageArgs, MirrorArg, NetworkArgs, PinArg, ProposalArgs, ReportArgs, RepositoryArgs, RunArgs,
    TargetArgs, UpdateArgs,
};

/// What can be done with a preview.
#[derive(Debug, Subcommand)]
pub enum PreviewCommand {
    /// Copy a directory of the infra repository with the images written in the copy; the same again brings the copy up to date
    Create(Box<CreateArgs>),
    /// Remove a copy that `preview create` made
    Delete(Box<DeleteArgs>),
}

/// The flags of `preview create`.
#[derive(Args, Clone, Debug, Default)]
pub struct CreateArgs {
    /// Which images.
    #[command(flatten)]
    pub images: ImageArgs,
    /// What the images must fulfil.
    #[command(flatten)]
    pub gate: GateArgs,
    /// Directory of the infra repository that is copied
    #[arg(long, value_name = "DIR", help_heading = "Preview")]
    pub template: Option<String>,
    /// Write the tag, or tag and digest [default: tag]
    #[arg(long, value_enum, help_heading = "Preview")]
    pub pin: Option<PinArg>,
    /// Add a missing `tag` (Helm), or a missing `images:` entry to the copy's own kustomization
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Preview")]
    pub create: Option<bool>,
    /// Write the tag although the places of one image in a file hold different tags now
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Preview")]
    pub any_tag: Option<bool>,
    /// What both commands have.
    #[command(flatten)]
    pub run: PreviewArgs,
    /// What happens after the push.
    #[command(flatten)]
    pub after: AfterArgs,
}

/// The flags of `preview delete`.
#[derive(Args, Clone, Debug, Default)]
pub struct DeleteArgs {
    /// What both commands have.
    #[command(flatten)]
    pub run: PreviewArgs,
    /// What happens after the push.
    #[command(flatten)]
    pub mirror: PreviewMirrorArgs,
}

/// What `preview create` and `preview delete` have in common.
#[derive(Args, Clone, Debug, Default)]
pub struct PreviewArgs {
    /// Which repository.
    #[command(flatten)]
    pub repository: RepositoryArgs,
    /// Branch to update [default: the remote's default branch]
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// Directory of the copy; `<name>` in it is the preview's name, as in previews/<name>
    #[arg(long, value_name = "DIR", help_heading = "Preview")]
    pub to: Option<String>,
    /// The preview's name, a DNS label of up to 53 characters [default: `$CI_COMMIT_REF_SLUG`, cut with a hash where it is longer]
    #[arg(long, value_name = "SLUG", help_heading = "Preview")]
    pub name: Option<String>,
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

/// The mirror, of a push that leaves nothing to be waited for.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "After the push")]
pub struct PreviewMirrorArgs {
    /// Project whose pipeline mirrors the infra repository (Cloud Pi Native)
    #[arg(long, value_name = "ID")]
    pub mirror_project_id: Option<String>,
    /// Name of the infra repository there
    #[arg(long, value_name = "NAME")]
    pub mirror_repository: Option<String>,
    /// GitLab API of that project [default: `$CI_API_V4_URL`]
    #[arg(long, value_name = "URL")]
    pub mirror_url: Option<String>,
    /// Trigger the mirror when something was pushed, or also when nothing had to change [default: changed]
    #[arg(long, value_enum)]
    pub mirror: Option<MirrorArg>,
}

impl PreviewCommand {
    /// What both commands have in common.
    pub fn run(&self) -> &PreviewArgs {
        match self {
            Self::Create(args) => &args.run,
            Self::Delete(args) => &args.run,
        }
    }

    /// The same as flags of other commands that write, as far as they have them.
    pub fn as_run(&self) -> RunArgs {
        match self {
            Self::Create(args) => RunArgs {
                targets: TargetArgs {
                    pin: args.pin,
                    create: args.create,
                    any_tag: args.any_tag,
                    ..TargetArgs::default()
                },
                after: args.after.clone(),
                ..args.run.as_run()
            },
            Self::Delete(args) => RunArgs { after: args.mirror.as_after(), ..args.run.as_run() },
        }
    }

    /// The images, and what they must fulfil.
    pub fn given(&self) -> UpdateArgs {
        match self {
            Self::Create(args) => {
                UpdateArgs { images: args.images.clone(), gate: args.gate.clone(), ..UpdateArgs::default() }
            }
            Self::Delete(_) => UpdateArgs::default(),
        }
    }
}

impl PreviewArgs {
    fn as_run(&self) -> RunArgs {
        RunArgs {
            repository: self.repository.clone(),
            branch: self.branch.clone(),
            config: self.config.clone(),
            network: self.network.clone(),
            dry_run: self.dry_run,
            fail_on_unchanged: self.fail_on_unchanged,
            message: self.message.clone(),
            author: self.author.clone(),
            committer: self.committer.clone(),
            sign_off: self.sign_off,
            signing_key: self.signing_key.clone(),
            proposal: self.proposal.clone(),
            skip_ci: self.skip_ci,
            push_timeout: self.push_timeout,
            reports: self.reports.clone(),
            ..RunArgs::default()
        }
    }
}

impl PreviewMirrorArgs {
    fn as_after(&self) -> AfterArgs {
        AfterArgs {
            mirror_project_id: self.mirror_project_id.clone(),
            mirror_repository: self.mirror_repository.clone(),
            mirror_url: self.mirror_url.clone(),
            mirror: self.mirror,
            ..AfterArgs::default()
        }
    }
}
