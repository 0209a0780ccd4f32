//! A server whose API a test plays, and which passes everything else on to the Git server; knows no forge.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::Value;

/// What an API was asked.
pub(super) struct Asked {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// The whole header.
    pub(super) token: Option<String>,
    head: Vec<String>,
    pub(super) body: Value,
}

impl Asked {
    /// What a header says.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.iter().filter_map(|line| line.split_once(": "));
        pairs.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// A part of the query.
    pub(super) fn wanted(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The path's components behind this beginning.
    pub(super) fn below(&self, base: &str) -> Vec<String> {
        let rest = self.path.strip_prefix(base).unwrap_or_default();
        rest.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
    }
}

/// Starts before the Git server at `HOST:PORT`; returns its own address. What is below `/api/` is played.
pub(super) fn start(git: &str, api: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the listener is bound").to_string();
    let (git, api) = (git.to_owned(), Arc::new(api));
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (git, api) = (git.clone(), Arc::clone(&api));
            thread::spawn(move || serve(socket, &git, api.as_ref()));
        }
    });
    address
}

/// Serves one request a connection.
fn serve(mut socket: TcpStream, git: &str, api: &dyn Fn(&Asked) -> (u16, Value)) -> Option<()> {
    let (head, body) = read(&socket)?;
    let line = head.first()?.clone();
    let (method, target) = line.rsplit_once(' ')?.0.split_once(' ')?;
    if !target.starts_with("/api/") {
        return pass_on(&mut socket, git, &head, &body);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut asked = Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        token: None,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        head,
    };
    asked.token = asked.header("authorization").map(str::to_owned);
    let (status, answer) = api(&asked);
    let text = if answer.is_null() { String::new() } else { answer.to_string() };
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: {}\r\n",
        text.len()
    );
    socket.write_all(format!("{head}Connection: close\r\n\r\n{text}").as_bytes()).ok()
}

fn read(socket: &TcpStream) -> Option<(Vec<String>, Vec<u8>)> {
    let mut reader = BufReader::new(socket);
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().ok()?;
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn pass_on(socket: &mut TcpStream, git: &str, head: &[String], body: &[u8]) -> Option<()> {
    let mut server = TcpStream::connect(git).ok()?;
    let kept = head.iter().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head: Vec<String> = kept.cloned().chain(["Connection: close".to_owned()]).collect();
    server.write_all(format!("{}\r\n\r\n", head.join("\r\n")).as_bytes()).ok()?;
    server.write_all(body).ok()?;
    std::io::copy(&mut server, socket).ok().map(drop)
}

fn decoded(part: &str) -> String {
    let text = part.replace('+', "%2B");
    let pair = url::form_urlencoded::parse(text.as_bytes()).next();
    pair.map(|(name, _)| name.into_owned()).unwrap_or_default()
}
