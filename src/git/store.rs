//! The objects that were fetched, by id; this module must not fetch one that is missing.

#![deny(clippy::disallowed_methods)]

use git2::{ObjectType, Oid};

use super::commit::Header;
use super::pack::{Pack, PackError};

/// Everything that was fetched of a repository.
#[derive(Debug, Default)]
pub(super) struct Store {
    packs: Vec<Pack>,
}

impl Store {
    pub(super) fn add(&mut self, pack: Pack) {
        self.packs.push(pack);
    }

    pub(super) fn has(&self, id: Oid) -> bool {
        self.packs.iter().any(|pack| pack.has(id))
    }

    /// How many bytes of packs are kept.
    pub(super) fn size(&self) -> usize {
        self.packs.iter().map(Pack::size).sum()
    }

    /// Whether a server sent an object that is too big to be kept.
    pub(super) fn has_oversized(&self) -> bool {
        self.packs.iter().any(Pack::has_oversized)
    }

    /// An object's content, which must be of this kind.
    pub(super) fn object(&self, id: Oid, kind: ObjectType) -> Result<Vec<u8>, PackError> {
        for pack in &self.packs {
            match pack.object(id)? {
                Some((found, content)) if found == kind => return Ok(content),
                Some(_) => return Err(PackError::Kind(id.to_string(), kind.str())),
                None => {}
            }
        }
        Err(PackError::Missing(id.to_string()))
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
