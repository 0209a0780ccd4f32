//! The config file: several images, several repositories, each in one commit, or nothing anywhere.

use crate::samples::{deployment, kustomization, values};
use crate::world::{Bump, Repository, World};

/// A shop of three images, deployed from a Helm and a Kustomize repository.
struct Shop {
    world: World,
    helm: Repository,
    kustomize: Repository,
}

const NAMES: [&str; 3] = ["api", "web", "job"];

impl Shop {
    fn new() -> Self {
        let world = World::new();
        let [api, web, job] = NAMES.map(|name| {
            world.push(name, "2.0.0");
            world.repository(name)
        });
        let backend = values(&web, "1.0.0").replace("image:\n", "backend:\n  image:\n").replace("\n  ", "\n    ");
        let backend = backend.replace("\n    image:", "\n  image:");
        let helm = world.infra("infra-helm", &[("values-prod.yaml", &*values(&api, "1.0.0")), ("web.yaml", &backend)]);
        let entry = kustomization("app", "1.0.0").replace("name: app\n", &format!("name: app\n    newName: {api}\n"));
        let files = [
            ("overlays/prod/kustomization.yaml", entry.as_str()),
            ("overlays/prod/deployment.yaml", &deployment("app")),
            ("base/cronjob.yaml", &deployment(&format!("{job}:1.0.0"))),
        ];
        let kustomize = world.infra("infra-kustomize", &files);
        Self { world, helm, kustomize }
    }

    fn config(&self) -> String {
        let corner = self.world.repository("");
        let (helm, kustomize) = (self.helm.url(), self.kustomize.url());
        format!(
            "images:
  api: ${{IMAGE_REPOSITORY}}/api:${{CI_COMMIT_SHORT_SHA}}
  web: {corner}web:${{CI_COMMIT_SHORT_SHA}}
  job: {corner}job:2.0.0
repositories:
  - url: {helm}
    branch: main
    helm:
      - file: values-<env>.yaml
      - file: web.yaml
        path: backend.image
        image: web
    credentials: {{ username: oauth2, token_variable: GITOPS_BUMP_GIT_TOKEN_INFRA }}
  - url: {kustomize}
    kustomize:
      - path: overlays/<env>
        image: api
        name: app
    manifest:
      - path: base/cronjob.yaml
"
        )
    }

    fn bump(&self, arguments: &[&str]) -> Bump {
        let repository = self.world.repository("x");
        let bump = self.world.bump(arguments).env("IMAGE_REPOSITORY", repository.trim_end_matches("/x"));
        bump.env("CI_COMMIT_SHORT_SHA", "2.0.0")
            .env("CI_ENVIRONMENT_NAME", "prod")
            .env("GITOPS_BUMP_GIT_TOKEN_INFRA", &self.world.servers().git_login.password)
    }

    fn update(&self, config: &str) -> Bump {
        self.world.write(".gitops-bump.yml", config);
        self.bump(&["update"])
    }

    #[track_caller]
    fn commits(&self, helm: usize, kustomize: usize) {
        assert_eq!((self.helm.commits("main"), self.kustomize.commits("main")), (helm, kustomize));
    }
}

#[test]
fn two_repositories_and_three_images_are_one_commit_in_each() {
    let shop = Shop::new();
    shop.update(&shop.config()).run().exits(0);

    shop.commits(2, 2);
    let lines = ["-  tag: \"1.0.0\"   # written by the pipeline", "+  tag: \"2.0.0\"   # written by the pipeline"];
    let nested = lines.map(|line| line.replacen("  tag", "    tag", 1));
    assert_eq!(shop.helm.changed_lines("main"), [lines.map(str::to_owned), nested].concat());
    let job = shop.world.repository("job");
    assert_eq!(
        shop.kustomize.changed_lines("main"),
        [
            format!("-          image: {job}:1.0.0"),
            format!("+          image: {job}:2.0.0"),
            "-    newTag: \"1.0.0\"".to_owned(),
            "+    newTag: \"2.0.0\"".to_owned(),
        ]
    );
    shop.helm.assert_sound();
    shop.kustomize.assert_sound();

    shop.update(&shop.config()).run().exits(0).says("no pod restarts");
    shop.commits(2, 2);
}

#[test]
fn a_wrong_path_in_the_second_repository_publishes_nothing_anywhere() {
    let shop = Shop::new();
    shop.update(&shop.config().replace("base/cronjob.yaml", "base/cron.yaml")).run().exits(5).says("base/cron.yaml");
    shop.commits(1, 1);
}

#[test]
fn an_image_that_is_missing_publishes_nothing_anywhere() {
    let shop = Shop::new();
    shop.update(&shop.config().replace("job:2.0.0", "job:3.0.0")).run().exits(4).says("job:3.0.0");
    shop.commits(1, 1);
}

#[test]
fn a_refusal_of_one_repository_does_not_stop_the_other_and_a_second_run_completes() {
    let shop = Shop::new();
    shop.helm.protect_main();
    shop.update(&shop.config()).run().exits(8).says("You are not allowed to push code");
    shop.commits(1, 2);

    shop.helm.hook("pre-receive", "exit 0");
    shop.update(&shop.config()).run().exits(0);
    shop.commits(2, 2);
}

#[test]
fn an_empty_token_variable_is_exit_3_and_named() {
    let shop = Shop::new();
    shop.update(&shop.config())
        .env("GITOPS_BUMP_GIT_TOKEN_INFRA", "")
        .run()
        .exits(3)
        .says("GITOPS_BUMP_GIT_TOKEN_INFRA");
    shop.update(&shop.config())
        .without_env("GITOPS_BUMP_GIT_TOKEN_INFRA")
        .run()
        .exits(3)
        .says("GITOPS_BUMP_GIT_TOKEN_INFRA");
    shop.commits(1, 1);
}

#[test]
fn a_broken_config_is_exit_3_with_its_line() {
    let shop = Shop::new();
    let config = shop.config();
    let broken = |text: String, words: &str| shop.update(&text).run().exits(3).says(words);

    broken(config.replace("branch: main", "brunch: main"), "brunch").says(".gitops-bump.yml:7");
    broken(config.replace("${CI_COMMIT_SHORT_SHA}", "${NOT_SET}"), "NOT_SET").says(".gitops-bump.yml:2");
    broken(config.replace("    kustomize:\n", "   kustomize:\n"), ".gitops-bump.yml:");
    broken(config.replace("image: web", "image: wob"), "wob");
    broken(config.replace("branch: main", "branch: [main]"), ".gitops-bump.yml:7");
    broken("images: {}\nrepositories: []\nextra: 1\n".to_owned(), "extra").says(".gitops-bump.yml:3");
    shop.bump(&["update", "--config", "nowhere.yml"]).run().exits(3).says("nowhere.yml");
    shop.commits(1, 1);
}

#[test]
fn flags_beat_variables_and_variables_beat_the_config_file() {
    let shop = Shop::new();
    let config = format!("pin: digest\n{}", shop.config());
    let text = |bump: Bump| {
        let shown = bump.run().exits(0).stdout;
        shown.lines().find(|line| line.starts_with("pin:")).unwrap_or("no pin").to_owned()
    };
    shop.world.write("shop.yml", &config);
    let arguments = ["config", "show", "--config", "shop.yml"];
    assert_eq!(text(shop.bump(&arguments)), "pin: digest");
    assert_eq!(text(shop.bump(&arguments).env("GITOPS_BUMP_PIN", "tag")), "pin: tag");
    let flag = [arguments.as_slice(), &["--pin", "digest"]].concat();
    assert_eq!(text(shop.bump(&flag).env("GITOPS_BUMP_PIN", "tag")), "pin: digest");
}

#[test]
fn validate_accepts_and_refuses_without_a_network() {
    let shop = Shop::new();
    let unreachable = shop.config().replace(&format!("http://{}", shop.world.servers().git), "https://git.example.com");
    shop.world.write(".gitops-bump.yml", &unreachable);
    shop.bump(&["config", "validate"]).run().exits(0);
    shop.world.write(".gitops-bump.yml", unreachable.replace("helm:", "hlem:"));
    shop.bump(&["config", "validate"]).run().exits(3).says("hlem").says(".gitops-bump.yml:8");
}

#[test]
fn show_prints_the_resolved_settings_without_secrets() {
    let shop = Shop::new();
    let login = &shop.world.servers().git_login;
    let with_password = format!("http://ci:{}@", "hunter2");
    shop.world.write(".gitops-bump.yml", shop.config().replacen("http://", &with_password, 1));
    let run = shop.bump(&["config", "show"]).hiding(login).run().exits(0);
    assert!(!run.stdout.contains("hunter2"), "{run}");
    assert!(run.stdout.contains("api:2.0.0") && run.stdout.contains("values-prod.yaml"), "{run}");
    let _: serde_yaml::Value = serde_yaml::from_str(&run.stdout).expect("the settings are YAML");
}

#[test]
fn show_prints_a_config_file_that_says_the_same() {
    let shop = Shop::new();
    let [api, web] = ["api", "web"].map(|name| format!("{}:2.0.0", shop.world.repository(name)));
    let config = format!(
        "images: {{api: {api}, web: '{web}'}}
environments: [dev, staging, prod]
create: true
author: 'A $$5 <a@example.com>'
skip_ci: true
wait: 90s
require: {{labels: {{team: shop, checked: null}}, platforms: [linux/amd64], deny_tags: ['*-dirty'], newer_only: true}}
repositories:
  - url: https://git.example.com/shop/a.git
    branch: main
    environments: [staging, prod]
    helm:
      - {{file: values-<env>.yaml, image: api, create: false, any_tag: true}}
      - {{file: web.yaml, path: backend.image, image: web, environments: [prod], any_repository: true}}
      - {{file: other.yaml, environments: [staging]}}
    credentials: {{username: ci, token_variable: GITOPS_BUMP_GIT_TOKEN_A}}
  - url: https://git.example.com/shop/b.git
    merge_request: true
    kustomize: [{{path: overlays/<env>, image: api, name: app}}]
    manifest: [{{path: base/cronjob.yaml}}]
    mirror: {{project_id: shop/mirror, repository: b, url: https://gitlab.example.com/api/v4}}
"
    );
    shop.world.write("shop.yml", config);
    let run = |arguments: &[&str]| {
        let tokens = [("GITOPS_BUMP_GIT_TOKEN_A", "hunter2"), ("GIT_MIRROR_TOKEN", "hunter3")];
        let bump = tokens.into_iter().fold(shop.world.bump(arguments), |bump, (name, value)| bump.env(name, value));
        bump.env("CI_API_V4_URL", "https://gitlab.example.com/api/v4").run().exits(0)
    };
    let shown = run(&["config", "show", "--config", "shop.yml", "--environment", "prod"]).stdout;
    assert!(!shown.contains("hunter") && !shown.contains("other.yaml"), "{shown}");
    let value: serde_yaml::Value = serde_yaml::from_str(&shown).expect("the settings are YAML");
    let names = |value: &serde_yaml::Value| {
        let names = value.as_sequence().into_iter().flatten().filter_map(|name| name.as_str());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&value["environments"]), "dev staging prod");
    let [a, b] = [&value["repositories"][0], &value["repositories"][1]];
    assert_eq!(
        (names(&a["environments"]), names(&a["helm"][1]["environments"])),
        ("staging prod".into(), "prod".into())
    );
    let rules = |target: &serde_yaml::Value| ["create", "any_repository", "any_tag"].map(|key| target[key] == true);
    assert_eq!(rules(&a["helm"][0]), [false, false, true]);
    assert_eq!(rules(&a["helm"][1]), [true, true, false]);
    assert_eq!(rules(&b["kustomize"][0]), [true, false, false]);
    assert_eq!(a["helm"][0]["file"], "values-prod.yaml");

    shop.world.write("shown.yml", &shown);
    run(&["config", "validate", "--config", "shown.yml"]);
    let again = run(&["config", "show", "--config", "shown.yml"]).stdout;
    assert_eq!(again, shown);
}

#[test]
fn schema_prints_a_json_schema_that_names_the_keys() {
    let world = World::new();
    let run = world.bump(["config", "schema"]).run().exits(0);
    let schema: serde_json::Value = serde_json::from_str(&run.stdout).expect("the schema is JSON");
    assert!(schema["$schema"].as_str().is_some_and(|text| text.contains("json-schema.org")), "{run}");
    for key in ["images", "pin", "repositories"] {
        assert!(schema["properties"][key].is_object(), "no {key} in the schema\n{run}");
    }
}
