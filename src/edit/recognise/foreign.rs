//! Parts of a file that describe versions to look for or to allow, not images that run; this module must not know what
//! is wanted.

#![deny(clippy::disallowed_methods)]

use super::super::document::{Document, Node};
use super::super::error::named;
use super::object::top_value;

/// The annotations that tell Argo CD Image Updater which versions to look for begin with this.
const UPDATER: &str = "argocd-image-updater.argoproj.io";

/// Every such part of a file, in the order of the text; none lies in another.
pub(super) struct Foreign {
    parts: Vec<Part>,
}

/// An object or an annotation that is left alone.
pub(in crate::edit) struct Part {
    pub(in crate::edit) node: Node,
    after: u32,
    /// What it is.
    pub(in crate::edit) what: String,
}

impl Foreign {
    pub(super) fn of(document: &Document<'_>) -> Self {
        let mut parts: Vec<Part> = document.nodes().filter_map(|node| part(document, node)).collect();
        parts.sort_by_key(|part| part.node);
        let mut end = 0;
        parts.retain(|part| {
            let is_outer = part.node.0 >= end;
            end = end.max(part.after);
            is_outer
        });
        Self { parts }
    }

    /// The part in which a node stands.
    pub(super) fn around(&self, node: Node) -> Option<&Part> {
        let before = self.parts.partition_point(|part| part.node <= node);
        self.parts.get(before.checked_sub(1)?).filter(|part| node.0 < part.after)
    }
}

/// The part that a key says its mapping, or its value, to be.
fn part(document: &Document<'_>, key: Node) -> Option<Part> {
    let record = document.record(key);
    let length = record.end - record.start;
    if !record.in_key || !document.is_scalar(key) || length < 10 {
        return None;
    }
    let value = Node(record.after);
    let name = document.value(key);
    if name == "apiVersion" {
        let mapping = document.parent(key)?;
        let what = object(document, mapping, document.value(document.resolve(value)))?;
        return Some(Part { node: mapping, after: document.record(mapping).after, what });
    }
    let is_annotation = name.strip_prefix(UPDATER).is_some_and(|rest| rest.starts_with('/'));
    is_annotation.then(|| {
        let what = format!("the annotation {}", named(name));
        Part { node: value, after: document.record(value).after, what }
    })
}

/// What an object of this version is, when it only describes versions.
fn object(document: &Document<'_>, mapping: Node, version: &str) -> Option<String> {
    let (group, _) = version.split_once('/')?;
    let kind = document.value(document.resolve(top_value(document, mapping, "kind")?));
    let is_foreign = match group {
        "image.toolkit.fluxcd.io" | UPDATER | "policy.sigstore.dev" => true,
        "admissionregistration.k8s.io" => kind.trim_end_matches("Binding").ends_with("AdmissionPolicy"),
        _ => ["kyverno.io", "gatekeeper.sh"].iter().any(|domain| {
            let rest = group.strip_suffix(domain);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }),
    };
    is_foreign.then(|| format!("{} of {group}", named(kind)))
}
