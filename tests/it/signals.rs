//! A signal ends a run at once, wherever it is, and the reports say how far it came.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::samples::{REPORTS, app_infra, values};
use crate::world::{ARGOCD_TOKEN, Argocd, Bump, COPY, GITLAB_TOKEN, Repository, Silent, World, application};

/// An infra repository with one image.
struct Scene {
    world: World,
    infra: Repository,
    image: String,
}

/// What a run left that a signal ended.
struct Ended {
    code: Option<i32>,
    stderr: String,
    report: Value,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { world, infra, image }
    }

    /// `update` of an image in a repository, with all reports.
    fn update(&self, image: &str, url: &str, flags: &[&str]) -> Bump {
        let fixed = ["update", "--image", image, "--repo", url, "--helm", "values.yaml"];
        self.world.bump(fixed.iter().chain(&REPORTS).chain(flags))
    }

    /// The ordinary update, of whose steps some do not end.
    fn waiting(&self, flags: &[&str]) -> Bump {
        self.update(&self.image, &self.infra.url(), flags)
    }

    /// Starts a run, sends it SIGTERM once it has come to where it hangs, and waits for its end: one second at most.
    fn interrupt(&self, bump: Bump, has_come: impl Fn() -> bool) -> Ended {
        let stderr = self.world.scratch().join("stderr");
        let mut command = bump.into_command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&stderr).expect("it is ours"));
        let mut child = command.spawn().expect("the binary can be started");
        let started = Instant::now();
        while !has_come() {
            assert!(started.elapsed() < Duration::from_secs(30), "it did not get there: {}", self.stderr());
            assert!(child.try_wait().expect("the child is ours").is_none(), "it ended: {}", self.stderr());
            thread::sleep(Duration::from_millis(5));
        }
        // So that it has begun to wait, and not only to connect.
        thread::sleep(Duration::from_millis(100));
        let mut kill = Command::new("kill");
        let told = Instant::now();
        assert!(kill.args(["-TERM", &child.id().to_string()]).status().expect("kill can be started").success());
        let status = child.wait().expect("the child is ours");
        let took = told.elapsed();
        assert!(took < Duration::from_secs(1), "it ended after {took:?}: {}", self.stderr());
        let report = self.report().expect("the report is JSON");
        let dotenv = self.world.read("r.env");
        assert!(dotenv.contains(&format!("CHANGED={}\n", report["changed"])), "{dotenv}");
        assert!(self.world.read("a.json").starts_with("{\"GitOps\":"));
        assert!(self.world.read("r.md").contains("interrupted by SIGTERM"), "{}", self.world.read("r.md"));
        Ended { code: status.code(), stderr: self.stderr(), report }
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(self.world.scratch().join("stderr")).expect("the log is text")
    }

    fn report(&self) -> Option<Value> {
        serde_json::from_str(&std::fs::read_to_string(self.world.work().join("r.json")).ok()?).ok()
    }

    /// Whether log and report tell of the pushed commit.
    fn is_published(&self) -> bool {
        let Some(report) = self.report() else { return false };
        let repository = &report["repositories"][0];
        let files = repository["files"].as_array().map_or(0, Vec::len);
        let log = self.stderr();
        let commit = repository["commit"].as_str().unwrap_or("none");
        files == 1 && log.contains("+  tag: \"2\"") && log.contains(&format!("pushed {}", &commit[..12]))
    }
}

impl Ended {
    /// Nothing was pushed: what was under way failed by the signal.
    #[track_caller]
    fn before_the_push(&self, part: &Value) {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        assert_eq!(part["error"], "interrupted by SIGTERM", "{}", self.report);
        assert_eq!((&self.report["changed"], &self.report["error"]), (&false.into(), &part["error"]));
        self.is_said_once();
    }

    /// A commit was pushed: the report has it, and says that what came after it did not end.
    #[track_caller]
    fn after_the_push(&self, outcome: &str, commit: &str) {
        assert_eq!(self.code, Some(11), "{}", self.stderr);
        let repository = &self.report["repositories"][0];
        assert_eq!((&repository["outcome"], &repository["commit"]), (&outcome.into(), &commit.into()));
        assert_eq!(repository["files"][0]["new"], "2");
        assert_eq!((&self.report["changed"], &repository["error"]), (&true.into(), &"interrupted by SIGTERM".into()));
        self.is_said_once();
    }

    #[track_caller]
    fn is_said_once(&self) {
        assert_eq!(self.stderr.matches("interrupted by SIGTERM").count(), 1, "{}", self.stderr);
    }
}

#[test]
fn a_silent_registry() {
    let (scene, silent) = (Scene::new(), Silent::start());
    let image = format!("{}/team/app:2", silent.address);
    let update = scene.update(&image, &scene.infra.url(), &["--plain-http", &silent.address]);
    let ended = scene.interrupt(update, || silent.is_waited_for());
    ended.before_the_push(&ended.report["images"][0]);
    ended.before_the_push(&ended.report["repositories"][0]);

    let (scene, silent) = (Scene::new(), Silent::start());
    let image = format!("{}/team/app:2", silent.address);
    let check = ["check", "--image", &image, "--image", &scene.image, "--plain-http", &silent.address];
    let check = scene.world.bump(check.iter().chain(&REPORTS));
    let ended = scene.interrupt(check, || silent.is_waited_for());
    ended.before_the_push(&ended.report["images"][0]);
    assert_eq!(ended.report["images"][1]["digest"], scene.world.servers().digest(&scene.image));
}

#[test]
fn a_silent_git_server() {
    let (scene, silent) = (Scene::new(), Silent::start());
    let update = scene.update(&scene.image, &format!("http://{}/shop/infra.git", silent.address), &[]);
    let ended = scene.interrupt(update, || silent.is_waited_for());
    ended.before_the_push(&ended.report["repositories"][0]);
    assert_eq!(ended.report["images"][0]["digest"], scene.world.servers().digest(&scene.image));
}

#[test]
fn a_push_that_a_hook_does_not_let_end() {
    let scene = Scene::new();
    scene.infra.hook("pre-receive", "touch begun\nexec sleep 8 >/dev/null 2>&1");
    let begun = scene.infra.directory().join("begun");
    let ended = scene.interrupt(scene.waiting(&[]), || begun.exists());
    ended.before_the_push(&ended.report["repositories"][0]);
    assert_eq!(ended.report["repositories"][0]["branch"], "main");
}

#[test]
fn a_credential_helper_that_hangs() {
    let scene = Scene::new();
    let programs = scene.world.scratch().join("programs");
    let begun = programs.join("begun");
    let helper = format!("#!/bin/sh\ntouch '{}'\nexec sleep 20\n", begun.display());
    let helper = crate::world::write(&programs, "docker-credential-hangs", helper.as_bytes());
    std::fs::set_permissions(helper, Permissions::from_mode(0o755)).expect("the file is ours");
    let image = scene.world.push_private("team/app", "2");
    let update = scene
        .update(&image, &scene.infra.url(), &[])
        .env("DOCKER_AUTH_CONFIG", r#"{"credsStore": "hangs"}"#)
        .env("PATH", format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default()));
    let ended = scene.interrupt(update, || begun.exists());
    ended.before_the_push(&ended.report["images"][0]);
}

#[test]
fn a_mirror_that_does_not_answer_after_the_push() {
    let (scene, silent) = (Scene::new(), Silent::start());
    let update = scene.waiting(&["--mirror-project-id", "9", "--mirror-repository", "infra"]);
    let update = update
        .env("GIT_MIRROR_TOKEN", "glptt-m1rror")
        .env("CI_API_V4_URL", format!("http://{}/api/v4", silent.address));
    let ended = scene.interrupt(update, || silent.is_waited_for() && scene.is_published());
    ended.after_the_push("updated", &scene.infra.tip("main"));
}

#[test]
fn an_application_that_never_follows_the_push() {
    let scene = Scene::new();
    let old = format!("{}:1", scene.world.repository("team/app"));
    let commit = "1111111111111111111111111111111111111111";
    let argocd = Argocd::playing([(200, application("OutOfSync", "Healthy", commit, &[&old]))]);
    let update =
        scene.waiting(&["--argocd-server", &argocd.server(), "--argocd-app", "argocd/shop", "--mirror-copy", COPY]);
    let update = update.env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN);
    let ended = scene.interrupt(update, || argocd.asked().len() > 1 && scene.is_published());
    ended.after_the_push("updated", &scene.infra.tip("main"));
}

#[test]
fn an_application_that_never_runs_what_was_there_already() {
    let scene = Scene::new();
    scene.infra.commit("main", "done", &[("values.yaml", values(&scene.world.repository("team/app"), "2"))]);
    let argocd = Argocd::playing([(200, application("OutOfSync", "Healthy", "1", &[]))]);
    let update =
        scene.waiting(&["--argocd-server", &argocd.server(), "--argocd-app", "argocd/shop", "--mirror-copy", COPY]);
    let update = update.env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN);
    let ended = scene.interrupt(update, || argocd.asked().len() > 1);
    ended.before_the_push(&ended.report["repositories"][0]);
    assert_eq!(ended.report["repositories"][0]["outcome"], "unchanged");
}

#[test]
fn an_api_that_does_not_answer_about_the_merge_request() {
    let (scene, silent) = (Scene::new(), Silent::start());
    let update = scene.waiting(&["--merge-request", "--mr-branch", "bump"]);
    let update = update
        .env("GITOPS_BUMP_GITLAB_TOKEN", GITLAB_TOKEN)
        .env("CI_SERVER_HOST", "127.0.0.1")
        .env("CI_API_V4_URL", format!("http://{}/api/v4", silent.address));
    let ended = scene.interrupt(update, || silent.is_waited_for() && scene.is_published());
    ended.after_the_push("proposed", &scene.infra.tip("bump"));
}

#[test]
fn one_repository_that_was_pushed_beside_one_that_was_not() {
    let (scene, silent) = (Scene::new(), Silent::start());
    let files = [("values.yaml", values(&scene.world.repository("team/app"), "1"))];
    let slow = scene.world.empty_infra("slow");
    slow.commit("main", "first", &files);
    slow.hook("pre-receive", "touch begun\nexec sleep 8 >/dev/null 2>&1");
    let config = format!(
        "images: {{app: '{}'}}\nrepositories:\n  - url: {}\n    helm: [{{file: values.yaml}}]\n    \
         mirror: {{project_id: '9', repository: infra, url: 'http://{}/api/v4'}}\n  - url: {}\n    helm: [{{file: values.yaml}}]\n",
        scene.image,
        scene.infra.url(),
        silent.address,
        slow.url()
    );
    scene.world.write(".gitops-bump.yml", config);
    let update = scene.world.bump(["update"].iter().chain(&REPORTS)).env("GIT_MIRROR_TOKEN", "glptt-m1rror");
    let update = update.env("GITOPS_BUMP_MIRROR_URL", format!("http://{}/api/v4", silent.address));
    let begun = slow.directory().join("begun");
    let ended = scene.interrupt(update, || silent.is_waited_for() && begun.exists() && scene.is_published());
    ended.after_the_push("updated", &scene.infra.tip("main"));
    let other = &ended.report["repositories"][1];
    assert_eq!((&other["outcome"], &other["commit"]), (&"failed".into(), &Value::Null));
    assert_eq!(other["error"], "interrupted by SIGTERM");
}
