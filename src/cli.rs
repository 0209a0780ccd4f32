//! The command line: flags, their help and their twin variables; this module must not know a default of the job.

#![allow(
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    clippy::doc_markdown,
    reason = "the comments on flags are the help text, whose brackets are no links"
)]

use clap::{ArgAction, Args, Subcommand, ValueEnum};

pub use after::{AfterArgs, MirrorArgs};
pub use check::CheckArgs;
pub use freeze::FreezeArgs;
pub use gate::{AgeArgs, GateArgs, KeylessArgs, RuleArgs};
pub use hold::HoldArgs;
pub use images::ImageArgs;
pub use init::InitArgs;
pub use network::{NetworkArgs, RepositoryArgs};
pub use pages::{Shell, completions, man, version};
pub use parse::parse;
pub use preview::{CreateArgs, DeleteArgs, PreviewArgs, PreviewCommand};
pub use promote::{PromoteArgs, SourceImageArgs};
pub use proposal::ProposalArgs;
pub use reports::ReportArgs;
pub use rollback::{ReturnImageArgs, RollbackArgs};
pub use run::{CommitArgs, OutcomeArgs, PublishArgs, RunArgs, UpdateArgs};
pub use set::SetArgs;
pub use sources::Sources;
pub use status::StatusArgs;
pub use targets::{EnvironmentArgs, PlaceArgs, TargetArgs, WritingArgs};
pub use unknown::unknown_variables;

mod after;
mod check;
mod choices;
mod explain;
mod freeze;
mod gate;
mod hold;
mod images;
mod init;
mod network;
mod pages;
mod parse;
mod preview;
mod promote;
mod proposal;
mod reports;
mod rollback;
mod run;
mod set;
mod sources;
mod status;
mod targets;
mod twins;
mod unknown;

/// What was asked for.
#[derive(Args, Debug)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much to say.
    #[command(flatten)]
    pub log: LogArgs,
    /// Which of its values come from variables.
    #[arg(skip)]
    pub sources: Sources,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the image, write its tag, commit and push
    ///
    /// The image is looked up in its registry, its tag is written into the infra repositories, and the change is committed and
    /// pushed, or proposed as a merge request.
    Update(Box<UpdateArgs>),
    /// Check that the images are in their registry
    ///
    /// Each image is printed with its digest, one on a line. With --repo, the run also says whether the repository may be pushed
    /// to; nothing is written there.
    Check(Box<CheckArgs>),
    /// Write the tag into local files, in place
    ///
    /// No server is asked. Paths are relative to the working directory.
    Set(SetArgs),
    /// Print what every environment names now
    ///
    /// The infra repositories are read, and the registries are asked for the digests. Nothing is changed.
    Status(Box<StatusArgs>),
    /// Make or remove the environment of a branch
    ///
    /// A preview is a copy of a directory of the infra repository, in which other images are written.
    #[command(subcommand)]
    Preview(PreviewCommand),
    /// Write what one environment runs into another
    ///
    /// The images are checked, and their digests stay the same.
    Promote(Box<PromoteArgs>),
    /// Write what ran before
    ///
    /// The version that the places held before the present one is looked for in the history of the branch, checked and written.
    Rollback(Box<RollbackArgs>),
    /// Propose a config file for an infra repository
    Init(InitArgs),
    /// Check, show or describe the config file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a shell's completions
    Completions(CompletionsArgs),
    /// Print the manual page
    ///
    /// It has all commands and all flags: gitops-bump man | man -l -
    Man,
    /// Print the version, as --version does
    Version,
}

/// What can be done with the config file.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the config file, its variables and the flags
    Validate(Box<UpdateArgs>),
    /// Print the resolved settings, without secrets
    Show(Box<UpdateArgs>),
    /// Print the JSON Schema of the config file
    Schema,
}

/// The argument of `completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// Shell that completes
    #[arg(value_enum)]
    pub shell: Shell,
}

/// How much to say, and in which colours.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Print errors only
    #[arg(short, long, global = true, action = ArgAction::SetTrue, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more; given twice, print everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to use colours
    ///
    /// Default: auto, which means on a terminal and in the log of GitLab, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum)]
    pub color: Option<Color>,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Color {
    /// On a terminal and in the log of GitLab
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
        /// What is wrong with its value, one line.
        reason: String,
    },
}

#[cfg(test)]
mod tests;
