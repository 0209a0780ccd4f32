//! The command line: flags, their help and their twin variables; this module must not know a default of the job.

#![allow(
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    reason = "the comments on flags are the help text, whose brackets are no links"
)]

use std::ffi::OsString;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::environment::Environment;

pub use after::{AfterArgs, MirrorArgs};
pub use check::CheckArgs;
pub use freeze::FreezeArgs;
pub use gate::{GateArgs, KeylessArgs, RuleArgs};
pub use hold::HoldArgs;
pub use init::InitArgs;
pub use preview::{CreateArgs, DeleteArgs, PreviewArgs, PreviewCommand};
pub use promote::{PromoteArgs, SourceImageArgs};
pub use proposal::ProposalArgs;
pub use rollback::{ReturnImageArgs, RollbackArgs};
pub use run::{PublishArgs, RunArgs, UpdateArgs};
pub use status::StatusArgs;
pub use targets::{EnvironmentArgs, PlaceArgs, TargetArgs};

mod after;
mod check;
mod choices;
mod freeze;
mod gate;
mod hold;
mod init;
mod preview;
mod promote;
mod proposal;
mod rollback;
mod run;
mod status;
mod targets;
mod twins;

const ENVIRONMENT_HELP: &str = "Every flag has a twin variable: GITOPS_BUMP_ and the flag's name in capitals with \
underscores (--helm: GITOPS_BUMP_HELM); a repeatable flag's variable takes one value per line, or several separated by \
spaces. A flag beats its variable, a variable beats the config file.

Secrets come from the environment only: GITOPS_BUMP_GIT_USERNAME (oauth2 by default), GITOPS_BUMP_GIT_TOKEN, \
CI_JOB_TOKEN for repositories of CI's own server where no Git token is set (GITOPS_BUMP_JOB_TOKEN=false: never), \
GITOPS_BUMP_FORGE_TOKEN, GITOPS_BUMP_MIRROR_TOKEN or GIT_MIRROR_TOKEN, ARGOCD_AUTH_TOKEN, \
GITOPS_BUMP_SSH_KEY and GITOPS_BUMP_SSH_KNOWN_HOSTS (a path or the content), \
GITOPS_BUMP_REGISTRY_USERNAME, GITOPS_BUMP_REGISTRY_PASSWORD, DOCKER_AUTH_CONFIG, DOCKER_AUTH. A secret goes only to the \
servers that it belongs to: GITOPS_BUMP_GIT_HOSTS and GITOPS_BUMP_REGISTRY_HOSTS name them (HOST[:PORT], one per line or \
separated by spaces or commas) where the default, CI's own server and what flags and variables name, is not enough.

Exit codes: 0 updated or nothing to do, 1 unexpected, 2 usage, 3 configuration, 4 image not in the registry, 5 target \
missing or not safe to edit, 6 push kept losing races, 7 registry unreachable or access denied, 8 Git remote \
unreachable, denied or push refused, 9 image fails a requirement, 10 nothing changed and --fail-on-unchanged, 11 pushed, \
but a step after the push failed, 12 not now: a hold or a freeze window.";

/// Writes the tag of a freshly built image into GitOps infra repositories.
#[derive(Debug, Parser)]
#[command(name = "gitops-bump", version, after_help = ENVIRONMENT_HELP, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much to say.
    #[command(flatten)]
    pub log: LogArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the image, write its tag into the infra repositories, commit and push
    Update(Box<UpdateArgs>),
    /// Check that the images are in their registry and print them with their digests; with --repo, whether the
    /// repository may be pushed to
    Check(Box<CheckArgs>),
    /// Write the tag into local files, in place
    Set(SetArgs),
    /// Print what every environment of the infra repositories names now; change nothing
    Status(Box<StatusArgs>),
    /// Make or remove a copy of a directory of the infra repository, for a branch's own environment
    #[command(subcommand)]
    Preview(PreviewCommand),
    /// Write what one environment runs into another: the same image, checked
    Promote(Box<PromoteArgs>),
    /// Write what ran before: the version before the last one, checked
    Rollback(Box<RollbackArgs>),
    /// Propose a config file for an infra repository
    Init(InitArgs),
    /// Check, show or describe the config file
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// What can be done with the config file.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the config file, its variables and the flags
    Validate(Box<UpdateArgs>),
    /// Print the resolved settings, without secrets
    Show(Box<UpdateArgs>),
    /// Print the config file's JSON Schema
    Schema,
}

/// The flags of `set`.
#[derive(Args, Clone, Debug, Default)]
pub struct SetArgs {
    /// Which images.
    #[command(flatten)]
    pub images: ImageArgs,
    /// Which places.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// What `<env>` stands for.
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// Write nothing; print the diff
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub dry_run: Option<bool>,
    /// Exit 10 when nothing had to change
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub fail_on_unchanged: Option<bool>,
}

/// Which images to write or check.
#[derive(Args, Clone, Debug, Default)]
pub struct ImageArgs {
    /// Image that was pushed: [HOST[:PORT]/]PATH:TAG[@sha256:…] (repeatable)
    #[arg(long = "image", value_name = "REF")]
    pub image: Vec<String>,
}

/// Which repository.
#[derive(Args, Clone, Debug, Default)]
pub struct RepositoryArgs {
    /// Infra repository: https://…, http://…, ssh://…, user@host:path, file://… or a local path
    #[arg(long = "repo", value_name = "URL", help_heading = "Repository")]
    pub url: Option<String>,
}

/// How to reach servers.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// CA certificates added to the usual roots, for registry and Git alike
    /// [default: `$CA_BUNDLE`, `$CI_SERVER_TLS_CA_FILE`, `$SSL_CERT_FILE`]
    // A PEM text begins with hyphens.
    #[arg(long, value_name = "FILE_OR_PEM", allow_hyphen_values = true)]
    pub ca_file: Option<String>,
    /// Talk http to this server, with credentials, too; a registry's is written as in the image (repeatable) [default: a
    /// registry on 127.0.0.1 or localhost is asked by https first, then by http]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub plain_http: Vec<String>,
}

/// Where to write results for machines.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reports")]
pub struct ReportArgs {
    /// Write a dotenv report
    #[arg(long, value_name = "FILE")]
    pub report_dotenv: Option<String>,
    /// Write a JSON report
    #[arg(long, value_name = "FILE")]
    pub report_json: Option<String>,
    /// Write GitLab job annotations
    #[arg(long, value_name = "FILE")]
    pub report_annotations: Option<String>,
    /// Write Markdown, for a note on a merge request or a release
    #[arg(long, value_name = "FILE")]
    pub report_markdown: Option<String>,
}

impl ReportArgs {
    /// Whether one of the reports shows where commits and merge requests are on the web.
    pub fn have_links(&self) -> bool {
        [&self.report_json, &self.report_annotations, &self.report_markdown].into_iter().any(Option::is_some)
    }
}

/// How much to say, and in which colours.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Say nothing but errors
    #[arg(short, long, global = true, action = ArgAction::SetTrue, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more (twice: everything)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Colour [default: auto, on a terminal and in GitLab]
    #[arg(long, global = true, value_enum)]
    pub color: Option<Color>,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Color {
    /// On a terminal and in GitLab's log
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Why a command line cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// clap's own answer; also `--help` and `--version`.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// A twin variable holds what its flag would not take.
    #[error("{variable}: {reason}")]
    Variable {
        /// The variable's name.
        variable: String,
        /// clap's reason, one line.
        reason: String,
    },
}

/// Reads the command line, and the twin variables of the flags that are not on it.
pub fn parse(argv: &[OsString], environment: &Environment) -> Result<Cli, CliError> {
    let mut command = Cli::command();
    command.build();
    let mut matches = command.clone().try_get_matches_from(argv)?;
    let mut argv = argv.to_vec();
    for (variable, flags) in twins::flags(&command, &matches, environment) {
        argv.extend(flags);
        matches = command
            .clone()
            .try_get_matches_from(&argv)
            .map_err(|error| CliError::Variable { variable, reason: first_line(&error) })?;
    }
    Ok(Cli::from_arg_matches(&matches)?)
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests;
