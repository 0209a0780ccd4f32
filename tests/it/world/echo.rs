//! A server that keeps every byte that it gets, and says all of it back when a test lets it fail; knows nothing of what is
//! asked.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As the server behind it does.
    Honest,
    /// With this status line, and the request in every header and in the body.
    Status(&'static str),
    /// With a challenge that names this token service.
    Challenge(String),
    /// With a redirect to the same path at this `HOST:PORT`.
    Redirect(String),
    /// With half of an answer that repeats the request.
    Cut,
    /// As if TLS were spoken here.
    Tls,
    /// With this as JSON, and the request in a member of it.
    Json(&'static str),
}

/// A running server; it ends with the process.
pub(crate) struct Echo {
    /// `HOST:PORT`.
    pub(crate) address: String,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    manner: Arc<Mutex<Manner>>,
}

/// What one connection needs.
#[derive(Clone)]
struct Desk {
    behind: Option<String>,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    manner: Arc<Mutex<Manner>>,
}

impl Echo {
    /// A server before another one, `HOST:PORT`.
    pub(crate) fn before(server: &str) -> Self {
        Self::start(Some(server.to_owned()), Manner::Honest)
    }

    /// A server that stands for itself.
    pub(crate) fn alone(manner: Manner) -> Self {
        Self::start(None, manner)
    }

    fn start(behind: Option<String>, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let (heard, manner) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(manner)));
        let desk = Desk { behind, heard: Arc::clone(&heard), manner: Arc::clone(&manner) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let desk = desk.clone();
                thread::spawn(move || serve(stream, &desk));
            }
        });
        Self { address, heard, manner }
    }

    /// Answers this way from now on.
    pub(crate) fn answer(&self, manner: &Manner) {
        *self.manner.lock().expect("nobody panics") = manner.clone();
    }

    /// Everything that it got, one text a connection.
    pub(crate) fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("nobody panics");
        heard.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    /// Forgets what it got.
    pub(crate) fn forget(&self) {
        self.heard.lock().expect("nobody panics").clear();
    }
}

/// Serves one request; what follows it on the connection is kept, too.
fn serve(mut client: TcpStream, desk: &Desk) {
    let place = {
        let mut heard = desk.heard.lock().expect("nobody panics");
        heard.push(Vec::new());
        heard.len() - 1
    };
    let request = read(&mut client);
    if let Some(kept) = desk.heard.lock().expect("nobody panics").get_mut(place) {
        kept.extend(&request);
    }
    let manner = desk.manner.lock().expect("nobody panics").clone();
    if let (Manner::Honest, Some(behind)) = (&manner, &desk.behind) {
        return pass_on(&mut client, &request, behind);
    }
    // A client that has heard enough hangs up.
    let _ = client.write_all(answer(&manner, &request).as_bytes());
    let _ = client.shutdown(Shutdown::Write);
}

/// One request a connection: the end of the answer is the end of the connection.
fn pass_on(client: &mut TcpStream, request: &[u8], server: &str) {
    let Ok(mut upstream) = TcpStream::connect(server) else { return };
    let line = request.windows(2).position(|pair| pair == b"\r\n").unwrap_or(0);
    let closed = [&request[..line], b"\r\nConnection: close", &request[line..]].concat();
    if upstream.write_all(&closed).is_ok() {
        // A client that has seen enough hangs up.
        let _ = std::io::copy(&mut upstream, client);
    }
}

/// A request with its body, or whatever comes in place of one.
fn read(client: &mut TcpStream) -> Vec<u8> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    // TLS begins with another byte than a request does.
    while !request.ends_with(b"\r\n\r\n") && request.first() != Some(&0x16) {
        match client.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return request,
        }
    }
    if request.first() == Some(&0x16) {
        let mut rest = [0; 4096];
        let count = client.read(&mut rest).unwrap_or(0);
        request.extend(&rest[..count]);
        return request;
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    // What came is kept, also of a body that breaks off.
    let _ = client.take(length).read_to_end(&mut request);
    request
}

fn answer(manner: &Manner, request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let path = text.split(' ').nth(1).unwrap_or("/").to_owned();
    let said = repeated(&text);
    let body = serde_json::json!({
        "errors": [{ "code": "DENIED", "message": said, "detail": said }],
        "message": said, "error": said, "error_description": said,
    });
    let with = |status: &str, headers: &str, body: &str| {
        let length = body.len();
        let kind = if path.contains("git-") { "text/plain" } else { "application/json" };
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {kind}\r\nX-Said: {said}\r\nServer: {said}\r\n\
             Content-Length: {length}\r\n{headers}\r\n{body}"
        )
    };
    let quoted = said.replace(['"', '\\'], "'");
    match manner {
        Manner::Status(status) if path.contains("git-") => {
            with(status, &format!("WWW-Authenticate: Basic realm=\"{quoted}\"\r\n"), &said)
        }
        Manner::Status(status) => {
            with(status, &format!("WWW-Authenticate: Basic realm=\"{quoted}\"\r\n"), &body.to_string())
        }
        Manner::Challenge(service) => {
            let challenge =
                format!("WWW-Authenticate: Bearer realm=\"http://{service}/token\",service=\"{quoted}\"\r\n");
            with("401 Unauthorized", &challenge, &body.to_string())
        }
        Manner::Redirect(server) => {
            with("307 Temporary Redirect", &format!("Location: http://{server}{path}\r\n"), &body.to_string())
        }
        Manner::Json(json) => {
            let mut json: serde_json::Value = serde_json::from_str(json).expect("a test writes JSON");
            if let Some(object) = json.as_object_mut() {
                object.insert("said".to_owned(), serde_json::json!(said));
            }
            with("200 OK", "", &json.to_string())
        }
        Manner::Honest | Manner::Cut => {
            format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nX-Said: {said}\r\n\r\n{said}")
        }
        Manner::Tls => format!("\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{28}{said}"),
    }
}

/// The request in one line, and what its Basic headers say.
fn repeated(request: &str) -> String {
    let decoded = request.split_whitespace().filter_map(|word| STANDARD.decode(word).ok());
    let decoded = decoded.filter_map(|bytes| String::from_utf8(bytes).ok()).filter(|text| text.contains(':'));
    let shown: Vec<&str> = request.lines().filter(|line| line.contains("oken") || line.contains("uthoriz")).collect();
    let whole = format!("{} {} {request}", decoded.collect::<Vec<_>>().join(" "), shown.join(" "));
    whole.chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).collect()
}
