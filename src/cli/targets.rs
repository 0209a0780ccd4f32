//! The flags that say which places hold an image and how they are written; this module must not judge their values.

use clap::Args;

use crate::edit::Pin;

/// Which places hold an image.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Targets")]
pub struct PlaceArgs {
    /// Helm values, or YAML with an image; repeatable
    ///
    /// PATH names one place in the file, as in backend.image. Without PATH, all places in the file are meant that name the
    /// image. FILE ends at the first colon.
    #[arg(long, value_name = "FILE[:PATH]")]
    pub helm: Vec<String>,
    /// Kustomization; repeatable
    ///
    /// NAME is the `name:` of one entry below `images:`. Without NAME, all entries are meant that match the image.
    #[arg(long, value_name = "DIR_OR_FILE[:NAME]")]
    pub kustomize: Vec<String>,
    /// Plain Kubernetes manifests; repeatable
    ///
    /// A directory means the *.yaml and *.yml files in it; its subdirectories are not read.
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
    /// How they are written.
    #[command(flatten)]
    pub writing: WritingArgs,
    /// Write also where another repository is named
    ///
    /// The tag is written although the place names another repository than the image, such as a mirror or a pull-through cache.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub any_repository: Option<bool>,
}

/// How places are written.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Targets")]
pub struct WritingArgs {
    /// What to write
    ///
    /// Default: tag.
    #[arg(long, value_enum)]
    pub pin: Option<Pin>,
    /// Add a missing tag or `images:` entry
    ///
    /// A missing `tag` is added to Helm values, and a missing entry below `images:` to a kustomization.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub create: Option<bool>,
    /// Write also where the present tags differ
    ///
    /// Without it, the run refuses a file in which the places of one image hold different tags, unless each place is named.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub any_tag: Option<bool>,
}

/// What `<env>` stands for.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Targets")]
pub struct EnvironmentArgs {
    /// Name that replaces <env> in file paths
    ///
    /// Default: `$CI_ENVIRONMENT_NAME`.
    #[arg(long = "environment", value_name = "NAME")]
    pub name: Option<String>,
}
