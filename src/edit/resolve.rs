//! From a PATH to the one node it names, and back; this module must not know what an image is.

#![deny(clippy::disallowed_methods)]

use super::address::{path_of, whole};
use super::document::{Document, Node, Shape, Style};
use super::documents::{self, labels};
use super::error::{Outcome, Reason, ReasonAt, named};
use super::path::{Path, Segment};
use super::recognise::merged;
use super::tag_source::{TagPlace, TagSource};

/// How many keys an error names.
const NEAREST: usize = 8;

/// What a path led to in a file.
pub(super) enum Resolved<'p> {
    /// The one node.
    Node(Node),
    /// A text, in which the rest of the path is to be looked up.
    Text { node: Node, rest: &'p [Segment] },
    /// Nothing: `stop` is the deepest node on the way, `rest` the path from there on.
    Missing { stop: Option<Node>, rest: &'p [Segment] },
}

enum Walk<'p> {
    /// The node, and what of the path leads on into its text.
    Found(Node, &'p [Segment]),
    Missing {
        stop: Node,
        rest: &'p [Segment],
    },
}

/// Finds the one node that a path names, in whatever document.
///
/// # Errors
/// What makes the path ambiguous or unsafe: duplicates, aliases, merge keys, several documents.
pub(super) fn resolve<'p>(document: &Document<'_>, path: &'p Path) -> Outcome<Resolved<'p>> {
    let mut found = Vec::new();
    let mut missing: Option<(Node, &[Segment])> = None;
    for (root, segments) in documents::starts(document, &path.segments)? {
        match walk(document, root, segments)? {
            Walk::Found(node, rest) => found.push((node, rest)),
            Walk::Missing { stop, rest } => {
                if missing.is_none_or(|(_, least)| rest.len() < least.len()) {
                    missing = Some((stop, rest));
                }
            }
        }
    }
    match found.as_slice() {
        [(node, [])] => Ok(Resolved::Node(*node)),
        [(node, rest)] => Ok(Resolved::Text { node: *node, rest }),
        [] => Ok(Resolved::Missing {
            stop: missing.map(|(stop, _)| stop),
            rest: missing.map_or(&path.segments, |(_, rest)| rest),
        }),
        [(first, _), ..] => document.refuse(
            *first,
            Reason::SeveralDocuments {
                path: whole(document, &path.segments),
                lines: found.iter().take(NEAREST).map(|(node, _)| document.line_of(*node)).collect(),
                names: labels(document, found.iter().map(|(node, _)| document.root(*node))).into(),
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
) -> ReasonAt {
    let wanted = rest.first().map(|segment| match segment {
        Segment::Key(key) => key.clone(),
        other => typed(other),
    });
    let known = path.segments.len().saturating_sub(rest.len());
    let known = whole(document, path.segments.get(..known).unwrap_or_default());
    let nearest = stop.map_or_else(Vec::new, |stop| nearest(document, stop, &wanted.unwrap_or_default()));
    let reason = Reason::PathMissing {
        path: whole(document, &path.segments),
        from,
        there: match (known, nearest.as_slice()) {
            (place, []) if place.is_empty() => "the document has no keys".to_owned(),
            (place, keys) if place.is_empty() => format!("the document has {}", keys.join(", ")),
            (place, []) => format!("{place} has no keys"),
            (place, keys) => format!("{place} has {}", keys.join(", ")),
        },
    };
    match stop {
        Some(stop) => document.refusal(stop, reason),
        None => reason.of_file(),
    }
}

/// Where a tag under another key than `tag` stands.
pub(super) fn elsewhere(document: &Document<'_>, node: Node) -> TagSource {
    let key = named(document.key_text(node).unwrap_or_default());
    TagSource::Elsewhere(Box::new(TagPlace { key, path: path_of(document, node) }))
}

fn walk<'p>(document: &Document<'_>, root: Node, segments: &'p [Segment]) -> Outcome<Walk<'p>> {
    let mut node = root;
    for (at, segment) in segments.iter().enumerate() {
        document.refuse_alias(node)?;
        if is_text(document, node) {
            return Ok(Walk::Found(node, segments.get(at..).unwrap_or_default()));
        }
        match step(document, node, segment)? {
            Some(next) => node = next,
            None => {
                return Ok(Walk::Missing { stop: node, rest: segments.get(at..).unwrap_or_default() });
            }
        }
    }
    document.refuse_alias(node)?;
    Ok(Walk::Found(node, &[]))
}

/// Whether a node is a text that may hold a file of its own.
fn is_text(document: &Document<'_>, node: Node) -> bool {
    match document.shape(node) {
        Shape::Scalar(Style::Block) => true,
        Shape::Scalar(Style::Single | Style::Double) => document.value(node).contains('\n'),
        _ => false,
    }
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

fn pick(
    document: &Document<'_>,
    node: Node,
    segment: &Segment,
    keys: &[String],
    wanted: &str,
) -> Outcome<Option<Node>> {
    if !document.is_sequence(node) {
        return Ok(None);
    }
    let key = keys.join(".");
    let fits = |item: &Node| {
        let item = document.resolve(*item);
        let is_wanted = |value: Node| is_scalar(document, value) && document.value(document.resolve(value)) == wanted;
        let mut own = document.pairs(item).filter(|(name, _)| document.value(document.resolve(*name)) == key);
        own.any(|(_, value)| is_wanted(value)) || (keys.len() > 1 && documents::says(document, item, keys, wanted))
    };
    let found: Vec<_> = document.children(node).filter(fits).take(NEAREST).collect();
    match found.as_slice() {
        [] => Ok(None),
        [item] => Ok(Some(*item)),
        _ => {
            let filter = typed(segment);
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
            let value = document.value(document.resolve(document.get(item, "name")?)).to_owned();
            Some(typed(&Segment::Filter { key: vec!["name".to_owned()], value }))
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
    keys.into_iter().take(NEAREST).map(|(_, key)| typed(&Segment::Key(named(key)))).collect()
}

/// A step as it is typed in a PATH: `image\.tag`.
fn typed(segment: &Segment) -> String {
    let mut text = String::new();
    segment.append_to(&mut text);
    text
}

/// How many characters differ, whatever their case; of long words the beginnings are compared.
fn distance(one: &str, other: &str) -> usize {
    let [one, other] = [one, other].map(|word| word.to_lowercase().chars().take(64).collect::<String>());
    strsim::levenshtein(&one, &other)
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
