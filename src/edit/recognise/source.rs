//! Where Helm values are written in layers inside one object: `helm:` in Argo CD's objects and in `.argocd-source.yaml`, the
//! `spec` of a k3s `HelmChart`. This module must not know what the values mean.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::super::document::{Document, Node};
use super::super::path::{Path, Segment};
use super::key::Key;
use super::object;

/// The layers of one place, the ones that win first.
#[derive(Default)]
pub(super) struct ValueLayers {
    /// What sets one value each, by that value's path.
    pub(super) parameters: HashMap<String, Parameter>,
    /// Values as YAML of the file, with which values as text are ignored.
    pub(super) object: Option<Node>,
    /// Values as text.
    pub(super) text: Option<Node>,
}

/// What sets one value.
pub(super) struct Parameter {
    /// The value's path.
    path: Vec<Segment>,
    /// The item of the list, or the key of the mapping.
    pub(super) item: Node,
    pub(super) value: Node,
    /// The name of a second one that sets the same value.
    pub(super) twice: Option<Node>,
    /// Whether the value is the path of a file that has what is set.
    pub(super) is_file: bool,
}

impl Parameter {
    /// The path of the mapping whose tag or digest this sets, and whether it is the tag.
    pub(super) fn holder_of_version(&self) -> Option<(&[Segment], bool)> {
        match self.path.split_last().filter(|_| !self.is_file)? {
            (Segment::Key(key), holder) if key == Key::Tag.as_str() => Some((holder, true)),
            (Segment::Key(key), holder) if Key::DIGESTS.iter().any(|digest| key == digest.as_str()) => {
                Some((holder, false))
            }
            _ => None,
        }
    }
}

/// All sources of a file, in its order.
pub(super) fn sources(document: &Document<'_>) -> Vec<ValueLayers> {
    // Most files have none.
    if !(document.text.contains("helm") || document.text.contains("HelmChart")) {
        return Vec::new();
    }
    document.nodes().filter(|node| document.is_mapping(*node)).filter_map(|node| source(document, node)).collect()
}

fn source(document: &Document<'_>, mapping: Node) -> Option<ValueLayers> {
    let mut source = ValueLayers::default();
    match document.key_text(mapping)? {
        "helm" => {
            let mut files = HashMap::new();
            for (key, value) in document.pairs(mapping) {
                let value = document.resolve(value);
                match document.value(key) {
                    "parameters" => items(document, (value, "value"), &mut source.parameters),
                    "fileParameters" => items(document, (value, "path"), &mut files),
                    "valuesObject" if !document.is_blank(value) => source.object = Some(value),
                    "values" if is_text(document, value) => source.text = Some(value),
                    _ => {}
                }
            }
            // Helm takes what files set over all else.
            source.parameters.extend(files.into_iter().map(|(path, file)| (path, Parameter { is_file: true, ..file })));
            let is_known =
                || object::is_in_argo_application(document, mapping) || object::is_argo_source(document, mapping);
            (!source.parameters.is_empty() || is_known()).then_some(source)
        }
        "spec" if object::is_helm_chart(document, mapping) => {
            for (key, value) in document.pairs(mapping) {
                let value = document.resolve(value);
                match document.value(key) {
                    "set" => document
                        .pairs(value)
                        .for_each(|(name, value)| add(document, (name, name), value, &mut source.parameters)),
                    "valuesContent" if is_text(document, value) => source.text = Some(value),
                    _ => {}
                }
            }
            Some(source)
        }
        _ => None,
    }
}

fn is_text(document: &Document<'_>, node: Node) -> bool {
    document.is_scalar(node) && !document.is_blank(node)
}

fn items(document: &Document<'_>, (list, key): (Node, &str), parameters: &mut HashMap<String, Parameter>) {
    if !document.is_sequence(list) {
        return;
    }
    for item in document.children(list).map(|item| document.resolve(item)) {
        if let (Some(name), Some(value)) = (document.get(item, "name"), document.get(item, key)) {
            add(document, (item, name), value, parameters);
        }
    }
}

fn add(document: &Document<'_>, (item, name): (Node, Node), value: Node, parameters: &mut HashMap<String, Parameter>) {
    let text = document.value(document.resolve(name));
    let is_value = document.is_scalar(document.resolve(value));
    let Some(path) = Path::parse(text).ok().filter(|_| is_value) else { return };
    let parameter = Parameter { item, value, twice: None, is_file: false, path: path.segments.clone() };
    parameters.entry(path.to_string()).and_modify(|known| known.twice = Some(name)).or_insert(parameter);
}
