//! What an image must fulfil: each requirement passes and fails by name, with what was found.

use crate::images::{Configured, Images, ORDINARY};
use crate::samples::{OLD_DIGEST, values};
use crate::world::{Proxy, World, openssl};

const REVISION: &str = "org.opencontainers.image.revision";

#[test]
fn platforms_of_an_index_and_of_a_single_image() {
    let world = World::new();
    let repository = world.repository("team/app");
    let images = Images::at(&repository);
    images.index("multi", ["c0ffee", "c0ffee"]);
    images.image("single", ORDINARY);
    let check = |tag: &str, platform: &str| {
        world.bump(["check", "--image", &format!("{repository}:{tag}"), "--platform", platform]).run()
    };
    check("multi", "linux/amd64").exits(0);
    check("multi", "linux/arm64/v8").exits(0);
    check("single", "linux/amd64").exits(0);
    let run = check("single", "linux/arm64").exits(9).prints("");
    run.says("it has no platform linux/arm64, only linux/amd64\n");
    check("multi", "linux/s390x").exits(9).says("it has no platform linux/s390x, only linux/amd64, linux/arm64\n");
    check("multi", "unknown/unknown").exits(9);
    check("multi", "linux").exits(3).says("platform: \"linux\" is not a platform");
}

#[test]
fn labels_are_wanted_on_every_platform() {
    let world = World::new();
    let repository = world.repository("team/app");
    let images = Images::at(&repository);
    images.index("same", ["c0ffee", "c0ffee"]);
    images.index("mixed", ["c0ffee", "0ther"]);
    let check = |tag: &str, label: &str| {
        world.bump(["check", "--image", &format!("{repository}:{tag}"), "--label", label]).run()
    };
    check("same", &format!("{REVISION}=c0ffee")).exits(0);
    check("same", REVISION).exits(0);
    let run = check("mixed", &format!("{REVISION}=c0ffee")).exits(9);
    run.says(&format!("its label {REVISION} is \"0ther\" instead of \"c0ffee\" (linux/arm64)"));
    check("same", "team=shop").exits(9).says("its label team is missing instead of \"shop\" (linux/amd64)");
    check("same", "team=").exits(3);
}

#[test]
fn the_builds_digest_file_is_believed() {
    let world = World::new();
    let app = world.push("team/app", "1");
    let (repository, digest) = (world.repository("team/app"), world.servers().digest(&app));
    let check = |text: &str| {
        world.write("digest", text);
        world.bump(["check", "--image", &app, "--digest-file", "digest"]).run()
    };
    check(&digest).exits(0).prints(&format!("{app}@{digest}\n"));
    check(&format!("{repository}@{digest}\n")).exits(0);
    check(&format!("{app}@{digest}\n")).exits(0);
    let run = check(OLD_DIGEST).exits(9);
    run.says(&format!("the digest of the build is {OLD_DIGEST} (digest), but the registry has {digest}"));
    check(&format!("{repository}/other@{digest}")).exits(9).says("no digest file names it (digest)");
    check("").exits(3).says("it is empty");
    world.bump(["check", "--image", &app, "--digest-file", "nowhere"]).run().exits(3);
}

#[test]
fn denied_tags_are_not_even_asked_for() {
    let world = World::new();
    let image = world.push("team/app", "latest");
    let proxy = Proxy::to(&world.servers().registry);
    let there = image.replace(&world.servers().registry, &proxy.address());
    let check = |pattern: &str| world.bump(["check", "--image", &there, "--deny-tag", pattern]).run();
    check("latest").exits(9).says("its tag latest is denied by the pattern latest");
    check("l*t").exits(9);
    assert_eq!(proxy.requests(), 0);
    check("feature-*").exits(0);
}

#[test]
fn every_failure_is_named_at_once() {
    let world = World::new();
    let repository = world.repository("team/app");
    Images::at(&repository).image("1", ORDINARY);
    world.write("digest", OLD_DIGEST);
    let run = world
        .bump(["check", "--image", &format!("{repository}:1"), "--digest-file", "digest"])
        .env("GITOPS_BUMP_PLATFORM", "linux/arm64 linux/s390x")
        .env("GITOPS_BUMP_LABEL", "team=shop")
        .run()
        .exits(9);
    run.says("the digest of the build")
        .says("linux/arm64, only")
        .says("linux/s390x, only")
        .says("its label team is missing");
}

#[test]
fn an_older_image_is_refused_when_only_newer_ones_are_wanted() {
    let world = World::new();
    let repository = world.repository("team/app");
    let images = Images::at(&repository);
    for (tag, created) in
        [("old", "2026-11-20T10:00:00Z"), ("new", "2026-11-21T12:00:00+02:00"), ("undated", "1970-01-01T00:00:00Z")]
    {
        images.image(tag, Configured { created, ..ORDINARY });
    }
    let infra = world.infra("infra", &[("values.yaml", values(&repository, "new").as_str())]);
    let update = |tag: &str, flags: &[&str]| {
        let image = format!("{repository}:{tag}");
        let arguments = ["update", "--image", &image, "--repo", &infra.url(), "--helm", "values.yaml"];
        world.bump(arguments.iter().chain(flags)).run()
    };
    let run = update("old", &["--newer-only"]).exits(9);
    run.says("it was created 2026-11-20T10:00:00Z")
        .says("created 2026-11-21T10:00:00Z")
        .says("remove --newer-only if you want to go back to the older image");
    assert_eq!(infra.commits("main"), 1);
    update("undated", &["--newer-only"]).exits(0);
    update("old", &["--newer-only"]).exits(0);
    update("new", &["--newer-only"]).exits(0);
    update("old", &[]).exits(0);
    assert_eq!(infra.commits("main"), 5);
}

#[test]
fn a_newer_image_that_wins_the_race_stays() {
    let world = World::new();
    let repository = world.repository("team/app");
    let images = Images::at(&repository);
    for (tag, created) in [("1", "2026-11-20T10:00:00Z"), ("2", "2026-11-21T10:00:00Z"), ("3", "2026-11-22T10:00:00Z")]
    {
        images.image(tag, Configured { created, ..ORDINARY });
    }
    let infra = world.infra("infra", &[("values.yaml", values(&repository, "1").as_str())]);
    let proxy = Proxy::to(&world.servers().git);
    let (rival, newest) = (infra.clone(), values(&repository, "3"));
    proxy.interrupt("/git-receive-pack HTTP", move || {
        rival.commit("main", "rival", &[("values.yaml", newest.as_str())]);
    });
    let (image, url) = (format!("{repository}:2"), infra.url_at(&proxy.address()));
    let arguments = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--newer-only"];
    world.bump(arguments).run().exits(9);
    assert_eq!(infra.file("main", "values.yaml"), values(&repository, "3"));
}

#[test]
fn the_config_file_requires_the_same() {
    let world = World::new();
    let repository = world.repository("team/app");
    Images::at(&repository).image("1", ORDINARY);
    let check = |require: &str| {
        world.write(".gitops-bump.yml", format!("images: {{app: '{repository}:1'}}\nwait: 1s\nrequire:\n{require}"));
        world.bump(["check"]).run()
    };
    check(&format!("  platforms: [linux/amd64]\n  labels: {{{REVISION}: c0ffee}}\n  deny_tags: [latest]\n")).exits(0);
    check(&format!("  labels: {{{REVISION}: null}}\n")).exits(0);
    check("  platforms: [linux/arm64]\n").exits(9);
    check("  labels: {team: shop}\n").exits(9);
    check("  deny_tags: ['?']\n").exits(9);
    check("  platform: linux/arm64\n").exits(3).says("unknown field `platform`");
}

#[test]
fn the_report_says_what_is_in_the_image() {
    let world = World::new();
    let repository = world.repository("team/app");
    Images::at(&repository).index("1", ["c0ffee", "c0ffee"]);
    let image = format!("{repository}:1");
    world.bump(["check", "--image", &image, "--report-json", "report.json"]).run().exits(0);
    let report: serde_json::Value = serde_json::from_str(&world.read("report.json")).expect("it is JSON");
    let found = &report["images"][0];
    assert_eq!(found["media_type"], crate::images::INDEX);
    assert_eq!(found["platforms"], serde_json::json!(["linux/amd64", "linux/arm64"]));
    assert_eq!(found["labels"][REVISION], "c0ffee");
    assert_eq!(found["created"], "2026-11-20T10:00:00Z");
    assert!(found["size"].as_u64().is_some_and(|size| size > 100), "{found}");
    assert_eq!(found["signature"], serde_json::Value::Null);
}

#[test]
fn the_report_says_what_was_found_of_an_image_that_fails() {
    let world = World::new();
    let repository = world.repository("team/app");
    let digest = Images::at(&repository).image("1", ORDINARY).digest;
    openssl(&world, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
    let image = format!("{repository}:1");
    let reports = ["--report-json", "report.json", "--report-dotenv", "report.env"];
    let check = |flags: &[&str]| {
        world.bump(["check", "--image", &image].iter().chain(&reports).chain(flags)).run().exits(9).prints("");
        assert!(world.read("report.env").contains("GITOPS_BUMP_RESULT_DIGEST=\n"), "a refused digest is passed on");
        let report: serde_json::Value = serde_json::from_str(&world.read("report.json")).expect("it is JSON");
        report["images"][0].clone()
    };
    let found = check(&["--platform", "linux/s390x", "--verify-key", "key.pub"]);
    assert_eq!(found["digest"], digest);
    assert_eq!(found["platforms"], serde_json::json!(["linux/amd64"]));
    assert_eq!(found["labels"][REVISION], "c0ffee");
    assert_eq!(found["signature"], serde_json::json!({"verified": false, "key": null}));
    assert!(found["error"].as_str().is_some_and(|error| error.contains("linux/s390x")), "{found}");
    let denied = check(&["--deny-tag", "1"]);
    assert_eq!((&denied["digest"], &denied["signature"]), (&serde_json::Value::Null, &serde_json::Value::Null));
}
