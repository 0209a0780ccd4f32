//! `config validate` and `config show`: the settings of `update`, for people who look at a config file. This module must not run
//! anything.

use std::time::SystemTime;

use gitops_bump::cli::UpdateArgs;
use gitops_bump::config::DEFAULT_FILE;
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::plan::PlannedRepository;
use gitops_bump::settings::{self, Settings, SettingsError};
use gitops_bump::show;
use tracing::info;

use super::Outside;
use super::begin::known_config;

pub(super) fn show(args: &UpdateArgs, outside: Outside<'_>) -> Result<Code, Error> {
    let (_, terminal) = outside;
    let (settings, _) = resolved(args, outside)?;
    terminal.out(&show::yaml(&settings, |text| terminal.fact(text)))
}

pub(super) fn validate(args: &UpdateArgs, outside: Outside<'_>) -> Result<Code, Error> {
    let (settings, plan) = resolved(args, outside)?;
    let targets: usize = plan.iter().map(|repository| repository.targets.len()).sum();
    settings.notes().for_each(|note| info!("{note}"));
    settings.freeze.upcoming(SystemTime::now()).for_each(|sentence| info!("{sentence}"));
    info!("valid: {} images, {} repositories, {targets} targets", settings.images.len(), plan.len());
    Ok(Code::Success)
}

/// Settings and plan. A config file may leave images and repositories to the flags.
fn resolved(args: &UpdateArgs, outside: Outside<'_>) -> Result<(Settings, Vec<PlannedRepository>), Error> {
    let (environment, terminal) = outside;
    let config = known_config(args.run.publish.config.as_deref(), outside)?;
    if config.is_none() && args.run.publish.repository.url.is_none() {
        let text = format!("{DEFAULT_FILE} is not in the working directory, and neither --config nor --repo is set");
        return Err(SettingsError::Usage(text).into());
    }
    let settings = settings::merge(args, config.as_ref(), environment)?;
    terminal.hide(settings.secrets());
    let plan = if settings.images.is_empty() { Vec::new() } else { gitops_bump::plan(&settings)? };
    Ok((settings, plan))
}
