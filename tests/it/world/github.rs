//! What GitHub answers, by its documentation, as far as pull requests need it; knows no socket.

use serde_json::{Value, json};

use super::forge::{Act, FORGE_TOKEN, Pull, State, Way, list};
use super::front::Asked;

/// The answer; none where nothing is.
pub(super) fn answer(asked: &Asked, state: &mut State) -> Option<(u16, Value)> {
    if asked.token.as_deref() != Some(&format!("Bearer {FORGE_TOKEN}")) {
        return Some((401, json!({ "message": "Bad credentials", "status": "401" })));
    }
    if asked.path == "/api/graphql" {
        return Some((200, graphql(&asked.body, state)));
    }
    let project = state.project();
    let parts = asked.below("/api/v3");
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => Some((200, json!({ "login": "Bot" }))),
        ("GET", ["users", name]) => (*name != "nobody").then(|| (200, json!({ "login": name }))),
        (method, ["repos", owner, name, rest @ ..]) if format!("{owner}/{name}") == project => {
            repository((method, rest), asked, state)
        }
        _ => None,
    }
}

fn repository((method, path): (&str, &[&str]), asked: &Asked, state: &mut State) -> Option<(u16, Value)> {
    match (method, path) {
        ("GET", []) => Some((
            200,
            json!({ "full_name": state.project(), "delete_branch_on_merge": false, "allow_merge_commit": false }),
        )),
        ("GET", ["labels", name]) => (*name == "deploy").then(|| (200, json!({ "name": name }))),
        ("GET", ["pulls"]) => {
            let source = asked.wanted("head")?.split_once(':')?.1;
            let found = state.open(source, asked.wanted("base")?).map(|pull| shape(pull, state));
            Some((200, json!(found.into_iter().collect::<Vec<_>>())))
        }
        ("POST", ["pulls"]) => Some(create(&asked.body, state)),
        ("GET", ["pulls", number]) => {
            let at = state.look(number)?;
            Some((200, shape(&state.pulls[at], state)))
        }
        ("PATCH", ["pulls", number]) => {
            let at = index(number)?;
            let pull = state.pulls.get_mut(at)?;
            asked.body["title"].as_str()?.clone_into(&mut pull.title);
            asked.body["body"].as_str()?.clone_into(&mut pull.body);
            Some((200, shape(&state.pulls[at], state)))
        }
        ("PUT", ["pulls", number, "merge"]) => {
            let at = index(number)?;
            state.act(at, Act::Merge(Way::Squash));
            Some((200, json!({ "merged": true, "sha": state.pulls[at].merged })))
        }
        ("POST", ["issues", number, "labels"]) => {
            state.pulls.get_mut(index(number)?)?.labels = list(&asked.body, "labels");
            Some((200, json!([])))
        }
        ("POST", ["issues", number, "assignees"]) => {
            let pull = state.pulls.get_mut(index(number)?)?;
            // Who is no collaborator is dropped.
            pull.assignees = list(&asked.body, "assignees").into_iter().filter(|name| name != "stranger").collect();
            let logins: Vec<Value> = pull.assignees.iter().map(|name| json!({ "login": name })).collect();
            Some((201, json!({ "assignees": logins })))
        }
        ("POST", ["pulls", number, "requested_reviewers"]) => {
            state.pulls.get_mut(index(number)?)?.reviewers = list(&asked.body, "reviewers");
            Some((201, json!({})))
        }
        _ => None,
    }
}

fn create(body: &Value, state: &mut State) -> (u16, Value) {
    let (head, base) = (body["head"].as_str().unwrap_or_default(), body["base"].as_str().unwrap_or_default());
    if state.open(head, base).is_some() {
        let words = format!("A pull request already exists for team:{head}.");
        return (
            422,
            json!({ "message": "Validation Failed", "errors": [{ "resource": "PullRequest", "code": "custom", "message": words }] }),
        );
    }
    let pull = state.create(body);
    pull.is_draft = body["draft"] == true;
    let pull = pull.clone();
    (201, shape(&pull, state))
}

fn graphql(body: &Value, state: &mut State) -> Value {
    let refused = |words: &str| json!({ "data": null, "errors": [{ "type": "UNPROCESSABLE", "message": words }] });
    let query = body["query"].as_str().unwrap_or_default();
    let number = body["variables"]["id"].as_str().and_then(|id| id.strip_prefix("PR_"));
    let Some(pull) = number.and_then(index).and_then(|at| state.pulls.get_mut(at)) else {
        return refused("Could not resolve to a node");
    };
    if query.contains("convertPullRequestToDraft") {
        pull.is_draft = true;
    } else if body["variables"]["way"] == "SQUASH" {
        pull.merges_itself = true;
    } else {
        return refused("Merge commits are not allowed on this repository");
    }
    json!({ "data": { "x": { "clientMutationId": null } } })
}

fn index(number: &str) -> Option<usize> {
    number.parse::<usize>().ok()?.checked_sub(1)
}

fn shape(pull: &Pull, state: &State) -> Value {
    let side = |branch: &str| {
        let sha = state.infra.branches().iter().any(|known| known == branch).then(|| state.infra.tip(branch));
        json!({ "ref": branch, "sha": sha, "label": format!("team:{branch}") })
    };
    let conflicts = !pull.is_closed && state.infra.conflicts(&pull.source, &pull.target);
    json!({
        "number": pull.number,
        "node_id": format!("PR_{}", pull.number),
        "html_url": format!("http://{}/{}/pull/{}", state.address, state.project(), pull.number),
        "state": if pull.is_closed { "closed" } else { "open" },
        "title": pull.title,
        "body": pull.body,
        "draft": pull.is_draft,
        "merged": pull.merged.is_some(),
        "merged_at": pull.merged.as_ref().map(|_| "2026-11-25T18:45:34Z"),
        "merge_commit_sha": pull.merged,
        "mergeable": !conflicts,
        "mergeable_state": if conflicts { "dirty" } else { "clean" },
        "head": side(&pull.source),
        "base": side(&pull.target),
    })
}
