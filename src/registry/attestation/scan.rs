//! Scans for vulnerabilities, as `cosign attest --type vuln` signs them: what they must say, and what they say.
//! This module must not look at a clock.

#![deny(clippy::disallowed_methods)]

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::finding::Findings;
use super::severity::Severity;
use crate::registry::words;

/// Clocks differ by so much.
const SKEW: Duration = Duration::from_mins(5);

/// What a scan must say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// No vulnerability is worse.
    pub(super) max: Option<Severity>,
    /// It was finished no longer ago, as it was written.
    pub(super) age: Option<(Duration, String)>,
}

/// A scan.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// When it was finished, where it says so.
    pub(super) finished: Option<Timestamp>,
    findings: Result<Findings, String>,
}

#[derive(Deserialize)]
struct Predicate<'a> {
    #[serde(borrow)]
    scanner: Scanner<'a>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Scanner<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    scan_finished_on: Option<String>,
}

impl Scan {
    /// Reads a predicate of cosign's `vuln/v1`; an error is the reason.
    pub(super) fn parse(predicate: &str) -> Result<Self, String> {
        let wrong = |error| format!("a scan that can't be read ({})", words::short(format!("{error}")));
        let predicate: Predicate<'_> =
            serde_json::from_str(predicate).map_err(|error: serde_json::Error| wrong(error))?;
        let finished = predicate.metadata.and_then(|metadata| metadata.scan_finished_on);
        Ok(Self {
            finished: finished.and_then(|text| text.parse().ok()),
            findings: Findings::of_trivy(predicate.scanner.result.map_or("null", RawValue::get)),
        })
    }

    /// Whether it says what it must; an error is the reason why not.
    pub(super) fn meets(&self, wanted: &Wanted, now: SystemTime) -> Result<(), String> {
        self.is_of_its_time(wanted, now)?;
        let Some(max) = wanted.max else { return Ok(()) };
        match self.findings.as_ref().map_err(Clone::clone)?.above(max) {
            None => Ok(()),
            Some(worse) => {
                Err(format!("a scan{} with vulnerabilities that are worse than {max} ({worse})", self.dated()))
            }
        }
    }

    fn is_of_its_time(&self, wanted: &Wanted, now: SystemTime) -> Result<(), String> {
        let finished = self.finished.map(SystemTime::from);
        if finished.is_some_and(|finished| finished.duration_since(now).is_ok_and(|ahead| ahead > SKEW)) {
            return Err(format!("a scan{}, which is in the future", self.dated()));
        }
        let Some((age, text)) = &wanted.age else { return Ok(()) };
        let finished = finished.ok_or("a scan that does not say when it was finished")?;
        if now.duration_since(finished).is_ok_and(|past| past > *age) {
            return Err(format!("a scan{}, which is more than {text} old", self.dated()));
        }
        Ok(())
    }

    fn dated(&self) -> String {
        self.finished.map_or_else(String::new, |time| format!(" of {time:.0}"))
    }
}
