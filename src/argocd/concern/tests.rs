use serde_json::{Value, json};

use super::*;
use crate::argocd::layout::is_telling;
use crate::tree::{Entry, Found};

const URL: &str = "https://git.example.com/shop/infra.git";

/// A repository: which files there are, with their texts.
type Tree<'a> = &'a [(&'a str, &'a str)];

fn layout(tree: Tree<'_>, sources: &[&str]) -> Layout {
    let mut layout = Layout::of(sources.iter().map(|path| source_directory(path)));
    loop {
        let wants = layout.wants();
        if wants.is_empty() {
            return layout;
        }
        let found = |path: &String| {
            let inside: Vec<_> = tree.iter().filter_map(|(file, text)| Some((below(file, path)?, *text))).collect();
            if inside.is_empty() {
                return Found::Missing { parent: String::new(), names: Vec::new() };
            }
            let told = inside.into_iter().filter(|(name, _)| is_telling(name));
            Found::Directory(
                told.map(|(name, text)| Entry { name: name.to_owned(), found: Found::File(text.into()) }).collect(),
            )
        };
        let found = wants.iter().map(found).collect::<Vec<_>>();
        layout.give(wants.into_iter().zip(found).collect());
    }
}

/// Which source an edit concerns.
#[derive(Debug, PartialEq, Eq)]
enum Through {
    Source(usize),
    Dry,
    Nothing,
}

/// Whether an application with these sources is concerned by the edit of a file, and through which of them.
fn concerned(tree: Tree<'_>, sources: &Value, file: &str) -> Through {
    let spec = if sources.is_array() { json!({ "sources": sources }) } else { json!({ "source": sources }) };
    of_spec(tree, &spec, file)
}

fn of_spec(tree: Tree<'_>, spec: &Value, file: &str) -> Through {
    let metadata = json!({ "name": "shop", "namespace": "argocd", "annotations": {
        "argocd.argoproj.io/manifest-generate-paths": "../lib;/shared", "other": "x" } });
    let application: Application = serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).unwrap();
    let url = GitUrl::parse(URL).unwrap().0;
    let sources = application.sources();
    let paths: Vec<&str> = sources.iter().filter_map(|(_, source)| source.path()).collect();
    let layout = layout(tree, &paths);
    let change = Change { urls: vec![&url], branch: "main", is_default: Some(true), files: &[file], layout: &layout };
    match change.concerns(&application) {
        Ok(Some(number)) => Through::Source(number),
        Ok(None) => Through::Dry,
        Err(_) => Through::Nothing,
    }
}

fn git(path: &str, more: Value) -> Value {
    let mut source = json!({ "repoURL": URL, "path": path, "targetRevision": "main" });
    if let (Some(source), Value::Object(more)) = (source.as_object_mut(), more) {
        source.extend(more);
    }
    source
}

fn assert_table(tree: Tree<'_>, table: &[(Value, &str, bool)]) {
    for (source, file, expected) in table {
        assert_eq!(
            concerned(tree, source, file),
            if *expected { Through::Source(0) } else { Through::Nothing },
            "{file} in {source}"
        );
    }
}

#[test]
fn a_chart_is_made_from_itself_and_its_value_files() {
    let tree = [
        ("charts/app/Chart.yaml", "dependencies: [{name: lib, repository: 'file://../lib'}]"),
        ("charts/lib/Chart.yaml", ""),
        ("charts/app/values-dev.yaml", ""),
    ];
    let values = |files: Value| git("charts/app", json!({ "helm": { "valueFiles": files } }));
    let dev = || values(json!(["values-dev.yaml"]));
    let of_name = |text: &str| git("charts/app", json!({ "helm": { "valueFiles": [text] } }));
    assert_table(
        &tree,
        &[
            (dev(), "charts/app/values-dev.yaml", true),
            (dev(), "charts/app/values.yaml", true),
            (dev(), "charts/app/values-prod.yaml", false),
            (dev(), "charts/app/templates/deployment.yaml", true),
            (dev(), "charts/app/charts/sub/values.yaml", true),
            (dev(), "charts/app/charts/sub/values-dev.yaml", false),
            (dev(), "charts/app/envs/dev.yaml", false),
            (dev(), "charts/app/files/motd.txt", true),
            (dev(), "charts/lib/values.yaml", true),
            (dev(), "charts/lib/values-dev.yaml", false),
            (dev(), "charts/app2/values.yaml", false),
            (git("./charts/app/", json!({})), "charts/app/values.yaml", true),
            (git("charts/app", json!({})), "charts/app/values-dev.yaml", false),
            (values(json!(["../../envs/dev/values.yaml"])), "envs/dev/values.yaml", true),
            (values(json!(["/envs/dev/values.yaml"])), "envs/dev/values.yaml", true),
            (values(json!(["../../../envs/dev/values.yaml"])), "envs/dev/values.yaml", false),
            (values(json!(["https://git.example.com/envs/dev/values.yaml"])), "envs/dev/values.yaml", false),
            (values(json!(["../../envs/**/*.yaml"])), "envs/eu/dev/values.yaml", true),
            (values(json!(["../../envs/*.yaml"])), "envs/eu/dev.yaml", false),
            (values(json!(["values-de?.yaml"])), "charts/app/values-dev.yaml", true),
            (of_name("values-$ARGOCD_APP_NAME.yaml"), "charts/app/values-shop.yaml", true),
            (of_name("values-${ARGOCD_APP_NAME}.yaml"), "charts/app/values-dev.yaml", false),
            (of_name("values-${OTHER}.yaml"), "charts/app/values-dev.yaml", true),
            (of_name("values-${OTHER}.yaml"), "charts/app/envs/values-dev.yaml", false),
            (
                git("charts/app", json!({ "helm": { "fileParameters": [{ "name": "a", "path": "a.yaml" }] } })),
                "charts/app/a.yaml",
                true,
            ),
            (dev(), "charts/app/.argocd-source.yaml", true),
            (dev(), "charts/app/.argocd-source-shop.yaml", true),
            (dev(), "charts/app/.argocd-source-argocd_shop.yaml", true),
            (dev(), "charts/app/.argocd-source-other.yaml", false),
        ],
    );
}

#[test]
fn a_kustomization_is_made_from_all_that_it_reads() {
    let tree = [
        (
            "overlays/dev/kustomization.yaml",
            "resources: [../../base]\ncomponents: [../../parts/debug]\npatches: [{path: patch.yaml}]",
        ),
        (
            "overlays/prod/kustomization.yml",
            "resources: [../../base, ../../base]\nconfigMapGenerator: [{name: a, files: [k=../a.env]}]",
        ),
        ("base/kustomization.yaml", "resources: [deployment.yaml, https://example.com/x?ref=v1, ../overlays/dev]"),
        ("parts/debug/Kustomization", "replicas: [{name: a, count: 0}]"),
        ("chart/Chart.yaml", ""),
        (
            "inflated/kustomization.yaml",
            "helmGlobals: {chartHome: ../}\nhelmCharts: [{name: chart}, {name: far, repo: 'https://x'}]",
        ),
    ];
    let (dev, prod) = (|| git("overlays/dev", json!({})), || git("overlays/prod", json!({})));
    assert_table(
        &tree,
        &[
            (dev(), "overlays/dev/kustomization.yaml", true),
            (dev(), "overlays/dev/patch.yaml", true),
            (dev(), "overlays/dev/unread.yaml", false),
            (dev(), "base/kustomization.yaml", true),
            (dev(), "base/deployment.yaml", true),
            (dev(), "base/service.yaml", false),
            (dev(), "parts/debug/Kustomization", true),
            (dev(), "overlays/prod/kustomization.yml", false),
            (prod(), "base/deployment.yaml", true),
            (prod(), "overlays/a.env", true),
            (
                git("base", json!({ "kustomize": { "components": ["../parts/debug"] } })),
                "parts/debug/Kustomization",
                true,
            ),
            (git("inflated", json!({})), "chart/values.yaml", true),
            (git("inflated", json!({})), "chart/values-dev.yaml", false),
            (git("inflated", json!({})), "far/values.yaml", false),
            // What the application says counts before what is there.
            (git("overlays/dev", json!({ "directory": { "recurse": false } })), "base/deployment.yaml", false),
            (git("overlays/dev", json!({ "directory": {} })), "overlays/dev/unread.yaml", true),
            (git("gone", json!({})), "gone/a.yaml", false),
        ],
    );
}

#[test]
fn a_directory_is_made_from_the_manifests_that_its_settings_pick() {
    let tree = [("apps/a.yaml", ""), ("apps/sub/b.yaml", ""), ("top.yaml", "")];
    let with = |directory: Value| git("apps", json!({ "directory": directory }));
    assert_table(
        &tree,
        &[
            (git("apps", json!({})), "apps/a.yaml", true),
            (git("apps", json!({})), "apps/a.txt", false),
            (git("apps", json!({})), "apps/sub/b.yaml", false),
            (git("apps", json!({})), "apps2/a.yaml", false),
            (git(".", json!({})), "top.yaml", true),
            (git("/", json!({})), "apps/a.yaml", false),
            (with(json!({ "recurse": true })), "apps/sub/b.json", true),
            (with(json!({ "recurse": true, "include": "sub/*" })), "apps/sub/b.yaml", true),
            (with(json!({ "recurse": true, "include": "sub/*" })), "apps/a.yaml", false),
            (with(json!({ "exclude": "{a,c}.yaml" })), "apps/a.yaml", false),
            (with(json!({ "exclude": "", "include": "" })), "apps/a.yaml", true),
            (with(json!({ "jsonnet": { "libs": ["vendor"] } })), "vendor/x.libsonnet", true),
            (with(json!({ "jsonnet": {} })), "apps/sub/data.txt", true),
            (git("apps", json!({ "plugin": {} })), "apps/sub/any.txt", true),
            (git("apps", json!({ "plugin": { "name": "x" } })), "lib/any.txt", true),
            (git("apps", json!({ "plugin": null, "directory": null })), "lib/a.yaml", false),
        ],
    );
}

#[test]
fn several_sources_and_a_dry_one_are_looked_at() {
    let tree = [("chart/Chart.yaml", ""), ("envs/dev/values.yaml", ""), ("dry/a.yaml", "")];
    let chart = |files: Value| {
        json!({ "repoURL": "https://charts.example.com", "chart": "x", "path": "envs/dev", "targetRevision": "1.2.3",
            "helm": { "valueFiles": files } })
    };
    let values = json!({ "repoURL": URL, "targetRevision": "main", "ref": "values" });
    let referring = |text: &str| json!([chart(json!([text])), values]);
    let file = "envs/dev/values.yaml";
    assert_eq!(concerned(&tree, &referring("$values/envs/dev/values.yaml"), file), Through::Source(1));
    assert_eq!(concerned(&tree, &referring("$values/envs/*/values.yaml"), file), Through::Source(1));
    assert_eq!(concerned(&tree, &referring("$values/chart/../envs/dev/values.yaml"), file), Through::Source(1));
    assert_eq!(concerned(&tree, &referring("$values/envs/prod/values.yaml"), file), Through::Nothing);
    assert_eq!(concerned(&tree, &referring("$other/envs/dev/values.yaml"), file), Through::Nothing);
    assert_eq!(concerned(&tree, &referring("$values2/envs/dev/values.yaml"), file), Through::Nothing);
    assert_eq!(concerned(&tree, &json!([values]), file), Through::Nothing);
    let own = json!([
        git("chart", json!({ "helm": { "valueFiles": ["$v/envs/dev/values.yaml"] } })),
        git("dry", json!({ "ref": "v" }))
    ]);
    assert_eq!(concerned(&tree, &own, file), Through::Source(1));
    assert_eq!(concerned(&tree, &own, "dry/a.yaml"), Through::Source(1));
    let hydrated = json!({ "sourceHydrator": { "drySource": git("dry", json!({})), "syncSource": { "targetBranch": "env/dev" } } });
    assert_eq!(of_spec(&tree, &hydrated, "dry/a.yaml"), Through::Dry);
    assert_eq!(of_spec(&tree, &hydrated, file), Through::Nothing);
}

#[test]
fn other_repositories_and_revisions_are_not_concerned_and_told() {
    let url = GitUrl::parse(URL).unwrap().0;
    let layout = layout(&[("a/b.yaml", "")], &["a"]);
    let change =
        Change { urls: vec![&url], branch: "main", is_default: Some(false), files: &["a/b.yaml"], layout: &layout };
    for (source, why) in [
        (json!({ "repoURL": "https://other.example.com/x", "path": "a" }), "another repository"),
        (git("a", json!({ "targetRevision": "HEAD" })), "its targetRevision is not main"),
        (git("a", json!({ "targetRevision": "v1" })), "its targetRevision is not main"),
        (git("z", json!({ "directory": {} })), "no edited file is among its manifests"),
        (git("z", json!({ "helm": {} })), "neither the chart nor its value files are edited"),
    ] {
        let application = json!({ "metadata": { "name": "x" }, "spec": { "source": source } });
        let rows = change.concerns(&serde_json::from_value(application).unwrap()).unwrap_err();
        assert_eq!(rows.iter().map(|row| row.why.as_str()).collect::<Vec<_>>(), [why], "{source}");
    }
}

#[test]
fn a_link_is_concerned_rather_than_missed() {
    let url = GitUrl::parse(URL).unwrap().0;
    let mut layout = Layout::of(["link".to_owned(), "odd".to_owned()]);
    let entry = Entry { name: "kustomization.yaml".to_owned(), found: Found::Symlink { at: "odd".to_owned() } };
    layout.give(vec![
        ("link".to_owned(), Found::Symlink { at: "link".to_owned() }),
        ("odd".to_owned(), Found::Directory(vec![entry])),
    ]);
    let change =
        Change { urls: vec![&url], branch: "main", is_default: None, files: &["base/b.yaml"], layout: &layout };
    for path in ["link", "odd"] {
        let application = json!({ "metadata": { "name": "x" }, "spec": { "source": git(path, json!({})) } });
        assert_eq!(change.concerns(&serde_json::from_value(application).unwrap()), Ok(Some(0)), "{path}");
    }
}

#[test]
fn what_could_not_be_looked_at_is_concerned_rather_than_missed() {
    let url = GitUrl::parse(URL).unwrap().0;
    let layout = Layout::default();
    let change =
        Change { urls: vec![&url], branch: "main", is_default: None, files: &["base/b.yaml"], layout: &layout };
    for (source, expected) in [
        (git("overlay", json!({})), true),
        (git("overlay", json!({ "kustomize": {} })), true),
        (git("overlay", json!({ "helm": {} })), false),
        (git("overlay", json!({ "targetRevision": "other" })), false),
    ] {
        let application = json!({ "metadata": { "name": "x" }, "spec": { "source": source } });
        let concerned = change.concerns(&serde_json::from_value(application).unwrap()).is_ok();
        assert_eq!(concerned, expected, "{source}");
    }
}
