//! `--changed-digest-only`: what names the wanted image already, under another tag, stays as it is.

use std::fs;

use crate::images::{Configured, Images, ORDINARY};
use crate::samples::{deployment, kustomization, values, values_with_digest};
use crate::world::World;

/// The same image under two tags, and another one under a third.
fn pushed(world: &World) -> (String, String) {
    let images = Images::at(&world.repository("team/app"));
    let [one, two] = ["v1", "v2"].map(|tag| images.image(tag, ORDINARY).digest);
    assert_eq!(one, two);
    (one, images.image("v0", Configured { revision: "other", ..ORDINARY }).digest)
}

#[test]
fn a_place_with_the_same_digest_under_another_tag_stays() {
    let world = World::new();
    let (same, other) = pushed(&world);
    let repository = world.repository("team/app");
    let (image, flag) = (format!("{repository}:v2"), "--changed-digest-only");
    let cases = [
        ("values.yaml", values(&repository, "v1"), None),
        ("values.yaml", values(&repository, "v0"), Some(values(&repository, "v2"))),
        ("values.yaml", values(&repository, "gone"), Some(values(&repository, "v2"))),
        ("values.yaml", values_with_digest(&repository, "v1", &same), None),
        (
            "values.yaml",
            values_with_digest(&repository, "v1", &other),
            Some(values_with_digest(&repository, "v2", &same)),
        ),
        ("values.yaml", format!("image: {repository}:v0@{same}\n"), None),
        ("values.yaml", format!("image: {repository}@{same}\n"), None),
        (
            "values.yaml",
            format!("image: {repository}:v1\nother: {repository}:v0\n"),
            Some(format!("image: {repository}:v1\nother: {repository}:v2\n")),
        ),
    ];
    for (number, (file, before, after)) in cases.into_iter().enumerate() {
        let infra = world.infra(&format!("infra-{number}"), &[(file, &before)]);
        let run = world.bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", file, flag]).run();
        run.exits(0);
        assert_eq!(infra.commits("main"), 1 + usize::from(after.is_some()), "{before}");
        assert_eq!(infra.file("main", file), after.unwrap_or(before));
    }
}

#[test]
fn without_the_flag_the_tag_is_written() {
    let world = World::new();
    pushed(&world);
    let repository = world.repository("team/app");
    let infra = world.infra("infra", &[("values.yaml", &values(&repository, "v1"))]);
    let image = format!("{repository}:v2");
    world.bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", "values.yaml"]).run().exits(0);
    assert_eq!(infra.file("main", "values.yaml"), values(&repository, "v2"));
}

#[test]
fn a_kustomization_that_builds_the_same_image_has_effect_as_it_is() {
    let world = World::new();
    pushed(&world);
    let repository = world.repository("team/app");
    let files =
        [("kustomization.yaml", kustomization(&repository, "v1")), ("deployment.yaml", deployment(&repository))];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let infra = world.infra("infra", &files);
    let image = format!("{repository}:v2");
    let update = [
        "update",
        "--image",
        &image,
        "--repo",
        &infra.url(),
        "--kustomize",
        ".",
        "--pin",
        "digest",
        "--changed-digest-only",
    ];
    world.bump(update).run().exits(0);
    assert_eq!(infra.commits("main"), 1);
    // By another tag's image it is written, as ever.
    let other = format!("{repository}:v0");
    let update = ["update", "--image", &other, "--repo", &infra.url(), "--kustomize", ".", "--changed-digest-only"];
    world.bump(update).run().exits(0);
    assert_eq!(infra.file("main", "kustomization.yaml"), kustomization(&repository, "v0"));
}

#[test]
fn what_buildkit_wrote_is_held_against_the_image() {
    let world = World::new();
    let (same, other) = pushed(&world);
    let image = format!("{}:v2", world.repository("team/app"));
    for (digest, code) in [(&same, 0), (&other, 9)] {
        let metadata = format!(r#"{{"containerimage.digest": "{digest}", "image.name": "{image}"}}"#);
        fs::write(world.work().join("metadata.json"), metadata).unwrap();
        world.bump(["check", "--image", &image, "--digest-file", "metadata.json"]).run().exits(code);
    }
}
