//! The `images:` entries of a kustomization; this module must not know any other place.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node, Shape};
use super::error::{Outcome, Reason, Refusal, shown};
use super::fields::{Fields, Key};
use super::note::Note;
use super::place::{Editor, Spelling};
use super::plan::{Entry, Spot};
use super::resolve::refuse_alias;
use super::{Job, Pin, Written, manifest};
use crate::image::Repository;

/// The key under which a kustomization has its entries.
pub(super) const IMAGES: &str = "images";

/// How many names an error names.
const NAMES: usize = 20;

/// Whether Kustomize takes a file of this name for a directory's kustomization.
pub fn is_kustomization_file_name(name: &str) -> bool {
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Where a document has its entries.
enum List {
    Items(Node),
    None(Spot),
}

/// An entry, and the item that it or its alias is.
struct Found<'d, 't> {
    item: Node,
    fields: Fields<'d, 't>,
}

/// Edits the entries of that name, or without one those that name a wanted image in the end.
pub(super) fn entries(editor: &mut Editor<'_, '_>, job: &Job, name: Option<&str>) -> Outcome<()> {
    let document = editor.document;
    let lists = lists(editor)?;
    let items = lists.iter().filter_map(|list| match list {
        List::Items(items) => Some(*items),
        List::None(_) => None,
    });
    let found: Vec<_> = items.flat_map(|items| found(document, items)).collect();
    match name {
        Some(name) => by_name(editor, job, &lists, &found, name),
        None => by_image(editor, job, &lists, &found),
    }
}

/// The lists of the documents that are kustomizations; the others are passed over, but there must be one.
fn lists(editor: &mut Editor<'_, '_>) -> Outcome<Vec<List>> {
    let document = editor.document;
    let mut lists = Vec::new();
    let mut others = Vec::new();
    for root in &document.roots {
        match list(document, *root) {
            Ok(list) => lists.extend(list),
            Err(Refusal { reason: Reason::NotKustomization(why), .. }) => others.push((*root, why)),
            Err(refusal) => return Err(refusal),
        }
    }
    if let (true, Some((root, why))) = (lists.is_empty(), others.first()) {
        return document.refuse(*root, Reason::NotKustomization(why.clone()));
    }
    for (root, why) in others {
        editor.remark(root, Note::NotKustomization(why));
    }
    Ok(lists)
}

/// The entries of a list. An alias of one of them is that one; an alias of something else stays to be refused.
fn found<'d, 't>(document: &'d Document<'t>, items: Node) -> impl Iterator<Item = Found<'d, 't>> {
    document.children(items).filter_map(move |item| {
        let target = document.resolve(item);
        let is_repeated = target != item && document.parent(target) == Some(items);
        (document.is_mapping(target) && !is_repeated).then(|| Found { item, fields: Fields::of(document, target) })
    })
}

fn by_name(
    editor: &mut Editor<'_, '_>,
    job: &Job,
    lists: &[List],
    entries: &[Found<'_, '_>],
    name: &str,
) -> Outcome<()> {
    let mut is_there = false;
    for found in entries.iter().filter(|found| found.fields.text(Key::Name) == Some(name)) {
        is_there = true;
        refuse_alias(editor.document, found.item)?;
        entry(editor, job, &found.fields)?;
    }
    if is_there {
        return Ok(());
    }
    if !editor.rules.create {
        let mut names: Vec<_> = entries.iter().filter_map(|found| found.fields.text(Key::Name)).map(shown).collect();
        names.truncate(NAMES);
        let name = name.to_owned();
        return Err(Reason::NameMissing { name, names }.of_file());
    }
    let images = editor.images(job);
    let [(image, wanted)] = images.as_slice() else {
        return Err(Reason::WhichImage.of_file());
    };
    let is_own = Repository::parse(name).is_ok_and(|named| named.is_same_as(&wanted.repository));
    let new_name = (!is_own && !editor.rules.any_repository).then(|| wanted.repository.to_string());
    add(editor, lists, *image, name, new_name)
}

fn by_image(editor: &mut Editor<'_, '_>, job: &Job, lists: &[List], entries: &[Found<'_, '_>]) -> Outcome<()> {
    for (image, wanted) in editor.images(job) {
        let mut is_there = false;
        for found in entries.iter().filter(|found| is_named(&found.fields, &wanted.repository)) {
            is_there = true;
            refuse_alias(editor.document, found.item)?;
            refuse_suffix(editor.document, &found.fields)?;
            editor.pair(&found.fields, image, Spelling::Kustomize)?;
        }
        if !is_there && editor.rules.create {
            add(editor, lists, image, wanted.repository.as_str(), None)?;
        }
    }
    Ok(())
}

/// Edits an entry that was asked for by its name.
fn entry(editor: &mut Editor<'_, '_>, job: &Job, fields: &Fields<'_, '_>) -> Outcome<()> {
    fields.refuse_duplicates()?;
    refuse_suffix(editor.document, fields)?;
    let images = editor.images(job);
    let effective = fields.effective_name();
    let adds_name = editor.rules.create && !editor.rules.any_repository && fields.text(Key::NewName).is_none();
    let image = match images.as_slice() {
        [(image, wanted)] if adds_name && !is_named(fields, &wanted.repository) => {
            let name = wanted.repository.to_string();
            match fields.own(Key::NewName) {
                Some(blank) => editor.put(blank, name)?,
                None => editor.add(fields.mapping, fields.own(Key::Name), Key::NewName.as_str(), name)?,
            };
            *image
        }
        _ => editor.choose(job, fields.mapping, effective)?,
    };
    editor.pair(fields, image, Spelling::Kustomize)
}

/// Adds an entry where the entries are, or with the key `images:`.
fn add(editor: &mut Editor<'_, '_>, lists: &[List], image: usize, name: &str, new_name: Option<String>) -> Outcome<()> {
    let [list] = lists else {
        return Err(Reason::NotKustomization(format!("it has {} documents", lists.len())).of_file());
    };
    let spot = match list {
        List::Items(items) => Spot::Items(*items),
        List::None(spot) => *spot,
    };
    let (Spot::Items(node) | Spot::Blank(node) | Spot::Under(node)) = spot;
    let new = editor.new_text(image, editor.rules.pin == Pin::Digest, node)?;
    let mut entry: Entry = vec![(Key::Name.as_str(), name.to_owned())];
    entry.extend(new_name.map(|name| (Key::NewName.as_str(), name)));
    entry.extend(new.tag.clone().map(|tag| (Key::NewTag.as_str(), tag)));
    entry.extend(new.digest.clone().map(|digest| (Key::Digest.as_str(), digest)));
    editor.plan.entry(editor.document, spot, entry)?;
    let key = matches!(spot, Spot::Under(_)).then_some(IMAGES);
    editor.note(image, (node, key), Written::default(), new, true)
}

/// A document's `images:`; a Flux `Kustomization` has it under `spec`.
fn list(document: &Document<'_>, root: Node) -> Outcome<Option<List>> {
    if !document.is_mapping(root) {
        return if document.is_blank(root) {
            Ok(None)
        } else {
            document.refuse(root, Reason::NotKustomization("the document is no mapping".to_owned()))
        };
    }
    let kind = only(document, root, "kind")?.map(|kind| document.value(kind));
    let version = only(document, root, "apiVersion")?.map_or("", |version| document.value(version));
    let holder =
        if version.starts_with("kustomize.toolkit.fluxcd.io/") { only(document, root, "spec")? } else { Some(root) };
    let Some(holder) = holder.filter(|_| matches!(kind, None | Some("Kustomization" | "Component"))) else {
        let reason = match kind {
            Some(kind) => format!("its kind is {}", shown(kind)),
            None => "it has no spec".to_owned(),
        };
        return document.refuse(root, Reason::NotKustomization(reason));
    };
    let Some(images) = only(document, holder, IMAGES)? else {
        return Ok(Some(List::None(Spot::Under(holder))));
    };
    refuse_alias(document, images)?;
    match document.shape(images) {
        Shape::Sequence(_) => Ok(Some(List::Items(images))),
        _ if document.is_blank(images) => Ok(Some(List::None(Spot::Blank(images)))),
        _ => document.refuse(images, Reason::NotCollection { found: "value", needed: "list of images" }),
    }
}

/// A key's value; refused when the key is there twice.
fn only(document: &Document<'_>, mapping: Node, wanted: &str) -> Outcome<Option<Node>> {
    let mut found = document.pairs(mapping).filter(|(key, _)| document.value(*key) == wanted);
    let Some((first, value)) = found.next() else {
        return Ok(None);
    };
    match found.next() {
        Some((second, _)) => {
            document.refuse(second, Reason::Duplicated { key: wanted.to_owned(), first: document.line_of(first) })
        }
        None => Ok(Some(value)),
    }
}

/// Whether a mapping in any file is an entry: a named item of `images:` with a new tag or a new name, or in a
/// document that says it is a kustomization.
pub(super) fn is_entry(document: &Document<'_>, fields: &Fields<'_, '_>) -> bool {
    let list = document.parent(fields.mapping).filter(|list| document.is_sequence(*list));
    let has_new = || fields.own(Key::NewTag).is_some() || fields.own(Key::NewName).is_some();
    fields.own(Key::Name).is_some()
        && list.and_then(|list| document.key_text(list)) == Some(IMAGES)
        && (has_new() || manifest::is_in_kustomization(document, fields.mapping))
}

/// Whether an entry's image is called so in the end.
pub(super) fn is_named(fields: &Fields<'_, '_>, repository: &Repository) -> bool {
    fields
        .effective_name()
        .and_then(|name| Repository::parse(name).ok())
        .is_some_and(|name| name.is_same_as(repository))
}

/// A suffix would be added to the new tag too, and make it one that was never pushed.
pub(super) fn refuse_suffix(document: &Document<'_>, fields: &Fields<'_, '_>) -> Outcome<()> {
    match fields.effective(Key::TagSuffix) {
        Some(suffix) if !document.is_blank(suffix) => document.refuse(suffix, Reason::TagSuffix),
        _ => Ok(()),
    }
}
