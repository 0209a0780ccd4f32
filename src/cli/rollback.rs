//! The flags of `rollback`; this module must not judge their values.

use clap::Args;

use super::{AgeArgs, EnvironmentArgs, RuleArgs, RunArgs};

/// The flags of `rollback`.
#[derive(Args, Clone, Debug, Default)]
pub struct RollbackArgs {
    /// Which images.
    #[command(flatten)]
    pub images: ReturnImageArgs,
    /// How many versions to go back [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub steps: Option<u16>,
    /// Tag to go back to
    ///
    /// The tag may stand anywhere in the history that is read. It excludes --steps.
    #[arg(long, value_name = "TAG")]
    pub to: Option<String>,
    /// How many commits to read [default: 500]
    ///
    /// The versions that the places held before are looked for in so many commits of the branch at most.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub history: Option<u32>,
    /// What `<env>` stands for.
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// What the images must fulfil.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Accepted for the sake of variables that several jobs share; the version to go back to is older.
    #[command(flatten)]
    pub age: AgeArgs,
    /// Everything that other commands have, too.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Which of the images that the places name.
#[derive(Args, Clone, Debug, Default)]
pub struct ReturnImageArgs {
    /// Only this image; repeatable
    ///
    /// The form is [HOST[:PORT]/]PATH; a tag is ignored. An image that is given goes back by versions of its own. Without it,
    /// the images that the last change wrote go back together. Default: the images of the config file, or, if it has none, all
    /// that the places name.
    #[arg(long = "image", value_name = "REPOSITORY")]
    pub image: Vec<String>,
}
