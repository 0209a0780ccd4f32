//! A stand-in for Argo CD's API on a real socket: it plays the states that a test gives it; knows no Git.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

use super::gitlab::{read, respond};

/// The token that it takes.
pub(crate) const ARGOCD_TOKEN: &str = "eyJ-arg0/cd+token~for-tests";

/// The repository that its application names.
pub(crate) const COPY: &str = "https://elsewhere.example/x.git";

/// One server, below the path `/argocd`, with the application `argocd/shop`.
pub(crate) struct Argocd {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Statuses and bodies still to come; the last one stays.
    answers: Vec<(u16, Value)>,
    asked: Vec<String>,
}

impl Argocd {
    /// Plays these applications, one a request.
    pub(crate) fn playing(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        let state = Arc::new(Mutex::new(State { answers, asked: Vec::new() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                serve(socket, &shared);
            }
        });
        Self { address, state }
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

/// An application in a state, as the API shows it. `COMMIT` in a revision is filled in by the server.
pub(crate) fn application(sync: &str, health: &str, revision: &str, images: &[&str]) -> Value {
    json!({
        "metadata": { "name": "shop", "namespace": "argocd" },
        "spec": { "source": { "repoURL": COPY, "path": "." }, "syncPolicy": { "automated": {} } },
        "status": {
            "sync": { "status": sync, "revision": revision },
            "health": { "status": health },
            "summary": { "images": images },
            "operationState": { "phase": "Succeeded" },
            "resources": [
                { "kind": "Service", "name": "web", "health": { "status": "Healthy" } },
                { "kind": "Deployment", "name": "web", "health": { "status": health, "message": "Back-off pulling \u{1b}[31mimage" } }
            ]
        }
    })
}

fn serve(mut socket: TcpStream, state: &Mutex<State>) {
    let Some((request, token, _)) = read(&socket) else { return };
    let mut state = state.lock().expect("no request panics");
    state.asked.push(request.clone());
    if token.as_deref() != Some(&format!("Bearer {ARGOCD_TOKEN}")) {
        return respond(&mut socket, 401, &json!({ "error": "no session information", "message": "invalid session" }));
    }
    if !request.starts_with("GET /argocd/api/v1/applications") {
        return respond(&mut socket, 404, &json!({ "message": "not here" }));
    }
    let answer = match state.answers.len() {
        1 => state.answers[0].clone(),
        _ => state.answers.pop().expect("a test gives one answer at least"),
    };
    respond(&mut socket, answer.0, &answer.1);
}
