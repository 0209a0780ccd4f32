//! The flags of `status`; this module must not judge their values.

use clap::Args;

use super::{NetworkArgs, PlaceArgs, RepositoryArgs};
use crate::choices::Format;

/// The flags of `status`.
#[derive(Args, Clone, Debug, Default)]
pub struct StatusArgs {
    /// Show only this image; repeatable
    ///
    /// The form is [HOST[:PORT]/]PATH; a tag is ignored. Default: every image that the files name.
    #[arg(long = "image", value_name = "REF")]
    pub image: Vec<String>,
    /// Config file to read
    ///
    /// Default: .gitops-bump.yml in the working directory, if it is there and --repo is not given.
    #[arg(long, value_name = "FILE", help_heading = "Repository")]
    pub config: Option<String>,
    /// How many commits to read [default: 20]
    ///
    /// The last change of each place is looked for in so many commits of the branch, 500 at most. 0 reads none.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(0..=500))]
    pub history: Option<u16>,
    /// Ask no registry
    ///
    /// Only the Git servers are asked. What a registry would say is shown as `unasked`.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub offline: Option<bool>,
    /// Form of the output
    ///
    /// Default: table.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// File to write to [default: stdout]
    ///
    /// The file is written as a whole or not at all. A file that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub output: Option<String>,
    /// Which repository.
    #[command(flatten)]
    pub repository: RepositoryArgs,
    /// Branch to read
    ///
    /// Default: the repository's default branch.
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// Which places.
    #[command(flatten)]
    pub places: PlaceArgs,
    /// Only this environment; repeatable
    ///
    /// It replaces <env> in the file paths. Default: the `environments` of the config file, or, if it has none, every name in the
    /// paths that is that of an environment by custom.
    #[arg(long, value_name = "NAME", help_heading = "Targets")]
    pub environment: Vec<String>,
    /// How to reach servers.
    #[command(flatten)]
    pub network: NetworkArgs,
}
