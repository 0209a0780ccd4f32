//! The push and all around it: what is asked ahead, the branch's own push, the work branch of a proposal. This module
//! must not read files.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::capabilities::{self, Receiving};
use super::commit::Commit;
use super::error::GitError;
use super::push::{self, Push, Update};
use super::transport::{Session, Transport};
use super::{Remote, Snapshot};

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
        self.in_time(self.send(snapshot, update, commit)).await
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
        self.in_time(self.send_proposal(snapshot, commit, branch, options)).await
    }

    /// Whether the server takes push options.
    pub async fn takes_push_options(&self, snapshot: &Snapshot) -> Result<bool, GitError> {
        let receiving = self.receiving(snapshot).await?;
        let takes = receiving.capabilities.has("push-options");
        let ahead = Ahead { receiving, begun: Instant::now() };
        *snapshot.receiving.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        Ok(takes)
    }

    /// Asks what a push will need, beside what is asked to read. Whoever only reads may not be let in.
    pub(super) async fn receiving_ahead(&self, branch: Option<&str>) -> Option<Ahead> {
        let branch = branch.filter(|_| !self.url.is_local())?;
        match capabilities::receiving(&self.transport, branch).await {
            Ok(receiving) => Some(Ahead { receiving, begun: Instant::now() }),
            Err(error) => {
                tracing::debug!(%error, "asking about a push ahead of it failed");
                None
            }
        }
    }

    async fn send(&self, snapshot: &Snapshot, update: Update<'_>, commit: &Commit) -> Result<Push, GitError> {
        let branch = update.branch;
        let is_http = matches!(self.transport, Transport::Http(_));
        let mut receiving = self.receiving(snapshot).await?;
        if branch != snapshot.tip.branch {
            receiving.tip = None;
        } else if is_http && snapshot.started.elapsed() > FRESH {
            receiving.tip = Some(self.tip(branch).await?);
        }
        match push::push(receiving, update, commit).await {
            // The answer broke off, and the commit may be there all the same.
            Err(error) if is_unsure(&error) && self.is_tip(branch, commit).await => {
                tracing::debug!(%error, "the push's answer is broken, but the commit is there");
                Ok(Push::Done { words: String::new() })
            }
            pushed => pushed,
        }
    }

    async fn send_proposal(
        &self,
        snapshot: &Snapshot,
        commit: &Commit,
        branch: &str,
        options: &[String],
    ) -> Result<Proposed, GitError> {
        let mut fetching = self.fetching().await?;
        let old = fetching.work_branch(branch).await?;
        if let Some(tip) = old {
            let (store, _) = self.read(fetching, tip, &[]).await?;
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
            (None, None) => capabilities::receiving(&self.transport, &snapshot.tip.branch).await?,
        };
        if let Some(service) = receiving.session.service() {
            self.known_receiving.get_or_init(|| (service.clone(), receiving.capabilities.clone()));
        }
        Ok(receiving)
    }

    async fn tip(&self, branch: &str) -> Result<git2::Oid, GitError> {
        Ok(self.fetching().await?.tip(Some(branch)).await?.id)
    }

    async fn is_tip(&self, branch: &str, commit: &Commit) -> bool {
        self.tip(branch).await.is_ok_and(|tip| tip == commit.oid())
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

/// Whether an error leaves open what became of a push.
fn is_unsure(error: &GitError) -> bool {
    matches!(error, GitError::Unreachable { .. } | GitError::Protocol(_) | GitError::Remote { .. } | GitError::Limit(_))
}
