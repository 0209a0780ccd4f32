//! One window: when it begins, for how long, for whom; this module must not know where it was written.

#![deny(clippy::disallowed_methods)]

use std::fmt;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::wall;
use crate::config::WindowConfig;
use crate::text::one_line;

/// How long a window may last: a year. What lasts longer is no window.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// How long the texts of a window may be.
const MOST_CHARACTERS: usize = 200;

/// One window.
#[derive(Clone, Debug)]
pub struct Window {
    cron: Cron,
    /// The expression as it was written.
    text: String,
    length: Duration,
    zone: TimeZone,
    environments: Vec<String>,
    line: Option<usize>,
}

/// One time that a window is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub start: Timestamp,
    /// When it is over.
    pub end: Timestamp,
}

/// Why an entry is no window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WindowError(pub(super) String);

impl Window {
    /// Takes an entry that stands on this line.
    pub(super) fn new(entry: &WindowConfig, line: Option<usize>) -> Result<Self, WindowError> {
        let WindowConfig { cron, length, timezone, environments } = entry;
        if [Some(cron), Some(length), timezone.as_ref()].into_iter().flatten().any(|text| text.len() > MOST_CHARACTERS)
        {
            return Err(WindowError(format!("a value is longer than {MOST_CHARACTERS} characters")));
        }
        let environments = environments.clone();
        if environments.as_ref().is_some_and(|names| names.is_empty() || names.iter().any(String::is_empty)) {
            return Err(WindowError("environments: the list, or a name in it, is empty".to_owned()));
        }
        Ok(Self {
            text: one_line(cron),
            cron: parsed(cron)?,
            length: duration(length)?,
            zone: zone(timezone.as_deref().unwrap_or("UTC"))?,
            environments: environments.unwrap_or_default(),
            line,
        })
    }

    /// The cron expression, as it was written.
    pub fn cron(&self) -> &str {
        &self.text
    }

    /// How long it lasts, as a config file says it.
    pub fn length(&self) -> String {
        let minutes = self.length.as_secs() / 60;
        if minutes.is_multiple_of(60) { format!("{}h", minutes / 60) } else { format!("{minutes}m") }
    }

    /// The time zone's name.
    pub fn timezone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The environments that it is for; none means every run.
    pub fn environments(&self) -> &[String] {
        &self.environments
    }

    /// A moment by the clock of its time zone. Written out: jiff brings a parser along with its formats.
    pub fn local(&self, at: Timestamp) -> String {
        let (wall, zone) = (self.zone.to_datetime(at), self.timezone());
        let day = match wall.weekday() {
            Weekday::Monday => "Mon",
            Weekday::Tuesday => "Tue",
            Weekday::Wednesday => "Wed",
            Weekday::Thursday => "Thu",
            Weekday::Friday => "Fri",
            Weekday::Saturday => "Sat",
            Weekday::Sunday => "Sun",
        };
        let (year, month, hour, minute) = (wall.year(), wall.month(), wall.hour(), wall.minute());
        let time = format!("{day} {year:04}-{month:02}-{:02} {hour:02}:{minute:02}", wall.day());
        if zone == "UTC" {
            format!("{time} UTC")
        } else {
            format!("{time} {} ({zone})", self.zone.to_offset_info(at).abbreviation())
        }
    }

    pub(super) fn line(&self) -> Option<usize> {
        self.line
    }

    /// Whether it counts for a run for this environment, or for none.
    pub(super) fn is_for(&self, environment: Option<&str>) -> bool {
        self.environments.is_empty()
            || environment.is_some_and(|name| self.environments.iter().any(|known| known == name))
    }

    /// The time that it is on now, if it is. Of several that overlap, the one that ends last.
    pub(super) fn running(&self, now: Timestamp) -> Option<Span> {
        let latest = wall::latest(&self.zone, now)?;
        let start = self.cron.find_previous_occurrence(&latest, true).ok()?;
        self.span(start).filter(|span| span.start <= now && now < span.end)
    }

    /// The times that it is on from now on: now, if it is, and the next ones.
    pub(super) fn next(&self, most: usize, now: Timestamp) -> Vec<Span> {
        let mut spans: Vec<Span> = self.running(now).into_iter().collect();
        let mut from = wall::latest(&self.zone, now);
        while let Some(start) = from.filter(|_| spans.len() < most) {
            from = self.cron.find_next_occurrence(&start, false).ok();
            spans.extend(from.and_then(|start| self.span(start)));
        }
        spans
    }

    /// The time from one of its beginnings on.
    fn span(&self, start: DateTime) -> Option<Span> {
        let end = start.checked_add(SignedDuration::try_from(self.length).ok()?).ok()?;
        Some(Span { start: wall::first(&self.zone, start)?, end: wall::last(&self.zone, end)? })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} for {}", self.text, self.length())
    }
}

/// The expression, which has five fields and comes true some day.
fn parsed(text: &str) -> Result<Cron, WindowError> {
    let wrong = |reason: &str| WindowError(format!("cron: {text:?}: {reason}"));
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|error| wrong(one_line(&error.to_string()).trim_end_matches('.')))?;
    // Within these years every date comes on every day of the week.
    let first = cron.find_next_occurrence(&date(2000, 1, 1).at(0, 0, 0, 0), true);
    let is_some_day = first.is_ok_and(|first| first < date(2100, 1, 1).at(0, 0, 0, 0));
    if is_some_day { Ok(cron) } else { Err(wrong("no date matches it")) }
}

fn duration(text: &str) -> Result<Duration, WindowError> {
    let wrong = |reason: &str| WindowError(format!("for: {text:?}: {reason}"));
    let length = humantime::parse_duration(text).map_err(|error| wrong(&one_line(&error.to_string())))?;
    match () {
        () if length.is_zero() || length.subsec_nanos() != 0 || length.as_secs() % 60 != 0 => {
            Err(wrong("the duration must be whole minutes"))
        }
        () if length > LONGEST => Err(wrong("the duration must be at most one year")),
        () => Ok(length),
    }
}

fn zone(name: &str) -> Result<TimeZone, WindowError> {
    TimeZone::get(name)
        .map_err(|_| WindowError(format!("timezone: {name:?} is not an IANA time zone, such as Europe/Paris or UTC")))
}
