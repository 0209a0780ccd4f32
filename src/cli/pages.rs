//! What the command line says of itself beside its help: completions, the manual page, the version. This module must not print.

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::Cli;

pub use clap_complete::Shell;

/// The name of the binary.
const NAME: &str = "gitops-bump";

/// A script that teaches a shell the commands and the flags.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    // clap-rs/clap#6421: the labels of the commands spell a hyphen of the binary's name otherwise than what looks for them.
    if shell == Shell::Bash { script.replace("gitops__subcmd__bump", "gitops__bump") } else { script }
}

/// What `--version` prints.
pub fn version() -> String {
    Cli::command().render_version()
}

/// One manual page, in roff, with all commands and all their flags. The flags that every command has stand in it once.
pub fn man() -> String {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let man = Man::new(command.clone());
    let mut page = part(|text| man.render_title(text));
    // The name of a variable that is broken by a hyphen can be neither searched nor copied.
    page.push_str(".nr HY 0\n.nh\n");
    let name = part(|text| man.render_name_section(text));
    let synopsis = ".SH SYNOPSIS\n\\fBgitops\\-bump\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n";
    let options = part(|text| man.render_options_section(text)).replace(".SH LOG", ".SS LOG");
    for text in [name.as_str(), synopsis, &options] {
        page.push_str(body(text));
    }
    commands(&mut page, &command);
    let rest = part(|text| man.render_extra_section(text));
    page.push_str(&body(&rest).replace(".SH EXTRA", ".SH \"EXAMPLE, VARIABLES, SECRETS AND EXIT CODES\""));
    ascii(&page)
}

/// The sections of the commands that can be run, one after another.
fn commands(page: &mut String, command: &Command) {
    for command in command.get_subcommands() {
        if command.has_subcommands() {
            commands(page, command);
            continue;
        }
        let title = command.get_bin_name().unwrap_or_else(|| command.get_name());
        page.extend([".SH \"", &title.to_uppercase(), "\"\n"]);
        let own = command.clone().mut_args(|arg| {
            let is_everywhere = arg.is_global_set() || matches!(arg.get_long(), Some("help" | "version"));
            arg.hide(is_everywhere)
        });
        let man = Man::new(own);
        let description = part(|text| man.render_description_section(text));
        page.push_str(&body(&description).replace(".SH DESCRIPTION\n", ""));
        let options = part(|text| man.render_options_section(text));
        page.push_str(&body(&options).replace(".SH ", ".SS "));
        let example = part(|text| man.render_extra_section(text));
        page.push_str(&body(&example).replace(".SH EXTRA\n", ".PP\n"));
    }
}

fn part(render: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut text = Vec::new();
    // Writing into memory does not fail.
    let _ = render(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// A part of a page without the two lines of definitions that every part begins with.
fn body(part: &str) -> &str {
    let line = |text| str::split_once(text, '\n').map_or("", |(_, rest)| rest);
    if part.starts_with(".ie ") { line(line(part)) } else { part }
}

/// The same in ASCII: roff's own escapes for all other characters, whatever the reader's locale is.
fn ascii(page: &str) -> String {
    let escaped = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\[u{:04X}]", u32::from(c)) };
    page.chars().map(escaped).collect()
}
