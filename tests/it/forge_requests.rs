//! Pull requests on GitHub and Gitea: opened, found again, refreshed; and what a forge can't do is said before the push.

use serde_json::{Value, json};

use crate::samples::{app_infra, proposing, values};
use crate::world::{Bump, FORGE_TOKEN, Forge, Product, Repository, Secret, World};

const PRODUCTS: [Product; 2] = [Product::Github, Product::Gitea];

/// An infra repository with one image on a forge.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) infra: Repository,
    pub(crate) forge: Forge,
    product: Product,
}

impl Scene {
    pub(crate) fn new(product: Product) -> Self {
        let world = World::new();
        for tag in ["2", "3"] {
            world.push("team/app", tag);
        }
        let infra = app_infra(&world, "1");
        let forge = Forge::start(product, &infra, &world.servers().git);
        Self { world, infra, forge, product }
    }

    /// `update --merge-request` without a token for the API. A GitHub is named: only github.com is known by itself.
    pub(crate) fn propose(&self, tag: &str, flags: &[&str]) -> Bump {
        let image = format!("{}:{tag}", self.world.repository("team/app"));
        let url = self.forge.url();
        let fixed = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--merge-request"];
        let named: &[&str] = if self.product == Product::Github { &["--forge", "github"] } else { &[] };
        let reports = ["--report-json", "report.json", "--report-annotations", "links.json"];
        self.world.bump(fixed.iter().chain(named).chain(&reports).chain(flags))
    }

    /// The same with one.
    pub(crate) fn propose_by_api(&self, tag: &str, flags: &[&str]) -> Bump {
        let secret = Secret::new("forge".to_owned(), FORGE_TOKEN.to_owned());
        self.propose(tag, flags).env("GITOPS_BUMP_FORGE_TOKEN", FORGE_TOKEN).hiding(&secret)
    }

    /// What the report says of the repository.
    pub(crate) fn reported(&self) -> Value {
        let report: Value = serde_json::from_str(&self.world.read("report.json")).expect("the report is JSON");
        report["repositories"][0].clone()
    }

    pub(crate) fn work_branch(&self) -> String {
        let mut others = self.infra.branches();
        others.retain(|branch| branch != "main");
        assert_eq!(others.len(), 1, "{others:?}");
        others.remove(0)
    }

    pub(crate) fn values(&self, tag: &str) -> String {
        values(&self.world.repository("team/app"), tag)
    }

    fn page(&self, number: usize) -> String {
        let kind = if self.product == Product::Github { "pull" } else { "pulls" };
        format!("{}/{kind}/{number}", self.forge.url().trim_end_matches(".git"))
    }
}

#[test]
fn the_api_opens_refreshes_and_opens_again() {
    for product in PRODUCTS {
        let scene = Scene::new(product);
        let flags = [
            "--mr-label",
            "deploy",
            "--mr-assignee",
            "@ada",
            "--mr-reviewer",
            "grace",
            "--mr-title",
            "To {{ images[0].tag }}",
        ];
        scene.propose_by_api("2", &flags).run().exits(0).says(&scene.page(1));

        let branch = scene.work_branch();
        assert_eq!(scene.infra.file(&branch, "values.yaml"), scene.values("2"));
        let pull = scene.forge.pulls().remove(0);
        assert_eq!(
            (pull.source.as_str(), pull.target.as_str(), pull.title.as_str()),
            (branch.as_str(), "main", "To 2")
        );
        assert!(pull.body.contains("```diff"), "{}", pull.body);
        assert_eq!((pull.labels.len(), pull.assignees, pull.reviewers), (1, vec![json!("ada")], vec![json!("grace")]));
        let reported = scene.reported();
        assert_eq!((&reported["outcome"], &reported["merge_request"]), (&json!("proposed"), &json!(scene.page(1))));
        let link = format!("{}/commit/{}", scene.forge.url().trim_end_matches(".git"), scene.infra.tip(&branch));
        assert_eq!(reported["commit_url"], link.as_str(), "{product:?}");
        assert!(scene.world.read("links.json").contains(": #1\""), "{}", scene.world.read("links.json"));

        // The same again, then a later tag: the same request.
        scene.propose_by_api("2", &flags).run().exits(0).says("already proposed");
        scene.propose_by_api("3", &flags).run().exits(0).says(&scene.page(1));
        let pulls = scene.forge.pulls();
        assert_eq!((pulls.len(), pulls[0].title.as_str()), (1, "To 3"), "{product:?}");

        // A closed one is left alone, and the one after it is found.
        scene.forge.at_look(1, crate::world::Act::Close);
        scene.propose_by_api("3", &["--mr-wait", "10s"]).run().exits(11).says("was closed without being merged");
        for _ in 0..2 {
            scene.propose_by_api("3", &flags).run().exits(0).says(&scene.page(2));
        }
        assert_eq!(scene.forge.pulls().len(), 2, "{product:?}");
        scene.infra.assert_sound();
    }
}

#[test]
fn a_request_that_somebody_opened_meanwhile_is_refreshed() {
    for (product, missing) in [(Product::Github, json!([])), (Product::Gitea, json!({ "message": "not found" }))] {
        let scene = Scene::new(product);
        scene.propose_by_api("2", &[]).run().exits(0);
        // The list is behind: the forge says so only when the request is opened.
        let status = if missing.is_array() { 200 } else { 404 };
        let request = if product == Product::Github { "/pulls" } else { "/pulls/main/" };
        scene.forge.trouble(request, status, missing);

        scene.propose_by_api("3", &[]).run().exits(0).says(&scene.page(1));

        assert_eq!(scene.forge.pulls().len(), 1);
    }
}

#[test]
fn a_request_from_a_fork_with_the_same_branch_is_left_alone() {
    let scene = Scene::new(Product::Github);
    let side = |branch: &str, repository: u64| json!({ "ref": branch, "repo": { "id": repository } });
    let forks = json!([{ "number": 7, "state": "open", "head": side("bump/app", 2), "base": side("main", 1) }]);
    scene.forge.trouble("/pulls", 200, forks);

    scene.propose_by_api("2", &["--mr-branch", "bump/app"]).run().exits(0).says(&scene.page(1));

    assert_eq!(scene.forge.pulls().len(), 1);
}

#[test]
fn what_a_forge_cannot_do_is_said_before_the_push() {
    for product in PRODUCTS {
        let scene = Scene::new(product);
        for (flags, words) in [
            (["--mr-label", "missing"], "has no label \"missing\""),
            (["--mr-assignee", "nobody"], "the user \"nobody\" does not exist"),
            (["--mr-reviewer", "nobody"], "the user \"nobody\" does not exist"),
            (["--mr-reviewer", "@bot"], "a user can't review their own request"),
            (["--mr-remove-source-branch", "--mr-draft"], "--mr-remove-source-branch: on Git"),
        ] {
            let run = scene.propose_by_api("2", &flags).run().exits(3).says(words);
            assert_eq!(scene.infra.branches(), ["main"], "{run}");
        }
        scene.propose("2", &[]).run().exits(3).says("GITOPS_BUMP_FORGE_TOKEN is not set");
        assert_eq!(scene.infra.branches(), ["main"]);
        assert!(scene.forge.pulls().is_empty());
    }
    let gitea = Scene::new(Product::Gitea);
    gitea.propose_by_api("2", &["--mr-draft", "--mr-auto-merge"]).run().exits(3).says("does not merge a draft");
    assert_eq!(gitea.infra.branches(), ["main"]);
}

#[test]
fn what_only_the_forge_knows_is_exit_11() {
    let scene = Scene::new(Product::Gitea);
    // A token that may not ask who it is; who opens a request can't review it.
    scene.forge.trouble("GET /api/v1/user", 200, json!({ "login": "ada" }));
    scene.forge.trouble(
        "GET /api/v1/user",
        403,
        json!({ "message": "token does not have at least one of required scope(s)" }),
    );
    let run = scene.propose_by_api("2", &["--mr-reviewer", "bot"]).run().exits(11);
    let run = run.says("poster of pr can't be reviewer").says("complete the merge request manually");
    assert_eq!(scene.reported()["merge_request"], json!(scene.page(1)), "{run}");
    assert_eq!(scene.infra.file(&scene.work_branch(), "values.yaml"), scene.values("2"));
    let scene = Scene::new(Product::Github);
    scene.propose_by_api("2", &["--mr-assignee", "stranger"]).run().exits(11).says("stranger can't be assigned");
    assert_eq!(scene.reported()["merge_request"], json!(scene.page(1)));
    let wrong = scene.propose("3", &[]).env("GITOPS_BUMP_FORGE_TOKEN", "wr0ng/t+ken");
    wrong.run().exits(11).says("denies access: Bad credentials").says("GITOPS_BUMP_FORGE_TOKEN needs the right");
}

#[test]
fn drafts_and_auto_merge_are_the_forges_own() {
    let scene = Scene::new(Product::Gitea);
    scene.propose_by_api("2", &["--mr-draft"]).run().exits(0);
    assert_eq!(scene.forge.pulls()[0].title, "WIP: Update app to 2");
    scene.propose_by_api("2", &[]).run().exits(0);
    // Gitea has not looked at it yet; then it is scheduled already.
    scene.forge.trouble("/merge", 405, json!({ "message": "Please try again later" }));
    for _ in 0..2 {
        scene.propose_by_api("2", &["--mr-auto-merge", "--mr-remove-source-branch"]).run().exits(0);
        assert!(scene.forge.pulls()[0].merges_itself);
    }

    let scene = Scene::new(Product::Github);
    scene.propose_by_api("2", &[]).run().exits(0);
    scene.propose_by_api("2", &["--mr-draft"]).run().exits(0);
    assert!(scene.forge.pulls()[0].is_draft);
    scene.propose_by_api("2", &["--mr-auto-merge"]).run().exits(0);
    assert!(scene.forge.pulls()[0].merges_itself);
    let words = "Pull request Auto merge is not allowed for this repository";
    scene.forge.trouble("graphql", 200, json!({ "data": null, "errors": [{ "message": words }] }));
    scene.propose_by_api("2", &["--mr-auto-merge"]).run().exits(11).says(words);
    // Nothing is left to wait for: it is merged at once.
    scene.forge.trouble(
        "graphql",
        200,
        json!({ "errors": [{ "message": "Pull request Pull request is in clean status" }] }),
    );
    scene.propose_by_api("2", &["--mr-auto-merge"]).run().exits(0);
    assert_eq!(scene.infra.file("main", "values.yaml"), scene.values("2"));
}

#[test]
fn a_plain_server_that_takes_push_options_opens_nothing() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let infra = app_infra(&world, "1");
    let url = infra.url();
    let fixed = proposing(&image, &url);
    for _ in 0..2 {
        let run = world.bump(fixed.iter().chain(&["--report-json", "r.json"])).run().exits(11);
        run.says("did not answer about a merge request, so it is not known whether a merge request is open")
            .says("GITOPS_BUMP_FORGE_TOKEN");
    }
    let report: Value = serde_json::from_str(&world.read("r.json")).expect("the report is JSON");
    let repository = &report["repositories"][0];
    assert_eq!((&repository["commit_url"], &repository["merge_request"]), (&Value::Null, &Value::Null));
    assert!(
        repository["error"]
            .as_str()
            .is_some_and(|error| error.contains("it is not known whether a merge request is open")),
        "{repository}"
    );
}

#[test]
fn a_commits_page_is_the_forges_own() {
    let page = |forge: &str| {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        let url = infra.url();
        let update = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--report-json", "r.json"];
        let named = ["--forge", forge];
        let flags: &[&str] = if forge.is_empty() { &[] } else { &named };
        let run = world.bump(update.iter().chain(flags)).run().exits(0);
        let report: Value = serde_json::from_str(&world.read("r.json")).expect("the report is JSON");
        let link = report["repositories"][0]["commit_url"].as_str().map(str::to_owned);
        let link = link.map(|link| link.replace(url.trim_end_matches(".git"), "").replace(&infra.tip("main"), "SHA"));
        assert_eq!(run.stderr.contains("/commit/"), link.is_some(), "{run}");
        link
    };
    for (forge, link) in
        [("gitlab", Some("/-/commit/SHA")), ("github", Some("/commit/SHA")), ("gitea", Some("/commit/SHA")), ("", None)]
    {
        assert_eq!(page(forge).as_deref(), link, "{forge}");
    }
    // A server that answers as Gitea is one.
    let scene = Scene::new(Product::Gitea);
    let (image, url) = (scene.world.repository("team/app") + ":2", scene.forge.url());
    let update = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--report-json", "report.json"];
    scene.world.bump(update).run().exits(0);
    let link = format!("{}/commit/{}", url.trim_end_matches(".git"), scene.infra.tip("main"));
    assert_eq!(scene.reported()["commit_url"], link.as_str());
}

#[test]
fn an_unknown_server_is_asked_without_a_token() {
    let scene = Scene::new(Product::Gitea);
    // It takes the probe, without a token, for what it is; nothing else is asked of it before the project.
    scene.propose_by_api("2", &[]).run().exits(0);
    let asked = scene.forge.asked();
    let project =
        asked.iter().position(|request| request.contains("/api/v1/repos/")).expect("the project was asked for");
    assert!(project > 0 && asked[..project].iter().all(|probe| probe.ends_with("/version")), "{asked:?}");
}

#[test]
fn a_renamed_project_is_said_by_its_new_name() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let infra = app_infra(&world, "1");
    let answer = |location: &str| {
        format!("HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    };
    let moved = answer("/api/v1/repos/platform/shop-infra");
    let detour = crate::world::Detour::before(&world.servers().git, move |head| {
        head.contains("/api/v1/").then(|| moved.clone())
    });
    let url = infra.url_at(&detour.address);
    let update =
        ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--merge-request", "--forge", "gitea"];
    let run = world.bump(update).env("GITOPS_BUMP_FORGE_TOKEN", FORGE_TOKEN).run().exits(11);
    run.says("has moved to").says("platform/shop-infra").says("correct --repo");
}

#[test]
fn a_page_and_a_limit_are_said_as_what_they_are() {
    for (answer, words) in [
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<h1>", "an HTML page instead of JSON"),
        (
            "HTTP/1.1 502 X\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<h1>",
            "answers 502: it is an HTML page",
        ),
        ("HTTP/1.1 429 X\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n", "answers 429; it asks for a wait of 1h"),
        (
            "HTTP/1.1 400 X\r\nContent-Length: 48\r\n\r\n{\"error\":\"e\",\"error_description\":\"token expired\"}",
            "token expired",
        ),
    ] {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        let answer = answer.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        let detour = crate::world::Detour::before(&world.servers().git, move |head| {
            head.contains("/api/").then(|| answer.clone())
        });
        let url = infra.url_at(&detour.address);
        let update = world.bump(proposing(&image, &url).iter().chain(&["--forge", "github"]));
        update.env("GITOPS_BUMP_FORGE_TOKEN", FORGE_TOKEN).run().exits(11).says(words);
    }
}
