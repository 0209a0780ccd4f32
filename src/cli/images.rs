//! The images that a build made; this module must not judge their values.

use clap::Args;

/// Which images to write or check.
#[derive(Args, Clone, Debug, Default)]
pub struct ImageArgs {
    /// Image that was pushed; repeatable
    ///
    /// The form is [HOST[:PORT]/]PATH:TAG[@sha256:…]. A tag is required: there is no silent `latest`. Default: the images of the
    /// config file.
    #[arg(long = "image", value_name = "REF")]
    pub image: Vec<String>,
}
