//! What places come to, and what two environments have in common.

use super::*;
use crate::edit::{Holding, Written};
use crate::image::Repository;
use crate::registry::By;
use crate::settings::{Chosen, SourceImages};

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn images(chosen: Chosen) -> SourceImages {
    SourceImages { chosen, names: Vec::new() }
}

/// Places as `IMAGE TAG DIGEST`, where `-` is none.
fn places(texts: &[&str]) -> Vec<Named> {
    let naming = images(Chosen::All);
    let one = |(number, text): (usize, &&str)| {
        let parts: Vec<Option<&str>> = text.split(' ').map(|part| (part != "-").then_some(part)).collect();
        let [image, tag, digest] = parts.as_slice() else { panic!("three words") };
        let written = Written { tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) };
        let repository = image.map(|image| Repository::parse(image).unwrap());
        let target = crate::settings::TargetSettings {
            file: "f.yaml".to_owned(),
            kind: crate::edit::Kind::Manifest,
            image: None,
            rules: crate::edit::Rules::default(),
            environments: Vec::new(),
        };
        let image = repository.clone().map(|repository| Naming(&naming).image(&target, repository));
        let holding = Holding { repository, written, document: 1, path: "image".to_owned(), line: number + 1 };
        Named { image, place: "shop/infra main".to_owned(), file: "f.yaml".to_owned(), holding }
    };
    texts.iter().enumerate().map(one).collect()
}

fn promoted(from: &[&str], to: &[&str], chosen: Chosen) -> Result<Vec<Version>, VersionsError> {
    let (from, to, images) = (places(from), places(to), images(chosen));
    let (from, to) = (PlacesOf { environment: "a", places: &from }, PlacesOf { environment: "b", places: &to });
    common(from, to, Naming(&images))
}

#[test]
fn places_in_several_spellings_are_one_version() {
    let tag_and_digest = format!("r.io/a 1 {ONE}");
    let digest = format!("r.io/a - {ONE}");
    for (texts, tag, is_pinned, by) in [
        (vec!["r.io/a 1 -"], true, false, By::Tag),
        (vec![&*tag_and_digest], true, true, By::Digest),
        (vec![&*digest], false, true, By::Digest),
        (vec![&*digest, &*tag_and_digest], true, true, By::Digest),
        (vec!["r.io/a 1 -", &*tag_and_digest], true, true, By::Tag),
    ] {
        let versions = promoted(&texts, &["R.io/a 0 -"], Chosen::All).unwrap();
        let [version] = versions.as_slice() else { panic!("one image: {versions:?}") };
        assert_eq!((version.tag.is_some(), version.digest.is_some(), version.by), (tag, is_pinned, by), "{texts:?}");
    }
}

#[test]
fn what_is_no_version_is_listed() {
    let (one, two) = (format!("r.io/a 1 {ONE}"), format!("r.io/a 1 {TWO}"));
    for (texts, words) in [
        (vec!["r.io/a 1 -", "r.io/a 2 -"], "a has different versions of r.io/a"),
        (vec![&*one, &*two], "a has different versions of r.io/a"),
        (vec!["r.io/a - -"], "a has places without a version"),
        (vec!["r.io/a {{x}} -"], "a has places without a version"),
        (vec!["r.io/a 1 sha256:12"], "a has places without a version"),
        (vec!["r.io/a 1 -", "- 1 -"], "a has places without a repository"),
    ] {
        let error = promoted(&texts, &["r.io/a 0 -"], Chosen::All).unwrap_err().to_string();
        assert!(error.starts_with(words) && error.contains("shop/infra main f.yaml:"), "{error}");
    }
}

#[test]
fn an_image_of_one_environment_alone_is_listed_when_it_is_meant() {
    let (from, to) = (["nginx 1 -", "r.io/b 1 -"], ["docker.io/library/nginx 2 -", "r.io/c 1 -"]);
    let error = promoted(&from, &to, Chosen::All).unwrap_err().to_string();
    assert!(error.contains("only a has, and b has not: r.io/b") && error.contains("only b has, and a has not: r.io/c"));
    let given = |image: &str| Chosen::Given(vec![Repository::parse(image).unwrap()]);
    assert_eq!(promoted(&from, &to, given("index.docker.io/library/nginx")).unwrap().len(), 1);
    assert!(promoted(&from, &to, given("r.io/b")).is_err());
    let error = promoted(&from, &to, given("r.io/d")).unwrap_err().to_string();
    assert_eq!(error, "neither a nor b has: r.io/d");
    assert!(matches!(promoted(&from, &to, Chosen::Listed), Err(VersionsError::Nothing { .. })));
}
