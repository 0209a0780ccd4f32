//! Which documents of a file a PATH is looked up in, and what they are called; this module must not look further.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};
use super::error::{Outcome, Reason, named};
use super::path::{Segment, behind};

/// How many documents an error names.
const NAMED: usize = 8;

/// The documents that the filters at the beginning of a path pick, each with the rest of the path.
///
/// In a document that is a list, a filter picks an item and stays in the path.
pub(super) fn starts<'p>(document: &Document<'_>, path: &'p [Segment]) -> Outcome<Vec<(Node, &'p [Segment])>> {
    let count = path.iter().take_while(|segment| matches!(segment, Segment::Filter { .. })).count();
    let (filters, rest) = path.split_at_checked(count).unwrap_or_default();
    let fits = |root: Node, filter: &Segment| match filter {
        Segment::Filter { key, value } => says(document, root, key, value),
        _ => false,
    };
    let start = |root: &Node| match document.resolve(*root) {
        root if document.is_sequence(root) => Some((root, path)),
        root if filters.iter().all(|filter| fits(root, filter)) => Some((root, rest)),
        _ => None,
    };
    let starts: Vec<_> = document.roots.iter().filter_map(start).collect();
    if starts.is_empty() && !filters.is_empty() {
        let names = labels(document, document.roots.iter().copied());
        return Err(Reason::NoDocument { filter: behind("", filters), names }.of_file());
    }
    Ok(starts)
}

/// Whether a mapping has this value under the keys, one inside the other.
pub(super) fn says(document: &Document<'_>, mapping: Node, keys: &[String], wanted: &str) -> bool {
    value(document, mapping, keys.iter().map(String::as_str)).is_some_and(|value| value == wanted)
}

/// What documents are called: their kind and name, as far as they have them.
pub(super) fn labels(document: &Document<'_>, roots: impl Iterator<Item = Node>) -> Vec<String> {
    let label = |root: Node| {
        let kind = value(document, root, ["kind"])?;
        let name = value(document, root, ["metadata", "name"]).unwrap_or("without a name");
        Some(format!("{} {}", named(kind), named(name)))
    };
    roots.filter_map(label).take(NAMED).collect()
}

fn value<'d, 'k>(
    document: &'d Document<'_>,
    mapping: Node,
    keys: impl IntoIterator<Item = &'k str>,
) -> Option<&'d str> {
    let mut node = document.resolve(mapping);
    for wanted in keys {
        node = document.resolve(document.get(node, wanted)?);
    }
    document.is_scalar(node).then(|| document.value(node))
}
