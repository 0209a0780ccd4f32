//! What keeps an application from running what it should, in words, and what a person can do about it; this module must not
//! find out which it is.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use super::application::{Operation, short};

/// What keeps an application from running what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It has not seen the commit.
    Unseen,
    /// It was asked to render anew.
    Refreshing,
    /// Git does not tell whether its commit is a later one.
    Unplaced,
    /// The dry commit has not been hydrated.
    Unhydrated,
    /// That failed.
    HydrationFailed(String),
    /// It could not be compared.
    ComparisonFailed(String),
    /// Its operation is under way.
    Syncing(Operation),
    /// An operation of an older commit is.
    Older(Operation),
    /// The operation failed.
    SyncFailed(Operation),
    /// Nobody synchronises it.
    Manual,
    /// A window keeps Argo CD from it.
    Window(String),
    /// The operation has succeeded and these resources differ still.
    Differs(Vec<String>),
    /// Argo CD has not begun.
    Unsynced,
    /// It is synchronised, and not healthy: its state and what is unwell.
    Unwell(String, Vec<String>),
    /// The live resources have another image than what is rendered.
    Live(Vec<String>),
    /// Pods still run another image.
    Pods(Vec<String>),
}

/// Whether an obstacle goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// By itself, as a rule.
    Passing,
    /// When a person does something.
    Stuck,
    /// Not: what it says ends the wait after a while.
    Failure,
}

impl Obstacle {
    /// Whether it goes away.
    pub(super) fn severity(&self) -> Severity {
        match self {
            Self::HydrationFailed(_) | Self::ComparisonFailed(_) | Self::SyncFailed(_) => Severity::Failure,
            Self::Unwell(health, _) if health == "Degraded" => Severity::Failure,
            Self::Unwell(health, _) if matches!(health.as_str(), "Suspended" | "Missing") => Severity::Stuck,
            Self::Older(_) | Self::Manual | Self::Window(_) => Severity::Stuck,
            Self::Syncing(operation) if operation.retries > 0 || is_hook(operation) => Severity::Stuck,
            _ => Severity::Passing,
        }
    }

    /// What a person can do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Unseen | Self::Refreshing => {
                "check that Argo CD's controller and repository server run, or raise --argocd-timeout"
            }
            Self::Unplaced => {
                "check that the branch was not rewritten and that the Git server answers, then run the job again"
            }
            Self::Unhydrated => {
                "check that the source hydrator is enabled and may push to the branch, or raise --argocd-timeout"
            }
            Self::HydrationFailed(_) => {
                "correct what the message names: the hydrator renders the dry branch and pushes the result"
            }
            Self::ComparisonFailed(_) => {
                "correct what the message names: Argo CD could not render or compare the commit; to roll back, run the job of an older pipeline again"
            }
            Self::Syncing(operation) if is_hook(operation) => {
                "check the job of the hook and its pod: the synchronisation continues only after the hook has ended (argocd app terminate-op ends the operation)"
            }
            Self::Syncing(operation) if operation.retries > 0 => {
                "correct what the message names; Argo CD syncs no later commit until the retries have ended (argocd app terminate-op ends them)"
            }
            Self::Syncing(_) => "check the operation in Argo CD, or raise --argocd-timeout",
            Self::Older(_) => {
                "correct what the message of the older operation names, or end that operation (argocd app terminate-op): Argo CD syncs this commit only after the older operation has ended"
            }
            Self::SyncFailed(_) => {
                "correct what the message names; to roll back, run the job of an older pipeline again"
            }
            Self::Manual => {
                "the automatic synchronisation of the application is off: sync the application in Argo CD, or remove --argocd-server"
            }
            Self::Window(_) => {
                "run the job again when the sync window allows it, or sync the application manually if the window permits manual syncs"
            }
            Self::Differs(_) => {
                "check the differences in Argo CD (argocd app diff): if a resource is to be pruned, enable prune; if another controller sets a field, add the field to ignoreDifferences"
            }
            Self::Unsynced => {
                "sync the application manually, or check its conditions and events: without selfHeal, Argo CD syncs each commit only once; it does not sync a commit whose files are all outside the annotation manifest-generate-paths"
            }
            Self::Unwell(health, _) if health == "Suspended" => {
                "resume or promote what is suspended: kubectl argo rollouts promote NAME, kubectl rollout resume deployment/NAME, or unset spec.suspend"
            }
            Self::Unwell(health, _) if health == "Missing" => {
                "sync the missing resources, or find out why they were deleted"
            }
            Self::Unwell(health, _) if health == "Degraded" => {
                "check the resources that the message names; to roll back, run the job of an older pipeline again"
            }
            Self::Unwell(..) => "check the application in Argo CD, or raise --argocd-timeout",
            Self::Live(_) => {
                "find out why the live resources differ from the rendered ones: the cause may be ignoreDifferences, an admission webhook or an image updater"
            }
            Self::Pods(_) => {
                "find out why the old pods still run: the cause may be the update strategy OnDelete, or a pod that does not terminate"
            }
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unseen => f.write_str("Argo CD has not compared the commit yet"),
            Self::Refreshing => f.write_str("Argo CD is rendering it again"),
            Self::Unplaced => f.write_str("it is not known whether its commit is later than the pushed one, because the history can't be read from the Git server"),
            Self::Unhydrated => f.write_str("the commit has not been hydrated yet"),
            Self::HydrationFailed(message) => write!(f, "the hydration failed{}", said(message)),
            Self::ComparisonFailed(message) => write!(f, "Argo CD can't compare it{}", said(message)),
            Self::Syncing(operation) => syncing(operation, f),
            Self::Older(operation) => write!(
                f,
                "an operation of the older commit {} is under way and keeps Argo CD from syncing this one{}{}",
                short(&operation.revision),
                retried(operation),
                said(&operation.message)
            ),
            Self::SyncFailed(operation) => {
                write!(f, "its synchronisation failed{}{}", retried(operation), said(&operation.message))
            }
            Self::Manual => f.write_str("its automatic synchronisation is off: a person has to sync it"),
            Self::Window(window) => write!(f, "it is not synchronised now: {window}"),
            Self::Differs(resources) => {
                write!(f, "the synchronisation has succeeded, but the live state still differs{}", said(&resources.join(", ")))
            }
            Self::Unsynced => f.write_str("Argo CD has not begun to synchronise it"),
            Self::Unwell(health, words) => unwell(health, words, f),
            Self::Live(images) => {
                write!(f, "the live resources have another image than the rendered ones: {}", images.join(", "))
            }
            Self::Pods(images) => write!(f, "pods still run another image: {}", images.join(", ")),
        }
    }
}

fn syncing(operation: &Operation, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let what = match operation {
        operation if is_hook(operation) => "its synchronisation waits for a hook",
        operation if operation.retries > 0 => "its synchronisation fails and is retried",
        _ => "it is being synchronised",
    };
    write!(f, "{what}{}{}", retried(operation), said(&operation.message))
}

fn unwell(health: &str, words: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match health {
        "Suspended" => f.write_str("it is suspended until somebody resumes or promotes it")?,
        "Degraded" => f.write_str("it is degraded")?,
        "Missing" => f.write_str("resources are missing")?,
        // Their words change with every pod.
        _ => return f.write_str("its resources are not ready yet"),
    }
    f.write_str(&said(&words.join("; ")))
}

/// The gitops engine's words, "waiting for completion of hook batch/Job/migrate" and of its deletion.
fn is_hook(operation: &Operation) -> bool {
    operation.message.starts_with("waiting for") && operation.message.contains(" hook ")
}

fn retried(operation: &Operation) -> String {
    match operation.retries {
        0 => String::new(),
        1 => " (retried once)".to_owned(),
        count => format!(" (retried {count} times)"),
    }
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}
