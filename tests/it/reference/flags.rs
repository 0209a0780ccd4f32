//! The flags of all commands as clap knows them, a table for each of their headings; knows no flag by name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

use super::inputs::Components;
use super::table::{cell, code};

/// The flags of all commands, each once for each text that commands say of it.
pub(super) struct Flags {
    flags: Vec<Flag>,
    /// All commands that have flags of their own.
    all: BTreeSet<String>,
}

struct Flag {
    heading: String,
    name: String,
    usage: String,
    help: String,
    default: String,
    commands: BTreeSet<String>,
}

/// The table of commands.
pub(super) fn commands(line: &Command) -> String {
    let mut table = String::from("| command | what it does |\n|---|---|\n");
    for (mut name, command) in leaves(line, "") {
        for operand in command.get_positionals() {
            write!(name, " {}", value_of(operand)).expect("a string can be written");
        }
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(table, "| `gitops-bump {name}` | {} |", cell(&about)).expect("a string can be written");
    }
    table
}

/// The commands that do something themselves, with their whole names.
fn leaves<'c>(command: &'c Command, prefix: &str) -> Vec<(String, &'c Command)> {
    let mut found = Vec::new();
    let inner = command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set());
    for inner in inner {
        let name = format!("{prefix}{}", inner.get_name());
        if inner.has_subcommands() {
            found.extend(leaves(inner, &format!("{name} ")));
        } else {
            found.push((name, inner));
        }
    }
    found
}

impl Flags {
    pub(super) fn of(line: &Command) -> Self {
        let mut flags: Vec<Flag> = Vec::new();
        let mut all = BTreeSet::new();
        // `config` takes the flags of `update`, which the page says.
        for (name, command) in leaves(line, "").into_iter().filter(|(name, _)| !name.starts_with("config ")) {
            all.insert(name.clone());
            for arg in command.get_arguments().filter(|arg| is_flag(arg)) {
                let flag = Flag::of(arg, &name);
                match flags.iter_mut().find(|known| known.is_same(&flag)) {
                    Some(known) => known.commands.extend(flag.commands),
                    None => flags.push(flag),
                }
            }
        }
        Self { flags, all }
    }

    /// The names of all flags.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.flags.iter().map(|flag| flag.name.as_str()).collect()
    }

    /// A table for each heading, in the order in which `--help` has them.
    pub(super) fn tables(&self, components: &Components) -> String {
        let mut headings: Vec<&str> = Vec::new();
        for flag in &self.flags {
            if !headings.contains(&flag.heading.as_str()) {
                headings.push(&flag.heading);
            }
        }
        let tables = headings.into_iter().map(|heading| {
            let mut table = format!("### {heading}\n\n");
            table.push_str(
                "| flag | variable | input | default | what it does | commands |\n|---|---|---|---|---|---|\n",
            );
            for flag in self.flags.iter().filter(|flag| flag.heading == heading) {
                table.push_str(&flag.row(components, &self.all));
            }
            table
        });
        tables.collect::<Vec<_>>().join("\n")
    }
}

impl Flag {
    fn of(arg: &Arg, command: &str) -> Self {
        let name = arg.get_long().expect("a flag has a long name").to_owned();
        let short_name = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
        let value = if takes_value(arg) { format!(" {}", value_of(arg)) } else { String::new() };
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        let (mut help, default) = without_default(&help, arg);
        let choices = arg.get_possible_values();
        if takes_value(arg) && !choices.is_empty() {
            let names: Vec<_> = choices.iter().map(|choice| format!("`{}`", choice.get_name())).collect();
            write!(help, " ({})", names.join(", ")).expect("a string can be written");
        }
        Self {
            heading: arg.get_help_heading().unwrap_or("General").to_owned(),
            usage: format!("{short_name}--{name}{value}"),
            name,
            help,
            default,
            commands: BTreeSet::from([command.to_owned()]),
        }
    }

    /// The heading is that of the first command.
    fn is_same(&self, other: &Self) -> bool {
        (&self.usage, &self.help, &self.default) == (&other.usage, &other.help, &other.default)
    }

    fn row(&self, components: &Components, all: &BTreeSet<String>) -> String {
        let variable = format!("GITOPS_BUMP_{}", self.name.to_ascii_uppercase().replace('-', "_"));
        let input = if components.have(&self.name, &self.commands) { code(&self.name) } else { "–".to_owned() };
        let default = if self.default.is_empty() { "–".to_owned() } else { cell(&self.default) };
        let commands = listed(&self.commands, all);
        format!(
            "| {} | {} | {input} | {default} | {} | {commands} |\n",
            code(&self.usage),
            code(&variable),
            cell(&self.help)
        )
    }
}

/// The commands as a list; the inner commands of one command are that one where all of them are there.
fn listed(commands: &BTreeSet<String>, all: &BTreeSet<String>) -> String {
    if commands == all {
        return "all".to_owned();
    }
    let outer = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
    let is_whole =
        |name: &str| all.iter().filter(|other| outer(other) == outer(name)).all(|other| commands.contains(other));
    let names: BTreeSet<String> =
        commands.iter().map(|name| if is_whole(name) { outer(name) } else { name.clone() }).collect();
    names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")
}

fn is_flag(arg: &Arg) -> bool {
    let is_of_clap =
        matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version);
    arg.get_long().is_some() && !is_of_clap && !arg.is_hide_set()
}

/// Whether the flag is no switch.
fn takes_value(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|count| count.min_values() > 0)
}

fn value_of(arg: &Arg) -> String {
    match arg.get_value_names() {
        Some(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        None => arg.get_id().to_string().to_ascii_uppercase(),
    }
}

/// The help and the default, which the help has where clap does not know it; the last paragraph, about the variable, is left out.
fn without_default(help: &str, arg: &Arg) -> (String, String) {
    let help = help.split("\n\nVariable ").next().unwrap_or_default();
    let (title, text) = help.split_once("\n\n").unwrap_or((help, ""));
    let sentence = |title: &str| format!("{title}. {text}").trim_end().to_owned();
    if let Some((title, default)) = title.strip_suffix(']').and_then(|title| title.rsplit_once(" [default: ")) {
        return (sentence(title), default.to_owned());
    }
    let help = sentence(title);
    if let Some((text, default)) = help.rsplit_once("Default: ") {
        return (text.trim_end().to_owned(), default.trim_end_matches('.').to_owned());
    }
    let known = arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy()));
    let known = if takes_value(arg) { known.collect::<Vec<_>>().join(", ") } else { String::new() };
    (help, known)
}
