//! Which repositories and places: from the flags, else from the config file; this module must not know how they are reached.

use super::servers::{self, GitServers};
use super::{RepositorySettings, SettingsError, TargetSettings, after, branch, proposal, token};
use crate::cli::{TargetArgs, UpdateArgs};
use crate::config::{Config, CredentialsConfig, RepositoryConfig};
use crate::edit::{Kind, Path};
use crate::environment::Environment;
use crate::git::GitUrl;
use crate::secret::{Bound, Credentials, ExposeSecret as _, names};

const GIT_TOKEN: &str = "GITOPS_BUMP_GIT_TOKEN";
const GIT_USER: &str = "GITOPS_BUMP_GIT_USERNAME";

/// The user name that GitLab's tokens go with.
const GIT_USERNAME: &str = "oauth2";

/// An address, and the credentials that stood in it.
type Address = (GitUrl, Option<Credentials>);

/// The repositories, and the servers of the secrets that they share.
pub(super) fn repositories(
    args: &UpdateArgs,
    config: &Config,
    environment: &Environment,
) -> Result<(Vec<RepositorySettings>, GitServers), SettingsError> {
    let usage = |text: &str| Err(SettingsError::Usage(text.to_owned()));
    let targets = flag_targets(&args.targets)?;
    if let Some(url) = &args.repository.url {
        if targets.is_empty() {
            return usage("no target is given: --repo needs --helm, --kustomize or --manifest");
        }
        let address = GitUrl::parse(url)?;
        let servers = GitServers::of_given(&address.0, environment)?;
        let branch = args.branch.as_deref();
        let repository = repository(address, branch, targets, (None, args, config), (&servers, environment))?;
        return Ok((vec![repository], servers));
    }
    if !targets.is_empty() {
        return usage("no repository is given: --helm, --kustomize and --manifest need --repo");
    }
    if args.branch.is_some() && config.repositories.len() > 1 {
        return usage("--branch is for one repository, and the config file has several");
    }
    let addresses = config.repositories.iter().map(|entry| GitUrl::parse(&entry.url)).collect::<Result<Vec<_>, _>>()?;
    let urls: Vec<GitUrl> = addresses.iter().map(|(url, _)| url.clone()).collect();
    let servers = GitServers::of_config(&urls, environment)?;
    let one = |(entry, address): (&RepositoryConfig, Address)| {
        let targets = config_targets(entry)?;
        if targets.is_empty() {
            let text = format!("the repository {} of the config file has no helm, kustomize or manifest", address.0);
            return Err(SettingsError::Usage(text));
        }
        let branch = args.branch.as_deref().or(entry.branch.as_deref());
        repository(address, branch, targets, (Some(entry), args, config), (&servers, environment))
    };
    let repositories = config.repositories.iter().zip(addresses).map(one).collect::<Result<_, _>>()?;
    Ok((repositories, servers))
}

fn repository(
    (url, in_url): Address,
    branch: Option<&str>,
    targets: Vec<TargetSettings>,
    (entry, args, config): (Option<&RepositoryConfig>, &UpdateArgs, &Config),
    (servers, environment): (&GitServers, &Environment),
) -> Result<RepositorySettings, SettingsError> {
    // Whoever writes the config file may not start programs in the job that reads it.
    let url = if entry.is_some() { url.without_hooks() } else { url };
    let credentials = match entry.and_then(|entry| entry.credentials.as_ref()) {
        Some(given) => Some(variable_credentials(&url, given, servers, environment)?),
        None => credentials(&url, in_url, servers, environment)?,
    };
    Ok(RepositorySettings {
        credentials,
        branch: branch::given("branch", branch)?,
        delivery: proposal::delivery(args, config, entry),
        mirror: after::mirror(&args.after, entry, environment)?,
        targets,
        url,
    })
}

/// An address alone, with the credentials that a run without a config file uses there, and the servers of its secrets.
pub(super) fn alone(
    url: &str,
    environment: &Environment,
) -> Result<(GitUrl, Option<Bound<Credentials>>, GitServers), SettingsError> {
    let (url, in_url) = GitUrl::parse(url)?;
    let servers = GitServers::of_given(&url, environment)?;
    let credentials = credentials(&url, in_url, &servers, environment)?;
    Ok((url, credentials, servers))
}

/// What the URL says beats the variables; a user alone in a URL goes with the variables' token.
fn credentials(
    url: &GitUrl,
    in_url: Option<Credentials>,
    servers: &GitServers,
    environment: &Environment,
) -> Result<Option<Bound<Credentials>>, SettingsError> {
    servers.require(url)?;
    let token = token::secret(GIT_TOKEN, environment)?;
    let (user, own) = match in_url {
        Some(given) if given.password.expose_secret().is_empty() => (Some(given.username.clone()), Some(given)),
        Some(given) => return Ok(Some(Bound::new(given, servers::exactly(url)))),
        None => (None, None),
    };
    let Some(password) = token else {
        return Ok(own.map(|given| Bound::new(given, servers::exactly(url))));
    };
    token::require_text(GIT_USER, environment)?;
    let username = user.as_deref().or_else(|| token::value(GIT_USER, environment)).unwrap_or(GIT_USERNAME).to_owned();
    Ok(Some(Bound::new(Credentials { username, password }, servers.audience().clone())))
}

/// A repository's own token, for its server alone.
fn variable_credentials(
    url: &GitUrl,
    given: &CredentialsConfig,
    servers: &GitServers,
    environment: &Environment,
) -> Result<Bound<Credentials>, SettingsError> {
    let variable = given.token_variable.as_str();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !(names::is_own_secret(variable) && variable.starts_with(names::TOKEN_PREFIX) && variable.chars().all(is_plain))
    {
        // The text is not repeated: somebody may have put the token itself there.
        return Err(SettingsError::TokenVariable { url: url.to_string() });
    }
    servers.require_for(url, variable)?;
    let password = token::secret(variable, environment)?.ok_or_else(|| SettingsError::Token {
        variable: variable.to_owned(),
        url: url.to_string(),
        state: if environment.is_empty(variable) { "empty" } else { "not set" },
    })?;
    let username = given.username.as_deref().unwrap_or(GIT_USERNAME).to_owned();
    Ok(Bound::new(Credentials { username, password }, servers::own(url)))
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
