//! Reads a pack from a hostile server in bounded memory and time; this module must not fetch anything.
//!
//! The format is that of gitformat-pack. The pack stays compressed; an object is inflated when it is asked for. An
//! object is known only by the id that was computed from its content, so a wrong one can't be passed off for another.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::{delta, inflate};

/// The biggest object that is read: nothing to edit is bigger.
pub const FILE_LIMIT: usize = 32 << 20;

/// More objects than any repository's single tree should have.
const MOST_OBJECTS: usize = 2_000_000;

/// How much all objects may inflate to, deltas applied.
const MOST_INFLATED: usize = 1 << 30;

/// Git itself makes chains of at most 4095 deltas.
const LONGEST_CHAIN: usize = 4096;

/// How often all unresolved deltas are tried again when their bases come later in the pack.
const MOST_PASSES: usize = 64;

/// How much inflated content is kept for the deltas that may build on it.
const CACHED: usize = 16 << 20;

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

/// A pack's objects by id.
#[derive(Debug)]
pub struct Pack {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    index: HashMap<Oid, (usize, ObjectType)>,
    has_oversized: bool,
}

#[derive(Debug)]
struct Entry {
    offset: usize,
    body: usize,
    size: usize,
    base: Base,
}

#[derive(Clone, Copy, Debug)]
enum Base {
    None(ObjectType),
    Entry(usize),
    Object(Oid),
}

impl Pack {
    /// Indexes a pack: every object that is not bigger than [`FILE_LIMIT`] gets its id.
    pub fn read(bytes: Vec<u8>) -> Result<Self, PackError> {
        let mut reading = Reading {
            pack: Self { bytes, entries: Vec::new(), index: HashMap::new(), has_oversized: false },
            budget: MOST_INFLATED,
            cache: Cache::default(),
        };
        reading.entries()?;
        reading.deltas()?;
        Ok(reading.pack)
    }

    /// An object's kind and content; none when the pack doesn't have it.
    pub(super) fn object(&self, id: Oid) -> Result<Option<(ObjectType, Vec<u8>)>, PackError> {
        let Some(&(entry, kind)) = self.index.get(&id) else {
            return Ok(None);
        };
        let mut budget = MOST_INFLATED;
        let content = self.content(entry, &mut Cache::default(), &mut budget)?;
        let content = content.ok_or_else(|| PackError::Missing(id.to_string()))?;
        Ok(Some((kind, Arc::unwrap_or_clone(content))))
    }

    pub(super) fn has(&self, id: Oid) -> bool {
        self.index.contains_key(&id)
    }

    /// How many bytes the pack has.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether an object was passed over because of its size.
    pub(super) fn has_oversized(&self) -> bool {
        self.has_oversized
    }

    /// An entry's content with its deltas applied; none when it is too big.
    fn content(&self, entry: usize, cache: &mut Cache, budget: &mut usize) -> Result<Option<Arc<Vec<u8>>>, PackError> {
        let mut chain = Vec::new();
        let mut next = entry;
        let mut content = loop {
            if let Some(content) = cache.get(next) {
                break content;
            }
            let at = self.entries.get(next).ok_or(PackError::Delta)?;
            if at.size > FILE_LIMIT {
                return Ok(None);
            }
            match at.base {
                Base::None(_) => break Arc::new(self.inflate(at, budget)?),
                Base::Entry(base) => chain.push((next, std::mem::replace(&mut next, base))),
                Base::Object(id) => {
                    let base = self.index.get(&id).ok_or(PackError::Delta)?.0;
                    chain.push((next, std::mem::replace(&mut next, base)));
                }
            }
            if chain.len() > LONGEST_CHAIN {
                return Err(PackError::TooMany("deltas in a chain"));
            }
        };
        for (place, _) in chain.into_iter().rev() {
            cache.put(next, &content);
            let at = self.entries.get(place).ok_or(PackError::Delta)?;
            let delta = self.inflate(at, budget)?;
            let size = delta::result_size(&delta).ok_or(PackError::Delta)?;
            if size > FILE_LIMIT {
                return Ok(None);
            }
            spend(budget, size)?;
            content = Arc::new(delta::apply(&content, &delta).ok_or(PackError::Delta)?);
            next = place;
        }
        Ok(Some(content))
    }

    fn inflate(&self, entry: &Entry, budget: &mut usize) -> Result<Vec<u8>, PackError> {
        spend(budget, entry.size)?;
        let input = self.bytes.get(entry.body..).ok_or(PackError::Malformed)?;
        inflate::whole(input, entry.size).ok_or(PackError::Inflate)
    }
}

struct Reading {
    pack: Pack,
    budget: usize,
    cache: Cache,
}

impl Reading {
    fn entries(&mut self) -> Result<(), PackError> {
        let header = self.pack.bytes.get(..12).ok_or(PackError::Malformed)?;
        let number =
            |at: usize| header.get(at..at + 4).map(|bytes| bytes.iter().fold(0, |n, &b| n << 8 | usize::from(b)));
        if header.get(..4) != Some(b"PACK") || !matches!(number(4), Some(2 | 3)) {
            return Err(PackError::Malformed);
        }
        let count = number(8).unwrap_or_default();
        if count > MOST_OBJECTS {
            return Err(PackError::TooMany("objects"));
        }
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
                let id = header.as_slice().get(..20).ok_or(PackError::Malformed)?;
                header.nth(19);
                Base::Object(Oid::from_bytes(id).map_err(|_| PackError::Malformed)?)
            }
            _ => return Err(PackError::Malformed),
        };
        let body = self.pack.bytes.len() - header.len();
        let entry = Entry { offset, body, size, base };
        let length = self.measure(&entry)?;
        self.pack.entries.push(entry);
        Ok(body + length)
    }

    fn base_entry(&self, offset: usize, header: &mut std::slice::Iter<'_, u8>) -> Result<usize, PackError> {
        let distance = inflate::base_distance(header).ok_or(PackError::Malformed)?;
        let wanted = offset.checked_sub(distance).ok_or(PackError::Malformed)?;
        let found = self.pack.entries.binary_search_by_key(&wanted, |entry| entry.offset);
        found.map_err(|_| PackError::Malformed)
    }

    /// Finds out how long an entry's compressed body is, and its id when it is a whole object.
    fn measure(&mut self, entry: &Entry) -> Result<usize, PackError> {
        let input = self.pack.bytes.get(entry.body..).ok_or(PackError::Malformed)?;
        spend(&mut self.budget, entry.size)?;
        let is_oversized = entry.size > FILE_LIMIT;
        let mut content = Vec::with_capacity(if is_oversized { 1 << 16 } else { entry.size + 1 });
        let (taken, made) = inflate::through(input, &mut content, entry.size).ok_or(PackError::Inflate)?;
        if made != entry.size {
            return Err(PackError::Inflate);
        }
        self.pack.has_oversized |= is_oversized;
        if let (Base::None(kind), false) = (entry.base, is_oversized) {
            let id = Oid::hash_object(kind, &content).map_err(|_| PackError::Malformed)?;
            self.pack.index.insert(id, (self.pack.entries.len(), kind));
        }
        Ok(taken)
    }

    /// Gives every delta's result its id. A base may stand later in the pack, so what fails is tried again.
    fn deltas(&mut self) -> Result<(), PackError> {
        let is_delta = |(place, entry): (usize, &Entry)| (!matches!(entry.base, Base::None(_))).then_some(place);
        let mut open: Vec<usize> = self.pack.entries.iter().enumerate().filter_map(is_delta).collect();
        let mut kinds: HashMap<usize, ObjectType> = HashMap::new();
        for _ in 0..MOST_PASSES {
            let before = open.len();
            let mut waiting = Vec::new();
            for place in open {
                match self.kind(place, &kinds) {
                    Some(kind) => {
                        kinds.insert(place, kind);
                        self.delta(place, kind)?;
                    }
                    None => waiting.push(place),
                }
            }
            open = waiting;
            if open.is_empty() {
                return Ok(());
            }
            if open.len() == before {
                break;
            }
        }
        // A delta on an object that is too big has no base here, and isn't wanted.
        if self.pack.has_oversized { Ok(()) } else { Err(PackError::Delta) }
    }

    /// The kind of a delta's result, when its base is known.
    fn kind(&self, place: usize, kinds: &HashMap<usize, ObjectType>) -> Option<ObjectType> {
        let base = match self.pack.entries.get(place)?.base {
            Base::None(kind) => return Some(kind),
            Base::Entry(base) => base,
            Base::Object(id) => return self.pack.index.get(&id).map(|&(_, kind)| kind),
        };
        match self.pack.entries.get(base)?.base {
            Base::None(kind) => Some(kind),
            _ => kinds.get(&base).copied(),
        }
    }

    fn delta(&mut self, place: usize, kind: ObjectType) -> Result<(), PackError> {
        let Some(content) = self.pack.content(place, &mut self.cache, &mut self.budget)? else {
            self.pack.has_oversized = true;
            return Ok(());
        };
        let id = Oid::hash_object(kind, &content).map_err(|_| PackError::Malformed)?;
        self.cache.put(place, &content);
        self.pack.index.entry(id).or_insert((place, kind));
        Ok(())
    }
}

/// Contents that deltas may build on again, dropped all at once when they are too much.
#[derive(Default)]
struct Cache {
    contents: HashMap<usize, Arc<Vec<u8>>>,
    size: usize,
}

impl Cache {
    fn get(&self, entry: usize) -> Option<Arc<Vec<u8>>> {
        self.contents.get(&entry).cloned()
    }

    fn put(&mut self, entry: usize, content: &Arc<Vec<u8>>) {
        if self.size + content.len() > CACHED {
            self.contents.clear();
            self.size = 0;
        }
        if content.len() <= CACHED && self.contents.insert(entry, Arc::clone(content)).is_none() {
            self.size += content.len();
        }
    }
}

fn spend(budget: &mut usize, size: usize) -> Result<(), PackError> {
    *budget = budget.checked_sub(size).ok_or(PackError::TooMany("inflated bytes"))?;
    Ok(())
}
