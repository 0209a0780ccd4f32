//! What is special in Kubernetes objects; this module must not know workload kinds one by one.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};

/// Whether a document is a Kubernetes object: `apiVersion` and `kind`.
pub(super) fn is_object(document: &Document<'_>, root: Node) -> bool {
    let has = |wanted: &str| document.pairs(root).any(|(key, _)| document.value(key) == wanted);
    has("apiVersion") && has("kind")
}

/// Whether a value is the `image:` of a container in a Kubernetes object.
///
/// Containers stand in lists of these names in every workload, and in what operators make of pod templates.
pub(super) fn is_container_image(document: &Document<'_>, node: Node) -> bool {
    let list = || {
        let container = document.parent(node)?;
        let list = document.parent(container).filter(|list| document.is_sequence(*list))?;
        document.key_text(list)
    };
    document.key_text(node) == Some("image")
        && matches!(list(), Some("containers" | "initContainers" | "ephemeralContainers"))
        && is_object(document, root(document, node))
}

fn root(document: &Document<'_>, node: Node) -> Node {
    std::iter::successors(Some(node), |node| document.parent(*node)).last().unwrap_or(node)
}
