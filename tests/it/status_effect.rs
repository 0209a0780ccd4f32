//! What `status` shows of a kustomization is what Kustomize builds of it, for every case of a tree and for generated trees.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use gitops_bump::image::{Reference, Repository};
use serde_json::Value;

use crate::effect::forest::{self, Tree};
use crate::effect::judge;
use crate::world::World;

/// Repository, tag and digest.
type Image = [String; 3];

/// The trees by the name of their environment.
fn trees() -> BTreeMap<String, Tree> {
    let mut trees: BTreeMap<String, Tree> = (0..40).map(|seed| (format!("tree-{seed}"), forest::grow(seed))).collect();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/tree");
    for case in fs::read_dir(cases).expect("there are cases").map(|entry| entry.expect("a case").path()) {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        read(&case.join("in"), "top", &mut files);
        // What only Argo CD reads, or another program fills in, is no part of a build.
        let is_for_others = name.starts_with("argocd") || files.values().any(|text| text.contains("${"));
        if !is_for_others && files.contains_key("top/kustomization.yaml") {
            trees.insert(name, Tree { files, start: "top" });
        }
    }
    trees
}

fn read(directory: &Path, above: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).expect("the directory can be read") {
        let path = entry.expect("an entry").path();
        let name = format!("{above}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            read(&path, &name, files);
        } else {
            files.insert(name, fs::read_to_string(&path).expect("a case is text"));
        }
    }
}

fn image(text: &str) -> Option<Image> {
    let Reference { repository, tag, digest } = Reference::parse(text).ok()?;
    let text = |part: Option<String>| part.unwrap_or_default();
    Some([repository.to_string(), text(tag.map(|tag| tag.to_string())), text(digest.map(|digest| digest.to_string()))])
}

/// What is shown, and whether that is an image volume.
fn shown(status: &Value, environment: &str) -> BTreeSet<(bool, Image)> {
    let environments = status["environments"].as_array().expect("a list");
    let own = environments.iter().filter(|found| found["name"] == environment);
    let places = own.filter_map(|found| found["places"].as_array()).flatten();
    let text = |place: &Value, key: &str| place[key].as_str().unwrap_or_default().to_owned();
    // Kustomize does not reach every image volume; a line that it does not reach is shown as it is written.
    let is_in_volume = |place: &Value| text(place, "path").ends_with("image.reference");
    places.map(|place| (is_in_volume(place), ["image", "tag", "digest"].map(|key| text(place, key)))).collect()
}

fn status(world: &World, target: &str) -> Value {
    let trees = trees();
    let infra = world.empty_infra("infra");
    let all = trees
        .iter()
        .flat_map(|(name, tree)| tree.files.iter().map(move |(path, text)| (format!("{name}/{path}"), text)));
    infra.commit("main", "all trees", &all.collect::<Vec<_>>());
    let names: Vec<&str> = trees.keys().map(String::as_str).collect();
    let config = format!(
        "environments: [{}]\nrepositories:\n  - {{url: \"{}\", {target}: [{{path: <env>/top}}]}}\n",
        names.join(", "),
        infra.url()
    );
    world.write(".gitops-bump.yml", config);
    let run = world.bump(["status", "--offline", "--format", "json"]).run().exits(0);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

/// Compares what is shown of the images that are named with what is built, and tells how many there are.
fn compare(target: &str) -> usize {
    let world = World::new();
    let status = status(&world, target);
    let mut compared = 0;
    for (name, tree) in trees() {
        let model = judge::read(&tree);
        let directory = tempfile::tempdir().expect("a directory can be made");
        let (true, false, Ok(built)) =
            (model.model().is_complete(), model.is_partial(), judge::build(&tree, directory.path()))
        else {
            continue;
        };
        let shown = shown(&status, &name);
        let is_certain = |(is_volume, own): &(bool, Image)| (!is_volume).then(|| own.clone());
        let certain: BTreeSet<Image> = shown.iter().filter_map(is_certain).collect();
        let parse = |text: &str| Repository::parse(text).expect("it is a repository");
        let is_named = |image: &Image| certain.iter().any(|own| parse(&own[0]).is_same_as(&parse(&image[0])));
        let built: BTreeSet<Image> = built.iter().filter_map(|[.., text]| image(text)).collect();
        let words = || format!("{name} as {target}: {shown:#?}\n{built:#?}\n{:#?}", tree.files);
        assert!(certain.is_subset(&built), "not built: {}", words());
        let is_shown = |image: &Image| shown.iter().any(|(_, own)| own == image);
        assert!(built.iter().filter(|image| is_named(image)).all(is_shown), "not shown: {}", words());
        compared += certain.len();
    }
    compared
}

#[test]
fn status_shows_of_a_kustomization_what_is_built() {
    let compared = compare("kustomize");
    assert!(compared > 60, "{compared}");
}

#[test]
fn status_shows_of_manifests_below_a_kustomization_what_is_built() {
    let compared = compare("manifest");
    assert!(compared > 60, "{compared}");
}

#[test]
fn status_shows_what_decides_and_says_what_has_no_effect() {
    let world = World::new();
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      \
                      containers: [{name: web, image: \"app:1\"}]\n";
    let base = "resources: [d.yaml]\nimages:\n- name: app\n  newName: r.io/team/app\n  newTag: '2'\n";
    let infra = world.infra(
        "infra",
        &[
            ("base/d.yaml", deployment),
            ("base/kustomization.yaml", base),
            ("dead/kustomization.yaml", "resources: [../base]\nimages: [{name: app, newTag: '3'}]\n"),
            (
                "patched/kustomization.yaml",
                "resources: [../base]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - {op: replace, path: \
              /spec/template/spec/containers/0/image, value: 'r.io/team/app:4'}\n",
            ),
            ("argo/kustomization.yaml", "resources: [../base]\nimages: [{name: r.io/team/app, newTag: '5'}]\n"),
            ("argo/.argocd-source.yaml", "kustomize:\n  images:\n  - r.io/team/app:6\n"),
            (
                "remote/kustomization.yaml",
                "resources: ['https://example.com/x']\nimages: [{name: r.io/team/app, newTag: '7'}]\n",
            ),
        ],
    );
    for (directory, line, said) in [
        ("base", "base/kustomization.yaml:5 images[0].newTag r.io/team/app:2", "[]"),
        (
            "dead",
            "base/kustomization.yaml:5 images[0].newTag r.io/team/app:2",
            "dead/kustomization.yaml:2: this entry has no effect: the images below it are called r.io/team/app:2",
        ),
        ("patched", "patched/kustomization.yaml:5 patches[0].patch[0].value r.io/team/app:4", "[]"),
        ("argo", "argo/.argocd-source.yaml:3 kustomize.images[0] r.io/team/app:6", "[]"),
        ("remote", "remote/kustomization.yaml:2 images[0].newTag r.io/team/app:7", "[]"),
    ] {
        let url = infra.url();
        let flags = ["status", "--repo", &url, "--offline", "--format", "json", "--kustomize", directory];
        let run = world.bump(flags).run().exits(0);
        let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let places =
            status["environments"].as_array().expect("a list").iter().filter_map(|own| own["places"].as_array());
        let text = |place: &Value, key: &str| place[key].as_str().map_or_else(|| place[key].to_string(), str::to_owned);
        let line_of = |place: &Value| {
            let [file, line, path, image, tag] = ["file", "line", "path", "image", "tag"].map(|key| text(place, key));
            format!("{file}:{line} {path} {image}:{tag}")
        };
        let lines: Vec<String> = places.flatten().map(line_of).collect();
        assert_eq!(lines.join("\n"), line, "{directory}");
        let problems = status["repositories"][0]["problems"].to_string();
        assert!(problems.contains(said), "{directory}: {problems}");
    }
}
