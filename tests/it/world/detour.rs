//! A server before a real one: it passes requests on, keeps what it was asked, and answers those that a test picks itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::secrets::Secret;

/// What a test answers a request with; none passes it on.
type Pick = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A running server; it ends with the process.
pub(crate) struct Detour {
    /// `HOST:PORT`.
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Detour {
    /// Starts before `HOST:PORT`. The test sees a request's head.
    pub(crate) fn before(server: &str, pick: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
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
    log.lock().expect("nobody panics").push([head.as_bytes(), &body].concat());
    if let Some(answer) = pick(&head) {
        // A client that has heard enough hangs up.
        let _ = client.write_all(answer.as_bytes());
        return;
    }
    let Ok(mut upstream) = TcpStream::connect(server) else { return };
    // One request a connection: the end of the answer is the end of the connection.
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    if upstream.write_all(head.as_bytes()).and_then(|()| upstream.write_all(&body)).is_ok() {
        let _ = std::io::copy(&mut upstream, &mut client);
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
