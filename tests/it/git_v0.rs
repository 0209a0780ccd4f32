//! Version 0 of Git's protocol over HTTP, where a proxy drops the header that asks for a later one.

use std::fs;
use std::io::Write as _;

use serde_json::Value;

use crate::hostile::{Rogue, packet};
use crate::samples::{app_infra, assert_bumped, deployment, values};
use crate::world::{Bump, Nginx, Proxy, Repository, World};

/// An infra repository that names tag 1 of an image whose tag 2 is in the registry, behind such a proxy.
struct Older {
    infra: Repository,
    image: String,
    proxy: Proxy,
    _nginx: Nginx,
    world: World,
}

impl Older {
    fn new() -> Self {
        let world = World::new();
        let infra = app_infra(&world, "1");
        Self::of(world, infra)
    }

    fn of(world: World, infra: Repository) -> Self {
        let image = world.push("team/app", "2");
        let nginx = Nginx::without_git_protocol(&world.servers().git, &world.scratch().join("nginx"));
        let proxy = Proxy::to(&nginx.address);
        Self { infra, image, proxy, _nginx: nginx, world }
    }

    fn url(&self) -> String {
        self.infra.url_at(&self.proxy.address())
    }

    fn update(&self, flags: &[&str]) -> Bump {
        let url = self.url();
        let fixed = ["update", "--image", &self.image, "--repo", &url];
        self.world.bump(fixed.iter().chain(flags))
    }

    #[track_caller]
    fn is_bumped(&self) {
        assert_bumped(&self.world, &self.infra, 2);
    }
}

#[test]
fn a_bump_works_without_the_header() {
    let flags: [(&[&str], u64); 2] = [(&["--branch", "main"], 5), (&[], 5)];
    for (branch, requests) in flags {
        let older = Older::new();
        let flags: Vec<&str> = ["--helm", "values.yaml", "-v"].iter().chain(branch).copied().collect();
        older.update(&flags).run().exits(0).says("version 0").says("Git-Protocol");
        older.is_bumped();
        // What it can do, with the tip; commit and top tree; the file; what a push takes; the push.
        assert_eq!(older.proxy.requests(), requests, "{branch:?}");
        older.update(&["--helm", "values.yaml"]).run().exits(0).says("nothing to do");
    }
}

#[test]
fn a_server_that_sends_no_parts_sends_one_commit() {
    for (setting, value) in [("uploadpack.allowFilter", "false"), ("uploadpack.allowAnySHA1InWant", "false")] {
        let older = Older::new();
        older.infra.commit("main", "large, and gone again", &[("large.bin", "x".repeat(1 << 20))]);
        older.infra.set_ref("refs/heads/main", &older.infra.parent("main"));
        older.infra.configure(setting, value);
        older.update(&["--helm", "values.yaml"]).run().exits(0);
        older.is_bumped();
        assert!(older.proxy.requests() <= 5, "{setting}: {} requests", older.proxy.requests());
    }
}

#[test]
fn what_lies_below_a_kustomization_is_read_too() {
    let world = World::new();
    let image = world.repository("team/app");
    let overlay = format!("resources: [../../base]\nimages:\n  - name: {image}\n    newTag: \"1\"\n");
    let files = [
        ("overlays/prod/kustomization.yaml", overlay.as_str()),
        ("base/kustomization.yaml", "resources: [deployment.yaml]\n"),
        ("base/deployment.yaml", &deployment(&format!("{image}:0"))),
    ];
    let infra = world.infra("infra", &files);
    let older = Older::of(world, infra);
    older.update(&["--kustomize", "overlays/prod"]).run().exits(0);
    assert_eq!(older.infra.file("main", "overlays/prod/kustomization.yaml"), overlay.replace("\"1\"", "\"2\""));
}

#[test]
fn status_and_init_say_the_same_in_both_versions() {
    let older = Older::new();
    older.update(&["--helm", "values.yaml"]).run().exits(0);
    let (new, old) = (older.world.servers().git.clone(), older.proxy.address());
    let both = |flags: &[&str]| {
        [&new, &old].map(|server| {
            let url = older.infra.url_at(server);
            let arguments: Vec<&str> = flags.iter().copied().chain(["--repo", &url]).collect();
            older.world.bump(arguments).run().exits(0).stdout.replace(server, "SERVER")
        })
    };
    let [new_status, old_status] = both(&["status", "--helm", "values.yaml", "--format", "json"]).map(|text| {
        let status: Value = serde_json::from_str(&text).expect("status prints JSON");
        status["environments"].to_string()
    });
    assert_eq!(new_status, old_status);
    assert!(old_status.contains(&older.infra.tip("main")), "the last bump is there: {old_status}");
    let [new_init, old_init] = both(&["init"]);
    assert_eq!(new_init, old_init);
    assert!(old_init.contains("values.yaml"));
}

#[test]
fn a_branch_that_is_missing_and_an_empty_repository_are_told() {
    let older = Older::new();
    older.infra.set_ref("refs/tags/v1", &older.infra.tip("main"));
    let update = |branch: &str| older.update(&["--helm", "values.yaml", "--branch", branch]).run();
    update("mian").exits(5).says("the branches are: main");
    update("v1").exits(5).says("This is the name of a tag");
    let world = World::new();
    let infra = world.empty_infra("infra");
    let empty = Older::of(world, infra);
    empty.update(&["--helm", "values.yaml"]).run().exits(8).says("the repository is empty");
}

/// Of a hundred thousand refs only what comes before the default branch is read, which is the first.
#[test]
fn the_default_branch_among_many_refs_costs_little() {
    let older = Older::new();
    let tip = older.infra.tip("main");
    let mut refs = format!("# pack-refs with: peeled fully-peeled sorted \n{tip} refs/heads/a-main\n");
    refs.extend((0..100_000).map(|number| format!("{tip} refs/heads/feature-{number:06}\n")));
    fs::write(older.infra.directory().join("packed-refs"), refs).expect("the repository is ours");
    older.update(&["--helm", "values.yaml"]).run().exits(0);
    older.is_bumped();
    // One of the two lists has 7 MB; what is on its way when the reading ends depends on the sockets.
    assert!(older.proxy.downloaded() < 6 << 20, "{} bytes were downloaded", older.proxy.downloaded());

    // A branch behind them costs their bytes.
    let content = older.world.repository("team/app");
    older.infra.commit("zoo", "another branch", &[("values.yaml", values(&content, "1"))]);
    older.update(&["--helm", "values.yaml", "--branch", "zoo"]).run().exits(0);
    assert_eq!(older.infra.file("zoo", "values.yaml"), values(&content, "2"));
}

#[test]
fn refs_without_end_are_exit_8_in_bounded_memory() {
    const ID: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let rogue = Rogue::start(|_, socket| {
        socket.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")?;
        socket.write_all(b"Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n")?;
        socket.write_all(b"001e# service=git-upload-pack\n0000")?;
        socket.write_all(&packet(format!("{ID} refs/heads/a\0shallow").as_bytes()))?;
        let many = packet(format!("{ID} refs/heads/{}\n", "x".repeat(1000)).as_bytes()).repeat(1000);
        loop {
            socket.write_all(&many)?;
        }
    });
    let world = World::new();
    let image = world.push("team/app", "2");
    let url = format!("http://{}/shop/infra.git", rogue.address);
    let update = world.bump(["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"]);
    update.within_memory(400_000).run().exits(8).says("too big");
}
