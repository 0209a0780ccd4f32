//! A reference inside a scalar that holds other words too, by PATH: `--image=r.io/team/app:1.4.1`.
//! This module must not look beyond the scalar.

#![deny(clippy::disallowed_methods)]

use super::document::{Node, Shape, inside};
use super::error::{Outcome, Reason, shown};
use super::mention::{Version, mentions};
use super::place::Placing;
use super::recognise::inside::{Inside, references};
use super::recognise::text::written;
use super::{Job, Pin};

/// How many more references of the image a refusal names.
const OTHERS: usize = 4;

/// Edits the one reference of a wanted image in a scalar's text.
pub(super) fn edit(placing: &mut Placing<'_, '_>, job: &Job, node: Node, text: &str) -> Outcome<()> {
    let (view, document) = (placing.view, placing.document);
    let images = view.images(job);
    let is_wanted =
        |found: &&Inside| images.iter().any(|(_, wanted)| wanted.repository.is_same_as(&found.held.repository));
    let all = references(text);
    let own: Vec<_> = all.iter().filter(is_wanted).collect();
    let paths: Vec<_> = all.iter().filter(|found| found.held.repository.as_str().contains('/')).collect();
    let found = match (own.as_slice(), paths.as_slice()) {
        ([found], _) | ([], [found]) => *found,
        ([], []) => return document.refuse(node, Reason::NoVersion(shown(text))),
        (several, _) => {
            let several = if several.is_empty() { &paths } else { &own };
            let names = several.iter().filter_map(|found| text.get(found.range.clone())).map(str::to_owned).collect();
            return document.refuse(node, Reason::SeveralReferences(names));
        }
    };
    let image = view.choose(job, node, Some(found.held.repository.as_str()))?;
    let others = others(text, found);
    if !others.is_empty() {
        let own = text.get(found.range.clone()).map(str::to_owned);
        return document.refuse(node, Reason::SeveralReferences(own.into_iter().chain(others).collect()));
    }
    write(placing, node, found, image)
}

/// Where a text names the image of a reference again, with another character before it: in a list with commas.
fn others(text: &str, found: &Inside) -> Vec<String> {
    let named = mentions(text, &text.to_ascii_lowercase(), &found.held.repository).filter(|mention| {
        mention.is_image && matches!(mention.version, Version::Held { .. }) && !found.range.contains(&mention.start)
    });
    named.take(OTHERS).map(|mention| mention.text.to_owned()).collect()
}

fn write(placing: &mut Placing<'_, '_>, node: Node, found: &Inside, image: usize) -> Outcome<()> {
    let (view, document) = (placing.view, placing.document);
    let held = &found.held;
    let new = view.new_text(image, &written(held), held.digest.is_some() || view.rules.pin == Pin::Digest, node)?;
    let reference = new.of(&held.repository);
    let text = document.value(node);
    let Shape::Scalar(style) = document.shape(node) else {
        return document.refuse(node, Reason::Unproved);
    };
    let source = document.source(node);
    let own = inside(source, style);
    let range = if own == text {
        found.range.clone()
    } else {
        // With escapes before it, it stands somewhere else.
        let word = text.get(found.range.clone()).unwrap_or_default();
        match own.match_indices(word).collect::<Vec<_>>().as_slice() {
            [(at, _)] => *at..at + word.len(),
            _ => return document.refuse(node, Reason::Unproved),
        }
    };
    let quote = (source.len() - own.len()) / 2;
    let written_as = replaced(source, range.start + quote..range.end + quote, &reference);
    let changed = placing.put(node, replaced(text, found.range.clone(), &reference))?;
    placing.plan.sources.insert(node, written_as);
    placing.ledger.own(node, image);
    placing.ledger.place(image, (node, None), written(held), new, changed)
}

fn replaced(text: &str, range: std::ops::Range<usize>, new: &str) -> String {
    let before = text.get(..range.start).unwrap_or_default();
    let behind = text.get(range.end..).unwrap_or_default();
    format!("{before}{new}{behind}")
}
