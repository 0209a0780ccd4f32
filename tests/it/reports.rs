//! The reports that later jobs and GitLab read, on success and on failure.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::samples::{app_infra, values};
use crate::world::{Bump, Repository, Run, World};

/// An infra repository that names tag 1.4.1 of an image.
struct Shop {
    world: World,
    infra: Repository,
}

impl Shop {
    fn new() -> Self {
        let world = World::new();
        world.push("team/app", "1.4.2");
        let infra = app_infra(&world, "1.4.1");
        Self { world, infra }
    }

    fn image(&self) -> String {
        self.world.repository("team/app") + ":1.4.2"
    }

    fn update(&self, image: &str) -> Bump {
        let flags = ["--report-dotenv", "r.env", "--report-json", "r.json", "--report-annotations", "a.json"];
        let flags = [&flags[..], &["--report-markdown", "r.md"]].concat();
        let url = self.infra.url();
        let arguments = ["update", "--image", image, "--repo", &url, "--helm", "values.yaml"];
        self.world.bump(arguments.iter().chain(&flags))
    }

    fn reports(&self) -> (BTreeMap<String, String>, Value) {
        let dotenv = self.world.read("r.env");
        assert!(!dotenv.contains('"') && !dotenv.contains('\'') && !dotenv.contains("\n\n"), "{dotenv}");
        assert!(dotenv.len() <= 5 * 1024, "{dotenv}");
        let line = |line: &str| line.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let dotenv = dotenv.lines().map(|text| line(text).expect("KEY=VALUE")).collect();
        let annotations: Value = serde_json::from_str(&self.world.read("a.json")).expect("JSON");
        assert!(annotations["GitOps"].is_array(), "{annotations}");
        (dotenv, serde_json::from_str(&self.world.read("r.json")).expect("JSON"))
    }

    fn digest(&self) -> String {
        self.world.servers().digest(&self.image())
    }
}

#[test]
fn the_diff_is_a_section_of_a_gitlab_jobs_log_and_plain_elsewhere() {
    let world = World::new();
    let infra = app_infra(&world, "1");
    let update = |tag: &str, flags: &[&str]| {
        let (image, url) = (world.push("team/app", tag), infra.url());
        let fixed = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"];
        world.bump(fixed.iter().chain(flags))
    };

    let plain = update("2", &[]).run().exits(0).says("+  tag: \"2\"   # written");
    assert!(!plain.stderr.contains('\u{1b}'), "{plain}");
    let job = update("3", &[]).env("GITLAB_CI", "true").run().exits(0);
    let (_, section) = job.stderr.split_once("\u{1b}[0Ksection_start:").expect("a section starts");
    let (section, after) = section.split_once("\u{1b}[0Ksection_end:").expect("it ends");
    assert!(section.contains(":gitops_bump_diff\r\u{1b}[0KDiff\n"), "{job}");
    assert!(section.contains("\u{1b}[32m+  tag: \"3\"   # written by the pipeline\u{1b}[0m"), "{job}");
    // What it came to stands below, where nobody has to unfold anything.
    assert!(after.contains("pushed "), "{job}");
    let quiet = update("4", &["--quiet"]).env("GITLAB_CI", "true").run().exits(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn an_update_is_reported() {
    let shop = Shop::new();
    shop.update(&shop.image()).env("GITOPS_BUMP_FORGE", "gitlab").run().exits(0);

    let (dotenv, json) = shop.reports();
    let (image, digest, commit) = (shop.image(), shop.digest(), shop.infra.tip("main"));
    let expected = [("CHANGED", "true"), ("IMAGE", &image), ("TAG", "1.4.2"), ("DIGEST", &digest), ("COMMIT", &commit)];
    for (key, value) in expected {
        assert_eq!(dotenv.get(&format!("GITOPS_BUMP_RESULT_{key}")).map(String::as_str), Some(value), "{dotenv:?}");
    }
    assert_eq!(json["changed"], true);
    assert_eq!(json["images"][0]["digest"], digest);
    let repository = &json["repositories"][0];
    assert_eq!(repository["url"], shop.infra.url());
    assert_eq!((&repository["branch"], &repository["commit"]), (&"main".into(), &commit.into()));
    let file = &repository["files"][0];
    assert_eq!((&file["path"], &file["line"]), (&"values.yaml".into(), &6.into()));
    assert_eq!((&file["old"], &file["new"]), (&"1.4.1".into(), &"1.4.2".into()));
    let markdown = shop.world.read("r.md");
    for part in [format!("/team/app:1.4.2, {digest}"), "| values.yaml:6 | image.tag | 1.4.1 | 1.4.2 |".to_owned()] {
        assert!(markdown.contains(&part), "{part}\n{markdown}");
    }
    assert!(markdown.contains(&format!("[{}](<http", &shop.infra.tip("main")[..8])), "{markdown}");
}

#[test]
fn nothing_to_do_is_reported() {
    let shop = Shop::new();
    shop.infra.commit("main", "done", &[("values.yaml", values(&shop.world.repository("team/app"), "1.4.2"))]);
    shop.update(&shop.image()).run().exits(0);

    let (dotenv, json) = shop.reports();
    assert_eq!(dotenv.get("GITOPS_BUMP_RESULT_CHANGED").map(String::as_str), Some("false"));
    assert_eq!(dotenv.get("GITOPS_BUMP_RESULT_IMAGE"), Some(&shop.image()));
    assert_eq!((&json["changed"], &json["repositories"][0]["commit"]), (&false.into(), &Value::Null));
}

#[test]
fn failures_are_reported_as_far_as_things_went() {
    let shop = Shop::new();
    shop.infra.protect_main();
    shop.update(&shop.image()).run().exits(8);
    let (dotenv, json) = shop.reports();
    assert_eq!(dotenv.get("GITOPS_BUMP_RESULT_CHANGED").map(String::as_str), Some("false"));
    assert_eq!(json["images"][0]["digest"], shop.digest());
    let error = json["repositories"][0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("You are not allowed to push code"), "{json}");

    shop.update(&(shop.image() + "-never")).run().exits(4);
    let (dotenv, json) = shop.reports();
    assert_eq!(dotenv.get("GITOPS_BUMP_RESULT_CHANGED").map(String::as_str), Some("false"));
    assert_eq!(json["changed"], false);

    let run: Run = shop.update("no tag at all").run().exits(3);
    let (_, json) = shop.reports();
    assert_eq!(json["changed"], false, "{run}");
}
