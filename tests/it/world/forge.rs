//! A stand-in for a forge on a real socket: pull requests over a real bare repository, in which real Git merges them. Which
//! forge it is, `github` and `gitea` say.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::front::{self, Asked};
use super::repository::Repository;
use super::{gitea, github};

/// The token that it takes.
pub(crate) const FORGE_TOKEN: &str = "f0rge+t/ken~for-tests";

/// Whose answers it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Github,
    Gitea,
}

/// How a request is merged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Merge,
    Squash,
    Rebase,
}

/// What somebody does while a run waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Merge(Way),
    /// Merges it squashed without the forge, which then names the request's own commit.
    MergeByHand,
    /// Merges it, and another commit follows.
    MergeAndMore,
    Close,
}

/// A pull request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pull {
    pub(crate) number: usize,
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) is_draft: bool,
    pub(crate) is_closed: bool,
    pub(crate) merged: Option<String>,
    pub(crate) labels: Vec<Value>,
    pub(crate) assignees: Vec<Value>,
    pub(crate) reviewers: Vec<Value>,
    /// Whether it is to be merged when its checks have succeeded.
    pub(crate) merges_itself: bool,
    /// How often it was looked at.
    pub(crate) looks: usize,
}

/// What the server knows.
pub(super) struct State {
    pub(super) infra: Repository,
    pub(super) address: String,
    pub(super) pulls: Vec<Pull>,
    asked: Vec<String>,
    /// Answers that the next requests with this text in method and path get.
    troubles: Vec<(&'static str, u16, Value)>,
    /// What happens at which look at the newest request.
    due: Option<(usize, Act)>,
}

/// The server.
pub(crate) struct Forge {
    state: Arc<Mutex<State>>,
}

impl Forge {
    /// Starts before the Git server that serves the repository.
    pub(crate) fn start(product: Product, infra: &Repository, git: &str) -> Self {
        let state = State {
            infra: infra.clone(),
            address: String::new(),
            pulls: Vec::new(),
            asked: Vec::new(),
            troubles: Vec::new(),
            due: None,
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let address = front::start(git, move |asked| answer(product, asked, &shared));
        lock(&state).address = address;
        Self { state }
    }

    /// The repository's URL there.
    pub(crate) fn url(&self) -> String {
        let state = self.lock();
        state.infra.url_at(&state.address)
    }

    /// All requests, the oldest first.
    pub(crate) fn pulls(&self) -> Vec<Pull> {
        self.lock().pulls.clone()
    }

    /// `METHOD PATH` of everything that the API was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// The next API request whose method and path hold this text gets this answer.
    pub(crate) fn trouble(&self, request: &'static str, status: u16, answer: Value) {
        self.lock().troubles.push((request, status, answer));
    }

    /// Somebody does this when the newest request is looked at for the nth time.
    pub(crate) fn at_look(&self, look: usize, act: Act) {
        let mut state = self.lock();
        if let Some(pull) = state.pulls.last_mut() {
            pull.looks = 0;
        }
        state.due = Some((look, act));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// `OWNER/NAME`.
    pub(super) fn project(&self) -> String {
        self.infra.path().trim_end_matches(".git").to_owned()
    }

    /// The request of two branches, if one is open.
    pub(super) fn open(&self, source: &str, target: &str) -> Option<&Pull> {
        self.pulls.iter().find(|pull| !pull.is_closed && pull.source == source && pull.target == target)
    }

    /// Opens a request from the body of a POST.
    pub(super) fn create(&mut self, body: &Value) -> &mut Pull {
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        let pull = Pull {
            number: self.pulls.len() + 1,
            source: text("head"),
            target: text("base"),
            title: text("title"),
            body: text("body"),
            ..Pull::default()
        };
        self.pulls.push(pull);
        self.pulls.last_mut().expect("it was just pushed")
    }

    /// A request by its number, which is looked at.
    pub(super) fn look(&mut self, number: &str) -> Option<usize> {
        let at = number.parse::<usize>().ok()?.checked_sub(1)?;
        self.pulls.get_mut(at)?.looks += 1;
        if let Some((look, act)) = self.due
            && self.pulls[at].looks == look
        {
            self.act(at, act);
            self.due = None;
        }
        Some(at)
    }

    pub(super) fn act(&mut self, at: usize, act: Act) {
        let pull = &mut self.pulls[at];
        let merge = |way| self.infra.merge(way, &pull.source, &pull.target);
        match act {
            Act::Merge(way) => pull.merged = Some(merge(way)),
            Act::MergeByHand => {
                merge(Way::Squash);
                pull.merged = Some(self.infra.tip(&pull.source));
            }
            Act::MergeAndMore => {
                pull.merged = Some(merge(Way::Merge));
                self.infra.commit(&pull.target, "more", &[("more.txt", "more")]);
            }
            Act::Close => {}
        }
        pull.is_closed = true;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no request panics")
}

fn answer(product: Product, asked: &Asked, state: &Mutex<State>) -> (u16, Value) {
    let mut state = lock(state);
    let request = format!("{} {}", asked.method, asked.path);
    state.asked.push(request.clone());
    if let Some(at) = state.troubles.iter().position(|(text, ..)| request.contains(text)) {
        let (_, status, answer) = state.troubles.remove(at);
        return (status, answer);
    }
    let missing = || (404, json!({ "message": "not found" }));
    match product {
        Product::Github => github::answer(asked, &mut state),
        Product::Gitea => gitea::answer(asked, &mut state),
    }
    .unwrap_or_else(missing)
}

/// The texts of a list in a body.
pub(super) fn list(body: &Value, field: &str) -> Vec<Value> {
    body[field].as_array().cloned().unwrap_or_default()
}
