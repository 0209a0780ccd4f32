//! How long a writer that lost a race stands back before its next attempt; this module must not sleep itself.
//!
//! Writers know nothing of each other. Each measures how long an attempt takes it, which says how fast the server is,
//! and waits a random part of a few such times: the more races it lost, the more.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

/// Out of how many attempts' time the pause is drawn, by the number of races lost before. The first loss may be chance.
const SPREADS: [u32; 4] = [1, 3, 6, 10];

/// No pause is longer, however slow the server is.
const LONGEST: Duration = Duration::from_secs(2);

/// A writer's pauses.
#[derive(Debug, Default)]
pub(super) struct Pace {
    losses: u32,
    quickest: Option<Duration>,
}

impl Pace {
    /// The pause after an attempt that took this long and lost.
    pub(super) fn pause(&mut self, attempt: Duration) -> Duration {
        // The others make an attempt slower; the quickest one says most about the server.
        let quickest = self.quickest.map_or(attempt, |quickest| quickest.min(attempt));
        self.quickest = Some(quickest);
        let times = SPREADS.get(self.losses as usize).or(SPREADS.last()).copied().unwrap_or(1);
        self.losses += 1;
        (quickest * times).min(LONGEST).mul_f64(fastrand::f64())
    }

    /// How many races were lost so far.
    pub(super) fn losses(&self) -> u32 {
        self.losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: Duration = Duration::from_millis(100);

    #[test]
    fn grows_with_the_losses_and_stays_bounded() {
        for _ in 0..1000 {
            let mut pace = Pace::default();
            assert!(pace.pause(ATTEMPT) <= ATTEMPT);
            assert!(pace.pause(ATTEMPT) <= ATTEMPT * 3);
            (0..20).for_each(|_| assert!(pace.pause(ATTEMPT) <= ATTEMPT * 10));
            assert!(pace.pause(Duration::from_mins(1)) <= LONGEST);
            assert_eq!(pace.losses(), 23);
        }
    }

    #[test]
    fn writers_that_lose_together_do_not_meet_again() {
        let mut pauses: Vec<Duration> = (0..8).map(|_| Pace::default().pause(ATTEMPT)).collect();
        pauses.sort();
        pauses.dedup();
        assert_eq!(pauses.len(), 8);
    }
}
