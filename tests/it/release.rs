//! What is released is what the pipeline of its tag built and tested; nothing that a merge request can write is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::images::{Images, ORDINARY, digest, payload};
use crate::world::{
    Executor, Project, World, check_gitlab_ci, copied_script, openssl, output_of, own, path_with, said, sign,
    skopeo_home,
};

/// Keeps how it was called, and says a digest as buildx does.
const DOCKER: &str = r#"#!/bin/sh
set -eu
echo "$@" >>"$TEST_CALLS"
while [ "$1" != --metadata-file ]; do shift; done
printf '{\n  "buildx.build.ref": "ci/a/b",\n  "containerimage.digest": "%s"\n}' "$TEST_DIGEST" >"$2"
"#;

#[test]
fn an_image_is_pushed_from_nothing_unless_a_cache_is_named_and_says_its_digest() {
    let world = World::new();
    let (path, calls) = (path_with(&world, "docker", DOCKER), world.write("calls", ""));
    let push = |digest: &str, cache: &[&str]| {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/image"));
        script.args(["--push", "r.example.com/tool/release:1"]).args(cache).env("PATH", &path);
        script.env("TEST_CALLS", &calls).env("TEST_DIGEST", digest).output().expect("it starts")
    };
    let digest = format!("sha256:{}", "a".repeat(64));

    let pushed = push(&digest, &[]);
    assert_eq!(String::from_utf8_lossy(&pushed.stdout), format!("digest={digest}\n"), "{}", said(&pushed));
    let call = world.read("calls");
    assert!(call.contains(" --no-cache ") && !call.contains("cache-from") && !call.contains("cache-to"), "{call}");

    push(&digest, &["--cache", "r.example.com/tool/branch:cache"]);
    let call = world.read("calls").lines().nth(1).expect("there was a second call").to_owned();
    assert!(call.contains("ref=r.example.com/tool/branch:cache") && !call.contains(" --no-cache "), "{call}");

    let silent = push("", &[]);
    assert!(!silent.status.success() && said(&silent).contains("says no digest"), "{}", said(&silent));
}

/// Keeps how it was called.
const COSIGN: &str = r#"#!/bin/sh
set -eu
echo "$@" >>"$TEST_CALLS"
"#;

#[test]
fn a_release_is_what_its_own_pipeline_built_whatever_its_tag_means_by_then() {
    let world = World::new();
    let registry = &world.servers().registry;
    let (built, released) = (format!("{registry}/supply/tool/release"), format!("{registry}/supply/tool"));
    let tested = Images::at(&built).index("c0ffee", ["c0ffee", "c0ffee"]);
    // A pipeline of a merge request may push to every repository of the project.
    Images::at(&built).image("c0ffee", ORDINARY);
    let script = copied_script(&world, "scripts/release");
    world.write("Cargo.toml", "version = \"0.1.0\"\n");
    let (path, calls) = (path_with(&world, "cosign", COSIGN), world.write("calls", ""));
    let release = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = Command::new(&script);
        command.args(arguments).env("PATH", &path).env("TEST_CALLS", &calls).envs(variables.iter().copied());
        command.env("HOME", skopeo_home(&world)).output().expect("it starts")
    };
    let from = format!("{built}@{}", tested.digest);
    let key = [("COSIGN_PRIVATE_KEY", "-----BEGIN"), ("COSIGN_PUBLIC_KEY", "-----BEGIN")];

    for (arguments, variables, words) in [
        (&["sign", "0.1.0", &format!("{built}:c0ffee"), &released][..], &key[..], "no image by digest"),
        (&["sign", "0.1.0", &from, &released], &[], "nothing to sign with"),
        (&["sign", "0.1.0", &from, &released], &key[..1], "COSIGN_PUBLIC_KEY"),
        (&["publish", "0.1.0", &format!("{released}:candidate-0.1.0")], &[], "no image by digest"),
        (&["publish", "0.2.0", &from], &[], "another version"),
    ] {
        let output = release(arguments, variables);
        assert!(!output.status.success() && said(&output).contains(words), "{arguments:?}: {}", said(&output));
    }
    assert_eq!(world.read("calls"), "");

    let signed = release(&["sign", "0.1.0", &from, &released], &key);
    assert!(signed.status.success(), "{}", said(&signed));
    let keyless = release(&["sign", "0.1.0", &from, &released], &[("SIGSTORE_ID_TOKEN", "eyJ")]);
    assert!(keyless.status.success(), "{}", said(&keyless));
    let call = format!("{released}@{}", tested.digest);
    let by_key = format!("sign --yes --key env://COSIGN_PRIVATE_KEY --tlog-upload=false {call}\n");
    assert_eq!(world.read("calls"), format!("{by_key}sign --yes {call}\n"));

    let published = release(&["publish", "0.1.0", &call], &[]);
    assert!(published.status.success(), "{}", said(&published));
    let mut inspect = Command::new("skopeo");
    inspect.args(["inspect", "--raw", "--tls-verify=false"]).arg(format!("docker://{released}:0.1.0"));
    assert_eq!(digest(&output_of(&mut inspect)), tested.digest);

    // A second pipeline of the tag builds another image; the job that runs again has the same one.
    let rebuilt = Images::at(&released).image("candidate-0.1.0", ORDINARY).digest;
    let rebuilt = format!("{released}@{rebuilt}");
    for arguments in [&["publish", "0.1.0", &rebuilt][..], &["sign", "0.1.0", &rebuilt, &released]] {
        let output = release(arguments, &key);
        assert!(!output.status.success() && said(&output).contains("released already"), "{}", said(&output));
    }
    assert_eq!(world.read("calls").lines().count(), 2);
    assert_eq!(digest(&output_of(&mut inspect)), tested.digest);
    let again = release(&["publish", "0.1.0", &call], &[]);
    assert!(again.status.success(), "{}", said(&again));
}

#[test]
fn a_version_is_prepared_wherever_it_stands() {
    let world = World::new();
    let script = copied_script(&world, "scripts/release");
    let prepare = |version: &str| {
        let output = Command::new(&script).args(["prepare", version]).output().expect("it starts");
        (output.status.success(), said(&output))
    };
    let package = |version: &str| format!("[[package]]\nname = \"gitops-bump\"\nversion = \"{version}\"\n");
    let foreign = "[[package]]\nname = \"other\"\nversion = \"1.4.1\"\n";
    let page = |version: &str| {
        format!("`git tag --annotate {version} --message 'gitops-bump {version}'`, gitops-bump/gitops-bump@{version}\n")
            + "The image shop/api:1.4.1 of a user, 127.1.4.1\n"
    };
    let log =
        |new: &str| format!("# Changelog\n\n## [Unreleased]\n{new}\n## [1.4.1] - 2026-01-01\n\nThe former one.\n");
    world.write("Cargo.toml", "[package]\nversion = \"1.4.1\"\n");
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        world.write(lock, foreign.to_owned() + &package("1.4.1"));
    }
    let pages =
        ["README.md", "docs/installation.md", "ci/job.yml", "examples/one/.gitlab-ci.yml", "tests/it/component.rs"];
    for name in pages {
        world.write(name, page("1.4.1"));
    }

    world.write("CHANGELOG.md", log(""));
    let (done, words) = prepare("1.5.0");
    assert!(!done && words.contains("[Unreleased], or nothing in it"), "{words}");
    assert_eq!(world.read("README.md"), page("1.4.1"));

    world.write("CHANGELOG.md", log("\n- A repair.\n"));
    let (done, words) = prepare("1.4.1");
    assert!(!done && words.contains("has this version already"), "{words}");
    let (done, words) = prepare("1.5.0");
    assert!(done, "{words}");
    assert_eq!(world.read("Cargo.toml"), "[package]\nversion = \"1.5.0\"\n");
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        assert_eq!(world.read(lock), foreign.to_owned() + &package("1.5.0"));
    }
    for name in pages {
        assert_eq!(world.read(name), page("1.5.0"), "{name}");
    }
    let changes = world.read("CHANGELOG.md");
    assert!(changes.contains("## [Unreleased]\n\n## [1.5.0] - 20"), "{changes}");
    let notes = Command::new(&script).args(["notes", "1.5.0"]).output().expect("it starts");
    assert_eq!(said(&notes), "- A repair.\n");
}

#[test]
fn the_gate_lets_through_only_what_the_release_signed() {
    let world = World::new();
    let repository = format!("{}/supply/gate", world.servers().registry);
    let images = Images::at(&repository);
    let built = images.index("candidate-0.1.0", ["c0ffee", "c0ffee"]);
    let own: Value = serde_yaml::from_str(&own(".gitlab-ci.yml")).expect("YAML");
    let public = world.work().join("key.pub").display().to_string();
    let gate = |revision: &str| {
        let variables = own["gate"]["variables"].as_object().expect("a mapping").iter();
        let variables = variables.filter(|(name, _)| name.starts_with("GITOPS_BUMP_"));
        let mut check = world.bump(["check"]);
        for (name, value) in variables {
            let value = value.as_str().expect("a text").replace("$CI_REGISTRY_IMAGE", &repository);
            let value = value.replace("$CI_COMMIT_TAG", "0.1.0").replace("$IMAGE_DIGEST", &built.digest);
            let value = value.replace("$CI_COMMIT_SHA", revision).replace("$COSIGN_PUBLIC_KEY", &public);
            check = check.env(name, value);
        }
        check.run()
    };
    let key = |name: &str| {
        let arguments = format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out {name}");
        openssl(&world, &arguments.split(' ').collect::<Vec<_>>());
    };
    key("other.pem");
    openssl(&world, &["pkey", "-in", "other.pem", "-pubout", "-out", "key.pub"]);
    key("key.pem");
    let text = payload(&repository, &built.digest);
    images.signature(&built.digest, &text, &sign(&world, text.as_bytes()));

    gate("c0ffee").exits(9).says("sign");
    openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
    gate("another").exits(9).says("revision");
    let run = gate("c0ffee").exits(0);
    assert_eq!(run.stdout.trim_end(), format!("{repository}:candidate-0.1.0@{}", built.digest));
}

/// The project's own pipeline with the component and everything extended.
fn expanded(world: &World) -> Value {
    let files = [
        ".gitlab-ci.yml",
        "templates/gitops-bump.yml",
        "ci/gitops-bump-job.yml",
        "ci/gitops-bump-environment.yml",
        "ci/gitops-bump-environment-unset.yml",
    ]
    .map(|name| (name, own(name)));
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let project = Project::new(world, Executor::Shell, &files);
    let file = world.write("expanded.yml", project.expanded());
    check_gitlab_ci(&[&file]);
    serde_yaml::from_str(&world.read("expanded.yml")).expect("YAML")
}

#[test]
fn nothing_that_a_merge_request_can_write_is_in_a_release() {
    let world = World::new();
    let pipeline = expanded(&world);
    let own: Value = serde_yaml::from_str(&own(".gitlab-ci.yml")).expect("YAML");
    assert_eq!(own[".cached"]["cache"]["unprotect"], false, "protected refs share their cache");
    let kinds = own["workflow"]["rules"].as_array().expect("the workflow has rules");
    let [tag, merge_request, branch] = &kinds[..] else { panic!("{kinds:?}") };
    let condition = tag["if"].as_str().expect("a text");
    assert!(
        condition.contains("$CI_COMMIT_TAG =~") && condition.contains("&& $CI_COMMIT_REF_PROTECTED == \"true\""),
        "{condition}"
    );
    for key in ["IMAGE_REPOSITORY", "IMAGE_CACHE", "CACHE_KEY"] {
        let values: BTreeSet<_> = [tag, merge_request, branch].map(|kind| kind["variables"][key].to_string()).into();
        assert_eq!(values.len(), 3, "{key} is the same for two kinds of pipelines: {values:?}");
    }
    assert!(tag["variables"].get("IMAGE_CACHE").is_none() && tag["variables"].get("CACHE_KEY").is_none(), "{tag}");

    let jobs = pipeline.as_object().expect("a mapping").iter();
    let jobs: BTreeMap<&String, &Value> =
        jobs.filter(|(name, job)| !name.starts_with('.') && job.get("script").is_some()).collect();
    assert!(jobs.len() > 10, "{:?}", jobs.keys());
    let alone = |job: &Value| {
        job["rules"].as_array().is_some_and(|rules| {
            rules.iter().all(|rule| rule["if"].as_str().is_some_and(|text| text.starts_with("$CI_COMMIT_TAG")))
        })
    };
    for (name, job) in &jobs {
        let first = &job["rules"][0];
        let never_a_release = first["if"] == "$CI_COMMIT_TAG" && first["when"] == "never";
        let caches = |job: &Value| job["cache"].as_array().is_none_or(|caches| !caches.is_empty());
        assert!(never_a_release || job.get("cache").is_none() || !caches(job), "{name} takes a cache into a release");
        let text = job.to_string();
        let writes =
            text.contains("docker://") || text.contains("scripts/release") || text.contains("$CI_REGISTRY_IMAGE");
        assert!(!writes || alone(job), "{name} touches what is released, and not only in a release: {text}");
        for secret in ["id_tokens", "environment"] {
            assert!(job.get(secret).is_none_or(Value::is_null) || *name == "sign-image", "{name} has {secret}");
        }
    }
    for name in ["sign-image", "gate", "release-image"] {
        assert_eq!(jobs[&name.to_owned()]["dependencies"], serde_json::json!(["build-image"]), "{name}");
    }
}
