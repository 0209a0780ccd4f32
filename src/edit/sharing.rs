//! What else takes a written value; this module must not look for places.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::document::{Document, Node, Shape};
use super::error::{Outcome, Reason};
use super::ledger::{Owner, Sharing};
use super::place::Placing;
use super::recognise::digest::{self, beside, named};
use super::recognise::text::held_tag;
use super::recognise::{Certainty, Fields, Key};
use super::{Wanted, Written};

/// A mapping that takes a written value through an alias or a merge key.
struct Taker<'d, 't> {
    fields: Fields<'d, 't>,
    name: Key,
    value: Node,
    owner: Owner,
}

/// Settles with every mapping that takes a written value: its stale digest goes too, and another image is refused.
pub(super) fn settle(placing: &mut Placing<'_, '_>) -> Outcome<()> {
    let document = placing.document;
    if !placing.ledger.owners.keys().any(|node| is_shareable(document, *node)) {
        return Ok(());
    }
    for taker in takers(placing, &[Key::Tag, Key::NewTag]) {
        let image = image(placing, &taker)?;
        digest_beside(placing, &taker, image)?;
    }
    named_digests(placing)?;
    // The digests written just now may be shared themselves.
    takers(placing, &Key::DIGESTS).iter().try_for_each(|taker| image(placing, taker).map(drop))
}

/// Rewrites the digests of a mapping whose tag is written elsewhere and reaches it by an alias or a merge key.
fn digest_beside(placing: &mut Placing<'_, '_>, taker: &Taker<'_, '_>, image: usize) -> Outcome<()> {
    let document = placing.document;
    let fields = &taker.fields;
    for beside in beside(document, fields)? {
        let node = beside.node;
        if beside.held.is_none() || placing.ledger.owners.contains_key(&node) {
            continue;
        }
        fields.refuse_duplicates()?;
        let new = placing.view.new_version(image, &Written::default(), true, node)?;
        let text = placing.view.digest_text(&beside, image, new.digest.as_deref().unwrap_or_default())?;
        if !beside.is_own || document.resolve(node) != node {
            placing.plan.require(node, text);
            continue;
        }
        let changed = placing.put(node, text)?;
        placing.ledger.start(taker.owner.job, taker.owner.sharing);
        placing.ledger.own(node, image);
        let old = Written { tag: held_tag(document, taker.value)?.tag, digest: beside.held };
        placing.ledger.place(image, (node, None), old, new, changed)?;
    }
    Ok(())
}

/// The same for a tag under another key, as `imageTag: *version`.
fn named_digests(placing: &mut Placing<'_, '_>) -> Outcome<()> {
    let document = placing.document;
    // The keys of a mapping with such a tag, which may have many.
    let mut keys: HashMap<Node, HashMap<&str, Node>> = HashMap::new();
    for alias in document.nodes().filter(|node| document.shape(*node) == Shape::Alias) {
        let owner = placing.ledger.owners.get(&document.resolve(alias)).copied();
        let (Some(owner), Some(mapping)) = (owner, document.parent(alias)) else { continue };
        let pairs = || document.pairs(mapping).map(|(key, value)| (document.value(document.resolve(key)), value));
        let keys = keys.entry(mapping).or_insert_with(|| pairs().collect());
        let Some(beside) = named(document, alias, |name| keys.get(name).copied())? else { continue };
        let node = beside.node;
        if beside.held.is_none() || placing.ledger.owners.contains_key(&node) {
            continue;
        }
        let new = placing.view.new_version(owner.image, &Written::default(), true, node)?;
        let text = placing.view.digest_text(&beside, owner.image, new.digest.as_deref().unwrap_or_default())?;
        let changed = placing.put(node, text)?;
        placing.ledger.start(owner.job, owner.sharing);
        placing.ledger.own(node, owner.image);
        let old = Written { tag: held_tag(document, alias)?.tag, digest: beside.held };
        placing.ledger.place(owner.image, (node, None), old, new, changed)?;
    }
    Ok(())
}

fn takers<'d, 't>(placing: &Placing<'d, 't>, names: &[Key]) -> Vec<Taker<'d, 't>> {
    let document = placing.document;
    let mut takers = Vec::new();
    for mapping in document.nodes().filter(|node| document.is_mapping(*node)) {
        for name in names {
            let is_entry = *name == Key::NewTag;
            let fields = if is_entry { Fields::of_entry(document, mapping) } else { Fields::of(document, mapping) };
            let value = fields.effective(*name).filter(|value| fields.own(*name) != Some(*value));
            // A `sha` that means the tag is nobody's digest.
            let is_other = |value: &Node| Key::DIGESTS.contains(name) && !digest::may_hold(document, *name, *value);
            let value = value.filter(|value| !is_other(value));
            let owner = value.and_then(|value| placing.ledger.owners.get(&value));
            if let (Some(value), Some(owner)) = (value, owner) {
                takers.push(Taker { fields, name: *name, value, owner: *owner });
            }
        }
    }
    takers
}

/// The image that a taker names itself, when it is wanted with the same text; else the owner's, when none is named.
fn image(placing: &Placing<'_, '_>, taker: &Taker<'_, '_>) -> Outcome<usize> {
    let document = placing.document;
    let fields = &taker.fields;
    let named = fields.names().find(|name| name.certainty == Certainty::Certain);
    let Some(repository) = named.and_then(|named| named.repository) else {
        return Ok(taker.owner.image);
    };
    let owner = placing.view.wanted.get(taker.owner.image);
    let is_same_text = |wanted: &Wanted| match taker.name {
        Key::Digest | Key::Sha | Key::Sha256 => {
            owner.is_none_or(|owner| wanted.digest.digest() == owner.digest.digest())
        }
        _ => owner.is_none_or(|owner| wanted.tag == owner.tag),
    };
    let fits = |wanted: &Wanted| wanted.repository.is_same_as(&repository) && is_same_text(wanted);
    match placing.view.wanted.iter().position(fits) {
        Some(image) => {
            // The digest is this image's, too, and has to be proven for both.
            placing.view.new_version(image, &Written::default(), Key::DIGESTS.contains(&taker.name), taker.value)?;
            Ok(image)
        }
        None if taker.owner.sharing == Sharing::Allowed => Ok(taker.owner.image),
        None => {
            let line = document.line_of(fields.mapping);
            document.refuse(taker.value, Reason::Shared { repository: repository.to_string(), line })
        }
    }
}

/// Whether a value can be reached from elsewhere: it, or what holds it, has an anchor.
fn is_shareable(document: &Document<'_>, node: Node) -> bool {
    std::iter::successors(Some(node), |node| document.parent(*node)).any(|node| document.record(node).anchored)
}
