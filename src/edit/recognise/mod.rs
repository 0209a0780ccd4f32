//! What in a file is an image: the one decision that matching, PATH, entries, listing and survey select from.
//! This module must not know what is wanted, and changes nothing.
//!
//! One pass turns a file into sightings (`Recogniser::sightings`): a node, how it is spelled, what it says it is an
//! image of and how sure that is. Whether a sighting is the place to write to (`Recogniser::standing`) and which digests
//! stand beside its tag (`digest`) is worked out for those that somebody selects. `foreign` has the parts of a file that only
//! describe versions, `parts` the registries that stand elsewhere in the file.

#![deny(clippy::disallowed_methods)]

pub(in crate::edit) mod digest;
mod expression;
mod fields;
mod finder;
mod foreign;
pub(in crate::edit) mod inside;
mod key;
pub(in crate::edit) mod kustomization;
mod layers;
mod name;
pub(in crate::edit) mod object;
mod parts;
mod scalar;
mod sighting;
mod source;
pub(in crate::edit) mod text;
mod text_layer;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

pub(in crate::edit) use expression::Expression;
pub(in crate::edit) use fields::{Fields, merged};
pub(in crate::edit) use foreign::Part;
pub(in crate::edit) use key::Key;
pub(in crate::edit) use name::{Certainty, Name};
pub(in crate::edit) use scalar::{is_image_key, is_image_place, is_name_key};
pub(in crate::edit) use sighting::{Adds, Role, Sighting, Spelling};

use super::document::{Above, Document, Node, Shape};
use super::error::{Outcome, Reason};
use crate::image::Repository;
use foreign::Foreign;
use layers::Layers;
use parts::Registries;
use scalar::Surroundings;

/// Which documents of a file are looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::edit) enum Scope {
    /// All of them.
    Documents,
    /// Kubernetes objects only.
    Objects,
}

impl Scope {
    /// Whether a document is passed over as a whole.
    pub(in crate::edit) fn passes_over(self, document: &Document<'_>, root: Node) -> bool {
        self == Self::Objects && !object::is_object(document, root) && !object::is_json_patch(document, root)
    }
}

/// Somebody who looks for images in a file, and what was found out on the way.
pub(in crate::edit) struct Recogniser<'d, 't> {
    pub(in crate::edit) document: &'d Document<'t>,
    surroundings: Surroundings<'d, 't>,
    registries: Registries<'d, 't>,
    foreign: OnceCell<Foreign>,
    layers: Layers<'d, 't>,
    bases: OnceCell<HashSet<Node>>,
}

impl<'d, 't> Recogniser<'d, 't> {
    pub(in crate::edit) fn new(document: &'d Document<'t>) -> Self {
        Self {
            document,
            surroundings: Surroundings::new(document),
            registries: Registries::new(document),
            foreign: OnceCell::new(),
            layers: Layers::of(document),
            bases: OnceCell::new(),
        }
    }

    /// Every sighting of a file, in the order of the text; an alias of a scalar is one of its own.
    pub(in crate::edit) fn sightings(&self, scope: Scope) -> impl Iterator<Item = Sighting<'d, 't>> + '_ {
        let document = self.document;
        let roots = document.roots.iter().filter(move |root| !scope.passes_over(document, **root));
        let nodes = roots.flat_map(move |root| (root.0..document.record(*root).after).map(Node));
        nodes.filter(|node| !self.document.record(*node).in_key).filter_map(|node| self.sighting(node))
    }

    fn sighting(&self, node: Node) -> Option<Sighting<'d, 't>> {
        match self.document.shape(node) {
            Shape::Mapping(_) => {
                let fields = self.fields(node);
                let says = fields.own(Key::Tag).is_some() || fields.own(Key::Repository).is_some();
                let is_seen = says || fields.is_entry() || fields.is_artifact();
                let is_pinned = !is_seen && fields.has_digest_alone();
                let sighting = (is_seen || is_pinned).then(|| Sighting::of_mapping(fields));
                sighting.filter(|sighting| is_seen || !sighting.names.is_empty())
            }
            Shape::Scalar(_) | Shape::Alias => match self.set_by(node) {
                Some(fields) => Some(Sighting { node, ..Sighting::of_mapping(fields) }),
                None => self.scalar(node),
            },
            Shape::Sequence(_) => None,
        }
    }

    /// A mapping's fields, with what other layers of Helm values set in their place.
    pub(in crate::edit) fn fields(&self, mapping: Node) -> Fields<'d, 't> {
        self.layers.complete(Fields::of(self.document, mapping))
    }

    /// The fields of the mapping whose tag is set by a parameter of this value.
    pub(in crate::edit) fn set_by(&self, value: Node) -> Option<Fields<'d, 't>> {
        self.layers.set_by(value)
    }

    /// The value of a parameter, for its item; any other node is itself.
    pub(in crate::edit) fn value_of(&self, node: Node) -> Node {
        self.layers.value_of(node).unwrap_or(node)
    }

    /// The texts of Helm values that are looked through as the documents are, in the order of the file.
    pub(in crate::edit) fn texts(&self, scope: Scope) -> impl Iterator<Item = Node> + '_ {
        let is_seen = move |text: &Node| !scope.passes_over(self.document, self.document.root(*text));
        self.layers.texts().filter(is_seen)
    }

    /// What wins over the values of a text, by their paths.
    pub(in crate::edit) fn above(&self, text: Node) -> HashMap<String, Above> {
        self.layers.above(text)
    }

    /// Why a write to a node would have no effect: another layer of Helm values wins over it.
    pub(in crate::edit) fn overridden(&self, node: Node) -> Option<Reason> {
        let (above, is_digest) = match self.layers.over(node) {
            Some(above) => (above, false),
            None => (self.layers.digest_over(node)?, true),
        };
        let Above { place, line, .. } = above;
        Some(if is_digest { Reason::DigestWins { place, line } } else { Reason::Overridden { place, line } })
    }

    /// What a value (or the value that an alias means) is to somebody who looks for images.
    pub(in crate::edit) fn scalar(&self, node: Node) -> Option<Sighting<'d, 't>> {
        scalar::sighting(&self.surroundings, node)
    }

    /// The repository that a scalar names together with the `registry` beside it; none when the two name none.
    pub(in crate::edit) fn effective(&self, node: Node, held: &Repository) -> Option<Repository> {
        scalar::effective(&self.surroundings, node, held)
    }

    /// Whether a sighting is the place where its image is written.
    pub(in crate::edit) fn standing(&self, sighting: &Sighting<'_, '_>) -> Role {
        match self.overridden(sighting.node) {
            Some(Reason::Overridden { .. }) => return Role::Yields,
            Some(reason) => return Role::Refused(self.document.refusal(sighting.node, reason)),
            None => {}
        }
        match &sighting.spelling {
            _ if self.foreign(sighting.node).is_some() => Role::Foreign,
            Spelling::Pair(fields) if fields.effective(Key::Tag).is_none() && self.is_base(sighting.node) => {
                Role::Yields
            }
            Spelling::Entry(fields) => match fields.refuse_suffix() {
                Err(refusal) => Role::Refused(refusal),
                Ok(()) => Role::Place,
            },
            Spelling::Bare { .. } if self.has_version_beside(sighting.node) => Role::Yields,
            Spelling::Opaque(reason) => Role::Refused(self.document.refusal(sighting.node, reason.clone())),
            _ => Role::Place,
        }
    }

    /// The mapping whose version a value is: it stands under `tag`, or names the repository beside one.
    pub(in crate::edit) fn version_of(&self, node: Node) -> Option<Node> {
        let parent = self.document.parent(node)?;
        let is_bare = || self.scalar(node).is_some_and(|sighting| matches!(sighting.spelling, Spelling::Bare { .. }));
        let is_version = match self.document.key_text(node) {
            Some("tag") => true,
            Some(key) if digest::holds(self.document, key, node) => {
                self.scalar(node).is_none() && Fields::of(self.document, parent).has_digest_alone()
            }
            Some("newTag") if Fields::of(self.document, parent).is_entry() => true,
            _ => self.has_version_beside(node) && is_bare(),
        };
        is_version.then_some(parent)
    }

    /// Whether a value is a name that Kustomize matches images with, or calls them by.
    pub(in crate::edit) fn is_matcher(&self, node: Node) -> bool {
        scalar::is_matcher(&self.surroundings, node)
    }

    /// Whether a value stands in a mapping that has a `tag` too, or a digest alone.
    pub(in crate::edit) fn has_version_beside(&self, node: Node) -> bool {
        self.surroundings.of(node).is_some_and(|around| around.has_version)
    }

    /// The part of the file around a node that describes versions to look for, not an image that runs.
    pub(in crate::edit) fn foreign(&self, node: Node) -> Option<&Part> {
        self.foreign.get_or_init(|| Foreign::of(self.document)).around(node)
    }

    /// Refuses a node in such a part.
    pub(in crate::edit) fn refuse_foreign(&self, node: Node) -> Outcome<()> {
        match self.foreign(node) {
            Some(part) => self.document.refuse(node, Reason::Foreign(part.what.clone())),
            None => Ok(()),
        }
    }

    /// Whether the parts of a repository that a mapping and the file have are this one.
    pub(in crate::edit) fn parts_join_to(&self, fields: &Fields<'d, 't>, wanted: &Repository) -> bool {
        self.registries.join_to(fields, wanted)
    }

    /// The repository that a mapping without a host has together with the parts around it.
    pub(in crate::edit) fn joined_parts(&self, fields: &Fields<'d, 't>) -> Option<Repository> {
        self.registries.joined(fields)
    }

    /// The `global.imageRegistry` above a mapping.
    pub(in crate::edit) fn global_registry(&self, mapping: Node) -> Option<Node> {
        self.registries.global(mapping)
    }

    /// What seems to be the tag of a value under `image` or `repository`, beside it under another key than `tag`.
    pub(in crate::edit) fn tag_elsewhere(&self, node: Node) -> Option<Node> {
        let may_have = matches!(self.document.key_text(node), Some("image" | "repository"));
        self.surroundings.of(node).filter(|_| may_have)?.tag_elsewhere
    }

    /// Whether a mapping gives its repository to one that has a tag: that one is the place.
    fn is_base(&self, node: Node) -> bool {
        self.bases.get_or_init(|| bases(self.document)).contains(&node)
    }
}

/// The mappings whose repository is merged into a mapping with a tag of its own.
fn bases(document: &Document<'_>) -> HashSet<Node> {
    let base = |mapping: Node| {
        let fields = Fields::of(document, mapping);
        let repository = fields.own(Key::Tag).and_then(|_| fields.merged(Key::Repository));
        repository.and_then(|repository| document.parent(repository))
    };
    document.nodes().filter(|node| document.is_mapping(*node)).filter_map(base).collect()
}
