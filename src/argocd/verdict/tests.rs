//! What is thought of applications that a real Argo CD had, line by line of what it said of them.

use serde_json::{Value, json};

use super::super::application::short;
use super::super::find::Concerned;
use super::super::manifests::tests::manifests;
use super::super::obstacle::Severity;
use super::super::wanted::tests::wanted;
use super::*;

const OLD: &str = "registry.test/team/app:1.0.0";

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/argocd/", $name, ".jsonl"))
    };
}

/// What happened to an application, and what is not in its own words.
struct Case {
    lines: &'static str,
    app: &'static str,
    source: Option<usize>,
    /// The beginnings of the commits that count, the pushed one first.
    commits: &'static [&'static str],
    new: &'static str,
    windows: &'static str,
    /// Whether the new image is rendered at the commit.
    renders: Renders,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Renders {
    New,
    Old,
    /// Once everything is rendered anew.
    NewIfAnew,
}

const CASE: Case = Case {
    lines: "",
    app: "",
    source: Some(0),
    commits: &[],
    new: "registry.test/team/app:1.1.0",
    windows: "{}",
    renders: Renders::New,
};

impl Case {
    /// What is thought of each line: the kind of the obstacle, or the end. A thought is told once.
    fn thoughts(&self) -> Vec<String> {
        let lines = self.lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
        let mut thoughts: Vec<String> = Vec::new();
        let mut rendering = Rendering::Any;
        for line in lines.filter(|line| line["app"] == self.app && line["t"].as_f64() > Some(0.0)) {
            let application = Application::read(&line["body"], &self.concerned());
            let mut thought = self.judge(&application, rendering);
            if thought == Verdict::Ask(Question::Hard) {
                thoughts.push("Hard".to_owned());
                rendering = Rendering::Anew;
                thought = self.judge(&application, rendering);
            }
            let text = match &thought {
                Verdict::Done(named) => format!("Done {named:?}"),
                Verdict::Another(images) => format!("Another {}", images.join(", ")),
                Verdict::Wait(obstacle) => format!("{:?} {obstacle}", obstacle.severity()),
                Verdict::Ask(question) => panic!("{question:?} was answered"),
            };
            if thoughts.last() != Some(&text) {
                thoughts.push(text);
            }
        }
        thoughts
    }

    fn concerned(&self) -> Concerned {
        Concerned { namespace: None, name: self.app.to_owned(), source: self.source }
    }

    /// Judges with everything answered that can be asked.
    fn judge(&self, application: &Application, rendering: Rendering) -> Verdict {
        let compared = self.position(match &application.hydration {
            Some(hydration) if hydration.hydrated == application.revision => &hydration.dry,
            _ => &application.revision,
        });
        let is_new = match self.renders {
            Renders::New => true,
            Renders::Old => false,
            Renders::NewIfAnew => rendering == Rendering::Anew,
        };
        let target = if is_new { self.new } else { OLD };
        let live = if application.sync == "Synced" { target } else { OLD };
        let manifests = manifests(&[(target, live)]);
        let images: Vec<String> = application.images.iter().map(ToString::to_string).collect();
        let pod = json!({ "kind": "Pod", "name": "app-1", "images": images });
        let tree = Tree::read(json!({ "nodes": [pod] }).to_string().as_bytes()).unwrap();
        let operation = match &application.operation {
            Some(operation) if operation.revision == application.revision => compared,
            Some(operation) => self.position(&operation.revision),
            None => Position::Earlier,
        };
        let windows = Windows::read(self.windows.as_bytes()).unwrap();
        let (manifests, tree, windows) = (Some(&manifests), Some(&tree), Some(&windows));
        let seen = Observed { application, compared, operation, manifests, tree, windows, rendering };
        judge(&seen, &[wanted(self.new)])
    }

    fn position(&self, revision: &str) -> Position {
        match self.commits.iter().position(|commit| revision.starts_with(commit)) {
            Some(0) => Position::Ours,
            Some(_) => Position::Later,
            None if short(revision).len() == 12 => Position::Earlier,
            None => Position::Unknown,
        }
    }

    /// What is thought begins each with these words.
    fn is_thought(&self, expected: &[&str]) {
        let thoughts = self.thoughts();
        let fits = thoughts.len() == expected.len()
            && thoughts.iter().zip(expected).all(|(thought, expected)| thought.starts_with(expected));
        assert!(fits, "{}: {thoughts:#?}\nare not {expected:#?}", self.app);
    }
}

const UNSEEN: &str = "Passing Argo CD has not compared the commit yet";
const SYNCING: &str = "Passing it is being synchronised";
const UNREADY: &str = "Passing its resources are not ready yet";
const DONE: &str = "Done [true]";

#[test]
fn a_change_that_comes_to_run() {
    let pods = "Passing pods still run another image: registry.test/team/app:1.0.0 in Pod/app-1";
    Case { lines: recorded!("three"), app: "app-dev", commits: &["92f8"], ..CASE }
        .is_thought(&[UNSEEN, SYNCING, UNREADY, pods, DONE]);
    let case = Case { lines: recorded!("multi"), app: "multi", source: Some(1), commits: &["3d00"], ..CASE };
    case.is_thought(&[UNSEEN, SYNCING, UNREADY, pods, DONE]);
    let thoughts = Case { lines: recorded!("recovered"), app: "deg", commits: &["5d48"], ..CASE }.thoughts();
    assert_eq!((thoughts[0].as_str(), thoughts.last().map(String::as_str)), (UNSEEN, Some(DONE)));
    let kustomize = Case { lines: recorded!("kustomize"), app: "kust-dev", commits: &["bfed"], ..CASE }.thoughts();
    assert_eq!(kustomize.last().map(String::as_str), Some(DONE), "{kustomize:#?}");
}

#[test]
fn what_runs_no_pods() {
    let case = Case { lines: recorded!("cron"), app: "cron", commits: &["4a90"], ..CASE };
    case.is_thought(&[
        UNSEEN,
        SYNCING,
        "Passing the synchronisation has succeeded, but the live state still differs: CronJob/nightly",
        DONE,
    ]);
    Case { lines: recorded!("scaled"), app: "scaled", commits: &["d3d4"], ..CASE }.is_thought(&[SYNCING, DONE]);
}

#[test]
fn a_hydrated_branch() {
    let case = Case { lines: recorded!("hydrator"), app: "hyd", source: None, commits: &["bf41"], ..CASE };
    let thoughts = case.thoughts();
    assert!(thoughts[0].starts_with("Passing the commit has not been hydrated yet"), "{thoughts:#?}");
    assert_eq!(thoughts.last().map(String::as_str), Some(DONE), "{thoughts:#?}");
    // The old hydrated commit is Synced and Healthy, and proves nothing.
    assert_eq!(thoughts.iter().filter(|thought| *thought == DONE).count(), 1);
}

#[test]
fn nobody_synchronises() {
    let manual = "Stuck its automatic synchronisation is off";
    Case { lines: recorded!("manual"), app: "manual", commits: &["0ad4"], ..CASE }.is_thought(&[UNSEEN, manual]);
    Case { lines: recorded!("automated-disabled"), app: "deg", commits: &["0718"], ..CASE }
        .is_thought(&[UNSEEN, manual]);
    let windows =
        r#"{"activeWindows": [{"kind": "deny", "schedule": "* * * * *", "duration": "24h"}], "canSync": false}"#;
    let case = Case { lines: recorded!("window"), app: "window", commits: &["94ba"], windows, ..CASE };
    case.is_thought(&[UNSEEN, "Stuck it is not synchronised now: a deny window is open (* * * * * for 24h)"]);
    let case = Case { lines: recorded!("window"), app: "window", commits: &["94ba"], ..CASE };
    case.is_thought(&[UNSEEN, "Passing Argo CD has not begun to synchronise it"]);
    let suspended = "Stuck it is suspended until somebody resumes or promotes it";
    let thoughts = Case { lines: recorded!("susp"), app: "susp", commits: &["e4af"], ..CASE }.thoughts();
    assert!(thoughts.last().is_some_and(|last| last.starts_with(suspended)), "{thoughts:#?}");
}

#[test]
fn what_fails() {
    let degraded =
        "Failure it is degraded: Deployment/deg: Degraded: Deployment \"deg\" exceeded its progress deadline";
    let case = Case {
        lines: recorded!("degraded"),
        app: "deg",
        commits: &["7754"],
        new: "registry.test/team/app:1.4.0-bad",
        ..CASE
    };
    case.is_thought(&[UNSEEN, SYNCING, UNREADY, degraded]);
    let retried = "Stuck its synchronisation fails and is retried (retried";
    let thoughts = Case { lines: recorded!("broken-manifest"), app: "fail", commits: &["1910"], ..CASE }.thoughts();
    assert_eq!(thoughts[..2], [UNSEEN, SYNCING]);
    assert!(thoughts[2..].iter().all(|thought| thought.starts_with(retried)), "{thoughts:#?}");
    assert!(thoughts[2].contains("unrecognized type: int32"), "{thoughts:#?}");
    // The next commit can't be read, and the operation of the older one goes on.
    let older = "Stuck an operation of the older commit 1910d806db67 is under way and keeps Argo CD from syncing this one (retried 2 times): one or more";
    let broken = "Failure Argo CD can't compare it: Failed to load target state";
    let case = Case { lines: recorded!("invalid-yaml"), app: "fail", commits: &["ffff"], ..CASE };
    case.is_thought(&[older, broken]);
}

#[test]
fn a_hook_is_waited_for_and_its_image_is_no_proof() {
    let thoughts = Case { lines: recorded!("hook"), app: "hook", commits: &["9f32"], ..CASE }.thoughts();
    let hook = "Stuck its synchronisation waits for a hook: waiting for completion of hook batch/Job/migrate";
    assert!(thoughts.contains(&hook.to_owned()), "{thoughts:#?}");
    assert_eq!(thoughts.last().map(String::as_str), Some(DONE), "{thoughts:#?}");
    assert_eq!(thoughts.iter().filter(|thought| *thought == DONE).count(), 1);
}

#[test]
fn a_later_commit_counts_for_what_it_renders() {
    let case = Case { lines: recorded!("later"), app: "app-staging", commits: &["28c7", "c29b"], ..CASE };
    let same = Case { new: "registry.test/team/app:1.3.0", ..case }.thoughts();
    assert_eq!(same.last().map(String::as_str), Some(DONE), "{same:#?}");
    // It is not on the commit, as far as Git tells: what it renders decides.
    let thoughts = Case { renders: Renders::Old, commits: &["28c7", "c29b"], ..CASE_LATER }.thoughts();
    assert!(thoughts.contains(&format!("Another {OLD} in Deployment/web")), "{thoughts:#?}");
}

const CASE_LATER: Case = Case { lines: recorded!("later"), app: "app-staging", ..CASE };

#[test]
fn another_image_at_the_commit_is_rendered_anew_once() {
    let case =
        Case { lines: recorded!("parameters-win"), app: "params", commits: &["9976"], renders: Renders::Old, ..CASE };
    case.is_thought(&[UNSEEN, "Hard", "Another registry.test/team/app:1.0.0 in Deployment/web"]);
    let case = Case {
        lines: recorded!("generate-paths"),
        app: "mgp",
        commits: &["f551"],
        renders: Renders::NewIfAnew,
        ..CASE
    };
    let thoughts = case.thoughts();
    assert_eq!(thoughts[..2], [UNSEEN, "Hard"]);
    assert!(!thoughts.iter().any(|thought| thought.starts_with("Another")), "{thoughts:#?}");
}

/// An application that is synchronised and healthy, with this laid over it.
fn application(over: &Value) -> Application {
    let mut value = json!({
        "spec": { "syncPolicy": { "automated": {} } },
        "status": { "sync": { "status": "Synced", "revision": "9".repeat(40) }, "health": { "status": "Healthy" } },
    });
    for (pointer, part) in over.as_object().expect("a mapping of pointers") {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        value.pointer_mut(parent).expect("the parent is there")[key] = part.clone();
    }
    Application::read(&value, &Concerned { namespace: None, name: "shop".to_owned(), source: Some(0) })
}

fn seen<'a>(application: &'a Application, manifests: &'a Manifests) -> Observed<'a> {
    let compared = Position::Ours;
    let (tree, windows) = (None, None);
    Observed {
        application,
        compared,
        operation: compared,
        manifests: Some(manifests),
        tree,
        windows,
        rendering: Rendering::Any,
    }
}

#[test]
fn only_what_decides_is_asked() {
    let (new, old) = ("r.example/app:2", "r.example/app:1");
    let wanted = [wanted(new)];
    let rendered = manifests(&[(new, new)]);
    let application = application(&json!({}));
    let fine = seen(&application, &rendered);
    assert_eq!(judge(&fine, &wanted), Verdict::Done(vec![true]));
    assert_eq!(judge(&Observed { manifests: None, ..fine }, &wanted), Verdict::Ask(Question::Manifests));
    assert_eq!(
        judge(&Observed { compared: Position::Earlier, manifests: None, ..fine }, &wanted),
        Verdict::Wait(Obstacle::Unseen)
    );
    // Git can't tell: the images do, as far as they are the wanted ones.
    assert_eq!(judge(&Observed { compared: Position::Unknown, ..fine }, &wanted), Verdict::Done(vec![true]));
    let other = manifests(&[(old, old)]);
    let unknown = Observed { compared: Position::Unknown, manifests: Some(&other), ..fine };
    assert_eq!(judge(&unknown, &wanted), Verdict::Wait(Obstacle::Unplaced));
    // It has nothing to do with the image.
    let beside = manifests(&[("redis:7", "redis:7")]);
    assert_eq!(judge(&Observed { manifests: Some(&beside), ..fine }, &wanted), Verdict::Done(vec![false]));
    // What lives lags behind.
    let lagging = manifests(&[(new, old)]);
    let verdict = judge(&Observed { manifests: Some(&lagging), ..fine }, &wanted);
    assert_eq!(verdict, Verdict::Wait(Obstacle::Live(vec![format!("{old} in Deployment/web")])));
}

#[test]
fn an_operation_counts_from_this_commit_on() {
    let rendered = manifests(&[("r.example/app:2", "r.example/app:2")]);
    let wanted = [wanted("r.example/app:2")];
    let with = |phase: &str| {
        let state =
            json!({ "phase": phase, "message": "smoke test failed", "syncResult": { "revision": "9".repeat(40) } });
        application(&json!({ "/status/operationState": state }))
    };
    let failed = with("Failed");
    let fine = seen(&failed, &rendered);
    let Verdict::Wait(obstacle) = judge(&fine, &wanted) else { panic!("it failed") };
    assert_eq!(
        (obstacle.severity(), obstacle.to_string().as_str()),
        (Severity::Failure, "its synchronisation failed: smoke test failed")
    );
    assert_eq!(judge(&Observed { operation: Position::Earlier, ..fine }, &wanted), Verdict::Done(vec![true]));
    let running = with("Running");
    let fine = seen(&running, &rendered);
    assert!(matches!(judge(&fine, &wanted), Verdict::Wait(Obstacle::Syncing(_))));
    let older = Observed { operation: Position::Earlier, ..fine };
    assert!(matches!(judge(&older, &wanted), Verdict::Wait(Obstacle::Older(_))));
}
