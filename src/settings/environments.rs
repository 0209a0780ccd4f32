//! Which environment a run is for, and which targets belong to it; this module must not know what a target writes.

#![deny(clippy::disallowed_methods)]

use super::giver::either;
use super::{Given, Giver, PassedOver, SettingsError, TargetSettings};
use crate::cli::EnvironmentArgs;
use crate::config::Config;
use crate::environment::Environment;

/// The environment of GitLab's job.
const OF_JOB: &str = "CI_ENVIRONMENT_NAME";

/// Whose targets are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope<'a> {
    /// Those of every environment.
    All,
    /// Those of a run for this environment, or for none.
    Of(Option<&'a str>),
}

impl Scope<'_> {
    /// Takes out the targets that belong to other environments.
    pub(super) fn keep(self, targets: Vec<TargetSettings>) -> (Vec<TargetSettings>, Vec<PassedOver>) {
        let (own, others): (Vec<_>, Vec<_>) = targets.into_iter().partition(|target| self.has(target));
        let passed_over = |target: TargetSettings| PassedOver {
            file: target.file,
            image: target.image,
            environments: target.environments,
        };
        (own, others.into_iter().map(passed_over).collect())
    }

    fn has(self, target: &TargetSettings) -> bool {
        match self {
            Self::All => true,
            _ if target.environments.is_empty() => true,
            Self::Of(name) => name.is_some_and(|name| target.environments.iter().any(|known| known == name)),
        }
    }
}

/// What `<env>` stands for.
pub(super) fn name(
    args: &EnvironmentArgs,
    config: &Config,
    environment: &Environment,
) -> Result<Option<String>, SettingsError> {
    let known = known(config)?;
    let given = either(("environment", args.name.as_deref()), ("environment", config.environment.as_deref()));
    let of_job = || environment.get(OF_JOB).map(|value| Given { value, by: Giver::Variable(OF_JOB) });
    let Some(Given { value, by }) = given.filter(|given| !given.value.is_empty()).or_else(of_job) else {
        return Ok(None);
    };
    one_of(&by.to_string(), &known, value).map(Some)
}

/// A name that was given, which has to be one of those that there are.
pub(super) fn one_of(what: &str, known: &[String], name: &str) -> Result<String, SettingsError> {
    let name = safe(what, name)?;
    if known.is_empty() || known.contains(&name) {
        return Ok(name);
    }
    Err(wrong(what, format!("{name:?} is none of the config file's environments: {}", known.join(", "))))
}

/// The environments that the config file says there are; none where it says nothing of them.
pub(super) fn known(config: &Config) -> Result<Vec<String>, SettingsError> {
    list("config key environments", config.environments.as_deref())
}

/// The environments that a target belongs to, by its own list or its repository's; none where it belongs to all. A
/// name that can never be is refused: it is a slip, and the target would never be written.
pub(super) fn of_target(
    file: &str,
    own: Option<&[String]>,
    repository: Option<&[String]>,
    config: &Config,
) -> Result<Vec<String>, SettingsError> {
    let (known, repository) = (known(config)?, list("config key repositories.environments", repository)?);
    let what = format!("config key environments of {file}");
    let own = list(&what, own)?;
    let (names, around) = if own.is_empty() { (repository, vec![known]) } else { (own, vec![repository, known]) };
    for around in around.iter().filter(|around| !around.is_empty()) {
        if let Some(other) = names.iter().find(|name| !around.contains(name)) {
            let reason = format!("{other:?} is none of those that are listed above it: {}", around.join(", "));
            return Err(wrong(&what, reason));
        }
    }
    Ok(names)
}

/// A name that leads nowhere but where its file is.
pub(super) fn safe(what: &str, name: &str) -> Result<String, SettingsError> {
    if name.starts_with('/') || name.contains("..") || name.contains(char::is_control) {
        return Err(wrong(what, format!("{name:?} could lead out of the repository")));
    }
    Ok(name.to_owned())
}

fn list(what: &str, names: Option<&[String]>) -> Result<Vec<String>, SettingsError> {
    let Some(names) = names else {
        return Ok(Vec::new());
    };
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(wrong(what, "the list, or a name in it, is empty".to_owned()));
    }
    names.iter().map(|name| safe(what, name)).collect()
}

fn wrong(what: &str, reason: String) -> SettingsError {
    SettingsError::Value { what: what.to_owned(), reason }
}
