//! The commands that write versions into infra repositories: each becomes a task. This module must not say what a task came to.

use gitops_bump::cli::{PreviewCommand, PromoteArgs, ReportArgs, RollbackArgs, UpdateArgs};
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::plan::PlannedRepository;
use gitops_bump::settings::{self, Settings};

use super::Outside;
use super::begin::{known_config, registry_credentials, run_config};
use crate::signals::Signals;
use crate::task::{self, Task};

type Resolved = (Settings, Vec<PlannedRepository>);

pub(super) async fn update(args: &UpdateArgs, outside: Outside<'_>, signals: &mut Signals) -> Code {
    let (environment, _) = outside;
    let begun = run_config(&args.run, outside)
        .and_then(|config| Ok(settings::update(args, config.as_ref(), environment)?))
        .and_then(|settings| plan(settings, outside));
    planned(begun, &args.run.publish.reports, outside, signals).await
}

pub(super) async fn preview(command: &PreviewCommand, outside: Outside<'_>, signals: &mut Signals) -> Code {
    let (environment, _) = outside;
    let publish = &command.run().publish;
    let begun = known_config(publish.config.as_deref(), outside)
        .and_then(|config| Ok(settings::preview(command, config.as_ref(), environment)?))
        .and_then(|settings| plan(settings, outside));
    planned(begun, &publish.reports, outside, signals).await
}

/// Settings with their plan; their secrets are hidden from then on.
fn plan(settings: Settings, (_, terminal): Outside<'_>) -> Result<Resolved, Error> {
    terminal.hide(settings.secrets());
    let plan = gitops_bump::plan(&settings)?;
    Ok((settings, plan))
}

/// Runs a command that is planned before anything is read.
async fn planned(
    begun: Result<Resolved, Error>,
    reports: &ReportArgs,
    (environment, terminal): Outside<'_>,
    signals: &mut Signals,
) -> Code {
    let begun = begun.and_then(|(settings, plan)| {
        let credentials = registry_credentials(environment, &settings.registry_servers, terminal)?;
        Ok((Task::Planned { settings, plan }, credentials))
    });
    task::run(begun, reports, (terminal, signals)).await
}

pub(super) async fn promote(args: &PromoteArgs, outside: Outside<'_>, signals: &mut Signals) -> Code {
    let (environment, terminal) = outside;
    let begun = run_config(&args.run, outside).and_then(|config| {
        let settings = settings::promote(args, config.as_ref(), environment)?;
        terminal.hide(settings.secrets());
        let credentials = registry_credentials(environment, &settings.run.registry_servers, terminal)?;
        Ok((Task::Promote(settings), credentials))
    });
    task::run(begun, &args.run.publish.reports, (terminal, signals)).await
}

pub(super) async fn rollback(args: &RollbackArgs, outside: Outside<'_>, signals: &mut Signals) -> Code {
    let (environment, terminal) = outside;
    let begun = run_config(&args.run, outside).and_then(|config| {
        let settings = settings::rollback(args, config.as_ref(), environment)?;
        terminal.hide(settings.run.secrets());
        let credentials = registry_credentials(environment, &settings.run.registry_servers, terminal)?;
        Ok((Task::Rollback(settings), credentials))
    });
    task::run(begun, &args.run.publish.reports, (terminal, signals)).await
}
