//! What `init` is to look through, and for what; this module must not look.

#![deny(clippy::disallowed_methods)]

use super::{Giver, Network, SettingsError, branch, encryption, network, reference, repositories};
use crate::cli::InitArgs;
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
    /// The host of `$CI_REGISTRY`: one's own images are there.
    pub registry: Option<String>,
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
    let (url, named, servers) = repositories::alone(url, environment)?;
    let credentials = named.map(|(credentials, _)| credentials);
    let network = network::network(&args.network, servers.audience(), environment)?;
    if credentials.is_some() {
        encryption::repository(&url, &network)?;
    }
    let prefix = environment.get("IMAGE_REPOSITORY").map(|prefix| prefix.trim_end_matches('/'));
    Ok(InitSettings {
        url,
        credentials,
        branch: branch::given(Giver::Flag("branch"), args.branch.as_deref())?,
        images: images(&args.image)?,
        prefix: prefix.and_then(|prefix| Repository::parse(prefix).ok()),
        registry: environment.get("CI_REGISTRY").map(host).filter(|host| !host.is_empty()),
        output: args.output.clone().filter(|output| !output.is_empty()),
        network,
    })
}

/// The host of a registry's address.
fn host(address: &str) -> String {
    let bare = address.rsplit_once("://").map_or(address, |(_, bare)| bare);
    bare.split('/').next().unwrap_or_default().to_lowercase()
}

fn images(given: &[String]) -> Result<Vec<Repository>, SettingsError> {
    let mut images: Vec<Repository> = Vec::new();
    for text in given {
        let reference = reference(&Giver::Flag("image").to_string(), text)?;
        if !images.iter().any(|known| known.is_same_as(&reference.repository)) {
            images.push(reference.repository);
        }
    }
    Ok(images)
}
