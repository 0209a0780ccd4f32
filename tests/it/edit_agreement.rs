//! What `status` lists and `init` surveys in a file is what an edit writes there, for every case's file and for generated ones.
//!
//! Every exception stands in [`Exception`] with its reason.

#![allow(clippy::unwrap_used, reason = "a text that can't be read is a failed test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use gitops_bump::edit::{self, Form, Job, Kind, KnownDigest, Rules, Wanted};
use gitops_bump::image::{Digest, Repository, Tag};
use proptest::prelude::*;

const DIGEST: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";

/// Where what is seen and what is edited differ on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Exception {
    /// The edit is refused, so nothing of the file is edited; what is there is seen all the same.
    Refused,
    /// A digest that would go stale is written through an alias or a merge key; it belongs to a place that is listed.
    DigestAlone,
    /// `name: nginx` beside a `tag` may be the name of anything, so only somebody who wants an image of that name takes it for one.
    MereName,
    /// `init` proposes no `name` without a host beside a `tag`, nor a single word under `image`.
    UnsureName,
    /// A mapping that has an image under `image` and another one under `name`: somebody who wants either finds it, and the
    /// surer one is listed.
    SecondName,
    /// A place that no repository is named at: only a PATH leads there.
    OnlyTag,
}

type Counts = BTreeMap<Exception, usize>;

fn kinds() -> [Kind; 3] {
    [Kind::Helm { path: None }, Kind::Manifest, Kind::Kustomize { name: None }]
}

fn wanted(repository: &Repository) -> Wanted {
    Wanted {
        repository: repository.clone(),
        tag: Some(Tag::parse("agreed-1").unwrap()),
        digest: KnownDigest::on_the_users_word(Some(Digest::parse(DIGEST).unwrap())),
        same: Vec::new(),
    }
}

/// Whether a path is another's, or that of a value in it.
fn is_in(path: &str, holder: &str) -> bool {
    path.strip_prefix(holder).is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || holder.is_empty())
}

/// Whether a file has the whole name of a repository at one place.
fn is_named(text: &[u8], repository: &Repository) -> bool {
    String::from_utf8_lossy(text).contains(repository.as_str())
}

fn is_version_key(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("tag" | "newTag"))
}

/// Tells a place whose path does not lead back to it when it is typed.
fn untypeable(text: &[u8], held: &edit::Holding) -> Option<String> {
    let path = edit::Path::parse(&held.path).map_err(|error| error.to_string());
    let led = path
        .and_then(|path| edit::list("f", text, &Kind::Helm { path: Some(path) }).map_err(|error| error.to_string()));
    // A mapping may have a reference under `tag` and a version under `newTag`: the path of the one means the mapping.
    let mapping = |path: &str| path.rsplit_once('.').map(|(mapping, _)| mapping.to_owned());
    match led {
        Ok(led) if led.iter().any(|led| led.path == held.path && led.line == held.line) => None,
        Ok(led) if is_version_key(&held.path) && led.iter().any(|led| mapping(&led.path) == mapping(&held.path)) => {
            None
        }
        Ok(led) => Some(format!("{} leads to {led:?}", held.path)),
        Err(error) if error.contains("several documents") || error.contains("is defined twice") => None,
        // The tag is not there yet: the path says where it would be.
        Err(error) if error.contains("does not exist") && is_version_key(&held.path) => None,
        Err(error) => Some(format!("{} leads nowhere: {error}", held.path)),
    }
}

/// Whether the mapping around a place names the repository under one of `image` and `name` and has the other too.
fn is_named_twice(text: &[u8], path: &str, repository: &Repository) -> bool {
    let Ok(document) = serde_yaml::from_slice::<serde_yaml::Value>(text) else { return false };
    let steps = path.rsplit_once('.').map_or("", |(holder, _)| holder).split(['.', '[', ']']);
    let mapping = steps.filter(|step| !step.is_empty()).fold(&document, |value, step| match step.parse::<usize>() {
        Ok(index) if value.is_sequence() => &value[index],
        _ => &value[step],
    });
    let names = ["image", "name"].map(|key| mapping[key].as_str());
    names.iter().all(Option::is_some) && names.contains(&Some(repository.as_str()))
}

/// Compares what is seen of a text with what is edited, and tells every difference that is no exception.
fn differences(text: &[u8], counts: &mut Counts) -> Vec<String> {
    let mut found = Vec::new();
    let is_shared = text.contains(&b'*');
    let Ok(survey) = edit::survey("f", text) else { return found };
    for kind in kinds() {
        let Ok(listed) = edit::list("f", text, &kind) else { continue };
        let seen = survey.sightings.iter().filter_map(|seen| seen.repository.as_ref());
        let mut repositories: Vec<Repository> = listed.iter().filter_map(|held| held.repository.clone()).collect();
        repositories.extend(seen.cloned());
        repositories.push(Repository::parse("r.io/team/app").unwrap());
        repositories.sort_by_key(ToString::to_string);
        repositories.dedup();
        for repository in &repositories {
            let jobs = [Job { kind: kind.clone(), images: vec![0], rules: Rules::default() }];
            let own = |other: &Option<Repository>| other.as_ref().is_some_and(|other| other.is_same_as(repository));
            let held: Vec<_> = listed.iter().filter(|held| own(&held.repository)).collect();
            let Ok(edited) = edit::rewrite("f", text, &jobs, &[wanted(repository)]) else {
                *counts.entry(Exception::Refused).or_default() += 1;
                continue;
            };
            // What another program fills in is listed, said by the edit, and refused by PATH.
            let has_said = edited.notes.iter().any(|note| note.contains("the image is named here too"));
            let is_said = |held: &&&edit::Holding| {
                let kind = Kind::Helm { path: edit::Path::parse(&held.path).ok() };
                let job = Job { kind, images: vec![0], rules: Rules::default() };
                has_said && edit::rewrite("f", text, &[job], &[wanted(repository)]).is_err()
            };
            let said = held.iter().filter(is_said).map(|held| held.path.as_str());
            let said: Vec<&str> = said.collect();
            let edited: Vec<_> = edited.places.iter().map(|place| place.path.as_str()).collect();
            for held in &held {
                if !edited.contains(&held.path.as_str()) && !said.contains(&held.path.as_str()) {
                    found.push(format!("{kind:?}: {repository} is listed at {} and edited at {edited:?}", held.path));
                }
            }
            for path in &edited {
                if held.iter().any(|held| held.path == *path) {
                    continue;
                }
                let last = path.rsplit('.').next().unwrap_or_default();
                let exception = match last {
                    "digest" | "sha" | "sha256" if is_shared => Exception::DigestAlone,
                    "tag" | "digest" | "sha" | "sha256" if !repository.as_str().contains('/') => Exception::MereName,
                    _ if is_named_twice(text, path, repository) => Exception::SecondName,
                    _ => {
                        found.push(format!("{kind:?}: {repository} is edited at {path} and not listed"));
                        continue;
                    }
                };
                *counts.entry(exception).or_default() += 1;
            }
            if kind != (Kind::Helm { path: None }) {
                continue;
            }
            found.extend(held.iter().filter_map(|held| untypeable(text, held)));
            let sightings = survey.sightings.iter().filter(|seen| own(&seen.repository));
            let sightings: Vec<_> = sightings.map(|seen| seen.path.as_str()).collect();
            for seen in &sightings {
                if !edited.iter().chain(&said).any(|path| is_in(path, seen)) {
                    found.push(format!("{repository} is surveyed at {seen} and edited at {edited:?}"));
                }
            }
            for path in &edited {
                if sightings.iter().any(|seen| is_in(path, seen)) {
                    continue;
                }
                let last = path.rsplit('.').next().unwrap_or_default();
                let exception = match last {
                    "digest" | "sha" | "sha256" if is_shared => Exception::DigestAlone,
                    "tag" | "digest" | "sha" | "sha256"
                        if repository.written_host().is_none() || !is_named(text, repository) =>
                    {
                        Exception::UnsureName
                    }
                    _ if is_named_twice(text, path, repository) => Exception::SecondName,
                    _ => {
                        found.push(format!("{repository} is edited at {path} and not surveyed"));
                        continue;
                    }
                };
                *counts.entry(exception).or_default() += 1;
            }
        }
    }
    let only_tags = survey.sightings.iter().filter(|seen| seen.form == Form::OnlyTag).count();
    *counts.entry(Exception::OnlyTag).or_default() += only_tags;
    found
}

#[test]
fn every_case_is_seen_as_it_is_edited() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/edit");
    let (mut counts, mut cases) = (Counts::new(), 0);
    let mut found = Vec::new();
    for case in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in ["file.yaml", "after.yaml"] {
            let Ok(text) = fs::read(case.join(file)) else { continue };
            cases += 1;
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            found.extend(differences(&text, &mut counts).into_iter().map(|found| format!("{name}/{file}: {found}")));
        }
    }
    found.sort();
    assert!(found.is_empty(), "{counts:?}\n{}", found.join("\n"));
    assert!(cases > 500, "only {cases} cases were compared");
}

/// A key with a value that may be part of an image.
fn field() -> impl Strategy<Value = String> {
    let keys = prop::sample::select(vec![
        "registry",
        "repository",
        "image",
        "name",
        "tag",
        "digest",
        "sha",
        "newTag",
        "newName",
        "imageTag",
        "version",
        "semver",
        "organization",
        "imageDigest",
        "apiVersion",
        "kind",
        "webImage",
        "other",
    ]);
    let values = prop::sample::select(vec![
        "r.io",
        "team/app",
        "r.io/team/app",
        "app",
        "nginx",
        "r.io/team/app:1.4.1",
        "team/app:2",
        "app:1",
        "1.4.1",
        "''",
        "docker.io/library/nginx",
        "'{{ .Values.x }}'",
        "'r.io/team/app:{{ .Values.x }}'",
        "{a: 1}",
        "[x]",
        "*a",
        "''",
        DIGEST,
        "kyverno.io/v1",
        "ENC[x]",
    ]);
    (keys, values).prop_map(|(key, value)| format!("{key}: {value}"))
}

fn document() -> impl Strategy<Value = String> {
    let holder = prop::sample::select(vec!["image", "web", "containers", "images", "webImage", "x"]);
    let mapping = (holder, prop::collection::vec(field(), 1..6), any::<bool>(), any::<bool>());
    (prop::collection::vec(mapping, 1..4), any::<bool>()).prop_map(|(mappings, is_object)| {
        let mut text = String::from(if is_object { "kind: Pod\n" } else { "" });
        text.push_str("anchors: [&a r.io/team/app, &b {repository: r.io/team/app}]\n");
        for (at, (holder, fields, is_item, is_merged)) in mappings.into_iter().enumerate() {
            let mut lines: Vec<String> = Vec::new();
            for field in fields {
                let key = field.split(':').next().unwrap_or_default().to_owned();
                if !lines.iter().any(|line| line.split(':').next() == Some(&key)) {
                    lines.push(field);
                }
            }
            if is_merged {
                lines.push("<<: *b".to_owned());
            }
            let start = if is_item { "-" } else { " " };
            text.extend([&format!("k{at}:\n  {holder}:\n  {start} "), lines.join("\n    ").as_str(), "\n"]);
        }
        text
    })
}

/// An Argo CD Application with layers of Helm values.
fn application() -> impl Strategy<Value = String> {
    let keys = || prop::sample::subsequence(vec!["registry", "repository", "tag", "digest"], 0..=4);
    let values = |key: &str, upper: bool| match key {
        "registry" => "r.io".to_owned(),
        "repository" if upper => "team/app".to_owned(),
        "repository" => "r.io/team/app".to_owned(),
        "digest" => format!("sha256:{}", "1".repeat(64)),
        _ => "1.4.1".to_owned(),
    };
    (keys(), keys(), keys(), 0..3_usize).prop_map(move |(parameters, object, text, form)| {
        let mut file = String::from("kind: Application\nspec:\n  source:\n    helm:\n      releaseName: x\n");
        if !parameters.is_empty() {
            file.push_str("      parameters:\n");
        }
        for key in parameters {
            let _ = writeln!(file, "      - {{name: a.image.{key}, value: '{}'}}", values(key, true));
        }
        let mut layer = |name: &str, keys: &[&str]| {
            file.extend(["      ", name, "\n        a:\n          image:\n            pullPolicy: Always\n"]);
            for key in keys {
                let _ = writeln!(file, "            {key}: {}", values(key, false));
            }
        };
        if form != 1 {
            layer("valuesObject:", &object);
        }
        if form != 0 {
            layer("values: |", &text);
        }
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn generated_documents_are_seen_as_they_are_edited(text in document()) {
        let found = differences(text.as_bytes(), &mut Counts::new());
        prop_assert!(found.is_empty(), "{}\n{text}", found.join("\n"));
    }

    #[test]
    fn layers_are_seen_as_they_are_edited(text in application()) {
        let found = differences(text.as_bytes(), &mut Counts::new());
        prop_assert!(found.is_empty(), "{}\n{text}", found.join("\n"));
    }
}
