//! What a run is to do: flags, variables and config file merged. The only place with defaults; it must not do I/O.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use crate::cli::SetArgs;
use crate::config::{Config, ConfigError, PreviewConfig};
use crate::edit::{Kind, Rules};
use crate::environment::Environment;
use crate::git::GitUrl;
use crate::secret::{Audience, Bound, Credentials};

pub use crate::choices::{Format, MirrorWhen};
pub use after::{ArgocdSettings, MirrorSettings};
pub use check::{CheckSettings, CheckedRepository, check};
pub use ci::Ci;
pub use commit::{CommitSettings, SignOff};
pub use credentials::registry;
pub use deployment::DeploymentSettings;
pub use error::SettingsError;
pub use freeze::FreezeSettings;
pub use gate::GateSettings;
pub use giver::{Given, Giver};
pub use hidden::{redactor, secrets_in_config};
pub use hold::HoldWish;
pub use images::NamedImage;
pub use init::{InitSettings, init};
pub use keyless::KeylessSettings;
pub use network::{CaSource, Network};
pub use preview::{PreviewSettings, PreviewWish, preview};
pub use promote::{Live, PromoteSettings, promote};
pub use proposal::{Delivery, Flag, ProposalSettings, SkipCi};
pub use replacement::Replacement;
pub use rollback::{RollbackSettings, rollback};
pub use run::{merge, update};
pub use source::{Chosen, SourceImages, SourceSettings};
pub use ssh::SshSettings;
pub use status::{StatusSettings, status};
pub use statuses::StatusWait;

mod after;
mod branch;
mod check;
mod ci;
mod commit;
mod credentials;
mod deployment;
mod encryption;
mod environments;
mod error;
mod freeze;
mod gate;
mod giver;
mod hidden;
mod hold;
mod hosts;
mod images;
mod init;
mod keyless;
mod network;
mod preview;
mod promote;
mod proposal;
mod replacement;
mod repositories;
mod rollback;
mod run;
mod servers;
mod source;
mod ssh;
mod status;
mod statuses;
mod targets;
#[cfg(test)]
mod tests;
mod token;

use images::{images, reference, require_images};

/// The commands that write versions into infra repositories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Writes images that were built.
    Update,
    /// Writes what another environment runs.
    Promote,
    /// Writes what ran before.
    Rollback,
    /// Copies a directory, or removes such a copy.
    Preview,
}

/// Which of the places of an image are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// Those that name another version.
    OfOtherVersions,
    /// Those whose version has another digest in the registry.
    OfChangedDigests,
}

/// Everything that a command needs to know which writes versions into infra repositories.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which command this is.
    pub task: Task,
    /// The images to write, in the order they were given; none as long as a run has to find them.
    pub images: Vec<NamedImage>,
    /// The registries that may see the credentials that are set for this very tool.
    pub registry_servers: Audience,
    /// What the images must fulfil.
    pub gate: GateSettings,
    /// The infra repositories that have targets for this run.
    pub repositories: Vec<RepositorySettings>,
    /// What the config file says of previews.
    pub previews: PreviewConfig,
    /// The copy that is made or removed, in the one repository.
    pub preview: Option<PreviewSettings>,
    /// The targets that belong to other environments.
    pub passed_over: Vec<PassedOver>,
    /// How places are written where their target says nothing of its own.
    pub rules: Rules,
    /// Which places are written.
    pub places: Places,
    /// What `<env>` stands for.
    pub environment: Option<String>,
    /// The environments that the config file says there are; none where it says nothing of them.
    pub known_environments: Vec<String>,
    /// How to reach servers.
    pub network: Network,
    /// Publish or only show.
    pub mode: Mode,
    /// Whether an unchanged run is told by its exit code.
    pub fail_on_unchanged: bool,
    /// When nothing is changed.
    pub freeze: FreezeSettings,
    /// The commit.
    pub commit: CommitSettings,
    /// What a merge request says, where one is opened.
    pub proposal: ProposalSettings,
    /// Whether the push starts a pipeline.
    pub skip_ci: SkipCi,
    /// The controller that is waited for.
    pub argocd: Option<ArgocdSettings>,
    /// The commit statuses that are waited for.
    pub statuses: Option<StatusWait>,
    /// The deployment that is recorded.
    pub deployment: Option<DeploymentSettings>,
    /// What becomes of the holds of the run's places.
    pub hold: HoldWish,
    /// How long a push that lost a race is tried again, and a Git server whose failure may pass.
    pub push_timeout: Duration,
    /// Whether a report shows where commits and merge requests are on the web.
    pub reports_links: bool,
    /// What CI says about this run.
    pub ci: Ci,
}

/// Everything that `set` needs to know.
#[derive(Clone, Debug)]
pub struct SetSettings {
    /// The images to write.
    pub images: Vec<NamedImage>,
    /// The places, on the local disk.
    pub targets: Vec<TargetSettings>,
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
    /// What these credentials are called: the variable that holds them, or where they stand.
    pub credentials_name: Option<String>,
    /// The variable of the token that the config file names for it.
    pub token_variable: Option<String>,
    /// The branch; none means the remote's default branch.
    pub branch: Option<String>,
    /// The environments that the config file gives it; none means all.
    pub environments: Vec<String>,
    /// How the commit gets there.
    pub delivery: Delivery,
    /// What copies it to where the controller reads it.
    pub mirror: Option<MirrorSettings>,
    /// The copy that the controller reads instead.
    pub copy: Option<GitUrl>,
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
    /// How it is written.
    pub rules: Rules,
    /// The environments that it belongs to; none means all.
    pub environments: Vec<String>,
}

/// A target of the config file that belongs to other environments than the run's.
#[derive(Clone, Debug)]
pub struct PassedOver {
    /// Its file or directory.
    pub file: String,
    /// The image's name; none means every image.
    pub image: Option<String>,
    /// The environments that it belongs to.
    pub environments: Vec<String>,
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

/// Merges what `set` was given; it reads no config file.
pub fn set(args: &SetArgs, environment: &Environment) -> Result<SetSettings, SettingsError> {
    let config = Config::default();
    let targets = targets::of_flags(&args.targets, &config)?;
    if targets.is_empty() {
        return Err(SettingsError::Usage("no target is given: --helm, --kustomize or --manifest".into()));
    }
    let images = images(&args.images, &config)?;
    require_images(&images)?;
    Ok(SetSettings {
        images,
        targets,
        environment: environments::name(&args.environment, &config, environment)?,
        mode: mode(args.outcome.dry_run),
        fail_on_unchanged: args.outcome.fail_on_unchanged.unwrap_or(false),
    })
}

impl Settings {
    /// The images, as indexes, that targets of other environments name: no target of this run has to hold them.
    pub fn images_of_others(&self) -> impl Iterator<Item = usize> {
        let names = || self.passed_over.iter().filter_map(|target| target.image.as_deref());
        let is_theirs = move |image: &NamedImage| names().any(|name| image.is_called(name));
        self.images.iter().enumerate().filter(move |(_, image)| is_theirs(image)).map(|(index, _)| index)
    }

    /// What was passed over, a sentence each.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.passed_over.iter().map(|PassedOver { file, environments, .. }| {
            format!("skipped: {file}: it belongs to {}", environments.join(", "))
        })
    }

    /// The credentials that this run may use with Git servers.
    pub fn secrets(&self) -> impl Iterator<Item = Credentials> {
        self.repositories.iter().filter_map(|repository| Some(repository.credentials.as_ref()?.to_hide().clone()))
    }
}

fn parse_config(
    config: Option<&ConfigText>,
    parse: impl Fn(&str) -> Result<Config, ConfigError>,
) -> Result<Config, SettingsError> {
    let Some(ConfigText { file, text }) = config else {
        return Ok(Config::default());
    };
    parse(text).map_err(|source| SettingsError::Config { file: file.clone(), source })
}

/// The same for somebody who needs no image: a variable that only a build sets may be missing in `images`.
fn parse_to_look(config: Option<&ConfigText>, environment: &Environment) -> Result<Config, SettingsError> {
    let Some(ConfigText { file, text }) = config else {
        return Ok(Config::default());
    };
    Config::parse_to_look(text, environment).map_err(|source| SettingsError::Config { file: file.clone(), source })
}

fn mode(dry_run: Option<bool>) -> Mode {
    if dry_run.unwrap_or(false) { Mode::DryRun } else { Mode::Publish }
}
