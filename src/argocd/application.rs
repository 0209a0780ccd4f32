//! What an application says of itself; this module must not ask it, nor judge it.
//!
//! The shapes are those of the `Application` resource (argoproj.io/v1alpha1): with one source, with several, and hydrated.

#![deny(clippy::disallowed_methods)]

use serde_json::Value;

use super::find::Concerned;
use super::tree::words;
use crate::image::Reference;
use crate::text::{cut, one_line};

/// How much of a message is repeated.
const MOST_WORDS: usize = 400;

/// What stands on an application until it has been compared anew.
const REFRESH: &str = "/metadata/annotations/argocd.argoproj.io~1refresh";

/// An application at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Application {
    /// `Synced`, `OutOfSync`, `Unknown`, or nothing yet.
    pub(super) sync: String,
    /// `Healthy`, `Progressing`, `Degraded`, …
    pub(super) health: String,
    /// What was compared: the revision of the repository's source; of a hydrated one, of the branch that it is hydrated to.
    pub(super) revision: String,
    /// Whether it was asked to be compared anew and has not been yet.
    pub(super) is_refreshing: bool,
    /// Whether it is synchronised by itself.
    pub(super) automation: Automation,
    /// The operation that is wanted, under way, or was the last.
    pub(super) operation: Option<Operation>,
    /// How it is hydrated.
    pub(super) hydration: Option<Hydration>,
    /// The messages of conditions that are errors.
    pub(super) errors: Vec<String>,
    /// What is not well, in its own words.
    pub(super) unwell: Vec<String>,
    /// What differs from what is rendered.
    pub(super) differing: Vec<String>,
    /// The images of what lives, as far as it knows any.
    pub(super) images: Vec<Reference>,
}

/// Who synchronises an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Automation {
    /// Argo CD.
    On,
    /// People.
    #[default]
    Off,
}

/// A synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) phase: Phase,
    pub(super) message: String,
    /// How often it was retried.
    pub(super) retries: u64,
    /// Of which commit it is.
    pub(super) revision: String,
}

/// How far a synchronisation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is wanted, under way, or being ended.
    #[default]
    Running,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
}

/// How the commits of a dry branch become commits of the branch that is synchronised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hydration {
    /// The last dry commit that was hydrated.
    pub(super) dry: String,
    /// What it became.
    pub(super) hydrated: String,
    /// Why the last try failed, when it did.
    pub(super) failure: Option<String>,
}

impl Application {
    /// Reads an answer.
    pub(super) fn read(application: &Value, concerned: &Concerned) -> Self {
        let compared = application.pointer("/status/sync").unwrap_or(&Value::Null);
        let is_error = |condition: &&Value| text(condition, "/type").ends_with("Error");
        let resources = || list(application, "/status/resources");
        let images = list(application, "/status/summary/images");
        Self {
            sync: one_line(text(compared, "/status")),
            health: one_line(text(application, "/status/health/status")),
            revision: one_line(revision(compared, concerned.source)),
            is_refreshing: application.pointer(REFRESH).is_some(),
            automation: automation(application),
            operation: operation(application, concerned.source),
            hydration: concerned.source.is_none().then(|| hydration(application)),
            errors: list(application, "/status/conditions").filter(is_error).map(|one| said(one, "/message")).collect(),
            unwell: resources().filter_map(unwell).collect(),
            differing: resources().filter(|one| text(one, "/status") == "OutOfSync").map(named).collect(),
            images: images.filter_map(|image| Reference::parse(image.as_str()?).ok()).collect(),
        }
    }

    /// What a change of means that it goes on.
    pub(super) fn stand(&self) -> (&str, &str, &str, Option<(Phase, u64, &str)>) {
        let operation = self.operation.as_ref();
        let operation = operation.map(|operation| (operation.phase, operation.retries, operation.revision.as_str()));
        (&self.sync, &self.health, &self.revision, operation)
    }

    /// The commit of the repository that it is at.
    pub(super) fn commit(&self) -> &str {
        self.hydration.as_ref().map_or(&self.revision, |hydration| &hydration.dry)
    }

    /// One line for people.
    pub(super) fn summary(&self) -> String {
        let or_unknown = |text: &str| if text.is_empty() { "Unknown".to_owned() } else { text.to_owned() };
        format!("{} at {}, {}", or_unknown(&self.sync), short(&self.revision), or_unknown(&self.health))
    }
}

/// The beginning of a commit's id; any other revision as it is.
pub(super) fn short(revision: &str) -> &str {
    let is_id = revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    match revision {
        "" => "no commit",
        id if is_id => id.get(..12).unwrap_or(id),
        name => name,
    }
}

fn automation(application: &Value) -> Automation {
    match application.pointer("/spec/syncPolicy/automated") {
        Some(Value::Object(automated)) if automated.get("enabled") != Some(&Value::Bool(false)) => Automation::On,
        _ => Automation::Off,
    }
}

/// The operation that Argo CD has not begun yet, else the one that it has.
fn operation(application: &Value, source: Option<usize>) -> Option<Operation> {
    let begun = application.pointer("/status/operationState").map(|state| {
        let result = revision(state.pointer("/syncResult").unwrap_or(&Value::Null), source);
        let asked = revision(state.pointer("/operation/sync").unwrap_or(&Value::Null), source);
        Operation {
            phase: match text(state, "/phase") {
                "Succeeded" => Phase::Succeeded,
                "Failed" | "Error" => Phase::Failed,
                _ => Phase::Running,
            },
            message: said(state, "/message"),
            retries: state.get("retryCount").and_then(Value::as_u64).unwrap_or_default(),
            revision: one_line(if result.is_empty() { asked } else { result }),
        }
    });
    let wanted = application.pointer("/operation/sync");
    let wanted =
        wanted.map(|wanted| Operation { revision: one_line(revision(wanted, source)), ..Operation::default() });
    match (begun, wanted) {
        (Some(begun), wanted) if begun.phase == Phase::Running || wanted.is_none() => Some(begun),
        (_, wanted) => wanted,
    }
}

fn hydration(application: &Value) -> Hydration {
    let at = |pointer: &str| application.pointer(&format!("/status/sourceHydrator/{pointer}"));
    let (done, tried) = (at("lastSuccessfulOperation"), at("currentOperation"));
    let of_done = |pointer: &str| done.map(|done| one_line(text(done, pointer))).unwrap_or_default();
    let failed = tried.filter(|tried| text(tried, "/phase") == "Failed");
    Hydration {
        dry: of_done("/drySHA"),
        hydrated: of_done("/hydratedSHA"),
        failure: failed.map(|failed| said(failed, "/message")),
    }
}

/// The revision of a source: several sources have a list, and then nothing stands beside it.
fn revision(of: &Value, source: Option<usize>) -> &str {
    match of.get("revisions").and_then(Value::as_array).filter(|revisions| !revisions.is_empty()) {
        Some(revisions) => revisions.get(source.unwrap_or_default()).and_then(Value::as_str).unwrap_or_default(),
        None => text(of, "/revision"),
    }
}

fn unwell(resource: &Value) -> Option<String> {
    let health = (text(resource, "/health/status"), text(resource, "/health/message"));
    words(text(resource, "/kind"), text(resource, "/name"), health)
}

fn named(resource: &Value) -> String {
    let is_left = resource.get("requiresPruning") == Some(&Value::Bool(true));
    let why = if is_left { " (to be pruned)" } else { "" };
    one_line(&format!("{}/{}{why}", text(resource, "/kind"), text(resource, "/name")))
}

fn said(of: &Value, pointer: &str) -> String {
    one_line(&cut(text(of, pointer), MOST_WORDS))
}

fn text<'a>(of: &'a Value, pointer: &str) -> &'a str {
    of.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(of: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}
