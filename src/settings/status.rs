//! What `status` is to look at: flags, variables and config file merged; this module must not do I/O.

#![deny(clippy::disallowed_methods)]

use super::environments::{self, Scope};
use super::repositories::{Repositories, repositories};
use super::{
    Ci, ConfigText, Giver, Network, RepositorySettings, SettingsError, encryption, network, parse_to_look, reference,
    servers, source,
};
use crate::choices::Format;
use crate::cli::{PublishArgs, RunArgs, StatusArgs, TargetArgs};
use crate::environment::Environment;
use crate::image::Repository;
use crate::secret::{Audience, Credentials};

/// How many commits are read to find the last bumps.
const HISTORY: u16 = 20;

/// Everything that `status` needs to know.
#[derive(Debug)]
pub struct StatusSettings {
    /// The infra repositories.
    pub repositories: Vec<RepositorySettings>,
    /// The repositories of the config file's images by their names, as far as they are known without a build.
    pub names: Vec<(String, Option<Repository>)>,
    /// The registries that may see the credentials that are set for this very tool: never one that only the infra
    /// repository names.
    pub registry_servers: Audience,
    /// The images to show; none means all.
    pub images: Vec<Repository>,
    /// The environments to show; none means all that are there.
    pub environments: Vec<String>,
    /// The environments that the config file says there are; none where it says nothing of them.
    pub known_environments: Vec<String>,
    /// How many commits of a branch are read at most.
    pub history: usize,
    /// Whether no registry is asked.
    pub is_offline: bool,
    /// How to print it.
    pub format: Format,
    /// The file to write it to; none means stdout.
    pub output: Option<String>,
    /// How to reach servers.
    pub network: Network,
    /// What CI says about this run.
    pub ci: Ci,
}

/// Merges what `status` was given. It needs no image, so a variable that only a build sets may be missing in `images`.
pub fn status(
    args: &StatusArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<StatusSettings, SettingsError> {
    let mut config = parse_to_look(config, environment)?;
    let targets = TargetArgs { places: args.places.clone(), ..TargetArgs::default() };
    let places = RunArgs {
        publish: PublishArgs {
            repository: args.repository.clone(),
            branch: args.branch.clone(),
            ..PublishArgs::default()
        },
        targets,
        ..RunArgs::default()
    };
    // Nothing is pushed, so no mirror's token is needed.
    config.repositories.iter_mut().for_each(|entry| entry.mirror = None);
    let Repositories { of_run: repositories, servers, .. } = repositories(&places, &config, Scope::All, environment)?;
    if repositories.is_empty() {
        return Err(SettingsError::Usage("no repository is given: --repo, or repositories in the config file".into()));
    }
    let network = network::network(&args.network, servers.audience(), environment)?;
    encryption::repositories(&repositories, &network)?;
    let names = source::names(&config);
    let images =
        args.image.iter().map(|text| reference(&Giver::Flag("image").to_string(), text).map(|found| found.repository));
    let images: Vec<Repository> = images.collect::<Result<_, _>>()?;
    let known_environments = environments::known(&config)?;
    let asked = args
        .environment
        .iter()
        .map(|name| environments::one_of(&Giver::Flag("environment").to_string(), &known_environments, name));
    let in_config = names.iter().filter_map(|(_, repository)| repository.as_ref());
    Ok(StatusSettings {
        registry_servers: servers::registries(&images, in_config, environment)?,
        repositories,
        names,
        images,
        environments: asked.collect::<Result<_, _>>()?,
        known_environments,
        history: usize::from(args.history.unwrap_or(HISTORY)),
        is_offline: args.offline.unwrap_or_default(),
        format: args.format.unwrap_or_default(),
        output: args.output.clone(),
        network,
        ci: Ci::from_environment(environment),
    })
}

impl StatusSettings {
    /// The credentials that this run may use with Git servers.
    pub fn secrets(&self) -> impl Iterator<Item = Credentials> {
        self.repositories.iter().filter_map(|repository| Some(repository.credentials.as_ref()?.to_hide().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_file_for_builds_is_enough() {
        let text = "images: {api: 'r.io/api:${UNSET}', web: '${UNSET}/web:1'}\nrepositories:\n  - url: /srv/infra.git\n    \
                    helm: [{file: values-<env>.yaml, image: web}]\n";
        let config = ConfigText { file: "c.yml".into(), text: text.into() };
        let args = StatusArgs { image: vec!["r.io/api:9".into(), "nginx".into()], ..StatusArgs::default() };
        let settings = status(&args, Some(&config), &Environment::default()).unwrap();
        let names: Vec<_> = settings.names.iter().map(|(name, known)| (name.as_str(), known.as_ref())).collect();
        assert_eq!(names, [("api", Some(&Repository::parse("r.io/api").unwrap())), ("web", None)]);
        assert_eq!(settings.images.iter().map(Repository::as_str).collect::<Vec<_>>(), ["r.io/api", "nginx"]);
        assert_eq!((settings.history, settings.format), (20, Format::Table));
        let outside = StatusArgs { environment: vec!["../x".into()], ..args };
        assert!(status(&outside, Some(&config), &Environment::default()).is_err());
    }
}
