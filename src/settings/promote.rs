//! What `promote` is to do: flags, variables and config file merged; this module must not do I/O.

#![deny(clippy::disallowed_methods)]

use super::environments::{self, Scope};
use super::repositories::{Repositories, repositories};
use super::run::{Own, merged, of_run, require_targets};
use super::source::SourceImages;
use super::{
    ConfigText, RepositorySettings, Settings, SettingsError, SourceSettings, Task, encryption, gate, parse_to_look,
};
use crate::cli::{AfterArgs, PromoteArgs, PublishArgs, RunArgs};
use crate::config::{Config, MirrorConfig};
use crate::environment::Environment;
use crate::secret::Credentials;

/// Everything that `promote` needs to know.
#[derive(Debug)]
pub struct PromoteSettings {
    /// The run that writes, in the environment that gets the versions. It has no images yet: the source says which.
    pub run: Settings,
    /// The environment whose versions are promoted.
    pub source: SourceSettings,
    /// The name of that environment.
    pub from: String,
    /// What has to say that the source runs what its places name.
    pub live: Live,
}

/// Whether the source has to run what its places name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// What is written there counts, whatever runs.
    Unasked,
    /// Argo CD must say that it runs.
    Required,
}

/// Merges what `promote` was given, and requires that it is enough for a run. The variables that name the environment of a job
/// say nothing here.
pub fn promote(
    args: &PromoteArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<PromoteSettings, SettingsError> {
    let config = parse_to_look(config, environment)?;
    let known = environments::known(&config)?;
    let (from, to) = ends(args, &known)?;
    let images = SourceImages::new(&args.images, &config)?;
    let own = Own {
        task: Task::Promote,
        images: Vec::new(),
        registry_servers: images.registry_servers(environment)?,
        gate: gate::rules(&args.rules, &config)?.of_age(gate::age(&args.age, &config)),
        environment: Some(to),
    };
    let repositories = of_run(&args.run, &own, &config, environment)?;
    let run = merged(&args.run, own, repositories, (&config, environment))?;
    require_targets(&run)?;
    let live = live(args, &run)?;
    let repositories = sources(&args.run, config, &from, environment)?;
    encryption::repositories(&repositories, &run.network)?;
    let source = SourceSettings { repositories, environment: Some(from.clone()), images };
    Ok(PromoteSettings { run, source, from, live })
}

impl PromoteSettings {
    /// The credentials that this run may use with Git servers.
    pub fn secrets(&self) -> impl Iterator<Item = Credentials> {
        let read = self.source.repositories.iter().filter_map(|repository| repository.credentials.as_ref());
        self.run.secrets().chain(read.map(|credentials| credentials.to_hide().clone()))
    }
}

/// The two environments.
fn ends(args: &PromoteArgs, known: &[String]) -> Result<(String, String), SettingsError> {
    let one = |flag: &str, name: &Option<String>| {
        let name = name.as_deref().filter(|name| !name.trim().is_empty());
        let missing = || SettingsError::Usage(format!("no environment is given: promote needs --{flag}"));
        environments::one_of(&format!("--{flag}"), known, name.ok_or_else(missing)?)
    };
    let (from, to) = (one("from", &args.from)?, one("to", &args.to)?);
    if from == to {
        return Err(SettingsError::Usage(format!("--from and --to are the same environment, {from}")));
    }
    Ok((from, to))
}

fn live(args: &PromoteArgs, run: &Settings) -> Result<Live, SettingsError> {
    match args.require_live {
        Some(true) if run.argocd.is_none() => {
            Err(SettingsError::Usage("--require-live needs --argocd-server".to_owned()))
        }
        Some(true) => Ok(Live::Required),
        _ => Ok(Live::Unasked),
    }
}

/// The repositories of the source. They are only read, so no mirror's token is needed; of a mirror, its copy counts.
fn sources(
    args: &RunArgs,
    mut config: Config,
    from: &str,
    environment: &Environment,
) -> Result<Vec<RepositorySettings>, SettingsError> {
    for entry in &mut config.repositories {
        let copy = entry.mirror.take().and_then(|mirror| mirror.copy);
        let (project_id, repository) = (String::new(), String::new());
        entry.mirror = copy.map(|copy| MirrorConfig { project_id, repository, url: None, copy: Some(copy) });
    }
    let read = RunArgs {
        publish: PublishArgs {
            repository: args.publish.repository.clone(),
            branch: args.publish.branch.clone(),
            ..PublishArgs::default()
        },
        targets: args.targets.clone(),
        after: AfterArgs { mirror_copy: args.after.mirror_copy.clone(), ..AfterArgs::default() },
        ..RunArgs::default()
    };
    let Repositories { of_run, passed_over, .. } = repositories(&read, &config, Scope::Of(Some(from)), environment)?;
    if of_run.is_empty() {
        let others: Vec<&str> =
            passed_over.iter().flat_map(|target| &target.environments).map(String::as_str).collect();
        return Err(SettingsError::Usage(format!(
            "no target of the config file belongs to the environment {from}: the targets belong to {}",
            super::run::names(others)
        )));
    }
    Ok(of_run)
}
