//! The one place that a PATH names; this module must not look further than that.

#![deny(clippy::disallowed_methods)]

use super::document::{Node, Shape};
use super::error::{Outcome, Reason, TagSource, shown};
use super::fields::{Fields, Key};
use super::path::{Path, Segment};
use super::place::{Editor, Spelling, not_scalar, tag_and_digest};
use super::resolve::{Resolved, missing, refuse_alias, resolve};
use super::scalar::{Sight, effective, is_name_key, look};
use super::shared::elsewhere;
use super::{Job, Pin, Wanted, Written, digest, kustomize};
use crate::image::{Digest, Reference, Repository};

/// Edits the place at a path.
pub(super) fn at_path(editor: &mut Editor<'_, '_>, job: &Job, path: &Path) -> Outcome<()> {
    match resolve(editor.document, path)? {
        Resolved::Node(node) => place(editor, job, node),
        Resolved::Missing { stop, rest } => {
            let is_tag = matches!(rest, [Segment::Key(key)] if key == Key::Tag.as_str());
            let holder =
                stop.filter(|stop| is_tag && (editor.document.is_mapping(*stop) || editor.document.is_blank(*stop)));
            match holder {
                Some(parent) if editor.rules.create && editor.document.is_mapping(parent) => {
                    mapping(editor, job, parent)
                }
                Some(parent) if editor.rules.create => fill(editor, job, parent),
                Some(parent) => {
                    let tag = Fields::of(editor.document, parent).tag_elsewhere();
                    let from = tag.map_or(TagSource::Create, |tag| elsewhere(editor.document, tag));
                    Err(missing(editor.document, path, stop, rest, from))
                }
                None => Err(missing(editor.document, path, stop, rest, TagSource::Nowhere)),
            }
        }
    }
}

fn place(editor: &mut Editor<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    let document = editor.document;
    if let Some(parent) = document.parent(node) {
        let is_version = match document.key_text(node) {
            Some("tag") => true,
            Some("newTag") => kustomize::is_entry(document, &Fields::of(document, parent)),
            _ => false,
        };
        if is_version {
            return mapping(editor, job, parent);
        }
    }
    match document.shape(node) {
        Shape::Scalar(_) => scalar(editor, job, node),
        Shape::Mapping(_) if not_scalar(document, node) == Reason::Template => document.refuse(node, Reason::Template),
        Shape::Mapping(_) => mapping(editor, job, node),
        Shape::Sequence(_) => document.refuse(node, Reason::NotScalar("list")),
        Shape::Alias => refuse_alias(document, node),
    }
}

fn mapping(editor: &mut Editor<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    let document = editor.document;
    let fields = Fields::of(document, node);
    fields.refuse_duplicates()?;
    if kustomize::is_entry(document, &fields) {
        let image = editor.choose(job, node, fields.effective_name())?;
        kustomize::refuse_suffix(document, &fields)?;
        return editor.pair(&fields, image, Spelling::Kustomize);
    }
    // `{image: X:1.0}` has its version in the reference: a `tag` beside it would mean nothing.
    let is_reference = |node| matches!(look(document, node), Some(Sight::Reference { .. }));
    let mut named = [Key::Repository, Key::Image].into_iter().filter_map(|name| fields.own(name));
    if fields.own(Key::Tag).is_none() && named.any(is_reference) {
        return document.refuse(node, Reason::NoPlace);
    }
    let own = fields.joined(Key::Repository);
    let loose = [Key::Image, Key::Name].into_iter().find_map(|name| {
        let wanted = editor.images(job);
        let named = fields.joined(name)?;
        wanted.iter().any(|(_, wanted)| fields.names(name, &wanted.repository)).then_some(named)
    });
    let named = own.or(loose).or_else(|| fields.repository()).or_else(|| on_registry(editor, job, &fields));
    let image = editor.choose(job, node, named.as_deref())?;
    editor.pair(&fields, image, Spelling::Helm)
}

/// A registry without a repository: what it names, with a mere name if there is one, unless it is the one wanted
/// image's own.
fn on_registry(editor: &Editor<'_, '_>, job: &Job, fields: &Fields<'_, '_>) -> Option<String> {
    let registry = fields.text(Key::Registry)?.trim_end_matches('/');
    let host = Repository::parse(&format!("{registry}/x")).ok().map(|named| named.host());
    let is_same = editor.images(job).iter().any(|(_, wanted)| Some(wanted.repository.host()) == host);
    (!is_same).then(|| fields.joined(Key::Name).unwrap_or_else(|| registry.to_owned()))
}

fn scalar(editor: &mut Editor<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    let document = editor.document;
    let Some(text) = editor.plain_text(node)? else {
        // A tag alone under `image:` would be read as a repository, also by the next run.
        if is_name_key(document, node) || digest::is_sha(document, node) {
            return document.refuse(node, Reason::NoVersion(shown("")));
        }
        let image = editor.choose(job, node, None)?;
        return editor.bare_tag(node, image, Written::default());
    };
    if digest::is_sha(document, node) {
        return document.refuse(node, Reason::NoVersion(shown(text)));
    }
    let is_bare = matches!(look(document, node), Some(Sight::Bare { .. }));
    if let Some(parent) = document.parent(node).filter(|_| is_bare)
        && editor.has_tag_beside(node)
    {
        return mapping(editor, job, parent);
    }
    if let Some(sight @ (Sight::Reference { .. } | Sight::Bare { .. })) = look(document, node) {
        let image = editor.choose(job, node, Some(sight.repository().as_str()))?;
        return editor.scalar(node, &sight, image);
    }
    version(editor, job, node, text)
}

/// A scalar that is no reference to somebody who looks for images; the path may still say that it is a version.
fn version(editor: &mut Editor<'_, '_>, job: &Job, node: Node, text: &str) -> Outcome<()> {
    let document = editor.document;
    let refuse = || document.refuse(node, Reason::NoVersion(shown(text)));
    if let Ok(reference) = Reference::parse(text) {
        let Some(repository) = effective(document, node, &reference.repository) else {
            return refuse();
        };
        let is_own = |(_, wanted): &(_, &Wanted)| wanted.repository.is_same_as(&repository);
        let is_own = editor.images(job).iter().any(is_own);
        let is_version = tag_and_digest(text).is_some() && !is_own;
        if Digest::parse(text).is_ok() {
            return refuse();
        }
        if reference.tag.is_some() || (reference.digest.is_some() && !is_version) {
            let image = editor.choose(job, node, Some(repository.as_str()))?;
            return editor.scalar(node, &Sight::Reference { prefix: "", reference, repository }, image);
        }
        // A bare word under `image:` is a repository, though it has the form of a tag.
        if is_name_key(document, node) || !is_version {
            editor.choose(job, node, Some(repository.as_str()))?;
            let from = tag_source(editor, node);
            return document.refuse(node, Reason::NoTag { name: shown(text), from });
        }
    }
    match tag_and_digest(text) {
        Some(held) if !is_name_key(document, node) => {
            let image = editor.choose(job, node, None)?;
            editor.bare_tag(node, image, held)
        }
        _ => refuse(),
    }
}

/// Where the tag of a bare repository at a path can come from.
fn tag_source(editor: &mut Editor<'_, '_>, node: Node) -> TagSource {
    if editor.has_tag_beside(node) {
        TagSource::Beside
    } else if let Some(elsewhere) = editor.tag_elsewhere(node) {
        elsewhere
    } else if editor.document.key_text(node) == Some(Key::Repository.as_str()) {
        TagSource::Mapping
    } else {
        TagSource::Nowhere
    }
}

/// Makes a blank value a mapping that has just the tag.
fn fill(editor: &mut Editor<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    let image = editor.choose(job, node, None)?;
    let new = editor.new_text(image, editor.rules.pin == Pin::Digest, node)?;
    let key = Key::Tag.as_str();
    editor.plan.mapping(editor.document, node, key, new.to_string())?;
    editor.note(image, (node, Some(key)), Written::default(), new, true)
}
