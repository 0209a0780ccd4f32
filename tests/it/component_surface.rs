//! The component's surface: its inputs are the binary's flags, and what it expands to is valid.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::world::{Executor, Project, World, check_gitlab_ci, output_of, read};

/// Flags without an input, and why.
const NO_INPUT: [(&str, &str); 4] = [
    ("help", "it says nothing about a job"),
    ("quiet", "a job without a log helps nobody"),
    ("color", "GitLab's log has colours"),
    ("signing-key", "a secret: it is a variable"),
];

/// Inputs that are about the job and not about the binary.
pub(crate) const OF_THE_JOB: [&str; 16] = [
    "allow-failure-exit-codes",
    "deployment",
    "environment-action",
    "environment-auto-stop-in",
    "environment-on-stop",
    "environment-tier",
    "environment-url",
    "git-strategy",
    "id-token-name",
    "id-tokens",
    "job-name",
    "resource-group",
    "rules",
    "stage",
    "tool-image",
    "when",
];

fn own(name: &str) -> String {
    read(Path::new(env!("CARGO_MANIFEST_DIR")), name)
}

/// The documents of a template, as JSON.
fn documents(name: &str) -> Vec<Value> {
    let text = own(name);
    let documents = text.split("\n---\n");
    documents.map(|text| serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))).collect()
}

/// The components, with the command that each runs.
pub(crate) const COMPONENTS: [(&str, &str); 2] =
    [("templates/gitops-bump.yml", "update"), ("templates/promote.yml", "promote")];

/// What the inputs of both components say otherwise.
const OF_PROMOTE: [&str; 7] =
    ["image", "job-name", "when", "deployment", "report-dotenv", "report-json", "report-annotations"];

/// A component's inputs by name.
pub(crate) fn inputs(component: &str) -> serde_json::Map<String, Value> {
    let header = documents(component).remove(0);
    header["spec"]["inputs"].as_object().expect("the inputs are a mapping").clone()
}

/// The flags of a command by its help.
fn flags(command: &str) -> BTreeSet<String> {
    let help = output_of(Command::new(env!("CARGO_BIN_EXE_gitops-bump")).args([command, "--help"]).env_clear());
    let help = String::from_utf8(help).expect("help is text");
    let flag = |line: &str| {
        let (head, rest) = line.split_once("--")?;
        let is_flag = head.trim().is_empty() || (head.trim().len() == 3 && head.trim().ends_with(','));
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(rest.len());
        is_flag.then(|| rest[..end].to_owned())
    };
    help.lines().filter_map(flag).collect()
}

fn variable(flag: &str) -> String {
    flag.to_ascii_uppercase().replace('-', "_")
}

#[test]
fn every_flag_has_an_input_and_every_input_a_flag() {
    for (component, command) in COMPONENTS {
        let (flags, inputs) = (flags(command), inputs(component));
        assert!(flags.len() > 20, "{flags:?}");
        let wanted: BTreeSet<&str> = flags
            .iter()
            .map(String::as_str)
            .filter(|flag| NO_INPUT.iter().all(|(without, _)| without != flag))
            .collect();
        let of_flags: BTreeSet<&str> =
            inputs.keys().map(String::as_str).filter(|input| !OF_THE_JOB.contains(input)).collect();

        let missing: Vec<_> = wanted.difference(&of_flags).collect();
        assert!(missing.is_empty(), "flags without an input in {component}: {missing:?}");
        let unknown: Vec<_> = of_flags.difference(&wanted).collect();
        assert!(unknown.is_empty(), "inputs of {component} without a flag: {unknown:?}");
    }
}

#[test]
fn both_components_have_the_same_inputs_but_for_what_a_promotion_is() {
    let [update, promote] = COMPONENTS.map(|(component, _)| inputs(component));
    for (name, input) in promote.iter().filter(|(name, _)| !OF_PROMOTE.contains(&name.as_str())) {
        assert!(update.get(name).is_none_or(|other| other == input), "{name}");
    }
    assert_eq!(promote["when"]["default"], "manual");
}

#[test]
fn every_input_is_described_typed_and_optional() {
    for (name, input) in COMPONENTS.iter().flat_map(|(component, _)| inputs(component)) {
        let has = |key: &str| input.get(key).is_some_and(|value| !value.is_null());
        assert!(has("description") && has("type") && has("default"), "{name}: {input}");
        let secrets = ["token", "password", "ssh", "secret", "signing-key"];
        let secret = secrets.iter().any(|word| name.contains(word)) && !name.starts_with("id-token");
        assert!(!secret, "{name}: secrets are variables");
    }
}

#[test]
fn the_templates_have_no_global_keywords() {
    let globals = ["default", "stages", "variables", "workflow", "image", "services", "cache", "before_script"];
    let components = COMPONENTS.map(|(component, _)| documents(component).remove(1));
    for document in components.into_iter().chain([documents("ci/gitops-bump-job.yml").remove(0)]) {
        let keys = document.as_object().expect("a mapping").keys();
        let found: Vec<_> = keys.filter(|key| globals.contains(&key.as_str())).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn the_jobs_run_the_binary_and_nothing_else() {
    let job = documents("ci/gitops-bump-job.yml").remove(0);
    assert_eq!(job[".gitops-bump:update"]["script"], serde_json::json!(["gitops-bump update"]));
    let job = documents("templates/promote.yml").remove(1);
    assert_eq!(job["$[[ inputs.job-name ]]"]["script"], serde_json::json!(["gitops-bump promote"]));
}

#[test]
fn the_pipeline_tests_the_component_of_its_own_commit_as_others_include_it() {
    let world = World::new();
    let pipeline = own(".gitlab-ci.yml");
    let files = ["ci/gitops-bump-job.yml", "ci/gitops-bump-environment.yml", "ci/gitops-bump-environment-unset.yml"];
    // A component that is not the published one: that of the commit.
    let template = own("templates/gitops-bump.yml")
        .replace("  stage: $[[ inputs.stage ]]\n", "  stage: $[[ inputs.stage ]]\n  timeout: 7 minutes\n");
    let files = files.map(|name| (name, own(name)));
    let mut files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    files.extend([(".gitlab-ci.yml", pipeline.as_str()), ("templates/gitops-bump.yml", template.as_str())]);
    let project = Project::new(&world, Executor::Shell, &files);

    let expanded: Value = serde_yaml::from_str(&project.expanded()).expect("YAML");

    let includes: Value = serde_yaml::from_str::<Value>(&pipeline).expect("YAML")["include"].clone();
    assert_eq!(includes[0]["component"], "$CI_SERVER_FQDN/$CI_PROJECT_PATH/gitops-bump@$CI_COMMIT_SHA");
    assert_eq!(expanded["self-test"]["timeout"], "7 minutes");
    assert_eq!(expanded["self-test"]["script"], serde_json::json!(["gitops-bump update"]));
}

#[test]
fn every_input_is_handed_over_in_its_variable() {
    for (component, _) in COMPONENTS {
        let job = documents(component).remove(1);
        let variables = job["$[[ inputs.job-name ]]"]["variables"].as_object().expect("a mapping").clone();
        for (name, input) in inputs(component).iter().filter(|(name, _)| !OF_THE_JOB.contains(&name.as_str())) {
            // GitLab takes no boolean for a variable: with a blank behind it, it is a text.
            let blank = if input["type"] == "string" { "" } else { " " };
            let given = ["GITOPS_BUMP_INPUT_", "GITOPS_BUMP_"]
                .map(|prefix| variables.get(&format!("{prefix}{}", variable(name))));
            let given = given.into_iter().flatten().next().unwrap_or_else(|| panic!("{name} is not handed over"));
            assert_eq!(*given, format!("$[[ inputs.{name} ]]{blank}"), "{component}");
        }
    }
}

#[test]
fn the_environments_keywords_are_there_when_their_inputs_say_something() {
    let world = World::new();
    let component = "component: $CI_SERVER_FQDN/gitops-bump/gitops-bump/gitops-bump@0.1.0";
    let deployed = "image: $IMAGE, repo: $INFRA, helm: values.yaml, environment: prod, deployment: true";
    let pipeline = format!(
        "
include:
  - {component}
    inputs: {{{deployed}, job-name: all, environment-url: 'https://$CI_COMMIT_REF_SLUG.example.com', environment-tier: production,
      environment-on-stop: stop, environment-auto-stop-in: 2 days}}
  - {component}
    inputs: {{{deployed}, job-name: some, environment-url: 'https://shop.example.com', environment-action: prepare}}
  - {component}
    inputs: {{{deployed}, job-name: none}}
  - {component}
    inputs: {{job-name: without, environment-url: 'https://shop.example.com', environment-on-stop: stop}}
stop:
  stage: deploy
  script: [echo stopped]
  when: manual
  environment: {{name: prod, action: stop}}
"
    );
    let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", &pipeline)]);

    let expanded = world.write("expanded.yml", project.expanded());

    check_gitlab_ci(&[&expanded]);
    let expanded: Value = serde_yaml::from_str(&world.read("expanded.yml")).expect("YAML");
    let environment = |job: &str| expanded[job]["environment"].clone();
    let all = serde_json::json!({
        "name": "prod", "action": "start", "url": "https://$CI_COMMIT_REF_SLUG.example.com", "deployment_tier": "production",
        "on_stop": "stop", "auto_stop_in": "2 days",
    });
    assert_eq!(environment("all"), all);
    let some = serde_json::json!({ "name": "prod", "action": "prepare", "url": "https://shop.example.com" });
    assert_eq!(environment("some"), some);
    assert_eq!(environment("none"), serde_json::json!({ "name": "prod", "action": "start" }));
    assert_eq!(environment("without"), Value::Null);
}

#[test]
fn what_the_component_expands_to_is_valid_for_gitlab() {
    let world = World::new();
    let pipeline = "
include:
  - component: $CI_SERVER_FQDN/gitops-bump/gitops-bump/gitops-bump@0.1.0
    inputs: {image: $IMAGE, repo: $INFRA, helm: \"a.yaml\\nb.yaml:image\", environment: prod, deployment: true, when: manual}
  - component: $CI_SERVER_FQDN/gitops-bump/gitops-bump/gitops-bump@0.1.0
    inputs: {job-name: second one, stage: test, config: deploy/bump.yml, git-strategy: fetch}
stages: [test, deploy]
";
    let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", pipeline)]);

    let expanded = world.write("expanded.yml", project.expanded());

    check_gitlab_ci(&[&expanded]);
    let expanded: Value = serde_yaml::from_str(&world.read("expanded.yml")).expect("YAML");
    let (first, second) = (&expanded["gitops-bump"], &expanded["second one"]);
    assert_eq!(first["environment"]["name"], "prod");
    assert_eq!(second.get("environment"), None);
    for job in [first, second] {
        assert_eq!(job["interruptible"], false);
        assert_eq!(job["image"]["entrypoint"], serde_json::json!([""]));
    }
    assert_eq!(
        (&first["variables"]["GIT_STRATEGY"], &second["variables"]["GIT_STRATEGY"]),
        (&"none".into(), &"fetch".into())
    );
}
