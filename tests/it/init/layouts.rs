//! Layouts with several environments: the proposal runs for each that it lists, writes in no other, and `status` sees the
//! same places; Kustomize and Helm say what comes out.

#![allow(clippy::unwrap_used, reason = "a report of another shape is a failed test")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::Shop;
use crate::samples::deployment;
use crate::world::{helm_template, kubectl_kustomize, output_of};

/// A name, the files, and for each environment (empty: none) the lines that its run writes.
type Layout<'l> = (&'l str, &'l [(&'l str, &'l str)], &'l [(&'l str, &'l [&'l str])]);

const SPLIT: &str = "image:\n  repository: REPOSITORY\n  tag: 1.0.0\n";
const LONE: &str = "image:\n  tag: 1.0.0\n";

impl Shop {
    /// Keeps the proposal as the config file, and returns its text and the commands that were printed last.
    #[track_caller]
    fn keep(&self) -> (String, Vec<String>) {
        let run = self.bump(&["init", "--repo", &self.infra.url()]).run().exits(0);
        self.world.write(".gitops-bump.yml", &run.stdout);
        let commands: Vec<String> =
            run.stderr.lines().filter(|line| line.contains(" gitops-bump ")).map(str::to_owned).collect();
        assert_eq!(commands.len(), 2, "{run}");
        assert!(run.stderr.trim_end().ends_with(&commands[1]), "{run}");
        assert!(run.stdout.trim_end().ends_with(&commands[1]), "{run}");
        (run.stdout, commands)
    }

    /// What a run for an environment would write, `FILE: LINE`, and where.
    #[track_caller]
    fn writes(&self, environment: &str) -> (Vec<String>, BTreeSet<(String, u64)>) {
        let bump = |arguments: &[&str]| self.bump(arguments).env("CI_ENVIRONMENT_NAME", environment);
        bump(&["config", "validate"]).run().exits(0);
        let run = bump(&["update", "--dry-run", "--report-json", "r.json"]).run().exits(0);
        let mut file = String::new();
        let mut lines = Vec::new();
        for line in run.stdout.lines() {
            if let Some(name) = line.strip_prefix("+++ b/") {
                name.clone_into(&mut file);
            } else if let Some(added) = line.strip_prefix('+') {
                lines.push(format!("{file}: {}", added.trim()));
            }
        }
        lines.sort();
        let report: Value = serde_json::from_str(&self.world.read("r.json")).unwrap();
        let files = report["repositories"][0]["files"].as_array().unwrap();
        let place = |file: &Value| (file["path"].as_str().unwrap().to_owned(), file["line"].as_u64().unwrap());
        (lines, files.iter().map(place).collect())
    }

    /// The places that `status` shows.
    #[track_caller]
    fn shown(&self) -> BTreeSet<(String, u64)> {
        let run =
            self.bump(&["status", "--offline", "--format", "json"]).without_env("CI_ENVIRONMENT_NAME").run().exits(0);
        let status: Value = serde_json::from_str(&run.stdout).unwrap();
        let environments = status["environments"].as_array().unwrap();
        let places = environments.iter().flat_map(|environment| environment["places"].as_array().unwrap());
        let image = self.world.repository("app");
        let places = places.filter(|place| place["image"].as_str().is_none_or(|own| own == image));
        places.map(|place| (place["file"].as_str().unwrap().to_owned(), place["line"].as_u64().unwrap())).collect()
    }

    /// Runs a line as a shell runs it.
    #[track_caller]
    fn shell(&self, line: &str) {
        let bump = self.bump(&[]).without_env("CI_COMMIT_SHORT_SHA").without_env("IMAGE_REPOSITORY").into_command();
        let program = std::path::Path::new(bump.get_program()).parent().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env_clear().current_dir(self.world.work());
        let of_run = bump.get_envs().filter(|(name, _)| *name != "CI_ENVIRONMENT_NAME");
        shell.envs(of_run.filter_map(|(name, value)| Some((name, value?))));
        shell.env("PATH", format!("{}:/usr/bin:/bin", program.display()));
        output_of(&mut shell);
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "it is a table")]
fn every_proposal_runs_for_each_of_its_environments_and_writes_in_no_other() {
    let overlay = "resources: [../../base]\nimages:\n- name: REPOSITORY\n  newTag: 1.0.0\n";
    let bare = "resources: [../../base]\n";
    let pod = deployment("REPOSITORY:1.0.0");
    let pod = pod.as_str();
    let base = "resources: [app.yaml]\n";
    let application = |environment: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop-{environment}}}\nspec:\n  source:\n    helm:\n      parameters:\n      - {{name: image.repository, value: REPOSITORY}}\n      - {{name: image.tag, value: 1.0.0}}\n"
        )
    };
    let (dev, prod) = (application("dev"), application("prod"));
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: shop}\nspec:\n  generators: [{list: {elements: [{env: dev}]}}]\n  template:\n    spec:\n      source:\n        helm:\n          valuesObject:\n            image: {repository: REPOSITORY, tag: 1.0.0}\n";
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: app}\nspec:\n  values:\n    controllers:\n      app:\n        containers:\n          app:\n            image:\n              repository: REPOSITORY\n              tag: 1.0.0\n";
    let helmfile =
        "releases:\n- name: app\n  chart: ./app\n  values: [values.yaml, 'env/{{ .Environment.Name }}.yaml']\n";
    let fleet =
        "defaultNamespace: shop\nhelm:\n  values:\n    image:\n      repository: REPOSITORY\n      tag: 1.0.0\n";
    let compose = "services:\n  app:\n    image: REPOSITORY:1.0.0\n  db:\n    image: postgres:16\n";
    let layouts: &[Layout<'_>] = &[
        (
            "a chart with values for each environment",
            &[
                ("chart/Chart.yaml", "name: app\nversion: 1.0.0\n"),
                ("chart/values.yaml", "image:\n  repository: REPOSITORY\n  tag: \"\"\n"),
                ("chart/templates/app.yaml", "kind: Pod\n"),
                ("chart/values-dev.yaml", LONE),
                ("chart/values-prod.yaml", LONE),
            ],
            &[("dev", &["chart/values-dev.yaml: tag: 2.0.0"]), ("prod", &["chart/values-prod.yaml: tag: 2.0.0"])],
        ),
        (
            "an umbrella",
            &[
                ("shop/Chart.yaml", "name: shop\n"),
                ("shop/charts/app/Chart.yaml", "name: app\n"),
                ("shop/charts/app/values.yaml", "image:\n  repository: REPOSITORY\n  tag: ''\n"),
                ("shop/values.dev.yaml", "app:\n  image: {tag: 1.0.0}\n"),
                ("shop/values.prod.yaml", "app:\n  image: {tag: 1.0.0}\n"),
            ],
            &[("dev", &["shop/values.dev.yaml: image: {tag: 2.0.0}"])],
        ),
        (
            "overlays over a base that has the tag",
            &[
                ("base/app.yaml", pod),
                ("base/kustomization.yaml", base),
                ("overlays/dev/kustomization.yaml", bare),
                ("overlays/prod/kustomization.yaml", bare),
            ],
            &[(
                "dev",
                &[
                    "overlays/dev/kustomization.yaml: - name: REPOSITORY",
                    "overlays/dev/kustomization.yaml: images:",
                    "overlays/dev/kustomization.yaml: newTag: 2.0.0",
                ],
            )],
        ),
        (
            "overlays of which one is different",
            &[
                ("base/app.yaml", pod),
                ("base/kustomization.yaml", base),
                ("overlays/dev/kustomization.yaml", overlay),
                ("overlays/int/kustomization.yaml", overlay),
                ("overlays/prod/kustomization.yaml", "resources: [https://example.com/other]\n"),
            ],
            &[("int", &["overlays/int/kustomization.yaml: newTag: 2.0.0"])],
        ),
        (
            "an app of apps",
            &[("apps/dev/shop.yaml", &dev), ("apps/prod/shop.yaml", &prod)],
            &[("prod", &["apps/prod/shop.yaml: - {name: image.tag, value: 2.0.0}"])],
        ),
        (
            "an application set",
            &[("set.yaml", set)],
            &[("", &["set.yaml: image: {repository: REPOSITORY, tag: 2.0.0}"])],
        ),
        (
            "Flux with clusters",
            &[("apps/dev/release.yaml", release), ("apps/production/release.yaml", release)],
            &[("production", &["apps/production/release.yaml: tag: 2.0.0"])],
        ),
        (
            "helmfile",
            &[
                ("helmfile.yaml", helmfile),
                ("values.yaml", "image: {repository: REPOSITORY}\n"),
                ("env/dev.yaml", LONE),
                ("env/prod.yaml", LONE),
            ],
            &[("dev", &["env/dev.yaml: tag: 2.0.0"])],
        ),
        ("Fleet", &[("app/fleet.yaml", fleet)], &[("", &["app/fleet.yaml: tag: 2.0.0"])]),
        (
            "plain manifests of two applications",
            &[("blog/app.yaml", pod), ("shop/app.yaml", pod)],
            &[("", &["blog/app.yaml: image: REPOSITORY:2.0.0", "shop/app.yaml: image: REPOSITORY:2.0.0"])],
        ),
        (
            "files that are called differently",
            &[
                ("k8s/app-dev/deployment.yaml", pod),
                ("k8s/app-prod/deploy.yaml", pod),
                ("dev-values.yaml", SPLIT),
                ("prod-values.yaml", SPLIT),
            ],
            &[
                ("dev", &["dev-values.yaml: tag: 2.0.0", "k8s/app-dev/deployment.yaml: image: REPOSITORY:2.0.0"]),
                ("prod", &["k8s/app-prod/deploy.yaml: image: REPOSITORY:2.0.0", "prod-values.yaml: tag: 2.0.0"]),
            ],
        ),
        (
            "a monorepo with a compose file",
            &[("app/compose.yaml", compose), ("deploy/app.yaml", pod)],
            &[("", &["app/compose.yaml: image: REPOSITORY:2.0.0", "deploy/app.yaml: image: REPOSITORY:2.0.0"])],
        ),
    ];
    for (name, files, environments) in layouts {
        let shop = Shop::new(files);
        let repository = shop.world.repository("app");
        let (text, commands) = shop.keep();
        let listed = text.lines().find_map(|line| line.strip_prefix("environments: [")?.strip_suffix(']'));
        let all: Vec<&str> = listed.map_or_else(|| vec![""], |names| names.split(", ").collect());
        let mut places = BTreeSet::new();
        for environment in &all {
            let (_, own) = shop.writes(environment);
            assert!(!own.is_empty(), "{name}: {environment}\n{text}");
            assert!(places.is_disjoint(&own), "{name}: {environment} writes what another environment writes\n{text}");
            places.extend(own);
        }
        for (environment, lines) in *environments {
            assert!(all.contains(environment), "{name}: {environment}\n{text}");
            let lines: Vec<String> = lines.iter().map(|line| line.replace("REPOSITORY", &repository)).collect();
            assert_eq!(shop.writes(environment).0, lines, "{name}: {environment}\n{text}");
        }
        if !text.contains("create: true") {
            assert_eq!(shop.shown(), places, "{name}: what status shows\n{text}");
        }
        for command in &commands {
            shop.shell(command);
        }
    }
}

#[test]
fn what_a_proposal_writes_is_what_is_rendered_in_its_environment_alone() {
    let template = "kind: Pod\napiVersion: v1\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\n";
    let pinned = "resources: [../../base]\nimages:\n- name: app\n  newName: REPOSITORY\n  newTag: 1.0.0\n";
    let shop = Shop::new(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
        ("chart/templates/pod.yaml", template),
        ("chart/values.yaml", SPLIT),
        ("chart/values-dev.yaml", LONE),
        ("chart/values-prod.yaml", LONE),
        ("base/app.yaml", &deployment("app")),
        ("base/kustomization.yaml", "resources: [app.yaml]\n"),
        ("overlays/dev/kustomization.yaml", pinned),
        ("overlays/prod/kustomization.yaml", pinned),
    ]);
    shop.keep();
    shop.bump(&["update", "--environment", "prod"]).run().exits(0);
    let directory = shop.world.work().join("rendered");
    shop.infra.check_out("main", &directory);
    let repository = shop.world.repository("app");
    for (environment, tag) in [("dev", "1.0.0"), ("prod", "2.0.0")] {
        let rendered = [
            helm_template(&directory.join("chart"), &format!("values-{environment}.yaml")),
            kubectl_kustomize(&directory.join("overlays").join(environment)),
        ];
        for text in rendered {
            assert!(text.contains(&format!("{repository}:{tag}")), "{environment}\n{text}");
        }
    }
}

#[test]
fn the_commands_name_the_file_that_was_written() {
    let shop = Shop::new(&[("values dev.yaml", SPLIT), ("values.prod.yaml", SPLIT)]);
    let run = shop.bump(&["init", "--repo", &shop.infra.url(), "--output", "new file.yml"]).run().exits(0);
    let commands: Vec<&str> = run.stderr.lines().filter(|line| line.contains(" gitops-bump ")).collect();
    assert_eq!(commands.len(), 2, "{run}");
    assert!(commands.iter().all(|line| line.contains("--config 'new file.yml'")), "{run}");
    for command in commands {
        shop.shell(command);
    }
}
