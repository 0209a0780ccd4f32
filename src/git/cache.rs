//! Contents that deltas may build on again, within a bound; this module must not know how they were made.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;
use std::sync::Arc;

/// How many bytes are kept.
const MOST: usize = 8 << 20;

/// A pack's number and an entry's.
type Key = (usize, u32);

/// Contents by pack and entry, dropped all at once when they are too much.
#[derive(Debug, Default)]
pub(super) struct Cache {
    contents: HashMap<Key, Arc<Vec<u8>>>,
    size: usize,
    packs: usize,
}

impl Cache {
    /// The number of another pack, which no pack has had before.
    pub(super) fn number(&mut self) -> usize {
        self.packs += 1;
        self.packs
    }

    pub(super) fn get(&self, key: Key) -> Option<Arc<Vec<u8>>> {
        self.contents.get(&key).cloned()
    }

    pub(super) fn put(&mut self, key: Key, content: &Arc<Vec<u8>>) {
        if content.len() > MOST || self.contents.contains_key(&key) {
            return;
        }
        if self.size + content.len() > MOST {
            self.contents.clear();
            self.size = 0;
        }
        self.contents.insert(key, Arc::clone(content));
        self.size += content.len();
    }
}
