//! Where a node stands and what else takes its value; this module must not look for places.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};
use super::error::{Outcome, Reason, TagPlace, TagSource, named};
use super::fields::{Fields, Key};
use super::path::Segment;
use super::place::Editor;
use super::{Wanted, Written, digest, kustomize};
use crate::image::Repository;

/// The longest path that a place shows, in bytes; of a longer one the end.
const LONGEST: usize = 1024;

/// For whom a scalar is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) image: usize,
    pub(super) job: usize,
    pub(super) sharing: Sharing,
}

/// Whether another image may take a written value through an alias or a merge key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    Refused,
    /// The user named the place and takes any repository.
    Allowed,
}

/// A mapping that takes a written value through an alias or a merge key.
struct Taker<'d, 't> {
    fields: Fields<'d, 't>,
    name: Key,
    value: Node,
    owner: Owner,
}

/// Settles with every mapping that takes a written value: its stale digest goes too, and another image is refused.
pub(super) fn settle(editor: &mut Editor<'_, '_>) -> Outcome<()> {
    let document = editor.document;
    if !editor.owners.keys().any(|node| is_shareable(document, *node)) {
        return Ok(());
    }
    for taker in takers(editor, &[Key::Tag, Key::NewTag]) {
        let image = image(editor, &taker)?;
        editor.digest_beside(&taker, image)?;
    }
    // The digests written just now may be shared themselves.
    takers(editor, &digest::KEYS).iter().try_for_each(|taker| image(editor, taker).map(drop))
}

impl Editor<'_, '_> {
    /// Remembers for which image a scalar is written.
    pub(super) fn own(&mut self, node: Node, image: usize) {
        if self.document.resolve(node) == node {
            let owner = Owner { image, job: self.job, sharing: self.sharing };
            let known = self.owners.entry(node).or_insert(owner);
            if self.sharing == Sharing::Refused {
                known.sharing = Sharing::Refused;
            }
        }
    }

    /// Rewrites the digests of a mapping whose tag is written elsewhere and reaches it by an alias or a merge key.
    fn digest_beside(&mut self, taker: &Taker<'_, '_>, image: usize) -> Outcome<()> {
        let fields = &taker.fields;
        for beside in self.beside(fields)? {
            let node = beside.node;
            if beside.held.is_none() || self.owners.contains_key(&node) {
                continue;
            }
            fields.refuse_duplicates()?;
            let new = self.new_text(image, true, node)?;
            let text = self.digest_text(&beside, image, new.digest.as_deref().unwrap_or_default())?;
            if !beside.is_own || self.document.resolve(node) != node {
                self.plan.require(node, text);
                continue;
            }
            let changed = self.put(node, text)?;
            self.job = taker.owner.job;
            self.sharing = taker.owner.sharing;
            self.own(node, image);
            let old = Written { tag: self.held_tag(taker.value)?.tag, digest: beside.held };
            self.note(image, (node, None), old, new, changed)?;
        }
        Ok(())
    }
}

fn takers<'d, 't>(editor: &Editor<'d, 't>, names: &[Key]) -> Vec<Taker<'d, 't>> {
    let document = editor.document;
    let mut takers = Vec::new();
    for mapping in document.nodes().filter(|node| document.is_mapping(*node)) {
        for name in names {
            let fields = Fields::of(document, mapping);
            let value = fields.effective(*name).filter(|value| fields.own(*name) != Some(*value));
            // A `sha` that means the tag is nobody's digest.
            let is_other = |value: &Node| digest::KEYS.contains(name) && !digest::may_hold(document, *name, *value);
            let value = value.filter(|value| !is_other(value));
            let owner = value.and_then(|value| editor.owners.get(&value));
            if let (Some(value), Some(owner)) = (value, owner) {
                takers.push(Taker { fields, name: *name, value, owner: *owner });
            }
        }
    }
    takers
}

/// The image that a taker names itself, when it is wanted with the same text; else the owner's, when none is named.
fn image(editor: &Editor<'_, '_>, taker: &Taker<'_, '_>) -> Outcome<usize> {
    let document = editor.document;
    let fields = &taker.fields;
    let is_entry = taker.name == Key::NewTag || kustomize::is_entry(document, fields);
    let named = if is_entry { fields.effective_name().map(str::to_owned) } else { fields.repository() };
    let parsed = named.as_deref().and_then(|named| Repository::parse(named).ok());
    let (Some(named), Some(repository)) = (named, parsed) else {
        return Ok(taker.owner.image);
    };
    let owner = editor.wanted.get(taker.owner.image);
    let is_same_text = |wanted: &Wanted| match taker.name {
        Key::Digest | Key::Sha | Key::Sha256 => {
            owner.is_none_or(|owner| wanted.digest.digest() == owner.digest.digest())
        }
        _ => owner.is_none_or(|owner| wanted.tag == owner.tag),
    };
    let fits = |wanted: &Wanted| wanted.repository.is_same_as(&repository) && is_same_text(wanted);
    match editor.wanted.iter().position(fits) {
        Some(image) => {
            // The digest is this image's, too, and has to be proven for both.
            editor.new_text(image, digest::KEYS.contains(&taker.name), taker.value)?;
            Ok(image)
        }
        None if taker.owner.sharing == Sharing::Allowed => Ok(taker.owner.image),
        None => {
            let line = document.line_of(fields.mapping);
            document.refuse(taker.value, Reason::Shared { repository: named, line })
        }
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

/// Whether a value can be reached from elsewhere: it, or what holds it, has an anchor.
fn is_shareable(document: &Document<'_>, node: Node) -> bool {
    std::iter::successors(Some(node), |node| document.parent(*node)).any(|node| document.record(node).anchored)
}
