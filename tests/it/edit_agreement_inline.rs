//! What is listed of the texts inside a kustomization is what an edit writes there, for the kustomizations of all cases of trees.

#![allow(clippy::unwrap_used, reason = "a text that can't be read is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gitops_bump::edit::{self, Job, Kind, KnownDigest, Rules, Wanted};
use gitops_bump::image::{Digest, Repository, Tag};

fn wanted(repository: &Repository) -> Wanted {
    let digest = Digest::parse(&format!("sha256:{}", "3".repeat(64))).unwrap();
    Wanted {
        repository: repository.clone(),
        tag: Some(Tag::parse("agreed-1").unwrap()),
        digest: KnownDigest::on_the_users_word(Some(digest)),
        same: Vec::new(),
    }
}

/// The kustomizations of all cases of trees.
fn kustomizations() -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/tree")];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).expect("the directory can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.file_name().is_some_and(|name| name == "kustomization.yaml") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn texts_of_a_kustomization_are_listed_as_they_are_edited() {
    let (mut listed_places, mut refused) = (0, 0);
    for file in kustomizations() {
        let text = fs::read(&file).unwrap();
        let listed = edit::list_inline("f", &text).unwrap();
        let repositories: BTreeMap<String, Repository> =
            listed.iter().filter_map(|held| held.repository.clone()).map(|own| (own.to_string(), own)).collect();
        for repository in repositories.values() {
            let own = |held: &&edit::Holding| held.repository.as_ref().is_some_and(|own| own.is_same_as(repository));
            let lines = listed.iter().filter(own).map(|held| held.line).collect();
            for inline in [edit::Inline::Lines(lines), edit::Inline::Any] {
                let below = edit::Below { inline: BTreeMap::from([(0, inline)]), ..edit::Below::default() };
                for kind in [Kind::Kustomize { name: None }, Kind::Manifest] {
                    let jobs = [Job { kind, images: vec![0], rules: Rules::default() }];
                    let Ok(edited) = edit::rewrite_above(&below, ("f", &text), &jobs, &[wanted(repository)]) else {
                        refused += 1;
                        continue;
                    };
                    let edited = edited.places.iter().filter(|place| !place.path.starts_with("images"));
                    let edited: Vec<(&str, usize)> = edited.map(|place| (place.path.as_str(), place.line)).collect();
                    let held: Vec<(&str, usize)> =
                        listed.iter().filter(own).map(|held| (held.path.as_str(), held.line)).collect();
                    // What an entry comes behind may stay.
                    assert!(
                        edited == held || (edited.is_empty() && String::from_utf8_lossy(&text).contains("images:"))
                    );
                    listed_places += edited.len();
                }
            }
        }
    }
    assert!(listed_places > 20 && refused < 5, "{listed_places} {refused}");
}
