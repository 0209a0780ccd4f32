//! Which commits of a branch have been built on an earlier one, and which branch is the default one. This module must not read
//! files.

use std::collections::{BTreeMap, BTreeSet};

use git2::{ObjectType, Oid};

use super::error::GitError;
use super::fetch::Extent;
use super::header::Header;
use super::store::Store;
use super::{Remote, capabilities, refs};

/// How many generations of commits are looked through where a server does not tell what was added since another commit.
const MOST_GENERATIONS: usize = 2000;

/// How many generations are asked for at first there; each further request asks for more.
const FIRST_STEP: usize = 50;
const GROWTH: usize = 6;

/// What a branch has by now of what was built on one of its commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Later {
    /// The branch has the commit, and these later ones (hexadecimal digits).
    Commits(BTreeSet<String>),
    /// The branch does not have the commit.
    Absent,
    /// Git can't tell: the commit lies too far behind, or the server sends no commits alone.
    Untold,
}

impl Remote {
    /// The name of the remote's default branch.
    pub async fn default_branch(&self) -> Result<String, GitError> {
        let tip = async || self.fetching().await?.tip(None).await;
        Ok(self.read_again(tip).await?.branch)
    }

    /// The commits of a branch that stand on one of them (hexadecimal digits), as the branch is now.
    pub async fn built_on(&self, commit: &str, branch: &str) -> Result<Later, GitError> {
        let Some(commit) = capabilities::object_id(commit) else { return Ok(Later::Untold) };
        let tip = self.tip(refs::short_name(branch)).await?;
        if tip == commit {
            return Ok(Later::Commits(BTreeSet::new()));
        }
        let added = async || {
            let mut store = Store::default();
            self.fetching().await?.fetch(&[tip], Extent::After(commit), &mut store).await?;
            Ok(store)
        };
        match self.read_again(added).await {
            Ok(store) => Ok(descendants(&store, tip, commit)?.map_or(Later::Absent, Later::Commits)),
            Err(GitError::Remote { .. } | GitError::Limit(_) | GitError::Pack(_)) => {
                self.read_again(async || self.look_through(tip, commit).await).await
            }
            Err(error) => Err(error),
        }
    }

    /// Looks through the commits before a tip until one is found.
    async fn look_through(&self, tip: Oid, commit: Oid) -> Result<Later, GitError> {
        let mut step = FIRST_STEP;
        loop {
            let depth = step.min(MOST_GENERATIONS);
            let mut store = Store::default();
            if !self.fetch_commits(&mut store, (tip, 0), (tip, depth)).await? {
                return Ok(Later::Untold);
            }
            if let Some(commits) = descendants(&store, tip, commit)? {
                return Ok(Later::Commits(commits));
            }
            if depth == MOST_GENERATIONS {
                return Ok(Later::Untold);
            }
            step = step.saturating_mul(GROWTH);
        }
    }
}

/// The commits between a tip and an earlier commit that have it among their ancestors; none when the tip hasn't.
fn descendants(store: &Store, tip: Oid, commit: Oid) -> Result<Option<BTreeSet<String>>, GitError> {
    let mut children: BTreeMap<Oid, Vec<Oid>> = BTreeMap::new();
    let (mut seen, mut next) = (BTreeSet::from([tip]), vec![tip]);
    while let Some(id) = next.pop() {
        if id == commit || !store.has(id) {
            continue;
        }
        let header = Header::parse(&store.object(id, ObjectType::Commit)?);
        for parent in header.parents.iter().filter_map(|parent| capabilities::object_id(parent)) {
            children.entry(parent).or_default().push(id);
            if seen.insert(parent) {
                next.push(parent);
            }
        }
    }
    let (mut later, mut next) = (BTreeSet::new(), vec![commit]);
    while let Some(id) = next.pop() {
        for child in children.get(&id).into_iter().flatten() {
            if later.insert(*child) {
                next.push(*child);
            }
        }
    }
    Ok(later.contains(&tip).then(|| later.iter().map(Oid::to_string).collect()))
}
