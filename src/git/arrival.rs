//! Looks whether a push has arrived whose answer was lost. This module must not push.

use git2::Oid;

use super::commit::Commit;
use super::error::GitError;
use super::fetch::Extent;
use super::push::Update;
use super::store::Store;
use super::{Remote, Snapshot};

/// How many commits are looked through where a server does not tell what was added since another.
const MOST_COMMITS: usize = 1000;

/// Where a pushed commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It is the branch's tip, or others built on it.
    There,
    /// The branch stands where it stood.
    Nowhere,
    /// The branch moved without it.
    Overtaken,
}

impl Remote {
    /// Looks where a commit is that was pushed.
    pub(super) async fn arrival(
        &self,
        snapshot: &Snapshot,
        update: Update<'_>,
        commit: &Commit,
    ) -> Result<Arrival, GitError> {
        let tip = match self.tip(update.branch).await {
            Ok(tip) => Some(tip),
            Err(GitError::BranchMissing { .. } | GitError::EmptyRepository) => None,
            Err(error) => return Err(error),
        };
        match tip {
            tip if tip == update.old => Ok(Arrival::Nowhere),
            Some(tip) if tip == commit.oid() || self.leads_to((snapshot.tip.id, commit.oid()), tip).await? => {
                Ok(Arrival::There)
            }
            _ => Ok(Arrival::Overtaken),
        }
    }

    /// Whether a commit is among those that lead from an earlier one to a tip.
    async fn leads_to(&self, (earlier, commit): (Oid, Oid), tip: Oid) -> Result<bool, GitError> {
        let added = async || {
            let mut store = Store::default();
            self.fetching().await?.fetch(&[tip], Extent::Since(earlier), &mut store).await?;
            Ok(store.has(commit))
        };
        match self.read_again(added).await {
            Err(GitError::Remote { .. } | GitError::Limit(_) | GitError::Pack(_)) => {
                let id = commit.to_string();
                let is_found = |commits: &[super::Logged]| commits.iter().any(|commit| commit.id == id);
                let log = self.read_again(async || self.read_log(tip, MOST_COMMITS, &is_found).await).await?;
                Ok(log.is_some_and(|log| is_found(&log.commits)))
            }
            looked => looked,
        }
    }
}
