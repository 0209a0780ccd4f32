//! The same against real forges. `GITOPS_BUMP_TEST_GITLAB`, `_GITHUB` and `_GITEA` are URLs of scratch repositories whose `values.yaml`
//! holds `image: {repository: x, tag: "0"}` and which let requests be merged without checks; `…_TOKEN` beside each is a token
//! that may push and merge there.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::world::World;

/// Opens a request, finds it again for another tag, has it merged, and finds nothing left to do.
fn keeps_one_request_and_follows_it(url: &str, token: &str) {
    let world = World::new();
    let propose = |tag: &str, flags: &[&str]| {
        let image = world.push("team/app", tag);
        let fixed = ["update", "--image", &image, "--repo", url, "--helm", "values.yaml:image", "--any-repository"];
        let bump = world.bump(fixed.iter().chain(&["--merge-request", "--report-json", "r.json"]).chain(flags));
        bump.env("GITOPS_BUMP_GIT_TOKEN", token).env("GITOPS_BUMP_FORGE_TOKEN", token).run().exits(0);
        let report: Value = serde_json::from_str(&world.read("r.json")).expect("the report is JSON");
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

/// The repository and the token that the environment names.
fn named(name: &str) -> Option<(String, String)> {
    let variable = |name: String| std::env::var(name).ok().filter(|value| !value.is_empty());
    Some((variable(format!("GITOPS_BUMP_TEST_{name}"))?, variable(format!("GITOPS_BUMP_TEST_{name}_TOKEN"))?))
}

#[test]
fn on_gitlab() {
    match named("GITLAB") {
        Some((url, token)) => keeps_one_request_and_follows_it(&url, &token),
        None => println!("skipped: GITOPS_BUMP_TEST_GITLAB and GITOPS_BUMP_TEST_GITLAB_TOKEN name no GitLab"),
    }
}

#[test]
fn on_github() {
    match named("GITHUB") {
        Some((url, token)) => keeps_one_request_and_follows_it(&url, &token),
        None => println!("skipped: GITOPS_BUMP_TEST_GITHUB and GITOPS_BUMP_TEST_GITHUB_TOKEN name no GitHub"),
    }
}

#[test]
fn on_gitea() {
    match named("GITEA") {
        Some((url, token)) => keeps_one_request_and_follows_it(&url, &token),
        None => println!("skipped: GITOPS_BUMP_TEST_GITEA and GITOPS_BUMP_TEST_GITEA_TOKEN name no Gitea"),
    }
}
