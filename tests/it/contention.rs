//! Many writers push to one branch at the same time: all land, in one line, and the server is not worn out.

use std::thread;

use crate::samples::values;
use crate::world::{Nginx, World};

/// How many writers there are, unless `GITOPS_BUMP_TEST_WRITERS` says otherwise.
const WRITERS: usize = 16;

#[test]
fn many_writers_on_one_branch_all_land() {
    let world = World::new();
    let server = world.servers().git.clone();
    all_land(&world, &server, writers());
}

#[test]
fn many_writers_all_land_in_version_0_of_the_protocol() {
    let world = World::new();
    let older = Nginx::without_git_protocol(&world.servers().git, &world.scratch().join("nginx"));
    all_land(&world, &older.address, writers());
}

fn all_land(world: &World, server: &str, writers: usize) {
    let image = world.push("team/app", "2");
    let content = |tag| values(&world.repository("team/app"), tag);
    let path = |number| format!("clusters/prod/team-{}/app-{number}/values.yaml", number % 8);
    let infra = world.empty_infra("infra");
    let files: Vec<(String, String)> = (0..writers).map(|number| (path(number), content("1"))).collect();
    infra.commit("main", "first commit", &files);
    infra.hook("pre-receive", "echo attempt >> attempts");

    thread::scope(|scope| {
        for (file, _) in &files {
            let url = infra.url_at(server);
            let update = world.bump(["update", "--image", &image, "--repo", &url, "--helm", file]);
            scope.spawn(|| update.run().exits(0));
        }
    });

    assert_eq!(infra.commits("main"), 1 + writers, "one commit for each writer, and none is lost");
    for (file, _) in &files {
        assert_eq!(infra.file("main", file), content("2"), "{file}");
    }
    assert_eq!(infra.merges("main"), 0);
    assert!(infra.attempts() <= 4 * writers, "{} pushes for {writers} writers", infra.attempts());
    infra.assert_sound();
}

#[test]
fn many_writers_of_one_file_all_land() {
    let world = World::new();
    let names: Vec<String> = (0..8).map(|number| format!("app-{number}")).collect();
    let entry = |name: &String, tag| format!("{name}:\n  repository: {}\n  tag: {tag}\n", world.repository(name));
    let all = |tag| names.iter().map(|name| entry(name, tag)).collect::<Vec<_>>().concat();
    let infra = world.infra("infra", &[("values.yaml", all("v1").as_str())]);
    let images: Vec<String> = names.iter().map(|name| world.push(name, "v2")).collect();

    thread::scope(|scope| {
        for image in &images {
            let update = world.bump(["update", "--image", image, "--repo", &infra.url(), "--helm", "values.yaml"]);
            scope.spawn(|| update.run().exits(0));
        }
    });

    assert_eq!(infra.commits("main"), 9);
    assert_eq!(infra.file("main", "values.yaml"), all("v2"));
    infra.assert_sound();
}

fn writers() -> usize {
    let set = std::env::var("GITOPS_BUMP_TEST_WRITERS").ok();
    set.map_or(WRITERS, |number| number.parse().expect("GITOPS_BUMP_TEST_WRITERS is a number"))
}
