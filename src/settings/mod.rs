//! What a run is to do: flags, variables and config file merged. The only place with defaults; it must not do I/O.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use crate::cli::{CheckArgs, ReportArgs, SetArgs, TargetArgs, UpdateArgs};
use crate::config::{Config, PinConfig};
use crate::edit::{Kind, Pin, Rules};
use crate::environment::Environment;
use crate::git::GitUrl;
use crate::secret::{Audience, Bound, Credentials};

pub use after::{ArgocdSettings, MirrorSettings, MirrorWhen};
pub use ci::Ci;
pub use commit::{CommitSettings, SignOff};
pub use credentials::registry;
pub use error::SettingsError;
pub use gate::GateSettings;
pub use hidden::{redactor, secrets_in_config};
pub use images::NamedImage;
pub use init::{InitSettings, init};
pub use network::{CaSource, Network};
pub use proposal::{Delivery, Flag, ProposalSettings, SkipCi};
pub use ssh::SshSettings;
pub use status::{StatusSettings, status};

mod after;
mod branch;
mod ci;
mod commit;
mod credentials;
mod encryption;
mod error;
mod gate;
mod hidden;
mod hosts;
mod images;
mod init;
mod network;
mod proposal;
mod repositories;
mod servers;
mod ssh;
mod status;
#[cfg(test)]
mod tests;
mod token;

use images::{images, reference, registry_servers, require_images};
use repositories::{flag_targets, repositories};

const PUSH_TIMEOUT: Duration = Duration::from_mins(2);

/// Everything that `update` needs to know.
#[derive(Debug)]
pub struct Settings {
    /// The images to write, in the order they were given.
    pub images: Vec<NamedImage>,
    /// The registries that may see the credentials that are set for this very tool.
    pub registry_servers: Audience,
    /// What the images must fulfil.
    pub gate: GateSettings,
    /// The infra repositories.
    pub repositories: Vec<RepositorySettings>,
    /// How places are written.
    pub rules: Rules,
    /// What `<env>` stands for.
    pub environment: Option<String>,
    /// How to reach servers.
    pub network: Network,
    /// Publish or only show.
    pub mode: Mode,
    /// Whether an unchanged run is told by its exit code.
    pub fail_on_unchanged: bool,
    /// The commit.
    pub commit: CommitSettings,
    /// What a merge request says, where one is opened.
    pub proposal: ProposalSettings,
    /// Whether the push starts a pipeline.
    pub skip_ci: SkipCi,
    /// The controller that is waited for.
    pub argocd: Option<ArgocdSettings>,
    /// How long a push that lost a race is tried again.
    pub push_timeout: Duration,
    /// Where to report.
    pub reports: ReportArgs,
    /// What CI says about this run.
    pub ci: Ci,
}

/// Everything that `check` needs to know.
#[derive(Debug)]
pub struct CheckSettings {
    /// The images to check.
    pub images: Vec<NamedImage>,
    /// The registries that may see the credentials that are set for this very tool.
    pub registry_servers: Audience,
    /// What they must fulfil.
    pub gate: GateSettings,
    /// How to reach servers.
    pub network: Network,
    /// Where to report.
    pub reports: ReportArgs,
}

/// Everything that `set` needs to know.
#[derive(Clone, Debug)]
pub struct SetSettings {
    /// The images to write.
    pub images: Vec<NamedImage>,
    /// The places, on the local disk.
    pub targets: Vec<TargetSettings>,
    /// How places are written.
    pub rules: Rules,
    /// What `<env>` stands for.
    pub environment: Option<String>,
    /// Write or only show.
    pub mode: Mode,
    /// Whether an unchanged run is told by its exit code.
    pub fail_on_unchanged: bool,
}

/// One infra repository.
#[derive(Clone, Debug)]
pub struct RepositorySettings {
    /// Where it is, without credentials.
    pub url: GitUrl,
    /// Who pushes.
    pub credentials: Option<Bound<Credentials>>,
    /// The branch; none means the remote's default branch.
    pub branch: Option<String>,
    /// How the commit gets there.
    pub delivery: Delivery,
    /// What copies it to where the controller reads it.
    pub mirror: Option<MirrorSettings>,
    /// The places.
    pub targets: Vec<TargetSettings>,
}

/// One place to write to, as it was asked for.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// File or directory; may hold `<env>`.
    pub file: String,
    /// What kind of place.
    pub kind: Kind,
    /// The image's name; none means every image.
    pub image: Option<String>,
}

/// Whether anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Commit and push, or write the file.
    Publish,
    /// Show what would be.
    DryRun,
}

/// A config file's text, and where it was read.
#[derive(Debug)]
pub struct ConfigText {
    /// The file's name.
    pub file: String,
    /// What it holds.
    pub text: String,
}

/// Merges what `update` was given, and requires that it is enough for a run.
pub fn update(
    args: &UpdateArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<Settings, SettingsError> {
    let settings = merge(args, config, environment)?;
    require_images(&settings.images)?;
    if settings.repositories.is_empty() {
        return Err(SettingsError::Usage("no repository is given: --repo, or repositories in the config file".into()));
    }
    Ok(settings)
}

/// Merges the same without requiring images or repositories: a config file may leave them to the flags.
pub fn merge(
    args: &UpdateArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<Settings, SettingsError> {
    let config = parse_config(config, environment)?;
    let images = images(&args.images, &config)?;
    let (repositories, servers) = repositories(args, &config, environment)?;
    let network = network::network(&args.network, servers.audience(), environment)?;
    let proposal = proposal::proposal(&args.proposal, (&repositories, &servers), environment)?;
    let argocd = after::argocd(&args.after, environment)?;
    let ci = Ci::from_environment(environment);
    encryption::repositories(&repositories, &network)?;
    encryption::forge((&repositories, &proposal), &ci, &network)?;
    encryption::argocd(argocd.as_ref(), &network)?;
    Ok(Settings {
        registry_servers: registry_servers(&args.images, &config, environment)?,
        gate: gate::gate(&args.gate, &config)?,
        rules: rules(&args.targets, &config),
        environment: environment_name(&args.targets, &config, environment)?,
        mode: mode(args.dry_run),
        fail_on_unchanged: args.fail_on_unchanged.unwrap_or(false),
        commit: commit::commit(args, &config, environment)?,
        skip_ci: proposal::skip_ci(args, &config)?,
        push_timeout: args.push_timeout.unwrap_or(PUSH_TIMEOUT),
        reports: args.reports.clone(),
        ci,
        images,
        repositories,
        network,
        proposal,
        argocd,
    })
}

/// Merges what `check` was given.
pub fn check(
    args: &CheckArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<CheckSettings, SettingsError> {
    let config = parse_config(config, environment)?;
    let images = images(&args.images, &config)?;
    require_images(&images)?;
    Ok(CheckSettings {
        images,
        gate: gate::gate(&args.gate, &config)?,
        registry_servers: registry_servers(&args.images, &config, environment)?,
        network: network::network(&args.network, &Audience::default(), environment)?,
        reports: args.reports.clone(),
    })
}

/// Merges what `set` was given; it reads no config file.
pub fn set(args: &SetArgs, environment: &Environment) -> Result<SetSettings, SettingsError> {
    let config = Config::default();
    let targets = flag_targets(&args.targets)?;
    if targets.is_empty() {
        return Err(SettingsError::Usage("no target is given: --helm, --kustomize or --manifest".into()));
    }
    let images = images(&args.images, &config)?;
    require_images(&images)?;
    Ok(SetSettings {
        images,
        targets,
        rules: rules(&args.targets, &config),
        environment: environment_name(&args.targets, &config, environment)?,
        mode: mode(args.dry_run),
        fail_on_unchanged: args.fail_on_unchanged.unwrap_or(false),
    })
}

impl Settings {
    /// The credentials that this run may use with Git servers.
    pub fn secrets(&self) -> impl Iterator<Item = Credentials> {
        self.repositories.iter().filter_map(|repository| Some(repository.credentials.as_ref()?.to_hide().clone()))
    }
}

fn parse_config(config: Option<&ConfigText>, environment: &Environment) -> Result<Config, SettingsError> {
    let Some(ConfigText { file, text }) = config else {
        return Ok(Config::default());
    };
    Config::parse(text, environment).map_err(|source| SettingsError::Config { file: file.clone(), source })
}

fn rules(args: &TargetArgs, config: &Config) -> Rules {
    let from_config = config.pin.map(|pin| match pin {
        PinConfig::Tag => Pin::Tag,
        PinConfig::Digest => Pin::Digest,
    });
    Rules {
        pin: args.pin.map(Pin::from).or(from_config).unwrap_or(Pin::Tag),
        create: args.create.or(config.create).unwrap_or(false),
        any_repository: args.any_repository.or(config.any_repository).unwrap_or(false),
    }
}

fn environment_name(
    args: &TargetArgs,
    config: &Config,
    environment: &Environment,
) -> Result<Option<String>, SettingsError> {
    let name = args.environment.as_deref().or(config.environment.as_deref()).filter(|name| !name.is_empty());
    let Some(name) = name.or_else(|| environment.get("CI_ENVIRONMENT_NAME")) else {
        return Ok(None);
    };
    safe_environment(name).map(Some)
}

fn safe_environment(name: &str) -> Result<String, SettingsError> {
    if name.starts_with('/') || name.contains("..") || name.contains(char::is_control) {
        let reason = format!("{name:?} could lead out of the repository");
        return Err(SettingsError::Value { what: "environment".into(), reason });
    }
    Ok(name.to_owned())
}

fn mode(dry_run: Option<bool>) -> Mode {
    if dry_run.unwrap_or(false) { Mode::DryRun } else { Mode::Publish }
}
