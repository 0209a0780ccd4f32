//! When an image was created, as its configuration says it; this module must not read a clock.

#![deny(clippy::disallowed_methods)]

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// Reproducible builds date their images at the beginning of an era: 1970, or 1980 where ZIP begins.
const FIRST_REAL_DATE: Duration = Duration::from_hours(10 * 366 * 24);

/// A time that an image was created at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created(Timestamp);

impl Created {
    /// Parses RFC 3339; none for what is no time, or the made-up one of a reproducible build.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let at: Timestamp = text.parse().ok()?;
        let since = Duration::try_from(at.as_duration()).ok()?;
        (since > FIRST_REAL_DATE).then_some(Self(at))
    }

    /// Both times, as short as they can be told apart: to the second, else with their fractions.
    pub(super) fn told_apart(&self, other: &Self) -> (String, String) {
        let (one, another) = (self.to_string(), other.to_string());
        if one == another { (self.0.to_string(), other.0.to_string()) } else { (one, another) }
    }

    /// Whether this is later than another time.
    pub fn is_after(&self, other: &Self) -> bool {
        self.0 > other.0
    }
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(text: &str) -> Option<String> {
        Created::parse(text).map(|created| created.to_string())
    }

    #[test]
    fn reads_times_with_any_offset() {
        let expected = Some("2026-11-23T10:00:00Z".to_owned());
        for text in [
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:00.123456789Z",
            "2026-11-23T12:30:00+02:30",
            "2026-11-23T05:00:00.5-05:00",
        ] {
            assert_eq!(created(text), expected, "{text}");
        }
    }

    #[test]
    fn made_up_times_are_unknown() {
        for text in [
            "",
            "yesterday",
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "1980-01-01T00:00:01Z",
            "é+02:00",
            "+99:99",
        ] {
            assert_eq!(created(text), None, "{text}");
        }
    }

    #[test]
    fn equal_seconds_are_told_with_their_fractions() {
        let told = |one: &str, other: &str| Created::parse(one).unwrap().told_apart(&Created::parse(other).unwrap());
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(
            told("2026-11-23T10:00:00.25Z", "2026-11-23T10:00:01.5Z"),
            pair("2026-11-23T10:00:00Z", "2026-11-23T10:00:01Z")
        );
        assert_eq!(
            told("2026-11-23T10:00:00Z", "2026-11-23T12:00:00.120000001+02:00"),
            pair("2026-11-23T10:00:00Z", "2026-11-23T10:00:00.120000001Z")
        );
    }
}
