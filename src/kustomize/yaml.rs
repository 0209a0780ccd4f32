//! From YAML text to values, within bounds; this module must not know what the values mean.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, options};

use super::node::{Node, Scalar, ScalarKind, Value};

/// The deepest nesting that is read, the same as for a file that is edited.
const MAX_DEPTH: usize = 128;

/// The most values of one file, aliases followed: more than the largest bundles of definitions have, and few enough for memory.
const MAX_NODES: usize = 400_000;

/// The most keys of one mapping. Keys are searched one after another, so that this bounds the time, too.
const MAX_KEYS: usize = 10_000;

/// Reads every document of a text; `line` is the line of the file on which the text begins.
pub(super) fn documents(text: &str, file: &Arc<str>, line: usize) -> Result<Vec<Node>, String> {
    let starts = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    read(text, starts, (file, line))
}

/// The same for a text whose lines are not those of the file: all of it counts as that one line.
pub(super) fn documents_on(line: usize, text: &str, file: &Arc<str>) -> Result<Vec<Node>, String> {
    read(text, Vec::new(), (file, line))
}

fn read(text: &str, starts: Vec<usize>, (file, line): (&Arc<str>, usize)) -> Result<Vec<Node>, String> {
    let limits = options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        block_scalar_eof_without_line_feed: true,
    };
    let mut reader = Reader { file, starts, first: line, open: Vec::new(), anchors: HashMap::new(), made: 0 };
    let mut documents = Vec::new();
    for event in Parser::new_from_str_with_options(text, limits) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let start = span.byte_range().map_or(0, |bytes| bytes.start);
        let is_written = span.byte_range().is_some_and(|bytes| !bytes.is_empty());
        documents.extend(reader.take(event, start, is_written)?);
    }
    Ok(documents)
}

struct Reader<'f> {
    file: &'f Arc<str>,
    starts: Vec<usize>,
    first: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    made: usize,
}

/// A collection that is being read.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(String, usize)>,
    /// What `<<` brings in, used where the mapping has no key of its own.
    merged: Vec<Node>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, start: usize, is_written: bool) -> Result<Option<Node>, String> {
        let line = self.first + self.starts.partition_point(|begin| *begin <= start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = match style {
                    ScalarStyle::Plain if tag.is_some() => ScalarKind::Text,
                    ScalarStyle::Plain if !is_written || is_null(&text) => ScalarKind::Null,
                    ScalarStyle::Plain => ScalarKind::Plain,
                    // The event begins at the first line that is not empty.
                    ScalarStyle::Literal => {
                        let empty = text.len() - text.trim_start_matches('\n').len();
                        ScalarKind::Block(Some(line.saturating_sub(empty)))
                    }
                    ScalarStyle::Folded => ScalarKind::Block(None),
                    _ => ScalarKind::Text,
                };
                let scalar = Scalar { text: text.into_owned(), kind, trail: Vec::new() };
                self.close(Value::Scalar(scalar), line, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.open(Value::Sequence(Vec::new()), line, anchor),
            Event::MappingStart(_, anchor, _) => self.open(Value::Mapping(Vec::new()), line, anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or("an alias is inside its own anchor")?;
                self.spend(size(&node))?;
                self.put(node)
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn spend(&mut self, nodes: usize) -> Result<(), String> {
        self.made += nodes;
        if self.made > MAX_NODES { Err(format!("it has more than {MAX_NODES} values")) } else { Ok(()) }
    }

    fn open(&mut self, value: Value, line: usize, anchor: usize) -> Result<Option<Node>, String> {
        self.spend(1)?;
        let node = Node { value, file: self.file.clone(), line };
        self.open.push(Open { node, anchor, key: None, merged: Vec::new() });
        if self.open.len() > MAX_DEPTH { Err("it is nested too deeply".to_owned()) } else { Ok(None) }
    }

    fn close(&mut self, value: Value, line: usize, anchor: usize) -> Result<Option<Node>, String> {
        self.spend(1)?;
        let node = Node { value, file: self.file.clone(), line };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node)
    }

    fn end(&mut self) -> Result<Option<Node>, String> {
        let Some(Open { mut node, anchor, merged, .. }) = self.open.pop() else {
            return Ok(None);
        };
        for (key, value) in merged.iter().flat_map(Node::pairs) {
            if node.get(key).is_none() {
                node.set(key, value.clone());
            }
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node)
    }

    /// Gives a value to the collection around it, or gives it back as a document.
    fn put(&mut self, mut node: Node) -> Result<Option<Node>, String> {
        let Some(open) = self.open.last_mut() else {
            return Ok(Some(node));
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::Sequence(items), _) => items.push(node),
            (Value::Mapping(_), None) => {
                let key = node.text().map(str::to_owned).ok_or("a key is not a string")?;
                open.key = Some((key, node.line));
            }
            (Value::Mapping(_), Some((key, _))) if key == "<<" => match node.value {
                Value::Sequence(items) => open.merged.extend(items),
                _ => open.merged.push(node),
            },
            (Value::Mapping(pairs), Some((key, line))) => {
                if pairs.iter().any(|(own, _)| *own == key) {
                    return Err(format!("the key {key} is defined twice"));
                }
                if pairs.len() >= MAX_KEYS {
                    return Err(format!("a mapping has more than {MAX_KEYS} keys"));
                }
                if matches!(&node.value, Value::Scalar(Scalar { kind: ScalarKind::Block(_), .. })) {
                    node.line = line;
                }
                pairs.push((key, node));
            }
            (Value::Scalar(_), _) => {}
        }
        Ok(None)
    }
}

/// How many values a value is made of.
pub(super) fn size(node: &Node) -> usize {
    let below: usize = match &node.value {
        Value::Mapping(pairs) => pairs.iter().map(|(_, value)| size(value)).sum(),
        Value::Sequence(items) => items.iter().map(size).sum(),
        Value::Scalar(_) => 0,
    };
    below + 1
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
