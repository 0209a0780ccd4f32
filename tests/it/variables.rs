//! Variables: those that nobody knows are warned of, and an error names what gave the value that it refuses.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory as _;
use gitops_bump::cli::Cli;
use tempfile::TempDir;

const IMAGE: &str = "--image=127.0.0.1:1/app:1";
const REPO: &str = "--repo=/nowhere/infra.git";
const HELM: &str = "--helm=values.yaml";

/// Exit code and stderr of a run in a directory of its own, which no server sees.
fn run(at: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitops-bump"));
    command.args(arguments).env_clear().current_dir(at).envs(variables.iter().copied());
    let output = command.output().expect("the binary starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

#[test]
fn a_misspelt_variable_is_warned_of_and_the_run_goes_on() {
    let scratch = scratch();
    fs::write(scratch.path().join("values.yaml"), "image: 127.0.0.1:1/app:0\n").expect("it is written");
    let set = ["set", IMAGE, HELM];
    let misspelt = ("GITOPS_BUMP_DRYRUN", "s3cret-value");
    let (code, stderr) = run(scratch.path(), &set, &[misspelt]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("warning: the variable GITOPS_BUMP_DRYRUN is not known"), "{stderr}");
    assert!(stderr.contains("GITOPS_BUMP_DRY_RUN") && !stderr.contains("s3cret"), "{stderr}");
    let written = fs::read_to_string(scratch.path().join("values.yaml")).expect("it is there");
    assert_eq!(written, "image: 127.0.0.1:1/app:1\n");
    for quiet in [&["-q"][..], &["--quiet"]] {
        let (code, stderr) = run(scratch.path(), &[&set, quiet].concat(), &[misspelt]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn every_command_that_takes_flags_warns_once() {
    let scratch = scratch();
    let misspelt = ("GITOPS_BUMP_DRYRUN", "true");
    for command in [
        &["update", REPO, HELM, IMAGE][..],
        &["check", IMAGE],
        &["set", IMAGE, HELM],
        &["status", REPO, HELM],
        &["status"],
        &["preview", "create", IMAGE],
        &["preview", "delete"],
        &["promote", "--from=a", "--to=b"],
        &["rollback"],
        &["init"],
        &["config", "validate"],
        &["config", "show"],
        &["update", "--config=gone.yml"],
    ] {
        let (_, stderr) = run(scratch.path(), command, &[misspelt]);
        assert_eq!(stderr.matches("GITOPS_BUMP_DRYRUN").count(), 1, "{command:?}: {stderr}");
    }
    for command in
        [&["completions", "bash"][..], &["man"], &["version"], &["config", "schema"], &["--version"], &["-h"]]
    {
        assert_eq!(run(scratch.path(), command, &[misspelt]), (Some(0), String::new()), "{command:?}");
    }
}

#[test]
fn what_the_config_file_names_is_known() {
    let scratch = scratch();
    let config = "images: {app: '127.0.0.1:1/app:${GITOPS_BUMP_MY_TAG}'}\n";
    fs::write(scratch.path().join(".gitops-bump.yml"), config).expect("it is written");
    let variables = [("GITOPS_BUMP_MY_TAG", "1"), ("GITOPS_BUMP_MY_TAGS", "1")];
    let (code, stderr) = run(scratch.path(), &["config", "validate"], &variables);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("GITOPS_BUMP_MY_TAGS is not known") && !stderr.contains("GITOPS_BUMP_MY_TAG "), "{stderr}");
}

#[test]
fn hundreds_of_unknown_variables_are_a_few_lines() {
    let scratch = scratch();
    let names: Vec<String> = (0..400).map(|number| format!("GITOPS_BUMP_NUMBER_{number}")).collect();
    let variables: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let (_, stderr) = run(scratch.path(), &["config", "validate", REPO, HELM], &variables);
    assert!(stderr.lines().count() < 15 && stderr.contains("390 more variables"), "{stderr}");
    let odd = ("GITOPS_BUMP_\u{1b}[31m\n\u{202e}error: forged", "x");
    let (_, stderr) = run(scratch.path(), &["config", "validate", REPO, HELM], &[odd]);
    assert!(!stderr.contains(['\u{1b}', '\u{202e}']) && !stderr.contains("\nerror: forged"), "{stderr}");
}

/// A value that a flag refuses: the command with what it needs beside it, the flag, the value.
type Refused = (&'static [&'static str], &'static str, &'static str);

const UPDATE: &[&str] = &["update", IMAGE, REPO, HELM];
const BARE: &[&str] = &["update", IMAGE];
const SIGNED: &[&str] =
    &["update", IMAGE, REPO, HELM, "--trusted-root=root.json", "--certificate-oidc-issuer=https://g.example"];
const REQUEST: &[&str] = &["update", IMAGE, REPO, HELM, "--merge-request"];
const MIRROR: &[&str] = &["update", IMAGE, REPO, HELM, "--mirror-repository=x", "--mirror-url=https://g.example/api"];
const STATUS: &[&str] = &["status", REPO, HELM];
const CREATE: &[&str] = &["preview", "create", IMAGE, REPO, "--name=x"];

const REFUSED: [Refused; 89] = [
    (&["update", REPO, HELM], "image", "!"),
    (&["check"], "image", "127.0.0.1:1/app"),
    (&["status", REPO, HELM], "image", "!"),
    (&["init", REPO], "image", "!"),
    (&["rollback", REPO, HELM], "image", "!"),
    (UPDATE, "digest-file", "gone"),
    (UPDATE, "wait", "10x"),
    (UPDATE, "platform", "linux"),
    (UPDATE, "label", "=x"),
    (UPDATE, "verify-key", "gone"),
    (SIGNED, "certificate-identity", "*"),
    (&["update", IMAGE, REPO, HELM, "--certificate-identity=x", "--trusted-root=x"], "certificate-oidc-issuer", "x"),
    (UPDATE, "trusted-root", "gone"),
    (UPDATE, "annotation", "x"),
    (UPDATE, "signed-as", "!"),
    (UPDATE, "attestation", "x"),
    (UPDATE, "deny-tag", "a/b"),
    (UPDATE, "newer-only", "perhaps"),
    (UPDATE, "environment", "../x"),
    (BARE, "config", "gone.yml"),
    (&["update", IMAGE, REPO], "helm", "values.yaml:a..b"),
    (&["update", IMAGE, REPO], "kustomize", ":x"),
    (&["update", IMAGE], "manifest", "x"),
    (UPDATE, "pin", "foo"),
    (UPDATE, "create", "perhaps"),
    (UPDATE, "any-tag", "perhaps"),
    (UPDATE, "any-repository", "perhaps"),
    (UPDATE, "changed-digest-only", "perhaps"),
    (&["update", IMAGE, HELM], "repo", "svn://x"),
    (&["check"], "repo", "svn://x"),
    (&["init"], "repo", "svn://x"),
    (UPDATE, "branch", "a..b"),
    (&["check", IMAGE], "branch", "main"),
    (&["init", REPO], "branch", "a..b"),
    (UPDATE, "ca-file", "gone"),
    (UPDATE, "plain-http", "http://x"),
    (UPDATE, "dry-run", "perhaps"),
    (UPDATE, "fail-on-unchanged", "perhaps"),
    (UPDATE, "message", "{{"),
    (UPDATE, "author", "x"),
    (UPDATE, "committer", "x"),
    (UPDATE, "sign-off", "perhaps"),
    (UPDATE, "signing-key", "gone"),
    (UPDATE, "skip-ci", "perhaps"),
    (&["update", IMAGE, REPO, HELM, "--mr-auto-merge"], "skip-ci", "true"),
    (UPDATE, "push-timeout", "10x"),
    (UPDATE, "ignore-freeze", "a\u{7}b"),
    (UPDATE, "merge-request", "perhaps"),
    (UPDATE, "forge", "x"),
    (UPDATE, "mr-wait", "10x"),
    (UPDATE, "mr-wait", "10m"),
    (UPDATE, "mr-title", "{{"),
    (UPDATE, "mr-description", "{{"),
    (REQUEST, "mr-assignee", "ada"),
    (REQUEST, "mr-reviewer", "ada"),
    (REQUEST, "mr-branch", "a..b"),
    (UPDATE, "mr-auto-merge", "perhaps"),
    (UPDATE, "mr-remove-source-branch", "perhaps"),
    (UPDATE, "mr-draft", "perhaps"),
    (&["check"], "report-dotenv", "/nowhere/x"),
    (&["check"], "report-json", "/nowhere/x"),
    (&["check"], "report-annotations", "/nowhere/x"),
    (&["check"], "report-markdown", "/nowhere/x"),
    (UPDATE, "hold", "a\u{7}b"),
    (&["update", IMAGE, REPO, HELM, "--release-hold"], "hold", "broken"),
    (UPDATE, "release-hold", "perhaps"),
    (MIRROR, "mirror-project-id", "../x"),
    (UPDATE, "mirror-repository", "x"),
    (&["update", IMAGE, REPO, HELM, "--mirror-repository=x", "--mirror-project-id=1"], "mirror-url", "x"),
    (UPDATE, "mirror", "x"),
    (UPDATE, "mirror-copy", "svn://x"),
    (UPDATE, "argocd-server", "https://u:p@x"),
    (UPDATE, "argocd-app", "x"),
    (UPDATE, "argocd-selector", "x"),
    (UPDATE, "argocd-timeout", "10x"),
    (UPDATE, "wait-status-timeout", "10x"),
    (UPDATE, "gitlab-deployment", "true"),
    (UPDATE, "color", "x"),
    (&["promote", "--to=b"], "from", "../x"),
    (&["promote", "--from=b"], "to", "../x"),
    (&["promote", REPO, "--helm=<env>.yaml", "--from=a", "--to=b"], "require-live", "true"),
    (&["rollback", REPO, HELM], "steps", "0"),
    (&["rollback", REPO, HELM, "--steps=1"], "to", "1"),
    (STATUS, "history", "501"),
    (STATUS, "offline", "perhaps"),
    (STATUS, "format", "x"),
    (&["preview", "create", IMAGE, REPO, "--name=x", "--to=<name>/x"], "template", "/x"),
    (CREATE, "to", "x"),
    (&["preview", "delete", "--to=<name>/x", REPO], "name", "A b"),
];

/// Flags whose every value is taken as far as no server is asked, and those that take any number.
const NEVER_REFUSED: [&str; 6] = ["mr-label", "wait-status", "quiet", "verbose", "output", "help"];

#[test]
fn every_error_names_what_gave_the_value() {
    let scratch = scratch();
    fs::write(scratch.path().join("root.json"), "{}").expect("it is written");
    let others = [("CI_API_V4_URL", "https://g.example/api/v4"), ("GIT_MIRROR_TOKEN", "x"), ("ARGOCD_AUTH_TOKEN", "x")];
    let mut wrong = Vec::new();
    for (number, (command, flag, value)) in REFUSED.into_iter().enumerate() {
        let name = flag.to_ascii_uppercase().replace('-', "_");
        let form = ["GITOPS_BUMP_", "GITOPS_BUMP_INPUT_"][number % 2];
        let variable = format!("{form}{name}");
        let environment = [&others[..], &[(variable.as_str(), value)]].concat();
        let (code, stderr) = run(scratch.path(), command, &environment);
        let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        let dashed = format!("--{flag}");
        let names_flag = |line: &&str| line.split(&*dashed).skip(1).any(|rest| !rest.starts_with('-'));
        let is_named = errors.iter().any(|line| line.contains(&variable)) && !errors.iter().any(names_flag);
        if !matches!(code, Some(2 | 3)) || !is_named {
            wrong.push(format!("{command:?} {variable}={value}: {code:?} {stderr}"));
        }

        let given = format!("--{flag}={value}");
        let (_, stderr) = run(scratch.path(), &[command, &[given.as_str()]].concat(), &others);
        let is_named = stderr.lines().any(|line| line.starts_with("error: ") && line.contains(&dashed));
        if !is_named || stderr.contains(&variable) {
            wrong.push(format!("{command:?} {given}: {stderr}"));
        }
    }
    assert!(wrong.is_empty(), "{} errors do not name what gave the value:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_flag_that_can_be_refused_is_among_them() {
    fn flags(command: &clap::Command, all: &mut BTreeSet<String>) {
        all.extend(command.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned));
        command.get_subcommands().for_each(|inner| flags(inner, all));
    }
    let mut all = BTreeSet::new();
    flags(&Cli::command(), &mut all);
    let tried: BTreeSet<&str> = REFUSED.iter().map(|(_, flag, _)| *flag).chain(NEVER_REFUSED).collect();
    let untried: Vec<_> = all.iter().filter(|flag| !tried.contains(flag.as_str())).collect();
    assert!(untried.is_empty() && all.len() > 70, "no value that these refuse is tried: {untried:?}");
}

#[test]
fn a_value_of_the_config_file_is_named_by_its_key() {
    const REPOSITORY: &str =
        "images: {app: '127.0.0.1:1/app:1'}\nrepositories: [{url: /nowhere/infra.git, helm: [{file: v.yaml}]}]\n";
    let scratch = scratch();
    let file = scratch.path().join(".gitops-bump.yml");
    for (text, key) in [
        ("wait: 10x", "wait"),
        ("author: x", "author"),
        ("committer: x", "committer"),
        ("message: '{{'", "message"),
        ("signing_key: gone", "signing_key"),
        ("environment: ../x", "environment"),
        ("environments: ['']", "environments"),
        ("require: {platforms: [linux]}", "require.platforms"),
        ("require: {labels: {'': x}}", "require.labels"),
        ("require: {annotations: {team: shop}}", "require.annotations"),
        ("require: {attestations: [spdx]}", "require.attestations"),
        ("require: {attestations: [x], verify_keys: [k]}", "require.attestations"),
        ("require: {signed_as: ['!']}", "require.signed_as"),
        ("require: {deny_tags: ['a/b']}", "require.deny_tags"),
        ("require: {trusted_root: gone}", "require.trusted_root"),
        ("require: {verify_keys: [gone]}", "require.verify_keys"),
        ("require: {digest_files: [gone]}", "require.digest_files"),
        ("freeze: [{cron: x, for: 1h}]", "freeze"),
        ("preview: {replace: {x: y}}", "preview.replace"),
    ] {
        fs::write(&file, format!("{REPOSITORY}{text}\n")).expect("it is written");
        let (code, stderr) = run(scratch.path(), &["update"], &[]);
        assert!(matches!(code, Some(2 | 3)), "{text}: {code:?} {stderr}");
        let line = stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        assert!(line.contains(&format!("config key {key}")) && !line.contains(&format!("--{key}")), "{text}: {stderr}");
    }
    for (text, key) in [
        ("images: {app: '!'}", "images.app"),
        ("images: {app: 'r.example.com/app'}", "images.app"),
        ("images: {app: 'r/a:1'}\nrepositories: [{url: 'svn://x', helm: [{file: v}]}]", "repositories.url"),
        ("images: {app: 'r/a:1'}\nrepositories: [{url: /x, branch: a..b, helm: [{file: v}]}]", "repositories.branch"),
        ("images: {app: 'r/a:1'}\nrepositories: [{url: /x, helm: [{file: v, path: a..b}]}]", "helm.path"),
        ("images: {app: 'r/a:1'}\nrepositories: [{url: /x, helm: [{file: ''}]}]", "helm.file"),
    ] {
        fs::write(&file, text).expect("it is written");
        let (code, stderr) = run(scratch.path(), &["update"], &[]);
        assert_eq!(code, Some(3), "{text}: {stderr}");
        assert!(stderr.contains(&format!("config key {key}")), "{text}: {stderr}");
    }
}

#[test]
fn values_that_commas_join_are_told_how_to_be_separated() {
    let scratch = scratch();
    let joined = [("GITOPS_BUMP_PLATFORM", "linux/amd64,linux/arm64")];
    let (code, stderr) = run(scratch.path(), UPDATE, &joined);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("GITOPS_BUMP_PLATFORM") && stderr.contains("spaces or lines"), "{stderr}");
    let (code, stderr) = run(scratch.path(), &["check", "--image=127.0.0.1:1/a:1,127.0.0.1:1/b:2"], &[]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("--image") && stderr.contains("repeat --image"), "{stderr}");
}

#[test]
fn a_report_names_the_variable_too() {
    let scratch = scratch();
    let variables = [("GITOPS_BUMP_AUTHOR", "x")];
    run(scratch.path(), &[UPDATE, &["--report-json=report.json"]].concat(), &variables);
    let report = fs::read_to_string(scratch.path().join("report.json")).expect("a report");
    assert!(report.contains("GITOPS_BUMP_AUTHOR: ") && !report.contains("--author"), "{report}");
}
