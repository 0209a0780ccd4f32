//! The wait for Argo CD, on what a real one said in each situation, at its pace.

use serde_json::{Value, json};

use crate::samples::{app_infra, values};
use crate::world::{
    ARGOCD_TOKEN, Argocd, Bump, COPY, Others, Recording, Renders, Repository, Run, World, application, liar, says,
};

/// An infra repository with one image, which is at version 1 and becomes 2.
struct Scene {
    world: World,
    infra: Repository,
    images: [String; 3],
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        let images = ["1", "2", "3"].map(|tag| format!("{}:{tag}", world.repository("team/app")));
        Self { world, infra, images }
    }

    fn recording(&self, file: &str, app: &str, renders: Renders, tags: &[&str]) -> Recording {
        let images: Vec<(&str, &str)> = tags.iter().copied().zip(self.images.iter().map(String::as_str)).collect();
        Recording::read(file, app, renders, &images)
    }

    fn update(&self, argocd: &Argocd, app: &str, flags: &[&str]) -> Bump {
        self.update_at(&argocd.server(), app, flags)
    }

    fn update_at(&self, server: &str, app: &str, flags: &[&str]) -> Bump {
        let url = self.infra.url();
        let fixed = ["update", "--image", &self.images[1], "--repo", &url, "--helm", "values.yaml"];
        let argocd = ["--argocd-server", server, "--argocd-app", app, "--mirror-copy", COPY];
        let bump = self.world.bump(fixed.iter().chain(&argocd).chain(flags));
        bump.env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN)
    }

    /// Plays a recording of an application that renders the new image once it has the commit.
    fn play(&self, file: &str, app: &str, tags: &[&str], speed: f64, flags: &[&str]) -> Run {
        let recording = self.recording(file, app, Renders::New, tags).faster(speed);
        let argocd = Argocd::recorded(&self.infra, recording, None);
        self.update(&argocd, &format!("argocd/{app}"), flags).run()
    }
}

#[track_caller]
fn comes_to_run(file: &str, app: &str, tags: &[&str], speed: f64) {
    let scene = Scene::new();
    let run = scene.play(file, app, tags, speed, &[]).exits(0);
    run.says(&format!("infra main: application argocd/{app} runs the image"));
}

#[test]
fn one_environment_of_a_chart() {
    comes_to_run("three", "app-dev", &["1.0.0", "1.1.0"], 1.0);
}

#[test]
fn an_overlay() {
    comes_to_run("kustomize", "kust-dev", &["1.0.0", "1.1.0"], 1.0);
}

#[test]
fn values_from_a_second_source() {
    comes_to_run("multi", "multi", &["1.0.0", "1.1.0"], 1.0);
}

#[test]
fn a_hydrated_branch() {
    comes_to_run("hydrator", "hyd", &["1.0.0", "1.1.0"], 1.0);
}

#[test]
fn a_cron_job_and_what_is_scaled_to_zero_run_no_pods() {
    comes_to_run("cron", "cron", &["1.0.0", "1.1.0"], 1.0);
    comes_to_run("scaled", "scaled", &["1.0.0", "1.1.0"], 1.0);
}

#[test]
fn what_was_degraded_is_healed() {
    comes_to_run("recovered", "deg", &["1.0.0", "1.1.0"], 1.0);
}

#[test]
fn a_hook_runs_the_new_image_first() {
    let scene = Scene::new();
    let run = scene.play("hook", "hook", &["1.0.0", "1.1.0"], 2.0, &[]).exits(0);
    run.says("waits for a hook: waiting for completion of hook batch/Job/migrate").says("runs the image (Synced");
}

#[test]
fn a_change_that_nobody_synchronises_is_told_when_it_is_seen_and_ends_at_the_timeout() {
    for (file, app, words, hint) in [
        ("manual", "manual", "its automatic synchronisation is off", "sync the application in Argo CD"),
        ("automated-disabled", "deg", "its automatic synchronisation is off", "sync the application in Argo CD"),
        ("susp", "susp", "it is suspended until somebody resumes or promotes it", "kubectl argo rollouts promote"),
    ] {
        let scene = Scene::new();
        let run = scene.play(file, app, &["1.0.0", "1.1.0"], 1.0, &["--argocd-timeout", "4s"]).exits(11);
        let lines: Vec<&str> = run.stderr.lines().filter(|line| line.contains(words)).collect();
        assert_eq!(lines.len(), 2, "once when it is seen, once at the end: {run}");
        run.says(&format!("application argocd/{app} does not run the image after 4s")).says(hint);
    }
}

#[test]
fn a_window_that_is_closed_is_told() {
    let scene = Scene::new();
    let deny = json!({ "kind": "deny", "schedule": "0 22 * * *", "duration": "8h" });
    let windows = json!({ "activeWindows": [deny], "assignedWindows": [deny], "canSync": false });
    let recording = scene.recording("window", "window", Renders::New, &["1.0.0", "1.1.0"]);
    let argocd = Argocd::recorded(&scene.infra, recording, None).with_windows(windows);
    let run = scene.update(&argocd, "argocd/window", &["--argocd-timeout", "3s"]).run().exits(11);
    run.says("it is not synchronised now: a deny window is open (0 22 * * * for 8h)")
        .says("Run the job again when the sync window allows it");
}

#[test]
fn an_image_that_cannot_be_pulled() {
    let scene = Scene::new();
    let run = scene.play("degraded", "deg", &["1.0.0", "1.4.0-bad"], 8.0, &[]).exits(11);
    let run = run.says("application argocd/deg has failed (Synced at").says("exceeded its progress deadline");
    run.says("Pod/web-1-x: Degraded: Back-off pulling image").says("/argocd/applications/argocd/deg");
}

#[test]
fn a_synchronisation_that_fails_and_is_tried_again() {
    let scene = Scene::new();
    let flags = ["--argocd-timeout", "8s"];
    let run = scene.play("broken-manifest", "fail", &["1.0.0", "1.1.0"], 2.0, &flags).exits(11);
    run.says("its synchronisation fails and is retried (retried 2 times): one or more objects failed to apply")
        .says("unrecognized type: int32")
        .says("argocd app terminate-op");
}

#[test]
fn a_file_that_argo_cd_cannot_read() {
    let scene = Scene::new();
    let run = scene.play("invalid-yaml", "fail", &["1.0.0", "1.1.0"], 1.0, &[]).exits(11);
    run.says("has failed (Unknown at main").says("Argo CD can't compare it: Failed to load target state");
}

#[test]
fn an_operation_of_an_older_commit_keeps_this_one_away() {
    let scene = Scene::new();
    let mut app = application("OutOfSync", "Healthy", "COMMIT", &[&scene.images[1]]);
    app["operation"] = json!({ "sync": { "revision": "BEFORE" } });
    app["status"]["operationState"] = json!({
        "phase": "Running", "message": "admission webhook denied it. Retrying attempt #3", "retryCount": 3,
        "operation": { "sync": { "revision": "BEFORE" } },
    });
    let before = scene.infra.tip("main");
    let argocd = Argocd::of(&scene.infra, [(200, app)]);
    let run = scene.update(&argocd, "argocd/shop", &["--argocd-timeout", "3s"]).run().exits(11);
    let older = format!("an operation of the older commit {} is under way", &before[..12]);
    run.says(&older)
        .says("(retried 3 times): admission webhook denied it")
        .says("only after the older operation has ended");
}

/// Somebody pushes on top and that is synchronised, while the run waits.
fn superseded(tag_of_others: &'static str) -> (Scene, Run) {
    let scene = Scene::new();
    let others: Others = {
        let repository = scene.world.repository("team/app");
        Box::new(move |infra| {
            infra.commit(
                "main",
                "theirs",
                &[("values.yaml", values(&repository, tag_of_others)), ("x", String::new())],
            );
            infra.tip("main")
        })
    };
    let last = if tag_of_others == "2" { &scene.images[1] } else { &scene.images[0] };
    let images = [("1.0.0", &scene.images[0]), ("1.2.0", &scene.images[1]), ("1.3.0", last)];
    let images = images.map(|(tag, image)| (tag, image.as_str()));
    let recording = Recording::read("later", "app-staging", Renders::New, &images);
    let argocd = Argocd::recorded(&scene.infra, recording, Some(others));
    let run = scene.update(&argocd, "argocd/app-staging", &[]).run();
    (scene, run)
}

#[test]
fn a_later_commit_with_the_image_is_as_good() {
    let (scene, run) = superseded("2");
    let tip = scene.infra.tip("main");
    run.exits(0).says(&format!("runs the image (Synced at {}", &tip[..12]));
    assert_eq!(scene.infra.commits("main"), 3);
}

#[test]
fn a_later_commit_that_takes_the_change_back_is_told_with_what_runs() {
    let (scene, run) = superseded("1");
    let tip = scene.infra.tip("main");
    let words = format!("renders {} in Deployment/web at the later commit {}", scene.images[0], &tip[..12]);
    run.exits(11).says(&words).says("A later commit changed the image");
}

#[test]
fn what_wins_over_the_file_is_told_at_once() {
    let scene = Scene::new();
    let recording = scene.recording("parameters-win", "params", Renders::Old, &["1.0.0", "1.1.0"]);
    let argocd = Argocd::recorded(&scene.infra, recording, None);
    let run = scene.update(&argocd, "argocd/params", &[]).run().exits(11);
    assert!(run.took.as_secs() < 10, "{run}");
    let words = format!("application argocd/params renders {} in Deployment/web at commit", scene.images[0]);
    let run = run.says(&words).says(&format!(", not {}", scene.images[1]));
    run.says("the image may be set by: helm.parameters (image.tag)").says(".argocd-source-params.yaml");
    let hard = argocd.asked().iter().filter(|asked| asked.contains("refresh=hard")).count();
    assert_eq!(hard, 1, "it is rendered anew once: {:?}", argocd.asked());
}

#[test]
fn an_annotation_that_leaves_the_file_out_is_told_and_helped() {
    let scene = Scene::new();
    let recording = scene.recording("generate-paths", "mgp", Renders::NewIfAnew, &["1.0.0", "1.1.0"]);
    let argocd = Argocd::recorded(&scene.infra, recording, None);
    let run = scene.update(&argocd, "argocd/mgp", &[]).run().exits(0);
    run.says("manifest-generate-paths").says("does not cover values.yaml").says("runs the image");
}

#[test]
fn an_application_that_does_not_render_the_image_proves_nothing() {
    let scene = Scene::new();
    let argocd = Argocd::of(&scene.infra, [(200, application("Synced", "Healthy", "COMMIT", &["redis:7"]))]);
    let run = scene.update(&argocd, "argocd/shop", &[]).run().exits(11);
    let repository = scene.world.repository("team/app");
    run.says(&format!("application argocd/shop does not render an image of {repository}"));
}

#[test]
fn old_pods_are_waited_for_and_those_of_jobs_are_not() {
    let scene = Scene::new();
    let [old, new, _] = &scene.images;
    let mut lingering = application("Synced", "Healthy", "COMMIT", &[old, new]);
    (lingering["renders"], lingering["lives"]) = (json!([new]), json!([new]));
    let gone = application("Synced", "Healthy", "COMMIT", &[new]);
    let argocd = Argocd::of(&scene.infra, [(200, lingering), (200, gone)]);
    let run = scene.update(&argocd, "argocd/shop", &[]).run().exits(0);
    run.says(&format!("pods still run another image: {old} in Pod/web-1-x")).says("runs the image");
    assert!(argocd.asked().iter().any(|asked| asked.contains("/resource-tree")), "{:?}", argocd.asked());
}

#[test]
fn manifests_are_asked_for_only_when_they_decide() {
    let scene = Scene::new();
    let [old, new, _] = &scene.images;
    let state = |sync: &str, health: &str, commit: &str, renders: &str| {
        let mut app = application(sync, health, commit, &[old]);
        (app["renders"], app["lives"]) = (json!([renders]), json!([renders]));
        (200, app)
    };
    let done = application("Synced", "Healthy", "COMMIT", &[new]);
    let states = [
        state("Synced", "Healthy", "BEFORE", old),
        state("OutOfSync", "Healthy", "COMMIT", new),
        state("Synced", "Progressing", "COMMIT", new),
        state("Synced", "Progressing", "COMMIT", new),
        (200, done),
    ];
    let argocd = Argocd::of(&scene.infra, states);
    scene.update(&argocd, "argocd/shop", &[]).run().exits(0);
    let asked = argocd.asked();
    let count = |what: &str| asked.iter().filter(|asked| asked.contains(what)).count();
    assert_eq!((count("managed-resources"), count("resource-tree"), count("refresh=normal")), (2, 0, 1), "{asked:?}");
    assert!(asked[1].ends_with("applications/shop?appNamespace=argocd&refresh=normal"), "{asked:?}");
}

#[test]
fn refusals_are_told_apart_and_end_at_once() {
    let refusals = include_str!("../fixtures/argocd/refusals.jsonl");
    let refusals = refusals.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let of = |request: &str, who: Value| {
        let is_it = |line: &Value| line["request"] == request && line["as"] == who;
        refusals.clone().find(is_it).expect("it was recorded")
    };
    for (refusal, words, hint) in [
        (of("GET /api/v1/applications/nope", json!("ci")), "permission denied", "applications, get"),
        (of("GET /api/v1/applications", json!("x.y.z")), "invalid session", "the token has expired"),
        (of("GET /api/v1/applications/nope?project=default", json!("ci")), "not found", "--argocd-app NAMESPACE/NAME"),
        (of("GET /api/v1/bogus", json!("ci")), "Not Found", "the path under which Argo CD is served"),
    ] {
        let run = refused(&refusal);
        assert!(run.took.as_secs() < 8, "{run}");
        run.exits(11).says(words).says(hint);
    }
}

fn refused(refusal: &Value) -> Run {
    let body = refusal["body"].as_str().map_or_else(|| refusal["body"].to_string(), str::to_owned);
    let kind = refusal["content-type"].as_str().unwrap_or_default();
    let answer = says(&format!("{} X", refusal["status"]), &format!("Content-Type: {kind}\r\n"), &body);
    let scene = Scene::new();
    let server = liar(move |_, stream| std::io::Write::write_all(stream, answer.as_bytes()));
    scene.update_at(&format!("http://{server}"), "nope", &[]).run()
}

#[test]
fn a_sign_in_page_and_another_address_are_told_as_what_they_are() {
    let page = says("200 OK", "Content-Type: text/html\r\n", "<html><title>Sign in</title></html>");
    let to_page = says("302 Found", "Location: https://sso.example/login\r\n", "");
    let to_https = says("307 T", "Location: https://argocd.example/cd/api/v1/applications/shop?refresh=normal\r\n", "");
    for (answer, words, hint) in [
        (page, "an HTML page instead of JSON", "not of a sign-in page or a proxy"),
        (to_page, "it redirects to sso.example", "Argo CD itself accepts ARGOCD_AUTH_TOKEN"),
        (to_https, "it redirects to argocd.example", "Set `--argocd-server https://argocd.example/cd`"),
    ] {
        let scene = Scene::new();
        let server = liar(move |_, stream| std::io::Write::write_all(stream, answer.as_bytes()));
        let run = scene.update_at(&format!("http://{server}"), "shop", &[]).run().exits(11);
        run.says(words).says(hint);
    }
}
