//! A TCP proxy that counts bytes and can stop the world just before a request goes on; knows no protocol.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Stands between the binary and a server until it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    down: AtomicU64,
    up: AtomicU64,
    requests: AtomicU64,
    closed: AtomicBool,
    to_refuse: AtomicU64,
    refused: AtomicU64,
    interruption: Mutex<Option<Interruption>>,
}

struct Interruption {
    request: &'static str,
    action: Box<dyn FnOnce() + Send>,
}

impl Proxy {
    /// A proxy on a free port to `HOST:PORT`.
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let state = Arc::new(State::default());
        let (server, shared) = (server.to_owned(), Arc::clone(&state));
        thread::spawn(move || accept(&listener, &server, &shared));
        Self { address, state }
    }

    /// Runs the action once, before the first request that holds this text goes on to the server.
    pub(crate) fn interrupt(&self, request: &'static str, action: impl FnOnce() + Send + 'static) {
        let action = Box::new(action);
        *lock(&self.state.interruption) = Some(Interruption { request, action });
    }

    /// Ends so many connections before a byte went either way.
    pub(crate) fn refuse(&self, connections: u64) {
        self.state.to_refuse.store(connections, Ordering::SeqCst);
    }

    /// How many were ended.
    pub(crate) fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::SeqCst)
    }

    /// `HOST:PORT` of the proxy.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Bytes that the server sent.
    pub(crate) fn downloaded(&self) -> u64 {
        self.state.down.load(Ordering::SeqCst)
    }

    /// HTTP/1.1 requests that the client sent; each of ours fits a packet.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// Bytes that the client sent.
    pub(crate) fn uploaded(&self) -> u64 {
        self.state.up.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; when that fails it is gone already.
        drop(TcpStream::connect(self.address));
    }
}

fn accept(listener: &TcpListener, server: &str, state: &Arc<State>) {
    for client in listener.incoming() {
        if state.closed.load(Ordering::SeqCst) {
            return;
        }
        if state.refuses() {
            continue;
        }
        let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) else {
            continue;
        };
        let (up, down) = (Arc::clone(state), Arc::clone(state));
        let both = (client.try_clone().and_then(|c| Ok((c, server.try_clone()?)))).expect("sockets can be shared");
        thread::spawn(move || {
            forward(client, server, |bytes| {
                up.up.fetch_add(bytes.len() as u64, Ordering::SeqCst);
                let lines = bytes.windows(11).filter(|window| window == b" HTTP/1.1\r\n").count();
                up.requests.fetch_add(lines as u64, Ordering::SeqCst);
                up.interrupt_before(bytes);
            });
        });
        thread::spawn(move || {
            forward(both.1, both.0, |bytes| {
                down.down.fetch_add(bytes.len() as u64, Ordering::SeqCst);
            });
        });
    }
}

/// Copies until either side ends, then ends the other.
fn forward(mut from: TcpStream, mut to: TcpStream, seen: impl Fn(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        seen(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // The other side may have closed first.
    let _ = to.shutdown(Shutdown::Write);
}

impl State {
    fn refuses(&self) -> bool {
        let refuses = |left: u64| left.checked_sub(1);
        let is_refused = self.to_refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuses).is_ok();
        self.refused.fetch_add(u64::from(is_refused), Ordering::SeqCst);
        is_refused
    }

    fn interrupt_before(&self, bytes: &[u8]) {
        let mut slot = lock(&self.interruption);
        let asked = slot.as_ref().is_some_and(|interruption| {
            bytes.windows(interruption.request.len()).any(|window| window == interruption.request.as_bytes())
        });
        if asked && let Some(interruption) = slot.take() {
            (interruption.action)();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no action panics")
}
