//! The signals that end a run; this module must not decide what is left behind.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a process to end.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// The name of the signal that came.
pub(crate) type Interruption = &'static str;

impl Signals {
    /// Listens from now on.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Does some work unless a signal comes first. The work is then dropped, so that nothing it made stays behind.
    pub(crate) async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Interruption> {
        tokio::select! {
            done = work => Ok(done),
            _ = self.terminate.recv() => Err("SIGTERM"),
            _ = self.interrupt.recv() => Err("SIGINT"),
            _ = self.hangup.recv() => Err("SIGHUP"),
        }
    }
}
