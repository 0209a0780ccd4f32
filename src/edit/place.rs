//! What is written at a place once the image is known; this module must not look for places.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use super::document::{Document, Node};
use super::error::{Outcome, Reason, shown};
use super::ledger::{Ledger, Sharing};
use super::note::Note;
use super::plan::{NewKey, Plan, is_right};
use super::recognise::digest::{Beside, beside, beside_version};
use super::recognise::text::{held_tag, written};
use super::recognise::{Adds, Fields, Key, Sighting, Spelling};
use super::tag_source::TagSource;
use super::view::View;
use super::{Job, Pin, Written, resolve};
use crate::image::{Reference, Repository};

/// A file's edit in the making.
pub(super) struct Placing<'d, 't> {
    pub(super) view: View<'d, 't>,
    pub(super) document: &'d Document<'t>,
    pub(super) plan: Plan,
    pub(super) ledger: Ledger<'d, 't>,
    /// The jobs that lead on into texts of the file, with their numbers.
    pub(super) texts: BTreeMap<Node, Vec<(usize, Job)>>,
}

impl<'d, 't> Placing<'d, 't> {
    pub(super) fn new(view: View<'d, 't>) -> Self {
        let document = view.document;
        Self { view, document, plan: Plan::default(), ledger: Ledger::new(document), texts: BTreeMap::new() }
    }

    /// Sends the job that is under way into a text of the file.
    pub(super) fn send(&mut self, text: Node, job: Job) {
        self.texts.entry(text).or_default().push((self.ledger.job, job));
    }

    /// Begins with a job: from here on its rules hold.
    pub(super) fn start(&mut self, number: usize, job: &Job) {
        let takes_any = job.rules.any_repository && job.kind.is_addressed();
        self.view.rules = job.rules;
        self.ledger.start(number, if takes_any { Sharing::Allowed } else { Sharing::Refused });
    }

    /// Writes an image where it was seen.
    pub(super) fn write(&mut self, sighting: &Sighting<'_, '_>, image: usize) -> Outcome<()> {
        let node = sighting.node;
        match &sighting.spelling {
            Spelling::Pair(fields) | Spelling::Entry(fields) => self.pair(fields, image),
            Spelling::Reference { prefix, held } => self.reference(node, prefix, held, image),
            Spelling::Bare { prefix, held, adds } => {
                let is_asked = *adds == Adds::OnDemand;
                let elsewhere = self.view.recogniser.tag_elsewhere(node).filter(|_| is_asked);
                if elsewhere.is_some() || (is_asked && !self.view.rules.create) {
                    let name = shown(sighting.names.first().map_or("", |name| name.shown()));
                    let from = elsewhere.map_or(TagSource::Create, |tag| resolve::elsewhere(self.document, tag));
                    return self.document.refuse(node, Reason::NoTag { name, from });
                }
                self.reference(node, prefix, held, image)
            }
            Spelling::Opaque(reason) => self.document.refuse(node, reason.clone()),
        }
    }

    /// Writes an image into a mapping of `tag` and `digest` (or their Kustomize names).
    pub(super) fn pair(&mut self, fields: &Fields<'_, '_>, image: usize) -> Outcome<()> {
        let is_entry = fields.is_entry();
        let rules = self.view.rules;
        fields.refuse_duplicates()?;
        let tag = fields.own(fields.tag_key());
        let in_tag = tag.map(|node| held_tag(self.document, node)).transpose()?.unwrap_or_default();
        let beside = beside(self.document, fields)?;
        if fields.has_digest_alone() {
            self.remark_registry(fields, image);
            return self.digest_alone(&beside, image);
        }
        let held = beside.iter().find(|beside| beside.held.is_some());
        let is_pinned = in_tag.digest.is_some() || held.is_some() || rules.pin == Pin::Digest;
        let own = held.or(beside.first()).filter(|beside| beside.is_own).map(|beside| beside.node);
        if !is_entry {
            self.remark_registry(fields, image);
        }
        let digest = held.and_then(|beside| beside.held.clone());
        let old = Written { tag: in_tag.tag, digest: digest.or_else(|| in_tag.digest.clone()) };
        let new = self.view.new_text(image, &old, is_pinned, own.or(tag).unwrap_or(fields.mapping))?;
        let is_artifact = fields.is_artifact();
        if is_artifact && held.is_none() {
            fields.refuse_semver()?;
        }
        // Flux hands an artifact's tag to the registry as it is, and has another key for the digest.
        let may_have_both = !is_entry && !is_artifact;
        let tag_is_pinned =
            !is_artifact && in_tag.digest.is_some() || (may_have_both && rules.pin == Pin::Digest && beside.is_empty());
        let tag_text = match (&new.digest, tag_is_pinned) {
            (Some(digest), true) => format!("{}@{digest}", new.tag.as_deref().unwrap_or_default()),
            _ => new.tag.clone().unwrap_or_default(),
        };
        let mut changed = self.tag(fields, tag_text)?;
        let own = beside.iter().filter(|beside| beside.is_own).map(|beside| beside.node);
        for node in tag.into_iter().chain(own) {
            self.ledger.own(node, image);
        }
        if let Some(digest) = new.digest.clone() {
            changed |= self.digests(&beside, image, &digest)?;
            if beside.is_empty() && !tag_is_pinned {
                let after = tag.or_else(|| entry_anchor(fields));
                changed |= self.add(fields.mapping, after, Key::Digest.as_str(), digest)?;
            }
        }
        let key = fields.tag_key().as_str();
        let place = tag.map_or((fields.mapping, Some(key)), |tag| (tag, None));
        self.ledger.place(image, place, old, new, changed)
    }

    /// Says that a registry for the whole file names another host than the image's: which one counts, the chart decides.
    fn remark_registry(&mut self, fields: &Fields<'_, '_>, image: usize) {
        let has_repository = fields.text(Key::Repository).is_some();
        let global = self.view.recogniser.global_registry(fields.mapping).filter(|_| has_repository);
        let (Some(global), Some(wanted)) = (global, self.view.wanted.get(image)) else { return };
        let registry = self.document.value(global).trim_matches('/');
        let host = Repository::parse(&format!("{registry}/x")).ok().map(|named| named.host());
        if host != Some(wanted.repository.host()) {
            self.ledger.remark(fields.mapping, Note::GlobalRegistry(global));
        }
    }

    /// Writes an image's digest into a mapping that has no tag.
    pub(super) fn digest_alone(&mut self, beside: &[Beside], image: usize) -> Outcome<()> {
        let Some(place) = beside.iter().find(|beside| beside.held.is_some()) else {
            return Ok(());
        };
        let old = Written { tag: None, digest: place.held.clone() };
        let new = self.view.new_text(image, &old, true, place.node)?;
        let digest = new.digest.unwrap_or_default();
        let changed = self.digests(beside, image, &digest)?;
        for beside in beside.iter().filter(|beside| beside.is_own) {
            self.ledger.own(beside.node, image);
        }
        let new = Written { tag: None, digest: Some(digest) };
        self.ledger.place(image, (place.node, None), old, new, changed)
    }

    /// Writes the digest over each that is there, or on demand into the first blank.
    fn digests(&mut self, beside: &[Beside], image: usize, digest: &str) -> Outcome<bool> {
        let is_held = |beside: &&Beside| beside.held.is_some();
        let blank =
            beside.first().filter(|_| self.view.rules.pin == Pin::Digest && !beside.iter().any(|b| is_held(&b)));
        let mut changed = false;
        for place in beside.iter().filter(is_held).chain(blank) {
            let text = self.view.digest_text(place, image, digest)?;
            if place.is_own {
                changed |= self.put(place.node, text)?;
            } else {
                // What a merge key brings is written where it stands, by that place's own match.
                self.plan.require(place.node, text);
            }
        }
        Ok(changed)
    }

    fn tag(&mut self, fields: &Fields<'_, '_>, text: String) -> Outcome<bool> {
        if let Some(node) = fields.own(fields.tag_key()) {
            return self.put(node, text);
        }
        let elsewhere = fields.tag_elsewhere().map(|node| resolve::elsewhere(self.document, node));
        let is_entry = fields.is_entry();
        if !is_entry && (elsewhere.is_some() || !self.view.rules.create) {
            let image = || fields.joined(Key::Image).filter(|_| elsewhere.is_some());
            let artifact = || fields.names().next().filter(|_| fields.is_artifact()).map(|name| name.text);
            let Some(name) = fields.joined(Key::Repository).or_else(image).or_else(artifact) else {
                return self.document.refuse(fields.mapping, Reason::NoPlace);
            };
            let from = elsewhere.unwrap_or(TagSource::Create);
            return self.document.refuse(fields.mapping, Reason::NoTag { name: shown(&name), from });
        }
        let named = || [Key::Repository, Key::Image, Key::Registry].into_iter().find_map(|name| fields.own(name));
        let after = if is_entry { entry_anchor(fields) } else { named() };
        self.add(fields.mapping, after, fields.tag_key().as_str(), text)
    }

    /// Adds a key behind a value.
    pub(super) fn add(
        &mut self,
        mapping: Node,
        after: Option<Node>,
        key: &'static str,
        value: String,
    ) -> Outcome<bool> {
        let key = NewKey { mapping, after, key, value };
        self.plan.key(self.document, key)?;
        Ok(true)
    }

    /// Writes a scalar, or demands that an alias (or a merged value) comes to mean it. Tells whether bytes change.
    pub(super) fn put(&mut self, node: Node, text: String) -> Outcome<bool> {
        let document = self.document;
        if document.resolve(node) != node {
            self.plan.require(node, text);
            return Ok(false);
        }
        let changed = !is_right(document, node, &text);
        self.plan.value(document, node, text)?;
        Ok(changed)
    }

    /// Writes an image into a reference.
    pub(super) fn reference(&mut self, node: Node, prefix: &str, held: &Reference, image: usize) -> Outcome<()> {
        let is_pinned = held.digest.is_some() || self.view.rules.pin == Pin::Digest;
        let new = self.view.new_text(image, &written(held), is_pinned, node)?;
        let text = format!("{prefix}{}", new.of(&held.repository));
        let changed = self.put(node, text)?;
        self.scalar(node, image, written(held), new, changed)
    }

    /// Writes an image's tag into a scalar that holds nothing else, and the digest that belongs to it.
    pub(super) fn bare_tag(&mut self, node: Node, image: usize, held: &Written) -> Outcome<()> {
        let is_asked = self.view.rules.pin == Pin::Digest;
        let beside = beside_version(self.document, node)?;
        let digest = beside.iter().find_map(|beside| beside.held.clone());
        let is_pinned = held.digest.is_some() || digest.is_some() || (is_asked && !beside.is_empty());
        let old = Written { digest: digest.or_else(|| held.digest.clone()), ..held.clone() };
        let new = self.view.new_text(image, &old, is_pinned, node)?;
        if is_asked && new.digest.is_none() {
            self.ledger.remark(node, Note::OnlyTag);
        }
        let in_tag = Written { digest: new.digest.clone().filter(|_| held.digest.is_some()), ..new.clone() };
        let mut changed = self.put(node, in_tag.to_string())?;
        if let Some(digest) = &new.digest {
            changed |= self.digests(&beside, image, digest)?;
        }
        for beside in beside.iter().filter(|beside| beside.is_own) {
            self.ledger.own(beside.node, image);
        }
        self.scalar(node, image, old, new, changed)
    }

    /// Makes a blank value a mapping that has just the tag.
    pub(super) fn fill(&mut self, node: Node, image: usize) -> Outcome<()> {
        let new = self.view.new_text(image, &Written::default(), self.view.rules.pin == Pin::Digest, node)?;
        let key = Key::Tag.as_str();
        self.plan.mapping(self.document, node, key, new.to_string())?;
        self.ledger.place(image, (node, Some(key)), Written::default(), new, true)
    }

    fn scalar(&mut self, node: Node, image: usize, old: Written, new: Written, changed: bool) -> Outcome<()> {
        self.ledger.own(node, image);
        // An alias is its anchor's place, which has a match of its own.
        if self.document.resolve(node) == node {
            self.ledger.place(image, (node, None), old, new, changed)?;
        }
        Ok(())
    }
}

/// The value behind which a Kustomize entry's new key goes.
fn entry_anchor(fields: &Fields<'_, '_>) -> Option<Node> {
    fields.own(Key::NewName).or_else(|| fields.own(Key::Name))
}
