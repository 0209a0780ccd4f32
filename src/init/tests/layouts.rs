//! What is proposed for layouts with several environments and layers; every proposal is run for each of its environments.

use super::*;

/// Files of one line each, where `api` and `web` stand for the two repositories.
fn with_images(files: Files<'_>) -> Vec<(String, String)> {
    let text = |text: &str| text.replace("API", API).replace("WEB", WEB);
    files.iter().map(|(path, own)| ((*path).to_owned(), text(own))).collect()
}

/// The proposal, and what its run writes in each of these environments.
#[track_caller]
fn runs(files: Files<'_>, images: &[&str], expected: &[(&str, &[&str])]) -> String {
    let files = with_images(files);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let text = proposal(&files, images);
    for (environment, lines) in expected {
        let mut found = written(&text, &files, environment);
        let mut lines: Vec<String> = lines.iter().map(|line| line.replace("API", API).replace("WEB", WEB)).collect();
        found.sort();
        lines.sort();
        assert_eq!(found, lines, "{environment}\n{text}");
    }
    text
}

const SPLIT: &str = "image:\n  repository: API\n  tag: '1'\n";
const POD: &str = "kind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: API:1\n";

#[test]
fn directories_and_charts_side_by_side_are_fixed_targets() {
    let files = [
        ("blog/deploy.yaml", POD),
        ("shop/deploy.yaml", POD),
        ("charts/a/values.yaml", SPLIT),
        ("charts/b/values.yaml", SPLIT),
    ];
    let all = [
        "blog/deploy.yaml: image: API:5846e796",
        "shop/deploy.yaml: image: API:5846e796",
        "charts/a/values.yaml: tag: '5846e796'",
        "charts/b/values.yaml: tag: '5846e796'",
    ];
    let text = runs(&files, &[], &[("", &all)]);
    assert!(!text.contains("<env>") && !text.contains("environments:"), "{text}");
}

#[test]
fn a_run_writes_for_one_environment_wherever_its_name_stands() {
    let files = [
        ("helm/helm-values.dev.yaml", SPLIT),
        ("helm/helm-values.prod.yaml", SPLIT),
        ("k8s/api-dev/deployment.yaml", "kind: Pod\nspec: {containers: [{name: a, image: 'WEB:1'}]}\n"),
        ("k8s/api-prod/deploy.yaml", "kind: Pod\nspec: {containers: [{name: a, image: 'WEB:1'}]}\n"),
    ];
    let text = runs(
        &files,
        &[],
        &[
            (
                "dev",
                &[
                    "helm/helm-values.dev.yaml: tag: '5846e796'",
                    "k8s/api-dev/deployment.yaml: spec: {containers: [{name: a, image: 'WEB:5846e796'}]}",
                ],
            ),
            (
                "prod",
                &[
                    "helm/helm-values.prod.yaml: tag: '5846e796'",
                    "k8s/api-prod/deploy.yaml: spec: {containers: [{name: a, image: 'WEB:5846e796'}]}",
                ],
            ),
        ],
    );
    assert!(
        in_force(&text)
            .contains("- path: k8s/api-dev/deployment.yaml\n        image: web\n        environments: [dev]\n")
    );
}

#[test]
fn an_environment_that_is_different_is_left_out_and_named() {
    let files = [("values-dev.yaml", SPLIT), ("values-prod.yaml", SPLIT), ("values-staging.yaml", "replicas: 1\n")];
    let text = runs(&files, &[], &[("dev", &["values-dev.yaml: tag: '5846e796'"])]);
    assert!(in_force(&text).contains("\nenvironments: [dev, prod]\n"), "{text}");
    assert!(text.contains("environments without it: staging (values-staging.yaml has no such place)"), "{text}");
}

#[test]
fn a_registry_for_each_environment_is_one_target() {
    let other = SPLIT.replace("API", "prod.example.com/team/api");
    let files = [("values-dev.yaml", SPLIT), ("values-prod.yaml", other.as_str())];
    let text = runs(
        &files,
        &[],
        &[("dev", &["values-dev.yaml: tag: '5846e796'"]), ("prod", &["values-prod.yaml: tag: '5846e796'"])],
    );
    let target =
        "- file: values-<env>.yaml\n        path: image.tag\n        image: api\n        any_repository: true\n";
    assert!(in_force(&text).contains(target), "{text}");
    assert!(text.contains("here prod.example.com"), "{text}");
    let entry =
        |name: &str| format!("resources: [../../base]\nimages: [{{name: app, newName: {name}, newTag: '1'}}]\n");
    let (dev, prod) = (entry(API), entry("prod.example.com/team/api"));
    let files = [
        ("base/kustomization.yaml", "resources: [pod.yaml]\n"),
        ("base/pod.yaml", "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: app}]}\n"),
        ("overlays/dev/kustomization.yaml", dev.as_str()),
        ("overlays/prod/kustomization.yaml", prod.as_str()),
    ];
    let prod = "overlays/prod/kustomization.yaml: images: [{name: app, newName: prod.example.com/team/api, newTag: '5846e796'}]";
    runs(&files, &[API], &[("prod", &[prod])]);
    let text = runs(&files, &[], &[("prod", &[prod])]);
    assert!(!in_force(&text).contains("  app:"), "what is renamed is no image of its own: {text}");
}

#[test]
fn an_entry_without_effect_is_not_proposed() {
    let base = "resources: [deploy.yaml]\nimages: [{name: app, newName: API, newTag: 1.4.0}]\n";
    let files = [
        ("base/deploy.yaml", "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: app}]}\n"),
        ("base/kustomization.yaml", base),
        ("prod/kustomization.yaml", "resources: [../base]\nimages: [{name: app, newName: API, newTag: 1.4.1}]\n"),
    ];
    let text = runs(
        &files,
        &[],
        &[("", &["base/kustomization.yaml: images: [{name: app, newName: API, newTag: \"5846e796\"}]"])],
    );
    assert!(!text.contains("Not active") && !text.contains("mirror"), "{text}");
    assert!(text.contains("# - prod/kustomization.yaml:"), "{text}");
}

#[test]
fn a_helm_release_in_a_kustomization_is_the_place() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: dns}\nspec:\n  values:\n    image:\n      repository: API\n";
    for images in ["", "images:\n  - name: API\n    newTag: '1'\n"] {
        let kustomization = format!("resources: [helmrelease.yaml]\n{images}");
        let files = [("app/kustomization.yaml", kustomization.as_str()), ("app/helmrelease.yaml", release)];
        let text = runs(&files, &[], &[("", &["app/helmrelease.yaml: tag: \"5846e796\""])]);
        assert!(!in_force(&text).contains("kustomize:"), "{text}");
    }
}

#[test]
fn images_are_found_under_every_key_and_by_one_word() {
    let values = "image: {api: API:1}\ndb: {imageName: r.example.com/team/pg:1, images: [r.example.com/team/side:1]}\nenv: {R: WEB:1}\n";
    let pod = "kind: Pod\nspec: {containers: [{name: a, image: 'app:1'}, {name: b, image: 'redis:7'}]}\n";
    let files = [("values.yaml", values), ("pod.yaml", pod)];
    let text = runs(
        &files,
        &[],
        &[(
            "",
            &[
                "values.yaml: image: {api: API:5846e796}",
                "values.yaml: db: {imageName: r.example.com/team/pg:5846e796, images: [r.example.com/team/side:5846e796]}",
                "values.yaml: env: {R: WEB:5846e796}",
                "pod.yaml: spec: {containers: [{name: a, image: 'app:5846e796'}, {name: b, image: 'redis:7'}]}",
            ],
        )],
    );
    assert!(text.contains("redis: these are official images of Docker Hub"), "{text}");
    let untagged = "kind: Pod\nspec: {containers: [{name: a, image: guestbook}]}\n";
    let text = runs(
        &[("pod.yaml", untagged)],
        &[],
        &[("", &["pod.yaml: spec: {containers: [{name: a, image: \"guestbook:5846e796\"}]}"])],
    );
    assert!(text.contains("this place has no tag yet, and gets one"), "{text}");
}

#[test]
fn layers_of_values_and_overrides_are_places() {
    let application = "kind: Application\nmetadata: {name: a}\nspec:\n  source:\n    helm:\n      values: |\n        image:\n          repository: API\n          tag: '1'\n";
    let chart = "kind: HelmChart\nmetadata: {name: b}\nspec:\n  valuesContent: |\n    image:\n      repository: WEB\n      tag: '1'\n";
    let files = [("apps/a.yaml", application), ("k3s/b.yaml", chart)];
    runs(&files, &[], &[("", &["apps/a.yaml: tag: '5846e796'", "k3s/b.yaml: tag: '5846e796'"])]);
    let source = "kustomize:\n  images:\n  - API:1\n";
    let files = [("apps/.argocd-source-shop.yaml", source)];
    runs(&files, &[], &[("", &["apps/.argocd-source-shop.yaml: - API:5846e796"])]);
}

#[test]
fn a_tag_alone_is_told_by_the_chart_and_by_a_policy() {
    let lone = "image:\n  tag: '1'\n";
    let chart = "image:\n  repository: API\n  tag: ''\n";
    let files = [
        ("charts/api/Chart.yaml", "name: api\n"),
        ("charts/api/values.yaml", chart),
        ("envs/dev/values.yaml", lone),
        ("envs/prod/values.yaml", lone),
    ];
    let text = runs(&files, &[], &[("dev", &["envs/dev/values.yaml: tag: '5846e796'"])]);
    assert!(text.contains("its repository is set by charts/api/values.yaml"), "{text}");
    let umbrella = "api:\n  image:\n    tag: '1'\n";
    let files = [
        ("shop/Chart.yaml", "name: shop\n"),
        ("shop/charts/api/Chart.yaml", "name: api\n"),
        ("shop/charts/api/values.yaml", chart),
        ("shop/values-dev.yaml", umbrella),
        ("shop/values-prod.yaml", umbrella),
    ];
    runs(&files, &[], &[("prod", &["shop/values-prod.yaml: tag: '5846e796'"])]);
    let policies = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {name: api, namespace: flux}\nspec: {imageRepositoryRef: {name: api}}\n---\napiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {name: api, namespace: flux}\nspec: {image: API}\n";
    let release = "kind: HelmRelease\nmetadata: {name: a}\nspec:\n  values:\n    image:\n      tag: '1' # {\"$imagepolicy\": \"flux:api:tag\"}\n";
    let files = [("policies.yaml", policies), ("release.yaml", release)];
    let text = runs(&files, &[API], &[("", &["release.yaml: tag: '5846e796' # {\"$imagepolicy\": \"flux:api:tag\"}"])]);
    assert!(text.contains("the image policy flux:api"), "{text}");
}

#[test]
fn many_repositories_are_listed_by_their_hosts() {
    let lines = |host: &str, count: usize| {
        (0..count)
            .map(|at| format!("k{host}{at}: {{image: '{host}/x/y{at}:1'}}\n").replace(['-'], ""))
            .collect::<String>()
    };
    let own = format!("{}{}", lines("ghcr.io", 25), lines("own.example.com", 3));
    let text = proposal(&[("values.yaml", &own)], &[]);
    assert!(text.contains(
        "the files name 28 image repositories (ghcr.io 25, own.example.com 3): only the images of own.example.com ("
    ));
    assert_eq!(in_force(&text).matches("own.example.com").count(), 3, "{text}");
    assert!(!in_force(&text).contains("ghcr.io"), "{text}");
    let text = proposal(&[("values.yaml", &lines("ghcr.io", 25))], &[]);
    assert_eq!(in_force(&text), "");
    assert!(text.contains("none of these hosts seems to be your own registry"), "{text}");
}

#[test]
fn environments_that_the_repository_lists_are_the_only_ones() {
    let files = with_images(&[
        (".gitops-bump.yml", "environments: [blau, rot]\nsecret: ${TOKEN}\n"),
        ("values-blau.yaml", SPLIT),
        ("values-rot.yaml", SPLIT),
    ]);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let text = proposal(&files, &[]);
    assert!(in_force(&text).contains("environments: [blau, rot]\n"), "{text}");
    assert_eq!(written(&text, &files, "rot"), ["values-rot.yaml: tag: '5846e796'"]);
}

#[test]
fn environments_in_one_file_are_targets_of_their_own() {
    let both = "dev:\n  image: API:1\nprod:\n  image: API:2\nnone: {image: WEB:1}\n";
    let text = runs(
        &[("values.yaml", both)],
        &[],
        &[
            ("dev", &["values.yaml: image: API:5846e796", "values.yaml: none: {image: WEB:5846e796}"]),
            ("prod", &["values.yaml: image: API:5846e796", "values.yaml: none: {image: WEB:5846e796}"]),
        ],
    );
    assert!(in_force(&text).contains("path: prod.image\n        image: api\n        environments: [prod]\n"), "{text}");
}

#[test]
fn what_another_environment_is_made_of_is_not_in_force() {
    let files = [
        ("dev/kustomization.yaml", "resources: [pod.yaml]\n"),
        ("dev/pod.yaml", POD),
        ("prod/kustomization.yaml", "resources: [../dev]\n"),
        ("values-dev.yaml", SPLIT),
        ("values-prod.yaml", SPLIT),
    ];
    let text = runs(&files, &[], &[("dev", &["values-dev.yaml: tag: '5846e796'"])]);
    assert!(text.contains("Not active: it is also used by prod"), "{text}");
}
