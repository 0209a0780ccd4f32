//! The flags of `set`; this module must not judge their values.

use clap::Args;

use super::{EnvironmentArgs, ImageArgs, OutcomeArgs, TargetArgs};

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
    /// Whether anything is written, and what no change means.
    #[command(flatten)]
    pub outcome: OutcomeArgs,
}
