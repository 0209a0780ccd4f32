//! What a command is to do that writes versions into infra repositories: flags, variables and config file merged; this module must
//! not do I/O.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::time::Duration;

use super::environments::{self, Scope};
use super::images::{images, registry_servers, require_images};
use super::repositories::{Repositories, repositories};
use super::{
    Ci, ConfigText, GateSettings, NamedImage, Places, Settings, SettingsError, Task, after, commit, deployment,
    encryption, freeze, gate, hold, mode, network, parse_config, proposal, replacement, statuses, targets,
};
use crate::cli::{RunArgs, UpdateArgs};
use crate::config::Config;
use crate::environment::Environment;
use crate::secret::Audience;

const PUSH_TIMEOUT: Duration = Duration::from_mins(2);

/// What each command finds in a way of its own.
pub(super) struct Own {
    pub(super) task: Task,
    pub(super) images: Vec<NamedImage>,
    pub(super) registry_servers: Audience,
    pub(super) gate: GateSettings,
    /// The environment that is written to.
    pub(super) environment: Option<String>,
}

/// Merges what `update` was given, and requires that it is enough for a run.
pub fn update(
    args: &UpdateArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<Settings, SettingsError> {
    let settings = merge(args, config, environment)?;
    require_images(&settings.images)?;
    require_targets(&settings)?;
    Ok(settings)
}

/// Merges the same without requiring images or repositories: a config file may leave them to the flags.
pub fn merge(
    args: &UpdateArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<Settings, SettingsError> {
    let config = parse_config(config, |text| Config::parse(text, environment))?;
    let own = Own {
        task: Task::Update,
        images: images(&args.images, &config)?,
        registry_servers: registry_servers(&args.images, &config, environment)?,
        gate: gate::gate(&args.gate, &config)?.of_age(gate::age(&args.age, &config)),
        environment: environments::name(&args.environment, &config, environment)?,
    };
    let repositories = of_run(&args.run, &own, &config, environment)?;
    merged(&args.run, own, repositories, (&config, environment))
}

/// The repositories that have targets for what a command finds.
pub(super) fn of_run(
    args: &RunArgs,
    own: &Own,
    config: &Config,
    environment: &Environment,
) -> Result<Repositories, SettingsError> {
    repositories(args, config, Scope::Of(own.environment.as_deref()), environment)
}

/// Merges what all commands have that write.
pub(super) fn merged(
    args: &RunArgs,
    own: Own,
    Repositories { of_run: repositories, servers, passed_over }: Repositories,
    (config, environment): (&Config, &Environment),
) -> Result<Settings, SettingsError> {
    let Own { task, images, registry_servers, gate, environment: name } = own;
    let network = network::network(&args.publish.network, servers.audience(), environment)?;
    proposal::require_request(&args.publish.proposal, config)?;
    let proposal = proposal::proposal(&args.publish.proposal, (&repositories, &servers), environment)?;
    let argocd = after::argocd(&args.after, environment)?;
    let statuses = statuses::statuses(&args.after, &proposal, (&repositories, &servers))?;
    let deployment = deployment::deployment(&args.after, name.as_deref(), environment)?;
    let ci = Ci::from_environment(environment);
    encryption::repositories(&repositories, &network)?;
    encryption::forge((&repositories, &proposal, statuses.as_ref()), &ci, &network)?;
    encryption::deployment(deployment.as_ref(), &network)?;
    encryption::argocd(argocd.as_ref(), &network)?;
    Ok(Settings {
        rules: targets::rules(&args.targets, config),
        places: match args.changed_digest_only {
            Some(true) => Places::OfChangedDigests,
            _ => Places::OfOtherVersions,
        },
        environment: name,
        known_environments: environments::known(config)?,
        mode: mode(args.publish.outcome.dry_run),
        fail_on_unchanged: args.publish.outcome.fail_on_unchanged.unwrap_or(false),
        freeze: freeze::freeze(&args.freeze, config, environment)?,
        hold: hold::wish(&args.hold)?,
        previews: replacement::valid(&config.preview)?,
        preview: None,
        commit: commit::commit(args, config, environment)?,
        skip_ci: proposal::skip_ci(args, config)?,
        push_timeout: args.publish.commit.push_timeout.unwrap_or(PUSH_TIMEOUT),
        reports_links: args.publish.reports.have_links(),
        task,
        registry_servers,
        gate,
        ci,
        images,
        repositories,
        passed_over,
        network,
        proposal,
        argocd,
        statuses,
        deployment,
    })
}

/// Requires that a run has targets.
pub(super) fn require_targets(settings: &Settings) -> Result<(), SettingsError> {
    if !settings.repositories.is_empty() {
        return Ok(());
    }
    if !settings.passed_over.is_empty() {
        return Err(SettingsError::Usage(no_target(settings)));
    }
    Err(SettingsError::Usage("no repository is given: --repo, or repositories in the config file".into()))
}

/// Why a run for its environment has nothing to write, though the config file has targets.
fn no_target(settings: &Settings) -> String {
    let run = match &settings.environment {
        Some(name) => format!("the environment {name}"),
        None => "a run without an environment".to_owned(),
    };
    let others = settings.passed_over.iter().flat_map(|target| &target.environments);
    format!(
        "no target of the config file belongs to {run}: the targets belong to {}",
        names(others.map(String::as_str))
    )
}

/// Each name once.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}
