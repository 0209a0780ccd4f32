//! What is to be written into one file, gathered from all its jobs; this module must not look for images.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, HashMap};

use super::document::{Document, Node, Shape, Style};
use super::error::{Outcome, Reason, named};
use super::quoting;

/// The key under which a kustomization has its entries.
pub(super) const IMAGES: &str = "images";

/// A mapping's keys and values, to be written as a whole.
pub(super) type Entry = Vec<(&'static str, String)>;

/// Where new list entries go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Insertion {
    /// Behind the last item of a sequence.
    Items(Node),
    /// Into a key's blank value.
    Blank(Node),
    /// Under a new key `images` at the end of a mapping.
    Under(Node),
}

/// A key to be added to a mapping.
#[derive(Clone, Debug)]
pub(super) struct NewKey {
    pub(super) mapping: Node,
    /// The value behind which it goes.
    pub(super) after: Option<Node>,
    pub(super) key: &'static str,
    pub(super) value: String,
}

/// Everything to be written into one file.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) values: BTreeMap<Node, String>,
    /// How values are written of which only a part changes.
    pub(super) sources: HashMap<Node, String>,
    pub(super) keys: Vec<NewKey>,
    pub(super) entries: BTreeMap<Insertion, Vec<Entry>>,
    /// Blank values that become a mapping of one key.
    pub(super) mappings: BTreeMap<Node, (&'static str, String)>,
    known_keys: HashMap<(Node, &'static str), usize>,
    /// Aliases whose targets must have a value in the end.
    required: Vec<(Node, String)>,
}

impl Plan {
    /// Writes a scalar.
    pub(super) fn value(&mut self, document: &Document<'_>, node: Node, text: String) -> Outcome<()> {
        match self.values.get(&node) {
            Some(known) if *known != text => conflict(document, node, known, &text),
            _ => {
                self.values.insert(node, text);
                Ok(())
            }
        }
    }

    /// Adds a key to a mapping.
    pub(super) fn key(&mut self, document: &Document<'_>, key: NewKey) -> Outcome<()> {
        let known = self.known_keys.get(&(key.mapping, key.key)).and_then(|at| self.keys.get(*at));
        match known {
            Some(known) if known.value == key.value => Ok(()),
            Some(known) => conflict(document, key.mapping, &known.value, &key.value),
            None => {
                self.known_keys.insert((key.mapping, key.key), self.keys.len());
                self.keys.push(key);
                Ok(())
            }
        }
    }

    /// Adds an entry to a list.
    pub(super) fn entry(&mut self, document: &Document<'_>, spot: Insertion, entry: Entry) -> Outcome<()> {
        let entries = self.entries.entry(spot).or_default();
        match entries.iter().find(|known| known.first() == entry.first()) {
            Some(known) if *known == entry => Ok(()),
            Some(known) => {
                let (Insertion::Items(node) | Insertion::Blank(node) | Insertion::Under(node)) = spot;
                let text = |entry: &Entry| entry.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>().join(" ");
                conflict(document, node, &text(known), &text(&entry))
            }
            None => {
                entries.push(entry);
                Ok(())
            }
        }
    }

    /// Makes a blank value a mapping with one key.
    pub(super) fn mapping(
        &mut self,
        document: &Document<'_>,
        node: Node,
        key: &'static str,
        value: String,
    ) -> Outcome<()> {
        match self.mappings.get(&node) {
            Some((_, known)) if *known != value => conflict(document, node, known, &value),
            _ => {
                self.mappings.insert(node, (key, value));
                Ok(())
            }
        }
    }

    /// Demands that what an alias means has a value in the end.
    pub(super) fn require(&mut self, alias: Node, text: String) {
        self.required.push((alias, text));
    }

    /// The nodes whose text changes or that get something new inside, and which it is.
    pub(super) fn touched(&self) -> impl Iterator<Item = (Node, bool)> + '_ {
        let entries =
            self.entries.keys().map(|(Insertion::Items(node) | Insertion::Blank(node) | Insertion::Under(node))| *node);
        let added = self.keys.iter().map(|key| key.mapping).chain(entries).chain(self.mappings.keys().copied());
        self.values.keys().map(|node| (*node, false)).chain(added.map(|node| (node, true)))
    }

    /// Checks what only the whole plan can tell, and forgets what is right already.
    pub(super) fn settle(&mut self, document: &Document<'_>) -> Outcome<()> {
        for (alias, text) in &self.required {
            let target = document.resolve(*alias);
            let is_written = self.values.get(&target) == Some(text) || is_right(document, target, text);
            if is_written {
                continue;
            }
            let reason = if target == *alias {
                Reason::Merged {
                    key: named(document.key_text(target).unwrap_or_default()),
                    line: document.line_of(target),
                }
            } else {
                Reason::Alias { name: named(document.source(*alias)), line: document.anchor_line(*alias) }
            };
            return document.refuse(*alias, reason);
        }
        self.values.retain(|node, text| !is_right(document, *node, text));
        Ok(())
    }
}

/// Whether a scalar has the text and reads as a string.
pub(super) fn is_right(document: &Document<'_>, node: Node, text: &str) -> bool {
    document.value(node) == text
        && match document.shape(node) {
            Shape::Scalar(Style::Plain) => reads_as_string(document, node, text),
            Shape::Scalar(Style::Single | Style::Double) => true,
            _ => false,
        }
}

/// Whether a plain scalar with this text is a string in the node's place.
pub(super) fn reads_as_string(document: &Document<'_>, node: Node, text: &str) -> bool {
    document.tag(node) == Some(STRING_TAG) || quoting::is_string(text)
}

/// What `!!str` resolves to.
pub(super) const STRING_TAG: &str = "tag:yaml.org,2002:str";

fn conflict(document: &Document<'_>, node: Node, first: &str, second: &str) -> Outcome<()> {
    document.refuse(node, Reason::Conflict { first: first.to_owned(), second: second.to_owned() })
}
