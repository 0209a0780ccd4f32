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
        let longest = self.longest(attempt);
        self.losses += 1;
        longest.mul_f64(fastrand::f64())
    }

    /// What the next pause is drawn from: any time up to this one.
    fn longest(&self, attempt: Duration) -> Duration {
        let spread = FIRST_SPREAD * GROWTH.powf(f64::from(self.losses.min(16)));
        attempt.min(LONGEST).mul_f64(spread).min(LONGEST)
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
    fn the_longest_pause_grows_with_the_losses_and_stays_bounded() {
        for (losses, milliseconds) in [(0, 250), (1, 325), (6, 1206), (16, 16635), (17, 16635)] {
            assert_eq!(Pace { losses }.longest(ATTEMPT).as_millis(), milliseconds, "{losses} losses");
        }
        assert_eq!(Pace { losses: 0 }.longest(Duration::from_mins(1)), LONGEST);
        assert_eq!(Pace { losses: u32::MAX }.longest(Duration::from_secs(1)), LONGEST);
    }

    #[test]
    fn a_pause_is_drawn_from_the_whole_of_it_and_counts_as_a_loss() {
        fastrand::seed(7);
        let drawn: Vec<f64> = (0..4).map(|_| fastrand::f64()).collect();
        fastrand::seed(7);
        let mut pace = Pace::default();
        for (losses, share) in (1..).zip(drawn) {
            let longest = pace.longest(ATTEMPT);
            assert_eq!((pace.pause(ATTEMPT), pace.losses()), (longest.mul_f64(share), losses));
        }
        assert_eq!(pace.losses(), 4);
    }
}
