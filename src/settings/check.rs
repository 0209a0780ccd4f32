//! What `check` is to look at: flags, variables and config file merged; this module must not look.

#![deny(clippy::disallowed_methods)]

use super::images::{images, registry_servers, require_images};
use super::{
    ConfigText, GateSettings, Giver, NamedImage, Network, SettingsError, branch, encryption, gate, network,
    parse_config, repositories,
};
use crate::cli::CheckArgs;
use crate::config::Config;
use crate::environment::Environment;
use crate::git::GitUrl;
use crate::secret::{Audience, Bound, Credentials};

/// Everything that `check` needs to know.
#[derive(Debug)]
pub struct CheckSettings {
    /// The images to check.
    pub images: Vec<NamedImage>,
    /// The registries that may see the credentials that are set for this very tool.
    pub registry_servers: Audience,
    /// What they must fulfil.
    pub gate: GateSettings,
    /// The repository that is asked whether it may be pushed to.
    pub repository: Option<CheckedRepository>,
    /// How to reach servers.
    pub network: Network,
}

/// A repository that is asked whether it may be pushed to.
#[derive(Clone, Debug)]
pub struct CheckedRepository {
    /// Where it is, without credentials.
    pub url: GitUrl,
    /// Who would push.
    pub credentials: Option<Bound<Credentials>>,
    /// What these credentials, or ssh's key, are called; none when there are none.
    pub who: Option<String>,
    /// The branch; none means the remote's default branch.
    pub branch: Option<String>,
}

/// Merges what `check` was given. A repository is asked only if a flag or a variable gives it; then no image is needed.
pub fn check(
    args: &CheckArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<CheckSettings, SettingsError> {
    let config = parse_config(config, |text| Config::parse(text, environment))?;
    let images = images(&args.images, &config)?;
    let Some(url) = &args.repository.url else {
        require_images(&images)?;
        if args.branch.is_some() {
            return Err(SettingsError::Usage("no repository is given: --branch needs --repo".into()));
        }
        let network = network::network(&args.network, &Audience::default(), environment)?;
        return settings(args, (images, None, network), &config, environment);
    };
    let (url, named, servers) = repositories::alone(url, environment)?;
    let network = network::network(&args.network, servers.audience(), environment)?;
    if named.is_some() {
        encryption::repository(&url, &network)?;
    }
    let (credentials, name) = named.unzip();
    let of_ssh = || {
        let is_for = |key: &Bound<_>| url.server().is_some_and(|(host, port)| key.for_server(host, port).is_some());
        let is_own = network.ssh.key.as_ref().is_some_and(is_for);
        if is_own { "GITOPS_BUMP_SSH_KEY" } else { "the keys of ssh's own configuration" }.to_owned()
    };
    let who = match () {
        () if url.is_local() => None,
        () if url.is_ssh() => Some(of_ssh()),
        () => name.zip(credentials.as_ref()).map(with_user),
    };
    let branch = branch::given(Giver::Flag("branch"), args.branch.as_deref())?;
    let repository = CheckedRepository { url, credentials, who, branch };
    settings(args, (images, Some(repository), network), &config, environment)
}

fn settings(
    args: &CheckArgs,
    (images, repository, network): (Vec<NamedImage>, Option<CheckedRepository>, Network),
    config: &crate::config::Config,
    environment: &Environment,
) -> Result<CheckSettings, SettingsError> {
    Ok(CheckSettings {
        images,
        gate: gate::gate(&args.gate, config)?,
        registry_servers: registry_servers(&args.images, config, environment)?,
        repository,
        network,
    })
}

fn with_user((name, credentials): (String, &Bound<Credentials>)) -> String {
    format!("{name} (user {})", credentials.to_hide().username)
}

impl CheckSettings {
    /// The credentials that this run may use with the Git server.
    pub fn secrets(&self) -> impl Iterator<Item = Credentials> {
        let credentials = self.repository.iter().filter_map(|repository| repository.credentials.as_ref());
        credentials.map(|credentials| credentials.to_hide().clone())
    }
}
