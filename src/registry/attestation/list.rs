//! Reads a JSON list item by item, so that memory does not grow with its length. This module must not know what the items are.

#![deny(clippy::disallowed_methods)]

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};

/// What takes the items of a list.
pub(super) trait Gather: Default {
    /// One of them.
    type Item: DeserializeOwned;

    /// Takes one; an error is the reason why the whole list can't be read.
    fn add(&mut self, item: Self::Item) -> Result<(), String>;
}

/// What was gathered of a list; `null` is an empty one, as Go writes it.
#[derive(Debug, Default)]
pub(super) struct List<G>(pub(super) G);

struct Items<G>(PhantomData<G>);

impl<'de, G: Gather> Deserialize<'de> for List<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Items(PhantomData)).map(Self)
    }
}

impl<'de, G: Gather> Visitor<'de> for Items<G> {
    type Value = G;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<G, E> {
        Ok(G::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<G, A::Error> {
        let mut gathered = G::default();
        while let Some(item) = items.next_element()? {
            gathered.add(item).map_err(A::Error::custom)?;
        }
        Ok(gathered)
    }
}
