//! The resolved settings as people read them, for `config show`: a config file that says the same, with what such a file has no
//! key for in comments above it. This module must not show a secret.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_yaml::Value;

use crate::config::PreviewConfig;
use crate::edit::{Kind, Pin, Rules};
use crate::freeze::Window;
use crate::image::Repository;
use crate::plan::ENVIRONMENT;
use crate::registry::{Age, Identity};
use crate::settings::{Delivery, GateSettings, RepositorySettings, Settings, SignOff, SkipCi, TargetSettings};

#[derive(Serialize)]
struct Shown<'a> {
    images: BTreeMap<&'a str, String>,
    pin: &'static str,
    #[serde(flatten)]
    rules: ShownRules,
    environment: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    environments: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    author: String,
    committer: String,
    sign_off: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_ci: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<String>,
    require: ShownRequirements<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    freeze: Vec<ShownWindow<'a>>,
    repositories: Vec<ShownRepository<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<ShownPreview<'a>>,
}

#[derive(Serialize)]
struct ShownPreview<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    replace: &'a BTreeMap<String, String>,
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
    labels: BTreeMap<&'a str, Option<&'a str>>,
    verify_keys: &'a [String],
    identities: Vec<ShownIdentity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted_root: Option<&'a str>,
    annotations: BTreeMap<&'a str, &'a str>,
    signed_as: Vec<&'a str>,
    attestations: Vec<String>,
    deny_tags: Vec<String>,
    newer_only: bool,
}

#[derive(Serialize)]
struct ShownIdentity<'a> {
    identity: &'a str,
    issuer: &'a str,
}

#[derive(Serialize)]
struct ShownWindow<'a> {
    cron: &'a str,
    r#for: String,
    timezone: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    environments: &'a [String],
}

#[derive(Serialize)]
struct ShownRepository<'a> {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    merge_request: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    environments: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    helm: Vec<ShownTarget<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kustomize: Vec<ShownTarget<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    manifest: Vec<ShownTarget<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mirror: Option<ShownMirror<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<ShownCredentials<'a>>,
}

/// A target of any kind: `file` with a `path` in it (Helm), else a `path`.
#[derive(Serialize)]
struct ShownTarget<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(flatten)]
    rules: ShownRules,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    environments: &'a [String],
}

#[derive(Serialize)]
struct ShownMirror<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<String>,
}

#[derive(Serialize)]
struct ShownCredentials<'a> {
    username: &'a str,
    token_variable: &'a str,
}

/// The settings as a config file. Every text passes the filter, which hides secrets and what nobody sees.
pub fn yaml(settings: &Settings, filter: impl Fn(&str) -> String) -> String {
    let shown = Shown {
        images: settings.images.iter().map(|image| (image.name.as_str(), image.reference.to_string())).collect(),
        pin: match settings.rules.pin {
            Pin::Tag => "tag",
            Pin::Digest => "digest",
        },
        rules: shown_rules(settings.rules),
        environment: settings.environment.as_deref(),
        environments: &settings.known_environments,
        message: settings.commit.message.as_ref().map(|message| message.value.as_str()),
        author: settings.commit.author.to_string(),
        committer: settings.commit.committer.to_string(),
        sign_off: settings.commit.sign_off == SignOff::Committer,
        skip_ci: match settings.skip_ci {
            SkipCi::Always => Some(true),
            SkipCi::Never => Some(false),
            SkipCi::OwnProject => None,
        },
        wait: settings.gate.requirements.wait.map(|wait| humantime::format_duration(wait).to_string()),
        require: requirements(&settings.gate),
        freeze: settings.freeze.windows.list().iter().map(shown_window).collect(),
        repositories: settings.repositories.iter().map(|repository| shown_repository(repository, settings)).collect(),
        preview: shown_preview(&settings.previews),
    };
    let value = serde_yaml::to_value(&shown).unwrap_or_default();
    let text = serde_yaml::to_string(&filtered(value, &filter)).unwrap_or_default();
    let comments: Vec<String> = comments(settings).iter().map(|comment| format!("# {}", filter(comment))).collect();
    format!("{}\n{text}", comments.join("\n"))
}

fn shown_preview(preview: &PreviewConfig) -> Option<ShownPreview<'_>> {
    let PreviewConfig { template, to, replace } = preview;
    let is_said = template.is_some() || to.is_some() || !replace.is_empty();
    is_said.then_some(ShownPreview { template: template.as_deref(), to: to.as_deref(), replace })
}

fn shown_rules(rules: Rules) -> ShownRules {
    let Rules { pin: _, create, any_repository, any_tag } = rules;
    ShownRules { create, any_repository, any_tag }
}

/// What a config file has no key for.
fn comments(settings: &Settings) -> Vec<String> {
    let mut comments = vec![format!("push timeout: {}", humantime::format_duration(settings.push_timeout))];
    if settings.skip_ci == SkipCi::OwnProject {
        comments.push("skip_ci: in the pipeline's own project".to_owned());
    }
    comments.extend(settings.freeze.comments());
    comments.extend(settings.commit.signing_key.as_ref().map(|_| "signing key: given".to_owned()));
    comments.extend(settings.proposal.forge.map(|forge| format!("forge: {}", forge.name())));
    comments.extend(
        settings
            .proposal
            .wait
            .map(|wait| format!("merge requests: the run waits up to {}", humantime::format_duration(wait))),
    );
    comments.extend(settings.argocd.as_ref().map(|argocd| {
        let apps =
            if argocd.apps.is_empty() { "those that use the edited files".to_owned() } else { argocd.apps.join(", ") };
        let selector = argocd.selector.as_ref().map(|selector| format!(", labels {selector}")).unwrap_or_default();
        format!("Argo CD: {}, applications {apps}{selector}", argocd.server)
    }));
    comments.extend(settings.statuses.as_ref().map(|wait| {
        let names: Vec<String> = wait.patterns.iter().map(ToString::to_string).collect();
        format!("commit statuses: {}, up to {}", names.join(", "), humantime::format_duration(wait.timeout))
    }));
    comments.extend(settings.deployment.as_ref().map(|deployment| {
        format!("GitLab deployment: to {}, in project {}", deployment.environment, deployment.project_id)
    }));
    for repository in settings.repositories.iter().filter(|repository| repository.token_variable.is_none()) {
        let username = repository.credentials.as_ref().map(|credentials| credentials.to_hide().username.as_str());
        let shown = username.zip(repository.credentials_name.as_deref());
        comments.extend(shown.map(|(user, name)| format!("{}: pushes as {user}, with {name}", repository.url)));
    }
    comments
}

/// The same with every text in it filtered, keys too: an image's name is one. It is as deep as [`Shown`] is. A dollar sign is
/// written as a config file has it.
fn filtered(value: Value, filter: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(filter(&text).replace('$', "$$")),
        Value::Sequence(items) => items.into_iter().map(|item| filtered(item, filter)).collect(),
        Value::Mapping(fields) => {
            let key = |key| match key {
                Value::String(text) => Value::String(filter(&text)),
                other => other,
            };
            Value::Mapping(fields.into_iter().map(|(name, value)| (key(name), filtered(value, filter))).collect())
        }
        other => other,
    }
}

fn requirements(gate: &GateSettings) -> ShownRequirements<'_> {
    let requirements = &gate.requirements;
    ShownRequirements {
        digest_files: &gate.digest_files.value,
        platforms: requirements.platforms.iter().map(ToString::to_string).collect(),
        labels: requirements.labels.iter().map(|label| (label.key.as_str(), label.value.as_deref())).collect(),
        verify_keys: &gate.verify_keys.value,
        identities: gate.keyless.iter().flat_map(|keyless| &keyless.identities).map(shown_identity).collect(),
        trusted_root: gate.keyless.as_ref().map(|keyless| keyless.trusted_root.value.as_str()),
        annotations: requirements.annotations.iter().map(|one| (one.key.as_str(), one.value.as_str())).collect(),
        signed_as: requirements.signed_as.iter().map(Repository::as_str).collect(),
        attestations: requirements.attestations.iter().map(ToString::to_string).collect(),
        deny_tags: requirements.deny_tags.iter().map(ToString::to_string).collect(),
        newer_only: requirements.age == Age::NewerOnly,
    }
}

fn shown_identity(identity: &Identity) -> ShownIdentity<'_> {
    ShownIdentity { identity: identity.pattern(), issuer: identity.issuer().as_str() }
}

fn shown_window(window: &Window) -> ShownWindow<'_> {
    ShownWindow {
        cron: window.cron(),
        r#for: window.length(),
        timezone: window.timezone(),
        environments: window.environments(),
    }
}

fn shown_repository<'a>(repository: &'a RepositorySettings, settings: &'a Settings) -> ShownRepository<'a> {
    let targets = |is_meant: fn(&Kind) -> bool| {
        let own = repository.targets.iter().filter(|target| is_meant(&target.kind));
        own.map(|target| shown_target(target, settings.environment.as_deref())).collect()
    };
    let username = repository.credentials.as_ref().map(|credentials| credentials.to_hide().username.as_str());
    let credentials = repository.token_variable.as_deref().zip(username);
    ShownRepository {
        url: repository.url.to_string(),
        branch: repository.branch.as_deref(),
        merge_request: repository.delivery == Delivery::MergeRequest,
        environments: &repository.environments,
        helm: targets(|kind| matches!(kind, Kind::Helm { .. })),
        kustomize: targets(|kind| matches!(kind, Kind::Kustomize { .. })),
        manifest: targets(|kind| matches!(kind, Kind::Manifest)),
        mirror: shown_mirror(repository),
        credentials: credentials.map(|(token_variable, username)| ShownCredentials { username, token_variable }),
    }
}

fn shown_mirror(repository: &RepositorySettings) -> Option<ShownMirror<'_>> {
    let pipeline = repository.mirror.as_ref();
    let copy = repository.copy.as_ref().map(ToString::to_string);
    (pipeline.is_some() || copy.is_some()).then(|| ShownMirror {
        project_id: pipeline.map(|mirror| mirror.project_id.replace("%2F", "/")),
        repository: pipeline.map(|mirror| mirror.repository.as_str()),
        url: pipeline.map(|mirror| mirror.api.as_str()),
        copy,
    })
}

/// A target as it is for the run's environment.
fn shown_target<'a>(target: &'a TargetSettings, environment: Option<&str>) -> ShownTarget<'a> {
    let place = environment.map_or_else(|| target.file.clone(), |name| target.file.replace(ENVIRONMENT, name));
    let (file, path, name) = match &target.kind {
        Kind::Helm { path } => (Some(place), path.as_ref().map(ToString::to_string), None),
        Kind::Kustomize { name } => (None, Some(place), name.as_deref()),
        Kind::Manifest => (None, Some(place), None),
    };
    ShownTarget {
        file,
        path,
        name,
        image: target.image.as_deref(),
        rules: shown_rules(target.rules),
        environments: &target.environments,
    }
}
