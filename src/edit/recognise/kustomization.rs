//! Where a kustomization has its `images:`; this module must not know any other place.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::super::document::{Document, Node, Shape};
use super::super::error::{Outcome, Reason, ReasonAt, shown};
use super::super::plan::{IMAGES, Insertion};
use super::fields::Fields;

/// Whether Kustomize takes a file of this name for a directory's kustomization.
pub fn is_kustomization_file_name(name: &str) -> bool {
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// What a file has as a kustomization.
pub(in crate::edit) struct Kustomization {
    pub(in crate::edit) lists: Vec<List>,
    /// The documents that are none and are passed over, and why.
    pub(in crate::edit) others: Vec<(Node, String)>,
}

/// Where a document has its entries.
pub(in crate::edit) enum List {
    Items(Node),
    None(Insertion),
}

impl Kustomization {
    /// The lists of the documents that are kustomizations; there must be one.
    pub(in crate::edit) fn of(document: &Document<'_>) -> Outcome<Self> {
        let mut lists = Vec::new();
        let mut others = Vec::new();
        for root in &document.roots {
            match list(document, *root) {
                Ok(list) => lists.extend(list),
                Err(ReasonAt { reason: Reason::NotKustomization(why), .. }) => others.push((*root, why)),
                Err(refusal) => return Err(refusal),
            }
        }
        match others.first() {
            Some((root, why)) if lists.is_empty() => document.refuse(*root, Reason::NotKustomization(why.clone())),
            _ => Ok(Self { lists, others }),
        }
    }

    /// The items and the entries that they or their aliases are. An alias of another entry is that one; an alias of
    /// something else stays to be refused.
    pub(in crate::edit) fn entries<'d, 't>(
        document: &'d Document<'t>,
        lists: &[List],
    ) -> impl Iterator<Item = (Node, Fields<'d, 't>)> {
        let entry = move |(list, item): (Node, Node)| {
            let target = document.resolve(item);
            let is_repeated = target != item && document.parent(target) == Some(list);
            let is_own = document.is_mapping(target) && !is_repeated;
            is_own.then(|| (item, Fields::of_entry(document, target)))
        };
        let items = lists.iter().filter_map(|list| if let List::Items(items) = list { Some(*items) } else { None });
        items.flat_map(move |list| document.children(list).map(move |item| (list, item))).filter_map(entry)
    }
}

/// The number of each entry of a document's own `images:`, by the node that has it.
pub(in crate::edit) fn numbers(document: &Document<'_>) -> HashMap<Node, usize> {
    let mut numbers = HashMap::new();
    for (key, list) in document.roots.iter().flat_map(|root| document.pairs(*root)) {
        if document.value(key) == IMAGES {
            for (number, item) in document.children(list).enumerate() {
                numbers.entry(document.resolve(item)).or_insert(number);
            }
        }
    }
    numbers
}

/// A document's `images:`; a Flux `Kustomization` has it under `spec`.
fn list(document: &Document<'_>, root: Node) -> Outcome<Option<List>> {
    if !document.is_mapping(root) {
        return if document.is_blank(root) {
            Ok(None)
        } else {
            document.refuse(root, Reason::NotKustomization("the document is not a mapping".to_owned()))
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
        return Ok(Some(List::None(Insertion::Under(holder))));
    };
    document.refuse_alias(images)?;
    match document.shape(images) {
        Shape::Sequence(_) => Ok(Some(List::Items(images))),
        _ if document.is_blank(images) => Ok(Some(List::None(Insertion::Blank(images)))),
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
