//! Every place of a file that names one of the wanted images; this module must not know PATH or NAME.

#![deny(clippy::disallowed_methods)]

use std::collections::HashSet;

use super::document::{Document, Node, Shape};
use super::error::{Outcome, shown};
use super::fields::{Fields, Key};
use super::kustomize;
use super::note::Note;
use super::place::{Editor, Spelling};
use super::scalar::{Sight, look};
use super::{Job, manifest};
use crate::image::{Reference, Repository};

/// How many images an error message names.
const HELD: usize = 20;

/// Which documents of a file are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of them.
    Documents,
    /// Kubernetes objects only.
    Objects,
}

/// Edits every place whose repository is that of one of the job's images.
pub(super) fn everywhere(editor: &mut Editor<'_, '_>, job: &Job, scope: Scope) -> Outcome<()> {
    let document = editor.document;
    let has_objects = manifest::has_objects(document);
    for root in &document.roots {
        if scope == Scope::Objects && !manifest::is_object(document, *root) {
            // A file without any is for the caller to judge.
            if has_objects && !document.is_blank(*root) {
                editor.remark(*root, Note::NoObject);
            }
            continue;
        }
        for node in root.0..document.record(*root).after {
            let node = Node(node);
            match document.shape(node) {
                _ if document.record(node).in_key => {}
                Shape::Mapping(_) => mapping(editor, job, node)?,
                Shape::Scalar(_) | Shape::Alias => value(editor, job, node)?,
                Shape::Sequence(_) => {}
            }
        }
    }
    Ok(())
}

fn mapping(editor: &mut Editor<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    let fields = Fields::of(editor.document, node);
    for (image, wanted) in editor.images(job) {
        let spelling = if kustomize::is_entry(editor.document, &fields) {
            kustomize::is_named(&fields, &wanted.repository).then_some(Spelling::Kustomize)
        } else {
            holds(&fields, &wanted.repository).then_some(Spelling::Helm)
        };
        match spelling {
            Some(Spelling::Kustomize) => kustomize::refuse_suffix(editor.document, &fields)?,
            Some(Spelling::Helm) if is_base(editor, &fields) => continue,
            Some(Spelling::Helm) => {}
            None => continue,
        }
        if let Some(spelling) = spelling {
            editor.pair(&fields, image, spelling)?;
        }
    }
    Ok(())
}

/// Whether a mapping holds an image of this repository.
fn holds(fields: &Fields<'_, '_>, repository: &Repository) -> bool {
    let has_tag = fields.own(Key::Tag).is_some();
    if fields.own(Key::Repository).is_some() || (has_tag && fields.merged(Key::Repository).is_some()) {
        return fields.names(Key::Repository, repository);
    }
    has_tag && (fields.names(Key::Name, repository) || fields.names(Key::Image, repository))
}

/// Whether a mapping without a tag gives its repository to one that has a tag: that one is the place.
fn is_base(editor: &mut Editor<'_, '_>, fields: &Fields<'_, '_>) -> bool {
    let document = editor.document;
    if fields.effective(Key::Tag).is_some() {
        return false;
    }
    editor.bases.get_or_insert_with(|| bases(document)).contains(&fields.mapping)
}

/// The mappings whose repository is merged into a mapping with a tag of its own.
pub(super) fn bases(document: &Document<'_>) -> HashSet<Node> {
    let base = |mapping: Node| {
        let fields = Fields::of(document, mapping);
        let repository = fields.own(Key::Tag).and_then(|_| fields.merged(Key::Repository));
        repository.and_then(|repository| document.parent(repository))
    };
    document.nodes().filter(|node| document.is_mapping(*node)).filter_map(base).collect()
}

fn value(editor: &mut Editor<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    let document = editor.document;
    let Some(sight) = look(document, node) else {
        return Ok(());
    };
    for (image, wanted) in editor.images(job) {
        if sight.repository().is_same_as(&wanted.repository) {
            editor.scalar(node, &sight, image)?;
        }
    }
    Ok(())
}

/// Some of the images that a file names, each once, in the order of the file.
pub(super) fn held(document: &Document<'_>) -> Vec<String> {
    let mut held: Vec<String> = Vec::new();
    // Values that are a mapping's image together with what stands beside them.
    let mut parts: HashSet<Node> = HashSet::new();
    for node in document.nodes() {
        if held.len() >= HELD {
            break;
        }
        let found = match document.shape(node) {
            _ if document.record(node).in_key || parts.contains(&node) => None,
            Shape::Mapping(_) => named(document, node).map(|(text, part)| {
                parts.insert(part);
                text
            }),
            Shape::Scalar(_) => match look(document, node) {
                Some(Sight::Reference { reference, repository, .. } | Sight::Bare { reference, repository, .. }) => {
                    Some(Reference { repository, ..reference }.to_string())
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(found) = found.filter(|found| !held.contains(found)) {
            held.push(found);
        }
    }
    held
}

/// The image that a mapping names, and the value that names it.
fn named(document: &Document<'_>, node: Node) -> Option<(String, Node)> {
    let fields = Fields::of(document, node);
    let (key, name, version) = if kustomize::is_entry(document, &fields) {
        (Key::Name, fields.effective_name()?.to_owned(), fields.text(Key::NewTag))
    } else {
        let key = name_key(&fields)?;
        (key, fields.joined(key)?, fields.text(Key::Tag))
    };
    // Not so the URL of a chart's repository.
    Repository::parse(&name).ok()?;
    let text = match version {
        Some(version) => format!("{name}:{version}"),
        None => name,
    };
    Some((shown(&text).trim_matches('"').to_owned(), fields.effective(key)?))
}

/// The key that names a mapping's image. Without a `repository` it takes a tag, and a `name` a slash or a registry.
fn name_key(fields: &Fields<'_, '_>) -> Option<Key> {
    if fields.text(Key::Repository).is_some() {
        return Some(Key::Repository);
    }
    fields.own(Key::Tag)?;
    let is_whole = |key: &Key| *key == Key::Image || fields.joined(*key).is_some_and(|name| name.contains('/'));
    [Key::Image, Key::Name].into_iter().find(|key| fields.text(*key).is_some() && is_whole(key))
}
