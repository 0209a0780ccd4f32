//! A bump costs what its path costs, not what the repository costs.

use crate::samples::{app_infra, values};
use crate::world::{Proxy, Repository, World};

#[test]
fn one_bump_downloads_less_than_32_kb_of_a_repository_of_20_000_files() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let infra = world.empty_infra("infra");
    let mut files =
        vec![("clusters/c7/team-11/app-4/values.yaml".to_owned(), values(&world.repository("team/app"), "1"))];
    files.extend((0..20_000).map(|number| {
        let (cluster, team, app) = (number % 10, number / 10 % 20, number / 200 % 10);
        (
            format!("clusters/c{cluster}/team-{team}/app-{app}/{number}.yaml"),
            values(&format!("reg.example.com/app-{number}"), "1"),
        )
    }));
    infra.commit("main", "20 000 files", &files);
    let proxy = Proxy::to(&world.servers().git);

    let (url, file) = (infra.url_at(&proxy.address()), &files[0].0);
    world.bump(["update", "--image", &image, "--repo", &url, "--helm", file]).run().exits(0);

    assert_eq!(infra.commits("main"), 2);
    assert_eq!(infra.file("main", file), values(&world.repository("team/app"), "2"));
    let (down, up) = (proxy.downloaded(), proxy.uploaded());
    assert!(down < 32 * 1024, "{down} bytes were downloaded");
    assert!(up < 64 * 1024, "{up} bytes were uploaded");
    // What it can do, the tip, commit and top tree, four trees, the file, what a push takes, the push.
    assert!(proxy.requests() <= 10, "{} requests", proxy.requests());
    infra.assert_sound();
}

/// How many requests the infra repository's server gets while its named branch is bumped to 2.
#[track_caller]
fn requests_of_a_bump(world: &World, infra: &Repository) -> u64 {
    let image = world.push("team/app", "2");
    let proxy = Proxy::to(&world.servers().git);
    let url = infra.url_at(&proxy.address());

    let update = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--branch", "main"];
    world.bump(update).run().exits(0);

    assert_eq!(infra.file("main", "values.yaml"), values(&world.repository("team/app"), "2"));
    proxy.requests()
}

#[test]
fn a_branch_that_is_named_costs_one_request_less() {
    let world = World::new();
    let infra = app_infra(&world, "1");

    // What it can do and what a push takes, with the tip; commit and top tree, the file, the push.
    assert_eq!(requests_of_a_bump(&world, &infra), 5);
}

#[test]
fn a_branch_behind_thousands_of_others_is_asked_for_by_its_name() {
    let world = World::new();
    let infra = app_infra(&world, "1");
    infra.add_branches((0..5_000).map(|number| format!("a-feature-{number}")));

    assert_eq!(requests_of_a_bump(&world, &infra), 6);
}

#[test]
fn what_a_repository_says_about_writing_comes_with_its_files() {
    let world = World::new();
    let infra = app_infra(&world, "1");
    infra.commit("main", "freeze", &[(".gitops-bump-freeze", "freeze: []\n")]);

    // As many as without such a file.
    assert_eq!(requests_of_a_bump(&world, &infra), 5);
}
