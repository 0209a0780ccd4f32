//! Windows of time in which nothing is changed: whether one is on, when it is really over, and which come next. This module must
//! not read a clock or a file.
//!
//! A window begins when its cron expression says so and lasts for so long by the wall clock of its time zone, across changes of
//! the clocks: `wall` is where wall clock and instants meet, `window` is one entry of a list.

#![deny(clippy::disallowed_methods)]

#[cfg(test)]
mod tests;
mod wall;
mod window;

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;

pub use self::window::{Span, Window, WindowError};
use crate::config::{self, WindowConfig};
use crate::policies::{self, PolicyError};

/// The variable that freezes every run while it is not empty.
pub(crate) const VARIABLE: &str = "CI_DEPLOY_FREEZE";

/// How many windows one list may have.
const MOST_WINDOWS: usize = 100;

/// How many windows that follow each other without a pause are looked at to find their common end.
const MOST_STEPS: usize = 200;

/// A list of windows, and where it is from.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    /// The infra repository's file; none means the config file.
    file: Option<&'static str>,
    list: Vec<Window>,
}

/// What keeps a run away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// What it is, a text for each cause.
    causes: Vec<String>,
}

impl Windows {
    /// Takes the entries of a config file; the error names the entry.
    pub fn of_config(entries: &[WindowConfig]) -> Result<Self, WindowError> {
        if entries.len() > MOST_WINDOWS {
            return Err(too_many());
        }
        let windows = entries.iter().enumerate().map(|(number, entry)| {
            Window::new(entry, None).map_err(|error| WindowError(format!("entry {}: {error}", number + 1)))
        });
        Ok(Self { file: None, list: windows.collect::<Result<_, _>>()? })
    }

    /// Reads an infra repository's own file.
    pub fn of_file(text: &str) -> Result<Self, PolicyError> {
        let file = policies::FREEZE;
        let entries = config::freeze_file(text).map_err(|error| policies::unreadable(file, &error.to_string()))?;
        if entries.len() > MOST_WINDOWS {
            return Err(policies::unreadable(file, &too_many().to_string()));
        }
        let windows = entries.iter().map(|(line, entry)| {
            let unreadable = |error: WindowError| policies::unreadable(file, &format!("{line}: {error}"));
            Window::new(entry, Some(*line)).map_err(unreadable)
        });
        Ok(Self { file: Some(file), list: windows.collect::<Result<_, _>>()? })
    }

    /// The windows in their order.
    pub fn list(&self) -> &[Window] {
        &self.list
    }

    /// What keeps a run for this environment away at this time, if anything does.
    pub fn frozen(&self, environment: Option<&str>, now: SystemTime) -> Option<Frozen> {
        let now = Timestamp::try_from(now).ok()?;
        let counting: Vec<&Window> = self.list.iter().filter(|window| window.is_for(environment)).collect();
        let on = counting.iter().filter_map(|window| Some((*window, window.running(now)?)));
        let (window, span) = on.max_by_key(|(_, span)| span.end)?;
        let (end, is_over) = end(&counting, span.end);
        let place = match (self.file, window.line()) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => "the config file".to_owned(),
        };
        let end = window.local(end);
        let until = if is_over {
            format!("until {end}")
        } else {
            format!("beyond {end}, because several windows follow each other")
        };
        Some(Frozen { causes: vec![format!("the window {window} of {place}, {until}")] })
    }

    /// The next windows from this time on, those that are on included, in the order of their beginnings.
    pub fn next(&self, most: usize, now: SystemTime) -> Vec<(&Window, Span)> {
        let Ok(now) = Timestamp::try_from(now) else { return Vec::new() };
        let mut next: Vec<(&Window, Span)> = self
            .list
            .iter()
            .flat_map(|window| window.next(most, now).into_iter().map(move |span| (window, span)))
            .collect();
        next.sort_by_key(|(_, span)| (span.start, span.end));
        next.truncate(most);
        next
    }
}

impl Frozen {
    /// What keeps a run away while the pipeline's own variable says so, beside what a list says.
    #[must_use]
    pub fn with_variable(windows: Option<Self>) -> Self {
        let mut causes = vec![format!("the variable {VARIABLE}, with no end known")];
        causes.extend(windows.into_iter().flat_map(|frozen| frozen.causes));
        Self { causes }
    }
}

impl fmt::Display for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frozen by {}", self.causes.join(", and by "))
    }
}

/// When it is really over, from the end of a window on: another one may be on by then, or begin at that very moment. False where
/// window follows window for longer than anybody looks.
fn end(windows: &[&Window], first: Timestamp) -> (Timestamp, bool) {
    let mut end = first;
    for _ in 0..MOST_STEPS {
        match windows.iter().filter_map(|window| window.running(end)).map(|span| span.end).max() {
            Some(later) if later > end => end = later,
            _ => return (end, true),
        }
    }
    (end, false)
}

fn too_many() -> WindowError {
    WindowError(format!("there are more than {MOST_WINDOWS} windows"))
}
