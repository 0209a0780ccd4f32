//! Which repositories and places: from the flags, else from the config file; this module must not know how they are reached.

use super::environments::Scope;
use super::servers::{self, GitServers};
use super::{
    Giver, PassedOver, RepositorySettings, SettingsError, TargetSettings, after, branch, proposal, targets, token,
};
use crate::cli::RunArgs;
use crate::config::{Config, CredentialsConfig, RepositoryConfig};
use crate::environment::Environment;
use crate::git::{GitUrl, JOB_USER};
use crate::secret::{Bound, Credentials, ExposeSecret as _, names};

const GIT_TOKEN: &str = "GITOPS_BUMP_GIT_TOKEN";
const GIT_USER: &str = "GITOPS_BUMP_GIT_USERNAME";

/// The token of the pipeline's job, and what leaves it out.
const JOB_TOKEN: &str = "CI_JOB_TOKEN";
const JOB_TOKEN_SWITCH: &str = "GITOPS_BUMP_JOB_TOKEN";

/// The user name that GitLab's tokens go with.
const GIT_USERNAME: &str = "oauth2";

/// What gives an address that no flag gives.
const OF_CONFIG: Giver = Giver::Key("repositories.url");

/// An address, and the credentials that stood in it.
type Address = (GitUrl, Option<Credentials>);

/// Credentials with what they are called: the variable that holds them, or where they stand.
pub(super) type Named = (Bound<Credentials>, String);

/// The repositories that have targets for a run.
pub(super) struct Repositories {
    pub(super) of_run: Vec<RepositorySettings>,
    /// The servers of the secrets that they share.
    pub(super) servers: GitServers,
    pub(super) passed_over: Vec<PassedOver>,
}

/// The repositories with their targets, as far as these are in the scope.
pub(super) fn repositories(
    args: &RunArgs,
    config: &Config,
    scope: Scope<'_>,
    environment: &Environment,
) -> Result<Repositories, SettingsError> {
    let usage = |text: &str| Err(SettingsError::Usage(text.to_owned()));
    let targets = targets::of_flags(&args.targets, config)?;
    if let Some(url) = &args.publish.repository.url {
        if targets.is_empty() {
            return usage("no target is given: --repo needs --helm, --kustomize or --manifest");
        }
        let address = parse(url, Giver::Flag("repo"))?;
        let servers = GitServers::of_given(&address.0, environment)?;
        let branch = args.publish.branch.as_deref();
        let repository = repository(address, branch, targets, (None, args, config), (&servers, environment))?;
        return Ok(Repositories { of_run: vec![repository], servers, passed_over: Vec::new() });
    }
    if !targets.is_empty() {
        return usage("no repository is given: --helm, --kustomize and --manifest need --repo");
    }
    if args.publish.branch.is_some() && config.repositories.len() > 1 {
        return usage("--branch is for one repository, and the config file has several");
    }
    if args.after.mirror_copy.as_deref().is_some_and(|copy| !copy.is_empty()) && config.repositories.len() > 1 {
        return usage(
            "--mirror-copy is for one repository, and the config file has several: give each its mirror.copy",
        );
    }
    let addresses =
        config.repositories.iter().map(|entry| parse(&entry.url, OF_CONFIG)).collect::<Result<Vec<_>, _>>()?;
    let urls: Vec<GitUrl> = addresses.iter().map(|(url, _)| url.clone()).collect();
    let servers = GitServers::of_config(&urls, environment)?;
    let mut passed_over = Vec::new();
    let one = |(entry, address): (&RepositoryConfig, Address)| {
        let targets = targets::of_config(entry, &args.targets, config)?;
        if targets.is_empty() {
            let text = format!("the repository {} of the config file has no helm, kustomize or manifest", address.0);
            return Err(SettingsError::Usage(text));
        }
        let (targets, others) = scope.keep(targets);
        passed_over.extend(others);
        if targets.is_empty() {
            return Ok(None);
        }
        let branch = args.publish.branch.as_deref().or(entry.branch.as_deref());
        repository(address, branch, targets, (Some(entry), args, config), (&servers, environment)).map(Some)
    };
    let repositories = config.repositories.iter().zip(addresses).map(one).filter_map(Result::transpose);
    Ok(Repositories { of_run: repositories.collect::<Result<_, _>>()?, servers, passed_over })
}

/// The one repository that a flag or the config file names, without its targets.
pub(super) fn only(args: &RunArgs, config: &Config, environment: &Environment) -> Result<Repositories, SettingsError> {
    let entry = if args.publish.repository.url.is_some() { None } else { config.repositories.first() };
    let address = match (&args.publish.repository.url, entry) {
        (Some(url), _) => parse(url, Giver::Flag("repo"))?,
        (None, entry) => parse(entry.map_or("", |entry| &entry.url), OF_CONFIG)?,
    };
    let servers = match entry {
        Some(_) => GitServers::of_config(std::slice::from_ref(&address.0), environment)?,
        None => GitServers::of_given(&address.0, environment)?,
    };
    let branch = args.publish.branch.as_deref().or(entry.and_then(|entry| entry.branch.as_deref()));
    let repository = repository(address, branch, Vec::new(), (entry, args, config), (&servers, environment))?;
    Ok(Repositories { of_run: vec![repository], servers, passed_over: Vec::new() })
}

fn repository(
    (url, in_url): Address,
    branch: Option<&str>,
    targets: Vec<TargetSettings>,
    (entry, args, config): (Option<&RepositoryConfig>, &RunArgs, &Config),
    (servers, environment): (&GitServers, &Environment),
) -> Result<RepositorySettings, SettingsError> {
    // Whoever writes the config file may not start programs in the job that reads it.
    let url = if entry.is_some() { url.without_hooks() } else { url };
    let named = match entry.and_then(|entry| entry.credentials.as_ref()) {
        Some(given) => Some((variable_credentials(&url, given, servers, environment)?, given.token_variable.clone())),
        None => credentials(&url, in_url, servers, environment)?,
    };
    let (credentials, credentials_name) = named.unzip();
    let is_flag = args.publish.branch.is_some();
    let branch_giver = if is_flag { Giver::Flag("branch") } else { Giver::Key("repositories.branch") };
    Ok(RepositorySettings {
        credentials,
        credentials_name,
        token_variable: entry.and_then(|entry| Some(entry.credentials.as_ref()?.token_variable.clone())),
        environments: entry.and_then(|entry| entry.environments.clone()).unwrap_or_default(),
        branch: branch::given(branch_giver, branch)?,
        delivery: proposal::delivery(args, config, entry),
        mirror: after::mirror(&args.after, entry, environment)?,
        copy: after::copy(&args.after, entry)?,
        targets,
        url,
    })
}

fn parse(url: &str, by: Giver) -> Result<Address, SettingsError> {
    GitUrl::parse(url).map_err(|source| SettingsError::Url { by, source })
}

/// An address alone, with the credentials that a run without a config file uses there, and the servers of its secrets.
pub(super) fn alone(
    url: &str,
    environment: &Environment,
) -> Result<(GitUrl, Option<Named>, GitServers), SettingsError> {
    let (url, in_url) = parse(url, Giver::Flag("repo"))?;
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
) -> Result<Option<Named>, SettingsError> {
    servers.require(url)?;
    let token = token::secret(GIT_TOKEN, environment)?;
    let of_url = |given| (Bound::new(given, servers::exactly(url)), "the credentials in its URL".to_owned());
    let (user, own) = match in_url {
        Some(given) if given.password.expose_secret().is_empty() => (Some(given.username.clone()), Some(given)),
        Some(given) => return Ok(Some(of_url(given))),
        None => (None, None),
    };
    let Some(password) = token else {
        let own = own.filter(|own| own.username != JOB_USER);
        return if own.is_some() { Ok(own.map(of_url)) } else { job_token(url, environment) };
    };
    token::require_text(GIT_USER, environment)?;
    let username = user.as_deref().or_else(|| token::value(GIT_USER, environment)).unwrap_or(GIT_USERNAME).to_owned();
    Ok(Some((Bound::new(Credentials { username, password }, servers.audience().clone()), GIT_TOKEN.to_owned())))
}

/// The token of the pipeline's job, for a repository that the server serves over the web whose pipeline runs.
fn job_token(url: &GitUrl, environment: &Environment) -> Result<Option<Named>, SettingsError> {
    let is_on = match environment.get(JOB_TOKEN_SWITCH).map(str::trim) {
        None | Some("true" | "1") => true,
        Some("false" | "0") => false,
        Some(_) => {
            let what = JOB_TOKEN_SWITCH.to_owned();
            return Err(SettingsError::Value { what, reason: "it is neither true nor false".to_owned() });
        }
    };
    let audience = servers::ci_web(environment);
    let is_there = url.server().is_some_and(|(host, port)| audience.holds(host, port));
    if !is_on || !is_there || url.is_ssh() {
        return Ok(None);
    }
    let token = token::secret(JOB_TOKEN, environment)?;
    let credentials = |password| Credentials { username: JOB_USER.to_owned(), password };
    Ok(token.map(|token| (Bound::new(credentials(token), audience), JOB_TOKEN.to_owned())))
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
