//! What a preview is: from the flags, else from the config file; this module must not look into a repository.

#![deny(clippy::disallowed_methods)]

mod name;

use super::giver::either;
use super::images::{images, registry_servers, require_images};
use super::replacement::{NAME, Replacement, directory, replacement, wrong};
use super::repositories::{self, Repositories};
use super::run::{Own, merged};
use super::{ConfigText, Given, Settings, SettingsError, Task, gate, parse_config};
use crate::cli::{PreviewCommand, RunArgs};
use crate::config::{Config, PreviewConfig};
use crate::environment::Environment;

/// A copy of a directory of an infra repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewSettings {
    /// What it is called.
    pub name: String,
    /// Its directory, `/` between the components, none of them empty or `.`.
    pub to: String,
    /// What it is to be.
    pub wish: PreviewWish,
}

/// What a preview is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreviewWish {
    /// A copy of the template as it is now.
    Copy {
        /// The directory that is copied.
        template: String,
        /// What differs from it beside the images.
        replace: Vec<Replacement>,
    },
    /// Gone.
    Gone,
}

/// Merges what `preview` was given, and requires that it is enough for a run.
pub fn preview(
    command: &PreviewCommand,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<Settings, SettingsError> {
    let args = command.as_run();
    let config = match command {
        PreviewCommand::Create(_) => parse_config(config, |text| Config::parse_for_preview(text, environment))?,
        // What the images are is another job's knowledge.
        PreviewCommand::Delete(_) => {
            let config = parse_config(config, |text| Config::parse_to_look(text, environment))?;
            Config { images: crate::config::Images::default(), ..config }
        }
    };
    let preview = self::settings(command, &config.preview, environment)?;
    let given = command.given();
    let own = Own {
        task: Task::Preview,
        images: images(&given.images, &config)?,
        registry_servers: registry_servers(&given.images, &config, environment)?,
        // A preview is of a branch: whether its image is newer than another branch's says nothing.
        gate: gate::gate(&given.gate, &config)?,
        environment: None,
    };
    if preview.wish != PreviewWish::Gone {
        require_images(&own.images)?;
    }
    let repositories = only(&args, &config, environment)?;
    let settings = merged(&args, own, repositories, (&config, environment))?;
    Ok(Settings { preview: Some(preview), ..settings })
}

fn settings(
    command: &PreviewCommand,
    config: &PreviewConfig,
    environment: &Environment,
) -> Result<PreviewSettings, SettingsError> {
    let missing = |what: &str, key: &str| {
        SettingsError::Usage(format!("no {what} is given: --{key}, or preview.{key} in the config file"))
    };
    let run = command.run();
    let to = either(("to", run.to.as_ref()), ("preview.to", config.to.as_ref()));
    let Given { value: to, by } = to.ok_or_else(|| missing("directory for the preview", "to"))?;
    let whose = by.to_string();
    if !to.contains(NAME) {
        return Err(wrong(&whose, format!("{to:?} has no {NAME} in it, so that all previews would be one directory")));
    }
    let name = name::name(run.name.as_deref(), environment)?;
    let to = directory(&whose, &to.replace(NAME, &name))?;
    let wish = match command {
        PreviewCommand::Delete(_) => PreviewWish::Gone,
        PreviewCommand::Create(args) => {
            refuse_fork(environment)?;
            let template = either(("template", args.template.as_ref()), ("preview.template", config.template.as_ref()));
            let Given { value, by } = template.ok_or_else(|| missing("template", "template"))?;
            let template = directory(&by.to_string(), value)?;
            require_apart(&template, &to).map_err(|reason| wrong(&whose, reason))?;
            let replace = config.replace.iter().map(|(place, value)| replacement(place, value, &name));
            PreviewWish::Copy { template, replace: replace.collect::<Result<_, _>>()? }
        }
    };
    Ok(PreviewSettings { name, to, wish })
}

/// A merge request from a fork gets no preview: its branch is of somebody who may not write to the project.
fn refuse_fork(environment: &Environment) -> Result<(), SettingsError> {
    let Some(source) = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") else { return Ok(()) };
    let own = ["CI_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID"].into_iter().filter_map(|name| environment.get(name));
    if own.into_iter().all(|own| own == source) {
        return Ok(());
    }
    let reason = "the merge request comes from a fork, and what is built there is deployed nowhere: keep the job out of such pipelines (rules: $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID)";
    Err(wrong("preview", reason.to_owned()))
}

/// A copy inside what is copied would hold itself, and one around it would replace it.
fn require_apart(template: &str, to: &str) -> Result<(), String> {
    let holds = |one: &str, other: &str| one == other || other.starts_with(&format!("{one}/"));
    if holds(template, to) || holds(to, template) {
        return Err(format!("{to} and the template {template} are one directory, or one is in the other"));
    }
    Ok(())
}

/// The one repository of a preview.
fn only(args: &RunArgs, config: &Config, environment: &Environment) -> Result<Repositories, SettingsError> {
    let usage = |text: String| Err(SettingsError::Usage(text));
    match (&args.publish.repository.url, config.repositories.as_slice()) {
        (Some(_), _) | (None, [_]) => repositories::only(args, config, environment),
        (None, []) => usage("no repository is given: --repo, or repositories in the config file".to_owned()),
        (None, several) => usage(format!(
            "a preview is in one repository, and the config file has {}: name it with --repo, or in a config file of its own",
            several.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_apart_from_what_is_copied() {
        for (template, to) in [("a", "a"), ("a", "a/b"), ("a/b", "a")] {
            assert!(require_apart(template, to).is_err(), "{template} {to}");
        }
        assert!(require_apart("a", "ab/c").is_ok() && require_apart("a/b", "a/bc").is_ok());
    }

    #[test]
    fn a_fork_gets_nothing() {
        let refused = |variables: &[(&str, &str)]| refuse_fork(&variables.iter().copied().collect()).is_err();
        let source = "CI_MERGE_REQUEST_SOURCE_PROJECT_ID";
        assert!(!refused(&[]) && !refused(&[("CI_PROJECT_ID", "1")]));
        assert!(!refused(&[(source, "1"), ("CI_PROJECT_ID", "1"), ("CI_MERGE_REQUEST_PROJECT_ID", "1")]));
        assert!(refused(&[(source, "2"), ("CI_PROJECT_ID", "1")]));
        // The fork's own pipeline for a merge request elsewhere.
        assert!(refused(&[(source, "2"), ("CI_PROJECT_ID", "2"), ("CI_MERGE_REQUEST_PROJECT_ID", "1")]));
    }
}
