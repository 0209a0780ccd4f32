//! A server on a socket that takes connections and never answers; knows no protocol.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A server that is there and says nothing; ends with the process.
pub(crate) struct Silent {
    /// `HOST:PORT`.
    pub(crate) address: String,
    callers: Arc<AtomicUsize>,
}

impl Silent {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let callers = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&callers);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for socket in listener.incoming() {
                kept.push(socket);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, callers }
    }

    /// How many connections were made.
    pub(crate) fn callers(&self) -> usize {
        self.callers.load(Ordering::SeqCst)
    }

    /// Whether anybody waits for an answer.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.callers.load(Ordering::SeqCst) > 0
    }
}
