//! The objects that were fetched, by id; this module must not fetch one that is missing.

#![deny(clippy::disallowed_methods)]

use std::sync::{Arc, Mutex, PoisonError};

use git2::{ObjectType, Oid};

use super::budget::Budget;
use super::cache::Cache;
use super::error::PackError;
use super::header::Header;
use super::pack::Pack;

/// Everything that was fetched of a repository, and what may still be spent on it. A clone holds the same packs, and may get others
/// later: what was read lately is kept for all clones together, by numbers that no two packs share.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    packs: Vec<(usize, Arc<Pack>)>,
    budget: Budget,
    recent: Arc<Mutex<Cache>>,
}

impl Store {
    /// Starts without objects, in an exchange with this budget.
    pub(super) fn new(budget: &Budget) -> Self {
        Self { budget: budget.clone(), ..Self::default() }
    }

    /// What the exchange may still cost.
    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Goes on with what is there in another exchange, which has a budget of its own.
    pub(super) fn in_new_exchange(self) -> Self {
        Self { budget: Budget::default(), ..self }
    }

    /// Adds the objects of a pack that was read within this budget.
    pub(super) fn add(&mut self, pack: Pack) {
        let number = self.recent.lock().unwrap_or_else(PoisonError::into_inner).number();
        self.packs.push((number, Arc::new(pack)));
    }

    pub(super) fn has(&self, id: Oid) -> bool {
        self.packs.iter().any(|(_, pack)| pack.find(id).is_some())
    }

    /// How many bytes of packs are kept.
    pub(super) fn size(&self) -> usize {
        self.packs.iter().map(|(_, pack)| pack.size()).sum()
    }

    /// Whether a server sent an object that is too big to be kept.
    pub(super) fn has_oversized(&self) -> bool {
        self.packs.iter().any(|(_, pack)| pack.has_oversized())
    }

    /// An object's content, which must be of this kind.
    pub(super) fn object(&self, id: Oid, kind: ObjectType) -> Result<Vec<u8>, PackError> {
        let found = self.packs.iter().find_map(|(number, pack)| Some((*number, pack, pack.find(id)?)));
        let (number, pack, found) = found.ok_or_else(|| PackError::Missing(id.to_string()))?;
        if found.kind != kind {
            return Err(PackError::Kind(id.to_string(), kind.str()));
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let content = pack.content(found.entry, (&mut recent, number), &self.budget)?;
        drop(recent);
        Ok(Arc::unwrap_or_clone(content))
    }

    /// What a commit's own lines say.
    pub(super) fn header(&self, commit: Oid) -> Result<Header, PackError> {
        Ok(Header::parse(&self.object(commit, ObjectType::Commit)?))
    }

    /// The top tree of a commit.
    pub(super) fn top(&self, commit: Oid) -> Result<Oid, PackError> {
        let content = self.object(commit, ObjectType::Commit)?;
        let line = content.strip_prefix(b"tree ").and_then(|rest| rest.get(..40));
        let id = line.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| Oid::from_str(hex).ok());
        id.ok_or_else(|| PackError::Kind(commit.to_string(), "commit"))
    }
}
