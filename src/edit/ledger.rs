//! The places of a file's edit and for whom each value is written; this module must not decide what is written.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, HashMap};

use super::address::path_of;
use super::bounds::{Bomb, MAX_PLACES};
use super::document::{Document, Node};
use super::error::{Outcome, Reason};
use super::note::Note;
use super::path::Segment;
use super::{Place, Written};

/// For whom a scalar is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) image: usize,
    pub(super) job: usize,
    pub(super) sharing: Sharing,
}

/// Whether another image may take a written value through an alias or a merge key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    Refused,
    /// The user named the place and takes any repository.
    Allowed,
}

/// What is known of an edit while it is worked out.
pub(super) struct Ledger<'d, 't> {
    document: &'d Document<'t>,
    /// The scalars that are written; what shares their value must be settled too.
    pub(super) owners: HashMap<Node, Owner>,
    pub(super) notes: BTreeMap<Node, Note>,
    places: Vec<(Node, Place)>,
    known: HashMap<(Node, usize), usize>,
    /// The number of the job that is under way.
    pub(super) job: usize,
    sharing: Sharing,
}

impl<'d, 't> Ledger<'d, 't> {
    pub(super) fn new(document: &'d Document<'t>) -> Self {
        Self {
            document,
            owners: HashMap::new(),
            notes: BTreeMap::new(),
            places: Vec::new(),
            known: HashMap::new(),
            job: 0,
            sharing: Sharing::Refused,
        }
    }

    /// Begins with a job's places.
    pub(super) fn start(&mut self, job: usize, sharing: Sharing) {
        self.job = job;
        self.sharing = sharing;
    }

    /// Tells the user something about a node, once.
    pub(super) fn remark(&mut self, node: Node, note: Note) {
        self.notes.insert(node, note);
    }

    /// Remembers for which image a scalar is written.
    pub(super) fn own(&mut self, node: Node, image: usize) {
        if self.document.resolve(node) == node {
            let owner = Owner { image, job: self.job, sharing: self.sharing };
            let known = self.owners.entry(node).or_insert(owner);
            if self.sharing == Sharing::Refused {
                known.sharing = Sharing::Refused;
            }
        }
    }

    /// Remembers a place; `key` is one that is added to the node.
    pub(super) fn place(
        &mut self,
        image: usize,
        (node, key): (Node, Option<&str>),
        old: Written,
        new: Written,
        changed: bool,
    ) -> Outcome<()> {
        if let Some((_, place)) = self.known.get(&(node, image)).and_then(|at| self.places.get_mut(*at)) {
            if !place.jobs.contains(&self.job) {
                place.jobs.push(self.job);
            }
            return Ok(());
        }
        if self.places.len() >= MAX_PLACES {
            return self.document.refuse(node, Reason::Bomb(Bomb::Places));
        }
        let mut path = path_of(self.document, node);
        if let Some(key) = key {
            Segment::Key(key.to_owned()).append_to(&mut path);
        }
        let start = self.document.start(node);
        let (line, column) = (self.document.line(start), self.document.origin.columns + self.document.column(start));
        let document = self.document.number_of(node);
        let place = Place { image, jobs: vec![self.job], document, path, line, column, old, new, changed };
        self.known.insert((node, image), self.places.len());
        self.places.push((node, place));
        Ok(())
    }

    /// The places in the order of the file.
    pub(super) fn into_places(mut self) -> Vec<Place> {
        self.places.sort_by_key(|(node, _)| *node);
        self.places.into_iter().map(|(_, place)| place).collect()
    }
}
