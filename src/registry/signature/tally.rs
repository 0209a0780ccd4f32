//! What was looked at and was not what is wanted, counted and said in a line; this module must not decide what is wanted.

#![deny(clippy::disallowed_methods)]

use std::fmt;

/// So many different reasons are told apart; what comes with other words counts together.
const KINDS: usize = 32;

/// So many are said.
const SHOWN: usize = 4;

/// What was passed over.
#[derive(Clone, Debug, Default)]
pub(in crate::registry) struct Tally {
    reasons: Vec<(String, usize)>,
    unseen: usize,
}

impl Tally {
    /// Counts one that was passed over for this reason.
    pub(super) fn pass(&mut self, reason: String) {
        let reason = if self.reasons.len() < KINDS || self.reasons.iter().any(|(known, _)| *known == reason) {
            reason
        } else {
            "another artifact that does not count".to_owned()
        };
        match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.reasons.push((reason, 1)),
        }
    }

    /// Counts those that were not looked at, since there are too many.
    pub(super) fn skip(&mut self, count: usize) {
        self.unseen += count;
    }

    /// Whether there was nothing to look at.
    pub(in crate::registry) fn is_empty(&self) -> bool {
        self.reasons.is_empty() && self.unseen == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons: Vec<&(String, usize)> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let times = |(reason, count): &&(String, usize)| match count {
            1 => reason.clone(),
            count => format!("{reason} ({count} times)"),
        };
        let mut parts: Vec<String> = reasons.iter().take(SHOWN).map(times).collect();
        let others: usize = reasons.iter().skip(SHOWN).map(|(_, count)| count).sum();
        if others > 0 {
            parts.push(format!("{others} others"));
        }
        if self.unseen > 0 {
            parts.push(format!("{} more were not checked, because they are too many or too large", self.unseen));
        }
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_there_was_most_of_and_what_was_not_looked_at() {
        let mut tally = Tally::default();
        assert!(tally.is_empty());
        tally.pass("a".to_owned());
        (0..3).for_each(|_| tally.pass("b".to_owned()));
        tally.skip(7);
        assert_eq!(
            tally.to_string(),
            "b (3 times); a; 7 more were not checked, because they are too many or too large"
        );
        (0..1000).for_each(|number| tally.pass(format!("reason {number}")));
        assert_eq!(tally.reasons.len(), KINDS + 1);
        assert!(tally.to_string().contains(" others; "), "{tally}");
    }
}
