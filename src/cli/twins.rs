//! From a flag's twin variable to the flag; this module must not know what a flag is for.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};

use crate::environment::Environment;

/// What every twin variable starts with.
const PREFIX: &str = "GITOPS_BUMP_";

/// The same for the values that a component hands over: they beat the others, and say nothing where an input was left out.
const INPUT_PREFIX: &str = "GITOPS_BUMP_INPUT_";

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
        let name = long.to_ascii_uppercase().replace('-', "_");
        let input = format!("{INPUT_PREFIX}{name}");
        if let Some(value) = environment.get(&input).and_then(|value| said(arg, value)) {
            return Some((input, as_flags(arg, long, value)));
        }
        let variable = format!("{PREFIX}{name}");
        let flags = as_flags(arg, long, environment.get(&variable)?);
        Some((variable, flags))
    };
    command.get_arguments().filter(absent).filter_map(twin).collect()
}

/// What an input says: nothing where it is empty, or a switch that is off.
fn said<'v>(arg: &Arg, value: &'v str) -> Option<&'v str> {
    let text = value.trim();
    let is_empty = text.is_empty() || json_list(text).is_some_and(|list| list.is_empty());
    let says_nothing = is_empty || (is_switch(arg) && boolish(text) == "false");
    (!says_nothing).then_some(if is_switch(arg) { text } else { value })
}

fn is_switch(arg: &Arg) -> bool {
    let takes_none = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
    takes_none || matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Count)
}

fn as_flags(arg: &Arg, long: &str, value: &str) -> Vec<OsString> {
    let flag = |value: &str| OsString::from(format!("--{long}={value}"));
    match arg.get_action() {
        ArgAction::Append if let Some(list) = json_list(value) => list.iter().map(|value| flag(value)).collect(),
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
        _ if is_switch(arg) => vec![flag(boolish(value))],
        _ => vec![flag(value)],
    }
}

/// The items of an array input, as GitLab writes one into a variable.
fn json_list(value: &str) -> Option<Vec<String>> {
    if value.trim_start().starts_with('[') { serde_json::from_str(value.trim()).ok() } else { None }
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
