//! All attestations of an image against one rule: which of them count, and what they come to. This module must not check who
//! signed them.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::rule::Rule;
use super::statement::Statement;

/// One rule, and what was said so far.
#[derive(Debug)]
pub struct Hearing<'r> {
    rule: &'r Rule,
    now: SystemTime,
    /// By signer: what counts of what it said.
    newest: BTreeMap<String, Newest>,
}

/// What one more statement comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The rule is met: nothing that could follow changes that.
    Met,
    /// It is kept, since one that follows may take its place.
    Kept,
    /// It does not count; why not.
    Refused(String),
}

/// The newest statement of a signer.
#[derive(Debug)]
struct Newest {
    time: Option<SystemTime>,
    verdict: Result<(), String>,
}

impl<'r> Hearing<'r> {
    /// Begins with nothing said.
    pub fn new(rule: &'r Rule, now: SystemTime) -> Self {
        Self { rule, now, newest: BTreeMap::new() }
    }

    /// Hears a statement that this signer signed, and that is about the image's digest.
    pub fn hear(&mut self, signer: &str, statement: &Statement) -> Heard {
        let is_wanted = |kind: &&str| statement.predicate_type().starts_with(kind);
        if !self.rule.predicates().iter().any(is_wanted) {
            return Heard::Refused(format!(
                "an attestation of {:?}",
                crate::registry::words::short(statement.predicate_type())
            ));
        }
        let verdict = self.rule.judge(statement, self.now);
        if self.rule.wants_newest() {
            self.keep(signer, Newest { time: statement.time(), verdict });
            return Heard::Kept;
        }
        verdict.map_or_else(Heard::Refused, |()| Heard::Met)
    }

    /// After the last: the signer whose newest statement meets the rule; an error has why the others do not.
    pub fn end(self) -> Result<String, Vec<String>> {
        let mut reasons = Vec::new();
        for (signer, newest) in self.newest {
            match newest.verdict {
                Ok(()) => return Ok(signer),
                Err(reason) => reasons.push(reason),
            }
        }
        Err(reasons)
    }

    fn keep(&mut self, signer: &str, own: Newest) {
        match self.newest.get_mut(signer) {
            None => {
                self.newest.insert(signer.to_owned(), own);
            }
            Some(known) => known.meet(own),
        }
    }
}

impl Newest {
    /// The newer of two counts. Of two that are equally old both have to meet the rule, and what does not say when it was made
    /// may be the newest of all.
    fn meet(&mut self, other: Self) {
        match (self.time, other.time) {
            (Some(own), Some(others)) if own > others => {}
            (Some(own), Some(others)) if own < others => *self = other,
            (Some(_), Some(_)) => {
                if self.verdict.is_ok() {
                    self.verdict = other.verdict;
                }
            }
            _ => {
                let unclear =
                    "several scans by one signer, one of them without the time at which it finished".to_owned();
                *self = Self { time: None, verdict: Err(unclear) };
            }
        }
    }
}
