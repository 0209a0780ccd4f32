//! How long a writer that lost a race stands back before its next attempt; this module must not sleep itself.
//!
//! Writers know nothing of each other. Where a push takes about as long as a look at the branch, each waits a random part of a few
//! attempts' time: longer, the more races it lost. Where a push takes far longer, as with hooks that check it, looks are cheap
//! beside it: there a writer listens first, and learns from what it sees how many others there are.

#![deny(clippy::disallowed_methods)]

use std::ops::Range;
use std::time::Duration;

/// Out of how many attempts' time the first pause is drawn where pushes are quick. Measured with 2 to 64 writers: less, and most
/// pushes are lost; more, and the server stands idle.
const FIRST_SPREAD: f64 = 2.5;

/// How much each further loss adds to it.
const GROWTH: f64 = 1.3;

/// Where pushes are slow: out of which part of a push's time the first pause is drawn, in which nobody may land.
const LISTENING: Range<f64> = 0.3..1.5;

/// Out of how many pushes' time a pause among others is drawn at first, and within which bounds.
const AMONG_OTHERS: f64 = 6.0;
const BOUNDS: Range<f64> = 2.5..24.0;

/// What a push comes to that was made as soon as somebody landed, and lost: others do the same.
const CROWDED: f64 = 1.5;

/// What it comes to when nobody landed while a push's time was watched: few are left.
const QUIET: f64 = 0.6;

/// No pause is longer, however slow the server is.
const LONGEST: Duration = Duration::from_secs(20);

/// A writer's pauses.
#[derive(Debug)]
pub(super) struct Pace {
    losses: u32,
    /// The quickest push so far: others that contend for the server's processors make one seem slow.
    quickest: Duration,
    spread: f64,
    has_followed: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { losses: 0, quickest: LONGEST, spread: AMONG_OTHERS, has_followed: false }
    }
}

impl Pace {
    /// Learns that a race was lost, with a push that took this long.
    pub(super) fn lost(&mut self, push: Duration) {
        self.losses += 1;
        self.quickest = self.quickest.min(push);
        if std::mem::take(&mut self.has_followed) {
            self.spread = (self.spread * CROWDED).min(BOUNDS.end);
        }
    }

    /// How many races were lost so far.
    pub(super) fn losses(&self) -> u32 {
        self.losses
    }

    /// The pause after an attempt that took this long, from asking for the tip on, and lost, where pushes are quick.
    pub(super) fn pause(&self, attempt: Duration) -> Duration {
        let spread = FIRST_SPREAD * GROWTH.powf(f64::from(self.losses.saturating_sub(1).min(16)));
        drawn(attempt, 0.0..spread)
    }

    /// How long a push takes that nothing slows down, as far as is known.
    pub(super) fn push(&self) -> Duration {
        self.quickest
    }

    /// How long to listen for others before a push is made again; none when others are known.
    pub(super) fn listening(&self) -> Option<Duration> {
        (self.losses <= 1).then(|| drawn(self.quickest, LISTENING))
    }

    /// The pause among others.
    pub(super) fn among_others(&self) -> Duration {
        drawn(self.quickest, 0.0..self.spread)
    }

    /// Learns whether somebody landed while a push's time was watched.
    pub(super) fn watched(&mut self, has_landed: bool) {
        self.has_followed = has_landed;
        if !has_landed {
            self.spread = (self.spread * QUIET).max(BOUNDS.start);
        }
    }
}

/// A random time between these multiples of an attempt's.
fn drawn(attempt: Duration, between: Range<f64>) -> Duration {
    let attempt = attempt.min(LONGEST);
    let part = between.start + (between.end - between.start) * fastrand::f64();
    attempt.mul_f64(part).min(LONGEST.mul_f64(0.5 + fastrand::f64() / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: Duration = Duration::from_millis(100);

    #[test]
    fn pauses_stay_bounded_and_reach_further_with_each_loss() {
        let longest = |losses: u32| {
            let pace = Pace { losses, ..Pace::default() };
            (0..1000).map(|_| pace.pause(ATTEMPT)).max().unwrap_or_default()
        };
        assert!(longest(1) <= ATTEMPT.mul_f64(FIRST_SPREAD));
        assert!(longest(6) > ATTEMPT.mul_f64(FIRST_SPREAD * GROWTH.powi(4)));
        let far = Pace { losses: 23, ..Pace::default() };
        assert!((0..100).all(|_| far.pause(Duration::from_mins(1)) <= LONGEST && far.among_others() <= LONGEST));
    }

    #[test]
    fn one_loss_is_listened_after_and_no_other() {
        let mut pace = Pace::default();
        pace.lost(ATTEMPT);
        let listening = pace.listening().unwrap();
        assert!((ATTEMPT.mul_f64(LISTENING.start)..ATTEMPT.mul_f64(LISTENING.end)).contains(&listening));
        pace.lost(ATTEMPT * 2);
        assert_eq!((pace.listening(), pace.losses(), pace.push()), (None, 2, ATTEMPT));
    }

    #[test]
    fn losses_among_others_widen_the_pauses_and_quiet_narrows_them() {
        let mut pace = Pace::default();
        pace.lost(ATTEMPT);
        assert!(pace.spread == AMONG_OTHERS, "a loss alone tells nothing of how many others there are");
        pace.watched(true);
        pace.lost(ATTEMPT);
        assert!(pace.spread > AMONG_OTHERS);
        (0..100).for_each(|_| pace.watched(false));
        pace.lost(ATTEMPT);
        assert!(pace.spread == BOUNDS.start);
        for _ in 0..100 {
            pace.watched(true);
            pace.lost(ATTEMPT);
        }
        assert!(pace.spread == BOUNDS.end);
    }
}
