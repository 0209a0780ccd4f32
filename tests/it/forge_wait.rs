//! `--mr-wait`: a run goes on with the commit that a request was merged as, whoever merged it and how.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::forge_requests::Scene;
use crate::samples::{app_infra, proposing};
use crate::world::{
    ARGOCD_TOKEN, Act, Argocd, COPY, GITLAB_TOKEN, Gitlab, Product, Way, World, application, output_of,
};

const OLD: &str = "1111111111111111111111111111111111111111";

#[test]
fn a_merge_in_any_way_is_gone_on_with() {
    let ways = [Way::Merge, Way::Squash, Way::Rebase];
    for (product, way) in ways.iter().flat_map(|way| [(Product::Github, way), (Product::Gitea, way)]) {
        let scene = Scene::new(product);
        scene.propose_by_api("2", &[]).run().exits(0);
        scene.forge.at_look(2, Act::Merge(*way));

        let run = scene.propose_by_api("2", &["--mr-wait", "30s"]).run().exits(0).says(": merged");

        let tip = scene.infra.tip("main");
        let run = run.says(&format!("merged as {}", &tip[..12]));
        let reported = scene.reported();
        assert_eq!((&reported["outcome"], &reported["commit"]), (&json!("merged"), &json!(tip)), "{run}");
        assert!(reported["merge_request"].as_str().is_some_and(|url| url.ends_with("/1")), "{reported}");
        assert_eq!(scene.infra.file("main", "values.yaml"), scene.values("2"));

        // The job again: there is nothing left to do.
        scene.propose_by_api("2", &["--mr-wait", "30s"]).run().exits(0).says("nothing to do");
        assert_eq!(scene.reported()["outcome"], "unchanged");
    }
}

#[test]
fn a_request_that_stays_open_or_is_closed_is_exit_11() {
    for product in [Product::Github, Product::Gitea] {
        let scene = Scene::new(product);
        let run = scene.propose_by_api("2", &["--mr-wait", "1s"]).run().exits(11);
        let run = run.says("is still open after 1s").says("Run the job again to go on waiting");
        let reported = scene.reported();
        assert_eq!(
            (&reported["outcome"], &reported["commit"]),
            (&json!("proposed"), &json!(scene.infra.tip(&scene.work_branch()))),
            "{run}"
        );
        assert!(reported["merge_request"].is_string(), "{reported}");

        // Going on: no second request, and the end that somebody makes meanwhile.
        scene.forge.at_look(2, Act::Close);
        let closed = scene.propose_by_api("2", &["--mr-wait", "30s"]).run().exits(11);
        let closed = closed.says("was closed without being merged");
        assert!(closed.took < Duration::from_secs(15), "{closed}");
        assert_eq!(scene.forge.pulls().len(), 1);
    }
}

#[test]
fn a_request_that_was_merged_by_hand_and_closed_is_merged() {
    let scene = Scene::new(Product::Github);
    scene.propose_by_api("2", &[]).run().exits(0);
    scene.forge.at_look(1, Act::Close);
    let infra = scene.infra.clone();
    let branch = scene.work_branch();
    let looks = || scene.forge.asked().iter().filter(|asked| asked.ends_with("/pulls/1")).count();
    let before = looks();
    let bump = scene.propose_by_api("2", &["--mr-wait", "30s"]);
    thread::scope(|scope| {
        let run = scope.spawn(|| bump.run());
        let started = Instant::now();
        while looks() == before {
            assert!(started.elapsed() < Duration::from_mins(1), "the request was not looked at");
            thread::sleep(Duration::from_millis(5));
        }
        infra.merge(Way::Squash, &branch, "main");
        let run = run.join().expect("the run ends");
        run.exits(0).says("merged as");
    });
    assert_eq!(scene.reported()["commit"], json!(scene.infra.tip("main")));
}

#[test]
fn the_commit_that_is_gone_on_with_is_on_the_branch() {
    let scene = Scene::new(Product::Github);
    scene.propose_by_api("2", &[]).run().exits(0);
    scene.forge.at_look(2, Act::MergeByHand);
    let run = scene.propose_by_api("2", &["--mr-wait", "30s"]).run().exits(0);
    assert_eq!(scene.reported()["commit"], json!(scene.infra.tip("main")), "{run}");

    let scene = Scene::new(Product::Gitea);
    scene.propose_by_api("2", &[]).run().exits(0);
    scene.forge.at_look(2, Act::MergeAndMore);
    let run = scene.propose_by_api("2", &["--mr-wait", "30s"]).run().exits(0);
    let merged = scene.forge.pulls().remove(0).merged;
    assert_eq!(scene.reported()["commit"], json!(merged), "{run}");
    assert_ne!(merged, Some(scene.infra.tip("main")));
}

#[test]
fn a_forge_that_does_not_answer_is_not_taken_for_an_open_request() {
    let scene = Scene::new(Product::Gitea);
    for _ in 0..9 {
        scene.forge.trouble("/pulls/1", 502, json!({ "message": "the database is away" }));
    }
    let run = scene.propose_by_api("2", &["--mr-wait", "1s"]).run().exits(11);
    let run = run.says("it is not known whether merge request 1 of ").says("502: the database is away");
    let run = run.says("run the job again later to go on waiting");
    assert!(!run.stderr.contains("still open"), "{run}");
}

#[test]
fn conflicts_are_said_once() {
    let scene = Scene::new(Product::Github);
    scene.propose_by_api("2", &[]).run().exits(0);
    let branch = scene.work_branch();
    let moved = scene.values("1.5");
    // The branch moves after the work branch was made anew.
    scene.infra.set_ref("refs/heads/moved", &scene.infra.tip("main"));
    scene.infra.commit("moved", "another way", &[("values.yaml", moved.as_str())]);
    scene.infra.hook("post-receive", "git update-ref refs/heads/main refs/heads/moved");
    let run = scene.propose_by_api("3", &["--mr-wait", "13s"]).run().exits(11);
    let run = run.says("can't be merged, its branches conflict");
    assert_eq!(run.stderr.matches("its branches conflict, so it can't be merged").count(), 1, "{run}");
    assert!(scene.infra.conflicts(&branch, "main"));
}

#[test]
fn the_steps_after_the_push_have_the_merged_commit() {
    let scene = Scene::new(Product::Gitea);
    scene.propose_by_api("2", &[]).run().exits(0);
    scene.forge.at_look(1, Act::Merge(Way::Squash));
    let image = scene.world.repository("team/app") + ":2";
    let before = application("Synced", "Healthy", "BEFORE", &["other:1"]);
    let after = application("Synced", "Healthy", "COMMIT", &[&image]);
    let argocd = Argocd::of(&scene.infra, [(200, before), (200, after)]);
    let flags =
        ["--mr-wait", "30s", "--argocd-server", &argocd.server(), "--argocd-app", "shop", "--mirror-copy", COPY];

    let update = scene.propose_by_api("2", &flags).env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN);
    update.run().exits(0).says("application shop runs the image");

    // Merged already: the job again goes on with Argo CD at once.
    let asked = argocd.asked().len();
    let update = scene.propose_by_api("2", &flags).env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN);
    update.run().exits(0).says("application shop runs the image");
    assert!(argocd.asked().len() > asked);
}

#[test]
fn gitlabs_request_is_followed_too() {
    let world = World::new();
    world.push("team/app", "2");
    let infra = app_infra(&world, "1");
    let gitlab = Gitlab::start();
    let (image, url) = (world.repository("team/app") + ":2", infra.url());
    let update = |wait: &str| {
        let flags = ["--mr-wait", wait, "--report-json", "r.json"];
        let bump =
            world.bump(proposing(&image, &url).iter().chain(&flags)).env("GITOPS_BUMP_FORGE_TOKEN", GITLAB_TOKEN);
        bump.env("CI_SERVER_HOST", "127.0.0.1").env("CI_API_V4_URL", gitlab.api())
    };
    update("1s").run().exits(11).says("is still open after 1s");
    let mut branches = infra.branches();
    branches.retain(|branch| branch != "main");
    gitlab.set(1, &json!({ "has_conflicts": true }));
    update("10s").run().exits(11).says("can't be merged, its branches conflict");
    gitlab.set(1, &json!({ "state": "closed" }));

    let merging =
        |commit: &str| json!({ "state": "merged", "merge_commit_sha": null, "squash_commit_sha": commit, "sha": OLD });
    let run = thread::scope(|scope| {
        let bump = update("30s");
        let run = scope.spawn(|| bump.run());
        let started = Instant::now();
        let looked =
            || gitlab.asked().iter().any(|asked| asked.starts_with("GET /api/v4/projects/7/merge_requests/2 "));
        while !looked() {
            assert!(started.elapsed() < Duration::from_mins(1), "the request was not looked at");
            thread::sleep(Duration::from_millis(5));
        }
        let commit = infra.merge(Way::Squash, &branches[0], "main");
        gitlab.set(2, &merging(&commit));
        run.join().expect("the run ends")
    });
    run.exits(0).says("merged as");
    let report: Value = serde_json::from_str(&world.read("r.json")).expect("the report is JSON");
    assert_eq!(report["repositories"][0]["commit"], json!(infra.tip("main")));
}

#[test]
fn a_signal_in_the_wait_is_exit_11_with_the_reports() {
    let scene = Scene::new(Product::Gitea);
    // The second time nothing is pushed.
    for _ in 0..2 {
        let mut bump = scene.propose_by_api("2", &["--mr-wait", "5m"]).into_command();
        let mut child =
            bump.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let started = Instant::now();
        let before = scene.forge.asked().len();
        while !scene.forge.asked()[before..]
            .iter()
            .any(|asked| asked.starts_with("GET ") && asked.ends_with("/pulls/1"))
        {
            assert!(started.elapsed() < Duration::from_mins(1), "the request was not looked at");
            assert!(child.try_wait().expect("it is ours").is_none(), "the run ended before");
            thread::sleep(Duration::from_millis(5));
        }
        output_of(Command::new("kill").arg("-TERM").arg(child.id().to_string()));
        let ended = child.wait_with_output().expect("it ends");
        let words = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(11), "{words}");
        assert!(words.contains("SIGTERM"), "{words}");
        let reported = scene.reported();
        assert_eq!(reported["outcome"], "proposed");
        assert!(reported["merge_request"].as_str().is_some_and(|url| url.ends_with("/pulls/1")), "{reported}");
        assert!(reported["error"].as_str().is_some_and(|error| error.contains("SIGTERM")), "{reported}");
    }
}

#[test]
fn what_can_not_be_waited_for_is_said_at_once() {
    let world = World::new();
    let infra = app_infra(&world, "1");
    let (image, url) = (world.repository("team/app") + ":2", infra.url());
    let update = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--mr-wait", "1m"];
    world.bump(update).run().exits(2).says("--mr-wait waits for a merge request: it needs --merge-request");
    let request = ["--merge-request"];
    world.bump(update.iter().chain(&request)).run().exits(3).says("mr-wait: push options can't tell");
    for (flag, words) in [("--mr-reviewer", "name reviewers"), ("--mr-assignee", "name assignees")] {
        let update = update[..7].iter().chain(&request);
        world.bump(update.chain(&[flag, "ada"])).run().exits(3).says(words).says("GITOPS_BUMP_FORGE_TOKEN");
    }
    assert_eq!(infra.branches(), ["main"]);
}

#[test]
fn the_statuses_of_the_merged_commit_are_waited_for() {
    let scene = Scene::new(Product::Gitea);
    // Nobody waits for the merge, and so not for what comes of it.
    scene.propose_by_api("2", &["--wait-status", "k/*"]).run().exits(0);
    assert!(!scene.forge.asked().iter().any(|asked| asked.contains("/statuses")), "{:?}", scene.forge.asked());
    scene.forge.at_look(2, Act::Merge(Way::Squash));

    let run = scene.propose_by_api("2", &["--mr-wait", "30s", "--wait-status", "k/*"]).run().exits(0);

    run.says("merged as").says("k/dev is success (reconciled)");
    let tip = scene.infra.tip("main");
    assert!(scene.forge.asked().iter().any(|asked| asked.contains(&format!("/commits/{tip}/statuses"))));
}
