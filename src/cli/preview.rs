//! The flags of `preview`; this module must not know a default of the job.

use clap::{Args, Subcommand};

use super::{AfterArgs, GateArgs, ImageArgs, MirrorArgs, PublishArgs, RunArgs, TargetArgs, UpdateArgs};
use crate::edit::Pin;

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
    pub pin: Option<Pin>,
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
    pub mirror: MirrorArgs,
}

/// What `preview create` and `preview delete` have in common.
#[derive(Args, Clone, Debug, Default)]
pub struct PreviewArgs {
    /// Which repository, and how it is written to.
    #[command(flatten)]
    pub publish: PublishArgs,
    /// Directory of the copy; `<name>` in it is the preview's name, as in previews/<name>
    #[arg(long, value_name = "DIR", help_heading = "Preview")]
    pub to: Option<String>,
    /// The preview's name, a DNS label of up to 53 characters [default: `$CI_COMMIT_REF_SLUG`, cut with a hash where it is longer]
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
                targets: TargetArgs {
                    pin: args.pin,
                    create: args.create,
                    any_tag: args.any_tag,
                    ..TargetArgs::default()
                },
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
