//! From the plan to its edits, in the order of the text; this module must not decide what is written.

#![deny(clippy::disallowed_methods)]

use std::cmp::Reverse;

use super::document::Document;
use super::error::{Outcome, Reason};
use super::plan::Plan;
use super::splice::Edit;
use super::{insert, splice};

/// All edits of a plan, in the order of the text.
pub(super) fn edits(document: &Document<'_>, plan: &Plan) -> Outcome<Vec<Edit>> {
    let mut edits = Vec::new();
    for (node, text) in &plan.values {
        edits.push(splice::value(document, *node, text)?);
    }
    for key in &plan.keys {
        edits.push(insert::key(document, key)?);
    }
    for (spot, entries) in &plan.entries {
        edits.push(insert::entries(document, *spot, entries)?);
    }
    for (node, (key, text)) in &plan.mappings {
        edits.push(insert::mapping(document, *node, key, text)?);
    }
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
