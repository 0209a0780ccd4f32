//! The flags of `promote`; this module must not judge their values.

use clap::Args;

use super::{AgeArgs, RuleArgs, RunArgs};

/// The flags of `promote`.
#[derive(Args, Clone, Debug, Default)]
pub struct PromoteArgs {
    /// Environment whose versions are promoted
    #[arg(long, value_name = "ENV")]
    pub from: Option<String>,
    /// Environment that gets them
    #[arg(long, value_name = "ENV")]
    pub to: Option<String>,
    /// Promote only what Argo CD says is running
    ///
    /// If the environment of --from does not run what its places name, the run ends with exit code 9. It needs --argocd-server.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub require_live: Option<bool>,
    /// Which images.
    #[command(flatten)]
    pub images: SourceImageArgs,
    /// What the images must fulfil.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Whether they may be older.
    #[command(flatten)]
    pub age: AgeArgs,
    /// Everything that other commands have, too.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Which of the images that the places name.
#[derive(Args, Clone, Debug, Default)]
pub struct SourceImageArgs {
    /// Only this image; repeatable
    ///
    /// The form is [HOST[:PORT]/]PATH; a tag is ignored. Default: the images of the config file, or, if it has none, all that the
    /// places name.
    #[arg(long = "image", value_name = "REPOSITORY")]
    pub image: Vec<String>,
}
