//! The flags of `preview`; this module must not know a default of the job.

use clap::{Args, Subcommand};

use super::{
    AfterArgs, AgeArgs, GateArgs, ImageArgs, MirrorArgs, PublishArgs, RunArgs, TargetArgs, UpdateArgs, WritingArgs,
};

/// What can be done with a preview.
#[derive(Debug, Subcommand)]
pub enum PreviewCommand {
    /// Copy a directory of the infra repository and write the images there
    ///
    /// If the copy is there already, it is brought up to date.
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
    /// Whether they may be older, which a preview does not compare.
    #[command(flatten)]
    pub age: AgeArgs,
    /// Directory of the infra repository to copy
    ///
    /// Default: `preview.template` of the config file.
    #[arg(long, value_name = "DIR", help_heading = "Preview")]
    pub template: Option<String>,
    /// How the copy is written.
    #[command(flatten)]
    pub writing: WritingArgs,
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
    pub mirror: MirrorArgs,
}

/// What `preview create` and `preview delete` have in common.
#[derive(Args, Clone, Debug, Default)]
pub struct PreviewArgs {
    /// Which repository, and how it is written to.
    #[command(flatten)]
    pub publish: PublishArgs,
    /// Directory of the copy, with <name> in it
    ///
    /// <name> stands for the name of the preview, as in previews/<name>. Default: `preview.to` of the config file.
    #[arg(long, value_name = "DIR", help_heading = "Preview")]
    pub to: Option<String>,
    /// Name of the preview
    ///
    /// It is a DNS label of up to 53 characters. Default: `$CI_COMMIT_REF_SLUG`; where that is longer, it is cut and ends in a hash.
    #[arg(long, value_name = "SLUG", help_heading = "Preview")]
    pub name: Option<String>,
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
                targets: TargetArgs { writing: args.writing.clone(), ..TargetArgs::default() },
                after: args.after.clone(),
                publish: args.run.publish.clone(),
                ..RunArgs::default()
            },
            Self::Delete(args) => RunArgs {
                publish: args.run.publish.clone(),
                after: AfterArgs { mirror: args.mirror.clone(), ..AfterArgs::default() },
                ..RunArgs::default()
            },
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
