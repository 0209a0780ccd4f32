//! What `init` is to look through, and for what; this module must not look.

#![deny(clippy::disallowed_methods)]

use super::{Network, SettingsError, network, reference, repositories};
use crate::cli::{InitArgs, NetworkArgs};
use crate::environment::Environment;
use crate::git::GitUrl;
use crate::image::Repository;
use crate::secret::{Bound, Credentials};

/// Everything that `init` needs to know.
#[derive(Debug)]
pub struct InitSettings {
    /// The infra repository, without credentials.
    pub url: GitUrl,
    /// Who reads it.
    pub credentials: Option<Bound<Credentials>>,
    /// The branch; none means the remote's default branch.
    pub branch: Option<String>,
    /// The images to look for; none means all.
    pub images: Vec<Repository>,
    /// `$IMAGE_REPOSITORY`: images below it are proposed by that variable.
    pub prefix: Option<Repository>,
    /// The file to write; none means stdout.
    pub output: Option<String>,
    /// How to reach the Git server.
    pub network: Network,
}

/// Merges what `init` was given; it reads no config file.
pub fn init(args: &InitArgs, environment: &Environment) -> Result<InitSettings, SettingsError> {
    let Some(url) = &args.repository.url else {
        return Err(SettingsError::Usage("no repository is given: --repo URL".into()));
    };
    let (url, credentials) = repositories::alone(url, environment)?;
    let network_args = NetworkArgs { ca_file: args.ca_file.clone(), ..NetworkArgs::default() };
    let prefix = environment.get("IMAGE_REPOSITORY").map(|prefix| prefix.trim_end_matches('/'));
    Ok(InitSettings {
        url,
        credentials,
        branch: args.branch.clone().filter(|branch| !branch.is_empty()),
        images: images(&args.image)?,
        prefix: prefix.and_then(|prefix| Repository::parse(prefix).ok()),
        output: args.output.clone().filter(|output| !output.is_empty()),
        network: network::network(&network_args, environment)?,
    })
}

fn images(given: &[String]) -> Result<Vec<Repository>, SettingsError> {
    let mut images: Vec<Repository> = Vec::new();
    for text in given {
        let reference = reference(text)?;
        if !images.iter().any(|known| known.is_same_as(&reference.repository)) {
            images.push(reference.repository);
        }
    }
    Ok(images)
}
