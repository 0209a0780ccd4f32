//! How flags, variables and config file merge.

use std::ffi::OsString;

use super::*;
use crate::cli::{self, Command};
use crate::edit::Pin;
use crate::secret::ExposeSecret as _;

mod servers;

const CONFIG: &str = "\
images: { api: r.example.com/shop/api:1, web: 'r.example.com/shop/web:${SHA}' }
pin: digest
repositories:
  - url: https://example.com/shop/one.git
    branch: main
    helm: [{ file: values.yaml, path: image, image: api }]
    credentials: { token_variable: GITOPS_BUMP_GIT_TOKEN_ONE }
  - url: https://example.com/shop/two.git
    kustomize: [{ path: overlays/prod }]
";

const SECRETS: [(&str, &str); 3] =
    [("SHA", "2"), ("GITOPS_BUMP_GIT_TOKEN_ONE", "one-token"), ("GITOPS_BUMP_GIT_TOKEN", "all-token")];

fn resolve(flags: &[&str], config: Option<&str>, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let environment: Environment = variables.iter().copied().collect();
    let argv: Vec<OsString> = ["gitops-bump", "update"].iter().chain(flags).map(OsString::from).collect();
    let Command::Update(args) = cli::parse(&argv, &environment).unwrap().command else {
        panic!("update was asked for");
    };
    let config = config.map(|text| ConfigText { file: ".gitops-bump.yml".into(), text: text.into() });
    update(&args, config.as_ref(), &environment)
}

fn message(result: Result<Settings, SettingsError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn the_config_file_describes_several_repositories() {
    let settings = resolve(&[], Some(CONFIG), &SECRETS).unwrap();
    assert_eq!(settings.images[1].reference.to_string(), "r.example.com/shop/web:2");
    assert_eq!(settings.rules.pin, Pin::Digest);
    let tokens = settings.repositories.iter().map(|repository| repository.credentials.as_ref().unwrap());
    let tokens: Vec<(&str, &str)> =
        tokens.map(|given| (given.to_hide().username.as_str(), given.to_hide().password.expose_secret())).collect();
    assert_eq!(tokens, [("oauth2", "one-token"), ("oauth2", "all-token")]);
}

#[test]
fn flags_beat_variables_beat_the_file() {
    let variables =
        [("GITOPS_BUMP_PIN", "tag"), ("GITOPS_BUMP_IMAGE", "r.example.com/shop/api:3"), SECRETS[1], SECRETS[0]];
    let settings = resolve(&[], Some(CONFIG), &variables).unwrap();
    assert_eq!(settings.rules.pin, Pin::Tag);
    assert_eq!(settings.images.len(), 1);
    assert_eq!(settings.images[0].name, "api");
    let flags = ["--pin=digest", "--repo=https://u:url-token@example.com/x/y.git", "--helm=v.yaml:a.b"];
    let settings = resolve(&flags, Some(CONFIG), &variables).unwrap();
    assert_eq!(settings.rules.pin, Pin::Digest);
    assert_eq!(settings.repositories.len(), 1);
    assert_eq!(settings.repositories[0].credentials.as_ref().unwrap().to_hide().password.expose_secret(), "url-token");
    assert!(!settings.repositories[0].url.to_string().contains("url-token"));
}

#[test]
fn what_is_missing_is_a_usage_error() {
    for (flags, words) in [
        (&[][..], "no image is given"),
        (&["--image=a:1"], "no repository is given"),
        (&["--image=a:1", "--repo=https://example.com/a/b.git"], "no target is given"),
        (&["--image=a:1", "--helm=v.yaml"], "no repository is given"),
    ] {
        let error = resolve(flags, None, &[]).unwrap_err();
        assert!(matches!(error, SettingsError::Usage(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let target = ["--repo=https://example.com/a/b.git", "--helm=v.yaml"];
    let with = |image: &str| message(resolve(&[target[0], target[1], image], None, &[]));
    assert!(with("--image=Example.com/A:1").contains("must be lower case"));
    assert!(with("--image=r/a").contains("has no tag"));
    assert!(with("--image=r/a@sha256:zz").contains("is not a digest"));
    let missing = message(resolve(&[], Some(CONFIG), &[("SHA", "1"), ("GITOPS_BUMP_GIT_TOKEN_ONE", "")]));
    assert_eq!(
        missing,
        "the variable GITOPS_BUMP_GIT_TOKEN_ONE with the token for https://example.com/shop/one.git is empty"
    );
    let environment = message(resolve(&[target[0], target[1], "--image=r/a:1", "--environment=../x"], None, &[]));
    assert!(environment.contains("could lead out"));
    let author = message(resolve(&[target[0], target[1], "--image=r/a:1", "--author=nobody"], None, &[]));
    assert!(author.contains("NAME <EMAIL>"));
}

#[test]
fn the_author_is_who_started_the_pipeline() {
    let flags = ["--image=r/a:1", "--repo=https://example.com/a/b.git", "--helm=v.yaml"];
    let variables = [("GITLAB_USER_NAME", "Ada <\nLovelace"), ("GITLAB_USER_EMAIL", "ada@example.com")];
    let settings = resolve(&flags, None, &variables).unwrap();
    assert_eq!(settings.commit.author.name(), "Ada Lovelace");
    assert_eq!(settings.commit.author.email(), "ada@example.com");
    assert_eq!(settings.commit.committer.name(), "gitops-bump");
}

#[test]
fn one_reference_with_two_names_is_one_image() {
    let config =
        CONFIG.replace("${SHA}", "1").replace("shop/web:1'", "shop/web:1', php: r/a:1, nginx: 'r/a:1', cli: 'r/a:2'");
    let images = resolve(&[], Some(&config), &SECRETS).unwrap().images;
    let names: Vec<(&str, &[String])> = images.iter().map(|image| (image.name.as_str(), &*image.aliases)).collect();
    assert_eq!(names, [("api", [].as_slice()), ("web", &[]), ("php", &["nginx".to_owned()]), ("cli", &[])]);
}

const ENVIRONMENTS: &str = "\
images: { api: r.example.com/shop/api:1, web: r.example.com/shop/web:1 }
environments: [staging, prod]
create: true
repositories:
  - url: /srv/one.git
    helm:
      - { file: values-<env>.yaml, image: api, create: false, any_repository: true }
      - { file: web.yaml, image: web, environments: [prod], any_tag: true }
  - url: /srv/two.git
    environments: [prod]
    credentials: { token_variable: GITOPS_BUMP_GIT_TOKEN_UNSET }
    manifest: [{ path: base }]
";

#[test]
fn a_target_belongs_to_its_environments_and_has_rules_of_its_own() {
    let files = |settings: &Settings| {
        let targets = settings.repositories.iter().flat_map(|repository| &repository.targets);
        targets.map(|target| target.file.clone()).collect::<Vec<_>>()
    };
    let staging = resolve(&["--environment=staging"], Some(ENVIRONMENTS), &[]).unwrap();
    assert_eq!(files(&staging), ["values-<env>.yaml"]);
    assert_eq!(staging.images_of_others().collect::<Vec<_>>(), [1]);
    let said: Vec<String> = staging.notes().collect();
    assert_eq!(said, ["skipped: web.yaml: it belongs to prod", "skipped: base: it belongs to prod"]);
    assert_eq!(files(&resolve(&[], Some(ENVIRONMENTS), &[]).unwrap()), ["values-<env>.yaml"]);
    let token = [("GITOPS_BUMP_GIT_TOKEN_UNSET", "x")];
    let prod = resolve(&["--environment=prod", "--any-tag=false"], Some(ENVIRONMENTS), &token).unwrap();
    assert_eq!(files(&prod), ["values-<env>.yaml", "web.yaml", "base"]);
    let rules: Vec<Rules> = prod.repositories[0].targets.iter().map(|target| target.rules).collect();
    let flags = Rules { create: true, ..Rules::default() };
    assert_eq!(rules, [Rules { create: false, any_repository: true, ..flags }, flags]);
    // A flag beats what the target says.
    let prod = resolve(&["--environment=prod", "--create"], Some(ENVIRONMENTS), &token).unwrap();
    assert!(prod.repositories[0].targets.iter().all(|target| target.rules.create));
    assert!(prod.repositories[0].targets[1].rules.any_tag);
}

#[test]
fn an_environment_that_can_not_be_is_refused() {
    let refused = |flags: &[&str], config: &str| message(resolve(flags, Some(config), &[]));
    let others = "\"qa\" is none of the config file's environments: staging, prod";
    assert_eq!(refused(&["--environment=qa"], ENVIRONMENTS), format!("--environment: {others}"));
    let in_job = message(resolve(&[], Some(ENVIRONMENTS), &[("CI_ENVIRONMENT_NAME", "qa")]));
    assert_eq!(in_job, format!("CI_ENVIRONMENT_NAME: {others}"));
    for (from, to, words) in [
        ("environments: [prod], any_tag", "environments: [live], any_tag", "\"live\" is none of those"),
        ("image: api, create", "image: api, environments: [], create", "is empty"),
        ("environments: [staging, prod]", "environments: [../prod]", "could lead out"),
    ] {
        let text = refused(&["--environment=prod"], &ENVIRONMENTS.replacen(from, to, 1));
        assert!(text.contains(words), "{text}");
    }
    let only = ENVIRONMENTS.replace("values-<env>.yaml, image: api", "api.yaml, image: api, environments: [prod]");
    let text = refused(&["--environment=staging"], &only);
    assert_eq!(text, "no target of the config file belongs to the environment staging: the targets belong to prod");
}
