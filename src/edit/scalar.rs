//! Scalars that are whole references, and what is written into them; this module must not walk a document.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node, Shape, Style};
use super::error::{Outcome, Reason, TagSource, shown};
use super::fields::{Fields, registry_beside};
use super::note::Note;
use super::place::{Editor, written};
use super::shared::elsewhere;
use super::{Pin, Written, manifest};
use crate::image::{Reference, Repository};

/// The longest text that can be a reference with a tag and a digest, with a Kustomize name before it.
const LONGEST: usize = 1024;

/// What a scalar is, seen from the place where it stands.
pub(super) enum Sight<'d> {
    /// A reference with a tag or a digest. `prefix` is what Argo CD writes before it: `NAME=`; `repository` is what
    /// it comes to with the `registry` beside it.
    Reference { prefix: &'d str, reference: Reference, repository: Repository },
    /// A bare repository, where only an image can be meant.
    Bare { prefix: &'d str, reference: Reference, repository: Repository, adds: Adds },
    /// An image of this repository that can't be written.
    Refused { repository: Repository, reason: Reason },
}

/// Whether a bare repository gets a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adds {
    Always,
    OnDemand,
}

impl Sight<'_> {
    pub(super) fn repository(&self) -> &Repository {
        match self {
            Self::Reference { repository, .. } | Self::Bare { repository, .. } | Self::Refused { repository, .. } => {
                repository
            }
        }
    }
}

/// What a value (or the value that an alias means) is to somebody who looks for images.
pub(super) fn look<'d>(document: &'d Document<'_>, node: Node) -> Option<Sight<'d>> {
    let target = document.resolve(node);
    let Shape::Scalar(style) = document.shape(target) else {
        return None;
    };
    let whole = document.value(target);
    if whole.len() > LONGEST {
        return None;
    }
    let is_image = is_image_key(document, node);
    if style == Style::Block || document.source(target).contains(['\n', '\r']) {
        let reference = Reference::parse(whole.trim_end_matches('\n')).ok()?;
        return is_image.then_some(Sight::Refused { repository: reference.repository, reason: Reason::MultiLine });
    }
    if whole.contains("{{") {
        return is_image.then(|| template(whole)).flatten();
    }
    let (prefix, text) = split_name(document, node, whole);
    let reference = Reference::parse(text).ok()?;
    let repository = effective(document, node, &reference.repository)?;
    if reference.tag.is_some() || reference.digest.is_some() {
        let has_path = repository.as_str().contains('/');
        return (has_path || is_image || is_argo_image(document, node)).then_some(Sight::Reference {
            prefix,
            reference,
            repository,
        });
    }
    let adds = adds(document, node, &reference)?;
    Some(Sight::Bare { prefix, reference, repository, adds })
}

/// The repository that a scalar names together with the `registry` beside it; none when the two name none.
///
/// A reference with a host of its own counts by itself.
pub(super) fn effective(document: &Document<'_>, node: Node, held: &Repository) -> Option<Repository> {
    let may_have = matches!(document.key_text(node), Some("repository" | "image" | "name"));
    let takes_registry = may_have && held.written_host().is_none();
    let registry = if takes_registry { registry_beside(document, node) } else { None };
    let Some(registry) = registry.map(|registry| registry.trim_end_matches('/')) else {
        return Some(held.clone());
    };
    let rest = held.as_str().strip_prefix(registry);
    if rest.is_some_and(|rest| rest.starts_with('/')) {
        return Some(held.clone());
    }
    Repository::parse(&format!("{registry}/{held}")).ok()
}

fn adds(document: &Document<'_>, node: Node, reference: &Reference) -> Option<Adds> {
    if manifest::is_container_image(document, node) {
        Some(Adds::Always)
    } else if is_image_key(document, node) && reference.repository.as_str().contains('/') {
        Some(Adds::OnDemand)
    } else {
        None
    }
}

/// `X:{{ .Values.tag }}`: an image whose version a template gives.
fn template<'d>(text: &str) -> Option<Sight<'d>> {
    let before = text.split("{{").next()?.trim_end();
    let repository = Repository::parse(before.trim_end_matches([':', '@'])).ok()?;
    (before.len() > repository.as_str().len()).then_some(Sight::Refused { repository, reason: Reason::Template })
}

/// Splits what Argo CD writes in `kustomize.images`: `NAME=REFERENCE`.
fn split_name<'d>(document: &Document<'_>, node: Node, text: &'d str) -> (&'d str, &'d str) {
    match text.find('=') {
        Some(sign) if is_kustomize_image(document, node) => text.split_at_checked(sign + 1).unwrap_or(("", text)),
        _ => ("", text),
    }
}

/// Whether a value is an item of `kustomize.images`.
fn is_kustomize_image(document: &Document<'_>, node: Node) -> bool {
    let images = document.parent(node).filter(|images| document.key_text(*images) == Some("images"));
    let kustomize = images.and_then(|images| document.parent(images));
    kustomize.is_some_and(|kustomize| document.key_text(kustomize) == Some("kustomize"))
}

/// Whether a value can only be an image: an item of `kustomize.images` in an Argo CD object.
fn is_argo_image(document: &Document<'_>, node: Node) -> bool {
    is_kustomize_image(document, node) && manifest::is_in_argo_application(document, node)
}

/// Whether a value stands under a key that ends in `image`, in any case.
pub(super) fn is_image_key(document: &Document<'_>, node: Node) -> bool {
    document.key_text(node).is_some_and(|key| key.to_ascii_lowercase().ends_with("image"))
}

impl Editor<'_, '_> {
    /// Writes an image into a scalar that names its repository.
    pub(super) fn scalar(&mut self, node: Node, sight: &Sight<'_>, image: usize) -> Outcome<()> {
        match sight {
            Sight::Reference { prefix, reference, .. } => self.reference(node, prefix, reference, image),
            Sight::Bare { prefix, reference, repository, adds } => {
                // `image: X` beside `tag: 1.0` is a mapping that holds an image.
                if self.has_tag_beside(node) {
                    return Ok(());
                }
                let elsewhere = if *adds == Adds::OnDemand { self.tag_elsewhere(node) } else { None };
                if elsewhere.is_some() || (*adds == Adds::OnDemand && !self.rules.create) {
                    let name = shown(repository.as_str());
                    let from = elsewhere.unwrap_or(TagSource::Create);
                    return self.document.refuse(node, Reason::NoTag { name, from });
                }
                self.reference(node, prefix, reference, image)
            }
            Sight::Refused { reason, .. } => self.document.refuse(node, reason.clone()),
        }
    }

    fn reference(&mut self, node: Node, prefix: &str, held: &Reference, image: usize) -> Outcome<()> {
        let is_pinned = held.digest.is_some() || self.rules.pin == Pin::Digest;
        let new = self.new_text(image, is_pinned, node)?;
        let text = format!("{prefix}{}:{new}", held.repository);
        self.write(node, image, text, written(held), new)
    }

    /// Writes an image's tag into a scalar that holds nothing else.
    pub(super) fn bare_tag(&mut self, node: Node, image: usize, held: Written) -> Outcome<()> {
        let new = self.new_text(image, held.digest.is_some(), node)?;
        if self.rules.pin == Pin::Digest && new.digest.is_none() {
            self.remark(node, Note::OnlyTag);
        }
        self.write(node, image, new.to_string(), held, new)
    }

    fn write(&mut self, node: Node, image: usize, text: String, old: Written, new: Written) -> Outcome<()> {
        let changed = self.put(node, text)?;
        self.own(node, image);
        // An alias is its anchor's place, which has a match of its own.
        if self.document.resolve(node) == node {
            self.note(image, (node, None), old, new, changed)?;
        }
        Ok(())
    }

    /// What seems to be the tag of a value under `image` or `repository`, beside it under another key than `tag`.
    pub(super) fn tag_elsewhere(&mut self, node: Node) -> Option<TagSource> {
        let document = self.document;
        let parent = document.parent(node)?;
        if !matches!(document.key_text(node), Some("image" | "repository")) {
            return None;
        }
        let found = self.elsewhere.entry(parent).or_insert_with(|| Fields::of(document, parent).tag_elsewhere());
        found.map(|tag| elsewhere(document, tag))
    }

    /// Whether a value stands in a mapping that has a `tag` too.
    pub(super) fn has_tag_beside(&mut self, node: Node) -> bool {
        let document = self.document;
        let Some(parent) = document.parent(node) else {
            return false;
        };
        *self.tagged.entry(parent).or_insert_with(|| has_tag_beside(document, node))
    }
}

/// Whether a value stands in a mapping that has a `tag` too; the whole mapping is searched.
pub(super) fn has_tag_beside(document: &Document<'_>, node: Node) -> bool {
    let mut pairs = document.parent(node).into_iter().flat_map(|parent| document.pairs(parent));
    pairs.any(|(key, _)| document.value(document.resolve(key)) == "tag")
}

/// A key's text that says its value is the name of something, never a version.
pub(super) fn is_name_key(document: &Document<'_>, node: Node) -> bool {
    matches!(document.key_text(node), Some("repository" | "registry" | "name" | "newName" | "digest"))
        || is_image_key(document, node)
}
