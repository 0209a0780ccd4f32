//! Columns, indents and line ends as a file has them; this module must not write anything.

#![deny(clippy::disallowed_methods)]

use super::document::{CollectionStyle, Document, LONG_LINE, Node, Shape};

/// A list item's dash.
pub(super) struct Dash {
    /// The column of the dash, from 0.
    pub(super) column: usize,
    /// The spaces between the dash and the item.
    pub(super) gap: usize,
}

/// The column on which a node starts, from 0.
pub(super) fn column(document: &Document<'_>, node: Node) -> usize {
    document.column(document.start(node)) - 1
}

/// The column of the key under which a value stands, from 0.
pub(super) fn key_column(document: &Document<'_>, value: Node) -> usize {
    document.key(value).map_or(0, |key| column(document, key))
}

/// The dash before an item that has nothing but its dash before it on its line.
pub(super) fn dash(document: &Document<'_>, item: Node) -> Option<Dash> {
    let start = document.start(item);
    let before = document.text.get(document.line_start(start)..start)?;
    let until_dash = before.trim_end_matches(' ').strip_suffix('-')?;
    let is_alone = until_dash.chars().all(|c| c == ' ');
    is_alone.then(|| Dash { column: until_dash.len(), gap: before.len() - until_dash.len() - 1 })
}

/// How far the file's lists stand to the right of their keys; 0 where it has none, as `kustomize edit` writes them.
pub(super) fn list_indent(document: &Document<'_>) -> usize {
    let indent = |list: Node| {
        let key = document.key(list)?;
        let dash = dash(document, document.children(list).next()?)?;
        dash.column.checked_sub(column(document, key))
    };
    document
        .nodes()
        .filter(|node| document.shape(*node) == Shape::Sequence(CollectionStyle::Block))
        .find_map(indent)
        .unwrap_or(0)
}

/// How far the file's mappings stand to the right of their keys.
pub(super) fn mapping_indent(document: &Document<'_>) -> usize {
    let indent = |mapping: Node| column(document, mapping).checked_sub(column(document, document.key(mapping)?));
    document
        .nodes()
        .filter(|node| document.shape(*node) == Shape::Mapping(CollectionStyle::Block))
        .find_map(indent)
        .filter(|indent| *indent > 0)
        .unwrap_or(2)
}

/// The white space before a node that is the first of its line.
pub(super) fn own_line<'t>(document: &Document<'t>, node: Node) -> Option<&'t str> {
    let start = document.start(node);
    let before = document.text.get(document.line_start(start)..start)?;
    let is_indent = before.len() <= LONG_LINE && before.chars().all(|c| matches!(c, ' ' | '\t'));
    (is_indent && start > 0).then_some(before)
}

/// Where a line can be added behind a node and all it holds, and its line break.
pub(super) fn behind(document: &Document<'_>, node: Node) -> (usize, &'static str) {
    let end = document.end(node);
    // A literal text ends where the next line begins.
    let offset = if end > 0 && document.line_start(end) == end { end } else { document.line_end(end) };
    (offset, document.line_break(offset))
}

/// The end of the text, when the mapping is the root of the last document and nothing marks that document's end.
pub(super) fn document_end(document: &Document<'_>, mapping: Node) -> Option<(usize, &'static str)> {
    let rest = document.text.get(document.end(mapping)..)?;
    let is_marked = rest.split(['\n', '\r']).any(|line| line.starts_with("...") || line.starts_with("---"));
    let is_last = document.roots.last() == Some(&mapping) && !is_marked;
    let end = document.text.len();
    is_last.then(|| (end, document.line_break(end)))
}

/// Lines to be added at an offset: behind a line break as they are, else behind one of their own.
pub(super) fn as_lines(document: &Document<'_>, offset: usize, lines: &str, line_break: &str) -> String {
    if document.line_start(offset) == offset { format!("{lines}{line_break}") } else { format!("{line_break}{lines}") }
}
