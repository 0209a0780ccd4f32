//! From a PATH to the one node it names, and back; this module must not know what an image is.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};
use super::error::{Outcome, Reason, Refusal, TagPlace, TagSource, named};
use super::path::{Path, Segment};
use super::recognise::merged;

/// How many keys an error names.
const NEAREST: usize = 8;

/// The longest path that a place shows, in bytes; of a longer one the end.
const LONGEST: usize = 1024;

/// What a path led to in a file.
pub(super) enum Resolved<'p> {
    /// The one node.
    Node(Node),
    /// Nothing: `stop` is the deepest node on the way, `rest` the path from there on.
    Missing { stop: Option<Node>, rest: &'p [Segment] },
}

enum Walk<'p> {
    Found(Node),
    Missing { stop: Node, rest: &'p [Segment] },
}

/// Finds the one node that a path names, in whatever document.
///
/// # Errors
/// What makes the path ambiguous or unsafe: duplicates, aliases, merge keys, several documents.
pub(super) fn resolve<'p>(document: &Document<'_>, path: &'p Path) -> Outcome<Resolved<'p>> {
    let mut found = Vec::new();
    let mut missing: Option<(Node, &[Segment])> = None;
    for root in &document.roots {
        match walk(document, *root, &path.segments)? {
            Walk::Found(node) => found.push(node),
            Walk::Missing { stop, rest } => {
                if missing.is_none_or(|(_, least)| rest.len() < least.len()) {
                    missing = Some((stop, rest));
                }
            }
        }
    }
    match found.as_slice() {
        [node] => Ok(Resolved::Node(*node)),
        [] => Ok(Resolved::Missing {
            stop: missing.map(|(stop, _)| stop),
            rest: missing.map_or(&path.segments, |(_, rest)| rest),
        }),
        [first, ..] => document.refuse(
            *first,
            Reason::SeveralDocuments {
                path: path.to_string(),
                lines: found.iter().take(NEAREST).map(|node| document.line_of(*node)).collect(),
            },
        ),
    }
}

/// The error for a path that leads nowhere, with what there is instead.
pub(super) fn missing(
    document: &Document<'_>,
    path: &Path,
    stop: Option<Node>,
    rest: &[Segment],
    from: TagSource,
) -> Refusal {
    let wanted = rest.first().map(|segment| match segment {
        Segment::Key(key) => key.clone(),
        other => {
            let mut text = String::new();
            other.append_to(&mut text);
            text
        }
    });
    let known = path.segments.len().saturating_sub(rest.len());
    let known = Path { segments: path.segments.iter().take(known).cloned().collect() };
    let nearest = stop.map_or_else(Vec::new, |stop| nearest(document, stop, &wanted.unwrap_or_default()));
    let reason = Reason::PathMissing {
        path: path.to_string(),
        from,
        there: match (known.to_string(), nearest.as_slice()) {
            (place, []) if place.is_empty() => "the document has no keys".to_owned(),
            (place, keys) if place.is_empty() => format!("the document has {}", keys.join(", ")),
            (place, []) => format!("{place} has no keys"),
            (place, keys) => format!("{place} has {}", keys.join(", ")),
        },
    };
    match stop {
        Some(stop) if document.is_values_text(stop) => document.refusal(stop, Reason::ValuesText),
        Some(stop) => document.refusal(stop, reason),
        None => reason.of_file(),
    }
}

/// Where a tag under another key than `tag` stands.
pub(super) fn elsewhere(document: &Document<'_>, node: Node) -> TagSource {
    let key = named(document.key_text(node).unwrap_or_default());
    TagSource::Elsewhere(Box::new(TagPlace { key, path: path_of(document, node) }))
}

/// The path of a node from its document's root.
pub(super) fn path_of(document: &Document<'_>, node: Node) -> String {
    let mut segments = Vec::new();
    let mut child = node;
    let mut length = 0;
    while let Some(parent) = document.parent(child).filter(|_| length < LONGEST) {
        let segment = if document.is_sequence(parent) {
            Segment::Index(document.record(child).ordinal as usize)
        } else {
            Segment::Key(named(document.key_text(child).unwrap_or("?")))
        };
        length += document.key_text(child).map_or(8, str::len);
        segments.push(segment);
        child = parent;
    }
    let mut path = String::new();
    for segment in segments.iter().rev() {
        segment.append_to(&mut path);
    }
    path
}

fn walk<'p>(document: &Document<'_>, root: Node, segments: &'p [Segment]) -> Outcome<Walk<'p>> {
    let mut node = root;
    for (at, segment) in segments.iter().enumerate() {
        document.refuse_alias(node)?;
        match step(document, node, segment)? {
            Some(next) => node = next,
            None => {
                return Ok(Walk::Missing { stop: node, rest: segments.get(at..).unwrap_or_default() });
            }
        }
    }
    document.refuse_alias(node)?;
    Ok(Walk::Found(node))
}

fn step(document: &Document<'_>, node: Node, segment: &Segment) -> Outcome<Option<Node>> {
    match segment {
        Segment::Key(key) if document.is_mapping(node) => value(document, node, key),
        Segment::Key(key) => Ok(key.parse().ok().and_then(|index| item(document, node, index))),
        Segment::Index(index) => Ok(item(document, node, *index)),
        Segment::Filter { key, value } => pick(document, node, segment, key, value),
    }
}

fn value(document: &Document<'_>, mapping: Node, key: &str) -> Outcome<Option<Node>> {
    let mut found = document
        .pairs(mapping)
        .filter(|(name, _)| document.value(document.resolve(*name)) == key && is_scalar(document, *name));
    let Some((first, value)) = found.next() else {
        return match merged(document, mapping, key) {
            Some(value) => {
                document.refuse(mapping, Reason::Merged { key: key.to_owned(), line: document.line_of(value) })
            }
            None => Ok(None),
        };
    };
    match found.next() {
        Some((second, _)) => {
            document.refuse(second, Reason::Duplicated { key: key.to_owned(), first: document.line_of(first) })
        }
        None => Ok(Some(value)),
    }
}

fn item(document: &Document<'_>, node: Node, index: usize) -> Option<Node> {
    document.is_sequence(node).then(|| document.children(node).nth(index)).flatten()
}

fn pick(document: &Document<'_>, node: Node, segment: &Segment, key: &str, wanted: &str) -> Outcome<Option<Node>> {
    if !document.is_sequence(node) {
        return Ok(None);
    }
    let fits = |item: &Node| {
        document.pairs(document.resolve(*item)).any(|(name, value)| {
            let value = document.resolve(value);
            document.value(document.resolve(name)) == key
                && is_scalar(document, value)
                && document.value(value) == wanted
        })
    };
    let found: Vec<_> = document.children(node).filter(fits).take(NEAREST).collect();
    match found.as_slice() {
        [] => Ok(None),
        [item] => Ok(Some(*item)),
        _ => {
            let mut filter = String::new();
            segment.append_to(&mut filter);
            let lines = found.iter().map(|item| document.line_of(*item)).collect();
            document.refuse(node, Reason::SeveralItems { filter, lines })
        }
    }
}

fn is_scalar(document: &Document<'_>, node: Node) -> bool {
    document.is_scalar(document.resolve(node))
}

/// The keys (or items) that are there, the most similar first.
fn nearest(document: &Document<'_>, node: Node, wanted: &str) -> Vec<String> {
    if document.is_sequence(node) {
        let count = document.children(node).count();
        let names = document.children(node).filter_map(|item| {
            let (_, name) = document.pairs(item).find(|(key, _)| document.value(*key) == "name")?;
            Some(format!("[name={}]", document.value(document.resolve(name))))
        });
        return std::iter::once(format!("{count} items")).chain(names.take(NEAREST)).collect();
    }
    let mut keys: Vec<_> = document
        .pairs(node)
        .map(|(key, _)| document.value(document.resolve(key)))
        .filter(|key| !key.is_empty() && key.len() <= 64)
        .take(1000)
        .map(|key| (distance(key, wanted), key))
        .collect();
    keys.sort_by_key(|(distance, _)| *distance);
    keys.into_iter().take(NEAREST).map(|(_, key)| named(key)).collect()
}

/// The number of characters to change from one word to the other (Levenshtein), long words cut.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.to_lowercase().chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, c) in one.to_lowercase().chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, d) in row.iter_mut().skip(1).zip(&other) {
            let change = diagonal + usize::from(c != *d);
            diagonal = *cell;
            left = change.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_changes() {
        for (one, other, changes) in [("image", "image", 0), ("imgae", "image", 2), ("", "tag", 3), ("tags", "tag", 1)]
        {
            assert_eq!(distance(one, other), changes, "{one} {other}");
        }
    }
}
