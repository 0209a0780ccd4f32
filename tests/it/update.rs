//! `update`: the image is checked, one line changes, one commit is pushed.

use crate::samples::{app_infra, deployment, kustomization, values};
use crate::world::World;

#[test]
fn one_run_makes_one_commit_that_changes_one_line() {
    let world = World::new();
    let image = world.push("team/app", "1.4.2");
    let before = values(&world.repository("team/app"), "1.4.1");
    let infra = world.infra("infra-helm", &[("values.yaml", &before), ("README.md", "read me\n")]);

    world.bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", "values.yaml"]).run().exits(0);

    assert_eq!(infra.commits("main"), 2);
    assert_eq!(
        infra.changed_lines("main"),
        ["-  tag: \"1.4.1\"   # written by the pipeline", "+  tag: \"1.4.2\"   # written by the pipeline"]
    );
    assert_eq!(infra.file("main", "values.yaml"), before.replace("1.4.1", "1.4.2"));
    infra.assert_sound();
}

#[test]
fn a_second_run_makes_no_commit_and_says_that_nothing_is_redeployed() {
    let world = World::new();
    let image = world.push("team/app", "1.4.2");
    let infra = app_infra(&world, "1.4.2");
    let arguments = ["update", "--image", &image, "--repo", &infra.url(), "--helm", "values.yaml"];

    world.bump(arguments).run().exits(0).says("unchanged").says("no commit").says("no pod restarts");
    world.bump(arguments.into_iter().chain(["--fail-on-unchanged"])).run().exits(10);

    assert_eq!(infra.commits("main"), 1);
}

#[test]
fn the_hint_on_mutable_tags_is_for_mutable_tags_alone() {
    let world = World::new();
    let said = |tag: &str| {
        let image = world.push("team/app", tag);
        let infra = world.infra(tag, &[("values.yaml", values(&world.repository("team/app"), tag).as_str())]);
        let arguments = ["update", "--image", &image, "--repo", &infra.url(), "--helm", "values.yaml"];
        world.bump(arguments).run().exits(0).stderr.replace(tag, "TAG")
    };

    let (immutable, mutable) = (said("1.4.2"), said("latest"));

    assert!(mutable.len() > immutable.len(), "no hint on `latest`: {mutable}");
    assert_eq!(immutable.len(), said("5846e796").len(), "a hint on a commit's tag");
}

#[test]
fn all_targets_of_a_repository_are_one_commit() {
    let world = World::new();
    let (app, repository) = (world.push("team/app", "2.0.0"), world.repository("team/app"));
    let infra = world.infra(
        "infra",
        &[
            ("chart/values.yaml", values(&repository, "1.0.0").as_str()),
            ("overlays/prod/kustomization.yaml", &kustomization(&repository, "1.0.0")),
            ("plain/deployment.yaml", &deployment(&format!("{repository}:1.0.0"))),
            ("plain/notes.txt", "not a manifest\n"),
        ],
    );

    world
        .bump(["update", "--image", &app, "--repo", &infra.url(), "--helm", "chart/values.yaml:image"])
        .env("GITOPS_BUMP_KUSTOMIZE", "overlays/prod")
        .env("GITOPS_BUMP_MANIFEST", "plain")
        .run()
        .exits(0);

    assert_eq!(infra.commits("main"), 2);
    assert_eq!(infra.file("main", "chart/values.yaml"), values(&repository, "2.0.0"));
    assert_eq!(infra.file("main", "overlays/prod/kustomization.yaml"), kustomization(&repository, "2.0.0"));
    assert_eq!(infra.file("main", "plain/deployment.yaml"), deployment(&format!("{repository}:2.0.0")));
    infra.assert_sound();
}

#[test]
fn a_local_repository_is_updated_by_path_and_by_file_url() {
    let world = World::new();
    let repository = world.repository("team/app");
    let infra = world.infra("infra", &[("values.yaml", values(&repository, "1").as_str())]);
    let path = infra.directory().to_str().expect("a UTF-8 path").to_owned();

    for (tag, url) in [("2", path.clone()), ("3", format!("file://{path}"))] {
        let image = world.push("team/app", tag);
        world.bump(["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"]).run().exits(0);
        assert_eq!(infra.file("main", "values.yaml"), values(&repository, tag));
    }

    assert_eq!(infra.commits("main"), 3);
    infra.assert_sound();
}

#[test]
fn a_dry_run_prints_the_diff_and_publishes_nothing() {
    let world = World::new();
    let image = world.push("team/app", "1.4.2");
    let infra = app_infra(&world, "1.4.1");

    world
        .bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", "values.yaml", "--dry-run"])
        .run()
        .exits(0)
        .prints_line("-  tag: \"1.4.1\"   # written by the pipeline")
        .prints_line("+  tag: \"1.4.2\"   # written by the pipeline");

    assert_eq!((infra.commits("main"), infra.branches()), (1, vec!["main".to_owned()]));
}

#[test]
fn the_environment_stands_in_file_names() {
    let world = World::new();
    let (image, repository) = (world.push("team/app", "2"), world.repository("team/app"));
    let before = values(&repository, "1");
    let infra = world.infra("infra", &[("values-prod.yaml", &*before), ("values-dev.yaml", &before)]);
    let arguments = ["update", "--image", &image, "--repo", &infra.url(), "--helm", "values-<env>.yaml"];

    world.bump(arguments).env("CI_ENVIRONMENT_NAME", "dev").env("GITOPS_BUMP_ENVIRONMENT", "prod").run().exits(0);
    assert_eq!(infra.file("main", "values-prod.yaml"), values(&repository, "2"));
    assert_eq!(infra.file("main", "values-dev.yaml"), before);

    world.bump(arguments).env("CI_ENVIRONMENT_NAME", "dev").run().exits(0);
    assert_eq!(infra.file("main", "values-dev.yaml"), values(&repository, "2"));

    for environment in ["../prod", "/etc"] {
        let run = world.bump(arguments).env("GITOPS_BUMP_ENVIRONMENT", environment).run();
        assert!(run.code != 0, "{environment} was taken\n{run}");
    }
    assert_eq!(infra.commits("main"), 3);
}

#[test]
fn every_flag_has_a_twin_variable_and_beats_it() {
    let world = World::new();
    let (image, repository) = (world.push("team/app", "2"), world.repository("team/app"));
    let infra = world.infra("infra", &[("values.yaml", values(&repository, "1").as_str())]);
    let update = |arguments: &[&str]| {
        let bump = world.bump(arguments).env("GITOPS_BUMP_IMAGE", &image).env("GITOPS_BUMP_REPO", infra.url());
        bump.env("GITOPS_BUMP_HELM", "values.yaml").env("GITOPS_BUMP_DRY_RUN", "true").run().exits(0)
    };

    update(&["update"]).prints_line("+  tag: \"2\"   # written by the pipeline");
    assert_eq!(infra.commits("main"), 1);

    update(&["update", "--dry-run=false"]);
    assert_eq!(infra.file("main", "values.yaml"), values(&repository, "2"));
}
