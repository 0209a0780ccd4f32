//! The index of a YAML file: every node of every document with the bytes it stands on.
//! This module must not know what an image is, and never changes the text.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::error::{Outcome, Reason, ReasonAt, named};
pub(super) use super::node::{CollectionStyle, Node, Record, Shape, Style};

/// From this length on a line's characters are not counted.
pub(super) const LONG_LINE: usize = 4096;

/// Where a text stands that is part of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct TextOrigin {
    /// The lines of the file before it.
    pub(super) lines: usize,
    /// The columns before each of its lines.
    pub(super) columns: usize,
    /// The path of the node that holds it.
    pub(super) path: String,
    /// The document of the file that it stands in, from 1.
    pub(super) document: usize,
    /// How many texts it stands in.
    pub(super) depth: u8,
    /// What the file says elsewhere in the place of values of this text, by their paths in it.
    pub(super) above: HashMap<String, Above>,
}

/// A value that wins over another one.
#[derive(Clone, Debug)]
pub(super) struct Above {
    pub(super) text: String,
    /// Its path in the file.
    pub(super) place: String,
    pub(super) line: usize,
}

/// A file's text and its index.
pub(super) struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) records: Vec<Record>,
    pub(super) roots: Vec<Node>,
    pub(super) decoded: Vec<Box<str>>,
    pub(super) tags: Vec<String>,
    pub(super) origin: TextOrigin,
    line_starts: Vec<u32>,
}

impl<'t> Document<'t> {
    /// The index of a text, without a node yet.
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            records: Vec::new(),
            roots: Vec::new(),
            decoded: Vec::new(),
            tags: Vec::new(),
            origin: TextOrigin::default(),
            line_starts: line_starts(text),
        }
    }

    /// The document of the file that a node stands in, from 1.
    pub(super) fn number_of(&self, node: Node) -> usize {
        if self.origin.depth > 0 { self.origin.document } else { self.roots.partition_point(|root| *root <= node) }
    }

    pub(super) fn record(&self, node: Node) -> &Record {
        &self.records[node.0 as usize]
    }

    pub(super) fn shape(&self, node: Node) -> Shape {
        self.record(node).shape
    }

    pub(super) fn start(&self, node: Node) -> usize {
        self.record(node).start as usize
    }

    pub(super) fn end(&self, node: Node) -> usize {
        self.record(node).end as usize
    }

    /// The node's own bytes as written.
    pub(super) fn source(&self, node: Node) -> &'t str {
        self.text.get(self.start(node)..self.end(node)).unwrap_or_default()
    }

    /// A scalar's value; the empty text for a node that isn't one or has none.
    pub(super) fn value(&self, node: Node) -> &str {
        let record = self.record(node);
        match (record.shape, self.decoded.get((record.extra as usize).wrapping_sub(1))) {
            (Shape::Scalar(_), Some(decoded)) => decoded,
            (Shape::Scalar(style), None) => inside(self.source(node), style),
            _ => "",
        }
    }

    /// The tag as it resolves, `tag:yaml.org,2002:str` for `!!str`.
    pub(super) fn tag(&self, node: Node) -> Option<&str> {
        let tag = (self.record(node).tag as usize).checked_sub(1)?;
        self.tags.get(tag).map(String::as_str)
    }

    pub(super) fn is_scalar(&self, node: Node) -> bool {
        matches!(self.shape(node), Shape::Scalar(_))
    }

    pub(super) fn is_mapping(&self, node: Node) -> bool {
        matches!(self.shape(node), Shape::Mapping(_))
    }

    pub(super) fn is_sequence(&self, node: Node) -> bool {
        matches!(self.shape(node), Shape::Sequence(_))
    }

    /// Whether nothing is there: an empty value, `~`, `null` or an empty text.
    pub(super) fn is_blank(&self, node: Node) -> bool {
        match self.shape(node) {
            Shape::Scalar(Style::Empty) => true,
            Shape::Scalar(Style::Plain) => {
                matches!(self.value(node), "~" | "null" | "Null" | "NULL") && self.tag(node).is_none()
            }
            Shape::Scalar(_) => self.value(node).is_empty(),
            _ => false,
        }
    }

    /// The node that an alias means; any other node is itself.
    pub(super) fn resolve(&self, node: Node) -> Node {
        match self.shape(node) {
            Shape::Alias => Node(self.record(node).extra),
            _ => node,
        }
    }

    /// Refuses an alias: what it means belongs to the anchor's place.
    pub(super) fn refuse_alias(&self, node: Node) -> Outcome<()> {
        if self.resolve(node) == node {
            return Ok(());
        }
        self.refuse(node, Reason::Alias { name: named(self.source(node)), line: self.anchor_line(node) })
    }

    /// The outermost node around one.
    pub(super) fn root(&self, node: Node) -> Node {
        std::iter::successors(Some(node), |node| self.parent(*node)).last().unwrap_or(node)
    }

    /// The enclosing collection.
    pub(super) fn parent(&self, node: Node) -> Option<Node> {
        let parent = self.record(node).parent;
        (parent != node).then_some(parent)
    }

    /// The nodes directly inside, keys and values alike.
    pub(super) fn children(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        let end = self.record(node).after;
        let first = node.0 + 1;
        std::iter::successors((first < end).then_some(Node(first)), move |child| {
            let next = self.record(*child).after;
            (next < end).then_some(Node(next))
        })
    }

    /// A mapping's keys with their values; nothing for any other node.
    pub(super) fn pairs(&self, mapping: Node) -> impl Iterator<Item = (Node, Node)> + '_ {
        let mut children = self.is_mapping(mapping).then(|| self.children(mapping));
        std::iter::from_fn(move || {
            let children = children.as_mut()?;
            Some((children.next()?, children.next()?))
        })
    }

    /// The first value that a mapping itself has under a key.
    pub(super) fn get(&self, mapping: Node, key: &str) -> Option<Node> {
        self.pairs(mapping).find(|(name, _)| self.value(self.resolve(*name)) == key).map(|(_, value)| value)
    }

    /// The key under which a value stands, when it is a scalar.
    pub(super) fn key(&self, node: Node) -> Option<Node> {
        let parent = self.parent(node)?;
        let key = Node(node.0.checked_sub(1)?);
        let is_value = self.is_mapping(parent) && self.record(node).ordinal % 2 == 1;
        (is_value && self.parent(key) == Some(parent)).then_some(key)
    }

    /// The text of the key under which a value stands.
    pub(super) fn key_text(&self, node: Node) -> Option<&str> {
        self.key(node).map(|key| self.value(self.resolve(key)))
    }

    /// Every node, in the order of the text.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        (0..u32::try_from(self.records.len()).unwrap_or(u32::MAX)).map(Node)
    }

    /// Whether the node stands inside a flow collection.
    pub(super) fn in_flow(&self, node: Node) -> bool {
        self.parent(node).is_some_and(|parent| {
            matches!(self.shape(parent), Shape::Mapping(CollectionStyle::Flow) | Shape::Sequence(CollectionStyle::Flow))
        })
    }

    /// The line of a byte offset in the file, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.origin.lines + self.own_line(offset)
    }

    fn own_line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start as usize <= offset).max(1)
    }

    /// The line on which a node starts.
    pub(super) fn line_of(&self, node: Node) -> usize {
        self.line(self.start(node))
    }

    /// The line of the anchor that an alias means. It may stand on a line above its node.
    pub(super) fn anchor_line(&self, alias: Node) -> usize {
        let start = self.start(self.resolve(alias));
        let anchor = self.source(alias).replacen('*', "&", 1);
        let before = self.text.get(..start).unwrap_or_default();
        self.line(before.rfind(&anchor).unwrap_or(start))
    }

    /// The name of a node's own anchor, without its `&`.
    pub(super) fn anchor_name(&self, node: Node) -> Option<&'t str> {
        let properties = self.text.get(..self.start(node)).filter(|_| self.record(node).anchored)?;
        let words = properties.rsplit(|character: char| character.is_whitespace() || "[]{},".contains(character));
        words.into_iter().find_map(|word| word.strip_prefix('&'))
    }

    /// The column of a byte offset in characters, from 1; in bytes on a line too long to be counted again and again.
    pub(super) fn column(&self, offset: usize) -> usize {
        let start = self.line_start(offset);
        if offset - start > LONG_LINE {
            return offset - start + 1;
        }
        let before = self.text.get(start..offset).unwrap_or_default();
        before.trim_start_matches('\u{feff}').chars().count() + 1
    }

    /// Where the line of a byte offset begins.
    pub(super) fn line_start(&self, offset: usize) -> usize {
        let line = self.own_line(offset);
        self.line_starts.get(line - 1).map_or(0, |start| *start as usize)
    }

    /// Where the line of a byte offset ends: at its line break, or at the end of the text.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or_default();
        rest.find(['\n', '\r']).map_or(self.text.len(), |length| offset + length)
    }

    /// The line break at an offset, or else the one the file uses.
    pub(super) fn line_break(&self, offset: usize) -> &'static str {
        let at = |text: &str| match text.as_bytes() {
            [b'\r', b'\n', ..] => Some("\r\n"),
            [b'\r', ..] => Some("\r"),
            [b'\n', ..] => Some("\n"),
            _ => None,
        };
        let before = || {
            let end = self.line_start(offset);
            let line = self.text.get(..end)?;
            at(line.get(line.trim_end_matches(['\r', '\n']).len()..)?)
        };
        at(self.text.get(offset..).unwrap_or_default()).or_else(before).unwrap_or("\n")
    }

    /// Refuses at a node.
    pub(super) fn refuse<T>(&self, node: Node, reason: Reason) -> Outcome<T> {
        Err(self.refusal(node, reason))
    }

    /// A refusal at a node.
    pub(super) fn refusal(&self, node: Node, reason: Reason) -> ReasonAt {
        // A block scalar's own span starts on the line after its key.
        let shown = match self.shape(node) {
            Shape::Scalar(Style::Block) => self.key(node).unwrap_or(node),
            _ => node,
        };
        reason.at(self.start(shown))
    }
}

/// A scalar's text between its quotes.
pub(super) fn inside(source: &str, style: Style) -> &str {
    match style {
        Style::Single | Style::Double => source.get(1..source.len().saturating_sub(1)).unwrap_or_default(),
        Style::Empty | Style::Plain | Style::Block => source,
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    let bytes = text.as_bytes();
    let ends_line = |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
    let starts = (0..bytes.len()).filter(|at| ends_line(*at)).map(|at| at + 1);
    std::iter::once(0).chain(starts).filter_map(|start| u32::try_from(start).ok()).collect()
}
