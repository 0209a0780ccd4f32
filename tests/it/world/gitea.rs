//! What Gitea answers, as it was recorded from a real one (`tests/fixtures/gitea`), as far as pull requests need it; knows no
//! socket.

use std::path::Path;

use serde_json::{Value, json};

use super::directory;
use super::forge::{FORGE_TOKEN, Pull, State, list};
use super::front::Asked;

/// The label that the repository has, and its id.
const LABEL: (&str, u64) = ("deploy", 41);

/// The answer; none where nothing is.
pub(super) fn answer(asked: &Asked, state: &mut State) -> Option<(u16, Value)> {
    if asked.path == "/api/v1/version" {
        return Some((200, recorded("basics", "GET /api/v1/version", 200)));
    }
    if asked.token.as_deref() != Some(&format!("token {FORGE_TOKEN}")) {
        return Some((401, recorded("basics", "GET /api/v1/user", 401)));
    }
    let project = state.project();
    let parts = asked.below("/api/v1");
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => Some((200, recorded("basics", "GET /api/v1/user", 200))),
        ("GET", ["users", name]) => (*name != "nobody").then(|| (200, json!({ "login": name }))),
        (method, ["repos", owner, name, rest @ ..]) if format!("{owner}/{name}") == project => {
            repository((method, rest), asked, state)
        }
        _ => None,
    }
}

fn repository((method, path): (&str, &[&str]), asked: &Asked, state: &mut State) -> Option<(u16, Value)> {
    match (method, path) {
        ("GET", []) => {
            let mut found = recorded("basics", "GET /api/v1/repos/team/infra", 200);
            found["full_name"] = json!(state.project());
            Some((200, found))
        }
        ("GET", ["labels"]) if asked.wanted("page") == Some("1") => {
            Some((200, json!([{ "id": LABEL.1, "name": LABEL.0 }])))
        }
        ("GET", ["labels"]) => Some((200, json!([]))),
        ("GET", ["pulls"]) => {
            let page = asked.wanted("page")?.parse::<usize>().ok()?;
            // One a page.
            let open: Vec<&Pull> = state.pulls.iter().filter(|pull| !pull.is_closed).collect();
            Some((200, json!(open.iter().skip(page - 1).take(1).map(|pull| shape(pull, state)).collect::<Vec<_>>())))
        }
        ("GET", ["commits", commit, "statuses"]) => Some((200, statuses(commit, state))),
        ("POST", ["pulls"]) => Some(create(&asked.body, state)),
        ("GET", ["pulls", number]) => {
            let at = state.look(number)?;
            Some((200, shape(&state.pulls[at], state)))
        }
        // The oldest of these branches, whatever its state.
        ("GET", ["pulls", base, head @ ..]) => {
            let head = head.join("/");
            let found = state.pulls.iter().find(|pull| pull.source == head && pull.target == **base)?;
            Some((200, shape(found, state)))
        }
        ("PATCH", ["pulls", number]) => {
            let at = index(number)?;
            let pull = state.pulls.get_mut(at)?;
            write(pull, &asked.body);
            Some((201, shape(&state.pulls[at], state)))
        }
        ("POST", ["pulls", number, "merge"]) => Some(schedule(state.pulls.get_mut(index(number)?)?)),
        ("POST", ["issues", number, "labels"]) => {
            let known = list(&asked.body, "labels").into_iter().filter(|label| *label == LABEL.0 || *label == LABEL.1);
            state.pulls.get_mut(index(number)?)?.labels = known.collect();
            Some((200, json!([])))
        }
        ("POST", ["pulls", number, "requested_reviewers"]) => {
            let reviewers = list(&asked.body, "reviewers");
            if reviewers.contains(&json!("bot")) {
                return Some((422, recorded("pull", "POST /api/v1/repos/team/infra/pulls/1/requested_reviewers", 422)));
            }
            state.pulls.get_mut(index(number)?)?.reviewers = reviewers;
            Some((201, json!([])))
        }
        _ => None,
    }
}

/// Somebody reports on what is on the main branch, and on nothing else.
fn statuses(commit: &str, state: &State) -> Value {
    if state.infra.tip("main") != commit {
        return json!([{ "id": 1, "context": "k/dev", "status": "failure" }]);
    }
    json!([{ "id": 2, "context": "k/dev", "status": "success", "description": "reconciled" }])
}

fn create(body: &Value, state: &mut State) -> (u16, Value) {
    let (head, base) = (body["head"].as_str().unwrap_or_default(), body["base"].as_str().unwrap_or_default());
    if state.open(head, base).is_some() {
        return (409, recorded("pull", "POST /api/v1/repos/team/infra/pulls", 409));
    }
    let pull = state.create(body);
    write(pull, body);
    let pull = pull.clone();
    (201, shape(&pull, state))
}

fn write(pull: &mut Pull, body: &Value) {
    let text = |field: &str| body[field].as_str().map(str::to_owned);
    pull.title = text("title").unwrap_or(pull.title.clone());
    pull.body = text("body").unwrap_or(pull.body.clone());
    pull.is_draft = pull.title.starts_with("WIP: ");
    if body.get("assignees").is_some() {
        pull.assignees = list(body, "assignees");
    }
}

fn schedule(pull: &mut Pull) -> (u16, Value) {
    if pull.merges_itself {
        let words = "pull request is already scheduled to auto merge when checks succeed [pull_id: 11]";
        return (409, json!({ "message": words, "url": "http://gitea.test/api/swagger" }));
    }
    pull.merges_itself = true;
    (201, Value::Null)
}

fn index(number: &str) -> Option<usize> {
    number.parse::<usize>().ok()?.checked_sub(1)
}

fn shape(pull: &Pull, state: &State) -> Value {
    let mut shape = recorded("pull", "POST /api/v1/repos/team/infra/pulls", 201);
    shape["number"] = json!(pull.number);
    shape["id"] = json!(pull.number);
    shape["html_url"] = json!(format!("http://{}/{}/pulls/{}", state.address, state.project(), pull.number));
    shape["state"] = json!(if pull.is_closed { "closed" } else { "open" });
    shape["title"] = json!(pull.title);
    shape["body"] = json!(pull.body);
    shape["draft"] = json!(pull.is_draft);
    shape["merged"] = json!(pull.merged.is_some());
    shape["merge_commit_sha"] = json!(pull.merged);
    // It says so also while it finds out.
    shape["mergeable"] = json!(pull.looks > 1 && !state.infra.conflicts(&pull.source, &pull.target));
    for (side, branch) in [("head", &pull.source), ("base", &pull.target)] {
        shape[side]["ref"] = json!(branch);
        shape[side]["label"] = json!(branch);
    }
    shape
}

/// A body that a real Gitea answered this request with.
fn recorded(file: &str, request: &str, status: u16) -> Value {
    let text = directory::read(Path::new(env!("CARGO_MANIFEST_DIR")), &format!("tests/fixtures/gitea/{file}.jsonl"));
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("the fixture is JSON lines"));
    let found = lines.into_iter().find(|line| line["request"] == request && line["status"] == status);
    found.unwrap_or_else(|| panic!("{file} has no {status} of {request}"))["body"].clone()
}
