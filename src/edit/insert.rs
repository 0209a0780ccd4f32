//! From the plan to its edits: values, and new keys and list entries in the style of the text around them.
//! This module must not decide what is written.

#![deny(clippy::disallowed_methods)]

use std::cmp::Reverse;

use super::document::{CollectionStyle, Document, Node, Shape, Style};
use super::error::{Outcome, Reason};
use super::plan::{Entry, IMAGES, Insertion, NewKey, Plan};
use super::splice::{Edit, Expected, What, gap, refuse_typed};
use super::{layout, quoting, splice};

/// All edits of a plan.
pub(super) fn edits(document: &Document<'_>, plan: &Plan) -> Outcome<Vec<Edit>> {
    let mut edits = Vec::new();
    for (node, text) in &plan.values {
        edits.push(match plan.sources.get(node) {
            Some(source) => splice::part(document, *node, text, source)?,
            None => splice::value(document, *node, text)?,
        });
    }
    for new in &plan.keys {
        edits.push(key(document, new)?);
    }
    for (spot, entries) in &plan.entries {
        edits.push(self::entries(document, *spot, entries)?);
    }
    for (node, (key, text)) in &plan.mappings {
        edits.push(mapping(document, *node, key, text)?);
    }
    Ok(edits)
}

/// The edits in the order of the text.
pub(super) fn ordered(mut edits: Vec<Edit>) -> Outcome<Vec<Edit>> {
    // What is inside a collection comes before what comes behind it.
    let depth = |edit: &Edit| Reverse(edit.expects.first().map_or(0, |expected| expected.depth));
    edits.sort_by_key(|edit| (edit.range.start, edit.at, depth(edit)));
    for pair in edits.windows(2) {
        if let [one, other] = pair
            && one.range.end > other.range.start
        {
            return Err(Reason::Unproved.at(other.range.start));
        }
    }
    Ok(edits)
}

/// Adds a key to a mapping.
fn key(document: &Document<'_>, new: &NewKey) -> Outcome<Edit> {
    let depth = document.record(new.mapping).depth + 1;
    let expects = vec![text(depth, new.key), text(depth, &new.value)];
    let last = document.pairs(new.mapping).last().map(|(_, value)| value);
    if document.shape(new.mapping) == Shape::Mapping(CollectionStyle::Flow) {
        let style = Inline::like(document, new.mapping);
        let pair = style.pair(new.key, &new.value);
        return Ok(in_flow(document, new.mapping, new.after.or(last), &pair, expects));
    }
    let Some((first, _)) = document.pairs(new.mapping).next() else {
        return document.refuse(new.mapping, Reason::Unproved);
    };
    let line = format!("{}: {}", new.key, quoting::written(&new.value));
    let indent = " ".repeat(layout::column(document, first));
    let sibling = new.after.or(last).filter(|value| ends_its_line(document, *value));
    let (offset, text, at) = if let Some(value) = sibling {
        let offset = document.line_end(document.end(value));
        let text = format!("{}{indent}{line}", document.line_break(offset));
        (offset, text, Node(document.record(value).after))
    } else {
        let offset = document.start(first);
        let line_break = document.line_break(document.line_end(offset));
        (offset, format!("{line}{line_break}{indent}"), first)
    };
    Ok(Edit { range: offset..offset, text, at, replaces: false, expects })
}

/// Adds entries to a list, or the list with them.
fn entries(document: &Document<'_>, spot: Insertion, entries: &[Entry]) -> Outcome<Edit> {
    match spot {
        Insertion::Items(list) if document.shape(list) == Shape::Sequence(CollectionStyle::Flow) => {
            let depth = document.record(list).depth + 1;
            let text = Inline::like(document, list).items(entries);
            let item = document.children(list).last();
            Ok(in_flow(document, list, item, &text, expected(depth, entries)))
        }
        Insertion::Items(list) => items(document, list, entries),
        Insertion::Blank(node) => {
            let depth = document.record(node).depth;
            let mut expects = vec![Expected { depth, what: What::Sequence }];
            expects.extend(expected(depth + 1, entries));
            let column = layout::key_column(document, node) + layout::list_indent(document);
            // Its own line's break, not that of the line before: the file may have both.
            let line_break = document.line_break(document.line_end(document.start(node)));
            let block = block_items(entries, column, 1, line_break);
            let flow = format!("[{}]", Inline::like(document, node).items(entries));
            fill(document, node, &block, &flow, expects)
        }
        Insertion::Under(mapping) => section(document, mapping, entries),
    }
}

/// Makes a blank value a mapping of one key.
fn mapping(document: &Document<'_>, node: Node, key: &str, value: &str) -> Outcome<Edit> {
    let depth = document.record(node).depth;
    let expects = vec![Expected { depth, what: What::Mapping }, text(depth + 1, key), text(depth + 1, value)];
    let indent = " ".repeat(layout::key_column(document, node) + layout::mapping_indent(document));
    let block = format!("{indent}{key}: {}", quoting::written(value));
    let flow = format!("{{{}}}", Inline::like(document, node).pair(key, value));
    fill(document, node, &block, &flow, expects)
}

/// Fills a blank value: with lines below its key, or in flow style where nothing else fits.
fn fill(document: &Document<'_>, node: Node, block: &str, flow: &str, expects: Vec<Expected>) -> Outcome<Edit> {
    refuse_typed(document, node)?;
    let is_empty = document.shape(node) == Shape::Scalar(Style::Empty);
    let (range, text) = if is_empty && !document.in_flow(node) && document.key(node).is_some() {
        let offset = document.line_end(document.start(node));
        (offset..offset, format!("{}{block}", document.line_break(offset)))
    } else if is_empty {
        let (offset, before) = gap(document, node);
        (offset..offset, format!("{before}{flow}"))
    } else {
        (document.start(node)..document.end(node), flow.to_owned())
    };
    Ok(Edit { range, text, at: node, replaces: true, expects })
}

/// Adds items behind the last one of a block sequence.
fn items(document: &Document<'_>, list: Node, entries: &[Entry]) -> Outcome<Edit> {
    let children: Vec<_> = document.children(list).collect();
    let dash = children.iter().rev().find_map(|item| layout::dash(document, *item));
    let (Some(item), Some(dash)) = (children.last(), dash) else {
        return document.refuse(list, Reason::Unproved);
    };
    let (offset, line_break) = layout::behind(document, *item);
    let lines = block_items(entries, dash.column, dash.gap, line_break);
    Ok(Edit {
        range: offset..offset,
        text: layout::as_lines(document, offset, &lines, line_break),
        at: Node(document.record(list).after),
        replaces: false,
        expects: expected(document.record(list).depth + 1, entries),
    })
}

/// Adds the key `images` with its entries at the end of a mapping.
fn section(document: &Document<'_>, mapping: Node, entries: &[Entry]) -> Outcome<Edit> {
    let depth = document.record(mapping).depth + 1;
    let mut expects = vec![text(depth, IMAGES), Expected { depth, what: What::Sequence }];
    expects.extend(expected(depth + 1, entries));
    let last = document.pairs(mapping).last().map(|(_, value)| value);
    if document.shape(mapping) == Shape::Mapping(CollectionStyle::Flow) {
        let style = Inline::like(document, mapping);
        let text = format!("{}: [{}]", style.key(IMAGES), style.items(entries));
        return Ok(in_flow(document, mapping, last, &text, expects));
    }
    let (Some((first, _)), Some(last)) = (document.pairs(mapping).next(), last) else {
        return document.refuse(mapping, Reason::Unproved);
    };
    let column = layout::column(document, first);
    let (offset, line_break) =
        layout::document_end(document, mapping).unwrap_or_else(|| layout::behind(document, last));
    let items = block_items(entries, column + layout::list_indent(document), 1, line_break);
    let lines = format!("{}{IMAGES}:{line_break}{items}", " ".repeat(column));
    Ok(Edit {
        range: offset..offset,
        text: layout::as_lines(document, offset, &lines, line_break),
        at: Node(document.record(mapping).after),
        replaces: false,
        expects,
    })
}

/// Adds a text behind an item of a flow collection, or as its first.
fn in_flow(document: &Document<'_>, collection: Node, after: Option<Node>, text: &str, expects: Vec<Expected>) -> Edit {
    let (offset, separator, at) = match after {
        None => (document.start(collection) + 1, String::new(), Node(collection.0 + 1)),
        Some(item) => {
            let offset = match document.shape(item) {
                Shape::Scalar(Style::Empty) => {
                    let (offset, before) = gap(document, item);
                    if before == ": " { offset } else { offset.max(document.end(item)) }
                }
                _ => document.end(item),
            };
            let first = document.key(item).unwrap_or(item);
            let separator = match layout::own_line(document, first) {
                Some(indent) => format!(",{}{indent}", document.line_break(document.line_end(offset))),
                None => ", ".to_owned(),
            };
            (offset, separator, Node(document.record(item).after))
        }
    };
    Edit { range: offset..offset, text: format!("{separator}{text}"), at, replaces: false, expects }
}

/// Whether a value ends on a line on which nothing but a comment follows.
fn ends_its_line(document: &Document<'_>, value: Node) -> bool {
    !matches!(
        document.shape(value),
        Shape::Scalar(Style::Block) | Shape::Mapping(CollectionStyle::Block) | Shape::Sequence(CollectionStyle::Block)
    )
}

fn block_items(entries: &[Entry], column: usize, gap: usize, line_break: &str) -> String {
    let dash = format!("{}-{}", " ".repeat(column), " ".repeat(gap));
    let indent = " ".repeat(column + 1 + gap);
    let mut lines = Vec::new();
    for entry in entries {
        for (at, (key, value)) in entry.iter().enumerate() {
            let start = if at == 0 { &dash } else { &indent };
            lines.push(format!("{start}{key}: {}", quoting::written(value)));
        }
    }
    lines.join(line_break)
}

/// How keys and values are written inside a flow collection.
enum Inline {
    Yaml,
    /// Everything in double quotes.
    Json,
}

impl Inline {
    /// The style of the keys around a node.
    fn like(document: &Document<'_>, node: Node) -> Self {
        let around = document.pairs(node).next().map(|(key, _)| key);
        let inside = || document.children(node).find_map(|item| document.pairs(item).next());
        let key = around.or_else(|| inside().map(|(key, _)| key)).or_else(|| document.key(node));
        match key.map(|key| document.shape(key)) {
            Some(Shape::Scalar(Style::Double)) => Self::Json,
            _ => Self::Yaml,
        }
    }

    fn key(&self, key: &str) -> String {
        match self {
            Self::Yaml => key.to_owned(),
            Self::Json => quoting::quoted(key),
        }
    }

    fn pair(&self, key: &str, value: &str) -> String {
        let value = match self {
            // Older parsers take a colon inside a flow collection for a mapping's.
            Self::Yaml if !value.contains(':') => quoting::written(value),
            Self::Yaml | Self::Json => quoting::quoted(value),
        };
        format!("{}: {value}", self.key(key))
    }

    fn items(&self, entries: &[Entry]) -> String {
        let item = |entry: &Entry| {
            let pairs: Vec<_> = entry.iter().map(|(key, value)| self.pair(key, value)).collect();
            format!("{{{}}}", pairs.join(", "))
        };
        entries.iter().map(item).collect::<Vec<_>>().join(", ")
    }
}

fn text(depth: u8, text: &str) -> Expected {
    Expected { depth, what: What::Text(text.to_owned()) }
}

/// The nodes of new list items at this depth.
fn expected(depth: u8, entries: &[Entry]) -> Vec<Expected> {
    let mut expects = Vec::new();
    for entry in entries {
        expects.push(Expected { depth, what: What::Mapping });
        for (key, value) in entry {
            expects.extend([text(depth + 1, key), text(depth + 1, value)]);
        }
    }
    expects
}
