//! What the command line says of itself: its help, the manual page, completions and the version; and what `config` prints.
//!
//! `tests/snapshots` has the texts. Who changes one on purpose accepts it by the command that the failing test names.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::CommandFactory as _;
use gitops_bump::cli::Cli;
use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::{Assert, Data};

/// How wide help is where no terminal tells.
const WIDTH: usize = 100;

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitops-bump"));
    command.args(arguments).env_clear().output().expect("the binary starts")
}

/// What a command prints that ends well and says nothing else.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).expect("it is text")
}

/// Every command that there is, as the words that ask for it.
fn commands() -> Vec<Vec<String>> {
    fn below(command: &clap::Command, path: &[String], all: &mut Vec<Vec<String>>) {
        all.push(path.to_vec());
        for inner in command.get_subcommands() {
            below(inner, &[path, &[inner.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    below(&Cli::command(), &[], &mut all);
    assert!(all.len() > 12, "{all:?}");
    all
}

/// Compares a text with the file that holds it.
#[track_caller]
fn is_as_in(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(file);
    // A file that isn't there yet is a difference, too.
    let expected = Data::read_from(&path, None).raw();
    let compared = Assert::new().action_env(DEFAULT_ACTION_ENV).try_eq(Some(&"printed now"), text.into(), expected);
    if let Err(difference) = compared {
        panic!(
            "{difference}\nif this change is meant, accept it: {DEFAULT_ACTION_ENV}=overwrite cargo test --test it -- help::"
        );
    }
}

#[test]
fn the_help_of_every_command_is_as_it_was() {
    for path in commands() {
        for flag in ["-h", "--help"] {
            let arguments: Vec<&str> = path.iter().map(String::as_str).chain([flag]).collect();
            let name = [&["gitops-bump".to_owned()], path.as_slice()].concat().join("-");
            is_as_in(&format!("help/{name}{flag}.txt"), &printed(&arguments));
        }
    }
}

#[test]
fn short_help_has_one_line_for_each_flag_and_ends_in_an_example() {
    for path in commands() {
        let mut command = Cli::command();
        command.build();
        let command = path.iter().fold(&command, |command, name| command.find_subcommand(name).expect("it is there"));
        let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["-h"]).collect();
        let help = printed(&arguments);
        assert!(
            help.lines().all(|line| line.chars().count() <= WIDTH || line.contains("gitops-bump ")),
            "{path:?}: {help}"
        );
        let table = help.split("\nExample:").next().unwrap_or_default();
        for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
            let is_its = |line: &&str| {
                let line = line.trim_start();
                let line = line.split_once(", ").filter(|(short, _)| short.len() == 2).map_or(line, |(_, long)| long);
                let rest = line.strip_prefix("--").and_then(|line| line.strip_prefix(flag));
                rest.is_some_and(|rest| rest.starts_with([' ', '[', '.']))
            };
            let lines: Vec<&str> = table.lines().filter(is_its).collect();
            let [line] = lines.as_slice() else { panic!("{path:?} {flag}: {lines:?}\n{help}") };
            let words = line.trim_start().split("  ").filter(|part| !part.is_empty()).count();
            assert_eq!(words, 2, "the help of --{flag} does not stand on its line: {line:?}\n{help}");
        }
        let is_plain = ["man", "version"].contains(&path.join(" ").as_str());
        assert!(is_plain || help.contains("\nExample:\n  gitops-bump "), "{path:?}: {help}");
    }
}

#[test]
fn the_examples_of_the_help_are_command_lines() {
    for path in commands() {
        let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["-h"]).collect();
        let help = printed(&arguments);
        let Some((_, example)) = help.split_once("\nExample:\n") else { continue };
        let line = example.replace("\\\n", " ").replace('\'', "");
        let words = line.split_whitespace().take_while(|word| *word != ">");
        let parsed = Cli::command().try_get_matches_from(words);
        assert!(parsed.is_ok(), "{path:?}: {:?}", parsed.err().map(|error| error.to_string()));
    }
}

#[test]
fn a_switch_shows_no_values_and_takes_them() {
    for path in commands() {
        for flag in ["-h", "--help"] {
            let arguments: Vec<&str> = path.iter().map(String::as_str).chain([flag]).collect();
            assert!(!printed(&arguments).contains("[possible values: true, false]"), "{path:?}");
        }
    }
    for (value, code) in [("--dry-run", 2), ("--dry-run=false", 2), ("--dry-run=true", 2), ("--dry-run=perhaps", 2)] {
        let output = run(&["set", value]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert_eq!(stderr.contains("no target is given"), value != "--dry-run=perhaps", "{stderr}");
    }
}

#[test]
fn check_does_not_compare_ages() {
    let output = run(&["check", "--newer-only", "--image=r.example.com/app:1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unexpected argument '--newer-only'"));
}

#[test]
fn every_list_says_how_its_values_are_separated() {
    for path in commands() {
        let mut command = Cli::command();
        command.build();
        let command = path.iter().fold(&command, |command, name| command.find_subcommand(name).expect("it is there"));
        for arg in command.get_arguments().filter(|arg| matches!(arg.get_action(), clap::ArgAction::Append)) {
            let help = arg.get_long_help().expect("it has one").to_string();
            let words = ["per line", "separated by spaces", "omma", "GITOPS_BUMP_"];
            assert!(words.iter().all(|words| help.contains(words)), "{path:?} {:?}: {help}", arg.get_long());
        }
    }
}

#[test]
fn the_manual_page_has_every_command_and_every_flag() {
    let page = printed(&["man"]);
    assert!(page.is_ascii() && page.starts_with(".ie "), "{}", &page[..100]);
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let file = scratch.path().join("gitops-bump.1");
    fs::write(&file, &page).expect("it is written");
    // -P-cbou: no bold, no underlines.
    let output = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-rLL=100n", "-P-cbou"]).arg(&file).output();
    let output = output.expect("groff starts; it is in the package groff-base");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    let shown = String::from_utf8_lossy(&output.stdout).replace('\u{2010}', "-");
    for path in
        commands().iter().filter(|path| !path.is_empty() && !["preview", "config"].contains(&path.join(" ").as_str()))
    {
        let title = format!("GITOPS-BUMP {}", path.join(" ").to_uppercase());
        let (_, section) = shown.split_once(&format!("\n{title}\n")).unwrap_or_else(|| panic!("no section {title}"));
        let section = section.split("\nGITOPS-BUMP ").next().unwrap_or_default();
        let command = Cli::command();
        let command = path.iter().fold(&command, |command, name| command.find_subcommand(name).expect("it is there"));
        for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(section.contains(&format!("--{flag}")), "{title}: {flag} is not there:\n{section}");
        }
    }
    for words in ["--quiet", "--color", "GITOPS_BUMP_GIT_TOKEN", "12 not now"] {
        assert!(shown.contains(words), "{words}");
    }
    assert!(!shown.contains("GI-\n"), "the name of a variable is broken");
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitops-bump"));
    let command = command.arg("man").env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // The page is larger than what a pipe holds, so the write is still going on.
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn completions_are_scripts_for_their_shells() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("gitops-bump") && script.contains("changed-digest-only"), "{shell}");
    }
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let file = scratch.path().join("completion.bash");
    fs::write(&file, printed(&["completions", "bash"])).expect("it is written");
    let asked = format!(
        "source {}; complete -p gitops-bump >/dev/null; COMP_WORDS=(gitops-bump update --fail-on-u); COMP_CWORD=2; \
         _gitops__bump gitops-bump --fail-on-u update; echo \"${{COMPREPLY[@]}}\"",
        file.display()
    );
    let output = Command::new("bash").args(["-c", &asked]).output().expect("bash starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "--fail-on-unchanged\n", "{output:?}");
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn the_version_is_a_word_and_a_flag() {
    let version = format!("gitops-bump {}\n", env!("CARGO_PKG_VERSION"));
    for asked in ["version", "--version", "-V"] {
        assert_eq!(printed(&[asked]), version);
    }
}

#[test]
fn the_schema_is_as_it_was() {
    is_as_in("config-schema.json", &printed(&["config", "schema"]));
}

#[test]
fn a_rich_config_file_is_shown_as_it_was() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/rich.yml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitops-bump"));
    command.args(["config", "show", "--environment=prod", "--push-timeout=90s", "--config"]).arg(&file).env_clear();
    for (name, value) in [
        ("CI_COMMIT_SHORT_SHA", "1f2e3d4c"),
        ("IMAGE_REPOSITORY", "registry.example.com/shop"),
        ("CI_API_V4_URL", "https://gitlab.example.com/api/v4"),
        ("GIT_MIRROR_TOKEN", "glptt-mirror"),
        ("GITOPS_BUMP_GIT_TOKEN_INFRA", "glpat-infra"),
        ("GITOPS_BUMP_GIT_TOKEN", "glpat-all"),
    ] {
        command.env(name, value);
    }
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = String::from_utf8(output.stdout).expect("it is text");
    assert!(!shown.contains("glp"), "{shown}");
    is_as_in("config-show.yml", &shown);
}
