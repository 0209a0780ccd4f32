//! Gives the result of every delta in a pack its id, each worked out once; this module must not read an entry's bytes.
//!
//! The deltas are taken from their bases upwards, so that a chain costs as much as its results have bytes, in whatever
//! order its entries stand. A base's content is held until its last delta has been applied; of those that are held the
//! oldest are let go when they are too much, and worked out again when their turn comes.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::budget::Budget;
use super::cache::Cache;
use super::error::PackError;
use super::inflate::Inflater;
use super::pack::{Base, Indexed, Kinds, LONGEST_CHAIN, Pack};

/// How many bytes of bases are held beside the latest one.
const MOST_HELD: usize = 8 << 20;

/// The end of a list of entries.
const NONE: u32 = u32::MAX;

/// Resolves all deltas whose bases are of these kinds.
pub(super) fn deltas(pack: &mut Pack, kinds: Kinds, budget: &Budget, inflater: Inflater) -> Result<(), PackError> {
    let (waiting, open) = Waiting::of(pack)?;
    if open == 0 {
        return Ok(());
    }
    let cache = Cache::default();
    let mut resolving =
        Resolving { pack, budget, inflater, cache, waiting, open, stack: Vec::new(), held: 0, oldest: 0 };
    for place in 0..resolving.pack.index.len() {
        if let Some(&root) = resolving.pack.index.get(place) {
            resolving.from(root)?;
        }
    }
    // A delta on an object that is too big, or of a kind that isn't wanted, has no base here, and isn't wanted.
    let is_complete = resolving.open == 0 || pack.has_oversized || kinds != Kinds::ALL;
    is_complete.then_some(()).ok_or(PackError::Delta)
}

/// The deltas by their bases, as linked lists: an entry is in one list alone.
struct Waiting {
    /// The first delta on an entry.
    first: Vec<u32>,
    /// The next delta on the same base.
    next: Vec<u32>,
    /// The first delta on an object that is known by its id alone.
    by_id: HashMap<Oid, u32>,
}

impl Waiting {
    /// The deltas of a pack and their number. Those that nothing is built on come first, so that a base goes with the
    /// last delta that something else is built on.
    fn of(pack: &Pack) -> Result<(Self, usize), PackError> {
        let count = pack.entries.len();
        let mut lists = Self { first: vec![NONE; count], next: vec![NONE; count], by_id: HashMap::new() };
        let mut is_base = vec![false; count];
        let on_entries = || {
            (0..NONE).zip(&pack.entries).filter_map(|(place, entry)| match entry.base {
                Base::Entry(base) => Some((place, base)),
                _ => None,
            })
        };
        for (_, base) in on_entries() {
            if let Some(is_base) = is_base.get_mut(base as usize) {
                *is_base = true;
            }
        }
        let mut open = 0;
        for adds_bases in [true, false] {
            for (place, base) in on_entries() {
                if is_base.get(place as usize) == Some(&adds_bases) {
                    lists.add(base, place);
                    open += 1;
                }
            }
        }
        for (place, entry) in (0..NONE).zip(&pack.entries) {
            if let Base::Object(at) = entry.base {
                let head = lists.by_id.entry(pack.id_at(at)?).or_insert(NONE);
                let after = std::mem::replace(head, place);
                if let Some(next) = lists.next.get_mut(place as usize) {
                    *next = after;
                }
                open += 1;
            }
        }
        Ok((lists, open))
    }

    fn first(&self, base: u32) -> u32 {
        self.first.get(base as usize).copied().unwrap_or(NONE)
    }

    fn add(&mut self, base: u32, delta: u32) {
        if let (Some(first), Some(next)) = (self.first.get_mut(base as usize), self.next.get_mut(delta as usize)) {
            *next = std::mem::replace(first, delta);
        }
    }

    /// Takes the next delta on an entry.
    fn take(&mut self, base: u32) -> Option<u32> {
        let delta = Some(self.first(base)).filter(|delta| *delta != NONE)?;
        let after = self.next.get(delta as usize).copied().unwrap_or(NONE);
        *self.first.get_mut(base as usize)? = after;
        Some(delta)
    }

    /// Adds what waits for an object to what is built on the entry that turned out to be it.
    fn arrived(&mut self, id: Oid, base: u32, pack: &mut Pack) {
        let mut delta = self.by_id.remove(&id).unwrap_or(NONE);
        while let Some(entry) = pack.entries.get_mut(delta as usize) {
            entry.base = Base::Entry(base);
            let after = self.next.get(delta as usize).copied().unwrap_or(NONE);
            self.add(base, delta);
            delta = after;
        }
    }
}

/// A base and its content, unless that was let go.
struct BaseContent {
    entry: u32,
    content: Option<Arc<Vec<u8>>>,
    depth: usize,
}

struct Resolving<'p> {
    pack: &'p mut Pack,
    budget: &'p Budget,
    inflater: Inflater,
    cache: Cache,
    waiting: Waiting,
    /// How many deltas are not resolved yet.
    open: usize,
    /// The bases whose deltas are being applied, each built on the one before.
    stack: Vec<BaseContent>,
    /// How many bytes they hold.
    held: usize,
    /// No base before this place holds its content.
    oldest: usize,
}

impl Resolving<'_> {
    /// Resolves everything that is built on a whole object.
    fn from(&mut self, root: Indexed) -> Result<(), PackError> {
        self.waiting.arrived(root.id, root.entry, self.pack);
        if self.waiting.first(root.entry) == NONE {
            return Ok(());
        }
        let content = self.pack.inflate(root.entry, &mut self.inflater, self.budget)?;
        self.hold(root.entry, content, 0);
        while let Some(held) = self.stack.last() {
            let (base, depth) = (held.entry, held.depth);
            let content = held.content.clone();
            let Some(delta) = self.waiting.take(base) else {
                self.let_go();
                continue;
            };
            let content = match content {
                Some(content) => content,
                None => self.pack.content(base, (&mut self.cache, 0), self.budget)?,
            };
            if self.waiting.first(base) == NONE {
                self.let_go();
            }
            self.open -= 1;
            self.resolve((delta, root.kind), content, depth + 1)?;
        }
        Ok(())
    }

    /// Applies one delta, and holds its result when something is built on it.
    fn resolve(&mut self, (delta, kind): (u32, ObjectType), base: Arc<Vec<u8>>, depth: usize) -> Result<(), PackError> {
        if depth > LONGEST_CHAIN {
            return Err(PackError::TooMany("deltas in a chain"));
        }
        if self.pack.entries.get(delta as usize).is_none_or(super::pack::Entry::is_oversized) {
            return Ok(());
        }
        let Some(content) = self.pack.apply(delta, &base, &mut self.inflater, self.budget)? else {
            self.pack.has_oversized = true;
            return Ok(());
        };
        drop(base);
        self.budget.work(content.len())?;
        let id = Oid::hash_object(kind, &content).map_err(|_| PackError::Malformed)?;
        self.pack.index.push(Indexed { id, entry: delta, kind });
        self.waiting.arrived(id, delta, self.pack);
        if self.waiting.first(delta) != NONE {
            self.hold(delta, content, depth);
        }
        Ok(())
    }

    /// Holds a base, and lets the oldest contents go when all are too much.
    fn hold(&mut self, entry: u32, content: Vec<u8>, depth: usize) {
        let before = self.held;
        self.held += content.len();
        let mut free = before.saturating_sub(MOST_HELD);
        while free > 0
            && let Some(held) = self.stack.get_mut(self.oldest)
        {
            self.oldest += 1;
            if let Some(content) = held.content.take() {
                self.held -= content.len();
                free = free.saturating_sub(content.len());
            }
        }
        self.stack.push(BaseContent { entry, content: Some(Arc::new(content)), depth });
    }

    fn let_go(&mut self) {
        if let Some(held) = self.stack.pop() {
            self.held -= held.content.map_or(0, |content| content.len());
            self.oldest = self.oldest.min(self.stack.len());
        }
    }
}
