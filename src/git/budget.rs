//! What one exchange with a Git server may cost in all its rounds together; this module must not know what costs it.
//!
//! A [`Budget`] is made when an exchange begins and handed down to whatever reads its answers. Its clones share what
//! is left, so that neither many answers nor many objects in one answer can add up to more than the bound.

#![deny(clippy::disallowed_methods)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::PackError;

/// How many fetches one exchange may take: one for each directory on a path, and a few more.
const MOST_ROUNDS: usize = 128;

/// How many bytes of packs are received at most: a commit's whole tree, where the server can't leave anything out.
const MOST_RECEIVED: usize = 256 << 20;

/// How many objects all packs may have together: more than any repository's single tree should have.
const MOST_OBJECTS: usize = 1_000_000;

/// How many bytes may be inflated, copied by deltas and hashed, whatever was received.
const MOST_WORK: usize = 3 << 30;

/// How many bytes of work are free.
const FREE_WORK: usize = 256 << 20;

/// How many bytes of work each received byte allows beyond that. Text that Git has packed comes to a tenth of it.
const WORK_PER_BYTE: usize = 64;

/// What is left to be spent in one exchange.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget(Arc<Spent>);

#[derive(Debug, Default)]
struct Spent {
    rounds: AtomicUsize,
    received: AtomicUsize,
    objects: AtomicUsize,
    work: AtomicUsize,
}

impl Budget {
    /// Counts one more fetch.
    pub(super) fn round(&self) -> Result<(), PackError> {
        spend(&self.0.rounds, 1, MOST_ROUNDS, "parts")
    }

    /// How many bytes of packs may still be received.
    pub(super) fn receivable(&self) -> usize {
        MOST_RECEIVED.saturating_sub(self.0.received.load(Ordering::Relaxed))
    }

    /// Counts a pack's bytes.
    pub(super) fn receive(&self, bytes: usize) -> Result<(), PackError> {
        spend(&self.0.received, bytes, MOST_RECEIVED, "bytes")
    }

    /// Counts a pack's objects.
    pub(super) fn objects(&self, count: usize) -> Result<(), PackError> {
        spend(&self.0.objects, count, MOST_OBJECTS, "objects")
    }

    /// Counts bytes that are inflated, copied or hashed. How many there may be depends on how many were received.
    pub(super) fn work(&self, bytes: usize) -> Result<(), PackError> {
        let earned = self.0.received.load(Ordering::Relaxed).saturating_mul(WORK_PER_BYTE);
        spend(&self.0.work, bytes, MOST_WORK.min(earned.saturating_add(FREE_WORK)), "inflated bytes")
    }
}

/// Adds to what was spent, which stays within the bound also when the addition fails: an overflow can't open it again.
fn spend(spent: &AtomicUsize, more: usize, most: usize, what: &'static str) -> Result<(), PackError> {
    let add = |spent: usize| spent.checked_add(more).filter(|sum| *sum <= most);
    let added = spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    added.map(drop).map_err(|_| PackError::TooMany(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_spend_the_same_budget() {
        let budget = Budget::default();
        let other = budget.clone();
        assert_eq!(budget.objects(MOST_OBJECTS), Ok(()));
        assert_eq!(other.objects(1), Err(PackError::TooMany("objects")));
        assert_eq!(other.receive(usize::MAX), Err(PackError::TooMany("bytes")));
        assert_eq!(other.receivable(), MOST_RECEIVED);
        for _ in 0..MOST_ROUNDS {
            budget.round().unwrap();
        }
        assert!(other.round().is_err());
    }

    #[test]
    fn what_is_received_allows_work() {
        let budget = Budget::default();
        assert!(budget.work(FREE_WORK + 1).is_err());
        budget.receive(1).unwrap();
        assert_eq!(budget.work(FREE_WORK + WORK_PER_BYTE), Ok(()));
        assert!(budget.work(1).is_err());
        budget.receive(MOST_RECEIVED - 1).unwrap();
        assert!(budget.work(MOST_WORK).is_err());
    }
}
