//! What every environment names now: three environments and four images, one missing, one drifting, one really bumped.

use serde_json::Value;

use crate::samples::{deployment, kustomization, values};
use crate::world::{Bump, Proxy, Repository, World};

const PIPELINE: &str = "https://gitlab.example.com/team/app/-/pipelines/4711";
const SOURCE: &str = "0123456789abcdef0123456789abcdef01234567";

/// An infra repository in which Helm, Kustomize and a plain manifest deploy to dev, staging and prod.
pub(crate) struct Platform {
    pub(crate) world: World,
    pub(crate) infra: Repository,
}

impl Platform {
    pub(crate) fn new() -> Self {
        let world = World::new();
        for (name, tags) in [("team/app", ["1", "2"]), ("team/web", ["1", "1"]), ("team/tool", ["5", "5"])] {
            for tag in tags {
                world.push(name, tag);
            }
        }
        let image = |name: &str| world.repository(name);
        let tool = deployment(&format!("{}:5", image("team/tool")));
        let tool = tool.replace("busybox:1.36", &format!("{}:5", image("team/tool")));
        let mut files = vec![("base/tool.yaml".to_owned(), tool)];
        for environment in ["dev", "staging", "prod"] {
            files.push((format!("values-{environment}.yaml"), values(&image("team/app"), "1")));
            let overlay =
                kustomization(&image("team/web"), "1").replace("docker.io/library/redis", &image("team/gone"));
            files.push((format!("overlays/{environment}/kustomization.yaml"), overlay));
        }
        files.push(("overlays/README.md".to_owned(), "no environment".to_owned()));
        files.push(("overlays/shared/patch.yaml".to_owned(), "no: kustomization\n".to_owned()));
        let infra = world.empty_infra("infra");
        infra.commit("main", "first commit", &files);
        Self { world, infra }
    }

    /// The real thing: `update` in a pipeline brings version 2 to dev.
    pub(crate) fn bump_dev(&self) {
        let (image, url) = (self.world.repository("team/app") + ":2", self.infra.url());
        let update =
            ["update", "--image", &image, "--repo", &url, "--helm", "values-<env>.yaml", "--environment", "dev"];
        let job = self.world.bump(update).env("CI_PIPELINE_URL", PIPELINE).env("CI_COMMIT_SHA", SOURCE);
        let job = job.env("CI_PROJECT_URL", "https://gitlab.example.com/team/app");
        job.env("GITLAB_USER_NAME", "Ada <b>").env("GITLAB_USER_EMAIL", "ada@example.com").run().exits(0);
    }

    pub(crate) fn status(&self, flags: &[&str]) -> Bump {
        self.status_at(&self.infra.url(), flags)
    }

    fn status_at(&self, url: &str, flags: &[&str]) -> Bump {
        let fixed = ["status", "--repo", url, "--helm", "values-<env>.yaml", "--kustomize", "overlays/<env>"];
        self.world.bump(fixed.iter().chain(&["--manifest", "base"]).chain(flags))
    }

    fn json(&self, flags: &[&str]) -> Value {
        let flags: Vec<&str> = flags.iter().chain(&["--format", "json"]).copied().collect();
        let run = self.status(&flags).run().exits(0);
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }
}

/// The place of an environment that names this image.
fn place<'a>(status: &'a Value, environment: Option<&str>, image: &str) -> &'a Value {
    let environments = status["environments"].as_array().expect("a list");
    let found = environments.iter().find(|found| found["name"].as_str() == environment);
    let places = found.and_then(|found| found["places"].as_array()).expect("the environment is there");
    let named = |place: &&Value| place["image"].as_str().is_some_and(|name| name.ends_with(image));
    places.iter().find(named).unwrap_or_else(|| panic!("{environment:?} has no {image}: {status:#}"))
}

fn names(status: &Value) -> Vec<Option<&str>> {
    status["environments"].as_array().expect("a list").iter().map(|found| found["name"].as_str()).collect()
}

#[test]
fn every_environment_is_found_and_nothing_is_written() {
    let platform = Platform::new();
    platform.bump_dev();
    let (tip, files) = (platform.infra.tip("main"), platform.infra.entries("main"));

    let status = platform.json(&[]);

    assert_eq!(names(&status), [Some("dev"), Some("prod"), Some("staging"), None]);
    let app = place(&status, Some("dev"), "team/app");
    assert_eq!((&app["tag"], &app["file"], &app["line"]), (&"2".into(), &"values-dev.yaml".into(), &6.into()));
    assert_eq!(app["path"], "image.tag");
    assert_eq!(app["registry"]["state"], "present");
    assert_eq!(
        app["registry"]["digest"],
        platform.world.servers().digest(&(platform.world.repository("team/app") + ":2"))
    );
    assert_eq!(place(&status, Some("prod"), "team/gone")["registry"]["state"], "missing");
    assert_eq!(place(&status, Some("staging"), "team/web")["path"], "images[0].newTag");
    assert_eq!(place(&status, None, "team/tool")["tag"], "5");
    assert_eq!((platform.infra.tip("main"), platform.infra.entries("main")), (tip, files));
    assert_eq!(platform.infra.branches(), ["main"]);
}

#[test]
fn the_last_bump_is_the_one_that_update_made() {
    let platform = Platform::new();
    platform.bump_dev();
    let bump_commit = platform.infra.tip("main");
    platform.infra.commit("main", "something else", &[("notes.txt", "x")]);

    let status = platform.json(&[]);
    let bump = &place(&status, Some("dev"), "team/app")["last_bump"];
    assert_eq!((&bump["commit"], &bump["pipeline"]), (&bump_commit.as_str().into(), &PIPELINE.into()));
    assert_eq!(bump["source_commit"], format!("https://gitlab.example.com/team/app/-/commit/{SOURCE}"));
    assert_eq!((&bump["author"], &bump["is_current"]), (&"Ada b".into(), &true.into()));
    // A plain Git server has no pages.
    assert_eq!(bump["commit_url"], Value::Null);
    assert!(!status.to_string().contains("ada@example.com"), "no mail address is published");
    assert_eq!(place(&status, Some("prod"), "team/app")["last_bump"], Value::Null);

    let repository = platform.world.repository("team/app");
    platform.infra.commit("main", "by hand", &[("values-dev.yaml", values(&repository, "1"))]);
    let status = platform.json(&[]);
    assert_eq!(place(&status, Some("dev"), "team/app")["last_bump"]["is_current"], false);
    let status = platform.json(&["--history", "0"]);
    assert_eq!(place(&status, Some("dev"), "team/app")["last_bump"], Value::Null);
    assert_eq!(status["repositories"][0]["commits_read"], 0);
}

#[test]
fn environments_that_differ_are_told() {
    let platform = Platform::new();
    platform.bump_dev();

    let status = platform.json(&[]);
    let drift = |environment, image| place(&status, Some(environment), image)["drift"].clone();
    let two = serde_json::json!([{"environment": "dev", "tag": "2", "digest": null}]);
    assert_eq!((drift("prod", "team/app"), drift("staging", "team/app")), (two.clone(), two));
    assert_eq!(drift("dev", "team/app").as_array().map(Vec::len), Some(2));
    assert_eq!(drift("dev", "team/web"), serde_json::json!([]));
}

#[test]
fn environments_and_images_are_picked() {
    let platform = Platform::new();
    let image = platform.world.repository("team/app");
    let status = platform.json(&["--environment", "staging", "--environment", "dev", "--image", &image]);
    assert_eq!(names(&status), [Some("staging"), Some("dev")]);
    let places =
        status["environments"].as_array().expect("a list").iter().filter_map(|found| found["places"].as_array());
    let images: Vec<&Value> = places.flatten().map(|place| &place["image"]).collect();
    assert_eq!(images, [&image, &image], "{status}");

    let run = platform.status(&["--environment", "prod"]).env("CI_ENVIRONMENT_NAME", "dev").run().exits(0);
    assert!(run.stdout.contains("prod ") && !run.stdout.contains("dev "), "{run}");
}

#[test]
fn the_table_is_for_people() {
    let platform = Platform::new();
    platform.bump_dev();
    let run = platform.status(&[]).run().exits(0);
    let line = |words: &[&str]| run.stdout.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(line(&["ENVIRONMENT", "IMAGE", "LAST BUMP", "DRIFT", "PLACE"]), "{run}");
    assert!(line(&["dev ", "/app ", " 2 ", "present", "prod: 1", "values-dev.yaml:6"]), "{run}");
    assert!(line(&["prod ", "/gone ", "missing", "none in all"]), "{run}");
    assert!(run.stdout.starts_with("3 environments, 4 images, 1 missing, 1 drifting\n"), "{run}");
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 120), "{run}");
    assert!(run.stdout.lines().last().is_some_and(|line| line.contains("--format markdown")), "{run}");

    let run = platform.status(&["--format", "markdown"]).run().exits(0);
    let row = |words: &[&str]| run.stdout.lines().any(|line| words.iter().all(|word| line.contains(word)));
    let bump =
        ["| dev |", "team/app", "| 2 |", "present", "by Ada b", "[pipeline 4711]", "[source 01234567]", "prod: 1"];
    assert!(row(&bump) && row(&["| prod |", "team/gone", "missing", "none in all 2 commits"]), "{run}");

    let one = platform.infra.url();
    let image = platform.world.repository("team/app");
    let run = platform.world.bump(["status", "--repo", &one, "--helm", "values-dev.yaml", "--image", &image]).run();
    assert!(run.stdout.starts_with("0 environments, 1 image, 0 missing, 0 drifting\n"), "{run}");
}

#[test]
fn a_config_file_for_builds_is_enough() {
    let platform = Platform::new();
    let config = format!(
        "images: {{app: \"${{REPOSITORY_OF_A_BUILD}}/app:1\"}}\nrepositories:\n  - url: {}\n    helm:\n      - \
         {{file: values-<env>.yaml, image: app}}\n      - {{file: values-<env>.yaml, path: image.tag}}\n",
        platform.infra.url()
    );
    platform.world.write(".gitops-bump.yml", config);
    let run = platform.world.bump(["status", "--format", "json"]).run().exits(0);
    let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(names(&status), [Some("dev"), Some("prod"), Some("staging")]);
    // Two targets, one place.
    assert_eq!(status["environments"][0]["places"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_registry_that_keeps_silent_is_a_word_in_a_column() {
    let world = World::new();
    world.push_private("team/app", "1");
    let private = values(&world.private_repository("team/app"), "1");
    let nobody = values("127.0.0.1:1/team/app", "1");
    let infra = world.infra("infra", &[("a.yaml", &private), ("b.yaml", &nobody), ("c.yaml", "image: {tag: 3}\n")]);
    let url = infra.url();
    let status = ["status", "--repo", &url, "--helm", "a.yaml", "--helm", "b.yaml", "--helm", "c.yaml:image.tag"];

    let run = world.bump(status).run().exits(0);
    for words in ["access denied", "unreachable", "a.yaml:6", "c.yaml:1"] {
        assert!(run.stdout.contains(words), "no {words:?}\n{run}");
    }
    let login = &world.servers().registry_login;
    let named = || {
        let bump = world.bump(status).env("GITOPS_BUMP_REGISTRY_USERNAME", &login.username);
        bump.env("GITOPS_BUMP_REGISTRY_PASSWORD", &login.password)
    };
    let run = named().run().exits(0);
    assert!(run.stdout.contains("access denied") && !run.stdout.contains("present"), "{run}");
    let run = named().env("GITOPS_BUMP_REGISTRY_HOSTS", &world.servers().private_registry).run().exits(0);
    assert!(run.stdout.contains("present"), "{run}");
}

#[test]
fn only_a_repository_that_cannot_be_read_fails() {
    let platform = Platform::new();
    let (world, url) = (&platform.world, platform.infra.url());
    platform.infra.commit("main", "broken", &[("values-dev.yaml", "a: [\n")]);

    platform.status(&[]).run().exits(0).says("values-dev.yaml:1:4: invalid YAML");
    platform.status(&["--environment", "nowhere"]).run().exits(0).says("values-nowhere.yaml: this file does not exist");
    platform.status(&["--branch", "gone"]).run().exits(5).says("does not exist");
    world
        .bump(["status", "--repo", &url, "--helm", "gone.yaml"])
        .run()
        .exits(5)
        .says("gone.yaml: this file does not exist");
    world.bump(["status", "--repo", &url, "--helm", "../x-<env>.yaml"]).run().exits(5).says("contains ..");
    platform.status(&[]).without_env("GITOPS_BUMP_GIT_TOKEN").run().exits(8);
    world.bump(["status"]).run().exits(2);
    platform.status(&["--history", "501"]).run().exits(2);

    let config = format!(
        "repositories:\n  - {{url: {url}, helm: [{{file: values-prod.yaml}}]}}\n  - {{url: {url}-gone, helm: [{{file: x}}]}}\n"
    );
    world.write(".gitops-bump.yml", config);
    let run = world.bump(["status"]).run().exits(8).says("read ");
    assert!(run.stdout.contains("values-prod.yaml"), "{run}");
}

#[test]
fn history_costs_what_it_is_deep() {
    let platform = Platform::new();
    platform.bump_dev();
    for number in 0..150 {
        platform.infra.commit(
            "main",
            &format!("commit {number}"),
            &[("big.txt", "x".repeat(10_000) + &number.to_string())],
        );
    }
    let cost = |history: &str| {
        let proxy = Proxy::to(&platform.world.servers().git);
        let image = platform.world.repository("team/app");
        let flags = ["--history", history, "--environment", "dev", "--image", &image, "--format", "json"];
        let run = platform.status_at(&platform.infra.url_at(&proxy.address()), &flags).run().exits(0);
        let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let is_found = place(&status, Some("dev"), "team/app")["last_bump"].is_object();
        (proxy.requests(), proxy.downloaded(), is_found, status["repositories"][0]["commits_read"].clone())
    };
    let none = cost("0");
    let little = cost("20");
    let much = cost("500");
    assert_eq!((none.2, little.2, much.2), (false, false, true));
    assert_eq!((&none.3, &little.3), (&0.into(), &20.into()));
    assert!(little.0 == none.0 + 1 && much.0 <= none.0 + 3, "{none:?} {little:?} {much:?}");
    assert!(little.1 < none.1 + 8 * 1024 && much.1 < none.1 + 48 * 1024, "{none:?} {little:?} {much:?}");
}
