//! Which of Argo CD's applications are waited for.

use serde_json::{Value, json};

use crate::samples::values;
use crate::world::{ARGOCD_TOKEN, Bump, ManyApplications, Repository, Secret, World};

/// How much memory a run may take, in kilobytes, whatever the list is.
const MEMORY: u32 = 160_000;

/// An infra repository with a chart for three environments, a kustomization with a base, and values for a chart from elsewhere.
struct Scene {
    world: World,
    infra: Repository,
    image: String,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let values = values(&world.repository("team/app"), "1");
        let base = format!("kind: Deployment\nspec:\n  containers:\n    - image: {}:1\n", world.repository("team/app"));
        let files = [
            ("charts/app/Chart.yaml", "name: app\n"),
            ("charts/app/values.yaml", values.as_str()),
            ("charts/app/values-dev.yaml", values.as_str()),
            ("charts/app/values-prod.yaml", values.as_str()),
            ("envs/dev/values.yaml", values.as_str()),
            ("overlays/dev/kustomization.yaml", "resources: [../../base]\n"),
            ("base/kustomization.yaml", "resources: [deployment.yaml]\n"),
            ("base/deployment.yaml", base.as_str()),
        ];
        let infra = world.infra("infra", &files);
        Self { world, infra, image }
    }

    fn update(&self, argocd: &ManyApplications, flags: &[&str]) -> Bump {
        let (url, server) = (self.infra.url(), argocd.server());
        let fixed = ["update", "--image", &self.image, "--repo", &url, "--argocd-server", &server];
        let secret = Secret::new("argocd".to_owned(), ARGOCD_TOKEN.to_owned());
        let update = self.world.bump(fixed.iter().chain(flags)).env("GITOPS_BUMP_ARGOCD_TIMEOUT", "1m");
        update.env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN).hiding(&secret)
    }

    fn argocd(&self, applications: Vec<Value>) -> ManyApplications {
        ManyApplications::start(
            (applications.len(), move |number| applications[number].clone()),
            &self.infra,
            &self.image,
        )
    }

    /// The applications of every layout, in a repository of this address.
    fn applications(url: &str) -> Vec<Value> {
        let git = |path: &str| json!({ "repoURL": url, "path": path, "targetRevision": "main" });
        let chart = |environment: &str| {
            let mut source = git("charts/app");
            source["helm"] = json!({ "valueFiles": [format!("values-{environment}.yaml")] });
            application(&format!("app-{environment}"), json!({ "source": source }))
        };
        let elsewhere = json!({ "repoURL": "https://charts.example.com", "chart": "shop", "targetRevision": "1.2.3",
            "helm": { "valueFiles": ["$values/envs/dev/values.yaml"] } });
        let values = json!({ "repoURL": url, "targetRevision": "HEAD", "ref": "values" });
        let hydrated = json!({ "sourceHydrator": { "drySource": git("overlays/dev"),
            "syncSource": { "targetBranch": "env/dev", "path": "x" } } });
        let mut tagged = git("charts/app");
        tagged["targetRevision"] = json!("v1");
        vec![
            chart("dev"),
            chart("prod"),
            chart("staging"),
            application("multi", json!({ "sources": [elsewhere, values] })),
            application("overlay", json!({ "source": git("overlays/dev") })),
            application("dry", hydrated),
            application("tagged", json!({ "source": tagged })),
            application(
                "foreign",
                json!({ "source": { "repoURL": "https://elsewhere.example.com/x.git", "path": "." } }),
            ),
        ]
    }
}

fn application(name: &str, mut spec: Value) -> Value {
    spec["syncPolicy"] = json!({ "automated": {} });
    json!({ "metadata": { "name": name, "namespace": "argocd" }, "spec": spec })
}

#[test]
fn an_edit_is_waited_for_where_it_has_an_effect() {
    for (target, file, expected) in [
        ("--helm", "charts/app/values-dev.yaml", &["app-dev"][..]),
        ("--helm", "charts/app/values.yaml", &["app-dev", "app-prod", "app-staging"]),
        ("--helm", "envs/dev/values.yaml", &["multi"]),
    ] {
        let scene = Scene::new();
        let argocd = scene.argocd(Scene::applications(&scene.infra.url()));
        scene.update(&argocd, &[target, file]).run().exits(0);
        assert_eq!(argocd.waited_for(), expected, "{file}");
        assert_eq!(argocd.lists().len(), 1, "{file}");
    }
}

#[test]
fn the_base_of_an_overlay_concerns_it_and_its_hydrated_sibling() {
    let scene = Scene::new();
    let argocd = scene.argocd(Scene::applications(&scene.infra.url()));
    scene.update(&argocd, &["--manifest", "base/deployment.yaml", "--argocd-timeout", "3s"]).run();
    assert_eq!(argocd.waited_for(), ["dry", "overlay"]);
}

#[test]
fn a_copy_and_other_spellings_are_the_repository() {
    let scene = Scene::new();
    let own = scene.infra.url();
    let spelled = own.replace("http://", "https://bot@").replace(".git", "");
    let copy = "git@gitlab.internal:shop/infra.git";
    for (shown, flags) in
        [(spelled.as_str(), &[][..]), (copy, &["--mirror-copy", "https://GitLab.internal/shop/infra"])]
    {
        let argocd = scene.argocd(Scene::applications(shown));
        let fixed = ["--helm", "charts/app/values-dev.yaml"];
        let flags: Vec<&str> = fixed.iter().chain(flags).copied().collect();
        scene.update(&argocd, &flags).run().exits(0);
        assert_eq!(argocd.waited_for(), ["app-dev"], "{shown}");
    }
}

#[test]
fn the_copy_stands_in_the_config_file_without_a_pipeline() {
    let scene = Scene::new();
    let copy = "https://gitlab.internal/shop/infra.git";
    let argocd = scene.argocd(Scene::applications(copy));
    let config = format!(
        "images: {{app: '{}'}}\nrepositories:\n  - url: {}\n    helm: [{{file: charts/app/values-dev.yaml}}]\n    mirror: {{copy: '{copy}'}}\n",
        scene.image,
        scene.infra.url()
    );
    scene.world.write(".gitops-bump.yml", config);
    let update = scene.world.bump(["update", "--argocd-server", &argocd.server()]);
    update.env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN).run().exits(0);
    assert_eq!(argocd.waited_for(), ["app-dev"]);
    scene.world.bump(["config", "show"]).run().exits(0).prints_some(copy);
}

#[test]
fn names_and_labels_narrow() {
    let scene = Scene::new();
    let argocd = scene.argocd(Scene::applications(&scene.infra.url()));
    let target = ["--helm", "charts/app/values.yaml"];
    let update = |flags: &[&str]| scene.update(&argocd, &target.iter().chain(flags).copied().collect::<Vec<_>>());

    update(&["--argocd-app", "argocd/app-prod"]).run().exits(0);
    assert_eq!((argocd.waited_for(), argocd.lists()), (vec!["app-prod".to_owned()], Vec::new()));

    let named = update(&["--argocd-app", "foreign"]).run().exits(11);
    named.says("https://elsewhere.example.com/x.git").says("another repository").says("--mirror-copy");

    update(&["--argocd-app", "app-dev", "--argocd-selector", "team=shop,env in (dev,qa)"]).run().exits(0);
    assert_eq!(argocd.waited_for(), ["app-dev", "app-prod"]);
    let lists = argocd.lists();
    assert!(lists[0].contains("fields=items.metadata.name,"), "{lists:?}");
    assert!(lists[0].ends_with("&selector=team%3Dshop%2Cenv+in+%28dev%2Cqa%29"), "{lists:?}");
    scene
        .world
        .bump(["update", "--argocd-selector", "a=b"])
        .run()
        .exits(2)
        .says("--argocd-selector needs --argocd-server");
}

#[test]
fn no_application_is_exit_11_with_what_there_is() {
    let scene = Scene::new();
    let argocd = scene.argocd(Scene::applications("https://elsewhere.example.com/infra.git"));
    let run = scene.update(&argocd, &["--helm", "charts/app/values-dev.yaml"]).run().exits(11);
    let run = run.says("none of the 8 applications that Argo CD shows does").says("why not").says("argocd/app-dev");
    assert!(run.says("another repository").took.as_secs() < 15);
    assert_eq!(scene.infra.commits("main"), 2);

    let argocd = scene.argocd(Scene::applications(&scene.infra.url()));
    let run = scene.update(&argocd, &["--helm", "envs/dev/values.yaml", "--argocd-app", "tagged"]).run().exits(11);
    run.says("v1").says("its targetRevision is not main");

    let none = scene.argocd(Vec::new());
    let run = scene.update(&none, &["--helm", "charts/app/values-dev.yaml"]).run().exits(11);
    run.says("Argo CD shows no application").says("applications, get");
}

#[test]
fn ten_thousand_applications_of_a_hundred_megabytes_are_read_in_bounded_memory() {
    let scene = Scene::new();
    let mut own = Scene::applications(&scene.infra.url()).remove(0);
    own["metadata"]["annotations"] = json!({ "note": "x".repeat(10_000) });
    let mut other =
        application("other", json!({ "source": { "repoURL": "https://other.example.com/x.git", "path": "." } }));
    other["metadata"]["annotations"] = own["metadata"]["annotations"].clone();
    let list = move |number: usize| if number == 9_999 { own.clone() } else { other.clone() };
    let argocd = ManyApplications::start((10_000, list), &scene.infra, &scene.image);

    let update = scene.update(&argocd, &["--helm", "charts/app/values-dev.yaml"]);

    update.within_memory(MEMORY).run().exits(0);
    assert_eq!(argocd.waited_for(), ["app-dev"]);
}
