//! Where a node stands and who else shares its value; this module must not write anything.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::document::{Document, Node};
use super::error::{Outcome, Reason, named};
use super::fields::{Fields, Key};
use super::path::Segment;
use super::place::Editor;
use crate::image::Repository;

/// The longest path that a place shows, in bytes; of a longer one the end.
const LONGEST: usize = 1024;

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

/// Refuses a match whose value another image takes too, through an alias or a merge key.
///
/// A place that was named by PATH is the user's own decision.
pub(super) fn check(editor: &Editor<'_, '_>) -> Outcome<()> {
    let document = editor.document;
    let owners: HashMap<Node, usize> =
        editor.matched.iter().filter(|(node, _)| is_shareable(document, *node)).copied().collect();
    if owners.is_empty() {
        return Ok(());
    }
    for mapping in document.nodes().filter(|node| document.is_mapping(*node)) {
        let fields = Fields::of(document, mapping);
        let Some(repository) = fields.joined(Key::Repository) else {
            continue;
        };
        let taken = [Key::Tag, Key::Digest]
            .into_iter()
            .filter(|name| fields.own(*name) != fields.effective(*name))
            .filter_map(|name| fields.effective(name));
        for value in taken {
            let Some(owner) = owners.get(&value) else { continue };
            if !is_wanted_too(editor, *owner, &repository) {
                let line = document.line_of(mapping);
                return document.refuse(value, Reason::Shared { repository, line });
            }
        }
    }
    Ok(())
}

/// Whether a value can be reached from elsewhere: it, or what holds it, has an anchor.
fn is_shareable(document: &Document<'_>, node: Node) -> bool {
    std::iter::successors(Some(node), |node| document.parent(*node)).any(|node| document.record(node).anchored)
}

fn is_wanted_too(editor: &Editor<'_, '_>, owner: usize, repository: &str) -> bool {
    let Ok(repository) = Repository::parse(repository) else {
        return true;
    };
    let Some(owner) = editor.wanted.get(owner) else {
        return true;
    };
    editor.wanted.iter().any(|wanted| wanted.repository.is_same_as(&repository) && wanted.tag == owner.tag)
}
