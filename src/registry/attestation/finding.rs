//! The vulnerabilities of a Trivy report, counted by their severity. This module must not judge them.

#![deny(clippy::disallowed_methods)]

use std::fmt::Write as _;

use serde::Deserialize;

use super::list::{Gather, List};
use super::severity::Severity;
use crate::registry::words;

/// So many are named.
const NAMED: usize = 3;

/// How many vulnerabilities there are of each severity, with the names of the first ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings([(usize, Vec<String>); Severity::ALL.len()]);

/// Trivy's report in JSON (`types.Report`), as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    schema_version: Option<u64>,
    results: Option<List<Findings>>,
}

/// What was found in one target: the packages of the system, or those of a language.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Target {
    #[serde(default)]
    vulnerabilities: List<OfOneTarget>,
}

#[derive(Debug, Default)]
struct OfOneTarget(Findings);

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID", default)]
    name: String,
    #[serde(rename = "Severity")]
    severity: String,
}

impl Findings {
    /// Reads Trivy's report; an error is the reason. Trivy leaves out an empty list of results.
    pub(super) fn of_trivy(report: &str) -> Result<Self, String> {
        let wrong = |reason: &dyn std::fmt::Display| {
            format!("a scan whose scanner.result is not a report of Trivy ({})", words::short(reason.to_string()))
        };
        let report: Report = serde_json::from_str(report).map_err(|error| wrong(&error))?;
        match (report.results, report.schema_version) {
            (Some(List(findings)), _) => Ok(findings),
            (None, Some(_)) => Ok(Self::default()),
            (None, None) => Err(wrong(&"it has no Results")),
        }
    }

    /// Those that are worse, in words: `2 critical, 1 high: CVE-1, CVE-2, CVE-3`; none when there are none.
    pub(super) fn above(&self, most: Severity) -> Option<String> {
        let worse = || Severity::ALL.into_iter().rev().filter(|severity| *severity > most);
        let mut said = String::new();
        for severity in worse() {
            let (count, _) = self.of(severity);
            if *count > 0 {
                let comma = if said.is_empty() { "" } else { ", " };
                let _ = write!(said, "{comma}{count} {severity}");
            }
        }
        if said.is_empty() {
            return None;
        }
        let names: Vec<&str> =
            worse().flat_map(|severity| &self.of(severity).1).take(NAMED).map(String::as_str).collect();
        Some(format!("{said}: {}", words::short(names.join(", "))))
    }

    fn of(&self, severity: Severity) -> &(usize, Vec<String>) {
        &self.0[severity as usize]
    }

    fn take(&mut self, severity: Severity, count: usize, names: impl IntoIterator<Item = String>) {
        let (sum, known) = &mut self.0[severity as usize];
        *sum += count;
        let room = NAMED.saturating_sub(known.len());
        known.extend(names.into_iter().take(room));
    }
}

impl Gather for Findings {
    type Item = Target;

    fn add(&mut self, target: Target) -> Result<(), String> {
        let OfOneTarget(own) = target.vulnerabilities.0;
        for (severity, (count, names)) in Severity::ALL.into_iter().zip(own.0) {
            self.take(severity, count, names);
        }
        Ok(())
    }
}

impl Gather for OfOneTarget {
    type Item = Vulnerability;

    fn add(&mut self, found: Vulnerability) -> Result<(), String> {
        let severity = Severity::parse(&found.severity)
            .ok_or_else(|| format!("{:?} is not a severity", words::short(&found.severity)))?;
        self.0.take(severity, 1, [found.name]);
        Ok(())
    }
}
