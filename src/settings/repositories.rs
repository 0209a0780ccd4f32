//! Which repositories and places: from the flags, else from the config file; this module must not know how they are reached.

use super::{RepositorySettings, SettingsError, TargetSettings, after, proposal, servers};
use crate::cli::{TargetArgs, UpdateArgs};
use crate::config::{Config, RepositoryConfig};
use crate::edit::{Kind, Path};
use crate::environment::Environment;
use crate::git::GitUrl;
use crate::secret::{Bound, Credentials, ExposeSecret as _, SecretString};

const GIT_USERNAME: &str = "oauth2";

pub(super) fn repositories(
    args: &UpdateArgs,
    config: &Config,
    environment: &Environment,
) -> Result<Vec<RepositorySettings>, SettingsError> {
    let usage = |text: &str| Err(SettingsError::Usage(text.to_owned()));
    let targets = flag_targets(&args.targets)?;
    if let Some(url) = &args.repository.url {
        if targets.is_empty() {
            return usage("no target is given: --repo needs --helm, --kustomize or --manifest");
        }
        return Ok(vec![repository(url, args.branch.clone(), targets, (None, args, config), environment)?]);
    }
    if !targets.is_empty() {
        return usage("no repository is given: --helm, --kustomize and --manifest need --repo");
    }
    if args.branch.is_some() && config.repositories.len() > 1 {
        return usage("--branch is for one repository, and the config file has several");
    }
    let one = |entry: &RepositoryConfig| {
        let targets = config_targets(entry)?;
        if targets.is_empty() {
            let text = format!("the repository {} of the config file has no helm, kustomize or manifest", entry.url);
            return Err(SettingsError::Usage(text));
        }
        let branch = args.branch.clone().or_else(|| entry.branch.clone());
        repository(&entry.url, branch, targets, (Some(entry), args, config), environment)
    };
    config.repositories.iter().map(one).collect()
}

fn repository(
    url: &str,
    branch: Option<String>,
    targets: Vec<TargetSettings>,
    (entry, args, config): (Option<&RepositoryConfig>, &UpdateArgs, &Config),
    environment: &Environment,
) -> Result<RepositorySettings, SettingsError> {
    let (url, in_url) = GitUrl::parse(url)?;
    let credentials = match entry.and_then(|entry| entry.credentials.as_ref()) {
        Some(given) => Some(variable_credentials(&url, given.username.as_deref(), &given.token_variable, environment)?),
        None => with_token(in_url, default_credentials(environment)),
    };
    let credentials = credentials.map(|credentials| Bound::new(credentials, servers::own(&url)));
    Ok(RepositorySettings {
        url,
        credentials,
        branch: branch.filter(|branch| !branch.is_empty()),
        delivery: proposal::delivery(args, config, entry),
        mirror: after::mirror(&args.after, entry, environment)?,
        targets,
    })
}

/// An address alone, with the credentials that a run without a config file uses there.
pub(super) fn alone(
    url: &str,
    environment: &Environment,
) -> Result<(GitUrl, Option<Bound<Credentials>>), SettingsError> {
    let (url, in_url) = GitUrl::parse(url)?;
    let credentials = with_token(in_url, default_credentials(environment));
    let credentials = credentials.map(|credentials| Bound::new(credentials, servers::own(&url)));
    Ok((url, credentials))
}

/// What the URL says beats the variables; a user alone in a URL goes with the variables' token.
fn with_token(in_url: Option<Credentials>, default: Option<Credentials>) -> Option<Credentials> {
    match (in_url, default) {
        (Some(user), Some(token)) if user.password.expose_secret().is_empty() => {
            Some(Credentials { username: user.username, password: token.password })
        }
        (in_url, default) => in_url.or(default),
    }
}

fn variable_credentials(
    url: &GitUrl,
    username: Option<&str>,
    variable: &str,
    environment: &Environment,
) -> Result<Credentials, SettingsError> {
    let token = environment.get(variable).ok_or_else(|| SettingsError::Token {
        variable: variable.to_owned(),
        url: url.to_string(),
        state: if environment.is_empty(variable) { "empty" } else { "not set" },
    })?;
    Ok(Credentials { username: username.unwrap_or(GIT_USERNAME).to_owned(), password: SecretString::from(token) })
}

fn default_credentials(environment: &Environment) -> Option<Credentials> {
    Some(Credentials {
        username: environment.get("GITOPS_BUMP_GIT_USERNAME").unwrap_or(GIT_USERNAME).to_owned(),
        password: SecretString::from(environment.get("GITOPS_BUMP_GIT_TOKEN")?),
    })
}

pub(super) fn flag_targets(args: &TargetArgs) -> Result<Vec<TargetSettings>, SettingsError> {
    let target = |file: &str, kind| TargetSettings { file: file.to_owned(), kind, image: None };
    let mut targets = Vec::new();
    for text in &args.places.helm {
        let (file, path) = split_target(text);
        targets.push(target(file, Kind::Helm { path: path.map(|path| parse_path(text, path)).transpose()? }));
    }
    for text in &args.places.kustomize {
        let (path, name) = split_target(text);
        targets.push(target(path, Kind::Kustomize { name: name.map(str::to_owned) }));
    }
    targets.extend(args.places.manifest.iter().map(|path| target(path, Kind::Manifest)));
    refuse_empty(&targets)?;
    Ok(targets)
}

fn config_targets(entry: &RepositoryConfig) -> Result<Vec<TargetSettings>, SettingsError> {
    let mut targets = Vec::new();
    for helm in &entry.helm {
        let path = helm.path.as_deref().map(|path| parse_path(&helm.file, path)).transpose()?;
        targets.push(TargetSettings { file: helm.file.clone(), kind: Kind::Helm { path }, image: helm.image.clone() });
    }
    for kustomize in &entry.kustomize {
        let kind = Kind::Kustomize { name: kustomize.name.clone() };
        targets.push(TargetSettings { file: kustomize.path.clone(), kind, image: kustomize.image.clone() });
    }
    for manifest in &entry.manifest {
        let (file, image) = (manifest.path.clone(), manifest.image.clone());
        targets.push(TargetSettings { file, kind: Kind::Manifest, image });
    }
    refuse_empty(&targets)?;
    Ok(targets)
}

fn refuse_empty(targets: &[TargetSettings]) -> Result<(), SettingsError> {
    if targets.iter().any(|target| target.file.is_empty()) {
        return Err(SettingsError::Value { what: "target".into(), reason: "the file name is empty".into() });
    }
    Ok(())
}

/// `FILE:PATH` and `DIR:NAME` are split at the first colon; an empty second part is none.
fn split_target(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((file, rest)) => (file, Some(rest).filter(|rest| !rest.is_empty())),
        None => (text, None),
    }
}

fn parse_path(target: &str, path: &str) -> Result<Path, SettingsError> {
    Path::parse(path).map_err(|source| SettingsError::Path { target: target.to_owned(), source })
}
