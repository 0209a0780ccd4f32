//! Until when an exchange is made again whose failure may pass; this module must not know what is exchanged.
//!
//! All exchanges with one repository share one deadline, the reading and the push. What a server asks to wait counts, up to
//! the time that is left. A server that has answered before, if only that it is busy, is asked until the deadline; one that was never
//! reached, for a shorter time, since that is more often a wrong address than a restart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::GitError;
use super::passing::Passing;

/// The first pause; each next one is longer by this factor, up to the longest.
const FIRST: Duration = Duration::from_millis(400);
const FACTOR: f64 = 2.0;
const LONGEST: Duration = Duration::from_secs(15);

/// How long a server is tried that has not answered yet.
const UNREACHED: Duration = Duration::from_secs(20);

/// Until when failures that may pass are followed by another try. Clones share it; the default is that there is no other try.
#[derive(Clone, Debug, Default)]
pub struct Deadline(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    clock: Clock,
    reading: Trouble,
    /// Whether the server has answered at all.
    is_reached: bool,
}

#[derive(Clone, Copy, Debug)]
enum Clock {
    Runs(Instant),
    Stands(Duration),
}

/// The failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trouble {
    count: i32,
    since: Option<Instant>,
}

impl Deadline {
    /// So long from now on.
    pub fn after(time: Duration) -> Self {
        let shared =
            Shared { clock: Clock::Runs(Instant::now() + time), reading: Trouble::default(), is_reached: false };
        Self(Arc::new(Mutex::new(shared)))
    }

    /// Stops the clock: what is waited for until [`Deadline::go_on`] is not this repository's.
    pub fn pause(&self) {
        let left = self.left();
        self.lock().clock = Clock::Stands(left);
    }

    /// Lets the clock go on with what was left.
    pub fn go_on(&self) {
        let left = self.left();
        self.lock().clock = Clock::Runs(Instant::now() + left);
    }

    /// Waits before a question is asked again; gives the error back when it is not.
    pub(super) async fn before_again(&self, error: GitError) -> Result<(), GitError> {
        let mut trouble = self.lock().reading;
        let pause = self.next(&error, &mut trouble);
        self.lock().reading = trouble;
        let Some(pause) = pause else { return Err(error) };
        wait(&error, pause).await;
        Ok(())
    }

    /// The server has answered, whatever comes of the exchange.
    pub(super) fn reached(&self) {
        self.lock().is_reached = true;
    }

    /// A question was answered: the next failure is the first one again.
    pub(super) fn answered(&self) {
        let mut shared = self.lock();
        shared.reading = Trouble::default();
        shared.is_reached = true;
    }

    /// The pause before another try after this failure; none when there is no other.
    pub(super) fn next(&self, error: &GitError, trouble: &mut Trouble) -> Option<Duration> {
        let passing = error.passing()?;
        let tried = trouble.since.get_or_insert_with(Instant::now).elapsed();
        trouble.count += 1;
        let is_reached = {
            let mut shared = self.lock();
            shared.is_reached |= passing != Passing::Broken;
            shared.is_reached
        };
        let left = self.left();
        pause(passing, trouble.count, if is_reached { left } else { left.min(UNREACHED.saturating_sub(tried)) })
    }

    fn left(&self) -> Duration {
        match self.lock().clock {
            Clock::Runs(end) => end.saturating_duration_since(Instant::now()),
            Clock::Stands(left) => left,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::Stands(Duration::ZERO)
    }
}

impl Trouble {
    /// Whether there was any.
    pub(super) fn is_any(self) -> bool {
        self.count > 0
    }
}

/// The pause after the failure with this number, in the time that is left.
fn pause(passing: Passing, count: i32, left: Duration) -> Option<Duration> {
    let backoff = FIRST.mul_f64(FACTOR.powi((count - 1).min(16))).min(LONGEST);
    let backoff = backoff.mul_f64(0.5 + fastrand::f64() / 2.0);
    match passing {
        _ if left.is_zero() => None,
        // To come back before the time would only be turned away again.
        Passing::Busy(Some(asked)) => Some(asked.max(backoff.min(left))).filter(|pause| *pause <= left),
        Passing::Busy(None) | Passing::Broken => Some(backoff.min(left)),
    }
}

/// Says that something is tried again, and waits until then.
pub(super) async fn wait(error: &GitError, pause: Duration) {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    tracing::info!("{error}{source}; trying again in {:.1} s", pause.as_secs_f32());
    tokio::time::sleep(pause).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: fn(u64) -> Passing = |seconds| Passing::Busy(Some(Duration::from_secs(seconds)));

    const BROKEN: fn() -> GitError = || GitError::Broken { host: "h".to_owned(), reason: "reset".to_owned() };

    #[test]
    fn the_time_that_is_left_is_used_up_in_few_tries() {
        for passing in [Passing::Busy(None), Passing::Broken] {
            for _ in 0..100 {
                let (mut left, mut count) = (Duration::from_mins(2), 1);
                while let Some(pause) = pause(passing, count, left) {
                    left -= pause;
                    count += 1;
                }
                assert!(left.is_zero() && (10..30).contains(&count), "{count}");
            }
        }
    }

    #[test]
    fn a_server_that_was_never_reached_is_tried_for_a_shorter_time() {
        let tried = |time| Trouble { count: 3, since: Instant::now().checked_sub(time) };
        let (short, long) = (UNREACHED / 2, UNREACHED + Duration::from_secs(1));
        let deadline = Deadline::after(Duration::from_mins(2));
        assert!(deadline.next(&BROKEN(), &mut tried(short)).is_some());
        assert!(deadline.next(&BROKEN(), &mut tried(long)).is_none());
        deadline.reached();
        assert!(deadline.next(&BROKEN(), &mut tried(long)).is_some());
    }

    #[test]
    fn what_a_server_asks_to_wait_counts_up_to_the_time_that_is_left() {
        let minute = Duration::from_mins(1);
        for (asked, wanted) in [(7, Some(7)), (60, Some(60)), (61, None), (u64::MAX, None)] {
            let pause = pause(ASKED(asked), 1, minute);
            assert_eq!(pause.map(|pause| pause.as_secs()), wanted, "{asked}");
        }
        assert!(pause(ASKED(0), 1, minute).is_some_and(|pause| pause <= FIRST));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let deadline = Deadline::after(Duration::from_mins(1));
        let broken = BROKEN();
        assert!(deadline.next(&broken, &mut Trouble::default()).is_some());
        assert!(Deadline::default().next(&broken, &mut Trouble::default()).is_none());
        assert!(deadline.next(&GitError::EmptyRepository, &mut Trouble::default()).is_none());
    }

    #[test]
    fn the_clock_stands_while_others_are_waited_for() {
        let deadline = Deadline::after(Duration::from_mins(1));
        deadline.pause();
        let left = deadline.left();
        assert!(!left.is_zero() && left == deadline.clone().left());
        deadline.go_on();
        assert!(deadline.left() <= left);
    }
}
