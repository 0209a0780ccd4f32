//! Gathers what the verdict on one application wants to know, from Argo CD and from Git, and no more than that; this module
//! must not judge it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Expected;
use super::application::{Application, Hydration};
use super::find::Concerned;
use super::history::Position;
use super::manifests::{Manifests, Names};
use super::obstacle::Obstacle;
use super::server::Server;
use super::tally::Tally;
use super::verdict::{Observed, Question, Rendering, Verdict, judge};
use super::wanted::Wanted;
use crate::api::ApiError;

/// What an application is followed with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch<'a> {
    pub(super) expected: &'a Expected<'a>,
    pub(super) concerned: &'a Concerned,
    pub(super) server: &'a Server<'a>,
    pub(super) wanted: &'a [Wanted],
    /// What is known of all applications, and which of them this is.
    pub(super) tally: (&'a Tally, usize),
    pub(super) page: &'a str,
    pub(super) pause: Duration,
    pub(super) timeout: Duration,
}

/// What is known of an application beside its own words.
pub(super) struct Seeing<'a> {
    watch: Watch<'a>,
    /// What it renders and what lives, and of which state that is.
    manifests: Option<(State, Manifests)>,
    rendering: Rendering,
    /// Where the last look found it.
    compared: Position,
    /// Revisions of a hydrated branch that came before the commit.
    stale: BTreeSet<String>,
}

/// What is rendered changes with the revision, and what lives with the end of a synchronisation.
type State = (String, bool);

impl<'a> Seeing<'a> {
    pub(super) fn new(watch: Watch<'a>) -> Self {
        Self { watch, manifests: None, rendering: Rendering::Any, compared: Position::Unknown, stale: BTreeSet::new() }
    }

    /// From now on everything is rendered anew.
    pub(super) fn renders_anew(&mut self) {
        self.rendering = Rendering::Anew;
        self.manifests = None;
    }

    /// Where the last look found it.
    pub(super) fn compared(&self) -> Position {
        self.compared
    }

    /// Judges an application, and answers what that asks.
    pub(super) async fn judge(&mut self, application: &Application) -> Result<Verdict, ApiError> {
        let (server, wanted) = (self.watch.server, self.watch.wanted);
        let (compared, operation) = self.positions(application).await;
        self.compared = compared;
        let state = (application.revision.clone(), application.sync == "Synced" && application.health == "Healthy");
        self.manifests.take_if(|(known, _)| *known != state);
        let (mut tree, mut windows) = (None, None);
        loop {
            let seen = Observed {
                application,
                compared,
                operation,
                manifests: self.manifests.as_ref().map(|(_, manifests)| manifests),
                tree: tree.as_ref(),
                windows: windows.as_ref(),
                rendering: self.rendering,
            };
            match judge(&seen, wanted) {
                Verdict::Ask(Question::Manifests) => {
                    let manifests = server.manifests().await?;
                    if let Names::Only(named) = manifests.rendered(wanted)
                        && compared != Position::Unknown
                    {
                        self.watch.tally.0.learn(self.watch.tally.1, &named);
                    }
                    self.manifests = Some((state.clone(), manifests));
                }
                Verdict::Ask(Question::Tree) => tree = Some(server.tree().await?),
                Verdict::Ask(Question::Windows) => windows = Some(server.windows().await?),
                verdict @ Verdict::Wait(Obstacle::Live(_)) => {
                    // What lives changes without a word.
                    self.manifests = None;
                    return Ok(verdict);
                }
                verdict => return Ok(verdict),
            }
        }
    }

    /// Where the compared revision and the operation's stand.
    async fn positions(&mut self, application: &Application) -> (Position, Position) {
        let history = self.watch.expected.history;
        let compared = match &application.hydration {
            Some(hydration) => self.hydrated(hydration, &application.revision).await,
            None if application.revision.is_empty() => Position::Earlier,
            None => history.position(&application.revision).await,
        };
        let operation = match &application.operation {
            None => Position::Earlier,
            Some(operation) if operation.revision == application.revision => compared,
            Some(operation) if application.hydration.is_some() => self.of_hydrated_branch(&operation.revision),
            Some(operation) => history.position(&operation.revision).await,
        };
        (compared, operation)
    }

    /// A hydrated branch has commits of its own: the one that the dry commit became counts, and what comes after it.
    async fn hydrated(&mut self, hydration: &Hydration, revision: &str) -> Position {
        let dry = self.watch.expected.history.position(&hydration.dry).await;
        match dry {
            Position::Ours | Position::Later if revision == hydration.hydrated => dry,
            Position::Ours | Position::Later => self.of_hydrated_branch(revision),
            Position::Earlier => {
                self.stale.insert(revision.to_owned());
                Position::Earlier
            }
            Position::Unknown => Position::Unknown,
        }
    }

    fn of_hydrated_branch(&self, revision: &str) -> Position {
        if self.stale.contains(revision) { Position::Earlier } else { Position::Unknown }
    }
}
