//! The flags of `check`; this module must not judge their values.

use clap::Args;

use super::{GateArgs, ImageArgs, NetworkArgs, ReportArgs, RepositoryArgs};

/// The flags of `check`.
#[derive(Args, Clone, Debug, Default)]
pub struct CheckArgs {
    /// Which images.
    #[command(flatten)]
    pub images: ImageArgs,
    /// What the images must fulfil.
    #[command(flatten)]
    pub gate: GateArgs,
    /// The repository that is asked whether it may be pushed to.
    #[command(flatten)]
    pub repository: RepositoryArgs,
    /// Branch that would be pushed to
    ///
    /// It needs --repo. Default: the repository's default branch.
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// Config file to read
    ///
    /// /dev/null means no config file. Default: .gitops-bump.yml in the working directory, if it is there.
    #[arg(long, value_name = "FILE", help_heading = "Repository")]
    pub config: Option<String>,
    /// How to reach servers.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Where to report.
    #[command(flatten)]
    pub reports: ReportArgs,
}
