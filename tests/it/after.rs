//! After the push: the mirror is triggered, and Argo CD's application runs the image.

use serde_json::{Value, json};

use crate::samples::app_infra;
use crate::world::{ARGOCD_TOKEN, Argocd, Bump, COPY, Gitlab, Repository, Secret, World, application};

/// A commit that the repository does not have.
const OLD: &str = "1111111111111111111111111111111111111111";

/// An infra repository with one image.
struct Scene {
    world: World,
    infra: Repository,
    image: String,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { world, infra, image }
    }

    fn update(&self, flags: &[&str]) -> Bump {
        let url = self.infra.url();
        let fixed = ["update", "--image", &self.image, "--repo", &url, "--helm", "values.yaml"];
        self.world.bump(fixed.iter().chain(flags))
    }

    fn update_through(&self, argocd: &Argocd, flags: &[&str]) -> Bump {
        let server = argocd.server();
        let fixed = ["--argocd-server", &server, "--argocd-app", "argocd/shop", "--mirror-copy", COPY];
        let secret = Secret::new("argocd".to_owned(), ARGOCD_TOKEN.to_owned());
        let flags: Vec<&str> = fixed.iter().chain(flags).copied().collect();
        self.update(&flags).env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN).hiding(&secret)
    }

    fn old_image(&self) -> String {
        format!("{}:1", self.world.repository("team/app"))
    }
}

#[test]
fn a_push_triggers_the_mirror() {
    let scene = Scene::new();
    let gitlab = Gitlab::start();
    let secret = Secret::new("mirror".to_owned(), "glptt-m1rror+t/ken".to_owned());
    let mirror = ["--mirror-project-id", "9", "--mirror-repository", "infra helm"];
    let update = |flags: &[&str]| {
        let flags: Vec<&str> = mirror.iter().chain(flags).copied().collect();
        scene
            .update(&flags)
            .env("GIT_MIRROR_TOKEN", "glptt-m1rror+t/ken")
            .env("CI_API_V4_URL", gitlab.api())
            .hiding(&secret)
    };

    update(&[]).run().exits(0).says("mirror pipeline started for main http://127.0.0.1/mirror/-/pipelines/1");
    let form = "token=glptt-m1rror%2Bt%2Fken&ref=main&variables%5BGIT_BRANCH_DEPLOY%5D=main&variables%5BPROJECT_NAME%5D=infra+helm";
    assert_eq!(gitlab.asked(), [format!("POST /api/v4/projects/9/trigger/pipeline {form:?}")]);

    // Nothing changed: only when that is asked for.
    update(&[]).run().exits(0).says("the mirror pipeline is not triggered");
    update(&["--mirror", "always"]).run().exits(0);
    assert_eq!(gitlab.asked().len(), 2);

    let wrong = update(&["--mirror", "always"]).env("GIT_MIRROR_TOKEN", "wr0ng-t/ken+x");
    wrong.run().exits(11).says("trigger the mirror of").says("--mirror always");
    scene.update(&mirror).env("CI_API_V4_URL", gitlab.api()).run().exits(3).says("GIT_MIRROR_TOKEN");
}

#[test]
fn the_mirror_stands_in_the_config_file() {
    let scene = Scene::new();
    let gitlab = Gitlab::start();
    let config = format!(
        "images: {{app: '{}'}}\nrepositories:\n  - url: {}\n    helm: [{{file: values.yaml}}]\n    \
         mirror: {{project_id: \"${{GIT_MIRROR_PROJECT_ID}}\", repository: infra-helm, url: '{}'}}\n",
        scene.image,
        scene.infra.url(),
        gitlab.api()
    );
    scene.world.write(".gitops-bump.yml", config);
    let update = scene.world.bump(["update"]).env("GIT_MIRROR_PROJECT_ID", "9").env("CI_API_V4_URL", gitlab.api());
    update.env("GIT_MIRROR_TOKEN", "glptt-m1rror").run().exits(0);
    assert!(gitlab.asked()[0].contains("PROJECT_NAME%5D=infra-helm"), "{:?}", gitlab.asked());
}

#[test]
fn a_commit_to_the_platforms_own_copy_is_warned_of() {
    let scene = Scene::new();
    let update = scene.update(&[]).env("GIT_MIRROR_PROJECT_ID", "9").env("CI_SERVER_HOST", "127.0.0.1");
    update.run().exits(0).says("the next synchronisation overwrites this commit");
}

/// An application that renders the image at the commit while other images live still.
fn rendering(image: &str, (sync, health): (&str, &str), images: &[&str]) -> Value {
    let mut app = application(sync, health, "COMMIT", images);
    (app["renders"], app["lives"]) = (json!([image]), json!([image]));
    app
}

#[test]
fn an_image_that_is_deployed_from_a_mirror_is_waited_for_by_its_name() {
    let scene = Scene::new();
    let copy = format!("mirror.example.com/cache/{}", scene.image.rsplit('/').next().expect("there is a name"));
    let states = [(200, rendering(&copy, ("Synced", "Healthy"), &[&copy]))];
    let argocd = Argocd::of(&scene.infra, states.clone());
    scene.update_through(&argocd, &["--any-repository"]).run().exits(0).says("application argocd/shop runs the image");
    let argocd = Argocd::of(&scene.infra, states);
    scene.update_through(&argocd, &[]).run().exits(11).says("an image of");
}

#[test]
fn where_a_catalog_is_a_commit_without_a_mirror_is_told_what_it_means() {
    let on = |server: &str| {
        let scene = Scene::new();
        scene.update(&[]).env("CATALOG_PATH", "forge/projects/catalog").env("CI_SERVER_HOST", server).run().exits(0)
    };
    on("127.0.0.1").says("if the platform's console shows an external source for this repository");
    on("gitlab.example.com")
        .says("no mirror pipeline is triggered")
        .says("GIT_MIRROR_TOKEN (on Cloud Pi Native both are in Vault");
}

#[test]
fn a_mirror_whose_variables_are_unset_is_told_where_they_are() {
    const WHERE: &str = "the owner of the project finds them in the console";
    let scene = Scene::new();
    let named = ["--mirror-repository", "infra-helm"];
    // A job whose variable is `$GIT_MIRROR_PROJECT_ID` gets an empty one.
    scene.update(&named).env("GITOPS_BUMP_MIRROR_PROJECT_ID", "").run().exits(3).says("mirror project id").says(WHERE);
    let with_project = [&named[..], &["--mirror-project-id", "9"]].concat();
    let without_token = scene.update(&with_project).env("CI_API_V4_URL", "http://127.0.0.1:1/api/v4");
    without_token.run().exits(3).says("GIT_MIRROR_TOKEN").says(WHERE);
    let config = format!(
        "images: {{app: '{}'}}\nrepositories:\n  - url: {}\n    helm: [{{file: values.yaml}}]\n    \
         mirror: {{project_id: \"${{GIT_MIRROR_PROJECT_ID}}\", repository: infra-helm}}\n",
        scene.image,
        scene.infra.url()
    );
    scene.world.write(".gitops-bump.yml", config);
    scene.world.bump(["update"]).run().exits(3).says("GIT_MIRROR_PROJECT_ID is not set").says(WHERE);
}

#[test]
fn argocd_is_refreshed_and_waited_for() {
    let scene = Scene::new();
    let (old, new) = (scene.old_image(), scene.image.as_str());
    let argocd = Argocd::of(
        &scene.infra,
        [
            (200, application("Synced", "Healthy", OLD, &[&old])),
            // It flaps, and is busy for a moment.
            (200, rendering(new, ("Synced", "Degraded"), &[&old])),
            (503, json!({})),
            (200, rendering(new, ("Synced", "Progressing"), &[&old, new])),
            (200, rendering(new, ("Synced", "Healthy"), &[new, "redis:7"])),
        ],
    );

    let run = scene.update_through(&argocd, &[]).run().exits(0).says("application argocd/shop runs the image");

    let commit = &scene.infra.tip("main")[..12];
    for state in ["Synced at 111111111111, Healthy".to_owned(), format!("Synced at {commit}, Progressing")] {
        assert!(run.stderr.contains(&state), "{run}");
    }
    assert_eq!(argocd.asked()[1], "GET /argocd/api/v1/applications/shop?appNamespace=argocd&refresh=normal");
}

#[test]
fn an_application_that_fails_or_never_follows_is_exit_11() {
    let scene = Scene::new();
    let (old, new) = (scene.old_image(), scene.image.as_str());
    let degraded = rendering(new, ("Synced", "Degraded"), &[new]);
    let before = application("Synced", "Healthy", "BEFORE", &[&old]);
    let argocd = Argocd::of(&scene.infra, [(200, before), (200, degraded)]);
    let run = scene.update_through(&argocd, &["--report-json", "report.json"]).run().exits(11);
    let commit = scene.infra.tip("main")[..12].to_owned();
    let failed = format!("has failed (Synced at {commit}, Degraded)");
    let run = run.says(&failed).says("/argocd/applications/argocd/shop");
    run.says("Deployment/web: Degraded: Back-off pulling \\u{1b}[31mimage");
    assert_eq!(scene.infra.commits("main"), 2);
    let report: Value = serde_json::from_str(&scene.world.read("report.json")).expect("the report is JSON");
    assert_eq!(report["repositories"][0]["outcome"], "updated");
    assert!(report["repositories"][0]["error"].as_str().is_some_and(|error| error.contains("has failed")));

    // Synchronised to what was there before: healthy, and not ours. Nothing is pushed this time.
    let stays = application("Synced", "Healthy", OLD, &[&old]);
    let argocd = Argocd::of(&scene.infra, [(200, stays)]);
    let run = scene.update_through(&argocd, &["--argocd-timeout", "3s"]).run().exits(11);
    run.says("does not run the image after 3s (Synced at 111111111111, Healthy)").says("--argocd-timeout");
}

#[test]
fn what_argocd_denies_or_does_not_have_is_exit_11_at_once() {
    let scene = Scene::new();
    let absent = Argocd::playing([(404, json!({ "message": "applications.argoproj.io \"shop\" not found" }))]);
    scene.update_through(&absent, &[]).run().exits(11).says("not found").says("--argocd-app");
    let forbidden = Argocd::playing([(403, json!({ "error": "permission denied", "message": "permission denied" }))]);
    let run = scene.update_through(&forbidden, &[]).run().exits(11).says("permission denied").says("ARGOCD_AUTH_TOKEN");
    assert!(run.took.as_secs() < 5, "{run}");
    let none = Argocd::playing([(200, json!({ "items": [] }))]);
    let server = none.server();
    let unnamed = scene.update(&["--argocd-server", &server]).env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN);
    unnamed
        .run()
        .exits(11)
        .says("no application of Argo CD uses the files that were edited in")
        .says("applications, get");
    scene.update(&["--argocd-server", &server]).run().exits(3).says("ARGOCD_AUTH_TOKEN");
    scene.update(&["--argocd-app", "shop"]).run().exits(2).says("--argocd-server");
}

#[test]
fn the_repositorys_applications_are_found_with_several_sources() {
    let scene = Scene::new();
    let mut app = application("Synced", "Healthy", "COMMIT", &[&scene.image]);
    let other = json!({ "repoURL": "https://charts.example/x.git", "chart": "shop" });
    app["spec"] = json!({ "sources": [other, { "repoURL": scene.infra.url().trim_end_matches(".git"), "path": "." }] });
    app["status"]["sync"] = json!({ "status": "Synced", "revisions": ["1.2.3", "COMMIT"] });
    let mut before = app.clone();
    before["status"]["sync"]["revisions"] = json!(["1.2.3", OLD]);
    let mut foreign = app.clone();
    foreign["metadata"]["name"] = json!("foreign");
    foreign["spec"] = json!({ "source": { "repoURL": "https://other.example/x.git", "path": "." } });
    let answers = [(200, json!({ "items": [foreign, before] })), (200, before), (200, app)];
    let argocd = Argocd::of(&scene.infra, answers);
    let server = argocd.server();
    let update = scene.update(&["--argocd-server", &server]).env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN);

    update.run().exits(0).says("application argocd/shop runs the image");

    assert!(!argocd.asked().iter().any(|asked| asked.contains("foreign")), "{:?}", argocd.asked());
}
