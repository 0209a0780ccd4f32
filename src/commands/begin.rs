//! What the commands read before they begin: the config file and the registries' credentials, whose secrets are hidden from then
//! on. This module must not merge settings.

use gitops_bump::cli::{self, RunArgs};
use gitops_bump::environment::Environment;
use gitops_bump::error::Error;
use gitops_bump::ports;
use gitops_bump::registry::CredentialSources;
use gitops_bump::secret::Audience;
use gitops_bump::settings::{self, ConfigText};
use tracing::{info, warn};

use super::Outside;
use crate::terminal::Terminal;

/// The config file of a run that writes; that it is read beside flags which name a repository is said.
pub(super) fn run_config(args: &RunArgs, outside: Outside<'_>) -> Result<Option<ConfigText>, Error> {
    let config = known_config(args.publish.config.as_deref(), outside)?;
    if let Some(config) =
        config.as_ref().filter(|_| args.publish.config.is_none() && args.publish.repository.url.is_some())
    {
        let file = &config.file;
        info!(
            "{file} is read too: all its keys apply except images and repositories, which the flags replace (to ignore the file, use `--config /dev/null`)"
        );
    }
    Ok(config)
}

/// The config file; its secrets are hidden before it is parsed.
pub(super) fn known_config(
    file: Option<&str>,
    (environment, terminal): Outside<'_>,
) -> Result<Option<ConfigText>, Error> {
    let config = ports::config_file(file, environment);
    let text = config.as_ref().ok().and_then(Option::as_ref).map(|config| config.text.as_str());
    if let Some(text) = text {
        terminal.hide_secrets(&settings::secrets_in_config(text, environment, ports::is_file));
    }
    warn_of_unknown(text, environment);
    config
}

/// Warns of variables that are called like this tool's and have no effect. Those that the config file names have one.
pub(super) fn warn_of_unknown(config: Option<&str>, environment: &Environment) {
    for sentence in cli::unknown_variables(environment, config) {
        warn!("{sentence}");
    }
}

/// Where registry credentials may come from; their secrets are hidden from then on.
pub(super) fn registry_credentials(
    environment: &Environment,
    servers: &Audience,
    terminal: &Terminal,
) -> Result<CredentialSources, Error> {
    let mut sources = ports::registry_credentials(environment, servers)?;
    terminal.hide(sources.secrets());
    sources.hidden = terminal.redactor();
    Ok(sources)
}
