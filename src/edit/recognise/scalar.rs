//! Scalars that are whole references; this module must not know a mapping's image.

#![deny(clippy::disallowed_methods)]

use std::cell::RefCell;
use std::collections::HashMap;

use super::super::document::{Document, Node, Shape, Style};
use super::super::error::{Reason, shown};
use super::super::tag_source::TagSource;
use super::digest::is_digest_name;
use super::expression::Expression;
use super::fields::Fields;
use super::key::Key;
use super::name::{Certainty, Name};
use super::object;
use super::sighting::{Adds, Sighting, Spelling};
use crate::image::{Reference, Repository};

/// The longest text that can be a reference with a tag and a digest, with a Kustomize name before it.
const LONGEST: usize = 1024;

/// What stands beside values, so that a large mapping is searched only once.
pub(super) struct Surroundings<'d, 't> {
    document: &'d Document<'t>,
    known: RefCell<HashMap<Node, Around>>,
}

/// What stands in a mapping beside each of its values.
#[derive(Clone, Copy)]
pub(super) struct Around {
    pub(super) registry: Option<Node>,
    pub(super) has_version: bool,
    /// Whether it is an entry of a kustomization.
    pub(super) is_entry: bool,
    /// What seems to be its tag under another key.
    pub(super) tag_elsewhere: Option<Node>,
}

impl<'d, 't> Surroundings<'d, 't> {
    pub(super) fn new(document: &'d Document<'t>) -> Self {
        Self { document, known: RefCell::default() }
    }

    /// What the mapping has in which a value stands.
    pub(super) fn of(&self, node: Node) -> Option<Around> {
        let mapping = self.document.parent(node).filter(|parent| self.document.is_mapping(*parent))?;
        let search = || {
            let fields = Fields::of(self.document, mapping);
            Around {
                registry: fields.scalar(Key::Registry),
                has_version: fields.own(Key::Tag).is_some() || fields.has_digest_alone(),
                is_entry: fields.is_entry(),
                tag_elsewhere: fields.tag_elsewhere(),
            }
        };
        Some(*self.known.borrow_mut().entry(mapping).or_insert_with(search))
    }
}

/// What a value (or the value that an alias means) is to somebody who looks for images.
pub(super) fn sighting<'d, 't>(around: &Surroundings<'d, 't>, node: Node) -> Option<Sighting<'d, 't>> {
    let document = around.document;
    let target = document.resolve(node);
    let Shape::Scalar(style) = document.shape(target) else {
        return None;
    };
    let whole = document.value(target);
    if whole.len() > LONGEST {
        return None;
    }
    if is_matcher(around, node) {
        return None;
    }
    let is_image = is_image_place(document, node);
    let seen = |repository: Repository, spelling| {
        let certainty = if is_image { Certainty::Certain } else { Certainty::Likely };
        let text = repository.to_string();
        Sighting { node, spelling, names: vec![Name { node: target, text, repository: Some(repository), certainty }] }
    };
    if style == Style::Block || document.source(target).contains(['\n', '\r']) {
        let reference = Reference::parse(whole.trim_end_matches('\n')).ok()?;
        return is_image.then(|| seen(reference.repository, Spelling::Opaque(Reason::MultiLine)));
    }
    if let Some(url) = object::in_oci_url(whole).filter(|_| object::is_url_without_ref(document, node)) {
        let (repository, name) = (Repository::parse(url).ok()?, shown(url));
        return Some(seen(repository, Spelling::Opaque(Reason::NoTag { name, from: TagSource::Nowhere })));
    }
    if let Some((at, expression)) = Expression::find(whole) {
        let repository = is_image.then(|| before_expression(whole.get(..at)?)).flatten()?;
        return Some(seen(repository, Spelling::Opaque(expression.reason())));
    }
    let (prefix, text) = split_name(document, node, whole);
    let held = Reference::parse(text).ok()?;
    let repository = effective(around, node, &held.repository)?;
    if held.tag.is_some() || held.digest.is_some() {
        let has_path = repository.as_str().contains('/');
        return (has_path || is_image || is_argo_image(document, node))
            .then(|| seen(repository, Spelling::Reference { prefix, held }));
    }
    let adds = adds(document, node, &held)?;
    Some(seen(repository, Spelling::Bare { prefix, held, adds }))
}

/// The repository that a scalar names together with the `registry` beside it; none when the two name none.
///
/// A reference with a host of its own counts by itself.
pub(super) fn effective(around: &Surroundings<'_, '_>, node: Node, held: &Repository) -> Option<Repository> {
    let document = around.document;
    let may_have = matches!(document.key_text(node), Some("repository" | "image" | "name"));
    let takes_registry = may_have && held.written_host().is_none();
    let registry = if takes_registry { around.of(node).and_then(|around| around.registry) } else { None };
    let Some(registry) = registry.map(|registry| document.value(registry).trim_end_matches('/')) else {
        return Some(held.clone());
    };
    let rest = held.as_str().strip_prefix(registry);
    if rest.is_some_and(|rest| rest.starts_with('/')) {
        return Some(held.clone());
    }
    Repository::parse(&format!("{registry}/{held}")).ok()
}

/// Whether a value is a name of a kustomization's entry: what Kustomize matches images with, or what it calls them then.
pub(super) fn is_matcher(around: &Surroundings<'_, '_>, node: Node) -> bool {
    let is_name = matches!(around.document.key_text(node), Some("name" | "newName"));
    is_name && around.of(node).is_some_and(|around| around.is_entry)
}

/// Whether a value stands under a key that ends in `image`, in any case.
pub(in crate::edit) fn is_image_key(document: &Document<'_>, node: Node) -> bool {
    document.key_text(node).is_some_and(|key| key.to_ascii_lowercase().ends_with("image"))
}

/// Whether only an image can stand at a value's place.
pub(in crate::edit) fn is_image_place(document: &Document<'_>, node: Node) -> bool {
    is_image_key(document, node) || object::is_volume_image(document, node) || object::is_patched_image(document, node)
}

/// A key's text that says its value is the name of something, never a version.
pub(in crate::edit) fn is_name_key(document: &Document<'_>, node: Node) -> bool {
    matches!(document.key_text(node), Some("repository" | "registry" | "name" | "newName" | "digest"))
        || is_image_place(document, node)
        || document.key_text(node).is_some_and(is_digest_name)
}

fn adds(document: &Document<'_>, node: Node, reference: &Reference) -> Option<Adds> {
    if object::is_container_image(document, node) || object::is_volume_image(document, node) {
        Some(Adds::Always)
    } else if is_image_place(document, node) && reference.repository.as_str().contains('/') {
        Some(Adds::OnDemand)
    } else {
        None
    }
}

/// `X:` before `{{ .Values.tag }}`: an image whose version another program gives.
fn before_expression(before: &str) -> Option<Repository> {
    let before = before.trim_end();
    let repository = Repository::parse(before.trim_end_matches([':', '@'])).ok()?;
    (before.len() > repository.as_str().len()).then_some(repository)
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

/// Whether a value can only be an image: an item of `kustomize.images` in an Argo CD object or `.argocd-source.yaml`.
fn is_argo_image(document: &Document<'_>, node: Node) -> bool {
    let kustomize = || document.parent(node).and_then(|images| document.parent(images));
    is_kustomize_image(document, node)
        && (object::is_in_argo_application(document, node)
            || kustomize().is_some_and(|kustomize| object::is_argo_source(document, kustomize)))
}
