//! The model of a tree against what the real tool builds of it.

use std::path::Path;
use std::process::Command;

use gitops_bump::edit::is_kustomization_file_name;
use gitops_bump::kustomize::{self, Border, Model, Reading};
use gitops_bump::tree::{Entry, Found};
use serde_yaml::Value;

use super::forest::Tree;
use crate::world::{tool, write};

/// An image of a build: kind, namespace, name, path, text.
pub(crate) type Image = [String; 5];

/// A tree, read level by level.
pub(crate) fn read(tree: &Tree) -> kustomize::Tree {
    let mut reading = Reading::new(tree.start, Border::Inside);
    loop {
        let wants = reading.wants();
        if wants.is_empty() {
            return reading.finish();
        }
        let found: Vec<(String, Found)> = wants.into_iter().map(|path| (path.clone(), find(tree, &path))).collect();
        reading.give(found.iter().map(|(path, found)| (path.clone(), found)));
    }
}

pub(crate) fn find(tree: &Tree, path: &str) -> Found {
    find_picked(tree, path, is_kustomization_file_name)
}

/// What stands at a path; of a directory the files that are picked.
pub(crate) fn find_picked(tree: &Tree, path: &str, pick: fn(&str) -> bool) -> Found {
    if let Some(text) = tree.files.get(path) {
        return Found::File(text.clone().into_bytes());
    }
    let inside: Vec<(&str, &String)> = tree
        .files
        .iter()
        .filter_map(|(file, text)| Some((file.strip_prefix(path)?.strip_prefix('/')?, text)))
        .collect();
    if inside.is_empty() {
        return Found::Missing { parent: String::new(), names: Vec::new() };
    }
    let wanted = inside.into_iter().filter(|(name, _)| !name.contains('/') && pick(name));
    let entry =
        |(name, text): (&str, &String)| Entry { name: name.to_owned(), found: Found::File(text.clone().into_bytes()) };
    Found::Directory(wanted.map(entry).collect())
}

/// The images of a model, sorted.
pub(crate) fn images(model: &Model) -> Vec<Image> {
    let mut images: Vec<Image> = model
        .images
        .iter()
        .map(|image| {
            [&image.kind, &image.namespace, &image.name, &image.path, image.text()].map(|text: &str| text.to_owned())
        })
        .collect();
    images.sort();
    images
}

/// What the tool builds of a tree that is written to a directory; or its refusal.
pub(crate) fn build(tree: &Tree, directory: &Path) -> Result<Vec<Image>, String> {
    for (name, text) in &tree.files {
        write(directory, name, text.as_bytes());
    }
    build_in(directory, tree.start)
}

/// What the tool builds of the kustomization in a directory of another one.
pub(crate) fn build_in(directory: &Path, start: &str) -> Result<Vec<Image>, String> {
    let mut command = Command::new(tool("kubectl"));
    command.env_clear().env("HOME", directory).env("PATH", "/usr/bin:/bin");
    let output = command.arg("kustomize").arg(directory.join(start)).output().expect("kubectl starts");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut images = Vec::new();
    for document in serde_yaml::Deserializer::from_slice(&output.stdout) {
        let object: Value = serde::Deserialize::deserialize(document).expect("the tool prints YAML");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        let head = [text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"])];
        let mut found = Vec::new();
        walk(&object, "", &mut found);
        for prefix in ["spec", "spec.template.spec"] {
            volumes(&object, prefix, &mut found);
        }
        let [kind, namespace, name] = head;
        images.extend(
            found.into_iter().map(|(path, image)| [kind.clone(), namespace.clone(), name.clone(), path, image]),
        );
    }
    images.sort();
    Ok(images)
}

fn walk(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Mapping(pairs) => {
            for (key, value) in pairs {
                let key = key.as_str().unwrap_or_default();
                let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                walk(value, &path, found);
                if let ("containers" | "initContainers", Value::Sequence(items)) = (key, value) {
                    let image = |(number, item): (usize, &Value)| {
                        Some((format!("{path}[{number}].image"), item.get("image")?.as_str()?.to_owned()))
                    };
                    found.extend(items.iter().enumerate().filter_map(image));
                }
            }
        }
        Value::Sequence(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{number}]"), found);
            }
        }
        _ => {}
    }
}

fn volumes(object: &Value, prefix: &str, found: &mut Vec<(String, String)>) {
    let pod = prefix.split('.').try_fold(object, |value, key| value.get(key));
    let volumes = pod.and_then(|pod| pod.get("volumes")).and_then(Value::as_sequence);
    for (number, volume) in volumes.into_iter().flatten().enumerate() {
        let reference = volume.get("image").and_then(|image| image.get("reference")).and_then(Value::as_str);
        found.extend(reference.map(|text| (format!("{prefix}.volumes[{number}].image.reference"), text.to_owned())));
    }
}
