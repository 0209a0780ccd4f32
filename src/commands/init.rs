//! `init`: a config file that is proposed, printed or written to a new file. This module must not decide what is proposed.

use gitops_bump::cli::InitArgs;
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::{init, ports, settings};
use tracing::info;

use super::Outside;
use super::begin::warn_of_unknown;

/// Proposes a config file.
pub(super) async fn run(args: &InitArgs, (environment, terminal): Outside<'_>) -> Result<Code, Error> {
    warn_of_unknown(None, environment);
    let settings = settings::init(args, environment)?;
    terminal.hide(settings.credentials.iter().map(|credentials| credentials.to_hide().clone()));
    if let Some(file) = &settings.output {
        ports::require_absent(file)?;
    }
    let proposed = init::run(&settings, &terminal.redactor()).await?;
    match &settings.output {
        Some(file) => ports::write_new(file, &terminal.redact(&proposed.text))?,
        None => terminal.out(&proposed.text).map(drop)?,
    }
    info!("{}", proposed.summary);
    for command in &proposed.commands {
        info!("{command}");
    }
    Ok(Code::Success)
}
