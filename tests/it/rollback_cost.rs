//! A rollback costs what its paths and the commits back to the version cost, not what the repository or its history does.

use std::fmt::Write as _;

use crate::samples::values;
use crate::world::{Proxy, Repository, World};

/// How many files and commits there are, unless `GITOPS_BUMP_TEST_HISTORY=FILES/COMMITS` says otherwise.
const SIZE: (usize, usize) = (2000, 1000);

/// The file that goes back.
const FILE: &str = "clusters/c7/team-11/app-4/values.yaml";

fn size() -> (usize, usize) {
    let number = |text: &str| text.parse().expect("GITOPS_BUMP_TEST_HISTORY is FILES/COMMITS");
    let set = std::env::var("GITOPS_BUMP_TEST_HISTORY").ok();
    set.as_deref().and_then(|set| set.split_once('/')).map_or(SIZE, |(files, commits)| (number(files), number(commits)))
}

fn other(number: usize) -> String {
    let (cluster, team, app) = (number % 10, number / 10 % 20, number / 200 % 10);
    format!("clusters/c{cluster}/team-{team}/app-{app}/{number}.yaml")
}

/// A history in which everybody bumps something, and the file was bumped so many commits ago.
fn history(infra: &Repository, app: &str, ago: usize) {
    let (files, commits) = size();
    let mut stream = String::new();
    let mut commit = |number: usize, changes: &[(String, String)]| {
        write!(
            stream,
            "commit refs/heads/main\ncommitter C <c@example.com> {} +0000\ndata 4\nbump\n",
            1_700_000_000 + number
        )
        .expect("a string takes it");
        for (path, content) in changes {
            write!(stream, "M 100644 inline {path}\ndata {}\n{content}\n", content.len()).expect("a string takes it");
        }
    };
    let first = (0..files).map(|number| (other(number), values(&format!("reg.example.com/app-{number}"), "1")));
    let first: Vec<_> = first.chain([(FILE.to_owned(), values(app, "1"))]).collect();
    commit(0, &first);
    for number in 1..commits {
        let change = if number == commits - ago {
            (FILE.to_owned(), values(app, "2"))
        } else {
            let path = number * 7919 % files;
            (other(path), values(&format!("reg.example.com/app-{path}"), &number.to_string()))
        };
        commit(number, &[change]);
    }
    infra.fast_import(stream.as_bytes());
    infra.configure("uploadpack.allowFilter", "true");
    infra.configure("uploadpack.allowAnySHA1InWant", "true");
}

#[test]
fn a_rollback_in_a_long_history_is_cheap() {
    let world = World::new();
    let (_, commits) = size();
    let far = commits * 9 / 10;
    for (ago, most_requests, most_bytes) in [(5, 20, 64 << 10), (300, 30, 256 << 10), (far, 100, 1024 * commits as u64)]
    {
        world.push("team/app", "1");
        let infra = world.empty_infra(&format!("infra-{ago}"));
        history(&infra, &world.repository("team/app"), ago);
        let proxy = Proxy::to(&world.servers().git);
        let url = infra.url_at(&proxy.address());

        let run = world.bump(["rollback", "--repo", &url, "--helm", FILE, "--history", &commits.to_string()]).run();

        let (requests, down, up) = (proxy.requests(), proxy.downloaded(), proxy.uploaded());
        println!("{ago} commits ago: {requests} requests, {down} bytes down, {up} bytes up: {run}");
        run.exits(0);
        assert_eq!(infra.commits("main"), commits + 1);
        assert_eq!(infra.file("main", FILE), values(&world.repository("team/app"), "1"));
        assert!(requests <= most_requests, "{ago}: {requests} requests");
        assert!(down < most_bytes, "{ago}: {down} bytes were downloaded");
    }
}
