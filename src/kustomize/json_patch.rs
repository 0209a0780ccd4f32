//! JSON 6902 patches; this module must not know which object a patch is for.

#![deny(clippy::disallowed_methods)]

use super::node::{Node, Value};
use super::yaml::size;

/// The most operations of one patch.
const MAX_OPERATIONS: usize = 1000;

/// The most values that one `copy` may make: far more than a container has. A list copied into itself would double each time.
const MAX_COPIED: usize = 500;

/// Whether a document is such a patch.
pub(super) fn is_json_patch(document: &Node) -> bool {
    document.is_sequence()
}

/// The most values that a patch makes of each object.
pub(super) fn most_made(patch: &Node) -> usize {
    let copies = patch.items().iter().filter(|operation| operation.text_at("op") == "copy").count();
    size(patch).saturating_add(copies.saturating_mul(MAX_COPIED))
}

/// Applies a patch that a layer has; an error is what Kustomize refuses, or what is not worked out.
pub(super) fn apply(object: &mut Node, patch: &Node, layer: &str) -> Result<(), String> {
    if patch.items().len() > MAX_OPERATIONS {
        return Err(format!("a patch has more than {MAX_OPERATIONS} operations"));
    }
    for operation in patch.items() {
        let path = pointer(operation.get("path"))?;
        let value = || operation.get("value").cloned().ok_or_else(|| "an operation has no value".to_owned());
        match operation.text_at("op") {
            "add" => add(object, &path, value()?, layer)?,
            "replace" => replace(object, &path, value()?, layer)?,
            "remove" => {
                remove(object, &path)?;
            }
            "test" => {
                if !is_equal(find(object, &path)?, &value()?) {
                    return Err("the test of a patch fails".to_owned());
                }
            }
            "copy" => {
                let from = find(object, &pointer(operation.get("from"))?)?.clone();
                if size(&from) > MAX_COPIED {
                    return Err(format!("a patch copies more than {MAX_COPIED} values"));
                }
                put(object, &path, from)?;
            }
            "move" => {
                let from = remove(object, &pointer(operation.get("from"))?)?;
                put(object, &path, from)?;
            }
            other => return Err(format!("the operation `{other}` is unknown")),
        }
    }
    Ok(())
}

/// As Kustomize does it, a key that is missing is added.
fn replace(object: &mut Node, path: &[String], value: Node, layer: &str) -> Result<(), String> {
    let (_, above) = path.split_last().ok_or("a patch of the whole object is not evaluated")?;
    if find(object, above)?.is_mapping() {
        return add(object, path, value, layer);
    }
    let slot = find(object, path)?;
    *slot = value.patched_over(slot, layer);
    Ok(())
}

/// As Kustomize does it, an `add` where something stands already replaces it.
fn add(object: &mut Node, path: &[String], value: Node, layer: &str) -> Result<(), String> {
    let in_mapping =
        path.split_last().and_then(|(_, above)| find(object, above).ok()).is_some_and(|node| node.is_mapping());
    let value = match find(object, path) {
        Ok(old) if in_mapping => value.patched_over(old, layer),
        _ => value.patched_by(layer),
    };
    put(object, path, value)
}

fn put(object: &mut Node, path: &[String], value: Node) -> Result<(), String> {
    let (last, above) = path.split_last().ok_or("a patch of the whole object is not evaluated")?;
    let parent = find(object, above)?;
    match &mut parent.value {
        Value::Mapping(_) => parent.set(last, value),
        Value::Sequence(items) => {
            let at = if last == "-" { items.len() } else { index(last)? };
            if at > items.len() {
                return Err(missing(path));
            }
            items.insert(at, value);
        }
        Value::Scalar(_) => return Err(missing(path)),
    }
    Ok(())
}

fn remove(object: &mut Node, path: &[String]) -> Result<Node, String> {
    let (last, above) = path.split_last().ok_or("a patch of the whole object is not evaluated")?;
    let parent = find(object, above)?;
    match &mut parent.value {
        Value::Mapping(_) => parent.remove(last).ok_or_else(|| missing(path)),
        Value::Sequence(items) => {
            let at = index(last)?;
            if at < items.len() { Ok(items.remove(at)) } else { Err(missing(path)) }
        }
        Value::Scalar(_) => Err(missing(path)),
    }
}

fn find<'n>(object: &'n mut Node, path: &[String]) -> Result<&'n mut Node, String> {
    let mut node = object;
    for key in path {
        let below = match &mut node.value {
            Value::Mapping(pairs) => pairs.iter_mut().find(|(own, _)| own == key).map(|(_, value)| value),
            Value::Sequence(items) => items.get_mut(index(key)?),
            Value::Scalar(_) => None,
        };
        node = below.ok_or_else(|| missing(path))?;
    }
    Ok(node)
}

fn index(key: &str) -> Result<usize, String> {
    let is_plain = key == "0" || (key.bytes().all(|byte| byte.is_ascii_digit()) && !key.starts_with('0'));
    let number = if is_plain { key.parse().ok() } else { None };
    number.ok_or_else(|| format!("`{key}` is not a position in a list"))
}

fn pointer(node: Option<&Node>) -> Result<Vec<String>, String> {
    let text = node.and_then(Node::text).ok_or("an operation has no path")?;
    let rest = text.strip_prefix('/').ok_or_else(|| format!("`{text}` is not a path of a JSON patch"))?;
    Ok(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn missing(path: &[String]) -> String {
    format!("the path /{} of a patch does not exist", path.join("/"))
}

fn is_equal(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Scalar(_), Value::Scalar(_)) => one.text() == other.text(),
        (Value::Sequence(one), Value::Sequence(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        (Value::Mapping(one), Value::Mapping(pairs)) => {
            one.len() == pairs.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|theirs| is_equal(value, theirs)))
        }
        _ => false,
    }
}
