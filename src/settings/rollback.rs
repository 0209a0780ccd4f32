//! What `rollback` is to do: flags, variables and config file merged; this module must not do I/O.

#![deny(clippy::disallowed_methods)]

use super::environments;
use super::run::{Own, merged, of_run, require_targets};
use super::source::{Chosen, SourceImages};
use super::{ConfigText, Settings, SettingsError, Task, gate, parse_to_look};
use crate::cli::{RollbackArgs, SourceImageArgs};
use crate::environment::Environment;
use crate::history::{Grouping, Wish};
use crate::image::Tag;

/// How many commits are looked at.
const HISTORY: u32 = 500;

/// Everything that `rollback` needs to know.
#[derive(Debug)]
pub struct RollbackSettings {
    /// The run that writes. It has no images yet: the history says which.
    pub run: Settings,
    /// Which of the images that the places name.
    pub images: SourceImages,
    /// How far to go back.
    pub wish: Wish,
    /// What a step is a step of.
    pub grouping: Grouping,
    /// How many commits are looked at.
    pub history: usize,
}

/// Merges what `rollback` was given, and requires that it is enough for a run.
pub fn rollback(
    args: &RollbackArgs,
    config: Option<&ConfigText>,
    environment: &Environment,
) -> Result<RollbackSettings, SettingsError> {
    let config = parse_to_look(config, environment)?;
    let wish = wish(args)?;
    let images = SourceImages::new(&SourceImageArgs { image: args.images.image.clone() }, &config)?;
    let own = Own {
        task: Task::Rollback,
        images: Vec::new(),
        registry_servers: images.registry_servers(environment)?,
        // What went before is older: --newer-only stands aside.
        gate: gate::rules(&args.rules, &config)?,
        environment: environments::name(&args.environment, &config, environment)?,
    };
    let repositories = of_run(&args.run, &own, &config, environment)?;
    let run = merged(&args.run, own, repositories, (&config, environment))?;
    require_targets(&run)?;
    let grouping = if let Chosen::Given(_) = images.chosen { Grouping::Each } else { Grouping::Together };
    let history = usize::try_from(args.history.unwrap_or(HISTORY)).unwrap_or(usize::MAX);
    Ok(RollbackSettings { run, images, wish, grouping, history })
}

fn wish(args: &RollbackArgs) -> Result<Wish, SettingsError> {
    match (args.steps, args.to.as_deref()) {
        (Some(_), Some(_)) => Err(SettingsError::Usage("--to and --steps are both given: give one of them".to_owned())),
        (steps, None) => Ok(Wish::Steps(usize::from(steps.unwrap_or(1)))),
        (None, Some(tag)) => match Tag::parse(tag) {
            Ok(tag) => Ok(Wish::To(tag)),
            Err(_) => Err(SettingsError::Usage(format!("--to {tag:?} is not a tag: give the tag alone"))),
        },
    }
}
