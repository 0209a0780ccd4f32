//! `status`: what the environments name, printed or written to a file. This module must not judge what it shows.

use std::time::SystemTime;

use gitops_bump::cli::StatusArgs;
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::ports;
use gitops_bump::settings::{self, Format};
use gitops_bump::status::{self, Status};
use tracing::warn;

use super::Outside;
use super::begin::{known_config, registry_credentials, warn_of_unknown};
use crate::task::report_error;

/// Only a repository that can't be read makes the exit code other than 0.
pub(super) async fn run(args: &StatusArgs, outside: Outside<'_>) -> Result<Code, Error> {
    let (environment, terminal) = outside;
    let config = if args.repository.url.is_some() && args.config.is_none() {
        warn_of_unknown(None, environment);
        None
    } else {
        known_config(args.config.as_deref(), outside)?
    };
    let settings = settings::status(args, config.as_ref(), environment)?;
    terminal.hide(settings.secrets());
    let credentials = registry_credentials(environment, &settings.registry_servers, terminal)?;
    let mut looked = gitops_bump::status(&settings, credentials, SystemTime::now()).await?;
    looked.status.hide(|text| terminal.fact(text));
    let text = rendered(&looked.status, settings.format)?;
    let is_json = settings.format == Format::Json;
    match &settings.output {
        Some(file) => {
            let text = if is_json { terminal.redact_json(&text) } else { terminal.redact(&text) };
            ports::write_output(file, &text)?;
        }
        None if is_json => terminal.out_json(&text).map(drop)?,
        None => terminal.out(&text).map(drop)?,
    }
    for repository in &looked.status.repositories {
        repository.problems.iter().for_each(|problem| warn!("{}: {problem}", repository.short));
    }
    Ok(looked.errors.iter().fold(Code::Success, |code, error| code.worse(report_error(terminal, error))))
}

fn rendered(status: &Status, format: Format) -> Result<String, Error> {
    Ok(match format {
        Format::Table => status::table(status),
        Format::Json => status.json(),
        Format::Markdown => status::markdown(status),
        Format::Html => status::html(status).map_err(anyhow::Error::from)?,
    })
}
