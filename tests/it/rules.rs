//! Rules that belong to one target: several tags of one repository, different tags, environments.

use std::fs;

use crate::world::World;

const VALUES: &str = "\
php:
  image: {repository: r.example.com/team/app, tag: 1.4.1-php}
nginx:
  image: {repository: r.example.com/team/app, tag: 1.4.1-nginx}
";

#[test]
fn different_tags_of_one_image_are_refused_unless_asked_for() {
    let world = World::new();
    world.write("values.yaml", VALUES);
    let set = ["set", "--image", "r.example.com/team/app:1.4.2-php", "--helm", "values.yaml"];
    let refused = world.bump(set).run();
    refused.exits(5).says(
        "values.yaml: its places of r.example.com/team/app hold different tags now: 1.4.1-php (values.yaml:2), 1.4.1-nginx \
         (values.yaml:4)",
    );
    assert_eq!(fs::read_to_string(world.work().join("values.yaml")).unwrap(), VALUES);
    world.bump(set.iter().chain(&["--any-tag"])).run().exits(0);
    let after = VALUES.replace("1.4.1-nginx", "1.4.2-php").replace("1.4.1-php", "1.4.2-php");
    assert_eq!(fs::read_to_string(world.work().join("values.yaml")).unwrap(), after);
}

#[test]
fn a_path_names_one_of_several_tags() {
    let world = World::new();
    world.write("values.yaml", VALUES);
    world
        .bump(["set", "--image", "r.example.com/team/app:1.4.2-php", "--helm", "values.yaml:php.image"])
        .run()
        .exits(0);
    let after = VALUES.replace("1.4.1-php", "1.4.2-php");
    assert_eq!(fs::read_to_string(world.work().join("values.yaml")).unwrap(), after);
    let both = ["set", "--image", "r.example.com/team/app:1-php", "--image", "r.example.com/team/app:1-nginx"];
    let refused = world.bump(both.iter().chain(&["--helm", "values.yaml:php.image"])).run();
    refused.exits(3).says("have the same repository, and the target does not say which one it holds");
}

#[test]
fn several_tags_of_one_repository_are_one_commit() {
    let world = World::new();
    let _digests = ["2-php", "2-nginx"].map(|tag| world.push("team/app", tag));
    let repository = world.repository("team/app");
    let before = VALUES.replace("r.example.com/team/app", &repository);
    let infra = world.infra("infra", &[("values.yaml", &before)]);
    let config = |second: &str| {
        format!(
            "images: {{php: '{repository}:2-php', nginx: '{repository}:2-nginx'}}\nrepositories:\n  - url: {}\n    helm:\n      \
             - {{file: values.yaml, image: php, path: php.image}}\n      - {{file: values.yaml, image: nginx{second}}}\n",
            infra.url()
        )
    };
    world.write(".gitops-bump.yml", config(""));
    world.bump(["update"]).run().exits(3).says("values.yaml: ");
    assert_eq!(infra.commits("main"), 1);
    world.write(".gitops-bump.yml", config(", path: nginx.image"));
    world.bump(["update"]).run().exits(0);
    assert_eq!(infra.file("main", "values.yaml"), before.replace("1.4.1-", "2-"));
    assert_eq!(infra.commits("main"), 2);
}

#[test]
fn a_run_passes_over_what_belongs_to_other_environments() {
    let world = World::new();
    let _digests = ["app", "job"].map(|name| world.push(name, "2"));
    let values = |name: &str| format!("image: {}:1\n", world.repository(name));
    let infra = world.infra("infra", &[("values.yaml", &values("app")), ("prod.yaml", &values("job"))]);
    let other = world.infra("other", &[("values.yaml", &values("app"))]);
    let config = format!(
        "images: {{app: '{}:2', job: '{}:2'}}\nenvironments: [staging, prod]\nrepositories:\n  - url: {}\n    helm:\n      \
         - {{file: values.yaml, image: app}}\n      - {{file: prod.yaml, image: job, environments: [prod]}}\n  - url: {}\n    \
         environments: [prod]\n    helm: [{{file: values.yaml, image: app}}]\n",
        world.repository("app"),
        world.repository("job"),
        infra.url(),
        other.url()
    );
    world.write(".gitops-bump.yml", &config);
    world.bump(["update", "--environment", "qa"]).run().exits(3).says("staging, prod");
    let run = world.bump(["update", "--environment", "staging"]).run();
    run.exits(0).says("skipped: prod.yaml: it belongs to prod");
    assert_eq!(infra.file("main", "values.yaml"), values("app").replace(":1\n", ":2\n"));
    assert_eq!(infra.file("main", "prod.yaml"), values("job"));
    assert_eq!(other.commits("main"), 1);
    world.bump(["update", "--environment", "prod"]).run().exits(0);
    assert_eq!(infra.file("main", "prod.yaml"), values("job").replace(":1\n", ":2\n"));
    assert_eq!(other.file("main", "values.yaml"), values("app").replace(":1\n", ":2\n"));
}

/// Runs `set --image r.example.com/team/app:1.4.2 FLAGS` on these files.
#[track_caller]
fn set(files: &[(&str, &str)], flags: &[&str]) -> (World, crate::world::Run) {
    let world = World::new();
    for (file, text) in files {
        world.write(file, text);
    }
    let run = world.bump(["set", "--image", "r.example.com/team/app:1.4.2"].iter().chain(flags)).run();
    (world, run)
}

fn pod(image: &str) -> String {
    format!("kind: Pod\nspec:\n  containers:\n    - image: {image}\n")
}

#[test]
fn half_an_update_is_said() {
    let values = "image: {repository: r.example.com/team/app, tag: 1.4.1}\nextraInitContainers: |\n  - name: migrate\n    \
                  image: r.example.com/team/app:1.4.1\n";
    let (world, run) = set(&[("values.yaml", values)], &["--helm", "values.yaml"]);
    run.exits(0).says("values.yaml:4: \"r.example.com/team/app:1.4.1\" is named here too, and is not changed");
    let after = values.replacen("tag: 1.4.1", "tag: 1.4.2", 1);
    assert_eq!(fs::read_to_string(world.work().join("values.yaml")).unwrap(), after);
    // In another file of a directory, too.
    let config = "kind: ConfigMap\ndata: {args: --image=r.example.com/team/app:1.4.1}\n";
    let templated = pod("r.example.com/team/app:${TAG}");
    let files = [("d/a.yaml", &*pod("r.example.com/team/app:1.4.1")), ("d/b.yaml", config), ("d/c.yaml", &templated)];
    let (_, run) = set(&files, &["--manifest", "d"]);
    let run = run.exits(0).says("d/b.yaml:2: \"r.example.com/team/app:1.4.1\" is named here too");
    run.says("d/c.yaml:4:14: the version is the variable ${TAG}, not a value; this place is not changed");
}

#[test]
fn why_nothing_matches_is_said() {
    for (file, image, words) in [
        ("d.yaml", "r.example.com/team/app:${APP_TAG:=1.4.1}", "spec.postBuild.substitute"),
        ("d.yaml", "'r.example.com/team/app:<< inputs.tag >>'", "its spec.inputs"),
        ("d.yaml", "'r.example.com/team/app:{{ .Values.tag }}'", "a template expression"),
        ("d.yaml", "other\n      args: ['--x=r.example.com/team/app:1']", "it is part of a longer text"),
        ("d.yaml", "R.example.com/Team/App:1.4.1", "must be in lower case"),
    ] {
        let text = pod(image);
        for flags in [["--manifest", file], ["--helm", file]] {
            let (_, run) = set(&[(file, &text)], &flags);
            run.exits(5).says(words).says("d.yaml:");
        }
        let (_, run) = set(&[("d/a.yaml", &text)], &["--manifest", "d"]);
        run.exits(5).says(words).says("d/a.yaml:");
    }
}

#[test]
fn a_directory_whose_subdirectories_are_not_read_says_so() {
    let nested = pod("r.example.com/team/app:1.4.0");
    let said = "Its subdirectories are not read (backend)";
    for files in
        [vec![("apps/backend/d.yaml", &*nested), ("apps/x.yaml", "kind: X\n")], vec![("apps/backend/d.yaml", &*nested)]]
    {
        let (_, run) = set(&files, &["--manifest", "apps"]);
        run.exits(5).says(said);
        let world = World::new();
        world.push("team/app", "2");
        let infra = world.infra("infra", &files);
        let image = format!("{}:2", world.repository("team/app"));
        world
            .bump(["update", "--image", &image, "--repo", &infra.url(), "--manifest", "apps"])
            .run()
            .exits(5)
            .says(said);
    }
}

#[test]
fn a_lock_file_beside_a_changed_dependency_is_said() {
    let chart = "name: shop\ndependencies:\n  - {name: app, version: 1.4.1, repository: 'oci://r.example.com/team'}\n";
    let files = [("charts/shop/Chart.yaml", chart), ("charts/shop/Chart.lock", "digest: x\n")];
    let (_, run) = set(&files, &["--helm", "charts/shop/Chart.yaml:dependencies[name=app].version"]);
    run.exits(0).says("charts/shop/Chart.lock: it does not match the new version of the dependency");
    let world = World::new();
    world.push("team/app", "2");
    let infra = world.infra("infra", &files);
    let image = format!("{}:2", world.repository("team/app"));
    let target = "charts/shop/Chart.yaml:dependencies[0].version";
    let run = world.bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", target]).run();
    run.exits(0).says("charts/shop/Chart.lock: it does not match");
}

#[test]
fn status_shows_the_environments_that_there_are() {
    let world = World::new();
    let text = format!("image: {}:1\n", world.repository("app"));
    let files = ["values-dev.yaml", "values-prod.yaml", "values-common.yaml", "batch.yaml"].map(|file| (file, &*text));
    let infra = world.infra("infra", &files);
    let config = format!(
        "environments: [dev, prod]\nrepositories:\n  - url: {}\n    helm:\n      - {{file: values-<env>.yaml}}\n      - {{file: \
         batch.yaml, environments: [prod]}}\n",
        infra.url()
    );
    world.write(".gitops-bump.yml", config);
    let run = world.bump(["status", "--format", "json"]).run().exits(0);
    let status: serde_json::Value = serde_json::from_str(&run.stdout).expect("it is JSON");
    let environments = status["environments"].as_array().expect("it is a list");
    let names: Vec<&str> = environments.iter().filter_map(|environment| environment["name"].as_str()).collect();
    assert_eq!(names, ["dev", "prod"]);
    assert!(!run.stdout.contains("values-common.yaml"), "{run}");
    assert_eq!(environments.len(), 2, "{run}");
}
