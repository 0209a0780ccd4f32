//! Reads a command line together with the twin variables; this module must not know what a flag is for.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _};

use super::twins::{self, Twin};
use super::{Cli, CliError, Sources};
use crate::environment::Environment;

/// Reads the command line, and the twin variables of the flags that are not on it.
pub fn parse(argv: &[OsString], environment: &Environment) -> Result<Cli, CliError> {
    let mut command = Cli::command();
    command.build();
    let mut matches = command.clone().try_get_matches_from(argv)?;
    let mut argv = argv.to_vec();
    let mut sources = Sources::default();
    for Twin { flag, variable, arguments } in twins::of(&command, &matches, environment) {
        argv.extend(arguments);
        sources.add(&flag, &variable);
        matches = command
            .clone()
            .try_get_matches_from(&argv)
            .map_err(|error| CliError::Variable { variable, reason: reason(&error) })?;
    }
    let cli = Cli::from_arg_matches(&matches)?;
    Ok(Cli { sources, ..cli })
}

/// What is wrong with a variable's value, without the flag that nobody gave.
fn reason(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    match (error.kind(), text(ContextKind::InvalidValue)) {
        (ErrorKind::InvalidValue, Some(value)) => {
            let known = text(ContextKind::ValidValue).unwrap_or_default();
            format!("invalid value '{value}': the possible values are {known}")
        }
        (ErrorKind::ValueValidation, Some(value)) => {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!("invalid value '{value}': {cause}")
        }
        _ => first_line(error),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
