//! The flags of `rollback`; this module must not judge their values.

use clap::Args;

use super::{EnvironmentArgs, RuleArgs, RunArgs};

/// The flags of `rollback`.
#[derive(Args, Clone, Debug, Default)]
pub struct RollbackArgs {
    /// What `<env>` stands for.
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// Which images.
    #[command(flatten)]
    pub images: ReturnImageArgs,
    /// How many versions to go back [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub steps: Option<u16>,
    /// Go back to this tag, wherever it is in the history; not together with --steps
    #[arg(long, value_name = "TAG")]
    pub to: Option<String>,
    /// How many commits of the branch to look at, at most [default: 500]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub history: Option<u32>,
    /// What the images must fulfil.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Everything that other commands have, too.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Which of the images that the places name.
#[derive(Args, Clone, Debug, Default)]
pub struct ReturnImageArgs {
    /// Only this image, which goes back by versions of its own: [HOST[:PORT]/]PATH; a tag is ignored (repeatable) [default: the
    /// config file's images, else all that the places name; of these, those of the last change go back]
    #[arg(long = "image", value_name = "REPOSITORY")]
    pub image: Vec<String>,
}
