//! The node at a path of keys and indices, for many paths in one file. This module must not know what the values mean.

#![deny(clippy::disallowed_methods)]

use std::cell::RefCell;
use std::collections::HashMap;

use super::super::document::{Document, Node};
use super::super::path::Segment;

/// Looks up paths; what stands in a collection is read once, however many paths lead through it.
pub(super) struct Finder<'d, 't> {
    document: &'d Document<'t>,
    known: RefCell<HashMap<Node, Inside>>,
}

/// What stands in a collection.
enum Inside {
    Keys(HashMap<String, Node>),
    Items(Vec<Node>),
    Nothing,
}

impl<'d, 't> Finder<'d, 't> {
    pub(super) fn new(document: &'d Document<'t>) -> Self {
        Self { document, known: RefCell::default() }
    }

    /// The node at a path below another one, aliases resolved.
    pub(super) fn find(&self, top: Node, path: &[Segment]) -> Option<Node> {
        path.iter().try_fold(self.document.resolve(top), |node, segment| self.step(node, segment))
    }

    /// The same, where it is a mapping.
    pub(super) fn mapping(&self, top: Node, path: &[Segment]) -> Option<Node> {
        self.find(top, path).filter(|node| self.document.is_mapping(*node))
    }

    fn step(&self, node: Node, segment: &Segment) -> Option<Node> {
        let mut known = self.known.borrow_mut();
        let inside = known.entry(node).or_insert_with(|| inside(self.document, node));
        let found = match (inside, segment) {
            (Inside::Keys(keys), Segment::Key(key)) => keys.get(key.as_str()),
            (Inside::Items(items), Segment::Index(index)) => items.get(*index),
            _ => None,
        };
        found.map(|found| self.document.resolve(*found))
    }
}

fn inside(document: &Document<'_>, node: Node) -> Inside {
    if document.is_sequence(node) {
        return Inside::Items(document.children(node).collect());
    }
    if !document.is_mapping(node) {
        return Inside::Nothing;
    }
    let mut keys = HashMap::new();
    for (key, value) in document.pairs(node) {
        keys.entry(document.value(document.resolve(key)).to_owned()).or_insert(value);
    }
    Inside::Keys(keys)
}
