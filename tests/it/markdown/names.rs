//! Names of the tool's variables and of the components' inputs in the pages; this module must not judge their values.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use gitops_bump::cli::Cli;
use serde::Deserialize as _;
use serde_json::Value;

use super::page::{self, Page};

const PREFIX: &str = "GITOPS_BUMP_";

/// What the dotenv report has.
const RESULTS: [&str; 6] = ["CHANGED", "COMMIT", "DIGEST", "IMAGE", "MERGE_REQUEST", "TAG"];

/// The variables that there are: those of the flags, and those that a file names which is no page.
pub(super) fn variables(root: &Path) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = RESULTS.map(|name| format!("{PREFIX}RESULT_{name}")).into();
    let mut commands = vec![Cli::command()];
    while let Some(command) = commands.pop() {
        let flags = command.get_arguments().filter_map(clap::Arg::get_long);
        let flags = flags.map(|flag| flag.to_uppercase().replace('-', "_"));
        names.extend(flags.flat_map(|flag| [format!("{PREFIX}{flag}"), format!("{PREFIX}INPUT_{flag}")]));
        commands.extend(command.get_subcommands().cloned());
    }
    for file in page::files(root) {
        // Tests also have wrong names; only what they take or read begins so.
        let is_own = |name: &str| match file.iter().next().and_then(|part| part.to_str()) {
            Some("src") => file.iter().all(|part| !part.to_string_lossy().starts_with("tests")),
            Some("scripts" | "ci") => true,
            Some("tests") => ["TEST_", "SCREENSHOTS"].iter().any(|own| name[PREFIX.len()..].starts_with(own)),
            _ => false,
        };
        let text = fs::read_to_string(root.join(&file)).unwrap_or_default();
        names.extend(named(&text).filter(|name| is_own(name)).map(str::to_owned));
    }
    names
}

/// The page's variables that there are not.
pub(super) fn unknown_variables(page: &Page, known: &BTreeSet<String>) -> Vec<String> {
    let prose = page.prose.iter().map(|(line, text)| (*line, text.as_str()));
    let texts = prose.chain(page.blocks.iter().map(|block| (block.line, block.text.as_str())));
    let mut unknown = Vec::new();
    for (line, text) in texts {
        // `GITOPS_BUMP_GIT_TOKEN_` stands for all that begin so.
        let is_known =
            |name: &str| known.contains(name) || name.ends_with('_') && known.iter().any(|k| k.starts_with(name));
        let names = named(text).filter(|name| !is_known(name));
        unknown.extend(names.map(|name| format!("{}:{line}: there is no {name}", page.file.display())));
    }
    unknown
}

fn named(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    words.filter(|word| word.starts_with(PREFIX))
}

/// The inputs that an `include:` gives to components of this project and that these do not have.
pub(super) fn unknown_inputs(root: &Path, include: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    for item in include.as_array().into_iter().flatten() {
        let component = item["component"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let name = component.split('@').next().unwrap_or_default();
        let Ok(template) = fs::read_to_string(root.join("templates").join(format!("{name}.yml"))) else { continue };
        let header = serde_yaml::Deserializer::from_str(&template).next().expect("a template has a header");
        let header = Value::deserialize(header).expect("a header is YAML");
        let inputs = item["inputs"].as_object().into_iter().flat_map(|inputs| inputs.keys());
        let missing = inputs.filter(|input| header["spec"]["inputs"].get(input.as_str()).is_none());
        unknown.extend(missing.map(|input| format!("the component {name} has no input {input}")));
    }
    unknown
}
