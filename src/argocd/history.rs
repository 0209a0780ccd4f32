//! Questions to Git about what was pushed: where a revision stands to it, and what the repository holds. This module must not
//! know what an application is.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;
use tracing::debug;

use crate::git::{GitError, Later, Remote, Snapshot};
use crate::tree::{Found, Want};

/// How long one question may take: an application is looked at all the while.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a revision stands to the commit that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// It is this commit.
    Ours,
    /// It was built on it.
    Later,
    /// It was not.
    Earlier,
    /// Git can't tell, or it is no commit's id.
    Unknown,
}

/// One branch, as Git has it.
#[derive(Debug)]
pub(crate) struct BranchHistory<'a> {
    remote: &'a Remote,
    branch: &'a str,
    /// The commit that was pushed; with nothing pushed the tip that was read.
    commit: String,
    known: Mutex<BTreeMap<String, Position>>,
    is_default: OnceCell<bool>,
    view: Mutex<Snapshot>,
}

impl<'a> BranchHistory<'a> {
    /// The history of a branch from a commit on; with nothing pushed, from the tip that was read.
    pub(crate) fn new(remote: &'a Remote, read: &'a Snapshot, commit: Option<&str>) -> Self {
        let tip = read.tip();
        // What was there before the push is earlier, and need not be asked for.
        let known = commit.iter().map(|_| (tip.clone(), Position::Earlier)).collect();
        Self {
            remote,
            branch: read.branch(),
            commit: commit.map_or(tip, str::to_owned),
            known: Mutex::new(known),
            is_default: OnceCell::new(),
            view: Mutex::new(read.to_view()),
        }
    }

    /// Where a revision stands. Git is asked when it is seen for the first time.
    pub(crate) async fn position(&self, revision: &str) -> Position {
        if revision == self.commit {
            return Position::Ours;
        }
        if revision.len() != self.commit.len() || !revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Position::Unknown;
        }
        let mut known = self.known.lock().await;
        if let Some(position) = known.get(revision) {
            return *position;
        }
        match timeout(PATIENCE, self.remote.built_on(&self.commit, self.branch)).await {
            Ok(Ok(Later::Commits(later))) => {
                known.extend(later.into_iter().map(|id| (id, Position::Later)));
                *known.entry(revision.to_owned()).or_insert(Position::Earlier)
            }
            // The commit was taken off the branch, or what was asked lags behind what took the push.
            Ok(Ok(Later::Absent)) => Position::Earlier,
            Ok(Ok(Later::Untold)) => *known.entry(revision.to_owned()).or_insert(Position::Unknown),
            Ok(Err(error)) => {
                debug!(%error, "{}: the position of {revision} in the history can't be read from the Git server", self.remote.url().short());
                Position::Unknown
            }
            Err(_) => Position::Unknown,
        }
    }

    /// Whether the branch is the repository's default branch.
    pub(super) async fn is_default_branch(&self) -> Result<bool, GitError> {
        let ask = async || Ok(self.remote.default_branch().await? == self.branch);
        self.is_default.get_or_try_init(ask).await.copied()
    }

    /// What stands at these paths of the commit that was read before the push: a push adds no file.
    pub(super) async fn look(&self, wants: &[Want<'_>]) -> Result<Vec<Found>, GitError> {
        let mut view = self.view.lock().await;
        self.remote.look_further(&mut view, wants).await
    }
}
