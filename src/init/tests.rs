//! From files to the config file, and from there to the edit: what is proposed must run.

use std::ffi::OsString;

mod layouts;

use super::*;
use crate::cli::{self, Command};
use crate::environment::Environment;
use crate::rewrite::{self, FileRewrite};
use crate::settings::{self, ConfigText, Settings};

const API: &str = "r.example.com/team/api";
const WEB: &str = "r.example.com/team/web";

/// Files, as a test writes them.
type Files<'f> = &'f [(&'f str, &'f str)];

fn context(images: &[&str]) -> Context {
    Context {
        url: "https://example.com/shop/infra.git".into(),
        place: "shop/infra main".into(),
        branch: None,
        images: images.iter().map(|image| Repository::parse(image).unwrap()).collect(),
        prefix: Repository::parse("r.example.com/team").ok(),
        registry: None,
        output: None,
        environments: Vec::new(),
    }
}

fn attempt(files: Files<'_>, images: &[&str]) -> Result<Proposed, Error> {
    let files = files.iter().map(|(path, text)| File { path: (*path).into(), bytes: text.as_bytes().to_vec() });
    proposed(files.collect(), Candidates::default(), context(images))
}

fn proposal(files: Files<'_>, images: &[&str]) -> String {
    attempt(files, images).unwrap().text
}

/// What is in force: the text without comments.
fn in_force(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with('#')).collect()
}

fn settings(text: &str, environment: &str) -> Settings {
    let variables = [
        ("CI_COMMIT_SHORT_SHA", "5846e796"),
        ("IMAGE_REPOSITORY", "r.example.com/team"),
        ("CI_ENVIRONMENT_NAME", environment),
    ];
    let environment: Environment = variables.into_iter().collect();
    let argv = ["gitops-bump", "update"].map(OsString::from);
    let Command::Update(args) = cli::parse(&argv, &environment).unwrap().command else {
        panic!("update was asked for");
    };
    let config = ConfigText { file: "proposed.yml".into(), text: text.into() };
    settings::update(&args, Some(&config), &environment).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The lines that a proposal's run would write, `FILE: LINE`.
fn written(text: &str, files: Files<'_>, environment: &str) -> Vec<String> {
    let settings = settings(text, environment);
    let plan = crate::plan(&settings).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let wanted: Vec<_> = settings
        .images
        .iter()
        .map(|image| crate::edit::Wanted {
            repository: image.reference.repository.clone(),
            tag: Some(image.reference.tag.clone().unwrap()),
            digest: crate::edit::KnownDigest::Unknown,
            same: Vec::new(),
        })
        .collect();
    let targets = &plan[0].targets;
    let disk = trial::Files::of(files.iter().map(|(path, text)| (*path, text.as_bytes())));
    let rewritten = disk.rewrite(targets, &disk.trees(targets), &wanted);
    let rewritten = rewritten.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut coverage = rewrite::Coverage::of(1).excusing(settings.images_of_others());
    coverage.record(0, &rewritten);
    coverage.require_all(targets, &wanted).unwrap_or_else(|error| panic!("{error}\n{text}"));
    rewritten.files.iter().flat_map(changes).collect()
}

fn changes(file: &FileRewrite) -> Vec<String> {
    let new = file.new.lines().filter(|line| !file.old.lines().any(|old| old == *line));
    new.map(|line| format!("{}: {}", file.path, line.trim())).collect()
}

#[test]
fn values_per_environment_become_one_target() {
    let (dev, prod) = (values("1.4.1"), values("1.4.0"));
    let files = [("values-dev.yaml", dev.as_str()), ("values-prod.yaml", &prod), ("values-common.yaml", "a: 1\n")];
    let text = proposal(&files, &[]);
    assert_eq!(
        in_force(&text),
        "images:\n  api: ${IMAGE_REPOSITORY}/api:${CI_COMMIT_SHORT_SHA}\nenvironments: [dev, prod]\n\
         repositories:\n  - url: https://example.com/shop/infra.git\n    helm:\n      - file: values-<env>.yaml\n"
    );
    assert!(text.contains("# api: image.tag; now 1.4.0, 1.4.1"), "{text}");
    assert_eq!(written(&text, &files, "dev"), ["values-dev.yaml: tag: \"5846e796\""]);
}

fn values(tag: &str) -> String {
    format!("image:\n  repository: {API}\n  tag: {tag}\n")
}

#[test]
fn client_and_server_are_two_images_of_one_target() {
    let text = format!(
        "client: {{image: {{repository: {WEB}, tag: '1'}}}}\nserver:\n  image:\n    repository: {API}\n    tag: '2'\n"
    );
    let files = [("values.yaml", text.as_str())];
    let text = proposal(&files, &[]);
    assert_eq!(in_force(&text).matches("- file: values.yaml").count(), 1, "{text}");
    assert_eq!(written(&text, &files, "").len(), 2);
}

#[test]
fn a_tag_alone_takes_the_repository_of_the_values_beside_it() {
    let base = "image: {registry: r.example.com, repository: team/api}\nreplicas: 1\n";
    let overlay = "image:\n  tag: 1.4.1\n";
    let files = [("chart/values.yaml", base), ("chart/values-dev.yaml", overlay), ("chart/values-prod.yaml", overlay)];
    let text = proposal(&files, &[]);
    assert!(
        in_force(&text)
            .contains("      - file: chart/values-<env>.yaml\n        path: image.tag\n        image: api\n")
    );
    assert!(text.contains("its repository is set by chart/values.yaml"), "{text}");
    assert!(text.contains("      # - file: chart/values.yaml"), "{text}");
    assert_eq!(written(&text, &files, "prod"), ["chart/values-prod.yaml: tag: \"5846e796\""]);
}

#[test]
fn a_tag_alone_that_nothing_explains_is_left_to_decide() {
    let files = [
        ("a.yaml", "image: {repository: r.example.com/team/api, tag: a}\n"),
        ("umbrella.yaml", "api: {image: {tag: 1}}\n"),
    ];
    let text = proposal(&files, &[]);
    assert!(text.contains("# - umbrella.yaml:1: api.image.tag is a tag without a repository"), "{text}");
}

#[test]
fn a_blank_tag_names_the_chart_version() {
    let values = format!("image:\n  repository: {API}\n  tag: \"\"\n");
    let files = [("app/Chart.yaml", "name: app\nappVersion: \"1.2.3\"\n"), ("app/values.yaml", values.as_str())];
    let text = proposal(&files, &[]);
    assert!(text.contains("the chart uses appVersion of Chart.yaml, 1.2.3"), "{text}");
    assert_eq!(written(&text, &files, ""), ["app/values.yaml: tag: \"5846e796\""]);
}

#[test]
fn places_with_different_tags_are_left_to_decide() {
    let values = |second: &str| {
        format!("php: {{image: '{API}:1-php'}}\nnginx: {{image: '{API}:{second}'}}\nother: {API}:1-php\n")
    };
    let Err(Error::NothingToPropose { seen, .. }) = attempt(&[("values.yaml", &values("1-nginx"))], &[]) else {
        panic!("no place is proposed");
    };
    assert!(seen[0].contains("its places hold different tags now (1-nginx, 1-php)"), "{seen:?}");
    let text = proposal(&[("values.yaml", &values("1-nginx")), ("a.yaml", "image: r.example.com/team/web:1\n")], &[]);
    assert!(text.contains("Not active: its places hold different tags now (1-nginx, 1-php)"), "{text}");
    assert!(!in_force(&text).contains("values.yaml"), "{text}");
    assert!(in_force(&proposal(&[("values.yaml", &values("1-php"))], &[])).contains("values.yaml"));
}

#[test]
fn an_image_whose_only_place_has_no_tag_needs_create() {
    let values = format!("image:\n  repository: {API}\n");
    let files = [("values.yaml", values.as_str())];
    let text = proposal(&files, &[]);
    assert!(in_force(&text).contains("create: true\n"), "{text}");
    assert_eq!(written(&text, &files, ""), ["values.yaml: tag: \"5846e796\""]);
}

fn deployment(image: &str) -> String {
    format!(
        "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: {image}\n"
    )
}

#[test]
fn overlays_win_over_the_deployment_that_they_are_made_of() {
    let deployment = deployment(&format!("{API}:placeholder"));
    let overlay = format!("resources: [../../base]\nimages:\n- name: {API}\n  newTag: 1.4.1\n");
    let files = [
        ("base/deployment.yaml", deployment.as_str()),
        ("base/kustomization.yaml", "resources:\n- deployment.yaml\n"),
        ("overlays/dev/kustomization.yaml", &overlay),
        ("overlays/prod/kustomization.yaml", &overlay),
    ];
    let text = proposal(&files, &[]);
    assert!(in_force(&text).ends_with("    kustomize:\n      - path: overlays/<env>\n"), "{text}");
    assert!(text.contains("Not active: the tag comes from overlays/dev/kustomization.yaml"), "{text}");
    assert_eq!(written(&text, &files, "dev"), ["overlays/dev/kustomization.yaml: newTag: \"5846e796\""]);
}

#[test]
fn environments_that_are_made_of_one_deployment_get_entries_of_their_own() {
    let deployment = deployment(&format!("{API}:1.4.1"));
    let files = [
        ("base/deployment.yaml", deployment.as_str()),
        ("base/kustomization.yaml", "resources:\n- deployment.yaml\n"),
        ("overlays/dev/kustomization.yaml", "resources: [../../base]\n"),
        ("overlays/prod/kustomization.yaml", "resources: [../../base]\n"),
    ];
    let text = proposal(&files, &[]);
    let target = "    kustomize:\n      - path: overlays/<env>\n        image: api\n        create: true\n";
    assert!(in_force(&text).ends_with(target), "{text}");
    assert!(text.contains("Not active: the tag comes from overlays/dev/kustomization.yaml"), "{text}");
    let added = ["images:", "- name: r.example.com/team/api", "newTag: \"5846e796\""];
    assert_eq!(written(&text, &files, "dev"), added.map(|line| format!("overlays/dev/kustomization.yaml: {line}")));

    let text = proposal(&files[..2], &[]);
    assert!(in_force(&text).ends_with("    manifest:\n      - path: base/deployment.yaml\n"), "{text}");
    assert_eq!(written(&text, &files[..2], ""), [format!("base/deployment.yaml: image: {API}:5846e796")]);

    let remote = [("kustomization.yaml", "resources:\n- https://example.com/base\n")];
    let text = proposal(&remote, &[API]);
    let target = "    kustomize:\n      - path: .\n        image: api\n        create: true\n";
    assert!(in_force(&text).ends_with(target), "{text}");
    assert!(written(&text, &remote, "").contains(&"kustomization.yaml: newTag: \"5846e796\"".to_owned()));
}

#[test]
fn what_one_environment_has_alone_is_its_own_target() {
    let both = format!("a: {{image: '{API}:1'}}\nb: {{image: '{WEB}:1'}}\n");
    let one = format!("a: {{image: '{API}:1'}}\n");
    let files = [("values-dev.yaml", both.as_str()), ("values-prod.yaml", &one)];
    let text = proposal(&files, &[]);
    assert!(in_force(&text).contains("      - file: values-<env>.yaml\n        image: api\n"), "{text}");
    let alone = "      - file: values-dev.yaml\n        image: web\n        environments: [dev]\n";
    assert!(in_force(&text).contains(alone), "{text}");
    assert_eq!(written(&text, &files, "prod").len(), 1);
    assert_eq!(written(&text, &files, "dev").len(), 2);
}

#[test]
fn applications_side_by_side_are_no_environments() {
    let (api, web) = (format!("image: {API}:1\n"), format!("image: {WEB}:1\n"));
    let files = [("apps/api/values.yaml", api.as_str()), ("apps/web/values.yaml", &web)];
    let text = proposal(&files, &[]);
    assert!(!in_force(&text).contains("<env>"), "{text}");
    assert_eq!(written(&text, &files, "").len(), 2);
}

#[test]
fn places_that_are_refused_are_named_with_their_reason() {
    let template = format!("image: \"{API}:{{{{ .Values.tag }}}}\"\n");
    let suffix = format!("images:\n- name: {API}\n  newTag: a\n  tagSuffix: -x\n");
    let good = format!("image: {API}:1\n");
    let files = [("a/kustomization.yaml", suffix.as_str()), ("t.yaml", &template), ("values.yaml", &good)];
    let text = proposal(&files, &[]);
    assert!(text.contains("# - t.yaml:1:8: a template expression"), "{text}");
    assert!(text.contains("# - a/kustomization.yaml:4:14: the entry has a tagSuffix"), "{text}");
    assert_eq!(written(&text, &files, ""), [format!("values.yaml: image: {API}:5846e796")]);
}

#[test]
fn images_of_others_and_mirrors_are_only_mentioned() {
    let good = format!("image: {API}:1\ncache: {{image: redis:7}}\n");
    let mirror = "image: mirror.example.com/x/api:1\n";
    let files = [("mirror.yaml", mirror), ("values.yaml", good.as_str())];
    let text = proposal(&files, &[API, WEB]);
    assert!(text.contains("mirror.yaml:1: image names mirror.example.com/x/api: if that is a mirror"), "{text}");
    assert!(text.contains(&format!("{WEB}: no file names it")), "{text}");
    assert_eq!(written(&text, &files, "").len(), 1);
    assert!(proposal(&files, &[]).contains("redis: these are official images of Docker Hub"));
}

#[test]
fn nothing_hostile_becomes_yaml() {
    let image = format!("{API}:1");
    let names = ["a: b # c.yaml", "${HOME}.yaml", "- x\".yaml", "'{[é]}.yaml"];
    let texts = ["x", "y", "z", "q"].map(|key| format!("? \"{key}\\nrepositories: []\\n#.image\"\n: {image}\n"));
    let files: Vec<(&str, &str)> = names.iter().copied().zip(texts.iter().map(String::as_str)).collect();
    let text = proposal(&files, &[API]);
    assert_eq!(written(&text, &files, "").len(), 4, "{text}");
    let overlay = [
        ("values-x.yaml", "\"$a #: b\":\n  image:\n    tag: '1'\n"),
        ("values.yaml", "\"$a #: b\":\n  image: {repository: r.example.com/team/api}\n"),
    ];
    let text = proposal(&overlay, &[]);
    assert_eq!(written(&text, &overlay, ""), ["values-x.yaml: tag: '5846e796'"], "{text}");
}

#[test]
fn nothing_to_propose_is_an_error_that_says_what_was_seen() {
    let error = attempt(&[("values.yaml", "a: 1\n")], &[API]).unwrap_err();
    assert_eq!(error.to_string(), format!("shop/infra main: no place can be proposed for {API}"));
    let mirror = attempt(&[("values.yaml", "image: m.example.com/api:1\n")], &[API]).unwrap_err();
    assert!(mirror.hint().contains("any_repository"), "{}", mirror.hint());
}

#[test]
fn templates_hidden_files_and_links_are_passed_over() {
    let listed = |path: &str| crate::git::Listed { path: path.into(), is_file: path != "link.yaml" };
    let paths = [
        "a/Chart.yaml",
        "a/templates/x.yaml",
        "templates/y.yaml",
        ".gitlab-ci.yml",
        ".gitops-bump.yml",
        "x/.gitops-bump.yml",
        "x/.argocd-source-shop.yaml",
        ".x/.argocd-source-shop.yaml",
        "main.jsonnet",
        "link.yaml",
        "a\u{202e}.yaml",
    ];
    let files = paths.map(listed);
    let chosen = candidates::choose(files.iter());
    assert_eq!(chosen.paths, ["a/Chart.yaml", "templates/y.yaml", ".gitops-bump.yml", "x/.argocd-source-shop.yaml"]);
    assert_eq!(chosen.templates, ["a/templates/x.yaml"]);
    let lines: Vec<String> = chosen.passed.lines().collect();
    assert!(lines.contains(&"1 file that is Jsonnet, which is never edited (main.jsonnet)".to_owned()), "{lines:?}");
}
