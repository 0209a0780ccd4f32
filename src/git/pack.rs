//! A pack's objects, each inflated when it is asked for, in bounded memory and time; this module must not fetch anything,
//! nor index the pack.
//!
//! The format is that of gitformat-pack. The pack stays compressed; an object is inflated when it is asked for. An
//! object is known only by the id that was computed from its content, so a wrong one can't be passed off for another.

#![deny(clippy::disallowed_methods)]

use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::budget::Budget;
use super::cache::Cache;
use super::delta;
use super::error::PackError;
use super::inflate::Inflater;
use crate::tree::FILE_LIMIT;

/// Git itself makes chains of at most 4095 deltas.
pub(super) const LONGEST_CHAIN: usize = 4096;

/// What an object costs beside its bytes, in bytes of work.
pub(super) const OBJECT: usize = 1024;

/// The kinds of objects that are wanted of a pack; the others are passed over, and cost no more than their way through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(&'static [ObjectType]);

impl Kinds {
    pub(super) const ALL: Self = Self(&[ObjectType::Commit, ObjectType::Tree, ObjectType::Blob, ObjectType::Tag]);
    pub(super) const COMMITS: Self = Self(&[ObjectType::Commit]);
    pub(super) const COMMITS_AND_TREES: Self = Self(&[ObjectType::Commit, ObjectType::Tree]);

    pub(super) fn hold(self, kind: ObjectType) -> bool {
        self.0.contains(&kind)
    }
}

/// A pack's objects by id.
#[derive(Debug)]
pub struct Pack {
    pub(super) bytes: Vec<u8>,
    pub(super) entries: Vec<Entry>,
    /// Sorted by their ids when the pack is read.
    pub(super) index: Vec<Indexed>,
    pub(super) has_oversized: bool,
}

/// One object as it stands in the pack.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) offset: u32,
    pub(super) body: u32,
    pub(super) size: u32,
    pub(super) base: Base,
}

/// What an entry is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// Nothing: it is whole.
    None(ObjectType),
    /// Another entry.
    Entry(u32),
    /// An object of the pack, whose id stands at this place of the pack.
    Object(u32),
}

/// An object and its entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indexed {
    pub(super) id: Oid,
    pub(super) entry: u32,
    pub(super) kind: ObjectType,
}

impl Entry {
    pub(super) fn is_oversized(&self) -> bool {
        self.size as usize > FILE_LIMIT
    }
}

impl Pack {
    /// Where an object is; none when the pack doesn't have it.
    pub(super) fn find(&self, id: Oid) -> Option<Indexed> {
        let place = self.index.binary_search_by_key(&id, |indexed| indexed.id).ok()?;
        self.index.get(place).copied()
    }

    /// How many bytes the pack has.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether an object was passed over because of its size.
    pub(super) fn has_oversized(&self) -> bool {
        self.has_oversized
    }

    /// The content of an entry that was indexed, its deltas applied. `number` tells this pack's contents in the cache from
    /// others'.
    pub(super) fn content(
        &self,
        entry: u32,
        (cache, number): (&mut Cache, usize),
        budget: &Budget,
    ) -> Result<Arc<Vec<u8>>, PackError> {
        let mut inflater = Inflater::default();
        let mut chain = Vec::new();
        let mut next = entry;
        let mut content = loop {
            if let Some(content) = cache.get((number, next)) {
                break content;
            }
            match self.entry(next)?.base {
                Base::None(_) => break Arc::new(self.inflate(next, &mut inflater, budget)?),
                Base::Entry(base) => chain.push(std::mem::replace(&mut next, base)),
                // What was indexed is built on entries alone.
                Base::Object(_) => return Err(PackError::Delta),
            }
            if chain.len() > LONGEST_CHAIN {
                return Err(PackError::TooMany("deltas in a chain"));
            }
        };
        cache.put((number, next), &content);
        for entry in chain.into_iter().rev() {
            let applied = self.apply(entry, &content, &mut inflater, budget)?;
            content = Arc::new(applied.ok_or(PackError::Delta)?);
            cache.put((number, entry), &content);
        }
        Ok(content)
    }

    /// The result of an entry's delta on its base; none when it is too big.
    pub(super) fn apply(
        &self,
        entry: u32,
        base: &[u8],
        inflater: &mut Inflater,
        budget: &Budget,
    ) -> Result<Option<Vec<u8>>, PackError> {
        let delta = self.inflate(entry, inflater, budget)?;
        let size = delta::result_size(&delta).ok_or(PackError::Delta)?;
        if size > FILE_LIMIT {
            return Ok(None);
        }
        budget.work(size)?;
        delta::apply(base, &delta).ok_or(PackError::Delta).map(Some)
    }

    /// What an entry holds itself: an object, or a delta.
    pub(super) fn inflate(&self, entry: u32, inflater: &mut Inflater, budget: &Budget) -> Result<Vec<u8>, PackError> {
        let entry = self.entry(entry)?;
        let size = entry.size as usize;
        budget.work(OBJECT + size)?;
        let input = self.bytes.get(entry.body as usize..).ok_or(PackError::Malformed)?;
        inflater.whole(input, size).ok_or(PackError::Inflate)
    }

    /// The id of the object that an entry is built on.
    pub(super) fn id_at(&self, place: u32) -> Result<Oid, PackError> {
        let place = place as usize;
        let id = self.bytes.get(place..place + 20).ok_or(PackError::Malformed)?;
        Oid::from_bytes(id).map_err(|_| PackError::Malformed)
    }

    fn entry(&self, entry: u32) -> Result<&Entry, PackError> {
        self.entries.get(entry as usize).ok_or(PackError::Delta)
    }
}
