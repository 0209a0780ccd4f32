//! What GitLab checks of the component's inputs before a job starts, and what the job gets of them that are no variables.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::component_surface::{COMPONENTS, OF_THE_JOB, inputs};
use crate::world::{Executor, Project, World, check_gitlab_ci, output_of};

const COMPONENT: &str = "$CI_SERVER_FQDN/gitops-bump/gitops-bump/gitops-bump@0.1.0";

/// A pipeline that includes the component once for each of these lines of inputs.
fn pipeline(components: &[&str]) -> String {
    let mut text = String::from("stages: [deploy]\ninclude:\n");
    for (number, inputs) in components.iter().enumerate() {
        let name = if inputs.contains("job-name") { String::new() } else { format!("job-name: job-{number}, ") };
        writeln!(text, "  - component: {COMPONENT}\n    inputs: {{{name}{inputs}}}").expect("a string can be written");
    }
    text
}

#[test]
fn a_value_that_cannot_be_right_is_refused_before_a_job_starts() {
    let world = World::new();
    let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", "")]);
    for (inputs, words) in [
        ("wait: '10'", "does not match required regex"),
        ("push-timeout: soon", "does not match required regex"),
        ("mr-wait: 1h or so", "does not match required regex"),
        ("argocd-timeout: -5m", "does not match required regex"),
        ("wait-status-timeout: m5", "does not match required regex"),
        ("job-name: .hidden", "does not match required regex"),
        ("id-tokens: [sigstore], id-token-name: SIGSTORE-ID-TOKEN", "does not match required regex"),
        ("id-tokens: sigstore", "provided value is not a array"),
        ("verbose: 3", "not in the list of allowed options"),
        ("pin: tags", "not in the list of allowed options"),
    ] {
        project.commit(".gitlab-ci.yml", &pipeline(&[inputs]));
        let said = project.refused();
        let name = inputs.rsplit(", ").next().and_then(|input| input.split(':').next()).expect("an input has a name");
        assert!(said.contains(words) && said.contains(name), "{inputs}: {said}");
    }
}

#[test]
fn every_documented_value_is_taken() {
    let world = World::new();
    let inputs = inputs("templates/gitops-bump.yml");
    let options = |input: &Value| input["options"].as_array().cloned().unwrap_or_default();
    let most = inputs.values().map(|input| options(input).len()).max().unwrap_or_default();
    assert!(most > 4, "{most}");
    let mut components: Vec<String> = Vec::new();
    for number in 0..most {
        let nth = |(name, input): (&String, &Value)| Some(format!(", {name}: {}", options(input).get(number)?));
        let values: String = inputs.iter().filter_map(nth).collect();
        components.push(format!("deployment: true, environment: prod{values}"));
    }
    for duration in ["", "0", "10m", "1h 30m", "1.5h", "90 seconds", "500ms", "$WAIT", "${HOURS}h", "10m\n"] {
        let names = ["wait", "mr-wait", "argocd-timeout", "wait-status-timeout", "push-timeout"];
        components.push(names.map(|name| format!("{name}: {}", json!(duration))).join(", "));
    }
    components.push("job-name: 'deploy: prod, second half'".to_owned());
    let components: Vec<_> = components.iter().map(String::as_str).collect();
    let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", &pipeline(&components))]);

    let expanded: Value = serde_yaml::from_str(&project.expanded()).expect("YAML");

    let jobs = expanded.as_object().expect("a mapping").keys().filter(|name| name.starts_with("job-"));
    assert_eq!(jobs.count(), components.len() - 1);
    assert!(expanded.get("deploy: prod, second half").is_some());
}

#[test]
fn a_pattern_refuses_no_variable() {
    for (component, command) in COMPONENTS {
        let help = output_of(Command::new(env!("CARGO_BIN_EXE_gitops-bump")).args([command, "--help"]).env_clear());
        let help = String::from_utf8(help).expect("help is text");
        let durations = help.lines().filter_map(|line| line.trim().strip_suffix(" <DURATION>")?.strip_prefix("--"));
        let durations: BTreeSet<String> = durations.map(str::to_owned).collect();
        assert!(durations.len() == 5, "{durations:?}");
        let of_variables = inputs(component).into_iter().filter(|(name, _)| !OF_THE_JOB.contains(&name.as_str()));
        let patterns = of_variables.filter(|(_, input)| input.get("regex").is_some());
        let (names, patterns): (BTreeSet<_>, BTreeSet<_>) =
            patterns.map(|(name, input)| (name, input["regex"].as_str().map(str::to_owned))).unzip();
        assert_eq!(names, durations, "{component}: of what goes into a variable only durations have a pattern");
        assert!(
            patterns.len() == 1
                && patterns.first().is_some_and(|one| one.as_deref().is_some_and(|one| one.contains(r"|\$|")))
        );
    }
}

#[test]
fn the_job_has_an_id_token_when_an_audience_is_named() {
    let world = World::new();
    let pipeline = pipeline(&[
        "id-tokens: ['https://vault.example.com']",
        "id-tokens: [sigstore, $VAULT_URL], id-token-name: SIGSTORE_ID_TOKEN, deployment: true, environment: prod",
        "image: $IMAGE",
    ]);
    let promote = "  - component: $CI_SERVER_FQDN/gitops-bump/gitops-bump/promote@0.1.0\n    inputs: {from: a, to: b, id-tokens: [sigstore]}\n";
    // What the input has no place for is added to the job under its name.
    let more = "job-0: {id_tokens: {AWS_ID_TOKEN: {aud: sts.amazonaws.com}}}\n";
    let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", &(pipeline + promote + more))]);

    let expanded = world.write("expanded.yml", project.expanded());

    check_gitlab_ci(&[&expanded]);
    let expanded: Value = serde_yaml::from_str(&world.read("expanded.yml")).expect("YAML");
    let tokens = |job: &str| expanded[job]["id_tokens"].clone();
    let vault = json!({ "aud": ["https://vault.example.com"] });
    assert_eq!(tokens("job-0"), json!({ "VAULT_ID_TOKEN": vault, "AWS_ID_TOKEN": { "aud": "sts.amazonaws.com" } }));
    assert_eq!(tokens("job-1"), json!({ "SIGSTORE_ID_TOKEN": { "aud": ["sigstore", "$VAULT_URL"] } }));
    assert_eq!(tokens("job-2"), Value::Null);
    assert_eq!(tokens("promote"), json!({ "VAULT_ID_TOKEN": { "aud": ["sigstore"] } }));
}
