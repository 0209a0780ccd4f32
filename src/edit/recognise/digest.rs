//! The digest that a mapping has beside its tag; this module must not decide whether it is written.

#![deny(clippy::disallowed_methods)]

use super::super::document::{Document, Node};
use super::super::error::{Outcome, Reason, shown};
use super::fields::{Fields, Key};
use super::text::plain_text;
use crate::image::Digest;

/// The keys under which charts have it; behind `sha` and `sha256` templates write `@sha256:` themselves.
pub(in crate::edit) const KEYS: [Key; 3] = [Key::Digest, Key::Sha, Key::Sha256];

const PREFIX: &str = "sha256:";

/// A value that is a digest, or may become one.
pub(in crate::edit) struct Beside {
    pub(in crate::edit) node: Node,
    /// Whether it stands in the mapping itself; else a merge key brings it.
    pub(in crate::edit) is_own: bool,
    /// The digest that is there, with its algorithm.
    pub(in crate::edit) held: Option<String>,
    form: Form,
}

/// How a digest is written at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Any, with its algorithm.
    Whole,
    /// A SHA-256 with its algorithm.
    Prefixed,
    /// A SHA-256 without.
    Bare,
}

impl Beside {
    /// The text of a digest in this place's form; none when it can't have it.
    pub(in crate::edit) fn text(&self, digest: &str) -> Option<String> {
        let hex = digest.strip_prefix(PREFIX);
        match self.form {
            Form::Whole => Some(digest.to_owned()),
            Form::Prefixed => hex.map(|_| digest.to_owned()),
            Form::Bare => hex.map(str::to_owned),
        }
    }
}

/// The digest that a mapping says beside its tag, with its algorithm, whichever key has it.
pub(in crate::edit) fn said(fields: &Fields<'_, '_>) -> Option<String> {
    KEYS.into_iter().find_map(|key| {
        let text = fields.text(key)?;
        let is_whole = key == Key::Digest || text.starts_with(PREFIX);
        let whole = if is_whole { text.to_owned() } else { format!("{PREFIX}{text}") };
        Digest::parse(&whole).is_ok().then_some(whole)
    })
}

/// The digests of a mapping: its own, blank ones too, and what merge keys bring.
pub(in crate::edit) fn beside(document: &Document<'_>, fields: &Fields<'_, '_>) -> Outcome<Vec<Beside>> {
    let mut found = Vec::new();
    for key in KEYS {
        let own = fields.own(key);
        let merged = fields.merged(key).filter(|node| !document.is_blank(document.resolve(*node)));
        let Some(node) = own.or(merged).filter(|node| may_hold(document, key, *node)) else {
            continue;
        };
        let text = plain_text(document, node)?;
        let form = match text {
            _ if key == Key::Digest => Form::Whole,
            Some(text) if text.starts_with(PREFIX) => Form::Prefixed,
            _ => Form::Bare,
        };
        let parse = |text: &str| match parse(form, text) {
            Some(digest) => Ok(digest.to_string()),
            None => document.refuse(node, Reason::NoVersion(shown(text))),
        };
        let held = text.map(parse).transpose()?;
        found.push(Beside { node, is_own: own.is_some(), held, form });
    }
    Ok(found)
}

/// Whether a value under such a key can be a digest: a `sha` may as well be a commit's.
pub(in crate::edit) fn may_hold(document: &Document<'_>, key: Key, node: Node) -> bool {
    let node = document.resolve(node);
    let text = document.value(node).trim();
    key == Key::Digest || document.is_blank(node) || (document.is_scalar(node) && is_sha256(text))
}

/// Whether a value is no version though it has the form of one: the `sha` of an image, or where it goes.
pub(in crate::edit) fn is_sha(document: &Document<'_>, node: Node) -> bool {
    let key = KEYS.into_iter().find(|key| document.key_text(node) == Some(key.as_str()));
    let has_tag = || document.parent(node).is_some_and(|parent| Fields::of(document, parent).own(Key::Tag).is_some());
    key.is_some_and(|key| key != Key::Digest && may_hold(document, key, node))
        && (!document.is_blank(document.resolve(node)) || has_tag())
}

fn is_sha256(text: &str) -> bool {
    let form = if text.starts_with(PREFIX) { Form::Prefixed } else { Form::Bare };
    parse(form, text).is_some()
}

fn parse(form: Form, text: &str) -> Option<Digest> {
    match form {
        Form::Whole | Form::Prefixed => Digest::parse(text).ok(),
        Form::Bare => Digest::parse(&format!("{PREFIX}{text}")).ok(),
    }
}
