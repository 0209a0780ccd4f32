//! The flags of `init`; this module must not know a default of the job.

use clap::Args;

use super::{NetworkArgs, RepositoryArgs};

/// The flags of `init`.
#[derive(Args, Clone, Debug, Default)]
pub struct InitArgs {
    /// Image to look for; repeatable
    ///
    /// The form is [HOST[:PORT]/]PATH; a tag is ignored. Default: all images that are found.
    #[arg(long = "image", value_name = "REF")]
    pub image: Vec<String>,
    /// Which repository.
    #[command(flatten)]
    pub repository: RepositoryArgs,
    /// Branch to read
    ///
    /// Default: the repository's default branch.
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// File to write the proposal to
    ///
    /// If the file is there already, the run ends with an error. Default: stdout.
    #[arg(long, value_name = "FILE")]
    pub output: Option<String>,
    /// How to reach the Git server.
    #[command(flatten)]
    pub network: NetworkArgs,
}
