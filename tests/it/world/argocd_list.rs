//! A stand-in for Argo CD's API that has many applications, all in order at the tip of an infra repository; it plays no story.

use std::io::{BufWriter, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::argocd::ARGOCD_TOKEN;
use super::gitlab::{read, respond};
use super::repository::Repository;

/// A server with applications.
pub(crate) struct ManyApplications {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What the server shows.
struct Shown {
    /// The applications by their number in the list.
    application: Box<dyn Fn(usize) -> Value + Send + Sync>,
    count: usize,
    infra: Repository,
    image: String,
}

impl ManyApplications {
    /// Shows this many applications, which all run an image.
    pub(crate) fn start(
        (count, application): (usize, impl Fn(usize) -> Value + Send + Sync + 'static),
        infra: &Repository,
        image: &str,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let infra = Repository::at(infra.directory());
        let shown = Shown { application: Box::new(application), count, infra, image: image.to_owned() };
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                serve(socket, &shown, &log);
            }
        });
        Self { address, asked }
    }

    /// The value of `--argocd-server`.
    pub(crate) fn server(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often the list was asked for, and what with.
    pub(crate) fn lists(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no request panics");
        asked.iter().filter_map(|asked| asked.strip_prefix("GET /api/v1/applications?")).map(str::to_owned).collect()
    }

    /// The names of the applications that were asked for, each once.
    pub(crate) fn waited_for(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no request panics");
        let name = |asked: &String| {
            let rest = asked.strip_prefix("GET /api/v1/applications/")?.split(['?', '/']).next()?.to_owned();
            asked.contains("refresh=").then_some(rest)
        };
        let mut names: Vec<String> = asked.iter().filter_map(name).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn serve(mut socket: TcpStream, shown: &Shown, log: &Mutex<Vec<String>>) {
    let Some((request, token, _)) = read(&socket) else { return };
    log.lock().expect("no request panics").push(request.clone());
    if token.as_deref() != Some(&format!("Bearer {ARGOCD_TOKEN}")) {
        return respond(&mut socket, 401, &json!({ "message": "invalid session" }));
    }
    let Some(path) = request.strip_prefix("GET /api/v1/applications") else {
        return respond(&mut socket, 404, &json!({ "message": "not here" }));
    };
    if path.starts_with('?') || path.is_empty() {
        // A client that has seen enough hangs up.
        let _ = list(&socket, shown);
        return;
    }
    let (name, part) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let name = name.split('?').next().unwrap_or_default();
    let found = (0..shown.count).map(&shown.application).find(|application| application["metadata"]["name"] == name);
    match (found, part.split('?').next()) {
        (None, _) => respond(&mut socket, 403, &json!({ "message": "permission denied" })),
        (Some(_), Some("managed-resources")) => respond(&mut socket, 200, &managed(shown)),
        (Some(application), Some("")) => respond(&mut socket, 200, &in_order(application, shown)),
        _ => respond(&mut socket, 200, &json!({})),
    }
}

/// The list, written as it is made.
fn list(socket: &TcpStream, shown: &Shown) -> std::io::Result<()> {
    let mut out = BufWriter::new(socket);
    out.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"metadata\":{},\"items\":",
    )?;
    if shown.count == 0 {
        out.write_all(b"null")?;
    }
    for number in 0..shown.count {
        out.write_all(if number == 0 { b"[" } else { b"," })?;
        out.write_all((shown.application)(number).to_string().as_bytes())?;
    }
    out.write_all(if shown.count == 0 { b"}" } else { b"]}" })?;
    out.flush()
}

/// An application that has synchronised the branch's tip.
fn in_order(mut application: Value, shown: &Shown) -> Value {
    let tip = shown.infra.tip("main");
    let mut sync = json!({ "status": "Synced", "revision": tip });
    if let Some(sources) = application["spec"]["sources"].as_array() {
        sync = json!({ "status": "Synced", "revisions": vec![tip; sources.len()] });
    }
    application["status"] = json!({
        "sync": sync,
        "health": { "status": "Healthy" },
        "summary": { "images": [shown.image] },
        "resources": [{ "kind": "Deployment", "name": "web", "health": { "status": "Healthy" } }]
    });
    application
}

/// What it renders: a Deployment of the image.
fn managed(shown: &Shown) -> Value {
    let containers = json!([{ "name": "web", "image": shown.image }]);
    let state = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": { "template": { "spec": { "containers": containers } } } })
    .to_string();
    json!({ "items": [{ "group": "apps", "kind": "Deployment", "name": "web", "targetState": state, "liveState": state }] })
}
