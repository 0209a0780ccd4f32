//! What a real Argo CD said of one application, one line a change, with the times at which it did; knows no server.

use std::time::Instant;

use serde_json::{Value, json};

/// One application of one recording.
pub(crate) struct Recording {
    lines: Vec<Line>,
    /// How many times faster it is played than it happened.
    speed: f64,
    started: Option<Instant>,
}

struct Line {
    /// Seconds since the push.
    at: f64,
    is_refresh: bool,
    body: String,
}

/// How the application renders the edited image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renders {
    New,
    Old,
    /// Once it is rendered anew.
    NewIfAnew,
}

impl Recording {
    /// Reads `tests/fixtures/argocd/FILE.jsonl`. Its commits and images become those of the test: `images` are the recorded tags,
    /// each with the reference that it stands for; the first one is what ran before.
    pub(crate) fn read(file: &str, app: &str, renders: Renders, images: &[(&str, &str)]) -> Self {
        let path = format!("{}/tests/fixtures/argocd/{file}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("the recording is there");
        let values: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        let of_app: Vec<&Value> = values.iter().filter(|line| line["app"] == app).collect();
        let names = names(&of_app);
        let lines = of_app.iter().map(|line| {
            let mut body = line["body"].clone();
            at_top(&mut body);
            let mut text = body.to_string();
            for (commit, name) in &names {
                text = text.replace(commit, name);
            }
            for (tag, reference) in images {
                text = text.replace(&format!("registry.test/team/app:{tag}\""), &format!("{reference}\""));
            }
            Line {
                at: line["t"].as_f64().expect("a line has its time"),
                is_refresh: line["refresh"] == true,
                body: with_images(&text, renders, images),
            }
        });
        Self { lines: lines.collect(), speed: 1.0, started: None }
    }

    /// Plays it faster.
    pub(crate) fn faster(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// What is said now; the clock begins with the first refresh.
    pub(super) fn now(&mut self, path: &str) -> Value {
        let refresh = self.lines.iter().find(|line| line.is_refresh).expect("a recording has a refresh");
        let is_first = self.started.is_none() && path.contains("refresh=");
        if is_first {
            self.started = Some(Instant::now());
        }
        let at = self.started.map_or(-1.0, |started| refresh.at + started.elapsed().as_secs_f64() * self.speed);
        let mut past = self.lines.iter().rev().filter(|line| line.at <= at);
        let line = if is_first { Some(refresh) } else { past.next() };
        serde_json::from_str(&line.unwrap_or(&self.lines[0]).body).expect("it was JSON")
    }
}

/// The commits by their roles: what was there before, what was pushed, and what came later.
fn names(lines: &[&Value]) -> Vec<(String, &'static str)> {
    let mut commits: Vec<String> = Vec::new();
    for line in lines {
        let status = &line["body"]["status"];
        let hydrated = status["sourceHydrator"]["lastSuccessfulOperation"]["drySHA"].as_str();
        let last = status["sync"]["revisions"].as_array().and_then(|revisions| revisions.last()?.as_str());
        let commit = hydrated.or(last).or(status["sync"]["revision"].as_str()).unwrap_or_default();
        if commit.len() == 40 && !commits.iter().any(|known| known == commit) {
            commits.push(commit.to_owned());
        }
    }
    commits.into_iter().zip(["BEFORE", "COMMIT", "LATER"]).collect()
}

/// Its source is the top of the infra repository.
fn at_top(body: &mut Value) {
    let spec = &mut body["spec"];
    for pointer in ["/source", "/sources/0", "/sources/1", "/sourceHydrator/drySource"] {
        let Some(source) = spec.pointer_mut(pointer) else { continue };
        let is_infra = source["repoURL"] == "http://git.test/infra.git";
        if is_infra {
            source["repoURL"] = json!(super::argocd::COPY);
        }
        // A chart below the values file stays below it.
        let is_below = source["path"].as_str().is_some_and(|path| path.ends_with("/chart"));
        let (path, file) = if is_below { ("chart", "../values.yaml") } else { (".", "values.yaml") };
        if is_infra && source.get("path").is_some() {
            source["path"] = json!(path);
        }
        if let Some(files) = source.pointer_mut("/helm/valueFiles") {
            *files = if is_infra { json!([file]) } else { json!(["$values/values.yaml"]) };
        }
    }
}

/// Adds what it renders and what lives at this commit.
fn with_images(text: &str, renders: Renders, images: &[(&str, &str)]) -> String {
    let mut body: Value = serde_json::from_str(text).expect("it stays JSON");
    let status = &body["status"];
    let compared = format!("{}{}", status["sync"], status["sourceHydrator"]["lastSuccessfulOperation"]["drySHA"]);
    let number = ["COMMIT", "LATER"].iter().rposition(|name| compared.contains(name)).map_or(0, |number| number + 1);
    let is_synced = status["sync"]["status"] == "Synced";
    let old = images[0].1;
    let new = images.get(number.min(images.len() - 1)).map_or(old, |image| image.1);
    let rendered = if renders == Renders::New { new } else { old };
    body["renders"] = json!([rendered]);
    body["lives"] = json!([if is_synced { rendered } else { old }]);
    if renders == Renders::NewIfAnew {
        body["rendersAnew"] = json!([new]);
    }
    body.to_string()
}
