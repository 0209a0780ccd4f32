//! docs/reference.md: its tables are the command line and the components as they are; knows no flag of its own.
//!
//! `scripts/reference` writes the tables anew, by this test with `GITOPS_BUMP_TEST_WRITE=1`.

mod flags;
mod inputs;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use gitops_bump::cli::Cli;

use crate::world::own;
use flags::Flags;
use inputs::Components;

const PAGE: &str = "docs/reference.md";

/// The command line with what clap adds to it.
fn command_line() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

#[test]
fn the_reference_is_the_command_line_and_the_components() {
    let (flags, components) = (Flags::of(&command_line()), Components::read());
    let tables = [
        ("commands", flags::commands(&command_line())),
        ("flags", flags.tables(&components)),
        ("inputs", components.tables()),
    ];
    let page = own(PAGE);
    let wanted = tables.iter().fold(page.clone(), |page, (name, table)| replaced(&page, name, table));
    if std::env::var_os("GITOPS_BUMP_TEST_WRITE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE), &wanted).expect("the page is ours");
        return;
    }
    let differing = wanted.lines().find(|line| !page.lines().any(|old| old == *line));
    assert!(
        page == wanted,
        "{PAGE} is not what the command line and templates/ say (run scripts/reference): {differing:?}"
    );
}

/// The page with this table between its marks.
fn replaced(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- generated: {name} -->\n"), format!("<!-- end: {name} -->\n"));
    let parts = page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.unwrap_or_else(|| panic!("{PAGE} has no marks for {name}"));
    format!("{before}{begin}\n{table}\n{end}{after}")
}

#[test]
fn every_flag_has_a_row_with_its_variable() {
    let page = own(PAGE);
    let flags = Flags::of(&command_line());
    let names = flags.names();
    assert!(names.len() > 60, "{names:?}");
    for name in names {
        let variable = format!("`GITOPS_BUMP_{}`", name.to_ascii_uppercase().replace('-', "_"));
        let is_row = |line: &str| {
            let names_it = line.contains(&format!("--{name}`")) || line.contains(&format!("--{name} "));
            line.starts_with("| ") && names_it && line.contains(&variable)
        };
        assert!(page.lines().any(is_row), "--{name} has no row");
    }
}

#[test]
fn the_reference_names_every_variable_that_the_code_reads() {
    let page = own(PAGE);
    let mut named = BTreeSet::new();
    variables_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut named);
    assert!(named.len() > 10, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !page.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{PAGE} does not name {missing:?}");
}

/// The variables that the sources name, but for their tests.
fn variables_below(directory: &Path, named: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("the sources are there") {
        let path = entry.expect("it stays").path();
        if path.ends_with("tests") || path.ends_with("tests.rs") {
            continue;
        }
        if path.is_dir() {
            variables_below(&path, named);
            continue;
        }
        let text = fs::read_to_string(&path).expect("sources are text");
        for rest in text.split("GITOPS_BUMP_").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
            // What ends with an underscore is the beginning of names, and `INPUT_` the other form of a twin.
            if end > 0 && !rest[..end].ends_with('_') && !rest.starts_with("INPUT_") && !is_made_up(&rest[..end]) {
                named.insert(format!("GITOPS_BUMP_{}", &rest[..end]));
            }
        }
    }
}

/// Names that stand for any of their kind: the token of one repository.
fn is_made_up(name: &str) -> bool {
    name.starts_with("GIT_TOKEN_") || name.starts_with("RESULT_") || name.starts_with("TEST_")
}
