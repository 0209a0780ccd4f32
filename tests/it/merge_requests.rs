//! A merge request instead of a push: one work branch for one change, and never a second request.

use serde_json::Value;

use crate::samples::{app_infra, values};
use crate::world::{Bump, GITLAB_TOKEN, Gitlab, Repository, Run, Secret, World};

/// Writes down the options of every push.
/// GitLab's words to a push to a branch with a request.
const VIEW: &str = "echo 'View merge request for x:' >&2; echo '  http://127.0.0.1/shop/infra/-/merge_requests/5' >&2";

const RECORD: &str = "i=0\nwhile [ $i -lt ${GIT_PUSH_OPTION_COUNT:-0} ]; do\n\
    eval \"echo \\\"\\$GIT_PUSH_OPTION_$i\\\"\" >> options\n i=$((i+1))\ndone";

/// An infra repository with one image, and GitLab's API beside it.
struct Scene {
    world: World,
    infra: Repository,
    gitlab: Gitlab,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        for tag in ["2", "3"] {
            world.push("team/app", tag);
        }
        let infra = app_infra(&world, "1");
        infra.hook("pre-receive", RECORD);
        infra.hook("post-receive", VIEW);
        Self { world, infra, gitlab: Gitlab::start() }
    }

    /// `update --merge-request` by push options.
    fn propose(&self, tag: &str, flags: &[&str]) -> Bump {
        let image = format!("{}:{tag}", self.world.repository("team/app"));
        let url = self.infra.url();
        let fixed = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--merge-request"];
        self.world.bump(fixed.iter().chain(flags))
    }

    /// The same by the API.
    fn propose_by_api(&self, tag: &str, flags: &[&str]) -> Bump {
        let secret = Secret::new("gitlab".to_owned(), GITLAB_TOKEN.to_owned());
        let bump = self.propose(tag, flags).env("GITOPS_BUMP_GITLAB_TOKEN", GITLAB_TOKEN).hiding(&secret);
        bump.env("CI_SERVER_HOST", "127.0.0.1").env("CI_API_V4_URL", self.gitlab.api())
    }

    fn work_branch(&self) -> String {
        let mut others = self.infra.branches();
        others.retain(|branch| branch != "main");
        assert_eq!(others.len(), 1, "{others:?}");
        others.remove(0)
    }

    fn options(&self) -> String {
        std::fs::read_to_string(self.infra.directory().join("options")).unwrap_or_default()
    }

    fn values(&self, tag: &str) -> String {
        values(&self.world.repository("team/app"), tag)
    }
}

fn report(scene: &Scene, run: Run) -> Value {
    run.exits(0);
    serde_json::from_str(&scene.world.read("report.json")).expect("the report is JSON")
}

#[test]
fn push_options_open_the_request() {
    let scene = Scene::new();
    let flags = ["--mr-label", "bump", "--mr-draft", "--mr-remove-source-branch"];

    let report = report(&scene, scene.propose("2", &[&flags[..], &["--report-json", "report.json"]].concat()).run());

    let branch = scene.work_branch();
    assert!(branch.starts_with("gitops-bump/app-"), "{branch}");
    assert_eq!(scene.infra.commits("main"), 1);
    assert_eq!(scene.infra.parent(&branch), scene.infra.tip("main"));
    assert_eq!(scene.infra.file(&branch, "values.yaml"), scene.values("2"));
    let options = scene.options();
    for option in ["create", "target=main", "label=bump", "draft", "remove_source_branch"] {
        assert!(options.lines().any(|line| line == format!("merge_request.{option}")), "{option}\n{options}");
    }
    assert!(options.contains("merge_request.title=Update app to 2\n"), "{options}");
    assert!(options.contains("merge_request.description=values.yaml:6 image.tag: 1 -> 2\n"), "{options}");
    let repository = &report["repositories"][0];
    assert_eq!(repository["outcome"], "proposed");
    assert_eq!(repository["merge_request"], "http://127.0.0.1/shop/infra/-/merge_requests/5");
    assert_eq!(repository["commit"], scene.infra.tip(&branch).as_str());
    scene.infra.assert_sound();
}

#[test]
fn a_re_run_makes_no_second_branch() {
    let scene = Scene::new();
    scene.propose_by_api("2", &[]).run().exits(0);
    let branch = scene.work_branch();
    let tip = scene.infra.tip(&branch);

    scene.propose_by_api("2", &["--report-dotenv", "report.env"]).run().exits(0).says("already proposed");

    assert_eq!(scene.infra.tip(&scene.work_branch()), tip);
    assert!(scene.world.read("report.env").contains("GITOPS_BUMP_RESULT_CHANGED=false\n"));

    // By push options only the answer to a push tells that the request is open: the same change is pushed anew.
    scene
        .propose("2", &["--report-dotenv", "report.env"])
        .run()
        .exits(0)
        .says("already proposed")
        .says("merge_requests/5");
    assert_eq!(scene.infra.parent(&branch), scene.infra.tip("main"));
    assert_eq!(scene.infra.file(&scene.work_branch(), "values.yaml"), scene.values("2"));
    assert!(scene.world.read("report.env").contains("GITOPS_BUMP_RESULT_CHANGED=false\n"));
}

#[test]
fn a_later_tag_and_a_target_that_moved_refresh_the_branch() {
    let scene = Scene::new();
    scene.propose("2", &[]).run().exits(0);
    let branch = scene.work_branch();
    // What was proposed would conflict now.
    let moved = scene.values("1.5").replace("replicaCount: 2", "replicaCount: 3");
    scene.infra.commit("main", "another way", &[("values.yaml", moved.as_str())]);

    scene.propose("3", &[]).run().exits(0);

    assert_eq!(scene.work_branch(), branch);
    assert_eq!(scene.infra.parent(&branch), scene.infra.tip("main"));
    assert_eq!(scene.infra.file(&branch, "values.yaml"), moved.replace("1.5", "3"));
}

#[test]
fn what_somebody_else_put_on_the_work_branch_is_not_overwritten() {
    let scene = Scene::new();
    scene.propose("2", &[]).run().exits(0);
    let branch = scene.work_branch();
    let theirs = scene.infra.commit(&branch, "by hand", &[("other.yaml", "a: 1\n")]);

    scene.propose("3", &[]).run().exits(8).says("is by Rival <rival@example.com>").says("--mr-branch");

    assert_eq!(scene.infra.tip(&branch), theirs);
}

#[test]
fn the_api_opens_refreshes_and_opens_again() {
    let scene = Scene::new();
    let flags = [
        "--mr-label",
        "bump",
        "--mr-assignee",
        "ada",
        "--mr-reviewer",
        "grace",
        "--mr-title",
        "Deploy {{ images[0].tag }}",
    ];
    scene.propose_by_api("2", &flags).run().exits(0).says("/-/merge_requests/1");
    let branch = scene.work_branch();
    let request = &scene.gitlab.merge_requests()[0];
    assert_eq!((&request["title"], &request["source_branch"]), (&"Deploy 2".into(), &branch.as_str().into()));
    assert_eq!((&request["assignee_ids"], &request["reviewer_ids"]), (&[3].into(), &[5].into()));
    let description = request["description"].as_str().expect("it has one");
    for part in
        ["@sha256:", "`values.yaml` line 6, `image.tag`: 1 → 2", "```diff", "+  tag: \"2\"   # written", "Image: "]
    {
        assert!(description.contains(part), "{part}\n{description}");
    }
    assert!(!scene.options().contains("merge_request"), "{}", scene.options());

    // The same again, and a later tag: the same request, and its labels stay.
    scene.propose_by_api("2", &flags).run().exits(0);
    scene.propose_by_api("3", &flags).run().exits(0);
    let requests = scene.gitlab.merge_requests();
    assert_eq!((requests.len(), &requests[0]["title"]), (1, &"Deploy 3".into()));
    assert_eq!(requests[0]["add_labels"], "bump");

    // A closed one is left alone.
    scene.gitlab.set_state(1, "closed");
    scene.propose_by_api("3", &flags).run().exits(0).says("/-/merge_requests/2");
    assert_eq!(scene.work_branch(), branch);

    // A merged one leaves nothing to do; the next tag opens the next one, on a branch made anew.
    scene.infra.set_ref("refs/heads/main", &scene.infra.tip(&branch));
    scene.gitlab.set_state(2, "merged");
    scene.propose_by_api("3", &flags).run().exits(0).says("nothing to do");
    scene.propose_by_api("2", &flags).run().exits(0).says("/-/merge_requests/3");
    assert_eq!(scene.infra.parent(&branch), scene.infra.tip("main"));
}

#[test]
fn a_request_that_somebody_opened_meanwhile_is_refreshed() {
    let scene = Scene::new();
    scene.propose_by_api("2", &[]).run().exits(0);
    // The list is behind: GitLab says so only when the request is opened.
    scene.gitlab.trouble("GET /api/v4/projects/7/merge_requests", 503);

    scene.propose_by_api("3", &[]).run().exits(0);

    assert_eq!(scene.gitlab.merge_requests().len(), 1);
}

#[test]
fn auto_merge_waits_until_gitlab_has_looked_at_the_request() {
    let scene = Scene::new();
    scene.gitlab.trouble("1/merge", 405);
    scene.gitlab.trouble("1/merge", 405);

    scene.propose_by_api("2", &["--mr-auto-merge"]).run().exits(0);

    let asked = scene.gitlab.asked();
    let merge = asked.iter().rfind(|asked| asked.contains("1/merge ")).expect("the merge was asked for");
    let tip = scene.infra.tip(&scene.work_branch());
    for part in ["\"auto_merge\":true", "\"merge_when_pipeline_succeeds\":true", &tip] {
        assert!(merge.contains(part), "{merge}");
    }
    scene.propose_by_api("2", &["--mr-auto-merge", "--skip-ci"]).run().exits(2).says("exclude each other");
}

#[test]
fn what_fails_after_the_push_is_exit_11() {
    let scene = Scene::new();
    let secret = Secret::new("gitlab".to_owned(), "glpat-wr0ng+t/ken".to_owned());
    let wrong = scene.propose_by_api("2", &["--report-json", "report.json"]).hiding(&secret);
    wrong.env("GITOPS_BUMP_GITLAB_TOKEN", "glpat-wr0ng+t/ken").run().exits(11).says("scope api");
    assert_eq!(scene.infra.file(&scene.work_branch(), "values.yaml"), scene.values("2"));
    let report: Value = serde_json::from_str(&scene.world.read("report.json")).expect("the report is JSON");
    assert_eq!(report["repositories"][0]["outcome"], "proposed");
    assert!(report["repositories"][0]["error"].as_str().is_some_and(|error| error.contains("denies access")));

    scene.propose_by_api("2", &["--mr-reviewer", "nobody"]).run().exits(3).says("the user \"nobody\" does not exist");
    scene.gitlab.trouble("POST", 422);
    scene.propose_by_api("2", &[]).run().exits(11).says("answers 422: not now");

    scene.infra.hook("post-receive", "echo 'WARNINGS:' >&2; echo 'Error encountered with push options' >&2");
    scene.propose("3", &[]).run().exits(11).says("GitLab warns: ; Error encountered");
}

#[test]
fn no_pipeline_starts_when_it_is_not_wanted() {
    let scene = Scene::new();
    let image = format!("{}:2", scene.world.repository("team/app"));
    let url = scene.infra.url();
    let update = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"];

    // The pipeline's own project would run for ever.
    let own = scene.world.bump(update).env("CI_SERVER_HOST", "127.0.0.1");
    let path = scene.infra.path().trim_end_matches(".git").to_owned();
    own.env("CI_PROJECT_PATH", &path).run().exits(0).says("starts no pipeline");
    assert_eq!(scene.options(), "ci.skip\n");

    let image = format!("{}:3", scene.world.repository("team/app"));
    let update = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--skip-ci"];
    scene.world.bump(update).run().exits(0);
    assert_eq!(scene.options(), "ci.skip\nci.skip\n");

    // A server that takes no push options reads the message.
    let local = scene.world.scratch().join("local.git");
    scene.infra.check_out("main", &scene.world.work().join("clone"));
    std::fs::rename(scene.world.work().join("clone/.git"), &local).expect("the clone is there");
    let image = format!("{}:2", scene.world.repository("team/app"));
    let update =
        ["update", "--image", &image, "--repo", &local.to_string_lossy(), "--helm", "values.yaml", "--skip-ci"];
    let bare = Repository::at(&local);
    bare.make_bare();
    scene.world.bump(update).run().exits(0);
    let message = bare.log("main", "%B");
    assert!(message.contains("\n\n[skip ci]\n\nImage: "), "{message}");
    bare.assert_trailers();
}

/// Against a real GitLab: `GITOPS_BUMP_TEST_GITLAB` is the https URL of a scratch project whose `values.yaml` holds
/// `image: {repository: x, tag: "0"}`, `GITOPS_BUMP_TEST_GITLAB_TOKEN` a token of it with the scopes `api` and
/// `write_repository`. The request that the test leaves is to be closed by hand.
#[test]
fn a_real_gitlab_keeps_one_request() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(url), Some(token)) = (variable("GITOPS_BUMP_TEST_GITLAB"), variable("GITOPS_BUMP_TEST_GITLAB_TOKEN"))
    else {
        println!("skipped: GITOPS_BUMP_TEST_GITLAB and GITOPS_BUMP_TEST_GITLAB_TOKEN name no GitLab");
        return;
    };
    let world = World::new();
    let propose = |tag: &str| {
        let image = world.push("team/app", tag);
        let fixed = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml:image", "--any-repository"];
        let bump = world.bump(fixed.iter().chain(&["--merge-request", "--mr-draft", "--report-json", "report.json"]));
        bump.env("GITOPS_BUMP_GIT_TOKEN", &token).env("GITOPS_BUMP_GITLAB_TOKEN", &token).run().exits(0);
        let report: Value = serde_json::from_str(&world.read("report.json")).expect("the report is JSON");
        report["repositories"][0]["merge_request"].as_str().expect("a request is open").to_owned()
    };

    let first = propose("2");

    assert_eq!(propose("2"), first);
    assert_eq!(propose("3"), first);
}

#[test]
fn the_work_branch_is_never_the_branch_that_the_request_is_for() {
    for tag in ["1", "2"] {
        let scene = Scene::new();
        scene.world.push("team/app", tag);
        for flags in [&["--mr-branch", "main"][..], &["--mr-branch", "main", "--branch", "main"]] {
            let tip = scene.infra.tip("main");
            let flags = [flags, &["--report-json", "report.json"]].concat();
            for bump in [scene.propose(tag, &flags), scene.propose_by_api(tag, &flags)] {
                bump.run().exits(3).says("mr-branch: main is the target branch of the merge request of");
            }
            assert_eq!((scene.infra.tip("main"), scene.infra.branches()), (tip, vec!["main".to_owned()]));
            assert!(scene.gitlab.asked().is_empty());
        }
    }
}

#[test]
fn a_work_branch_that_has_no_room_is_a_refusal_and_no_race() {
    let scene = Scene::new();
    scene.world.push("team/app", "2");
    scene.infra.set_ref("refs/heads/bump", &scene.infra.tip("main"));
    let run = scene.propose_by_api("2", &["--mr-branch", "bump/app"]).run().exits(8);
    run.says("push to").says("'refs/heads/bump' exists; cannot create 'refs/heads/bump/app'");
    assert_eq!(scene.infra.branches(), ["bump", "main"]);
}

#[test]
fn a_server_without_push_options_needs_the_api() {
    let scene = Scene::new();
    scene.world.push("team/app", "2");
    scene.infra.configure("receive.advertisePushOptions", "false");
    scene.propose("2", &[]).run().exits(8).says("does not accept push options").says("Set GITOPS_BUMP_FORGE_TOKEN");
    assert_eq!(scene.infra.branches(), ["main"]);
}

#[test]
fn a_template_that_is_none_is_refused_where_nothing_changes_too() {
    let scene = Scene::new();
    scene.world.push("team/app", "1");
    for flag in ["--mr-title", "--mr-description", "--message"] {
        scene.propose("1", &[flag, "{{ images"]).run().exits(3).says("template");
    }
}
