//! The flags that say which places hold an image and how they are written; this module must not judge their values.

use clap::Args;

use crate::edit::Pin;

/// Which places hold an image.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Targets")]
pub struct PlaceArgs {
    /// Helm values, or any YAML file with an image in it; PATH names one place, as in backend.image (repeatable)
    #[arg(long, value_name = "FILE[:PATH]")]
    pub helm: Vec<String>,
    /// Kustomization; NAME is the `name:` of one entry (repeatable)
    #[arg(long, value_name = "DIR_OR_FILE[:NAME]")]
    pub kustomize: Vec<String>,
    /// Plain Kubernetes manifests; a directory means its *.yaml and *.yml (repeatable)
    #[arg(long, value_name = "FILE_OR_DIR")]
    pub manifest: Vec<String>,
}

/// Which places hold an image, and how they are written.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Targets")]
pub struct TargetArgs {
    /// Which places.
    #[command(flatten)]
    pub places: PlaceArgs,
    /// Write the tag, or tag and digest [default: tag]
    #[arg(long, value_enum)]
    pub pin: Option<Pin>,
    /// Add a missing `images:` entry (Kustomize) or a missing `tag` (Helm)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub create: Option<bool>,
    /// Write the tag although the place names another repository (a mirror, a pull-through cache)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub any_repository: Option<bool>,
    /// By matching, write the tag although the places of one image hold different tags now
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub any_tag: Option<bool>,
}

/// What `<env>` stands for.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Targets")]
pub struct EnvironmentArgs {
    /// Replaces <env> in every file path [default: `$CI_ENVIRONMENT_NAME`]
    #[arg(long = "environment", value_name = "NAME")]
    pub name: Option<String>,
}
