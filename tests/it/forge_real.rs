//! The same against real forges. `GITOPS_BUMP_TEST_GITLAB`, `_GITHUB` and `_GITEA` are URLs of scratch repositories whose `values.yaml`
//! holds `image: {repository: x, tag: "0"}` and which let requests be merged without checks; `…_TOKEN` beside each is a token
//! that may push and merge there.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::world::World;

/// Opens a request, finds it again for another tag, has it merged, and finds nothing left to do.
fn keeps_one_request_and_follows_it(name: &str) {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let name = format!("GITOPS_BUMP_TEST_{name}");
    let (Some(url), Some(token)) = (variable(&name), variable(&format!("{name}_TOKEN"))) else {
        println!("skipped: {name} and {name}_TOKEN name no forge");
        return;
    };
    let world = World::new();
    let propose = |tag: &str, flags: &[&str]| {
        let image = world.push("team/app", tag);
        let fixed = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml:image", "--any-repository"];
        let bump = world.bump(fixed.iter().chain(&["--merge-request", "--report-json", "r.json"]).chain(flags));
        let run = bump.env("GITOPS_BUMP_GIT_TOKEN", &token).env("GITOPS_BUMP_FORGE_TOKEN", &token).run().exits(0);
        let report: Value = serde_json::from_str(&world.read("r.json")).expect("the report is JSON");
        println!("{run}");
        report["repositories"][0].clone()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_secs();
    let (first, second) = (format!("1.{now}"), format!("2.{now}"));

    let opened = propose(&first, &[]);
    let page = opened["merge_request"].as_str().expect("a request is open").to_owned();
    assert_eq!(propose(&first, &[])["merge_request"], page.as_str());
    assert_eq!(propose(&second, &[])["merge_request"], page.as_str());

    let merged = propose(&second, &["--mr-auto-merge", "--mr-wait", "1m"]);
    assert_eq!((&merged["outcome"], &merged["merge_request"]), (&"merged".into(), &page.as_str().into()));
    assert!(merged["commit_url"].as_str().is_some_and(|link| link.contains("/commit/")), "{merged}");
    assert_eq!(propose(&second, &["--mr-wait", "1m"])["outcome"], "unchanged");
}

#[test]
fn on_gitlab() {
    keeps_one_request_and_follows_it("GITLAB");
}

#[test]
fn on_github() {
    keeps_one_request_and_follows_it("GITHUB");
}

#[test]
fn on_gitea() {
    keeps_one_request_and_follows_it("GITEA");
}
