//! Whether an application runs what it should, from what was seen of it; this module must not ask anybody.
//!
//! What has not been seen yet and matters is a question: the caller answers it and judges again. So the large answers are
//! asked for only when they decide something.

#![deny(clippy::disallowed_methods)]

use super::application::{Application, Automation, Operation, Phase};
use super::history::Position;
use super::manifests::{Manifests, Names};
use super::obstacle::Obstacle;
use super::tree::Tree;
use super::wanted::{Fit, Wanted, fit};
use super::windows::Windows;

/// What was seen of an application.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed<'a> {
    pub(super) application: &'a Application,
    /// Where what was compared stands to the commit.
    pub(super) compared: Position,
    /// Where the operation's revision stands.
    pub(super) operation: Position,
    /// What it renders and what lives of it.
    pub(super) manifests: Option<&'a Manifests>,
    pub(super) tree: Option<&'a Tree>,
    pub(super) windows: Option<&'a Windows>,
    pub(super) rendering: Rendering,
}

/// How an application came to what it renders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rendering {
    /// Maybe from a cache.
    Any,
    /// Anew, since that was asked for.
    Anew,
}

/// What has to be asked before more can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// `managed-resources`.
    Manifests,
    /// `resource-tree`.
    Tree,
    /// `syncwindows`.
    Windows,
    /// `refresh=hard`.
    Hard,
}

/// What is to be thought of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is synchronised and healthy, and runs these of the wanted images wherever it runs one of their repositories. None of
    /// them: it has nothing to do with the images.
    Done(Vec<bool>),
    /// It renders another image, whoever waits.
    Another(Vec<String>),
    /// Not yet.
    Wait(Obstacle),
    /// This has to be asked first.
    Ask(Question),
}

/// Judges an application.
pub(super) fn judge(seen: &Observed<'_>, wanted: &[Wanted]) -> Verdict {
    match steps(seen, wanted) {
        Ok(named) => Verdict::Done(named),
        Err(verdict) => verdict,
    }
}

fn steps(seen: &Observed<'_>, wanted: &[Wanted]) -> Result<Vec<bool>, Verdict> {
    compared(seen)?;
    let named = rendered(seen, wanted)?;
    operated(seen)?;
    synced(seen)?;
    live(seen, wanted, &named)?;
    Ok(named)
}

/// The commit was compared, or a later one.
fn compared(seen: &Observed<'_>) -> Result<(), Verdict> {
    let Observed { application, .. } = seen;
    let wait = |obstacle| Err(Verdict::Wait(obstacle));
    if application.is_refreshing && seen.rendering == Rendering::Anew {
        return wait(Obstacle::Refreshing);
    }
    if application.sync == "Unknown" && !application.errors.is_empty() {
        return wait(Obstacle::ComparisonFailed(application.errors.join("; ")));
    }
    let is_there = matches!(seen.compared, Position::Ours | Position::Later);
    if let Some(hydration) = application.hydration.as_ref().filter(|_| !is_there) {
        return match &hydration.failure {
            Some(message) => wait(Obstacle::HydrationFailed(message.clone())),
            None if seen.compared == Position::Earlier => wait(Obstacle::Unhydrated),
            None => Ok(()),
        };
    }
    if seen.compared == Position::Earlier || !matches!(application.sync.as_str(), "Synced" | "OutOfSync") {
        let running = application.operation.as_ref().filter(|operation| operation.phase == Phase::Running);
        return wait(running.map_or(Obstacle::Unseen, |operation| under_way(operation, seen.operation)));
    }
    Ok(())
}

/// It renders the wanted images wherever it renders one of their repositories.
fn rendered(seen: &Observed<'_>, wanted: &[Wanted]) -> Result<Vec<bool>, Verdict> {
    let manifests = seen.manifests.ok_or(Verdict::Ask(Question::Manifests))?;
    let is_placed = seen.compared != Position::Unknown;
    match manifests.rendered(wanted) {
        Names::Only(named) if is_placed || named.contains(&true) => Ok(named),
        Names::Another(_) if is_placed && seen.rendering == Rendering::Any => Err(Verdict::Ask(Question::Hard)),
        Names::Another(images) if is_placed => Err(Verdict::Another(images)),
        Names::Only(_) | Names::Another(_) => Err(Verdict::Wait(Obstacle::Unplaced)),
    }
}

/// No operation is under way, and that of this commit did not fail.
fn operated(seen: &Observed<'_>) -> Result<(), Verdict> {
    let counts = seen.operation != Position::Earlier;
    match &seen.application.operation {
        Some(operation) if operation.phase == Phase::Running => {
            Err(Verdict::Wait(under_way(operation, seen.operation)))
        }
        Some(operation) if operation.phase == Phase::Failed && counts => {
            Err(Verdict::Wait(Obstacle::SyncFailed(operation.clone())))
        }
        _ => Ok(()),
    }
}

fn under_way(operation: &Operation, position: Position) -> Obstacle {
    match position {
        Position::Earlier => Obstacle::Older(operation.clone()),
        Position::Ours | Position::Later | Position::Unknown => Obstacle::Syncing(operation.clone()),
    }
}

/// It is synchronised and healthy.
fn synced(seen: &Observed<'_>) -> Result<(), Verdict> {
    let Observed { application, .. } = seen;
    let obstacle = match (application.sync.as_str(), application.health.as_str()) {
        ("Synced", "Healthy") => return Ok(()),
        ("Synced", health) => Obstacle::Unwell(health.to_owned(), application.unwell.clone()),
        _ if application.automation == Automation::Off => Obstacle::Manual,
        _ => match seen.windows.ok_or(Verdict::Ask(Question::Windows))?.closed() {
            Some(window) => Obstacle::Window(window),
            None if application.operation.is_some() && seen.operation != Position::Earlier => {
                Obstacle::Differs(application.differing.clone())
            }
            None => Obstacle::Unsynced,
        },
    };
    Err(Verdict::Wait(obstacle))
}

/// What lives has the wanted images, too, as far as pods run.
fn live(seen: &Observed<'_>, wanted: &[Wanted], named: &[bool]) -> Result<(), Verdict> {
    if !named.contains(&true) {
        return Ok(());
    }
    let manifests = seen.manifests.ok_or(Verdict::Ask(Question::Manifests))?;
    if let Names::Another(images) = manifests.live(wanted) {
        return Err(Verdict::Wait(Obstacle::Live(images)));
    }
    if !seen.application.images.iter().any(|image| fit(image, wanted) == Fit::Other) {
        return Ok(());
    }
    match seen.tree.ok_or(Verdict::Ask(Question::Tree))?.running_others(wanted) {
        others if others.is_empty() => Ok(()),
        others => Err(Verdict::Wait(Obstacle::Pods(others))),
    }
}

#[cfg(test)]
mod tests;
