//! `update` of a kustomization: what lies below it is read from the Git server, and read again after a lost race.

use std::sync::Arc;

use crate::samples::{deployment, values};
use crate::world::{Proxy, Repository, World, kubectl_kustomize};

/// The request that carries the push itself.
const PUSH: &str = "/git-receive-pack HTTP";

const OVERLAY: &str = "overlays/prod/kustomization.yaml";

fn overlay(name: &str, tag: &str) -> String {
    format!("resources: [../../base]\nimages:\n- name: {name}\n  newTag: '{tag}'\n")
}

/// An overlay and its base, which has the image and thousands of files beside it.
fn infra(world: &World, repository: &str) -> Repository {
    let infra = world.empty_infra("infra");
    let mut files = vec![
        (OVERLAY.to_owned(), overlay(repository, "1")),
        ("base/kustomization.yaml".to_owned(), "resources: [apps]\n".to_owned()),
        ("base/apps/kustomization.yaml".to_owned(), "resources: [deployment.yaml]\n".to_owned()),
        ("base/apps/deployment.yaml".to_owned(), deployment(repository)),
        ("values/prod/values.yaml".to_owned(), values(repository, "1")),
    ];
    files.extend((0..2_000).map(|number| (format!("base/apps/other-{number}.yaml"), "kind: ConfigMap\n".repeat(20))));
    infra.commit("main", "an overlay", &files);
    infra
}

#[test]
fn effect_in_update_costs_a_level_and_no_more() {
    let world = World::new();
    let (image, repository) = (world.push("team/app", "2"), world.repository("team/app"));
    let infra = infra(&world, &repository);
    let cost = |target: [&str; 2]| {
        let proxy = Proxy::to(&world.servers().git);
        let url = infra.url_at(&proxy.address());
        let update = ["update", "--image", &image, "--repo", &url, "--branch", "main", "--dry-run"];
        world.bump(update.into_iter().chain(target)).run().exits(0);
        (proxy.requests(), proxy.downloaded())
    };
    let (values, overlay) = (cost(["--helm", "values/prod/values.yaml"]), cost(["--kustomize", "overlays/prod"]));
    println!("a values file {values:?}, a kustomization of two levels {overlay:?}");
    // A level is the tree of each base, then the files of all; the last one's resources are one more request.
    assert_eq!(overlay.0, values.0 + 5);
    assert!(overlay.1 < 64 * 1024 + values.1, "{overlay:?}");

    world.bump(["update", "--image", &image, "--repo", &infra.url(), "--kustomize", "overlays/prod"]).run().exits(0);
    let clone = world.scratch().join("clone");
    infra.check_out("main", &clone);
    let built = kubectl_kustomize(&clone.join("overlays/prod"));
    assert!(built.contains(&format!("image: {image}\n")), "{built}");
    infra.assert_sound();
}

#[test]
fn effect_in_update_is_refused_where_there_is_none() {
    let world = World::new();
    let (image, repository) = (world.push("team/app", "2"), world.repository("team/app"));
    let infra = infra(&world, &repository);
    infra.commit("main", "dead", &[(OVERLAY, format!("{}  newName: {repository}\n", overlay("app", "1")))]);
    let run = world.bump(["update", "--image", &image, "--repo", &infra.url(), "--kustomize", "overlays/prod"]).run();
    let run = run.exits(5);
    assert!(run.stderr.contains("this entry can have no effect: the images below it are called"), "{}", run.stderr);
    assert_eq!(infra.commits("main"), 2);
}

#[test]
fn effect_in_update_is_worked_out_again_after_a_lost_race() {
    let world = World::new();
    let (image, repository) = (world.push("team/app", "2"), world.repository("team/app"));
    let infra = Arc::new(infra(&world, &repository));
    let proxy = Proxy::to(&world.servers().git);
    let (theirs, name) = (Arc::clone(&infra), repository.clone());
    proxy.interrupt(PUSH, move || {
        let renaming = format!("resources: [apps]\nimages:\n- name: {name}\n  newName: mirror.example.com/team/app\n");
        theirs.commit("main", "a rename", &[("base/kustomization.yaml", renaming)]);
    });
    let url = infra.url_at(&proxy.address());
    let run = world.bump(["update", "--image", &image, "--repo", &url, "--kustomize", "overlays/prod"]).run().exits(5);
    assert!(
        run.stderr.contains("the images below it are called busybox:1.36, mirror.example.com/team/app"),
        "{}",
        run.stderr
    );
    assert_eq!(infra.file("main", OVERLAY), overlay(&repository, "1"));
}
