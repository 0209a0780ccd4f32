//! What `--attestation` requires: read from its text, and held against a statement. This module must not know where a statement
//! is from.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use super::origin::Pattern;
use super::severity::Severity;
use super::statement::{CYCLONE_DX, Content, PROVENANCE, SCAN, SPDX, Statement};
use super::{provenance, scan};
use crate::registry::words;

/// An attestation that an image must have: `TYPE[:KEY=VALUE,…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Provenance(provenance::Wanted),
    Spdx,
    CycloneDx,
    Scan(scan::Wanted),
}

/// What follows the type.
struct Pairs<'a>(BTreeMap<&'a str, &'a str>);

impl Rule {
    /// Parses `slsaprovenance[:builder=…,source=…,commit=…]`, `spdx`, `cyclonedx` or `vuln[:max=…,age=…]`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains(char::is_whitespace) {
            return Err(format!("{text:?} contains a space: in a pattern, write ? instead"));
        }
        let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let kind = match name {
            "slsaprovenance" => {
                Kind::Provenance(provenance_of(&Pairs::parse(name, rest, &["builder", "source", "commit"])?)?)
            }
            "spdx" => Pairs::parse(name, rest, &[]).map(|_| Kind::Spdx)?,
            "cyclonedx" => Pairs::parse(name, rest, &[]).map(|_| Kind::CycloneDx)?,
            "vuln" => Kind::Scan(scan_of(&Pairs::parse(name, rest, &["max", "age"])?)?),
            _ => {
                return Err(format!(
                    "{name:?} is not a known type of attestation: the known types are slsaprovenance (0.2 and 1), spdx, cyclonedx and vuln"
                ));
            }
        };
        Ok(Self { text: text.to_owned(), kind })
    }

    /// The predicate types that are looked for; for those of a bill of materials a version may follow.
    pub fn predicates(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Provenance(_) => &PROVENANCE,
            Kind::Spdx => &SPDX,
            Kind::CycloneDx => &CYCLONE_DX,
            Kind::Scan(_) => &SCAN,
        }
    }

    /// Whether a statement says what it must; an error is the reason why not. The statement is verified already, and about the
    /// image's digest.
    pub fn judge(&self, statement: &Statement, now: SystemTime) -> Result<(), String> {
        match (&self.kind, statement.content()?) {
            (Kind::Provenance(wanted), Content::Provenance(provenance)) => provenance.meets(wanted),
            (Kind::Spdx, Content::Spdx) | (Kind::CycloneDx, Content::CycloneDx) => Ok(()),
            (Kind::Scan(wanted), Content::Scan(scan)) => scan.meets(wanted, now),
            _ => Err(format!("an attestation of {:?}", words::short(statement.predicate_type()))),
        }
    }

    /// Whether a newer statement by the same signer takes the place of an older one: a scan says what was known on its day.
    pub(super) fn wants_newest(&self) -> bool {
        matches!(self.kind, Kind::Scan(_))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'a> Pairs<'a> {
    fn parse(name: &str, rest: Option<&'a str>, known: &[&str]) -> Result<Self, String> {
        let Some(rest) = rest else { return Ok(Self(BTreeMap::new())) };
        let mut pairs = BTreeMap::new();
        for pair in rest.split(',') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&key) {
                let known =
                    if known.is_empty() { "it has no keys".to_owned() } else { known.join(", ") + " are known" };
                return Err(format!("{key:?} is not a key of {name}: {known} (in a pattern, write ? for a comma)"));
            }
            // An empty value is what an unset variable leaves: it must not turn into "any value".
            if value.is_empty() {
                return Err(format!("the value of the key {key} of {name} is empty: check that its variable is set"));
            }
            if pairs.insert(key, value).is_some() {
                return Err(format!("{name} has the key {key} twice"));
            }
        }
        Ok(Self(pairs))
    }

    fn value<T>(&self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, String> {
        self.0.get(key).map(|value| parse(value).map_err(|reason| format!("{key}: {reason}"))).transpose()
    }
}

fn provenance_of(pairs: &Pairs<'_>) -> Result<provenance::Wanted, String> {
    Ok(provenance::Wanted {
        builder: pairs.value("builder", |text| Ok(text.to_owned()))?,
        source: pairs.value("source", Pattern::parse)?,
        commit: pairs.value("commit", |text| {
            let is_hash = matches!(text.len(), 40 | 64) && text.chars().all(|c| c.is_ascii_hexdigit());
            is_hash.then(|| text.to_owned()).ok_or_else(|| {
                format!("{text:?} is not a full commit hash: write 40 or 64 hexadecimal digits, as in $CI_COMMIT_SHA")
            })
        })?,
    })
}

fn scan_of(pairs: &Pairs<'_>) -> Result<scan::Wanted, String> {
    let severity = |text: &str| {
        let known = || Severity::ALL.map(|severity| severity.to_string()).join(", ");
        Severity::parse(text).ok_or_else(|| format!("{text:?} is not a severity: the severities are {}", known()))
    };
    let age = |text: &str| {
        let age = humantime::parse_duration(text).map_err(|error| format!("{text:?}: {error}"))?;
        Ok((age, text.to_owned()))
    };
    Ok(scan::Wanted { max: pairs.value("max", severity)?, age: pairs.value("age", age)? })
}
