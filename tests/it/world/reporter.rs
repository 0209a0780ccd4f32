//! A stand-in for a forge on a real socket whose commits get statuses, as a script says, over a real bare repository; on GitLab it
//! keeps deployments, too. Knows nothing of the binary.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use serde_json::{Value, json};

use super::directory;
use super::forge::FORGE_TOKEN;
use super::front::{self, Asked};
use super::repository::Repository;

/// The job's token that it takes.
pub(crate) const JOB_TOKEN: &str = "glcbt-64_j0b-t0ken";

/// Whose answers it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Gitlab,
    Github,
    Gitea,
}

/// From when on (in seconds after the first push) which commit has which statuses, in Gitea's form: 0 is the commit that was there
/// before, 1 the first one that was pushed.
pub(crate) type Script = Vec<(f64, usize, Value)>;

struct State {
    host: Host,
    infra: Repository,
    /// The tip before anything was pushed.
    base: String,
    script: Script,
    started: Option<Instant>,
    asked: Vec<String>,
    /// `METHOD BODY` of what was asked of the deployments, and how many commits the branch had got by then.
    deployments: Vec<(String, usize)>,
    troubles: Vec<(&'static str, u16)>,
}

/// The server.
pub(crate) struct Reporter {
    state: Arc<Mutex<State>>,
    address: String,
}

impl Reporter {
    /// Starts before the Git server that serves the repository.
    pub(crate) fn start(host: Host, infra: &Repository, git: &str, script: Script) -> Self {
        let state = State {
            host,
            infra: infra.clone(),
            base: infra.tip("main"),
            script,
            started: None,
            asked: Vec::new(),
            deployments: Vec::new(),
            troubles: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let address = front::start(git, move |asked| answer(asked, &mut lock(&shared)));
        Self { state, address }
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The repository's URL there.
    pub(crate) fn url(&self) -> String {
        lock(&self.state).infra.url_at(&self.address)
    }

    /// `METHOD PATH?QUERY` of everything that the API was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        lock(&self.state).asked.clone()
    }

    /// What was asked of the deployments, and how many commits the branch had got by then.
    pub(crate) fn deployments(&self) -> Vec<(String, usize)> {
        lock(&self.state).deployments.clone()
    }

    /// The next request whose method and path hold this text gets this status.
    pub(crate) fn trouble(&self, request: &'static str, status: u16) {
        lock(&self.state).troubles.push((request, status));
    }
}

/// What a real Gitea answered about the commits that a real Flux reported on.
pub(crate) fn recorded(case: &str) -> Script {
    let text = directory::read(Path::new(env!("CARGO_MANIFEST_DIR")), &format!("tests/fixtures/flux/{case}.jsonl"));
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("the fixture is JSON lines")).collect();
    let pushed: Vec<&str> = lines.iter().filter_map(|line| line["push"].as_str()).collect();
    let answer = |line: &Value| {
        let request = line["request"].as_str()?;
        let number = pushed.iter().position(|id| request.contains(id)).expect("it was pushed");
        Some((line["t"].as_f64().expect("a time"), number + 1, line["body"].clone()))
    };
    lines.iter().filter_map(answer).collect()
}

/// One status, in Gitea's form.
pub(crate) fn status(id: u64, name: &str, state: &str) -> Value {
    json!({ "id": id, "context": name, "status": state, "description": format!("{name} said {state}"),
        "target_url": format!("https://ci.example.com/{id}") })
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no request panics")
}

fn answer(asked: &Asked, state: &mut State) -> (u16, Value) {
    let query: Vec<String> = asked.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = format!("{} {}?{}", asked.method, asked.path, query.join("&"));
    state.asked.push(request.clone());
    if let Some(at) = state.troubles.iter().position(|(text, _)| request.contains(text)) {
        let (_, status) = state.troubles.remove(at);
        return (status, json!({ "message": "not now" }));
    }
    if asked.path == "/api/v1/version" && state.host == Host::Gitea {
        return (200, json!({ "version": "1.26.0" }));
    }
    let parts = asked.below("/api");
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    if let ["v4", "projects", "42", "deployments", rest @ ..] = parts.as_slice() {
        return deployment(asked, rest, state);
    }
    let project = state.infra.path().trim_end_matches(".git").to_owned();
    let commit = match (state.host, parts.as_slice()) {
        (Host::Gitlab, ["v4", "projects", name, "repository", "commits", id, "statuses"]) if *name == project => id,
        (Host::Github, ["v3", "repos", owner, name, "commits", id, "statuses"])
        | (Host::Gitea, ["v1", "repos", owner, name, "commits", id, "statuses"])
            if format!("{owner}/{name}") == project =>
        {
            id
        }
        _ => return (404, json!({ "message": "404 Not Found" })),
    };
    let token = match state.host {
        Host::Gitlab => asked.header("private-token").map(str::to_owned),
        Host::Github => asked.token.as_ref().and_then(|token| token.strip_prefix("Bearer ").map(str::to_owned)),
        Host::Gitea => asked.token.as_ref().and_then(|token| token.strip_prefix("token ").map(str::to_owned)),
    };
    // A public project's statuses are shown to everybody, and nobody comes in with a wrong token.
    if token.is_some_and(|token| token != FORGE_TOKEN) {
        return (401, json!({ "message": "401 Unauthorized" }));
    }
    page(asked, statuses(commit, state), state.host)
}

/// What a commit has by now.
fn statuses(commit: &str, state: &mut State) -> Option<Vec<Value>> {
    let pushed = state.infra.since(&state.base, "main");
    let started = pushed.first().map(|_| *state.started.get_or_insert_with(Instant::now));
    let passed = started.map_or(0.0, |started| started.elapsed().as_secs_f64());
    let number = match pushed.iter().position(|id| id == commit) {
        Some(at) => at + 1,
        None if commit == state.base => 0,
        None => return None,
    };
    let mut due = state.script.iter().filter(|(from, of, _)| *of == number && *from <= passed);
    Some(due.next_back().and_then(|(.., body)| body.as_array().cloned()).unwrap_or_default())
}

/// One status on a page, in this forge's form.
fn page(asked: &Asked, statuses: Option<Vec<Value>>, host: Host) -> (u16, Value) {
    let Some(statuses) = statuses else {
        let code = if host == Host::Github { 422 } else { 404 };
        return (code, json!({ "message": "No commit found" }));
    };
    let number: usize = asked.wanted("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let shown = statuses.iter().skip(number - 1).take(1).map(|status| shape(status, host));
    (200, json!(shown.collect::<Vec<_>>()))
}

fn shape(status: &Value, host: Host) -> Value {
    let mut status = status.clone();
    match host {
        Host::Gitea => {}
        Host::Github => {
            status["state"] = status["status"].take();
        }
        Host::Gitlab => {
            status["name"] = status["context"].take();
            if status["status"] == "failure" {
                status["status"] = json!("failed");
            }
        }
    }
    status
}

fn deployment(asked: &Asked, rest: &[&str], state: &mut State) -> (u16, Value) {
    let pushed = state.infra.since(&state.base, "main").len();
    state.deployments.push((format!("{} {}", asked.method, asked.body), pushed));
    if asked.header("job-token") != Some(JOB_TOKEN) || asked.header("private-token").is_some() {
        return (401, json!({ "message": "401 Unauthorized" }));
    }
    match (asked.method.as_str(), rest) {
        ("POST", []) => (201, json!({ "id": 7, "status": asked.body["status"] })),
        ("PUT", ["7"]) => (200, json!({ "id": 7, "status": asked.body["status"] })),
        _ => (404, json!({ "message": "404 Not Found" })),
    }
}
