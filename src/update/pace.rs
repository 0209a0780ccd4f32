//! How long a writer that lost a race stands back before its next attempt; this module must not sleep itself.
//!
//! Writers know nothing of each other, but the more of them there are, the longer an attempt takes on the server that they
//! share. Each waits a random part of a few attempts' time: longer, the more races it lost.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

/// Out of how many attempts' time the first pause is drawn. Measured with 2 to 64 writers: less, and most pushes are
/// lost; more, and the server stands idle.
const FIRST_SPREAD: f64 = 2.5;

/// How much each further loss adds to it.
const GROWTH: f64 = 1.3;

/// No pause is longer, however slow the server is.
const LONGEST: Duration = Duration::from_secs(20);

/// A writer's pauses.
#[derive(Debug, Default)]
pub(super) struct Pace {
    losses: u32,
}

impl Pace {
    /// The pause after an attempt that took this long, from asking for the tip on, and lost.
    pub(super) fn pause(&mut self, attempt: Duration) -> Duration {
        let spread = FIRST_SPREAD * GROWTH.powf(f64::from(self.losses.min(16)));
        self.losses += 1;
        attempt.min(LONGEST).mul_f64(spread).min(LONGEST).mul_f64(fastrand::f64())
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
        let longest = |losses: u32| (0..1000).map(|_| Pace { losses }.pause(ATTEMPT)).max().unwrap_or_default();
        assert!(longest(0) <= ATTEMPT.mul_f64(FIRST_SPREAD));
        // Of a thousand draws one is beyond what the first pause can be.
        assert!(longest(6) > ATTEMPT.mul_f64(FIRST_SPREAD));
        assert!((0..100).all(|_| Pace { losses: 23 }.pause(Duration::from_mins(1)) <= LONGEST));
        let mut pace = Pace::default();
        assert!((0..3).all(|_| pace.pause(ATTEMPT) <= LONGEST));
        assert_eq!(pace.losses(), 3);
    }

    #[test]
    fn writers_that_lose_together_do_not_wait_alike() {
        let pauses: Vec<Duration> = (0..8).map(|_| Pace::default().pause(ATTEMPT)).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
    }
}
