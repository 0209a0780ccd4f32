//! A server before a real one: it passes requests on, keeps what it was asked, and answers those that a test picks itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::secrets::Secret;

/// What becomes of a request.
pub(crate) enum Turn {
    /// It goes on to the server, and the answer comes back.
    Pass,
    /// It is answered here.
    Answer(String),
    /// It goes on to the server, whose answer is dropped; this one takes its place.
    Forward(String),
    /// The same, with something that happens before the connection ends without an answer.
    ForwardThen(Box<dyn FnOnce() + Send>),
    /// It goes on to the server, and the answer ends before this many bytes of its end.
    Cut(usize),
    /// The connection ends without an answer.
    Close,
}

/// What a test does with a request.
type Pick = dyn Fn(&str) -> Turn + Send + Sync;

/// A running server; it ends with the process.
pub(crate) struct Detour {
    /// `HOST:PORT`.
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Detour {
    /// Starts before `HOST:PORT`. The test sees a request's head.
    pub(crate) fn before(server: &str, pick: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::turning(server, move |request| {
            let head = request.split_once("\r\n\r\n").map_or(request, |(head, _)| head);
            pick(&format!("{head}\r\n\r\n")).map_or(Turn::Pass, Turn::Answer)
        })
    }

    /// Starts before `HOST:PORT`. The test sees a request with its body.
    pub(crate) fn turning(server: &str, pick: impl Fn(&str) -> Turn + Send + Sync + 'static) -> Self {
        let (server, pick): (_, Arc<Pick>) = (server.to_owned(), Arc::new(pick));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, pick, log) = (server.clone(), Arc::clone(&pick), Arc::clone(&log));
                thread::spawn(move || serve(stream, &server, pick.as_ref(), &log));
            }
        });
        Self { address, requests }
    }

    /// A server that has an answer to everything.
    pub(crate) fn to_nothing(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::before("127.0.0.1:0", move |head| Some(answer(head)))
    }

    /// Every request with its body.
    pub(crate) fn asked(&self) -> Vec<String> {
        let requests = self.requests.lock().expect("nobody panics");
        requests.iter().map(|request| String::from_utf8_lossy(request).into_owned()).collect()
    }

    /// Panics when a request holds any form of the password, or a header that shows one.
    pub(crate) fn assert_saw_nothing_of(&self, secrets: &[Secret], case: &str) {
        for request in self.asked() {
            for secret in secrets {
                secret.assert_absent(case, request.as_bytes());
            }
            let head = request.to_ascii_lowercase();
            for name in ["\nauthorization:", "\nprivate-token:", "\ncookie:", "\nproxy-authorization:", "\nreferer:"] {
                assert!(!head.contains(name), "{case}: {request}");
            }
        }
    }
}

/// Serves one request.
fn serve(mut client: TcpStream, server: &str, pick: &Pick, log: &Mutex<Vec<Vec<u8>>>) {
    let Some((head, body)) = read(&mut client) else { return };
    let request = [head.as_bytes(), &body].concat();
    let turn = pick(&String::from_utf8_lossy(&request));
    log.lock().expect("nobody panics").push(request);
    let answer = match turn {
        Turn::Answer(answer) => answer.into_bytes(),
        Turn::Close => return,
        Turn::Forward(answer) => {
            forward(server, &head, &body, &mut std::io::sink());
            answer.into_bytes()
        }
        Turn::ForwardThen(then) => {
            forward(server, &head, &body, &mut std::io::sink());
            return then();
        }
        Turn::Cut(bytes) => {
            let mut answer = Vec::new();
            forward(server, &head, &body, &mut answer);
            answer.truncate(answer.len().saturating_sub(bytes));
            answer
        }
        Turn::Pass => return forward(server, &head, &body, &mut client),
    };
    // A client that has heard enough hangs up.
    let _ = client.write_all(&answer);
}

/// Sends a request on, and copies what comes back.
fn forward(server: &str, head: &str, body: &[u8], back: &mut impl Write) {
    let Ok(mut upstream) = TcpStream::connect(server) else { return };
    // One request a connection: the end of the answer is the end of the connection.
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    if upstream.write_all(head.as_bytes()).and_then(|()| upstream.write_all(body)).is_ok() {
        // Whoever waits for the answer may have gone.
        let _ = std::io::copy(&mut upstream, back);
    }
}

fn read(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
        // TLS begins with another byte than a request does.
        if head.first() == Some(&0x16) {
            return None;
        }
    }
    let head = origin_form(&String::from_utf8_lossy(&head));
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A client that takes the server for a proxy names the host in the first line, too.
fn origin_form(head: &str) -> String {
    match head.split_once(" http://") {
        Some((method, rest)) if !method.contains('\n') => {
            let path = rest.find('/').and_then(|start| rest.get(start..)).unwrap_or(rest);
            format!("{method} {path}")
        }
        _ => head.to_owned(),
    }
}
