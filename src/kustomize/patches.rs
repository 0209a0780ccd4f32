//! What a layer does to its objects before its images: patches with the objects that they are for, and new names. This
//! module must not know where a patch is written.

#![deny(clippy::disallowed_methods)]

use super::layer::Layer;
use super::node::Node;
use super::object::{Id, Object, Selector, id_of};
use super::{json_patch, merge};

/// Merges a patch into the one object that is called as the patch is.
pub(super) fn merge_by_name(patch: &Node, layer: &str, objects: &mut Vec<Object>) -> Result<(), String> {
    let id = id_of(patch);
    let called: Vec<usize> =
        (0..objects.len()).filter(|at| objects.get(*at).is_some_and(|o| o.is_called(&id))).collect();
    match called.as_slice() {
        [at] => merge_into(*at, patch, layer, objects),
        [] => Err(format!("a patch is for {} {}, which does not exist", id.kind, id.name)),
        _ => Err(format!("a patch is for {} {}, which exists several times", id.kind, id.name)),
    }
}

/// Applies a patch to every object that its target picks.
pub(super) fn patch_selected(
    selector: &Selector,
    patch: &Node,
    layer: &str,
    objects: &mut Vec<Object>,
) -> Result<(), String> {
    let (is_json, id) = (json_patch::is_json_patch(patch), id_of(patch));
    if !is_json && (id.kind.is_empty() || id.name.is_empty()) {
        return Err("a patch has no kind or no metadata.name, which Kustomize refuses".to_owned());
    }
    let picked: Vec<usize> =
        (0..objects.len()).filter(|at| objects.get(*at).is_some_and(|o| selector.picks(o))).collect();
    // From the last on, since a patch can delete its object.
    for at in picked.into_iter().rev() {
        if is_json {
            let Some(object) = objects.get_mut(at) else { continue };
            object.remember();
            json_patch::apply(&mut object.node, patch, layer)?;
        } else {
            merge_into(at, patch, layer, objects)?;
        }
    }
    Ok(())
}

/// Merges a patch into an object, which keeps its kind, its name and its namespace.
fn merge_into(at: usize, patch: &Node, layer: &str, objects: &mut Vec<Object>) -> Result<(), String> {
    let Some(object) = objects.get_mut(at) else { return Ok(()) };
    let id = object.id();
    let mut patch = patch.clone();
    for key in ["apiVersion", "kind"] {
        patch.remove(key);
    }
    if let Some(metadata) = patch.get_mut("metadata") {
        metadata.remove("name");
        metadata.remove("namespace");
    }
    match merge::merge(object.node.clone(), &id, &patch, layer)? {
        Some(merged) => object.node = merged,
        None => {
            objects.remove(at);
        }
    }
    Ok(())
}

/// The layer's namespace, prefix and suffix; each is a new name.
pub(super) fn rename(layer: &Layer, objects: &mut [Object]) {
    for object in objects.iter_mut() {
        if !layer.namespace.is_empty() {
            object.remember();
            if object.id().has_namespace() {
                set_metadata(object, "namespace", &layer.namespace);
            }
        }
        let is_fixed = |id: Id| matches!(id.kind.as_str(), "CustomResourceDefinition" | "APIService" | "Namespace");
        if is_fixed(object.original()) {
            continue;
        }
        if !layer.name_prefix.is_empty() {
            object.remember();
            let name = format!("{}{}", layer.name_prefix, object.id().name);
            set_metadata(object, "name", &name);
        }
        if !layer.name_suffix.is_empty() {
            object.remember();
            let name = format!("{}{}", object.id().name, layer.name_suffix);
            set_metadata(object, "name", &name);
        }
    }
}

fn set_metadata(object: &mut Object, key: &str, text: &str) {
    let node = Node::of_text(text, &object.node.file, object.node.line);
    if let Some(metadata) = object.node.get_mut("metadata") {
        metadata.set(key, node);
    }
}
