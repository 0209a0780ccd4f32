//! How slowly an answer may come: whoever sends less than this in a minute is given up. This module must not wait itself.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

/// The time in which something has to come.
const WINDOW: Duration = Duration::from_mins(1);

/// How much has to come of an ordinary answer: a modem sends more, a server that plays for time does not.
const LEAST: usize = 1024;

/// How much has to come of an answer that the other side works for: one empty packet of Git, which says that it is alive.
const LEAST_ALIVE: usize = 5;

/// What has come of an answer since it was last known to come fast enough. Time in which nobody waits does not count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    least: usize,
    waited: Duration,
    bytes: usize,
}

/// An answer that comes too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooSlow;

impl Floor {
    /// Of an answer that is sent as soon as it is asked for: at least 1 KiB a minute.
    pub(crate) const ORDINARY: Self = Self::of(LEAST);

    /// Of an answer that the other side has to work for: at least a sign of life a minute.
    pub(crate) const ALIVE: Self = Self::of(LEAST_ALIVE);

    const fn of(least: usize) -> Self {
        Self { least, waited: Duration::ZERO, bytes: 0 }
    }

    /// Another answer begins.
    pub(crate) fn restart(&mut self) {
        *self = Self::of(self.least);
    }

    /// How long the next piece may take.
    pub(crate) fn left(&self) -> Duration {
        WINDOW.saturating_sub(self.waited)
    }

    /// So many bytes came after so long a wait.
    pub(crate) fn came(&mut self, bytes: usize, waited: Duration) -> Result<(), TooSlow> {
        self.waited += waited;
        self.bytes += bytes;
        if self.bytes >= self.least {
            self.restart();
        }
        if self.left().is_zero() { Err(TooSlow) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many seconds a server lasts that sends this much each time; none when it is never given up.
    fn lasts(mut floor: Floor, bytes: usize, every: u64) -> Option<u64> {
        (1..1000).find(|_| floor.came(bytes, Duration::from_secs(every)).is_err()).map(|times| times * every)
    }

    #[test]
    fn a_trickle_ends_after_a_minute_and_a_slow_link_does_not() {
        for (bytes, every, ends) in
            [(1, 20, Some(60)), (1, 1, Some(60)), (17, 1, Some(60)), (18, 1, None), (400, 20, None), (1024, 59, None)]
        {
            assert_eq!(lasts(Floor::ORDINARY, bytes, every), ends, "{bytes} bytes every {every} s");
        }
    }

    #[test]
    fn a_sign_of_life_a_minute_is_enough_for_a_server_that_works() {
        for (bytes, every, ends) in [(1, 20, Some(60)), (1, 15, Some(60)), (5, 5, None), (5, 59, None), (4, 30, None)] {
            assert_eq!(lasts(Floor::ALIVE, bytes, every), ends, "{bytes} bytes every {every} s");
        }
    }
}
