//! What is written at a place once the image is known; this module must not look for places.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, HashMap, HashSet};

use super::digest::Beside;
use super::document::{Document, Node, Shape, Style};
use super::error::{Bomb, Outcome, Reason, TagSource, shown};
use super::fields::{Fields, Key};
use super::note::Note;
use super::plan::{NewKey, Plan, is_right};
use super::shared::{self, Owner, Sharing};
use super::{Job, Kind, KnownDigest, Pin, Place, Rules, Wanted, Written};
use crate::image::{Digest, Reference, Repository, Tag};

/// The most places of one file.
pub(super) const MAX_PLACES: usize = 10_000;

/// The two spellings of a mapping that holds an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `tag` and `digest`; a missing key is added only on demand.
    Helm,
    /// `newTag` and `digest`; missing keys are added.
    Kustomize,
}

/// A file's plan in the making.
pub(super) struct Editor<'d, 't> {
    pub(super) document: &'d Document<'t>,
    pub(super) wanted: &'d [Wanted],
    pub(super) rules: Rules,
    pub(super) plan: Plan,
    /// The scalars that are written; what shares their value must be settled too.
    pub(super) owners: HashMap<Node, Owner>,
    places: Vec<(Node, Place)>,
    notes: BTreeMap<Node, Note>,
    /// Whether a mapping has a `tag`, so that a large one is searched only once.
    pub(super) tagged: HashMap<Node, bool>,
    /// What seems to be a mapping's tag under another key, for the same reason.
    pub(super) elsewhere: HashMap<Node, Option<Node>>,
    /// Mappings that give their repository to a tagged one, once somebody asked.
    pub(super) bases: Option<HashSet<Node>>,
    known: HashMap<(Node, usize), usize>,
    pub(super) job: usize,
    pub(super) sharing: Sharing,
}

/// What an editor comes to.
pub(super) struct Finished {
    pub(super) plan: Plan,
    pub(super) places: Vec<Place>,
    pub(super) notes: BTreeMap<Node, Note>,
}

impl<'d, 't> Editor<'d, 't> {
    pub(super) fn new(document: &'d Document<'t>, wanted: &'d [Wanted], rules: Rules) -> Self {
        Self {
            document,
            wanted,
            rules,
            plan: Plan::default(),
            owners: HashMap::new(),
            places: Vec::new(),
            notes: BTreeMap::new(),
            tagged: HashMap::new(),
            elsewhere: HashMap::new(),
            bases: None,
            known: HashMap::new(),
            job: 0,
            sharing: Sharing::Refused,
        }
    }

    /// Begins with a job's places.
    pub(super) fn start(&mut self, number: usize, kind: &Kind) {
        self.job = number;
        self.sharing =
            if self.rules.any_repository && kind.is_addressed() { Sharing::Allowed } else { Sharing::Refused };
    }

    /// Tells the user something about a node, once.
    pub(super) fn remark(&mut self, node: Node, note: Note) {
        self.notes.insert(node, note);
    }

    /// The plan with its places and notes, in the order of the file.
    pub(super) fn finish(mut self) -> Outcome<Finished> {
        shared::settle(&mut self)?;
        self.places.sort_by_key(|(node, _)| *node);
        let places = self.places.into_iter().map(|(_, place)| place).collect();
        Ok(Finished { plan: self.plan, places, notes: self.notes })
    }

    /// The images of a job, with their numbers.
    pub(super) fn images(&self, job: &Job) -> Vec<(usize, &'d Wanted)> {
        let wanted = self.wanted;
        job.images.iter().filter_map(|image| Some((*image, wanted.get(*image)?))).collect()
    }

    /// The image that a place found by PATH or NAME means, judged by the repository it names itself.
    pub(super) fn choose(&self, job: &Job, node: Node, named: Option<&str>) -> Outcome<usize> {
        let images = self.images(job);
        let repository = named.and_then(|named| Repository::parse(named).ok());
        if let Some(repository) = &repository {
            let mut same = images.iter().filter(|(_, wanted)| wanted.repository.is_same_as(repository));
            if let Some((image, first)) = same.next() {
                return match same
                    .find(|(_, other)| other.tag != first.tag || other.digest.digest() != first.digest.digest())
                {
                    Some((_, other)) => self
                        .document
                        .refuse(node, Reason::Conflict { first: first.tag.to_string(), second: other.tag.to_string() }),
                    None => Ok(*image),
                };
            }
        }
        match (images.as_slice(), named) {
            ([(image, _)], None) => Ok(*image),
            ([(image, _)], Some(_)) if self.rules.any_repository => Ok(*image),
            (_, Some(_)) if self.rules.any_repository => self.document.refuse(node, Reason::WhichImage),
            (_, Some(named)) => self.document.refuse(node, other_repository(named, &images)),
            (_, None) => self.document.refuse(node, Reason::WhichImage),
        }
    }

    /// Writes an image into a mapping of `tag` and `digest` (or their Kustomize names).
    pub(super) fn pair(&mut self, fields: &Fields<'_, '_>, image: usize, spelling: Spelling) -> Outcome<()> {
        fields.refuse_duplicates()?;
        let tag = fields.own(spelling.tag());
        let in_tag = tag.map(|node| self.held_tag(node)).transpose()?.unwrap_or_default();
        let beside = self.beside(fields)?;
        let held = beside.iter().find(|beside| beside.held.is_some());
        let is_pinned = in_tag.digest.is_some() || held.is_some() || self.rules.pin == Pin::Digest;
        let own = held.or(beside.first()).filter(|beside| beside.is_own).map(|beside| beside.node);
        let new = self.new_text(image, is_pinned, own.or(tag).unwrap_or(fields.mapping))?;
        let tag_is_pinned = in_tag.digest.is_some()
            || (spelling == Spelling::Helm && self.rules.pin == Pin::Digest && beside.is_empty());
        let tag_text = match (&new.digest, tag_is_pinned) {
            (Some(digest), true) => format!("{}@{digest}", new.tag.as_deref().unwrap_or_default()),
            _ => new.tag.clone().unwrap_or_default(),
        };
        let old = Written { tag: in_tag.tag, digest: held.and_then(|beside| beside.held.clone()).or(in_tag.digest) };
        let mut changed = self.tag(fields, spelling, tag_text)?;
        let own = beside.iter().filter(|beside| beside.is_own).map(|beside| beside.node);
        for node in tag.into_iter().chain(own) {
            self.own(node, image);
        }
        if let Some(digest) = new.digest.clone() {
            changed |= self.digests(&beside, image, &digest)?;
            if beside.is_empty() && !tag_is_pinned {
                let after = tag.or_else(|| entry_anchor(fields));
                changed |= self.add(fields.mapping, after, Key::Digest.as_str(), digest)?;
            }
        }
        let key = spelling.tag().as_str();
        let place = tag.map_or((fields.mapping, Some(key)), |tag| (tag, None));
        self.note(image, place, old, new, changed)
    }

    /// Writes the digest over each that is there, or on demand into the first blank.
    fn digests(&mut self, beside: &[Beside], image: usize, digest: &str) -> Outcome<bool> {
        let is_held = |beside: &&Beside| beside.held.is_some();
        let blank = beside.first().filter(|_| self.rules.pin == Pin::Digest && !beside.iter().any(|b| is_held(&b)));
        let mut changed = false;
        for place in beside.iter().filter(is_held).chain(blank) {
            let text = self.digest_text(place, image, digest)?;
            if place.is_own {
                changed |= self.put(place.node, text)?;
            } else {
                // What a merge key brings is written where it stands, by that place's own match.
                self.plan.require(place.node, text);
            }
        }
        Ok(changed)
    }

    fn tag(&mut self, fields: &Fields<'_, '_>, spelling: Spelling, text: String) -> Outcome<bool> {
        if let Some(node) = fields.own(spelling.tag()) {
            return self.put(node, text);
        }
        let elsewhere = fields.tag_elsewhere().map(|node| shared::elsewhere(self.document, node));
        if spelling == Spelling::Helm && (elsewhere.is_some() || !self.rules.create) {
            let image = || fields.joined(Key::Image).filter(|_| elsewhere.is_some());
            let Some(name) = fields.joined(Key::Repository).or_else(image) else {
                return self.document.refuse(fields.mapping, Reason::NoPlace);
            };
            let from = elsewhere.unwrap_or(TagSource::Create);
            return self.document.refuse(fields.mapping, Reason::NoTag { name: shown(&name), from });
        }
        let after = match spelling {
            Spelling::Kustomize => entry_anchor(fields),
            Spelling::Helm => {
                [Key::Repository, Key::Image, Key::Registry].into_iter().find_map(|name| fields.own(name))
            }
        };
        self.add(fields.mapping, after, spelling.tag().as_str(), text)
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

    /// The tag and digest to write.
    pub(super) fn new_text(&self, image: usize, is_pinned: bool, node: Node) -> Outcome<Written> {
        let Some(wanted) = self.wanted.get(image) else {
            return self.document.refuse(node, Reason::WhichImage);
        };
        let digest = match (&wanted.digest, is_pinned) {
            (_, false) => None,
            (KnownDigest::Proven(digest), true) => Some(digest.to_string()),
            (KnownDigest::Unknown | KnownDigest::Claimed(_), true) => {
                let name = format!("{}:{}", wanted.repository, wanted.tag);
                return self.document.refuse(node, Reason::UnknownDigest { image, name });
            }
        };
        Ok(Written { tag: Some(wanted.tag.to_string()), digest })
    }

    /// Remembers a place; `key` is one that is added to the node.
    pub(super) fn note(
        &mut self,
        image: usize,
        (node, key): (Node, Option<&str>),
        old: Written,
        new: Written,
        changed: bool,
    ) -> Outcome<()> {
        if let Some((_, place)) = self.known.get(&(node, image)).and_then(|at| self.places.get_mut(*at)) {
            if !place.jobs.contains(&self.job) {
                place.jobs.push(self.job);
            }
            return Ok(());
        }
        if self.places.len() >= MAX_PLACES {
            return self.document.refuse(node, Reason::Bomb(Bomb::Places));
        }
        let mut path = shared::path_of(self.document, node);
        if let Some(key) = key {
            super::path::Segment::Key(key.to_owned()).append_to(&mut path);
        }
        let start = self.document.start(node);
        let place = Place {
            image,
            jobs: vec![self.job],
            path,
            line: self.document.line(start),
            column: self.document.column(start),
            old,
            new,
            changed,
        };
        self.known.insert((node, image), self.places.len());
        self.places.push((node, place));
        Ok(())
    }

    /// What a `tag:` holds: nothing, a tag, or a tag with a digest.
    pub(super) fn held_tag(&self, node: Node) -> Outcome<Written> {
        let Some(text) = self.plain_text(node)? else {
            return Ok(Written::default());
        };
        tag_and_digest(text).ok_or_else(|| self.document.refusal(node, Reason::NoVersion(shown(text))))
    }

    /// A scalar's text, aliases followed; none when it is blank.
    pub(super) fn plain_text(&self, node: Node) -> Outcome<Option<&'d str>> {
        let document = self.document;
        let target = document.resolve(node);
        match document.shape(target) {
            Shape::Scalar(Style::Block) if document.is_values_text(target) => document.refuse(node, Reason::ValuesText),
            Shape::Scalar(Style::Block) => document.refuse(node, Reason::MultiLine),
            Shape::Scalar(_) if document.is_blank(target) => Ok(None),
            Shape::Scalar(_) if document.source(target).contains(['\n', '\r']) => {
                document.refuse(node, Reason::MultiLine)
            }
            Shape::Scalar(_) if document.value(target).contains("{{") => document.refuse(node, Reason::Template),
            Shape::Scalar(_) => Ok(Some(document.value(target))),
            _ => document.refuse(node, not_scalar(document, target)),
        }
    }
}

impl Spelling {
    fn tag(self) -> Key {
        match self {
            Self::Helm => Key::Tag,
            Self::Kustomize => Key::NewTag,
        }
    }
}

/// `1.0` or `1.0@sha256:…`.
pub(super) fn tag_and_digest(text: &str) -> Option<Written> {
    let (tag, digest) = match text.split_once('@') {
        Some((tag, digest)) => (tag, Some(Digest::parse(digest).ok()?.to_string())),
        None => (text, None),
    };
    Some(Written { tag: Some(Tag::parse(tag).ok()?.to_string()), digest })
}

/// The reference's own tag and digest.
pub(super) fn written(reference: &Reference) -> Written {
    Written {
        tag: reference.tag.as_ref().map(ToString::to_string),
        digest: reference.digest.as_ref().map(ToString::to_string),
    }
}

/// Why a node that isn't a scalar can't be written.
pub(super) fn not_scalar(document: &Document<'_>, node: Node) -> Reason {
    let rest = document.text.get(document.start(node)..).unwrap_or_default();
    match document.shape(node) {
        Shape::Mapping(_) if rest.starts_with("{{") => Reason::Template,
        Shape::Mapping(_) => Reason::NotScalar("mapping"),
        _ => Reason::NotScalar("list"),
    }
}

fn other_repository(found: &str, images: &[(usize, &Wanted)]) -> Reason {
    let wanted: Vec<_> = images.iter().map(|(_, wanted)| wanted.repository.to_string()).collect();
    Reason::OtherRepository { found: shown(found), wanted: wanted.join(" or ") }
}

/// The value behind which a Kustomize entry's new key goes.
fn entry_anchor(fields: &Fields<'_, '_>) -> Option<Node> {
    fields.own(Key::NewName).or_else(|| fields.own(Key::Name))
}
