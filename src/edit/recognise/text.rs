//! What a value's text holds: a tag, a digest, or nothing that can be read; this module must not know a key.

#![deny(clippy::disallowed_methods)]

use super::super::Written;
use super::super::document::{Document, Node, Shape, Style};
use super::super::error::{Outcome, Reason, shown};
use super::super::sops::is_encrypted;
use super::expression::Expression;
use crate::image::{Digest, Reference, Tag};

/// A scalar's text, aliases followed; none when it is blank.
pub(in crate::edit) fn plain_text<'d>(document: &'d Document<'_>, node: Node) -> Outcome<Option<&'d str>> {
    let target = document.resolve(node);
    match document.shape(target) {
        Shape::Scalar(Style::Block) if is_values_text(document, target) => document.refuse(node, Reason::ValuesText),
        Shape::Scalar(Style::Block) => document.refuse(node, Reason::MultiLine),
        Shape::Scalar(_) if document.is_blank(target) => Ok(None),
        Shape::Scalar(_) if document.source(target).contains(['\n', '\r']) => document.refuse(node, Reason::MultiLine),
        Shape::Scalar(_) if is_encrypted(document.value(target)) => document.refuse(node, Reason::Encrypted),
        Shape::Scalar(_) => match Expression::of_value(document.value(target)) {
            Some(expression) => document.refuse(node, expression.reason()),
            None => Ok(Some(document.value(target))),
        },
        _ => document.refuse(node, not_scalar(document, target)),
    }
}

/// Whether a node is the text of `helm.values`.
fn is_values_text(document: &Document<'_>, node: Node) -> bool {
    let holder = document.parent(node).and_then(|mapping| document.key_text(mapping));
    document.key_text(node) == Some("values") && holder == Some("helm")
}

/// What a `tag:` holds: nothing, a tag, or a tag with a digest.
pub(in crate::edit) fn held_tag(document: &Document<'_>, node: Node) -> Outcome<Written> {
    let Some(text) = plain_text(document, node)? else {
        return Ok(Written::default());
    };
    tag_and_digest(text).ok_or_else(|| document.refusal(node, Reason::NoVersion(shown(text))))
}

/// `1.0` or `1.0@sha256:…`.
pub(in crate::edit) fn tag_and_digest(text: &str) -> Option<Written> {
    let (tag, digest) = match text.split_once('@') {
        Some((tag, digest)) => (tag, Some(Digest::parse(digest).ok()?.to_string())),
        None => (text, None),
    };
    Some(Written { tag: Some(Tag::parse(tag).ok()?.to_string()), digest })
}

/// The reference's own tag and digest.
pub(in crate::edit) fn written(reference: &Reference) -> Written {
    Written {
        tag: reference.tag.as_ref().map(ToString::to_string),
        digest: reference.digest.as_ref().map(ToString::to_string),
    }
}

/// Why a node that isn't a scalar can't be written.
pub(in crate::edit) fn not_scalar(document: &Document<'_>, node: Node) -> Reason {
    let rest = document.text.get(document.start(node)..).unwrap_or_default();
    match document.shape(node) {
        Shape::Mapping(_) if rest.starts_with("{{") => Reason::Template,
        Shape::Mapping(_) => Reason::NotScalar("mapping"),
        _ => Reason::NotScalar("list"),
    }
}
