//! Work that takes a processor and not a server, away from the thread that waits for servers, timeouts and signals. This
//! module must not know what the work is.
//!
//! All waiting is done on one thread. What computes there for long would keep a signal from ending the run, and the
//! timeout of every server from being noticed.

use std::sync::mpsc;
use std::time::Duration;

/// Runs work on a thread of its own and waits for its result. Whoever stops waiting leaves the work to end by itself; the
/// process does not wait for it.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is being shut down, and nobody waits any more.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Runs work on a thread of its own for at most this long; none when it has not ended by then. What has not ended goes on
/// until the process ends, so the run should end soon.
pub(crate) fn briefly<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody waits any more when the time is over.
        let _ = sender.send(work());
    });
    receiver.recv_timeout(limit).ok()
}
