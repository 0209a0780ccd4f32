//! What is special in Kubernetes objects; this module must not know workload kinds one by one.

#![deny(clippy::disallowed_methods)]

use super::super::document::{Document, Node};

/// How many keys of a mapping are looked at for those that every object, or every operation of a patch, has.
const KEYS: usize = 100;

/// Whether a document is a Kubernetes object: it says its `kind`. `apiVersion` is the API server's to miss.
pub(in crate::edit) fn is_object(document: &Document<'_>, root: Node) -> bool {
    top_value(document, root, "kind").is_some()
}

/// Whether any document of the file is a Kubernetes object.
pub(in crate::edit) fn has_objects(document: &Document<'_>) -> bool {
    document.roots.iter().any(|root| is_object(document, *root) || is_json_patch(document, *root))
}

/// Whether a document is a JSON 6902 patch: a list of operations.
pub(in crate::edit) fn is_json_patch(document: &Document<'_>, root: Node) -> bool {
    let has = |item: Node, wanted: &str| document.pairs(item).take(KEYS).any(|(key, _)| document.value(key) == wanted);
    document.is_sequence(root)
        && document.children(root).next().is_some_and(|item| has(item, "op") && has(item, "path"))
}

/// Whether a mapping is the `imageTag` of Kustomize's own transformer, which is written as an entry of `images:` is.
pub(in crate::edit) fn is_image_transformer(document: &Document<'_>, mapping: Node) -> bool {
    let root = document.root(mapping);
    document.key_text(mapping) == Some("imageTag")
        && document.parent(mapping) == Some(root)
        && top_value(document, root, "kind").is_some_and(|kind| document.value(kind) == "ImageTagTransformer")
}

/// Whether a node stands in a document that says it is a kustomization (Kustomize's own or Flux's), or that names resources
/// as only one does.
pub(in crate::edit) fn is_in_kustomization(document: &Document<'_>, node: Node) -> bool {
    let root = document.root(node);
    let has_list = |key| top_value(document, root, key).is_some_and(|list| document.is_sequence(list));
    match top_value(document, root, "kind").map(|kind| document.value(kind)) {
        Some(kind) => matches!(kind, "Kustomization" | "Component"),
        None => ["resources", "bases", "components"].into_iter().any(has_list),
    }
}

/// Whether a node stands in an Argo CD `Application` or `ApplicationSet`, which may be an item of a list.
pub(in crate::edit) fn is_in_argo_application(document: &Document<'_>, node: Node) -> bool {
    let mut around = std::iter::successors(Some(node), |node| document.parent(*node));
    around.any(|node| matches!(kind(document, node), Some("Application" | "ApplicationSet")))
}

/// Whether a mapping stands at the top of an `.argocd-source.yaml`: a document that has nothing but an Argo CD source's fields.
pub(in crate::edit) fn is_argo_source(document: &Document<'_>, node: Node) -> bool {
    let is_field = |key: Node| {
        let fields = ["helm", "kustomize", "directory", "plugin", "path", "chart", "ref", "repoURL", "targetRevision"];
        fields.contains(&document.value(key))
    };
    let is_root = |mapping: &Node| document.parent(*mapping).is_none();
    let root = document.parent(node).filter(is_root);
    root.is_some_and(|root| document.pairs(root).take(KEYS).all(|(key, _)| is_field(key)))
}

/// Whether a mapping is the `spec` of a k3s `HelmChart` or `HelmChartConfig`.
pub(in crate::edit) fn is_helm_chart(document: &Document<'_>, spec: Node) -> bool {
    let kind = document.parent(spec).and_then(|object| kind(document, object));
    matches!(kind, Some("HelmChart" | "HelmChartConfig"))
}

fn kind<'d>(document: &'d Document<'_>, object: Node) -> Option<&'d str> {
    top_value(document, object, "kind").map(|kind| document.value(kind))
}

/// The value of a key among a mapping's first.
pub(super) fn top_value(document: &Document<'_>, root: Node, wanted: &str) -> Option<Node> {
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

/// Whether a value is the `image.reference` of a volume in a Kubernetes object.
pub(in crate::edit) fn is_volume_image(document: &Document<'_>, node: Node) -> bool {
    let list = || {
        let image = document.parent(node).filter(|image| document.key_text(*image) == Some("image"))?;
        let volume = document.parent(image)?;
        document.key_text(document.parent(volume).filter(|list| document.is_sequence(*list))?)
    };
    document.key_text(node) == Some("reference")
        && list() == Some("volumes")
        && is_object(document, document.root(node))
}

/// Whether a value is what an operation of a JSON patch (RFC 6902) puts under `image`.
pub(in crate::edit) fn is_patched_image(document: &Document<'_>, node: Node) -> bool {
    if document.key_text(node) != Some("value") {
        return false;
    }
    let Some(operation) = document.parent(node).filter(|operation| is_item(document, *operation)) else {
        return false;
    };
    let text = |wanted| top_value(document, operation, wanted).map(|value| document.value(document.resolve(value)));
    let is_image = |path: &str| path.ends_with("/image") || path.ends_with("/image/reference");
    text("op").is_some() && text("path").is_some_and(is_image)
}

fn is_item(document: &Document<'_>, node: Node) -> bool {
    document.parent(node).is_some_and(|list| document.is_sequence(list))
}

/// The `url` of the Flux `OCIRepository` whose `spec.ref` a mapping is.
pub(super) fn artifact_url(document: &Document<'_>, mapping: Node) -> Option<Node> {
    if document.key_text(mapping) != Some("ref") {
        return None;
    }
    let spec = document.parent(mapping).filter(|spec| is_artifact_spec(document, *spec))?;
    let url = document.resolve(top_value(document, spec, "url")?);
    in_oci_url(document.value(url)).map(|_| url)
}

/// Whether a value is the `url` of an `OCIRepository` that says no version at all.
pub(super) fn is_url_without_ref(document: &Document<'_>, node: Node) -> bool {
    let spec = document.parent(node).filter(|_| document.key_text(node) == Some("url"));
    spec.is_some_and(|spec| {
        let version = top_value(document, spec, "ref").map(|version| document.resolve(version));
        is_artifact_spec(document, spec) && version.is_none_or(|version| !document.is_mapping(version))
    })
}

/// The repository in the `url` of an artifact.
pub(super) fn in_oci_url(url: &str) -> Option<&str> {
    url.strip_prefix("oci://").map(|rest| rest.trim_end_matches('/'))
}

fn is_artifact_spec(document: &Document<'_>, spec: Node) -> bool {
    let Some(object) = document.parent(spec).filter(|_| document.key_text(spec) == Some("spec")) else {
        return false;
    };
    let text = |wanted| top_value(document, object, wanted).map_or("", |value| document.value(value));
    text("kind") == "OCIRepository" && text("apiVersion").starts_with("source.toolkit.fluxcd.io/")
}
