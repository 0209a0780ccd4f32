//! An in-toto statement: what is said of which digests, as far as a rule can ask for it. This module must not judge it.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::bill;
use super::list::{Gather, List};
use super::provenance::Provenance;
use super::scan::Scan;
use crate::image::Digest;
use crate::registry::words;

/// The predicate types of SLSA provenance, version 0.2 and 1.
pub(super) const PROVENANCE: [&str; 2] = ["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"];

/// The predicate type of an SPDX document; a version may follow.
pub(super) const SPDX: [&str; 1] = ["https://spdx.dev/Document"];

/// The predicate type of a `CycloneDX` document; a version may follow.
pub(super) const CYCLONE_DX: [&str; 1] = ["https://cyclonedx.org/bom"];

/// The predicate type of cosign's scans.
pub(super) const SCAN: [&str; 1] = ["https://cosign.sigstore.dev/attestation/vuln/v1"];

/// More digests than one statement is about.
const MOST_SUBJECTS: usize = 10_000;

/// A statement, without what no rule asks for.
#[derive(Clone, Debug)]
pub struct Statement {
    predicate_type: String,
    subjects: Vec<String>,
    content: Result<Content, String>,
}

/// What is said.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Provenance(Provenance),
    Spdx,
    CycloneDx,
    Scan(Scan),
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(rename = "_type")]
    kind: String,
    subject: List<Subjects>,
    predicate_type: String,
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
}

#[derive(Default)]
struct Subjects(Vec<String>);

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

impl Statement {
    /// Reads a payload of the type `application/vnd.in-toto+json`; an error is the reason. A predicate that is not what its
    /// type says is none: a rule that asks for it refuses it.
    pub fn parse(payload: &[u8]) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| {
            format!("a signed payload that is not an in-toto statement ({})", words::short(error.to_string()))
        };
        let raw: Raw<'_> = serde_json::from_slice(payload).map_err(wrong)?;
        if !raw.kind.starts_with("https://in-toto.io/Statement/") {
            return Err(format!("a statement of the type {:?}", words::short(&raw.kind)));
        }
        let content = Content::parse(&raw.predicate_type, raw.predicate.map_or("null", RawValue::get));
        Ok(Self { predicate_type: raw.predicate_type, subjects: raw.subject.0.0, content })
    }

    /// The type of what it says.
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// Whether it is about this digest.
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.subjects.iter().any(|subject| subject == digest.as_str())
    }

    /// When a scan was finished; none of another statement, and of one that does not say so.
    pub fn time(&self) -> Option<SystemTime> {
        match &self.content {
            Ok(Content::Scan(scan)) => scan.finished.map(SystemTime::from),
            _ => None,
        }
    }

    /// What it says; an error is the reason why that can't be read.
    pub(super) fn content(&self) -> Result<&Content, String> {
        self.content.as_ref().map_err(Clone::clone)
    }
}

impl Content {
    fn parse(kind: &str, predicate: &str) -> Result<Self, String> {
        let [second, first] = PROVENANCE;
        match kind {
            kind if kind == second => Provenance::parse_second(predicate).map(Self::Provenance),
            kind if kind == first => Provenance::parse_first(predicate).map(Self::Provenance),
            kind if is_of(kind, SPDX) => bill::spdx(predicate).map(|()| Self::Spdx),
            kind if is_of(kind, CYCLONE_DX) => bill::cyclone_dx(predicate).map(|()| Self::CycloneDx),
            kind if SCAN.contains(&kind) => Scan::parse(predicate).map(Self::Scan),
            _ => Ok(Self::Other),
        }
    }
}

impl Gather for Subjects {
    type Item = Subject;

    fn add(&mut self, subject: Subject) -> Result<(), String> {
        if self.0.len() >= MOST_SUBJECTS {
            return Err(format!("it is about more than {MOST_SUBJECTS} digests"));
        }
        self.0.extend(subject.digest.iter().map(|(algorithm, hex)| format!("{algorithm}:{hex}")));
        Ok(())
    }
}

/// Whether it is this type, or a version of it.
fn is_of(kind: &str, [base]: [&str; 1]) -> bool {
    kind.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
