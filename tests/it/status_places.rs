//! Nothing that `update` would edit is missing in `status`: places are told apart by file, document and path, and names
//! that are no environments are said.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use gitops_bump::edit::{Kind, KnownDigest, Rules, Wanted};
use gitops_bump::image::{Digest, Repository as Image, Tag};
use gitops_bump::plan::Target;
use gitops_bump::rewrite::{Trees, rewrite};
use gitops_bump::tree::Found;
use serde_json::Value;

use crate::samples::values;
use crate::world::{Repository, World};

const DIGEST: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";

fn status(world: &World, infra: &Repository, flags: &[&str]) -> Value {
    let url = infra.url();
    let fixed = ["status", "--repo", &url, "--offline", "--format", "json"];
    let run = world.bump(fixed.iter().chain(flags)).run().exits(0);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

fn places(status: &Value) -> Vec<&Value> {
    let environments = status["environments"].as_array().expect("a list");
    environments.iter().filter_map(|environment| environment["places"].as_array()).flatten().collect()
}

fn names(status: &Value) -> Vec<&str> {
    let environments = status["environments"].as_array().expect("a list");
    environments.iter().filter_map(|environment| environment["name"].as_str()).collect()
}

fn problems(status: &Value) -> String {
    status["repositories"][0]["problems"].to_string()
}

fn pod(name: &str, image: &str) -> String {
    format!("kind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: \"{image}\"}}]}}\n")
}

#[test]
fn documents_of_a_file_are_told_apart() {
    let world = World::new();
    let several = [pod("a", "r.io/team/a:1"), pod("b", "r.io/team/b:2"), pod("c", "r.io/team/a:1")].join("---\n");
    let same = [pod("a", "r.io/team/a:1"), pod("b", "r.io/team/a:2")].join("---\n");
    let one = pod("a", "r.io/team/a:3");
    let infra = world.infra("infra", &[("k/several.yaml", &several), ("k/same.yaml", &same), ("k/one.yaml", &one)]);
    let status = status(&world, &infra, &["--manifest", "k"]);
    let seen: Vec<String> = places(&status)
        .iter()
        .map(|place| format!("{} {} {} {}", place["file"], place["document"], place["image"], place["tag"]))
        .collect();
    let expected = [
        r#""k/one.yaml" 1 "r.io/team/a" "3""#,
        r#""k/same.yaml" 1 "r.io/team/a" "1""#,
        r#""k/same.yaml" 2 "r.io/team/a" "2""#,
        r#""k/several.yaml" 1 "r.io/team/a" "1""#,
        r#""k/several.yaml" 2 "r.io/team/b" "2""#,
        r#""k/several.yaml" 3 "r.io/team/a" "1""#,
    ];
    assert_eq!(seen, expected);

    let url = infra.url();
    let flags = ["status", "--repo", &url, "--manifest", "k", "--offline", "--format", "markdown"];
    let run = world.bump(flags).run().exits(0);
    let row = |file: &str| run.stdout.lines().filter(|line| line.contains(file)).collect::<Vec<_>>().join("\n");
    assert!(row("several").contains("document 3: spec") && !row("k/one").contains("document"), "{run}");
}

/// The places of a file as `status` shows them, by path and line.
type Shown = BTreeSet<(String, u64)>;

/// What `update` would edit in a file for an image and `status` doesn't show.
fn missing(file: &str, bytes: &[u8], image: &str, shown: &Shown, compared: &mut usize) -> Vec<String> {
    let repository = Image::parse(image).expect("status shows repositories");
    let digest = KnownDigest::on_the_users_word(Some(Digest::parse(DIGEST).expect("a digest")));
    let wanted = [Wanted { repository, tag: Some(Tag::parse("shown-1").expect("a tag")), digest, same: Vec::new() }];
    let kinds = [Kind::Helm { path: None }, Kind::Manifest];
    let mut found = Vec::new();
    for kind in kinds {
        let rules = Rules { create: true, any_tag: true, ..Rules::default() };
        let target = Target { file: file.to_owned(), kind, images: vec![0], rules };
        let Ok(edited) = rewrite(&[target], (&[Found::File(bytes.to_vec())], &Trees::default()), &wanted) else {
            continue;
        };
        for place in edited.files.iter().flat_map(|file| &file.places) {
            *compared += 1;
            let last = place.path.rsplit('.').next().unwrap_or_default();
            // A digest that would go stale belongs to a place that is shown; a mere `name` is an image only to somebody who
            // wants one of that name.
            let is_exempt = matches!(last, "digest" | "sha" | "sha256") || (last == "tag" && !image.contains('/'));
            if !is_exempt && !shown.contains(&(place.path.clone(), place.line as u64)) {
                found.push(format!("{file}: {image}: {}:{}", place.path, place.line));
            }
        }
    }
    found
}

#[test]
fn every_place_that_update_would_edit_is_shown() {
    let world = World::new();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/edit");
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for case in fs::read_dir(cases).expect("there are cases").map(|entry| entry.expect("it stays").path()) {
        let Ok(text) = fs::read(case.join("file.yaml")) else { continue };
        if text.len() > 100_000 {
            continue;
        }
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        files.insert(format!("twice/{name}.yaml"), [text.as_slice(), b"\n---\n", &text].concat());
        files.insert(format!("once/{name}.yaml"), text);
    }
    let infra = world.empty_infra("infra");
    let list: Vec<(&String, &Vec<u8>)> = files.iter().collect();
    infra.commit("main", "every case", &list);
    let config = files.keys().map(|file| format!("      - {{file: {file}}}\n")).collect::<Vec<_>>().concat();
    let manifests = files.keys().map(|file| format!("      - {{path: {file}}}\n")).collect::<Vec<_>>().concat();
    let text = format!("repositories:\n  - url: {}\n    helm:\n{config}    manifest:\n{manifests}", infra.url());
    world.write(".gitops-bump.yml", text);
    let run = world.bump(["status", "--offline", "--format", "json"]).run().exits(0);
    let status: Value = serde_json::from_str(&run.stdout).expect("JSON");

    let mut shown: BTreeMap<&str, Shown> = BTreeMap::new();
    let mut images: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for place in places(&status) {
        let file = place["file"].as_str().expect("a file");
        let at = (place["path"].as_str().expect("a path").to_owned(), place["line"].as_u64().expect("a line"));
        shown.entry(file).or_default().insert(at);
        images.entry(file).or_default().extend(place["image"].as_str());
    }
    let (mut compared, mut found) = (0, Vec::new());
    for (file, images) in images {
        for image in images {
            found.extend(missing(file, &files[file], image, &shown[file], &mut compared));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(compared > 300, "only {compared} places were compared");
}

fn overlays(world: &World, names: &[&str]) -> Repository {
    let files = names.iter().map(|name| (format!("envs/{name}/values.yaml"), values("r.io/team/app", name)));
    let infra = world.empty_infra("infra");
    infra.commit("main", "first commit", &files.collect::<Vec<_>>());
    infra
}

#[test]
fn environments_are_those_of_the_config_or_by_custom() {
    let world = World::new();
    let infra = overlays(&world, &["base", "common", "client-a", "dev1", "eu-prod", "rec"]);
    let flags = ["--helm", "envs/<env>/values.yaml"];
    let found = status(&world, &infra, &flags);
    assert_eq!(names(&found), ["dev1", "eu-prod", "rec"]);
    let said = problems(&found);
    assert!(said.contains("client-a") && said.contains("environments:"), "{said}");
    assert!(!said.contains("base") && !said.contains("common"), "{said}");
    let found = status(&world, &infra, &[&flags[..], &["--environment", "client-a"]].concat());
    assert_eq!((names(&found), problems(&found)), (vec!["client-a"], "[]".to_owned()));

    let url = infra.url();
    let config = |environments: &str, more: &str| {
        let target = format!("{{file: envs/<env>/values.yaml{more}}}");
        let text = format!("environments: [{environments}]\nrepositories:\n  - {{url: \"{url}\", helm: [{target}]}}\n");
        world.write(".gitops-bump.yml", text);
        world.bump(["status", "--offline", "--format", "json"]).run().exits(0)
    };
    let run = config("rec, client-a, gone", "");
    let found: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((names(&found), problems(&found)), (vec!["rec", "client-a"], "[]".to_owned()));
    let run = config("rec, client-a, gone", ", environments: [client-a, gone]");
    let found: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(names(&found), ["client-a"]);
    assert!(problems(&found).contains("envs/gone/values.yaml: this file does not exist"), "{found}");
    config("gone", "").says("envs/<env>/values.yaml: no environment has a file at this path");
    config("rec, client-a", "");
    let other = ["status", "--offline", "--environment", "dev1"];
    world.bump(other).run().exits(3).says("dev1").says("rec, client-a");
}

#[test]
fn names_that_are_no_environments_are_said() {
    let world = World::new();
    let infra = overlays(&world, &["client-a", "client-b", "base"]);
    infra.commit("main", "no values", &[("envs/docs/README.md", "x")]);
    let found = status(&world, &infra, &["--helm", "envs/<env>/values.yaml"]);
    assert_eq!(places(&found).len(), 0);
    let said = problems(&found);
    assert!(said.contains("client-a, client-b;") && !said.contains("docs"), "{said}");
}

#[test]
fn a_target_without_env_belongs_to_the_environments_that_it_names() {
    let world = World::new();
    let infra = world.infra("infra", &[("values.yaml", &values("r.io/team/app", "1"))]);
    let target = "{file: values.yaml, environments: [prod, dev]}";
    let config = format!("repositories:\n  - {{url: \"{}\", helm: [{target}, {target}]}}\n", infra.url());
    world.write(".gitops-bump.yml", config);
    let found = |flags: &[&str]| {
        let fixed = ["status", "--offline", "--format", "json"];
        let run = world.bump(fixed.iter().chain(flags)).run().exits(0);
        serde_json::from_str::<Value>(&run.stdout).expect("JSON")
    };
    let all = found(&[]);
    assert_eq!((names(&all), places(&all).len()), (vec!["dev", "prod"], 2));
    assert_eq!(names(&found(&["--environment", "prod"])), ["prod"]);
    assert_eq!(places(&found(&["--environment", "test"])).len(), 0);
}
