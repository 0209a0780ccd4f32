//! What the statuses of a commit and of its successors come to; this module must not wait.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use super::{NamePattern, State, Status};

/// How many names a message lists.
const MOST_NAMES: usize = 20;

/// The statuses of a commit and of those that were built on it, by commit, as they were seen last.
#[derive(Clone, Debug, Default)]
pub struct CommitStatuses(BTreeMap<String, Vec<Status>>);

/// What they come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Each pattern has a status, and all that it has are successes.
    Done,
    /// These have failed.
    Failed(Vec<Status>),
    /// Something is missing or has not ended.
    Open,
}

impl CommitStatuses {
    /// A commit has these now.
    pub fn learn(&mut self, commit: &str, statuses: Vec<Status>) {
        self.0.insert(commit.to_owned(), statuses);
    }

    /// What the statuses with wanted names come to.
    pub fn judge(&self, patterns: &[NamePattern]) -> Verdict {
        let wanted = self.wanted(patterns);
        let is_done = |pattern: &NamePattern| {
            let mut found = wanted.iter().filter(|(_, status)| pattern.fits(&status.name)).peekable();
            found.peek().is_some() && found.all(|(_, status)| status.state == State::Success)
        };
        let failed = wanted.iter().filter(|(_, status)| status.state == State::Failed);
        let failed: Vec<Status> = failed.map(|(_, status)| (*status).clone()).collect();
        match () {
            () if !failed.is_empty() => Verdict::Failed(failed),
            () if patterns.iter().all(is_done) => Verdict::Done,
            () => Verdict::Open,
        }
    }

    /// The statuses with wanted names, one for each name, with their commits.
    pub fn wanted(&self, patterns: &[NamePattern]) -> Vec<(&str, &Status)> {
        let is_wanted = |name: &str| patterns.iter().any(|pattern| pattern.fits(name));
        self.best().into_iter().filter(|(name, _)| is_wanted(name)).map(|(_, found)| found).collect()
    }

    /// What is missing, a sentence part each: patterns without a status, and statuses that have not ended.
    pub fn missing(&self, patterns: &[NamePattern]) -> Vec<String> {
        let best = self.best();
        let none = patterns.iter().filter(|pattern| !best.keys().any(|name| pattern.fits(name)));
        let open = self.wanted(patterns).into_iter().map(|(_, status)| status);
        let open = open.filter(|status| status.state == State::Open);
        let none = none.map(|pattern| format!("no status matches {pattern}"));
        none.chain(open.map(ToString::to_string)).collect()
    }

    /// The names of all statuses that there are, as a text.
    pub fn names(&self) -> String {
        let best = self.best();
        let shown: Vec<&str> = best.keys().copied().take(MOST_NAMES).collect();
        match best.len() {
            0 => "the commit has no statuses".to_owned(),
            all if all > MOST_NAMES => format!("the statuses are {} and {} more", shown.join(", "), all - MOST_NAMES),
            _ => format!("the statuses are {}", shown.join(", ")),
        }
    }

    /// Each name's best status: a failure that a later commit mends is none, and what is done at one of the commits is done.
    fn best(&self) -> BTreeMap<&str, (&str, &Status)> {
        let mut best: BTreeMap<&str, (&str, &Status)> = BTreeMap::new();
        for (commit, statuses) in &self.0 {
            for status in statuses {
                let known = best.entry(&status.name).or_insert((commit, status));
                if status.state > known.1.state {
                    *known = (commit, status);
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Fields, NamePattern, Status};
    use super::*;

    fn seen(commits: &[(&str, &[(&str, &str)])]) -> CommitStatuses {
        let mut seen = CommitStatuses::default();
        for (commit, statuses) in commits {
            let read = |(name, state): &(&str, &str)| {
                let value = json!({ "context": name, "state": state, "description": "why" });
                Status::read(&value, Fields { name: "context", state: "state" }).unwrap()
            };
            seen.learn(commit, statuses.iter().map(read).collect());
        }
        seen
    }

    fn patterns(texts: &[&str]) -> Vec<NamePattern> {
        texts.iter().map(|text| NamePattern::new(text).unwrap()).collect()
    }

    fn judged(commits: &[(&str, &[(&str, &str)])], texts: &[&str]) -> &'static str {
        match seen(commits).judge(&patterns(texts)) {
            Verdict::Done => "done",
            Verdict::Failed(_) => "failed",
            Verdict::Open => "open",
        }
    }

    #[test]
    fn each_pattern_needs_a_success_and_nothing_but_successes() {
        let dev = ("k/dev/1", "success");
        for (statuses, wanted, expected) in [
            (&[][..], &["k/dev/*"][..], "open"),
            (&[dev], &["k/dev/*"], "done"),
            (&[dev], &["k/dev/*", "k/prod/*"], "open"),
            (&[dev, ("k/prod/1", "pending")], &["k/*"], "open"),
            (&[dev, ("k/prod/1", "skipped")], &["k/*"], "open"),
            (&[dev, ("k/prod/1", "success")], &["k/dev/*", "k/prod/*"], "done"),
            (&[dev, ("k/prod/1", "failure")], &["k/dev/*"], "done"),
            (&[dev, ("k/prod/1", "failure")], &["k/dev/*", "k/prod/*"], "failed"),
            (&[("k/dev/1", "canceled")], &["k/dev/*", "k/prod/*"], "failed"),
            (&[("k/dev/1", "error")], &["k/dev/?"], "failed"),
            (&[("k/dev/1", "failed")], &["k/dev"], "open"),
        ] {
            assert_eq!(judged(&[("a", statuses)], wanted), expected, "{statuses:?} {wanted:?}");
        }
    }

    #[test]
    fn a_successor_answers_for_its_predecessor() {
        let one = |state| [("k/dev/1", state)];
        let dev = &["k/dev/*"][..];
        for (ours, later, expected) in [
            (&[][..], &one("success")[..], "done"),
            (&[], &one("failure"), "failed"),
            (&one("failure"), &one("success"), "done"),
            (&one("failure"), &one("pending"), "open"),
            (&one("canceled"), &one("running"), "open"),
            (&one("failure"), &[], "failed"),
            (&one("success"), &one("failure"), "done"),
        ] {
            assert_eq!(judged(&[("a", ours), ("b", later)], dev), expected, "{ours:?} {later:?}");
        }
        // Each commit has one of two.
        let both = [("a", &one("failure")[..]), ("b", &[("k/prod/1", "success")])];
        assert_eq!(judged(&both, &["k/*"]), "failed");
    }

    #[test]
    fn what_is_missing_is_named() {
        let seen = seen(&[("a", &[("k/dev/1", "pending"), ("ci", "success")])]);
        let missing = seen.missing(&patterns(&["k/dev/*", "k/prod/*"]));
        assert_eq!(missing, ["no status matches k/prod/*", "k/dev/1 is pending (why)"]);
        assert_eq!(seen.names(), "the statuses are ci, k/dev/1");
        assert_eq!(CommitStatuses::default().names(), "the commit has no statuses");
    }
}
