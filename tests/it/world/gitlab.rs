//! A stand-in for GitLab's merge requests API on a real socket: it keeps requests as GitLab would; knows no Git.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

/// The token that it takes.
pub(crate) const GITLAB_TOKEN: &str = "glpat-ap1+t/ken~for-tests";

/// The API of one server.
pub(crate) struct Gitlab {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    requests: Vec<Value>,
    asked: Vec<String>,
    /// Statuses that the next requests to a path with this text get.
    troubles: Vec<(&'static str, u16)>,
    /// What it says its pages' addresses begin with, when that is not its own.
    pages: Option<String>,
}

impl State {
    fn pages(&self) -> &str {
        self.pages.as_deref().unwrap_or("http://127.0.0.1")
    }
}

impl Gitlab {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(socket, &state));
            }
        });
        Self { address, state }
    }

    /// The value of `$CI_API_V4_URL`.
    pub(crate) fn api(&self) -> String {
        format!("http://{}/api/v4", self.address)
    }

    /// All merge requests, the oldest first.
    pub(crate) fn merge_requests(&self) -> Vec<Value> {
        self.lock().requests.clone()
    }

    /// `METHOD PATH BODY` of everything that was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// Gives a merge request another state, as people do.
    pub(crate) fn set_state(&self, iid: usize, state: &str) {
        self.lock().requests[iid - 1]["state"] = json!(state);
    }

    /// Gives a merge request other fields.
    pub(crate) fn set(&self, iid: usize, fields: &Value) {
        let _ = update(&mut self.lock(), &iid.to_string(), fields);
    }

    /// Makes it say another beginning of its pages' addresses.
    pub(crate) fn set_pages(&self, pages: &str) {
        self.lock().pages = Some(pages.to_owned());
    }

    /// The next request whose method and path hold this text gets this status.
    pub(crate) fn trouble(&self, request: &'static str, status: u16) {
        self.lock().troubles.push((request, status));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no request panics")
    }
}

/// Serves one request a connection.
fn serve(mut socket: TcpStream, state: &Mutex<State>) {
    let Some((request, token, body)) = read(&socket) else { return };
    let (status, answer) = answer(&request, token.as_deref(), &body, state);
    respond(&mut socket, status, &answer);
}

/// Writes an answer.
pub(super) fn respond(socket: &mut TcpStream, status: u16, answer: &Value) {
    let text = answer.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", text.len());
    // A client that has seen enough hangs up.
    let _ = socket.write_all(format!("{head}Connection: close\r\n\r\n{text}").as_bytes());
}

/// `METHOD PATH`, the token, and the body: JSON, or a form's text.
pub(super) fn read(socket: &TcpStream) -> Option<(String, Option<String>, Value)> {
    let mut reader = BufReader::new(socket);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let request = line.rsplit_once(' ')?.0.to_owned();
    let (mut token, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "private-token" | "authorization" => token = Some(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = || json!(String::from_utf8_lossy(&body));
    Some((request, token, serde_json::from_slice(&body).unwrap_or_else(|_| text())))
}

fn answer(request: &str, token: Option<&str>, body: &Value, state: &Mutex<State>) -> (u16, Value) {
    let mut state = state.lock().expect("no request panics");
    state.asked.push(format!("{request} {body}"));
    if request == "POST /api/v4/projects/9/trigger/pipeline" {
        return if body.as_str().is_some_and(|form| form.contains("token=glptt-m1rror")) {
            (201, json!({ "id": 1, "web_url": "http://127.0.0.1/mirror/-/pipelines/1" }))
        } else {
            (404, json!({ "message": "404 Not Found" }))
        };
    }
    if token != Some(GITLAB_TOKEN) {
        return (401, json!({ "message": "401 Unauthorized" }));
    }
    if let Some(at) = state.troubles.iter().position(|(text, _)| request.contains(text)) {
        let (_, status) = state.troubles.remove(at);
        return (status, json!({ "message": "not \u{1b}[31mnow" }));
    }
    let (method, path) = request.split_once(' ').expect("the request line has a path");
    let path = path.strip_prefix("/api/v4/").unwrap_or(path);
    match (method, path.split(['/', '?']).collect::<Vec<_>>().as_slice()) {
        ("GET", ["projects", "7", "merge_requests", iid]) if iid.parse::<usize>().is_ok() => {
            update(&mut state, iid, &json!({}))
        }
        ("GET", ["projects", "7", "merge_requests", query]) => (200, json!(open(&state, query))),
        ("POST", ["projects", "7", "merge_requests"]) => create(&mut state, body),
        ("PUT", ["projects", "7", "merge_requests", iid]) => update(&mut state, iid, body),
        ("PUT", ["projects", "7", "merge_requests", iid, "merge"]) => {
            update(&mut state, iid, &json!({ "merge_when_pipeline_succeeds": true }))
        }
        ("GET", ["projects", project]) if project.contains("%2F") => (200, json!({ "id": 7 })),
        ("GET", ["users", query]) => match query.strip_prefix("username=") {
            Some("nobody") | None => (200, json!([])),
            Some(name) => (200, json!([{ "id": name.len(), "username": name }])),
        },
        _ => (404, json!({ "error": "404 Not Found" })),
    }
}

fn open<'a>(state: &'a State, query: &str) -> Vec<&'a Value> {
    let wanted = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.map(|value| value.replace("%2F", "/"))
    };
    let (source, target) = (wanted("source_branch"), wanted("target_branch"));
    let is_wanted = |request: &&Value| {
        request["state"] == "opened"
            && request["source_branch"].as_str() == source.as_deref()
            && request["target_branch"].as_str() == target.as_deref()
    };
    state.requests.iter().filter(is_wanted).collect()
}

fn create(state: &mut State, body: &Value) -> (u16, Value) {
    let is_same = |request: &&Value| {
        request["state"] == "opened"
            && request["source_branch"] == body["source_branch"]
            && request["target_branch"] == body["target_branch"]
    };
    if let Some(same) = state.requests.iter().find(is_same) {
        let words = format!("Another open merge request already exists for this source branch: !{}", same["iid"]);
        return (409, json!({ "message": [words] }));
    }
    let iid = state.requests.len() + 1;
    let mut request = body.clone();
    request["iid"] = json!(iid);
    request["state"] = json!("opened");
    request["source_project_id"] = json!(7);
    request["web_url"] = json!(format!("{}/shop/infra/-/merge_requests/{iid}", state.pages()));
    state.requests.push(request.clone());
    (201, request)
}

fn update(state: &mut State, iid: &str, body: &Value) -> (u16, Value) {
    let request = iid.parse::<usize>().ok().and_then(|iid| state.requests.get_mut(iid.checked_sub(1)?));
    let (Some(request), Some(fields)) = (request, body.as_object()) else {
        return (404, json!({ "error": "404 Not Found" }));
    };
    for (name, value) in fields {
        request[name] = value.clone();
    }
    (200, request.clone())
}
