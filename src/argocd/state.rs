//! What an Argo CD application says of itself, and whether that is what was wanted; this module must not ask it.
//!
//! The shapes are those of the `Application` resource (argoproj.io/v1alpha1), single and multi-source.

#![deny(clippy::disallowed_methods)]

use serde_json::Value;

use super::Expected;
use crate::image::Reference;
use crate::text::{cut, one_line};

/// How many unhealthy resources an error names.
const MOST_NAMED: usize = 5;

/// How much of a message an error repeats.
const MOST_WORDS: usize = 300;

/// An application at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub(super) sync: String,
    /// `Healthy`, `Progressing`, `Degraded`, …
    pub(super) health: String,
    /// The commits that are synchronised: several with several sources.
    pub(super) revisions: Vec<String>,
    /// The phase of the last operation, `Succeeded`, `Failed`, …
    pub(super) phase: String,
    /// Images of the live resources.
    pub(super) images: Vec<String>,
    /// What is wrong, in the application's own words.
    pub(super) troubles: Vec<String>,
    /// Whether it synchronises by itself.
    pub(super) is_automated: bool,
}

/// What a state means for the wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The image runs.
    Done,
    /// Not yet.
    Wait,
    /// It may still recover, but says that it failed.
    Failing,
}

impl State {
    pub(super) fn read(application: &Value) -> Self {
        let text = |pointer: &str| application.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |pointer: &str| application.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        let texts = |pointer: &str| -> Vec<String> {
            list(pointer).iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
        };
        let mut revisions = texts("/status/sync/revisions");
        revisions.extend(Some(text("/status/sync/revision")).filter(|revision| !revision.is_empty()));
        let mut troubles: Vec<String> =
            list("/status/resources").iter().filter_map(unhealthy).take(MOST_NAMED).collect();
        let conditions = list("/status/conditions");
        troubles.extend(conditions.iter().filter_map(|condition| said(condition.get("message")?)).take(MOST_NAMED));
        if matches!(text("/status/operationState/phase").as_str(), "Failed" | "Error") {
            troubles.extend(application.pointer("/status/operationState/message").and_then(said));
        }
        Self {
            sync: one_line(&text("/status/sync/status")),
            health: one_line(&text("/status/health/status")),
            revisions,
            phase: text("/status/operationState/phase"),
            images: texts("/status/summary/images"),
            troubles,
            is_automated: application.pointer("/spec/syncPolicy/automated").is_some(),
        }
    }

    /// Judges the state; `first` is how the application was before the push was refreshed.
    pub(super) fn judge(&self, expected: &Expected<'_>, first: &Self) -> Verdict {
        let has_revision = match expected.commit {
            None => true,
            // A later commit than ours is one that was not there before.
            Some(commit) => {
                self.revisions.iter().any(|revision| revision == commit)
                    || self.revisions.iter().any(|revision| !first.revisions.contains(revision))
            }
        };
        if !has_revision {
            return Verdict::Wait;
        }
        let is_failing = self.health == "Degraded" || matches!(self.phase.as_str(), "Failed" | "Error");
        match (self.sync.as_str(), self.health.as_str()) {
            ("Synced", "Healthy") if self.runs(expected) => Verdict::Done,
            _ if is_failing => Verdict::Failing,
            _ => Verdict::Wait,
        }
    }

    /// Whether every wanted image that belongs to the application is among its images, and one of them at least.
    fn runs(&self, expected: &Expected<'_>) -> bool {
        let parsed: Vec<Reference> = self.images.iter().filter_map(|image| Reference::parse(image).ok()).collect();
        let mut runs = false;
        for image in &expected.images {
            let own = || parsed.iter().filter(|found| found.repository.is_same_as(image.repository()));
            let is_wanted = |found: &Reference| match (&found.digest, &found.tag) {
                (Some(digest), _) => digest == image.digest(),
                (None, tag) => tag.as_ref() == Some(image.tag()),
            };
            match (own().next().is_some(), own().any(is_wanted)) {
                (true, true) => runs = true,
                (true, false) => return false,
                (false, _) => {}
            }
        }
        runs
    }

    /// One line for people.
    pub(super) fn summary(&self) -> String {
        let revision = self.revisions.first().map(|revision| one_line(revision)).unwrap_or_default();
        let revision = revision.get(..12).unwrap_or(&revision).to_owned();
        let or_unknown = |text: &str| if text.is_empty() { "Unknown".to_owned() } else { text.to_owned() };
        format!("{} at {revision}, {}", or_unknown(&self.sync), or_unknown(&self.health))
    }
}

/// `Deployment/app: Degraded: its message`, for a resource that isn't well.
fn unhealthy(resource: &Value) -> Option<String> {
    let status = resource.pointer("/health/status")?.as_str()?;
    if matches!(status, "Healthy" | "Suspended") {
        return None;
    }
    let name = |field: &str| resource.get(field).and_then(Value::as_str).unwrap_or_default();
    let message = resource.pointer("/health/message").and_then(said).map(|text| format!(": {text}"));
    Some(one_line(&format!("{}/{}: {status}{}", name("kind"), name("name"), message.unwrap_or_default())))
}

fn said(message: &Value) -> Option<String> {
    Some(one_line(&cut(message.as_str()?, MOST_WORDS)))
}
