//! When nothing is changed: the config file's windows, the pipeline's own variable, and whether both are ignored; this module must
//! not read a clock.

#![deny(clippy::disallowed_methods)]

use std::time::SystemTime;

use super::{Giver, SettingsError, environments};
use crate::cli::FreezeArgs;
use crate::config::Config;
use crate::environment::Environment;
use crate::freeze::{VARIABLE, Windows};

/// How many windows are shown.
const SHOWN: usize = 3;

/// When nothing is changed.
#[derive(Clone, Debug, Default)]
pub struct FreezeSettings {
    /// The config file's windows. A repository's own file replaces them.
    pub windows: Windows,
    /// Whether the pipeline's own variable freezes every run.
    pub by_variable: bool,
    /// Why a run goes on all the same.
    pub ignored: Option<String>,
}

impl FreezeSettings {
    /// What a config file has no key for, a sentence each.
    pub fn comments(&self) -> impl Iterator<Item = String> {
        let variable =
            self.by_variable.then(|| format!("freeze: {VARIABLE} is set, so every run is frozen, with no end known"));
        let ignored = self.ignored.as_ref().map(|reason| format!("freeze: ignored: {reason}"));
        variable.into_iter().chain(ignored)
    }

    /// The next windows from this time on, and the variable where it is set, a sentence each.
    pub fn upcoming(&self, now: SystemTime) -> impl Iterator<Item = String> {
        let next = self.windows.next(SHOWN, now).into_iter().map(|(window, span)| {
            let names = match window.environments() {
                [] => "every environment".to_owned(),
                names => names.join(", "),
            };
            format!("freeze: {} to {}, {names}: {window}", window.local(span.start), window.local(span.end))
        });
        self.comments().chain(next)
    }
}

/// Merges flag, variable and config file.
pub(super) fn freeze(
    args: &FreezeArgs,
    config: &Config,
    environment: &Environment,
) -> Result<FreezeSettings, SettingsError> {
    let wrong = |reason: String| SettingsError::Value { what: Giver::Key("freeze").to_string(), reason };
    let windows = Windows::of_config(&config.freeze).map_err(|error| wrong(error.to_string()))?;
    let known = environments::known(config)?;
    for (number, window) in windows.list().iter().enumerate() {
        for name in window.environments() {
            let what = format!("{}, entry {}", Giver::Key("freeze"), number + 1);
            environments::one_of(&what, &known, name)?;
        }
    }
    Ok(FreezeSettings {
        windows,
        by_variable: environment.get(VARIABLE).is_some(),
        ignored: args.ignore_freeze.clone(),
    })
}
