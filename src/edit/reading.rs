//! From the parser's events to the index, within bounds; this module must not interpret values.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StructureStyle, Tag, options};

use super::bounds::{Bomb, MAX_BYTES, MAX_DEPTH, MAX_NODES};
use super::document::{CollectionStyle, Document, Node, Record, Shape, Style, TextOrigin, inside};
use super::error::{Outcome, Reason, ReasonAt};

/// Reads a file whole.
pub(super) fn read(text: &str) -> Outcome<Document<'_>> {
    if text.len() > MAX_BYTES {
        return Err(Reason::Bomb(Bomb::Size).of_file());
    }
    let document = Document::new(text);
    Reader { document, open: Vec::new(), anchors: HashMap::new(), tags: HashMap::new(), expanded: 0 }.read()
}

/// Reads a text that is part of a file.
pub(super) fn read_within(text: &str, origin: TextOrigin) -> Outcome<Document<'_>> {
    let mut document = read(text)?;
    document.origin = origin;
    Ok(document)
}

/// Reads a text's events into its index.
struct Reader<'t> {
    document: Document<'t>,
    open: Vec<Frame>,
    /// Anchored nodes of the present document; `None` while the node is still open.
    anchors: HashMap<usize, (Node, Option<Weight>)>,
    tags: HashMap<String, u32>,
    /// The nodes of the file with every alias replaced by what it means.
    expanded: u64,
}

struct Frame {
    node: Node,
    anchor: usize,
    children: u32,
    /// Where the last child ends.
    end: u32,
    weight: Weight,
}

/// What a node costs when its aliases are followed.
#[derive(Clone, Copy)]
struct Weight {
    nodes: u64,
    height: usize,
}

impl<'t> Reader<'t> {
    fn read(mut self) -> Outcome<Document<'t>> {
        let limits = options! {
            emit_comments: false,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
            // As libyaml and go-yaml read it, or adding a line behind such a text would change it unseen.
            block_scalar_eof_without_line_feed: true,
        };
        for event in Parser::new_from_str_with_options(self.document.text, limits) {
            let (event, span) = event.map_err(|error| refusal(&error))?;
            self.take(event, span)?;
        }
        Ok(self.document)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Outcome<()> {
        let bytes = span.byte_range().ok_or_else(|| Reason::InvalidYaml("no position".to_owned()).of_file())?;
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain if bytes.is_empty() => Style::Empty,
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let node = self.add(Shape::Scalar(style), bytes, anchor, tag.as_deref())?;
                self.keep_value(node, style, &value)?;
                self.close(node, anchor, Weight { nodes: 1, height: 0 })
            }
            Event::SequenceStart(style, anchor, tag) => {
                let node = self.add(Shape::Sequence(layout(style)), bytes, anchor, tag.as_deref())?;
                self.enter(node, anchor)
            }
            Event::MappingStart(style, anchor, tag) => {
                let node = self.add(Shape::Mapping(layout(style)), bytes, anchor, tag.as_deref())?;
                self.enter(node, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(bytes.end),
            Event::Alias(anchor) => self.alias(anchor, bytes),
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn add(&mut self, shape: Shape, bytes: std::ops::Range<usize>, anchor: usize, tag: Option<&Tag>) -> Outcome<Node> {
        let too_many = || Reason::Bomb(Bomb::Nodes).of_file();
        if self.document.records.len() >= MAX_NODES {
            return Err(too_many());
        }
        let number = |number: usize| u32::try_from(number).map_err(|_| too_many());
        let node = Node(number(self.document.records.len())?);
        let depth = u8::try_from(self.open.len()).map_err(|_| Reason::Bomb(Bomb::Nesting).at(bytes.start))?;
        let tag = tag.map_or(0, |tag| self.tag(tag));
        let (parent, ordinal) = match self.open.last_mut() {
            Some(frame) => {
                frame.children += 1;
                (frame.node, frame.children - 1)
            }
            None => (node, 0),
        };
        if parent == node {
            self.document.roots.push(node);
        }
        let in_key = parent != node
            && (self.document.record(parent).in_key || (self.document.is_mapping(parent) && ordinal % 2 == 0));
        self.document.records.push(Record {
            start: number(bytes.start)?,
            end: number(bytes.end)?,
            parent,
            after: node.0 + 1,
            ordinal,
            extra: 0,
            tag,
            shape,
            depth,
            anchored: anchor != 0,
            in_key,
        });
        if anchor != 0 {
            self.anchors.insert(anchor, (node, None));
        }
        Ok(node)
    }

    fn tag(&mut self, tag: &Tag) -> u32 {
        let resolved = format!("{}{}", tag.handle(), tag.suffix());
        if let Some(known) = self.tags.get(&resolved) {
            return *known;
        }
        self.document.tags.push(resolved.clone());
        let number = u32::try_from(self.document.tags.len()).unwrap_or(u32::MAX);
        self.tags.insert(resolved, number);
        number
    }

    fn keep_value(&mut self, node: Node, style: Style, value: &str) -> Outcome<()> {
        if style == Style::Empty || inside(self.document.source(node), style) == value {
            return Ok(());
        }
        self.document.decoded.push(value.into());
        let number = u32::try_from(self.document.decoded.len()).map_err(|_| Reason::Bomb(Bomb::Nodes).of_file())?;
        self.document.records[node.0 as usize].extra = number;
        Ok(())
    }

    fn enter(&mut self, node: Node, anchor: usize) -> Outcome<()> {
        self.open.push(Frame { node, anchor, children: 0, end: 0, weight: Weight { nodes: 1, height: 1 } });
        self.bound(node, 0)
    }

    fn leave(&mut self, end: usize) -> Outcome<()> {
        let Some(frame) = self.open.pop() else {
            return Ok(());
        };
        let after = u32::try_from(self.document.records.len()).unwrap_or(u32::MAX);
        // A block collection's end event comes behind the comments that follow it.
        let end = match self.document.shape(frame.node) {
            Shape::Mapping(CollectionStyle::Flow) | Shape::Sequence(CollectionStyle::Flow) => {
                u32::try_from(end).unwrap_or(u32::MAX)
            }
            _ => frame.end.max(self.document.record(frame.node).start),
        };
        let record = &mut self.document.records[frame.node.0 as usize];
        record.after = after;
        record.end = end;
        self.close(frame.node, frame.anchor, frame.weight)
    }

    fn alias(&mut self, anchor: usize, bytes: std::ops::Range<usize>) -> Outcome<()> {
        let Some((target, Some(weight))) = self.anchors.get(&anchor).copied() else {
            return Err(Reason::Bomb(Bomb::Aliases).at(bytes.start));
        };
        let node = self.add(Shape::Alias, bytes, 0, None)?;
        self.document.records[node.0 as usize].extra = target.0;
        self.bound(node, weight.height)?;
        self.close(node, 0, weight)
    }

    /// Hands a finished node's weight to its parent and its anchor.
    fn close(&mut self, node: Node, anchor: usize, weight: Weight) -> Outcome<()> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node, Some(weight)));
        }
        let Some(frame) = self.open.last_mut() else {
            self.expanded = self.expanded.saturating_add(weight.nodes);
            return self.bound_aliases();
        };
        frame.end = self.document.record(node).end;
        frame.weight.nodes = frame.weight.nodes.saturating_add(weight.nodes);
        frame.weight.height = frame.weight.height.max(weight.height + 1);
        Ok(())
    }

    fn bound(&self, node: Node, height: usize) -> Outcome<()> {
        if self.open.len() + height > MAX_DEPTH {
            return self.document.refuse(node, Reason::Bomb(Bomb::Nesting));
        }
        Ok(())
    }

    /// The measure that go-yaml (and so Helm and Kustomize) takes: the larger the file, the smaller the part of it
    /// that aliases may make up, 99 % below 400 000 nodes and 10 % above 4 000 000.
    fn bound_aliases(&self) -> Outcome<()> {
        let written = self.document.records.len() as u64;
        let copied = self.expanded.saturating_sub(written);
        let percent = match self.expanded {
            0..100_000 => 100,
            100_000..=400_000 => 99,
            400_001..4_000_000 => 99 - 89 * (self.expanded - 400_000) / 3_600_000,
            _ => 10,
        };
        if u128::from(copied) * 100 > u128::from(self.expanded) * u128::from(percent) {
            return Err(Reason::Bomb(Bomb::Aliases).of_file());
        }
        Ok(())
    }
}

fn layout(style: StructureStyle) -> CollectionStyle {
    match style {
        StructureStyle::Block => CollectionStyle::Block,
        StructureStyle::Flow => CollectionStyle::Flow,
    }
}

fn refusal(error: &ScanError) -> ReasonAt {
    let reason = match error.kind() {
        ErrorKind::RecursionLimitExceeded => Reason::Bomb(Bomb::Nesting),
        _ => Reason::InvalidYaml(error.info()),
    };
    ReasonAt { offset: error.marker().byte_offset(), reason }
}
