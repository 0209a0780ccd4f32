//! From a flag's twin variable to the flag; this module must not know what a flag is for.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};

use crate::environment::Environment;

/// What every twin variable starts with.
const PREFIX: &str = "GITOPS_BUMP_";

/// For each flag of the chosen command that is absent from the command line: its variable, as flags.
pub(super) fn flags(
    command: &clap::Command,
    matches: &ArgMatches,
    environment: &Environment,
) -> Vec<(String, Vec<OsString>)> {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(chosen) = command.find_subcommand(name) else {
            break;
        };
        (command, matches) = (chosen, inner);
    }
    let absent = |arg: &&Arg| {
        !matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version)
            && matches.value_source(arg.get_id().as_str()) != Some(ValueSource::CommandLine)
    };
    let twin = |arg: &Arg| {
        let long = arg.get_long()?;
        let variable = format!("{PREFIX}{}", long.to_ascii_uppercase().replace('-', "_"));
        let value = environment.get(&variable)?;
        let flags = as_flags(arg, long, value);
        Some((variable, flags))
    };
    command.get_arguments().filter(absent).filter_map(twin).collect()
}

fn as_flags(arg: &Arg, long: &str, value: &str) -> Vec<OsString> {
    let flag = |value: &str| OsString::from(format!("--{long}={value}"));
    match arg.get_action() {
        // A dotenv report joins images by commas, and a job may hand its value over.
        ArgAction::Append if long == "image" => split_values(&value.replace(',', " ")).into_iter().map(flag).collect(),
        // A PEM text has lines and spaces of its own.
        ArgAction::Append if value.contains("-----BEGIN") => vec![flag(value)],
        ArgAction::Append => split_values(value).into_iter().map(flag).collect(),
        ArgAction::SetTrue | ArgAction::Count => {
            let times = match boolish(value) {
                "false" => 0,
                number => number.parse().unwrap_or(1).min(2),
            };
            vec![OsString::from(format!("--{long}")); times]
        }
        _ if arg.get_num_args().is_some_and(|count| count.min_values() == 0) => vec![flag(boolish(value))],
        _ => vec![flag(value)],
    }
}

/// What CI systems write for yes and no; anything else stays for clap to judge.
fn boolish(value: &str) -> &str {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => "true",
        "0" | "false" | "no" | "off" => "false",
        _ => value,
    }
}

/// One value per line, or, on a single line, separated by spaces.
fn split_values(value: &str) -> Vec<&str> {
    let value = value.trim();
    let parts: Vec<&str> = if value.contains('\n') { value.lines().collect() } else { value.split(' ').collect() };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}
