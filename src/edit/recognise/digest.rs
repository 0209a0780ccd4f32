//! The digest that a mapping has beside its tag; this module must not decide whether it is written.

#![deny(clippy::disallowed_methods)]

use super::super::document::{Document, Node};
use super::super::error::{Outcome, Reason, shown};
use super::fields::{Fields, SHA256, merged};
use super::key::Key;
use super::text::plain_text;
use crate::image::Digest;

/// How keys end that hold a tag, and those that hold its digest.
const ENDS: [(&str, &str); 5] =
    [("Tag", "Digest"), (".tag", ".digest"), ("_tag", "_digest"), ("-tag", "-digest"), ("_TAG", "_DIGEST")];

/// The name of the digest that belongs to the tag of a name, for keys of a mapping and for named items alike.
pub(in crate::edit) fn name_beside(tag: &str) -> Option<String> {
    match tag {
        "tag" | "newTag" => Some(Key::Digest.as_str().to_owned()),
        _ => ENDS.iter().find_map(|(end, digest)| Some(format!("{}{digest}", tag.strip_suffix(end)?))),
    }
}

/// Whether a key of this name holds a digest.
pub(in crate::edit) fn is_digest_name(name: &str) -> bool {
    name == Key::Digest.as_str() || ENDS.iter().any(|(_, end)| name.ends_with(end))
}

/// The name of the tag that a digest of this name belongs to.
fn tag_name(digest: &str) -> Option<String> {
    ENDS.iter().find_map(|(tag, end)| Some(format!("{}{tag}", digest.strip_suffix(end)?)))
}

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
        let hex = digest.strip_prefix(SHA256);
        match self.form {
            Form::Whole => Some(digest.to_owned()),
            Form::Prefixed => hex.map(|_| digest.to_owned()),
            Form::Bare => hex.map(str::to_owned),
        }
    }
}

/// The digests of a mapping: its own, blank ones too, and what merge keys bring.
pub(in crate::edit) fn beside(document: &Document<'_>, fields: &Fields<'_, '_>) -> Outcome<Vec<Beside>> {
    let mut found = Vec::new();
    for key in Key::DIGESTS {
        let own = fields.own(key);
        let merged = fields.merged(key).filter(|node| !document.is_blank(document.resolve(*node)));
        if let Some(node) = own.or(merged).filter(|node| may_hold(document, key, *node)) {
            found.push(read(document, node, own.is_some(), key == Key::Digest)?);
        }
    }
    Ok(found)
}

/// The digests that belong to a tag under another key than `tag`: the sibling by name, and where the tag is the version
/// of a mapping with a repository, those under the usual keys too.
pub(in crate::edit) fn beside_version(document: &Document<'_>, node: Node) -> Outcome<Vec<Beside>> {
    let Some(mapping) = document.parent(node).filter(|parent| document.is_mapping(*parent)) else {
        return Ok(Vec::new());
    };
    let own = |name: &str| document.get(mapping, name);
    let mut found: Vec<Beside> = named(document, node, own)?.into_iter().collect();
    found.extend(beside_item(document, node, mapping)?);
    if matches!(document.key_text(node), Some("imageTag" | "version")) {
        let fields = Fields::of(document, mapping);
        if fields.tag_elsewhere() == Some(document.resolve(node)) {
            found.extend(beside(document, &fields)?);
        }
    }
    if found.is_empty() && document.key_text(node) == Some("version") {
        let is_digest = |digest: &Node| Digest::parse(document.value(document.resolve(*digest)).trim()).is_ok();
        let digest = own(Key::Digest.as_str()).filter(is_digest);
        found.extend(digest.map(|digest| read(document, digest, true, true)).transpose()?);
    }
    Ok(found)
}

/// The digest that belongs to a tag in a list of named values, `{name: APP_TAG, value: …}`: that of the item `APP_DIGEST`.
fn beside_item(document: &Document<'_>, node: Node, item: Node) -> Outcome<Option<Beside>> {
    let said = |item: Node, key: &str| document.get(document.resolve(item), key);
    let name_of = |item: Node| said(item, "name").map(|name| document.value(document.resolve(name)));
    let list = document.parent(item).filter(|list| document.is_sequence(*list));
    let is_named = document.key_text(node) == Some("value");
    let name = name_of(item).filter(|_| is_named).and_then(name_beside);
    let Some((list, name)) = list.zip(name) else { return Ok(None) };
    let other = document.children(list).find(|other| name_of(*other) == Some(name.as_str()));
    let digest = other.and_then(|other| said(other, "value")).filter(|digest| may_be_named(document, *digest));
    let is_whole = |digest| !is_bare_sha256(document.value(document.resolve(digest)));
    digest.map(|digest| read(document, digest, true, is_whole(digest))).transpose()
}

/// The digest that belongs to a tag by its name; `own` finds a value of the tag's mapping.
pub(in crate::edit) fn named(
    document: &Document<'_>,
    tag: Node,
    own: impl Fn(&str) -> Option<Node>,
) -> Outcome<Option<Beside>> {
    let Some((name, mapping)) = document.key_text(tag).and_then(name_beside).zip(document.parent(tag)) else {
        return Ok(None);
    };
    let own = own(&name);
    let merged = || merged(document, mapping, &name).filter(|node| !document.is_blank(document.resolve(*node)));
    let digest = own.or_else(merged).filter(|node| may_be_named(document, *node));
    let is_whole = |digest| !is_bare_sha256(document.value(document.resolve(digest)));
    digest.map(|digest| read(document, digest, own.is_some(), is_whole(digest))).transpose()
}

/// A digest under a key such as `imageDigest`, without its tag in the same mapping.
pub(in crate::edit) fn alone(document: &Document<'_>, node: Node) -> Outcome<Option<Beside>> {
    let mapping = document.parent(node);
    let tag = document.key_text(node).and_then(tag_name).zip(mapping);
    let is_alone = tag.is_some_and(|(tag, mapping)| document.get(mapping, &tag).is_none());
    let has_digest = Digest::parse(document.value(node)).is_ok();
    (is_alone && has_digest).then(|| read(document, node, true, true)).transpose()
}

fn read(document: &Document<'_>, node: Node, is_own: bool, is_whole: bool) -> Outcome<Beside> {
    let text = plain_text(document, node)?;
    let form = match text {
        _ if is_whole => Form::Whole,
        Some(text) if text.starts_with(SHA256) => Form::Prefixed,
        _ => Form::Bare,
    };
    let parse = |text: &str| match parse(form, text) {
        Some(digest) => Ok(digest.to_string()),
        None => document.refuse(node, Reason::NoVersion(shown(text))),
    };
    let held = text.map(parse).transpose()?;
    Ok(Beside { node, is_own, held, form })
}

/// Whether a value is the digest that its key's name says, or may become it: `emailDigest: weekly` is none.
fn may_be_named(document: &Document<'_>, node: Node) -> bool {
    let node = document.resolve(node);
    let text = document.value(node);
    let is_digest = || Digest::parse(text.trim()).is_ok() || is_bare_sha256(text.trim());
    document.is_blank(node) || document.is_scalar(node) && (text.contains("{{") || is_digest())
}

/// Whether a value under such a key can be a digest: a `sha` may as well be a commit's.
pub(in crate::edit) fn may_hold(document: &Document<'_>, key: Key, node: Node) -> bool {
    let node = document.resolve(node);
    let text = document.value(node).trim();
    key == Key::Digest || document.is_blank(node) || (document.is_scalar(node) && is_sha256(text))
}

/// Whether a value under a key of this name can be a digest.
pub(in crate::edit) fn holds(document: &Document<'_>, name: &str, node: Node) -> bool {
    Key::DIGESTS.into_iter().any(|key| key.as_str() == name && may_hold(document, key, node))
}

/// Whether a value is no version though it has the form of one: the `sha` of an image, or where it goes.
pub(in crate::edit) fn is_sha(document: &Document<'_>, node: Node) -> bool {
    let has_tag = || document.parent(node).is_some_and(|parent| Fields::of(document, parent).own(Key::Tag).is_some());
    let is_sha = |key: &str| key != Key::Digest.as_str() && holds(document, key, node);
    document.key_text(node).is_some_and(is_sha) && (!document.is_blank(document.resolve(node)) || has_tag())
}

fn is_sha256(text: &str) -> bool {
    let form = if text.starts_with(SHA256) { Form::Prefixed } else { Form::Bare };
    parse(form, text).is_some()
}

fn is_bare_sha256(text: &str) -> bool {
    parse(Form::Bare, text).is_some()
}

fn parse(form: Form, text: &str) -> Option<Digest> {
    match form {
        Form::Whole | Form::Prefixed => Digest::parse(text).ok(),
        Form::Bare => Digest::parse(&format!("{SHA256}{text}")).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_called_as_its_tag() {
        for (tag, digest) in [
            ("tag", "digest"),
            ("newTag", "digest"),
            ("imageTag", "imageDigest"),
            ("image.tag", "image.digest"),
            ("web.image.imageTag", "web.image.imageDigest"),
            ("app_tag", "app_digest"),
            ("APP_TAG", "APP_DIGEST"),
        ] {
            assert_eq!(name_beside(tag).as_deref(), Some(digest), "{tag}");
            assert!(is_digest_name(digest), "{digest}");
        }
        for other in ["image", "stage", "tags", "version", "digest", "Tagged", "image.newTag.x"] {
            assert_eq!(name_beside(other), None, "{other}");
        }
        assert!(!is_digest_name("tag") && !is_digest_name("digestive") && !is_digest_name("sha"));
    }
}
