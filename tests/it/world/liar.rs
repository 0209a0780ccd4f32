//! A server on a socket that answers as a test tells it to, one request a connection; knows nothing of registries.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Starts a server that answers every request by its first line; ends with the process.
pub(crate) fn liar(answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> String {
    liar_in_full(move |head, stream| answer(head.lines().next().unwrap_or_default(), stream))
}

/// Starts a server that answers every request by its whole head; ends with the process.
pub(crate) fn liar_in_full(
    answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the listener is bound").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, &answer);
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: &impl Fn(&str, &mut TcpStream) -> std::io::Result<()>) {
    let mut head = Vec::new();
    let mut byte = [0];
    // TLS begins with another byte than a request does.
    while !head.ends_with(b"\r\n\r\n") && head.first() != Some(&0x16) {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    if head.first() == Some(&0x16) {
        return;
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    // A client that has heard enough hangs up.
    let _ = answer(&head, &mut stream);
}

/// An answer with a body, after which the connection ends.
pub(crate) fn says(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}
