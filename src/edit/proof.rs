//! The proof that an edited text differs from the original in exactly the intended nodes.
//! This module must not repair anything.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node, Shape, Style};
use super::error::{Outcome, Reason};
use super::plan::is_right;
use super::reading::read;
use super::splice::{Edit, What};

/// Reads the result again and compares it node by node; gives the result's index, where there is an edit.
///
/// # Errors
/// [`Reason::Unproved`] for any difference that no edit explains, or an edit that does not read as it should.
pub(super) fn prove<'r>(original: &Document<'_>, text: &'r str, edits: &[Edit]) -> Outcome<Option<Document<'r>>> {
    if edits.is_empty() {
        return Ok(None);
    }
    let place = edits.first().map_or(0, |edit| edit.range.start);
    let unproved = || unproved(original, edits).at(place);
    let result = read(text).map_err(|_| unproved())?;
    let comparison = Comparison { original, result: &result, shifts: shifts(edits) };
    if comparison.holds(edits) { Ok(Some(result)) } else { Err(unproved()) }
}

/// Why the result is another: most often nobody can tell.
fn unproved(original: &Document<'_>, edits: &[Edit]) -> Reason {
    let end = original.text.len();
    let last = original.nodes().last().map(|node| original.shape(node));
    let is_behind = edits.iter().any(|edit| edit.range.start == end);
    if is_behind && last == Some(Shape::Scalar(Style::Block)) && !original.text.ends_with(['\n', '\r']) {
        Reason::NoFinalNewline
    } else {
        Reason::Unproved
    }
}

struct Comparison<'a, 't, 'r> {
    original: &'a Document<'t>,
    result: &'a Document<'r>,
    /// From which node of the original on, by how many nodes the result is ahead.
    shifts: Vec<(Node, i64)>,
}

fn shifts(edits: &[Edit]) -> Vec<(Node, i64)> {
    let mut ahead = 0;
    let mut shifts = Vec::new();
    let mut ordered: Vec<_> = edits.iter().collect();
    ordered.sort_by_key(|edit| edit.at);
    for edit in ordered {
        let added = i64::try_from(edit.expects.len()).unwrap_or(i64::MAX) - i64::from(edit.replaces);
        if added != 0 {
            ahead += added;
            shifts.push((Node(edit.at.0 + u32::from(edit.replaces)), ahead));
        }
    }
    shifts
}

impl Comparison<'_, '_, '_> {
    fn holds(&self, edits: &[Edit]) -> bool {
        let mut edits = edits.iter().peekable();
        let mut old = 0;
        let mut new = 0;
        let old_count = u32::try_from(self.original.records.len()).unwrap_or(u32::MAX);
        let new_count = self.result.records.len();
        loop {
            let mut replaced = false;
            while let Some(edit) = edits.next_if(|edit| edit.at == Node(old)) {
                if !self.has_expected(edit, new) || (edit.replaces && replaced) {
                    return false;
                }
                new += u32::try_from(edit.expects.len()).unwrap_or(u32::MAX);
                replaced |= edit.replaces;
            }
            if old == old_count {
                return edits.next().is_none() && new as usize == new_count && self.same_roots();
            }
            if !replaced {
                if new as usize >= new_count || !self.same(Node(old), Node(new)) {
                    return false;
                }
                new += 1;
            }
            old += 1;
        }
    }

    fn has_expected(&self, edit: &Edit, new: u32) -> bool {
        let nodes = (new..).map(Node).zip(&edit.expects);
        let mut fits = nodes.map(|(node, expected)| {
            let Some(record) = self.result.records.get(node.0 as usize) else {
                return false;
            };
            record.depth == expected.depth
                && match &expected.what {
                    What::Text(text) => is_right(self.result, node, text),
                    What::Bare(text) => {
                        self.result.shape(node) == Shape::Scalar(Style::Plain) && self.result.value(node) == text
                    }
                    What::Literal(text) => {
                        self.result.shape(node) == Shape::Scalar(Style::Block) && self.result.value(node) == text
                    }
                    What::Mapping => self.result.is_mapping(node),
                    What::Sequence => self.result.is_sequence(node),
                }
        });
        fits.all(|fits| fits) && (!edit.replaces || self.same_properties(edit.at, Node(new)))
    }

    fn same(&self, old: Node, new: Node) -> bool {
        let shape = self.original.shape(old);
        let same_value = match shape {
            Shape::Alias => self.result.resolve(new) == self.moved(self.original.resolve(old)),
            Shape::Scalar(_) => self.original.value(old) == self.result.value(new),
            _ => true,
        };
        shape == self.result.shape(new)
            && same_value
            && self.original.record(old).depth == self.result.record(new).depth
            && self.same_properties(old, new)
    }

    fn same_properties(&self, old: Node, new: Node) -> bool {
        let (one, other) = (self.original.record(old), self.result.record(new));
        one.anchored == other.anchored && self.original.tag(old) == self.result.tag(new) && one.in_key == other.in_key
    }

    /// Where a node of the original is in the result.
    fn moved(&self, old: Node) -> Node {
        let at = self.shifts.partition_point(|(from, _)| *from <= old);
        let ahead = at.checked_sub(1).and_then(|at| self.shifts.get(at)).map_or(0, |(_, ahead)| *ahead);
        Node(u32::try_from(i64::from(old.0) + ahead).unwrap_or(u32::MAX))
    }

    fn same_roots(&self) -> bool {
        self.original.roots.len() == self.result.roots.len()
            && self.original.roots.iter().zip(&self.result.roots).all(|(old, new)| self.moved(*old) == *new)
    }
}
