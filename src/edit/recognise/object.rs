//! What is special in Kubernetes objects; this module must not know workload kinds one by one.

#![deny(clippy::disallowed_methods)]

use super::super::document::{Document, Node};

/// How many keys of a document are looked at for those that every object has.
const KEYS: usize = 100;

/// Whether a document is a Kubernetes object: it says its `kind`. `apiVersion` is the API server's to miss.
pub(in crate::edit) fn is_object(document: &Document<'_>, root: Node) -> bool {
    top_value(document, root, "kind").is_some()
}

/// Whether any document of the file is a Kubernetes object.
pub(in crate::edit) fn has_objects(document: &Document<'_>) -> bool {
    document.roots.iter().any(|root| is_object(document, *root))
}

/// Whether a node stands in a document that says it is a kustomization (Kustomize's own or Flux's).
pub(in crate::edit) fn is_in_kustomization(document: &Document<'_>, node: Node) -> bool {
    let kind = top_value(document, document.root(node), "kind").map(|kind| document.value(kind));
    matches!(kind, Some("Kustomization" | "Component"))
}

/// Whether a node stands in an Argo CD `Application` or `ApplicationSet`.
pub(in crate::edit) fn is_in_argo_application(document: &Document<'_>, node: Node) -> bool {
    let kind = top_value(document, document.root(node), "kind").map(|kind| document.value(kind));
    matches!(kind, Some("Application" | "ApplicationSet"))
}

fn top_value(document: &Document<'_>, root: Node, wanted: &str) -> Option<Node> {
    let mut pairs = document.pairs(root).take(KEYS);
    pairs.find(|(key, _)| document.value(*key) == wanted).map(|(_, value)| value)
}

/// Whether a value is the `image:` of a container in a Kubernetes object.
///
/// Containers stand in lists of these names in every workload, and in what operators make of pod templates.
pub(in crate::edit) fn is_container_image(document: &Document<'_>, node: Node) -> bool {
    let list = || {
        let container = document.parent(node)?;
        let list = document.parent(container).filter(|list| document.is_sequence(*list))?;
        document.key_text(list)
    };
    document.key_text(node) == Some("image")
        && matches!(list(), Some("containers" | "initContainers" | "ephemeralContainers"))
        && is_object(document, document.root(node))
}
