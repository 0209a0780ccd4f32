//! What stands beside a value, so that a large mapping is searched only once; this module must not judge the value.

#![deny(clippy::disallowed_methods)]

use std::cell::RefCell;
use std::collections::HashMap;

use super::super::document::{Document, Node};
use super::fields::{Fields, Key};

/// The mappings that were searched already.
pub(super) struct Surroundings<'d, 't> {
    pub(super) document: &'d Document<'t>,
    known: RefCell<HashMap<Node, Around>>,
}

/// What a mapping has for each of its values.
#[derive(Clone, Copy)]
pub(super) struct Around {
    pub(super) registry: Option<Node>,
    pub(super) has_tag: bool,
    /// What seems to be its tag under another key.
    pub(super) tag_elsewhere: Option<Node>,
}

impl<'d, 't> Surroundings<'d, 't> {
    pub(super) fn new(document: &'d Document<'t>) -> Self {
        Self { document, known: RefCell::default() }
    }

    /// What the mapping has in which a value stands.
    pub(super) fn of(&self, node: Node) -> Option<Around> {
        let mapping = self.document.parent(node).filter(|parent| self.document.is_mapping(*parent))?;
        let search = || {
            let fields = Fields::of(self.document, mapping);
            Around {
                registry: fields.scalar(Key::Registry),
                has_tag: fields.own(Key::Tag).is_some(),
                tag_elsewhere: fields.tag_elsewhere(),
            }
        };
        Some(*self.known.borrow_mut().entry(mapping).or_insert_with(search))
    }
}
