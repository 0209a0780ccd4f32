//! `--gitlab-deployment`: what the waits tell stands on GitLab's environments page, recorded with the job's token.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::samples::{app_infra, values};
use crate::world::{Bump, Host, JOB_TOKEN, Reporter, Repository, Script, Secret, World, status};

/// A job of a project whose GitLab holds the infra repository, too.
struct Job {
    world: World,
    infra: Repository,
    image: String,
    reporter: Reporter,
}

impl Job {
    fn new(script: Script) -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        let reporter = Reporter::start(Host::Gitlab, &infra, &world.servers().git, script);
        Self { world, infra, image, reporter }
    }

    fn update(&self, flags: &[&str]) -> Bump {
        let url = self.reporter.url();
        let fixed = ["update", "--image", &self.image, "--repo", &url, "--helm", "values.yaml", "--gitlab-deployment"];
        let bump = self.world.bump(fixed.iter().chain(flags)).env("GITLAB_CI", "true");
        let api = format!("http://{}/api/v4", self.reporter.address());
        let (host, port) = self.reporter.address().split_once(':').expect("an address has a port");
        let bump = bump.env("CI_API_V4_URL", api).env("CI_SERVER_HOST", host).env("CI_SERVER_PORT", port);
        let bump = bump.env("CI_PROJECT_ID", "42").env("CI_COMMIT_SHA", "a".repeat(40));
        let secret = Secret::new("gitlab-ci-token".to_owned(), JOB_TOKEN.to_owned());
        bump.env("CI_COMMIT_REF_NAME", "main").env("CI_JOB_TOKEN", JOB_TOKEN).hiding(&secret)
    }

    /// The states that were recorded, with how often something had been pushed by then.
    fn recorded(&self) -> Vec<(String, usize)> {
        let state = |(request, pushed): (String, usize)| {
            let (method, body) = request.split_once(' ').expect("a method and a body");
            let body: Value = serde_json::from_str(body).expect("JSON");
            (format!("{method} {}", body["status"].as_str().expect("a state")), pushed)
        };
        self.reporter.deployments().into_iter().map(state).collect()
    }
}

fn states(states: &[(&str, usize)]) -> Vec<(String, usize)> {
    states.iter().map(|(state, pushed)| ((*state).to_owned(), *pushed)).collect()
}

const WAITING: [&str; 6] = ["--environment", "prod", "--wait-status", "k/*", "--wait-status-timeout", "20s"];

#[test]
fn the_record_runs_while_it_is_waited_and_ends_as_the_waits_tell() {
    for (state, code, end) in [("success", 0, "PUT success"), ("failed", 11, "PUT failed")] {
        let script = vec![(1.0, 1, json!([status(1, "k/dev", state)]))];
        let job = Job::new(script);
        job.update(&WAITING).run().exits(code).says("the deployment to prod is recorded as running");
        assert_eq!(job.recorded(), states(&[("POST running", 1), (end, 1)]));
        let (made, _) = job.reporter.deployments().remove(0);
        let made: Value = serde_json::from_str(made.split_once(' ').expect("a body").1).expect("JSON");
        let wanted =
            json!({ "environment": "prod", "sha": "a".repeat(40), "ref": "main", "tag": false, "status": "running" });
        assert_eq!(made, wanted);
        let asked = job.reporter.asked();
        let at = |text: &str| asked.iter().position(|asked| asked.contains(text)).expect("it was asked");
        assert!(at("/deployments") < at("/statuses"), "{asked:?}");
    }
}

#[test]
fn without_a_wait_the_push_is_the_deployment() {
    let job = Job::new(Vec::new());
    job.update(&["--environment", "prod"]).env("CI_COMMIT_TAG", "v1").run().exits(0);
    assert_eq!(job.recorded(), states(&[("POST success", 1)]));
    assert!(job.reporter.deployments()[0].0.contains("\"tag\":true"));

    // Nothing had to change: the environment has what this pipeline built all the same.
    job.update(&["--environment", "prod"]).run().exits(0).says("nothing to do");
    assert_eq!(job.recorded().len(), 2);
    job.update(&["--environment", "prod", "--dry-run"]).run().exits(0);
    assert_eq!(job.recorded().len(), 2);
}

#[test]
fn a_push_that_fails_is_no_deployment() {
    let job = Job::new(Vec::new());
    job.infra.hook("pre-receive", "echo not today >&2; exit 1");
    job.update(&WAITING).run().exits(8).says("not today").says("no deployment to prod is recorded");
    assert_eq!(job.recorded(), states(&[]));
}

#[test]
fn what_can_not_be_recorded_is_exit_3_before_the_push() {
    let job = Job::new(Vec::new());
    let before = job.infra.tip("main");
    job.update(&[]).run().exits(3).says("needs --environment");
    let own = job.update(&["--environment", "prod"]).env("CI_ENVIRONMENT_NAME", "prod");
    own.run().exits(3).says("the job has environment: prod");
    job.update(&[]).env("CI_ENVIRONMENT_NAME", "prod").run().exits(3).says("remove environment: from the job, or");
    for variable in ["CI_API_V4_URL", "CI_PROJECT_ID", "CI_JOB_TOKEN", "CI_COMMIT_SHA"] {
        let update = job.update(&["--environment", "prod"]).without_env(variable);
        update.run().exits(3).says(variable);
    }
    let update = job.update(&["--environment", "prod"]).env("CI_API_V4_URL", "http://gitlab.example/api/v4");
    update.run().exits(3).says("--plain-http");
    assert_eq!((job.infra.tip("main"), job.recorded().len()), (before, 0));
}

#[test]
fn a_record_that_is_refused_is_exit_11_and_the_waits_go_on() {
    let job = Job::new(vec![(0.0, 1, json!([status(1, "k/dev", "success")]))]);
    job.reporter.trouble("/deployments", 403);
    let run = job.update(&WAITING).run().exits(11).says("record the deployment to prod as running");
    run.says("are successful");
    assert_eq!(job.infra.file("main", "values.yaml"), values(&job.world.repository("team/app"), "2"));
}

#[test]
fn a_signal_ends_the_record() {
    let job = Job::new(Vec::new());
    let mut command = job.update(&["--environment", "prod", "--wait-status", "k/*"]).into_command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary can be started");
    let started = Instant::now();
    while !job.reporter.asked().iter().any(|asked| asked.contains("/statuses")) {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not wait");
        thread::sleep(Duration::from_millis(5));
    }
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill can be started");
    assert!(told.success());
    assert_eq!(child.wait().expect("the child is ours").code(), Some(11));
    assert_eq!(job.recorded(), states(&[("POST running", 1), ("PUT canceled", 1)]));
}
