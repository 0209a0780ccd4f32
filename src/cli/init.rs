//! The flags of `init`; this module must not know a default of the job.

use clap::Args;

use super::{NetworkArgs, RepositoryArgs};

/// The flags of `init`.
#[derive(Args, Clone, Debug, Default)]
pub struct InitArgs {
    /// Image to look for: [HOST[:PORT]/]PATH, a tag does not matter (repeatable) [default: all that are found]
    #[arg(long = "image", value_name = "REF")]
    pub image: Vec<String>,
    /// Which repository.
    #[command(flatten)]
    pub repository: RepositoryArgs,
    /// Branch to read [default: the remote's default branch]
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// Write the proposal to this file, which must not be there yet [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<String>,
    /// How to reach the Git server.
    #[command(flatten)]
    pub network: NetworkArgs,
}
