//! The resolved settings as people read them, for `config show`. This module must not show a secret.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_yaml::Value;

use crate::edit::{Kind, Pin};
use crate::plan::{PlannedRepository, Target};
use crate::registry::Age;
use crate::settings::{Delivery, GateSettings, Settings, SignOff, SkipCi};

#[derive(Serialize)]
struct Shown<'a> {
    images: BTreeMap<&'a str, String>,
    pin: &'static str,
    #[serde(flatten)]
    rules: ShownRules,
    environment: Option<&'a str>,
    author: String,
    committer: String,
    sign_off: bool,
    signing_key: Option<&'static str>,
    skip_ci: &'static str,
    push_timeout: String,
    argocd_server: Option<&'a str>,
    argocd_apps: &'a [String],
    wait: Option<String>,
    require: ShownRequirements<'a>,
    repositories: Vec<ShownRepository<'a>>,
}

#[derive(Serialize)]
struct ShownRules {
    create: bool,
    any_repository: bool,
    any_tag: bool,
}

#[derive(Serialize)]
struct ShownRequirements<'a> {
    digest_files: &'a [String],
    platforms: Vec<String>,
    labels: Vec<String>,
    verify_keys: &'a [String],
    deny_tags: Vec<String>,
    newer_only: bool,
}

#[derive(Serialize)]
struct ShownRepository<'a> {
    url: String,
    branch: Option<&'a str>,
    username: Option<&'a str>,
    merge_request: bool,
    mirror: Option<&'a str>,
    targets: Vec<ShownTarget<'a>>,
}

#[derive(Serialize)]
struct ShownTarget<'a> {
    kind: &'static str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    create: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any_repository: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any_tag: Option<bool>,
}

/// The settings and the plan as YAML. Every text passes the filter, which hides secrets and what nobody sees.
pub fn yaml(settings: &Settings, plan: &[PlannedRepository], filter: impl Fn(&str) -> String) -> String {
    let shown = Shown {
        images: settings.images.iter().map(|image| (image.name.as_str(), image.reference.to_string())).collect(),
        pin: match settings.rules.pin {
            Pin::Tag => "tag",
            Pin::Digest => "digest",
        },
        rules: ShownRules {
            create: settings.rules.create,
            any_repository: settings.rules.any_repository,
            any_tag: settings.rules.any_tag,
        },
        environment: settings.environment.as_deref(),
        author: settings.commit.author.to_string(),
        committer: settings.commit.committer.to_string(),
        sign_off: settings.commit.sign_off == SignOff::Committer,
        signing_key: settings.commit.signing_key.as_ref().map(|_| "given"),
        skip_ci: match settings.skip_ci {
            SkipCi::Always => "always",
            SkipCi::Never => "never",
            SkipCi::OwnProject => "own project",
        },
        argocd_server: settings.argocd.as_ref().map(|argocd| argocd.server.as_str()),
        argocd_apps: settings.argocd.as_ref().map_or(&[], |argocd| &argocd.apps),
        push_timeout: humantime::format_duration(settings.push_timeout).to_string(),
        wait: settings.gate.requirements.wait.map(|wait| humantime::format_duration(wait).to_string()),
        require: requirements(&settings.gate),
        repositories: plan.iter().map(|repository| shown_repository(repository, settings)).collect(),
    };
    let value = serde_yaml::to_value(&shown).unwrap_or_default();
    serde_yaml::to_string(&filtered(value, &filter)).unwrap_or_default()
}

/// The same with every text in it filtered, keys too: an image's name is one. It is as deep as [`Shown`] is.
fn filtered(value: Value, filter: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(filter(&text)),
        Value::Sequence(items) => items.into_iter().map(|item| filtered(item, filter)).collect(),
        Value::Mapping(fields) => Value::Mapping(
            fields.into_iter().map(|(key, value)| (filtered(key, filter), filtered(value, filter))).collect(),
        ),
        other => other,
    }
}

fn requirements(gate: &GateSettings) -> ShownRequirements<'_> {
    let requirements = &gate.requirements;
    ShownRequirements {
        digest_files: &gate.digest_files,
        platforms: requirements.platforms.iter().map(ToString::to_string).collect(),
        labels: requirements.labels.iter().map(ToString::to_string).collect(),
        verify_keys: &gate.verify_keys,
        deny_tags: requirements.deny_tags.iter().map(ToString::to_string).collect(),
        newer_only: requirements.age == Age::NewerOnly,
    }
}

fn shown_repository<'a>(repository: &'a PlannedRepository, settings: &'a Settings) -> ShownRepository<'a> {
    ShownRepository {
        url: repository.url.to_string(),
        branch: repository.branch.as_deref(),
        username: repository.credentials.as_ref().map(|credentials| credentials.to_hide().username.as_str()),
        merge_request: repository.delivery == Delivery::MergeRequest,
        mirror: repository.mirror.as_ref().map(|mirror| mirror.repository.as_str()),
        targets: repository.targets.iter().map(|target| shown_target(target, settings)).collect(),
    }
}

fn shown_target<'a>(target: &'a Target, settings: &'a Settings) -> ShownTarget<'a> {
    let (kind, path, name) = match &target.kind {
        Kind::Helm { path } => ("helm", path.as_ref().map(ToString::to_string), None),
        Kind::Kustomize { name } => ("kustomize", None, name.as_deref()),
        Kind::Manifest => ("manifest", None, None),
    };
    let images = target.images.iter().filter_map(|&index| Some(settings.images.get(index)?.name.as_str())).collect();
    let (rules, top) = (target.rules, settings.rules);
    let other = |own: bool, top: bool| (own != top).then_some(own);
    ShownTarget {
        kind,
        file: &target.file,
        path,
        name,
        images,
        create: other(rules.create, top.create),
        any_repository: other(rules.any_repository, top.any_repository),
        any_tag: other(rules.any_tag, top.any_tag),
    }
}
