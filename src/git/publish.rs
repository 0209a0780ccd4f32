//! The push and all around it: what is asked ahead, the branch's own push, the work branch of a proposal. This module
//! must not read files.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::arrival::Arrival;
use super::capabilities::{self, Receiving};
use super::commit::Commit;
use super::deadline::{self, Trouble};
use super::error::GitError;
use super::push::{self, Push, Update};
use super::transport::{Session, Transport};
use super::{Remote, Snapshot, refs};

/// How long a server is left waiting at the other end of a pipe before a push takes a new one.
const WAITING: Duration = Duration::from_secs(15);

/// From this age on a tip is asked for again before a push: where the server is slow or many push, it has often moved,
/// and a push that is lost anyway costs the server far more than the question.
const FRESH: Duration = Duration::from_secs(1);

/// What became of a commit on a work branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposed {
    /// The same change is there already, on the same tip.
    Already {
        /// The work branch's tip.
        commit: String,
    },
    /// The commit is the work branch's tip.
    Pushed {
        /// What the server said to that.
        words: String,
    },
    /// The work branch moved meanwhile.
    LostRace {
        /// What the server said to that.
        words: String,
    },
}

/// A push's conversation that was begun ahead of it.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) receiving: Receiving,
    begun: Instant,
}

impl Remote {
    /// Pushes a commit to the snapshot's branch, if that still stands where the snapshot found it, with push options.
    pub async fn push(&self, snapshot: &Snapshot, commit: &Commit, options: &[String]) -> Result<Push, GitError> {
        let update = Update { branch: &snapshot.tip.branch, old: Some(snapshot.tip.id), options };
        self.in_time(Box::pin(self.send(snapshot, update, commit))).await
    }

    /// Makes a commit on the snapshot's branch the tip of a work branch. What this tool left there is replaced, what
    /// somebody else made is not ([`GitError::ForeignCommit`]), nor is the default branch ([`GitError::DefaultBranch`]).
    pub async fn propose(
        &self,
        snapshot: &Snapshot,
        commit: &Commit,
        branch: &str,
        options: &[String],
    ) -> Result<Proposed, GitError> {
        self.in_time(Box::pin(self.send_proposal(snapshot, commit, branch, options))).await
    }

    /// Replaces what a work branch holds (its tip in hexadecimal digits) by a commit with the same change: only a push makes the
    /// server say what it makes of its options.
    pub async fn propose_again(
        &self,
        snapshot: &Snapshot,
        commit: &Commit,
        (branch, there): (&str, &str),
        options: &[String],
    ) -> Result<Proposed, GitError> {
        let old = git2::Oid::from_str(there).map_err(|_| GitError::protocol("a tip that is not a commit id"))?;
        let update = Update { branch, old: Some(old), options };
        match self.in_time(self.send(snapshot, update, commit)).await? {
            Push::Done { words } => Ok(Proposed::Pushed { words }),
            Push::LostRace { words } => Ok(Proposed::LostRace { words }),
        }
    }

    /// Where the branch of a snapshot stands now, in hexadecimal digits.
    pub async fn tip_again(&self, snapshot: &Snapshot) -> Result<String, GitError> {
        self.in_time(async { Ok(self.tip(snapshot.branch()).await?.to_string()) }).await
    }

    /// Whether the server takes push options.
    pub async fn takes_push_options(&self, snapshot: &Snapshot) -> Result<bool, GitError> {
        let receiving = self.receiving(snapshot).await?;
        let takes = receiving.capabilities.has("push-options");
        let ahead = Ahead { receiving, begun: Instant::now() };
        *snapshot.receiving.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        Ok(takes)
    }

    /// Asks whether a branch may be pushed to, as far as the server tells before a push, and returns its name; no branch
    /// means the remote's default. Nothing is written.
    pub async fn admits(&self, branch: Option<&str>) -> Result<String, GitError> {
        let tip = async || self.fetching().await?.tip(branch.map(refs::short_name)).await;
        let branch = self.read_again(tip).await?.branch;
        push::require_report(&self.offered(&branch).await?.capabilities)?;
        Ok(branch)
    }

    /// Asks what a push will need, beside what is asked to read. Whoever only reads may not be let in.
    pub(super) async fn receiving_ahead(&self, branch: Option<&str>) -> Option<Ahead> {
        let branch = branch.filter(|_| !self.url.is_local())?;
        match capabilities::receiving(&self.transport, branch).await {
            Ok(receiving) => Some(Ahead { receiving, begun: Instant::now() }),
            Err(error) => {
                tracing::debug!(%error, "the push access could not be read before the push");
                None
            }
        }
    }

    /// Pushes, again where a push may have been lost: after a look whether it has arrived.
    async fn send(&self, snapshot: &Snapshot, update: Update<'_>, commit: &Commit) -> Result<Push, GitError> {
        let mut trouble = Trouble::default();
        loop {
            let pushed = self.send_once(snapshot, update, commit).await;
            let error = match pushed {
                // The earlier push, whose answer was lost, may be what moved the branch.
                Ok(Push::LostRace { words }) if trouble.is_any() => {
                    return Ok(match self.arrival(snapshot, update, commit).await? {
                        Arrival::There => there(),
                        Arrival::Nowhere | Arrival::Overtaken => Push::LostRace { words },
                    });
                }
                Err(error) if is_unsure(&error) => error,
                pushed => return pushed,
            };
            let pause = self.deadline.next(&error, &mut trouble);
            if let Some(pause) = pause {
                deadline::wait(&error, pause).await;
            }
            match (self.arrival(snapshot, update, commit).await, pause) {
                (Ok(Arrival::There), _) => {
                    tracing::debug!(%error, "the answer to the push is broken, but the commit has arrived");
                    return Ok(there());
                }
                (Ok(Arrival::Nowhere), Some(_)) => {}
                (Ok(Arrival::Overtaken), Some(_)) => return Ok(Push::LostRace { words: error.to_string() }),
                _ => return Err(error),
            }
        }
    }

    async fn send_once(&self, snapshot: &Snapshot, update: Update<'_>, commit: &Commit) -> Result<Push, GitError> {
        let branch = update.branch;
        let is_http = matches!(self.transport, Transport::Http(_));
        let mut receiving = self.receiving(snapshot).await?;
        if branch != snapshot.tip.branch {
            receiving.tip = None;
        } else if is_http && snapshot.started.elapsed() > FRESH {
            receiving.tip = Some(self.tip(branch).await?);
        }
        push::push(receiving, update, commit).await
    }

    async fn send_proposal(
        &self,
        snapshot: &Snapshot,
        commit: &Commit,
        branch: &str,
        options: &[String],
    ) -> Result<Proposed, GitError> {
        let there = async || {
            let mut fetching = self.fetching().await?;
            match fetching.work_branch(branch).await? {
                Some(tip) => Ok(Some((tip, self.read(fetching, tip, &[]).await?.0))),
                None => Ok(None),
            }
        };
        let there = self.read_again(there).await?;
        let old = there.as_ref().map(|(tip, _)| *tip);
        if let Some((tip, store)) = there {
            let (there, wanted) = (store.header(tip)?, commit.header());
            if there.committer != wanted.committer {
                return Err(GitError::ForeignCommit { branch: branch.to_owned(), committer: there.committer });
            }
            if (&there.tree, &there.parents) == (&wanted.tree, &wanted.parents) {
                return Ok(Proposed::Already { commit: tip.to_string() });
            }
        }
        let update = Update { branch, old, options };
        match self.send(snapshot, update, commit).await? {
            Push::Done { words } => Ok(Proposed::Pushed { words }),
            Push::LostRace { words } => Ok(Proposed::LostRace { words }),
        }
    }

    /// What a push needs to know: begun ahead, or known from an earlier one, or asked for now.
    async fn receiving(&self, snapshot: &Snapshot) -> Result<Receiving, GitError> {
        let receiving = match (snapshot.take_ahead(&self.transport), self.known_receiving.get()) {
            (Some(receiving), _) => receiving,
            (None, Some((service, capabilities))) => {
                let session = Session::resume(service.clone());
                Receiving { capabilities: capabilities.clone(), tip: None, session }
            }
            (None, None) => self.offered(&snapshot.tip.branch).await?,
        };
        if let Some(service) = receiving.session.service() {
            self.known_receiving.get_or_init(|| (service.clone(), receiving.capabilities.clone()));
        }
        Ok(receiving)
    }

    /// What the server offers for a push.
    pub(super) async fn offered(&self, branch: &str) -> Result<Receiving, GitError> {
        self.read_again(async || capabilities::receiving(&self.transport, branch).await).await
    }

    /// Where a branch stands.
    pub(super) async fn tip(&self, branch: &str) -> Result<git2::Oid, GitError> {
        let tip = async || self.fetching().await?.tip(Some(branch)).await;
        Ok(self.read_again(tip).await?.id)
    }
}

impl Snapshot {
    /// The push's conversation that was begun ahead, unless it has waited too long at the other end of a pipe.
    fn take_ahead(&self, transport: &Transport) -> Option<Receiving> {
        let ahead = self.receiving.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_http = matches!(transport, Transport::Http(_));
        ahead.filter(|ahead| is_http || ahead.begun.elapsed() < WAITING).map(|ahead| ahead.receiving)
    }
}

/// A push that turned out to have arrived, whatever the server said.
fn there() -> Push {
    Push::Done { words: String::new() }
}

/// Whether an error leaves open what became of a push.
fn is_unsure(error: &GitError) -> bool {
    matches!(
        error,
        GitError::Broken { .. }
            | GitError::Answered { .. }
            | GitError::WebPage { .. }
            | GitError::Unreachable { .. }
            | GitError::Protocol(_)
            | GitError::Remote { .. }
            | GitError::Limit(_)
    )
}
