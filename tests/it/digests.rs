//! `update` and digests: written where they are asked for, never left behind where they would win.

use crate::samples::{OLD_DIGEST, deployment, kustomization, values_with_digest};
use crate::world::World;

#[test]
fn pin_digest_writes_tag_and_digest_of_each_kind() {
    let world = World::new();
    let (app, repository) = (world.push("team/app", "2.0.0"), world.repository("team/app"));
    let digest = world.servers().digest(&app);
    let infra = world.infra(
        "infra",
        &[
            ("keyed.yaml", values_with_digest(&repository, "1.0.0", "\"\"").as_str()),
            ("split.yaml", &format!("image:\n  repository: {repository}\n  tag: 1.0.0\n")),
            ("whole.yaml", &format!("image: {repository}:1.0.0\n")),
            ("kustomization.yaml", &kustomization(&repository, "1.0.0")),
            ("deployment.yaml", &deployment(&format!("{repository}:1.0.0"))),
        ],
    );

    world
        .bump(["update", "--image", &app, "--repo", &infra.url(), "--pin", "digest", "--kustomize", "."])
        .env("GITOPS_BUMP_HELM", "keyed.yaml\nsplit.yaml\nwhole.yaml")
        .env("GITOPS_BUMP_MANIFEST", "deployment.yaml")
        .run()
        .exits(0);

    let file = |path: &str| infra.file("main", path);
    assert_eq!(file("keyed.yaml"), values_with_digest(&repository, "2.0.0", &format!("\"{digest}\"")));
    assert_eq!(file("split.yaml"), format!("image:\n  repository: {repository}\n  tag: 2.0.0@{digest}\n"));
    assert_eq!(file("whole.yaml"), format!("image: {repository}:2.0.0@{digest}\n"));
    assert_eq!(file("deployment.yaml"), deployment(&format!("{repository}:2.0.0@{digest}")));
    let kustomization = file("kustomization.yaml");
    assert!(kustomization.contains("newTag: \"2.0.0\"\n"), "{kustomization}");
    assert!(kustomization.contains(&format!("    digest: {digest}\n")), "{kustomization}");
    assert!(kustomization.contains("newTag: \"7.2\"\n"), "{kustomization}");
}

#[test]
fn a_stale_digest_is_never_left_beside_a_new_tag() {
    let world = World::new();
    let (app, repository) = (world.push("team/app", "2.0.0"), world.repository("team/app"));
    let digest = world.servers().digest(&app);
    let whole = |tag: &str, digest: &str| format!("image: {repository}:{tag}@{digest}\n");
    let infra = world.infra(
        "infra",
        &[
            ("split.yaml", &*values_with_digest(&repository, "1.0.0", OLD_DIGEST)),
            ("whole.yaml", &whole("1.0.0", OLD_DIGEST)),
        ],
    );

    let arguments = ["update", "--image", &app, "--repo", &infra.url(), "--helm", "split.yaml", "--helm", "whole.yaml"];
    world.bump(arguments).run().exits(0);

    assert_eq!(infra.file("main", "split.yaml"), values_with_digest(&repository, "2.0.0", &digest));
    assert_eq!(infra.file("main", "whole.yaml"), whole("2.0.0", &digest));
}
