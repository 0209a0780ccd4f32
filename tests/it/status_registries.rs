//! How `status` asks registries: in parallel, a dead one once, and none with `--offline`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::world::{Bump, Detour, Repository, Silent, World, liar, says};

/// An infra repository of three environments, each with so many images on one host.
fn infra(world: &World, host: &str, images: usize) -> Repository {
    let mut text = String::new();
    for number in 0..images {
        writeln!(text, "app{number}: {{repository: {host}/team/app-{number}, tag: \"1\"}}").expect("a string grows");
    }
    let files = ["dev", "staging", "prod"].map(|name| (format!("values-{name}.yaml"), text.replace("\"1\"", name)));
    let infra = world.empty_infra("infra");
    infra.commit("main", "first commit", &files);
    infra
}

fn look(world: &World, infra: &Repository, flags: &[&str]) -> Bump {
    let url = infra.url();
    let fixed = ["status", "--repo", &url, "--helm", "values-<env>.yaml", "--format", "json"];
    world.bump(fixed.iter().chain(flags))
}

/// The places' registries.
fn registries(stdout: &str) -> Vec<Value> {
    let status: Value = serde_json::from_str(stdout).expect("JSON");
    let environments = status["environments"].as_array().expect("a list");
    let places = environments.iter().filter_map(|environment| environment["places"].as_array()).flatten();
    places.map(|place| place["registry"].clone()).collect()
}

#[test]
fn a_registry_that_never_answers_is_asked_once() {
    let (world, silent) = (World::new(), Silent::start());
    let infra = infra(&world, &silent.address, 600);
    let run = look(&world, &infra, &[]).run().exits(0).says("no more images are checked");
    assert!(run.took < Duration::from_secs(15), "{:?}", run.took);
    let all = registries(&run.stdout);
    assert_eq!(all.len(), 1800);
    let is_told = |registry: &&Value| registry["state"] == "unreachable" && registry["error"].is_string();
    assert_eq!(all.iter().filter(is_told).count(), 1800);
    // https, then http.
    assert!(silent.callers() <= 3, "{} connections", silent.callers());
}

#[test]
fn a_dead_registry_is_no_other_registrys_trouble() {
    let (world, silent) = (World::new(), Silent::start());
    let there = world.push("team/app", "1");
    let there = there.rsplit_once(':').expect("a tag").0;
    let mut text = format!("there: {{repository: {there}, tag: \"1\"}}\n");
    for (number, host) in ["127.0.0.1:1", &silent.address, "no-such-host.invalid"].iter().enumerate() {
        writeln!(text, "gone{number}: {{repository: {host}/team/app, tag: \"1\"}}").expect("a string grows");
    }
    let infra = world.infra("infra", &[("values-dev.yaml", &text)]);
    let run = look(&world, &infra, &[]).run().exits(0);
    let states: Vec<Value> = registries(&run.stdout).iter().map(|registry| registry["state"].clone()).collect();
    assert_eq!(states, ["present", "unreachable", "unreachable", "unreachable"], "{run}");
    assert!(run.took < Duration::from_secs(15), "{:?}", run.took);

    let run = look(&world, &infra, &["--format", "table"]).run();
    assert_eq!(run.code, 2, "one format is enough");
    let url = infra.url();
    let run = world.bump(["status", "--repo", &url, "--helm", "values-<env>.yaml"]).run().exits(0);
    assert!(run.stdout.starts_with("1 environment, 4 images, 0 missing, 0 drifting, 3 unreachable\n"), "{run}");
}

#[test]
fn a_registry_in_trouble_is_asked_for_few_images() {
    for greeting in ["200 OK", "503 Service Unavailable"] {
        let world = World::new();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let host = liar(move |line, stream| {
            count.fetch_add(1, Ordering::SeqCst);
            let status = if line.contains(" /v2/ ") { greeting } else { "503 Service Unavailable" };
            stream.write_all(says(status, "", "").as_bytes())
        });
        let infra = infra(&world, &host, 100);
        let run = look(&world, &infra, &[]).run().exits(0);
        let all = registries(&run.stdout);
        assert_eq!(all.iter().filter(|registry| registry["state"] == "unreachable").count(), 300, "{run}");
        assert!(run.took < Duration::from_secs(30), "{:?}", run.took);
        let asked = asked.load(Ordering::SeqCst);
        assert!(asked <= 100, "{greeting}: {asked} requests");
    }
}

#[test]
fn offline_asks_no_registry() {
    let (world, silent) = (World::new(), Silent::start());
    let infra = infra(&world, &silent.address, 600);
    for bump in [look(&world, &infra, &["--offline"]), look(&world, &infra, &[]).env("GITOPS_BUMP_OFFLINE", "true")] {
        let run = bump.run().exits(0);
        let all = registries(&run.stdout);
        assert_eq!(all.iter().filter(|registry| registry["state"] == "unasked").count(), 1800);
    }
    assert_eq!(silent.callers(), 0);
    let url = infra.url();
    let run = world.bump(["status", "--offline", "--repo", &url, "--helm", "values-<env>.yaml"]).run().exits(0);
    assert!(run.stdout.starts_with("3 environments, 600 images, 0 missing, 600 drifting, 600 unasked\n"), "{run}");
}

#[test]
fn broken_credentials_are_looked_for_once() {
    let world = World::new();
    let helper = "#!/bin/sh\necho asked >> \"$HOME/asked\"\nexit 1\n";
    let program = crate::world::write(world.scratch(), "bin/docker-credential-world", helper.as_bytes());
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("the file is ours");
    let host = &world.servers().private_registry;
    let infra = infra(&world, host, 20);
    let path = format!("{}:{}", world.scratch().join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let config = format!(r#"{{"credHelpers": {{"{host}": "world"}}}}"#);
    let run = look(&world, &infra, &[]).env("PATH", path).env("DOCKER_AUTH_CONFIG", config).run().exits(0);
    let all = registries(&run.stdout);
    assert_eq!(all.iter().filter(|registry| registry["state"] == "failed").count(), 60, "{run}");
    let asked = std::fs::read_to_string(world.scratch().join("home/asked")).expect("the helper was asked");
    assert_eq!(asked.lines().count(), 1);
}

#[test]
fn what_an_image_tells_is_read_once() {
    let world = World::new();
    for tag in ["dev", "staging", "prod"] {
        world.push("team/app-0", tag);
    }
    let detour = Detour::before(&world.servers().registry, |_| None);
    let (_, corner) = world.repository("").trim_end_matches('/').split_once('/').map(own).expect("a corner");
    let infra = infra(&world, &format!("{}/{corner}", detour.address), 1);
    let run = look(&world, &infra, &[]).run().exits(0);
    let states: Vec<Value> = registries(&run.stdout).iter().map(|registry| registry["state"].clone()).collect();
    assert_eq!(states, ["present", "present", "present"], "{run}");
    let asked = detour.asked();
    let count = |words: &str| asked.iter().filter(|request| request.contains(words)).count();
    assert_eq!((count("HEAD /v2/ "), count("/manifests/"), count("/blobs/")), (1, 3, 1), "{asked:?}");
}

fn own((one, other): (&str, &str)) -> (String, String) {
    (one.to_owned(), other.to_owned())
}
