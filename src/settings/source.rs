//! Where the versions stand that a run writes, when no build gives them: an environment, and which of its images are meant; this
//! module must not read them.

#![deny(clippy::disallowed_methods)]

use super::{Giver, RepositorySettings, SettingsError, reference, servers};
use crate::cli::SourceImageArgs;
use crate::config::Config;
use crate::environment::Environment;
use crate::image::{Reference, Repository};
use crate::secret::Audience;

/// An environment whose places say which versions are meant.
#[derive(Debug)]
pub struct SourceSettings {
    /// The infra repositories that have targets for it.
    pub repositories: Vec<RepositorySettings>,
    /// What `<env>` stands for there.
    pub environment: Option<String>,
    /// Which of the images that the places name.
    pub images: SourceImages,
}

/// Which of the images that places name a run is about.
#[derive(Clone, Debug)]
pub struct SourceImages {
    /// Those that are asked for.
    pub chosen: Chosen,
    /// The repositories of the config file's images by their names, as far as they are known without a build.
    pub names: Vec<(String, Option<Repository>)>,
}

/// What chooses among the images that places name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Flags name them.
    Given(Vec<Repository>),
    /// The config file does, for all its runs.
    Listed,
    /// Nothing: all are meant.
    All,
}

impl SourceImages {
    /// Those of the flags, else the config file's.
    pub(super) fn new(args: &SourceImageArgs, config: &Config) -> Result<Self, SettingsError> {
        let given = args
            .image
            .iter()
            .map(|text| reference(&Giver::Flag("image").to_string(), text).map(|found| found.repository));
        let given: Vec<Repository> = given.collect::<Result<_, _>>()?;
        let chosen = match given.as_slice() {
            [] if config.images.0.is_empty() => Chosen::All,
            [] => Chosen::Listed,
            _ => Chosen::Given(given),
        };
        Ok(Self { chosen, names: names(config) })
    }

    /// The registries that may see the credentials that are set for this very tool: never one that only the infra repository
    /// names.
    pub(super) fn registry_servers(&self, environment: &Environment) -> Result<Audience, SettingsError> {
        let given: &[Repository] = if let Chosen::Given(given) = &self.chosen { given } else { &[] };
        let in_config = self.names.iter().filter_map(|(_, repository)| repository.as_ref());
        servers::registries(given, in_config, environment)
    }
}

/// The repositories of the config file's images, whose tags may hold variables that aren't set.
pub(super) fn names(config: &Config) -> Vec<(String, Option<Repository>)> {
    config.images.0.iter().map(|(name, text)| (name.clone(), repository(text))).collect()
}

fn repository(text: &str) -> Option<Repository> {
    let whole = Reference::parse(text).ok().map(|reference| reference.repository);
    whole.or_else(|| Repository::parse(text.split_once(":${")?.0).ok())
}
