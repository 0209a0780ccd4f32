//! Reads a pack from a hostile server in bounded memory and time; this module must not fetch anything.
//!
//! The format is that of gitformat-pack. The pack stays compressed; an object is inflated when it is asked for. An
//! object is known only by the id that was computed from its content, so a wrong one can't be passed off for another.

#![deny(clippy::disallowed_methods)]

use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::budget::Budget;
use super::cache::Cache;
use super::delta;
use super::inflate::{self, Inflater};
use super::resolve;

/// The biggest object that is read: nothing to edit is bigger.
pub const FILE_LIMIT: usize = 16 << 20;

/// Git itself makes chains of at most 4095 deltas.
pub(super) const LONGEST_CHAIN: usize = 4096;

/// What an object costs beside its bytes, in bytes of work.
const OBJECT: usize = 1024;

/// The shortest that an entry can be: one byte of header, eight of an empty stream.
const SHORTEST_ENTRY: usize = 9;

/// Why a pack can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The pack ends too early, or has bytes that don't belong there.
    #[error("the pack is truncated or malformed")]
    Malformed,
    /// A compressed object is broken, or not as long as it says.
    #[error("an object in the pack can't be inflated")]
    Inflate,
    /// A delta breaks the format, or its base is missing.
    #[error("a delta in the pack can't be applied")]
    Delta,
    /// A bound is exceeded.
    #[error("the pack has too many {0}")]
    TooMany(&'static str),
    /// An object that was asked for did not come.
    #[error("object {0} is missing")]
    Missing(String),
    /// An object isn't what it has to be in its place.
    #[error("object {0} is not a {1}")]
    Kind(String, &'static str),
}

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
    bytes: Vec<u8>,
    pub(super) entries: Vec<Entry>,
    /// Sorted by their ids when the pack is read.
    pub(super) index: Vec<Indexed>,
    pub(super) has_oversized: bool,
}

/// One object as it stands in the pack.
#[derive(Debug)]
pub(super) struct Entry {
    offset: u32,
    body: u32,
    size: u32,
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
    /// Indexes a pack by itself: every object that is not bigger than [`FILE_LIMIT`] gets its id.
    pub fn read(bytes: Vec<u8>) -> Result<Self, PackError> {
        Self::read_within(bytes, Kinds::ALL, &Budget::default())
    }

    /// Indexes a pack that is a part of an exchange: every object of these kinds gets its id.
    pub(super) fn read_within(bytes: Vec<u8>, kinds: Kinds, budget: &Budget) -> Result<Self, PackError> {
        budget.receive(bytes.len())?;
        let pack = Self { bytes, entries: Vec::new(), index: Vec::new(), has_oversized: false };
        let mut reading = Reading { pack, kinds, budget, inflater: Inflater::default(), content: Vec::new() };
        reading.entries()?;
        let Reading { mut pack, inflater, .. } = reading;
        resolve::deltas(&mut pack, kinds, budget, inflater)?;
        pack.index.sort_by_key(|indexed| indexed.id);
        pack.index.dedup_by_key(|indexed| indexed.id);
        Ok(pack)
    }

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

/// A pack whose entries are being found.
struct Reading<'b> {
    pack: Pack,
    kinds: Kinds,
    budget: &'b Budget,
    inflater: Inflater,
    /// What the last entry holds.
    content: Vec<u8>,
}

impl Reading<'_> {
    fn entries(&mut self) -> Result<(), PackError> {
        let header = self.pack.bytes.get(..12).ok_or(PackError::Malformed)?;
        let number =
            |at: usize| header.get(at..at + 4).map(|bytes| bytes.iter().fold(0, |n, &b| n << 8 | usize::from(b)));
        if header.get(..4) != Some(b"PACK") || !matches!(number(4), Some(2 | 3)) {
            return Err(PackError::Malformed);
        }
        let count = number(8).unwrap_or_default();
        self.budget.objects(count)?;
        // So many fit, whatever the header says.
        self.pack.entries.reserve_exact(count.min(self.pack.bytes.len() / SHORTEST_ENTRY));
        let mut offset = 12;
        for _ in 0..count {
            offset = self.entry(offset)?;
        }
        // What remains is the trailer. Its checksum says nothing that the objects' own ids don't.
        let is_whole = self.pack.bytes.len() == offset + 20;
        is_whole.then_some(()).ok_or(PackError::Malformed)
    }

    /// Reads the entry at an offset and returns the offset behind it.
    fn entry(&mut self, offset: usize) -> Result<usize, PackError> {
        let rest = self.pack.bytes.get(offset..).ok_or(PackError::Malformed)?;
        let mut header = rest.iter();
        let (kind, size) = inflate::kind_and_size(&mut header).ok_or(PackError::Malformed)?;
        let base = match kind {
            1 => Base::None(ObjectType::Commit),
            2 => Base::None(ObjectType::Tree),
            3 => Base::None(ObjectType::Blob),
            4 => Base::None(ObjectType::Tag),
            6 => Base::Entry(self.base_entry(offset, &mut header)?),
            7 => {
                let place = self.pack.bytes.len() - header.len();
                header.as_slice().get(..20).ok_or(PackError::Malformed)?;
                header.nth(19);
                Base::Object(short(place)?)
            }
            _ => return Err(PackError::Malformed),
        };
        let body = self.pack.bytes.len() - header.len();
        // A size that doesn't fit is too big, like any other above the limit.
        let entry =
            Entry { offset: short(offset)?, body: short(body)?, size: u32::try_from(size).unwrap_or(u32::MAX), base };
        let length = self.measure(&entry, size)?;
        self.pack.entries.push(entry);
        Ok(body + length)
    }

    fn base_entry(&self, offset: usize, header: &mut std::slice::Iter<'_, u8>) -> Result<u32, PackError> {
        let distance = inflate::base_distance(header).ok_or(PackError::Malformed)?;
        let wanted = short(offset.checked_sub(distance).ok_or(PackError::Malformed)?)?;
        let found = self.pack.entries.binary_search_by_key(&wanted, |entry| entry.offset);
        short(found.map_err(|_| PackError::Malformed)?)
    }

    /// Finds out how long an entry's compressed body is, and its id when it is a whole object that is wanted.
    fn measure(&mut self, entry: &Entry, size: usize) -> Result<usize, PackError> {
        let input = self.pack.bytes.get(entry.body as usize..).ok_or(PackError::Malformed)?;
        self.budget.work(OBJECT.saturating_add(size))?;
        let is_oversized = entry.is_oversized();
        self.content.clear();
        self.content.reserve(if is_oversized { 1 << 16 } else { size + 1 });
        let taken = self.inflater.through(input, &mut self.content, size).ok_or(PackError::Inflate)?;
        self.pack.has_oversized |= is_oversized;
        if let (Base::None(kind), false) = (entry.base, is_oversized)
            && self.kinds.hold(kind)
        {
            self.budget.work(size)?;
            let id = Oid::hash_object(kind, &self.content).map_err(|_| PackError::Malformed)?;
            self.pack.index.push(Indexed { id, entry: short(self.pack.entries.len())?, kind });
        }
        Ok(taken)
    }
}

/// A number of a pack's bytes or entries, of which there are fewer than this many.
fn short(number: usize) -> Result<u32, PackError> {
    u32::try_from(number).map_err(|_| PackError::TooMany("bytes"))
}
