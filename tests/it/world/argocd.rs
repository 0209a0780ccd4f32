//! A stand-in for Argo CD's API on a real socket: it plays the states that a test gives it, or those that a real one was
//! recorded in; knows no Git but the commits whose names it fills in.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

use super::argocd_recording::Recording;
use super::gitlab::{read, respond};
use super::repository::Repository;

/// The token that it takes.
pub(crate) const ARGOCD_TOKEN: &str = "eyJ-arg0/cd+token~for-tests";

/// The repository that its application names.
pub(crate) const COPY: &str = "https://elsewhere.example/x.git";

/// One server, below the path `/argocd`, with one application.
pub(crate) struct Argocd {
    address: String,
    state: Arc<Mutex<State>>,
}

struct State {
    play: Play,
    commits: Option<Commits>,
    /// What `syncwindows` answers.
    windows: Value,
    /// The application as it was shown last.
    shown: Value,
    is_refreshed: bool,
    is_anew: bool,
    asked: Vec<String>,
}

enum Play {
    /// Statuses and bodies still to come, the next one last; the last one stays.
    Answers(Vec<(u16, Value)>),
    Recording(Recording),
}

/// The commits of a repository that stand for `BEFORE`, `COMMIT` and `LATER` in an answer.
struct Commits {
    infra: Repository,
    before: String,
    pushed: Option<String>,
    later: Option<String>,
    /// What somebody else does after the push; gives the commit.
    others: Option<Others>,
}

/// What somebody else commits to a repository.
pub(crate) type Others = Box<dyn Fn(&Repository) -> String + Send>;

impl Argocd {
    /// Plays these applications, one a request.
    pub(crate) fn playing(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        Self::start(Play::Answers(answers), None)
    }

    /// The same, where `BEFORE` is a repository's tip as it is now, and `COMMIT` the one that is pushed to it.
    pub(crate) fn of(infra: &Repository, answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let argocd = Self::playing(answers);
        argocd.lock().commits = Some(Commits::of(infra, None));
        argocd
    }

    /// Plays what was recorded, at its pace.
    pub(crate) fn recorded(infra: &Repository, recording: Recording, others: Option<Others>) -> Self {
        Self::start(Play::Recording(recording), Some(Commits::of(infra, others)))
    }

    fn start(play: Play, commits: Option<Commits>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let windows = json!({ "canSync": true });
        let state = State {
            play,
            commits,
            windows,
            shown: Value::Null,
            is_refreshed: false,
            is_anew: false,
            asked: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                serve(socket, &shared);
            }
        });
        Self { address, state }
    }

    /// What `syncwindows` answers.
    pub(crate) fn with_windows(self, windows: Value) -> Self {
        self.lock().windows = windows;
        self
    }

    /// The value of `--argocd-server`.
    pub(crate) fn server(&self) -> String {
        format!("http://{}/argocd", self.address)
    }

    /// `METHOD PATH` of everything that was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no request panics")
    }
}

/// An application in a state, as the API shows it. It renders its images, and they live; other ones where a test puts them into
/// `renders` and `lives`.
pub(crate) fn application(sync: &str, health: &str, revision: &str, images: &[&str]) -> Value {
    json!({
        "metadata": { "name": "shop", "namespace": "argocd" },
        "spec": { "source": { "repoURL": COPY, "path": "." }, "syncPolicy": { "automated": {} } },
        "status": {
            "sync": { "status": sync, "revision": revision },
            "health": { "status": health },
            "summary": { "images": images },
            "operationState": { "phase": "Succeeded", "syncResult": { "revision": revision } },
            "resources": [
                { "kind": "Service", "name": "web", "health": { "status": "Healthy" } },
                { "kind": "Deployment", "name": "web", "health": { "status": health, "message": "Back-off pulling \u{1b}[31mimage" } }
            ]
        },
        "renders": images,
        "lives": images,
    })
}

fn serve(mut socket: TcpStream, state: &Mutex<State>) {
    let Some((request, token, _)) = read(&socket) else { return };
    let mut state = state.lock().expect("no request panics");
    state.asked.push(request.clone());
    if token.as_deref() != Some(&format!("Bearer {ARGOCD_TOKEN}")) {
        return respond(&mut socket, 401, &json!({ "error": "no session information", "message": "invalid session" }));
    }
    let Some(path) = request.strip_prefix("GET /argocd/api/v1/applications") else {
        return respond(&mut socket, 404, &json!({ "message": "not here" }));
    };
    let answer = state.answer(path);
    respond(&mut socket, answer.0, &answer.1);
}

impl State {
    fn answer(&mut self, path: &str) -> (u16, Value) {
        match path.split('?').next().and_then(|path| path.rsplit_once('/')) {
            Some((_, "managed-resources")) => (200, self.managed()),
            Some((_, "resource-tree")) => (200, self.tree()),
            Some((_, "syncwindows")) => (200, self.windows.clone()),
            _ => self.show(path),
        }
    }

    fn show(&mut self, path: &str) -> (u16, Value) {
        self.is_anew |= path.contains("refresh=hard");
        self.is_refreshed |= path.contains("refresh=");
        // Before the first refresh an application is looked at for what it is made from.
        let is_list = path.is_empty() || path.starts_with('?');
        let (status, answer) = match &mut self.play {
            Play::Answers(answers) if answers.len() == 1 || !(is_list || self.is_refreshed) => {
                answers[answers.len() - 1].clone()
            }
            Play::Answers(answers) => answers.pop().expect("a test gives one answer at least"),
            Play::Recording(recording) => (200, recording.now(path)),
        };
        let mut answer = match &mut self.commits {
            Some(commits) => commits.filled_in(&answer),
            None => answer,
        };
        if let Some(anew) = answer.get("rendersAnew").filter(|_| self.is_anew).cloned() {
            answer["status"]["summary"]["images"] = anew.clone();
            (answer["renders"], answer["lives"]) = (anew.clone(), anew);
        }
        self.shown = answer.clone();
        (status, answer)
    }

    /// One Deployment an image, as the last application has them.
    fn managed(&self) -> Value {
        let images = |side: &str| self.shown[side].as_array().cloned().unwrap_or_default();
        let state = |image: Option<&Value>| {
            let object = |image| json!({ "kind": "Deployment", "spec": { "containers": [{ "image": image }] } });
            image.map_or(Value::Null, object).to_string()
        };
        let (renders, lives) = (images("renders"), images("lives"));
        let item = |number: usize| {
            let (target, live) = (state(renders.get(number)), state(lives.get(number)));
            json!({ "kind": "Deployment", "name": "web", "targetState": target, "liveState": live })
        };
        json!({ "items": (0..renders.len()).map(item).collect::<Vec<_>>() })
    }

    /// One pod an image; where the application is degraded, they say why.
    fn tree(&self) -> Value {
        let status = &self.shown["status"];
        let health = match status["health"]["status"].as_str() {
            Some("Degraded") => json!({ "status": "Degraded", "message": "Back-off pulling image" }),
            _ => json!({ "status": "Healthy" }),
        };
        let pod = |image: &Value| {
            let parents = [json!({ "kind": "ReplicaSet", "name": "web-1" })];
            json!({ "kind": "Pod", "name": "web-1-x", "images": [image], "parentRefs": parents, "health": health })
        };
        let images = status["summary"]["images"].as_array().cloned().unwrap_or_default();
        json!({ "nodes": images.iter().map(pod).collect::<Vec<_>>() })
    }
}

impl Commits {
    fn of(infra: &Repository, others: Option<Others>) -> Self {
        Self { before: infra.tip("main"), infra: infra.clone(), pushed: None, later: None, others }
    }

    fn filled_in(&mut self, answer: &Value) -> Value {
        let mut text = answer.to_string();
        if text.contains("LATER")
            && let Some(others) = &self.others
        {
            self.later.get_or_insert_with(|| others(&self.infra));
        }
        let tip = self.infra.tip("main");
        if tip != self.before {
            self.pushed.get_or_insert(tip);
        }
        let pushed = self.pushed.as_ref().unwrap_or(&self.before);
        for (name, commit) in
            [("BEFORE", &self.before), ("COMMIT", pushed), ("LATER", self.later.as_ref().unwrap_or(pushed))]
        {
            text = text.replace(name, commit);
        }
        serde_json::from_str(&text).expect("it stays JSON")
    }
}
