//! Strategic-merge patches; this module must not know which object a patch is for.

#![deny(clippy::disallowed_methods)]

use super::node::{Node, Value};
use super::object::Id;

/// What a patch leaves of a value.
type Merged = Result<Option<Node>, String>;

/// Where an object has its pod.
type Pod = Option<&'static [&'static str]>;

/// The lists of a pod that are merged by name.
const BY_NAME: [&str; 4] = ["containers", "initContainers", "ephemeralContainers", "volumes"];

/// Applies a patch that a layer has to an object; nothing is left of an object that it deletes.
pub(super) fn merge(object: Node, id: &Id, patch: &Node, layer: &str) -> Merged {
    let pod = known(id)?;
    // Kustomize goes through these lists even where the patch says nothing of them.
    let lists = pod.and_then(|pod| object.at(pod)).into_iter().flat_map(|pod| BY_NAME.map(|list| pod.get(list)));
    for list in lists.flatten() {
        let mut names: Vec<&str> = list.items().iter().map(|item| item.text_at("name")).collect();
        names.sort_unstable();
        if names.first() == Some(&"") || names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("a patch of a list without names, or with a name twice, is not evaluated".to_owned());
        }
    }
    merge_node(object, patch, layer, &[], pod)
}

/// Where an object of this kind has its pod; none for one without a schema, whose lists are replaced.
fn known(id: &Id) -> Result<Pod, String> {
    let (kind, group_version) = (id.kind.as_str(), (id.group.as_str(), id.version.as_str()));
    let (wanted, pod): (_, &'static [&str]) = match kind {
        "Pod" => (("", "v1"), &["spec"]),
        "ReplicationController" => (("", "v1"), &["spec", "template", "spec"]),
        "PodTemplate" => (("", "v1"), &["template", "spec"]),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => (("apps", "v1"), &["spec", "template", "spec"]),
        "Job" => (("batch", "v1"), &["spec", "template", "spec"]),
        "CronJob" => (("batch", "v1"), &["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => return Ok(None),
    };
    if group_version == wanted {
        return Ok(Some(pod));
    }
    // A custom resource may have the name of a kind of Kubernetes.
    let is_custom = id.group.contains('.');
    if is_custom {
        Ok(None)
    } else {
        Err(format!("a patch of a {kind} of {}/{} is not evaluated", id.group, id.version))
    }
}

fn merge_node(old: Node, patch: &Node, layer: &str, path: &[&str], pod: Pod) -> Merged {
    if patch.is_null() {
        return Ok(None);
    }
    match (&old.value, &patch.value) {
        (Value::Mapping(_), Value::Mapping(_)) => merge_mapping(old, patch, layer, path, pod),
        (Value::Sequence(_), Value::Sequence(_)) if is_by_name(path, pod) => merge_list(old, patch, layer, path, pod),
        (Value::Scalar(_), Value::Scalar(_)) => Ok(Some(patch.clone().patched_over(&old, layer))),
        (Value::Sequence(_), Value::Sequence(_)) => added(patch, layer),
        (Value::Scalar(_), _) if old.is_null() => added(patch, layer),
        _ => Err("a patch has another type of value than the object".to_owned()),
    }
}

fn is_by_name(path: &[&str], pod: Pod) -> bool {
    path.split_last().is_some_and(|(list, above)| pod == Some(above) && BY_NAME.contains(list))
}

fn merge_mapping(mut old: Node, patch: &Node, layer: &str, path: &[&str], pod: Pod) -> Merged {
    match directive(patch)? {
        Some("delete") => return Ok(None),
        Some("replace") => return added(patch, layer),
        _ => {}
    }
    for (key, value) in patch.pairs().iter().filter(|(key, _)| key != "$patch") {
        if key.starts_with('$') {
            return Err(format!("{key} is not evaluated"));
        }
        let inner: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
        let at = old.pairs().iter().position(|(own, _)| own == key);
        let merged = match at.and_then(|_| old.get(key).cloned()) {
            Some(own) => merge_node(own, value, layer, &inner, pod)?,
            None if value.is_null() => continue,
            None => added(value, layer)?,
        };
        match merged {
            Some(merged) => old.set(key, merged),
            None => {
                old.remove(key);
            }
        }
    }
    Ok(Some(old))
}

/// The patch's items come first, in its order, merged with those of the same name; then the others.
fn merge_list(old: Node, patch: &Node, layer: &str, path: &[&str], pod: Pod) -> Merged {
    let name = |node: &Node| node.get("name").and_then(Node::text).map(str::to_owned);
    let mut rest = match &old.value {
        Value::Sequence(items) => items.clone(),
        _ => Vec::new(),
    };
    let mut whole = patch.items().iter().filter(|item| name(item).is_none() && item.get("$patch").is_some());
    if let Some(item) = whole.next() {
        match directive(item)? {
            Some("replace") if item.pairs().len() == 1 => {
                let mut others = patch.clone();
                if let Value::Sequence(items) = &mut others.value {
                    items.retain(|item| item.get("$patch").is_none());
                }
                return added(&others, layer);
            }
            Some("delete") if item.pairs().len() == 1 => return Ok(None),
            _ => return Err("this use of $patch in a list is not evaluated".to_owned()),
        }
    }
    let mut items = Vec::new();
    for item in patch.items() {
        let Some(own) = name(item) else {
            return Err("an item of a patch's list has no name".to_owned());
        };
        let same: Vec<usize> =
            (0..rest.len()).filter(|at| rest.get(*at).and_then(name).as_ref() == Some(&own)).collect();
        let merged = match same.as_slice() {
            [] if directive(item)? == Some("delete") => None,
            [] => added(item, layer)?,
            [at] => merge_node(rest.remove(*at), item, layer, path, pod)?,
            _ => return Err(format!("several items are called {own}")),
        };
        items.extend(merged);
    }
    if rest.iter().any(|item| name(item).is_none()) {
        return Err("an item of a patched list has no name".to_owned());
    }
    items.extend(rest);
    let value = Value::Sequence(items);
    Ok(Some(Node { value, ..old }))
}

/// A value that only the patch has, without its directives and nulls.
fn added(patch: &Node, layer: &str) -> Merged {
    Ok(clean(patch)?.map(|node| node.patched_by(layer)))
}

fn clean(node: &Node) -> Merged {
    let value = match &node.value {
        Value::Mapping(pairs) => {
            if directive(node)? == Some("delete") {
                return Ok(None);
            }
            let mut kept = Vec::new();
            for (key, value) in pairs.iter().filter(|(key, _)| key != "$patch") {
                if key.starts_with('$') {
                    return Err(format!("{key} is not evaluated"));
                }
                if let Some(value) = clean(value)? {
                    kept.push((key.clone(), value));
                }
            }
            Value::Mapping(kept)
        }
        Value::Sequence(items) if items.iter().any(|item| item.get("$patch").is_some()) => {
            return Err("$patch in a list that is replaced is not evaluated".to_owned());
        }
        Value::Sequence(items) => {
            let kept: Result<Vec<_>, _> = items.iter().map(clean).collect();
            Value::Sequence(kept?.into_iter().flatten().collect())
        }
        Value::Scalar(_) if node.is_null() => return Ok(None),
        Value::Scalar(scalar) => Value::Scalar(scalar.clone()),
    };
    Ok(Some(Node { value, ..node.clone() }))
}

fn directive(node: &Node) -> Result<Option<&str>, String> {
    match node.get("$patch").map(|value| value.text().unwrap_or_default()) {
        None => Ok(None),
        Some(word @ ("delete" | "replace" | "merge")) => Ok(Some(word)),
        Some(word) => Err(format!("`$patch: {word}` is not evaluated")),
    }
}
