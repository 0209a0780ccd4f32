//! From a flag's twin variable to the flag; this module must not know what a flag is for.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};

use crate::environment::Environment;

/// What every twin variable starts with.
const PREFIX: &str = "GITOPS_BUMP_";

/// The same for the values that a component hands over: they beat the others, and say nothing where an input was left out.
const INPUT_PREFIX: &str = "GITOPS_BUMP_INPUT_";

/// What a variable says for its flag.
pub(super) struct Twin {
    /// The flag's name, without dashes.
    pub(super) flag: String,
    /// The variable.
    pub(super) variable: String,
    /// The same on a command line.
    pub(super) arguments: Vec<OsString>,
}

/// For each flag of the chosen command that is absent from the command line: what its variable says.
pub(super) fn of(command: &clap::Command, matches: &ArgMatches, environment: &Environment) -> Vec<Twin> {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(chosen) = command.find_subcommand(name) else {
            break;
        };
        (command, matches) = (chosen, inner);
    }
    let is_absent = |arg: &&Arg| matches.value_source(arg.get_id().as_str()) != Some(ValueSource::CommandLine);
    let twin = |arg: &Arg| {
        let [variable, input] = names(arg)?;
        let flag = arg.get_long()?;
        let twin = |variable, value| Twin { flag: flag.to_owned(), variable, arguments: as_flags(arg, flag, value) };
        match environment.get(&input).and_then(|value| said(arg, value)) {
            Some(value) => Some(twin(input, value)),
            None => environment.get(&variable).map(|value| twin(variable.clone(), value)),
        }
    };
    let has_twin = |arg: &&Arg| names(arg).is_some();
    // What clap gives no source of, as its own help, has no twin.
    command.get_arguments().filter(has_twin).filter(is_absent).filter_map(twin).collect()
}

/// The names of a flag's variables: its own, and that by which a component hands over an input. What only says something about
/// the command line has none.
pub(super) fn names(arg: &Arg) -> Option<[String; 2]> {
    let asks = [ArgAction::Help, ArgAction::HelpShort, ArgAction::HelpLong, ArgAction::Version];
    let asks = asks.iter().any(|action| std::mem::discriminant(action) == std::mem::discriminant(arg.get_action()));
    let name = arg.get_long().filter(|_| !asks)?.to_ascii_uppercase().replace('-', "_");
    Some([PREFIX, INPUT_PREFIX].map(|prefix| format!("{prefix}{name}")))
}

/// The names of the variables of every flag of a command and of those below it, each once.
pub(super) fn all(command: &clap::Command) -> Vec<String> {
    let below = command.get_subcommands().flat_map(all);
    let mut all: Vec<String> = command.get_arguments().filter_map(names).flatten().chain(below).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What an input says: nothing where it is empty, or a switch that is off.
fn said<'v>(arg: &Arg, value: &'v str) -> Option<&'v str> {
    let text = value.trim();
    let is_empty = text.is_empty() || json_list(text).is_some_and(|list| list.is_empty());
    let says_nothing = is_empty || (is_switch(arg) && boolish(text) == "false");
    (!says_nothing).then_some(if is_switch(arg) { text } else { value })
}

/// Whether a flag means something without a value.
pub(super) fn is_switch(arg: &Arg) -> bool {
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
