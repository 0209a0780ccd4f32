//! Reads a pack from a hostile server and gives every object its id; this module must not fetch anything.

#![deny(clippy::disallowed_methods)]

use git2::{ObjectType, Oid};

use super::budget::Budget;
use super::error::PackError;
use super::inflate::{self, Inflater};
use super::pack::{Base, Entry, Indexed, Kinds, OBJECT, Pack};
use super::resolve;

/// The shortest that an entry can be: one byte of header, eight of an empty stream.
const SHORTEST_ENTRY: usize = 9;

impl Pack {
    /// Indexes a pack by itself: every object that is not bigger than [`crate::tree::FILE_LIMIT`] gets its id.
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
