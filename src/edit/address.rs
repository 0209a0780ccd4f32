//! From a node to the PATH that names it; this module must not look a PATH up.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};
use super::error::named;
use super::path::{Segment, behind};

/// The longest path that a place shows, in bytes; of a longer one the end.
const LONGEST: usize = 1024;

/// The path of a node from the root of its file's document, through the texts that it stands in.
pub(super) fn path_of(document: &Document<'_>, node: Node) -> String {
    behind(&document.origin.path, &below(document, None, node))
}

/// The text of a path that leads on into this text.
pub(super) fn whole(document: &Document<'_>, path: &[Segment]) -> String {
    behind(&document.origin.path, path)
}

/// The way to a node from one that it stands in, by default its root.
pub(super) fn below(document: &Document<'_>, top: Option<Node>, node: Node) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut child = node;
    let mut length = 0;
    while let Some(parent) = document.parent(child).filter(|_| length < LONGEST && Some(child) != top) {
        let segment = if document.is_sequence(parent) {
            Segment::Index(document.record(child).ordinal as usize)
        } else {
            Segment::Key(named(document.key_text(child).unwrap_or("?")))
        };
        length += document.key_text(child).map_or(8, str::len);
        segments.push(segment);
        child = parent;
    }
    segments.reverse();
    segments
}
