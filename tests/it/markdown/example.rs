//! The code blocks of the pages. Each is checked by its language; one that can't be checked says `text`.

use std::fs;
use std::path::Path;
use std::process::Command;

use gitops_bump::config::{self, Config};
use gitops_bump::environment::Environment;
use gitops_bump::hold;
use serde_json::Value;
use tempfile::TempDir;

use super::page::Block;
use super::{names, shell};

/// The image that comments of an example speak of: `# becomes 1.4.2`.
const IMAGE: &str = "r.io/team/app:1.4.2";

/// The keywords of a pipeline's top, and those of a job.
const PIPELINE: [&str; 5] = ["include", "stages", "variables", "default", "workflow"];
const JOB: [&str; 24] = [
    "after_script",
    "allow_failure",
    "artifacts",
    "before_script",
    "cache",
    "dependencies",
    "environment",
    "extends",
    "id_tokens",
    "image",
    "interruptible",
    "needs",
    "pages",
    "resource_group",
    "rules",
    "script",
    "secrets",
    "services",
    "stage",
    "tags",
    "timeout",
    "trigger",
    "variables",
    "when",
];

/// What is wrong with the block, or nothing.
pub(super) fn check(root: &Path, block: &Block) -> Vec<String> {
    if block.is_open {
        return vec!["the block has no end".to_owned()];
    }
    match block.info.as_str() {
        "sh" | "shell" => shell::check(root, &block.text),
        "yaml" => yaml(root, &block.text),
        "json" => serde_json::from_str::<Value>(&block.text).err().map(|error| error.to_string()).into_iter().collect(),
        "diff" => diff(&block.text),
        "text" => Vec::new(),
        "" => vec!["the block says no language; `text` is for what can't be checked".to_owned()],
        other => vec![format!("nothing checks `{other}`; `text` is for what can't be checked")],
    }
}

fn diff(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with([' ', '+', '-', '@']));
    lines.map(|line| format!("this is no line of a diff: {line}")).collect()
}

fn yaml(root: &Path, text: &str) -> Vec<String> {
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        match <Value as serde::Deserialize>::deserialize(document) {
            Ok(value) => documents.push(value),
            Err(error) => return vec![error.to_string()],
        }
    }
    if text.contains("# becomes ") {
        return rewrite(text);
    }
    let is_object = |value: &Value| value.get("apiVersion").is_some() && value.get("kind").is_some();
    match documents.as_slice() {
        objects if objects.iter().all(is_object) => Vec::new(),
        [Value::Array(entries)] if entries.iter().all(|entry| entry.get("place").is_some()) => {
            hold::read(text).err().map(|error| error.to_string()).into_iter().collect()
        }
        [Value::Object(keys)] if keys.keys().all(|key| is_key_of_config(key)) => {
            config(text, keys.contains_key("images"))
        }
        [Value::Object(keys)] if keys.keys().all(|key| is_variable(key)) => Vec::new(),
        [pipeline] => jobs(root, pipeline),
        _ => vec!["these are no objects of Kubernetes".to_owned()],
    }
}

fn is_key_of_config(key: &str) -> bool {
    config::schema()["properties"].get(key).is_some()
}

fn is_variable(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A config file: a part of one is parsed, a whole one also validated by the binary.
fn config(text: &str, is_whole: bool) -> Vec<String> {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split('}').next());
    let tokens = text.split("token_variable: ").skip(1).filter_map(|rest| rest.split([' ', '}', '\n']).next());
    let variables: Vec<(&str, &str)> = names.map(|name| (name, "team/app")).collect();
    let environment: Environment = variables.iter().copied().collect();
    if let Err(error) = Config::parse(text, &environment) {
        return vec![error.to_string()];
    }
    if !is_whole {
        return Vec::new();
    }
    let directory = TempDir::new().expect("a scratch directory can be made");
    let text = text.replace("${CI_COMMIT_SHORT_SHA}", "1.4.2");
    fs::write(directory.path().join(".gitops-bump.yml"), text).expect("it is writable");
    let api = ("CI_API_V4_URL", "https://gitlab.example.com/api/v4");
    let tokens = tokens.chain(["GIT_MIRROR_TOKEN"]).map(|name| (name, "a token")).chain([api]);
    let arguments = ["config", "validate", "--environment", "prod"];
    bump(&directory, &arguments, variables.into_iter().chain(tokens)).err().into_iter().collect()
}

/// Runs the binary in the directory with these variables alone; its words where it fails.
fn bump<'v>(
    directory: &TempDir,
    arguments: &[&str],
    variables: impl Iterator<Item = (&'v str, &'v str)>,
) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitops-bump"));
    command.args(arguments).env_clear().envs(variables).current_dir(directory);
    let output = command.output().expect("the binary can be started");
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// A pipeline, or a part of one.
fn jobs(root: &Path, pipeline: &Value) -> Vec<String> {
    let Some(pipeline) = pipeline.as_object() else { return vec!["nobody reads such a file".to_owned()] };
    let mut wrong = names::unknown_inputs(root, &pipeline.get("include").cloned().unwrap_or_default());
    for (name, job) in pipeline.iter().filter(|(name, _)| !PIPELINE.contains(&name.as_str())) {
        match job.as_object() {
            Some(job) => {
                let unknown = job.keys().filter(|key| !JOB.contains(&key.as_str()));
                wrong.extend(
                    unknown.map(|key| format!("`{name}` is no job that has `{key}`, and the file is no other kind")),
                );
            }
            None => wrong.push(format!("`{name}` is no key of the config file and no job")),
        }
        let scripts =
            ["before_script", "script", "after_script"].into_iter().filter_map(|key| job.get(key)?.as_array());
        let lines = scripts.flatten().filter_map(Value::as_str);
        wrong.extend(lines.flat_map(|line| shell::check(root, line)));
    }
    wrong
}

/// What `set` makes of the text: each line with `# becomes NEW` has NEW then, and the other lines stay. The places are
/// those of comments such as `# --helm values.yaml:api.image`, else all that match.
fn rewrite(text: &str) -> Vec<String> {
    let directory = TempDir::new().expect("a scratch directory can be made");
    let file = directory.path().join("values.yaml");
    fs::write(&file, text).expect("it is writable");
    let mut arguments = vec!["set", "--image", IMAGE];
    let targets: Vec<&str> = text.split("# --helm ").skip(1).filter_map(|rest| rest.lines().next()).collect();
    for target in if targets.is_empty() { vec!["values.yaml"] } else { targets } {
        arguments.extend(["--helm", target]);
    }
    if let Err(said) = bump(&directory, &arguments, std::iter::empty()) {
        return vec![said];
    }
    let after = fs::read_to_string(&file).expect("it is a text");
    let mut wrong = Vec::new();
    for (before, after) in text.lines().zip(after.lines()) {
        let is_right = match before.split_once("# becomes ") {
            None => before == after,
            Some((value, new)) => {
                !value.contains(new) && after.split_once('#').is_some_and(|(line, _)| line.contains(new))
            }
        };
        wrong.extend((!is_right).then(|| format!("`{before}` becomes `{after}`")));
    }
    wrong
}
