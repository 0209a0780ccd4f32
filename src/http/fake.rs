//! A server on a socket that answers as a test tells it to; knows nothing of what is asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What stands in place of a request that begins as TLS does.
const TLS: &str = "TLS";

/// A server that keeps what it was asked; a connection carries one request.
pub(crate) struct Fake {
    /// `HOST:PORT`.
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Starts a server whose answer is made from the request's head and the server's own address.
    pub(crate) async fn start(answer: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> Self {
        Self::slow(answer, Duration::ZERO).await
    }

    /// The same, with a pause behind the headers and every byte of the body.
    pub(crate) async fn slow(answer: impl Fn(&str, &str) -> String + Send + Sync + 'static, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (own, log) = (address.clone(), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = head(&mut stream).await;
                log.lock().unwrap().push(head.clone());
                let text = if head == TLS { says("400 Bad Request", "", "") } else { answer(&head, &own) };
                write(&mut stream, &text, pause).await;
            }
        });
        Self { address, requests }
    }

    /// The head of each request, or `TLS`.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Method and path of each request.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.heads().iter().map(|head| head.split(" HTTP/").next().unwrap_or_default().to_owned()).collect()
    }
}

/// An answer with a body, after which the connection ends.
pub(crate) fn says(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

async fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap_or(0) == 1 {
        head.push(byte[0]);
        if head.starts_with(&[0x16]) {
            return TLS.to_owned();
        }
    }
    String::from_utf8(head).unwrap()
}

async fn write(stream: &mut TcpStream, answer: &str, pause: Duration) {
    let (start, body) = answer.split_at(answer.find("\r\n\r\n").unwrap() + 4);
    let body: Vec<&[u8]> = if pause.is_zero() { vec![body.as_bytes()] } else { body.as_bytes().chunks(1).collect() };
    for piece in std::iter::once(start.as_bytes()).chain(body) {
        // The client may have gone when it has read enough.
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::time::sleep(pause).await;
    }
}
