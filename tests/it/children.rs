//! Programs that the binary starts: what they see of the environment, and that none of them outlives the run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::samples::values;
use crate::world::{Bump, Repository, World, output_of, write};

/// Variables with secrets, whatever they are for. Only a credential helper sees a cloud's.
const SECRETS: [&str; 16] = [
    "GITOPS_BUMP_GIT_TOKEN_INFRA",
    "GITOPS_BUMP_FORGE_TOKEN",
    "GITOPS_BUMP_GITLAB_TOKEN",
    "GITOPS_BUMP_MIRROR_TOKEN",
    "GIT_MIRROR_TOKEN",
    "ARGOCD_AUTH_TOKEN",
    "CI_JOB_TOKEN",
    "CI_REGISTRY_PASSWORD",
    "HARBOR_PASSWORD",
    "NPM_TOKEN",
    "DATABASE_PASSWORD",
    "CLIENT_SECRET",
    "COSIGN_PRIVATE_KEY",
    "DEPLOY_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "CI_REPOSITORY_URL",
];

const PLAIN: [&str; 3] = ["CI_COMMIT_SHA", "HTTP_TIMEOUT", "AWS_REGION"];

/// What the job's token is, and what holds it.
const JOB_TOKEN: &str = "canary-9876543210";

/// Sets every variable with a secret, and a few without.
fn with_secrets(bump: Bump) -> Bump {
    let bump = SECRETS.iter().fold(bump, |bump, name| bump.env(name, format!("canary-{name}")));
    let bump = bump.env("CI_JOB_TOKEN", JOB_TOKEN).env("CI_REGISTRY_USER", "user").env("CI_REGISTRY", "r.example.com");
    let bump =
        bump.env("CI_REPOSITORY_URL", format!("https://gitlab-ci-token:{JOB_TOKEN}@git.example.com/shop/app.git"));
    PLAIN.iter().fold(bump, |bump, name| bump.env(name, "plain"))
}

/// Panics unless an environment that a program wrote down has what is plain and, of the secrets, only these.
#[track_caller]
fn assert_clean(who: &str, environment: &str, seen: &[&str]) {
    let names: Vec<&str> = environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    for name in PLAIN.iter().chain(seen).chain(&["PATH", "HOME"]) {
        assert!(names.contains(name), "{who} does not see {name}:\n{environment}");
    }
    let others = SECRETS.iter().chain(&["GITOPS_BUMP_GIT_TOKEN"]).filter(|name| !seen.contains(name));
    let leaked: Vec<_> = others.filter(|name| names.contains(name)).collect();
    assert!(leaked.is_empty(), "{who} sees {leaked:?}");
    let canaries = environment.lines().filter(|line| line.contains("canary-")).count();
    assert_eq!(canaries, seen.len(), "{who} sees a secret:\n{environment}");
}

fn executable(world: &World, name: &str, script: &str) -> PathBuf {
    let file = write(world.scratch(), name, format!("#!/bin/sh\n{script}\n").as_bytes());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    file
}

/// A run that asks the helper `docker-credential-spy` for the private registry's credentials.
fn asking_helper(world: &World, script: &str) -> Bump {
    let image = world.push_private("team/app", "1");
    let helper = executable(world, "bin/docker-credential-spy", script);
    write(world.scratch(), "home/.docker/config.json", br#"{"credsStore": "spy"}"#);
    let path = format!("{}:/usr/bin:/bin", helper.parent().expect("a directory").display());
    world.bump(["check", "--image", &image]).env("PATH", path)
}

/// A repository on the disk with hooks and settings that each leave a trace, and the directory of the traces.
fn haunted(world: &World) -> (Repository, PathBuf) {
    let traces = world.scratch().join("traces");
    fs::create_dir(&traces).expect("the scratch directory is ours");
    let directory = world.work().join("infra");
    output_of(Command::new("git").args(["init", "-q", "--initial-branch=main"]).arg(&directory));
    let infra = Repository::at(&directory.join(".git"));
    infra.commit("main", "first", &[("values.yaml", values(&world.repository("team/app"), "1"))]);
    output_of(Command::new("git").args(["reset", "-q", "--hard", "main"]).current_dir(&directory));
    let trace = |name: &str| executable(world, name, &format!("env > '{}'", traces.join(name).display()));
    for hook in ["pre-receive", "update", "post-receive", "post-update", "reference-transaction", "push-to-checkout"] {
        let script = format!("#!/bin/sh\nenv > '{}'\n", traces.join(hook).display());
        let file = write(&directory, &format!(".git/hooks/{hook}"), script.as_bytes());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    }
    let other = world.scratch().join("other.git");
    output_of(Command::new("git").args(["clone", "-q", "--bare"]).arg(&directory).arg(&other));
    write(&directory, ".git/objects/info/alternates", format!("{}/objects\n", other.display()).as_bytes());
    let settings = [
        ("core.fsmonitor", trace("fsmonitor").display().to_string()),
        ("core.alternateRefsCommand", trace("alternates").display().to_string()),
        ("core.sshCommand", trace("ssh").display().to_string()),
        ("uploadpack.packObjectsHook", trace("pack-objects").display().to_string()),
        ("filter.ghost.smudge", trace("smudge").display().to_string()),
        ("receive.denyCurrentBranch", "updateInstead".to_owned()),
        ("receive.procReceiveRefs", "refs/for".to_owned()),
        ("protocol.ext.allow", "always".to_owned()),
        ("remote.ghost.url", format!("ext::{}", trace("promisor").display())),
        ("remote.ghost.promisor", "true".to_owned()),
        ("gc.auto", "1".to_owned()),
        ("gpg.program", trace("gpg").display().to_string()),
    ];
    for (name, value) in settings {
        output_of(Command::new("git").args(["config", name, &value]).current_dir(&directory));
    }
    write(&directory, ".git/info/attributes", b"* filter=ghost\n");
    (infra, traces)
}

fn traces(directory: &PathBuf) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory is ours");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("it stays").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn ssh_sees_no_secret() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let ssh = executable(&world, "ssh", "env > seen; echo 'Permission denied' >&2; exit 255");
    let arguments = ["update", "--image", &image, "--repo", "git@127.0.0.1:shop/infra.git", "--helm", "values.yaml"];
    for name in ["GIT_SSH_COMMAND", "GIT_SSH"] {
        let update = with_secrets(world.bump(arguments)).env(name, ssh.to_str().expect("a plain path"));
        update.env("GIT_SSH_VARIANT", "ssh").run().exits(8);
        assert_clean(name, &world.read("seen"), &[]);
    }
}

#[test]
fn a_credential_helper_sees_the_clouds_secrets_alone() {
    let world = World::new();
    let script = "env > seen; echo 'credentials not found in native keychain'; exit 1";
    with_secrets(asking_helper(&world, script)).run().exits(7);
    assert_clean("the helper", &world.read("seen"), &["AWS_SECRET_ACCESS_KEY"]);
}

#[test]
fn hooks_run_where_the_user_named_the_repository_and_see_no_secret() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let (infra, seen) = haunted(&world);
    infra.make_bare();
    let arguments = ["update", "--image", &image, "--repo", "./infra", "--helm", "values.yaml"];
    with_secrets(world.bump(arguments)).run().exits(0);
    for hook in ["pre-receive", "update", "post-receive", "post-update"] {
        let environment = fs::read_to_string(seen.join(hook)).expect("the hook ran");
        assert_clean(hook, &environment, &[]);
    }
}

#[test]
fn nothing_runs_of_a_local_repository_that_the_config_file_names() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let (infra, seen) = haunted(&world);
    let config = format!(
        "images: {{app: '{image}'}}\nrepositories:\n  - {{url: ./infra, branch: main, helm: [{{file: values.yaml}}]}}\n"
    );
    world.write("bump.yaml", config);
    let run = |command: &str| world.bump([command, "--config", "bump.yaml"]).run();
    run("status").exits(0);
    // A branch that is checked out is not pushed to: writing its files would run filters.
    run("update").exits(8).says("refus");
    assert_eq!(traces(&seen), Vec::<String>::new());
    infra.make_bare();
    run("update").exits(0);
    assert_eq!(infra.commits("main"), 2);
    assert_eq!(infra.file("main", "values.yaml"), values(&world.repository("team/app"), "2"));
    assert_eq!(traces(&seen), Vec::<String>::new());
}

#[test]
fn variables_of_git_do_not_lead_to_another_repository() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let (infra, _) = haunted(&world);
    infra.make_bare();
    let other = world.scratch().join("other.git");
    let arguments = ["update", "--image", &image, "--repo", "./infra", "--helm", "values.yaml"];
    let elsewhere = other.to_str().expect("a plain path");
    let trace = world.scratch().join("trace");
    let update =
        ["GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE", "GIT_TRACE2", "GIT_TRACE_SETUP"]
            .iter()
            .fold(world.bump(arguments), |bump, name| {
                bump.env(name, if name.contains("TRACE") { trace.to_str().expect("a plain path") } else { elsewhere })
            });
    let update =
        update.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "core.bare").env("GIT_CONFIG_VALUE_0", "x");
    update.env("GIT_NAMESPACE", "nowhere").run().exits(0);
    assert_eq!((infra.commits("main"), Repository::at(&other).commits("main")), (2, 1));
    assert!(!trace.exists(), "Git wrote down what was said");
}

#[test]
fn a_helper_that_says_too_much_or_nothing_is_ended() {
    let world = World::new();
    let endless = asking_helper(&world, "exec yes").run().exits(3);
    assert!(endless.took < Duration::from_secs(10), "{endless}");

    // It stays, with what it has started, and holds its output open.
    let hung = asking_helper(&world, "sleep 300 & echo $! > started; wait").run().exits(3);
    assert!(hung.took > Duration::from_secs(15) && hung.took < Duration::from_secs(30), "{hung}");
    hung.says("no answer within 20 s");
    assert_ends(world.read("started").trim());
}

/// Panics unless a process ends, or has ended.
#[track_caller]
pub(crate) fn assert_ends(id: &str) {
    assert!(!id.is_empty(), "it was not started");
    let asked = Instant::now();
    let state = || fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    while !matches!(state().rsplit(") ").next().and_then(|rest| rest.chars().next()), None | Some('Z' | 'X')) {
        assert!(asked.elapsed() < Duration::from_secs(2), "process {id} goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts a run, waits until it is where it should be, sends it a signal and waits for its end: one second at most, with
/// exit code 1 and nothing left behind.
#[track_caller]
pub(crate) fn interrupt(bump: Bump, signal: &str, is_there: impl Fn() -> bool) {
    let mut command = bump.into_command();
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = output.spawn().expect("the binary can be started");
    let started = Instant::now();
    while !is_there() {
        assert!(started.elapsed() < Duration::from_mins(1), "the run did not get there");
        assert!(child.try_wait().expect("the child is ours").is_none(), "the run ended before");
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = Instant::now();
    output_of(Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()));
    let id = child.id();
    let ended = child.wait_with_output().expect("the child is ours");
    let (took, words) = (told.elapsed(), String::from_utf8_lossy(&ended.stderr).into_owned());
    assert!(took < Duration::from_secs(1), "SIG{signal}: it ended after {took:?}: {words}");
    assert_eq!(ended.status.code(), Some(1), "{words}");
    assert!(words.contains(&format!("SIG{signal}")), "{words}");
    assert!(crate::world::copies_of(id).is_empty());
}
