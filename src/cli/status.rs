//! The flags of `status`; this module must not judge their values.

use clap::Args;

use super::{NetworkArgs, PlaceArgs, RepositoryArgs};
use crate::choices::Format;

/// The flags of `status`.
#[derive(Args, Clone, Debug, Default)]
pub struct StatusArgs {
    /// Show only this image: [HOST[:PORT]/]PATH, a tag is ignored (repeatable) [default: every image of the files]
    #[arg(long = "image", value_name = "REF")]
    pub image: Vec<String>,
    /// Config file [default: .gitops-bump.yml when present]
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// How many commits of the branch to read, at most 500, to find each place's last bump; 0 reads none [default: 20]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(0..=500))]
    pub history: Option<u16>,
    /// Ask no registry, only the Git servers: what is said of the registries is `unasked`
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub offline: Option<bool>,
    /// How to print it [default: table]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Write it to this file, as a whole or not at all; a file that is there is replaced [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<String>,
    /// Which repository.
    #[command(flatten)]
    pub repository: RepositoryArgs,
    /// Branch to look at [default: the remote's default branch]
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// Which places.
    #[command(flatten)]
    pub places: PlaceArgs,
    /// What <env> stands for in the file paths (repeatable) [default: the environments: of the config file, else every name that is an environment's by custom]
    #[arg(long, value_name = "NAME", help_heading = "Targets")]
    pub environment: Vec<String>,
    /// How to reach servers.
    #[command(flatten)]
    pub network: NetworkArgs,
}
