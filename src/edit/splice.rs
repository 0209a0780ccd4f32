//! Scalars as byte ranges with their new text; this module must not decide what is written.

#![deny(clippy::disallowed_methods)]

use std::ops::Range;

use super::document::{Document, Node, Shape, Style};
use super::error::{Outcome, Reason, shown};
use super::plan::{STRING_TAG, reads_as_string};
use super::quoting;

/// A replacement of bytes, with what it does to the index.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) text: String,
    /// The node that is replaced, or before which new ones come.
    pub(super) at: Node,
    /// Whether the node at `at` is replaced.
    pub(super) replaces: bool,
    /// The new nodes in the order of the text.
    pub(super) expects: Vec<Expected>,
}

/// A node that the result must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) depth: u8,
    pub(super) what: What,
}

/// What a new node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Text(String),
    /// A number or a truth value.
    Bare(String),
    /// A literal text.
    Literal(String),
    Mapping,
    Sequence,
}

/// The text with the edits made.
pub(super) fn apply(text: &str, edits: &[Edit]) -> Outcome<String> {
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut result = String::with_capacity(text.len() + added);
    let mut done = 0;
    for edit in edits {
        let kept = text.get(done..edit.range.start);
        result.push_str(kept.ok_or_else(|| Reason::Unproved.at(edit.range.start))?);
        result.push_str(&edit.text);
        done = edit.range.end;
    }
    result.push_str(text.get(done..).ok_or_else(|| Reason::Unproved.of_file())?);
    Ok(result)
}

/// Writes a text in the style of the scalar that is there.
pub(super) fn value(document: &Document<'_>, node: Node, text: &str) -> Outcome<Edit> {
    refuse_typed(document, node)?;
    refuse_odd_anchor(document, node)?;
    let source = document.source(node);
    if source.contains(['\n', '\r']) {
        return document.refuse(node, Reason::MultiLine);
    }
    let Shape::Scalar(style) = document.shape(node) else {
        return document.refuse(node, Reason::Unproved);
    };
    let (range, text_written) = match style {
        Style::Block => return document.refuse(node, Reason::MultiLine),
        Style::Single => (document.start(node)..document.end(node), format!("'{}'", text.replace('\'', "''"))),
        Style::Double => (document.start(node)..document.end(node), quoting::quoted(text)),
        Style::Plain => {
            let had_colon = source.contains(':');
            (document.start(node)..document.end(node), plain(document, node, text, had_colon))
        }
        Style::Empty => {
            let (at, before) = gap(document, node);
            (at..at, format!("{before}{}", plain(document, node, text, false)))
        }
    };
    Ok(Edit {
        range,
        text: text_written,
        at: node,
        replaces: true,
        expects: vec![Expected { depth: document.record(node).depth, what: What::Text(text.to_owned()) }],
    })
}

/// Writes a scalar of which only a part changes: `source` is what is written then, in the style that is there.
pub(super) fn part(document: &Document<'_>, node: Node, text: &str, source: &str) -> Outcome<Edit> {
    refuse_typed(document, node)?;
    refuse_odd_anchor(document, node)?;
    let what = What::Text(text.to_owned());
    Ok(Edit {
        range: document.start(node)..document.end(node),
        text: source.to_owned(),
        at: node,
        replaces: true,
        expects: vec![Expected { depth: document.record(node).depth, what }],
    })
}

/// A text that goes where a plain scalar is: plain too, unless a reader would take it for something else.
fn plain(document: &Document<'_>, node: Node, text: &str, had_colon: bool) -> String {
    // Older parsers take a colon inside a flow collection for a mapping's.
    let is_trap = document.in_flow(node) && text.contains(':') && !had_colon;
    let is_json = document.in_flow(node)
        && document.key(node).is_some_and(|key| document.shape(key) == Shape::Scalar(Style::Double));
    if is_json {
        return quoting::quoted(text);
    }
    if quoting::is_plain(text) && reads_as_string(document, node, text) && !is_trap {
        text.to_owned()
    } else {
        quoting::quoted(text)
    }
}

/// Where an empty value's text goes, and what separates it from what is before.
pub(super) fn gap(document: &Document<'_>, node: Node) -> (usize, &'static str) {
    let at = document.start(node);
    let record = document.record(node);
    let has_property = record.anchored || record.tag != 0;
    let next = document.text.as_bytes().get(at);
    let is_value = document.parent(node).is_some_and(|parent| document.is_mapping(parent));
    match document.text.get(..at).and_then(|before| before.chars().next_back()) {
        _ if is_value && !has_property && next == Some(&b':') => (at + 1, " "),
        // `{tag}`: a key without a colon, which has to follow on the key's own line.
        _ if is_value && !has_property => (document.key(node).map_or(at, |key| document.end(key)), ": "),
        Some(' ') => (at, ""),
        _ => (at, " "),
    }
}

/// Refuses a scalar whose explicit tag makes it no string; a local tag (`!secret`) is the reader's own affair.
pub(super) fn refuse_typed(document: &Document<'_>, node: Node) -> Outcome<()> {
    match document.tag(node) {
        Some(tag) if tag.starts_with("tag:yaml.org,2002:") && tag != STRING_TAG => {
            document.refuse(node, Reason::Typed(shown(tag)))
        }
        _ => Ok(()),
    }
}

/// Refuses an anchored scalar whose anchor libyaml and go-yaml would end early: they read the rest as the value.
fn refuse_odd_anchor(document: &Document<'_>, node: Node) -> Outcome<()> {
    let is_odd = |character: char| !(character.is_ascii_alphanumeric() || matches!(character, '-' | '_'));
    match document.anchor_name(node) {
        Some(name) if name.contains(is_odd) => document.refuse(node, Reason::OddAnchor(shown(name))),
        _ => Ok(()),
    }
}
