//! Waits until a writer that lost a race should make its next attempt; this module must not push.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::pace::Pace;
use crate::git::{GitError, Remote, Snapshot};

/// A push that is no longer than this is quick, whatever a look takes.
const QUICK: Duration = Duration::from_millis(150);

/// So many looks take as long as a push that is slow.
const SLOW: u32 = 10;

/// How often a push's time is looked at while it is watched, and how long a pause between two looks is at least.
const LOOKS: u32 = 8;
const BETWEEN: Duration = Duration::from_millis(30);

/// Waits for a turn after an attempt that took this long, from asking for the tip on. On a server whose pushes are slow, all that
/// are under way when one lands are lost: so the best moment to push is right after somebody has landed.
pub(super) async fn turn(
    (remote, snapshot): (&Remote, &Snapshot),
    attempt: Duration,
    pace: &mut Pace,
) -> Result<(), GitError> {
    let asked = Instant::now();
    let seen = if pace.push() > QUICK { Some(remote.tip_again(snapshot).await?) } else { None };
    let Some(seen) = seen.filter(|_| pace.push() > asked.elapsed() * SLOW) else {
        sleep(pace.pause(attempt)).await;
        return Ok(());
    };
    if let Some(pause) = pace.listening() {
        sleep(pause).await;
        if remote.tip_again(snapshot).await? == seen {
            // There is nobody else, as far as can be told.
            return Ok(());
        }
    }
    sleep(pace.among_others()).await;
    watch((remote, snapshot), pace).await
}

/// Watches the branch for a push's time, or until it moves.
async fn watch((remote, snapshot): (&Remote, &Snapshot), pace: &mut Pace) -> Result<(), GitError> {
    let (seen, push) = (remote.tip_again(snapshot).await?, pace.push());
    let started = Instant::now();
    while started.elapsed() < push + push / 5 {
        sleep(BETWEEN.max(push / LOOKS)).await;
        if remote.tip_again(snapshot).await? != seen {
            pace.watched(true);
            return Ok(());
        }
    }
    pace.watched(false);
    Ok(())
}
