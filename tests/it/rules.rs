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
    refused.exits(3).says("are one repository, and the target does not say which of them it holds");
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
    run.exits(0).says("passed over: prod.yaml: it belongs to prod");
    assert_eq!(infra.file("main", "values.yaml"), values("app").replace(":1\n", ":2\n"));
    assert_eq!(infra.file("main", "prod.yaml"), values("job"));
    assert_eq!(other.commits("main"), 1);
    world.bump(["update", "--environment", "prod"]).run().exits(0);
    assert_eq!(infra.file("main", "prod.yaml"), values("job").replace(":1\n", ":2\n"));
    assert_eq!(other.file("main", "values.yaml"), values("app").replace(":1\n", ":2\n"));
}
