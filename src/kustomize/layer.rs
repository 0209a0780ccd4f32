//! One kustomization file as a value: what it names and what it does to it; this module must not read what it names.

#![deny(clippy::disallowed_methods)]

use std::sync::Arc;

use super::gap::Gap;
use super::node::{Node, Scalar, ScalarKind, Value};
use super::yaml;

/// An entry of `images:`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The regular expression that the image's text is matched with.
    pub name: String,
    /// The name that the image gets.
    pub new_name: Option<String>,
    /// The tag that it gets.
    pub new_tag: Option<String>,
    /// The digest that it gets.
    pub digest: Option<String>,
    /// What is put behind the tag that it has.
    pub tag_suffix: Option<String>,
    /// The entry's line, from 1; 0 for one that is not written yet.
    pub line: usize,
}

/// A kustomization file.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) resources: Vec<Named>,
    pub(super) components: Vec<Named>,
    pub(super) patches: Vec<Patch>,
    pub(super) patches_6902: Vec<Patch>,
    pub(super) images: Vec<Entry>,
    /// Stand-ins for the objects of generators: their kind and name.
    pub(super) generated: Vec<Node>,
    pub(super) replacements: Vec<Text>,
    pub(super) transformers: Vec<Text>,
    pub(super) name_prefix: String,
    pub(super) name_suffix: String,
    pub(super) namespace: String,
    pub(super) is_component: bool,
    /// What this reading can't follow.
    pub(super) gaps: Vec<Gap>,
}

/// A path as it is written.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) path: String,
    pub(super) line: usize,
}

/// Text inside the kustomization, or the path of a file.
#[derive(Clone, Debug)]
pub(super) enum Text {
    /// The documents of the text.
    Inline(Vec<Node>),
    File(Named),
}

/// A patch with what it is for.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) text: Text,
    pub(super) target: Option<Node>,
    pub(super) options: Option<Node>,
    pub(super) line: usize,
}

/// Keys that change nothing that decides about images.
const HARMLESS: [&str; 11] = [
    "apiVersion",
    "kind",
    "metadata",
    "generatorOptions",
    "replicas",
    "sortOptions",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "labels",
    "validators",
];

/// Reads a kustomization file.
pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Layer, Gap> {
    let documents =
        yaml::documents(text, file, 1).map_err(|why| Gap::new(file, 1, format!("it is not valid YAML: {why}")))?;
    let mut documents: Vec<Node> = documents.into_iter().filter(|document| !document.is_null()).collect();
    let root = match (documents.pop(), documents.is_empty()) {
        (Some(root), true) if root.is_mapping() => root,
        (Some(_), true) => return Err(Gap::new(file, 1, "it is not a mapping")),
        (None, _) => return Err(Gap::new(file, 1, "it is empty")),
        (Some(_), false) => return Err(Gap::new(file, 1, "it has several documents")),
    };
    let mut layer = Layer { is_component: root.text_at("kind") == "Component", ..Layer::default() };
    if root.pairs().iter().all(|(key, _)| matches!(key.as_str(), "apiVersion" | "kind" | "metadata")) {
        layer.gaps.push(Gap::new(file, 1, "it is empty"));
    }
    let (version, kind) = (root.text_at("apiVersion"), root.text_at("kind"));
    let is_kustomization = match version.strip_prefix("kustomize.config.k8s.io/") {
        None => version.is_empty() && matches!(kind, "" | "Kustomization"),
        Some("v1beta1") => matches!(kind, "" | "Kustomization"),
        Some(version) => version == "v1alpha1" && kind == "Component",
    };
    if !is_kustomization {
        layer.gaps.push(Gap::new(file, 1, "its apiVersion and kind are not those of a Kustomization or Component"));
    }
    for (key, value) in root.pairs() {
        layer.take(key, value, file);
    }
    Ok(layer)
}

impl Layer {
    fn take(&mut self, key: &str, value: &Node, file: &Arc<str>) {
        if value.is_null() {
            return;
        }
        if matches!(key, "namePrefix" | "nameSuffix" | "namespace") && !is_text(value) {
            self.gaps.push(Gap::new(file, value.line, format!("{key} is not a string")));
        }
        match key {
            "resources" | "bases" => self.resources.extend(named(value)),
            "components" => self.components.extend(named(value)),
            "patchesStrategicMerge" => {
                let patch =
                    |item: &Node| Some(Patch { text: text(item)?, target: None, options: None, line: item.line });
                self.patches.splice(0..0, value.items().iter().filter_map(patch));
            }
            "patches" | "patchesJson6902" => self.take_patches(key, value, file),
            "images" => self.take_images(value, file),
            "configMapGenerator" => {
                self.generated.extend(value.items().iter().filter_map(|item| stand_in("ConfigMap", item)));
            }
            "secretGenerator" => {
                self.generated.extend(value.items().iter().filter_map(|item| stand_in("Secret", item)));
            }
            "replacements" => self.replacements.extend(value.items().iter().map(replacement)),
            "transformers" => self.transformers.extend(value.items().iter().filter_map(text)),
            "namePrefix" => value.text().unwrap_or_default().clone_into(&mut self.name_prefix),
            "nameSuffix" => value.text().unwrap_or_default().clone_into(&mut self.name_suffix),
            "namespace" => value.text().unwrap_or_default().clone_into(&mut self.namespace),
            key if HARMLESS.contains(&key) => {}
            key => self.gaps.push(Gap::new(file, value.line, format!("{key} is not evaluated"))),
        }
        let is_list = matches!(
            key,
            "resources"
                | "bases"
                | "components"
                | "patches"
                | "patchesStrategicMerge"
                | "patchesJson6902"
                | "images"
                | "replacements"
                | "transformers"
        );
        if is_list && !value.is_sequence() {
            self.gaps.push(Gap::new(file, value.line, format!("{key} is not a list")));
        }
        let is_list_of_texts = matches!(key, "patchesStrategicMerge" | "transformers" | "resources" | "components");
        for item in value.items().iter().filter(|item| is_list_of_texts && item.text().is_none()) {
            self.gaps.push(Gap::new(
                file,
                item.line,
                format!("an item of {key} is not a string, which Kustomize refuses"),
            ));
        }
    }

    fn take_patches(&mut self, key: &str, value: &Node, file: &Arc<str>) {
        for item in value.items() {
            let inline = item.get("patch").filter(|patch| patch.text().is_some_and(|text| !text.trim().is_empty()));
            let path = item.get("path").filter(|path| path.text().is_some_and(|path| !path.is_empty()));
            let body = match (inline, path) {
                (Some(patch), None) => documents_of(patch).map(Text::Inline),
                (None, Some(path)) => Ok(Text::File(named_at(path))),
                _ => Err("it needs either patch or path".to_owned()),
            };
            let patch = |text| Patch {
                text,
                target: item.get("target").cloned(),
                options: item.get("options").cloned(),
                line: item.line,
            };
            match body {
                Ok(text) if key == "patches" => self.patches.push(patch(text)),
                Ok(text) => self.patches_6902.push(patch(text)),
                Err(why) => self.gaps.push(Gap::new(file, item.line, format!("a patch can't be read: {why}"))),
            }
        }
    }

    fn take_images(&mut self, value: &Node, file: &Arc<str>) {
        for item in value.items() {
            let is_entry = item.pairs().iter().all(|(key, value)| is_entry_field(key, value));
            if !item.is_mapping() || !is_entry {
                self.gaps.push(Gap::new(file, item.line, "Kustomize does not read this entry of images"));
            }
            self.images.push(entry(item));
        }
    }
}

/// The object that a generator makes; none for one that changes an object which is there.
fn stand_in(kind: &str, generator: &Node) -> Option<Node> {
    if matches!(generator.text_at("behavior"), "merge" | "replace") {
        return None;
    }
    let text = |text: &str| Node::of_text(text, &generator.file, generator.line);
    let names = ["name", "namespace"].into_iter().filter(|key| generator.get(key).is_some());
    let metadata = names.map(|key| (key.to_owned(), text(generator.text_at(key)))).collect();
    let mapping = |pairs| Node { value: Value::Mapping(pairs), ..text("") };
    let pairs = [("apiVersion", text("v1")), ("kind", text(kind)), ("metadata", mapping(metadata))];
    Some(mapping(pairs.map(|(key, value)| (key.to_owned(), value)).into()))
}

/// An entry of `images:`, or the `imageTag` of a transformer.
pub(super) fn entry(node: &Node) -> Entry {
    let field = |key: &str| Some(node.text_at(key)).filter(|text| !text.is_empty()).map(str::to_owned);
    Entry {
        name: node.text_at("name").to_owned(),
        new_name: field("newName"),
        new_tag: field("newTag"),
        digest: field("digest"),
        tag_suffix: field("tagSuffix"),
        line: node.line,
    }
}

/// Whether Kustomize reads a field of an entry: it wants a text, not a number.
fn is_entry_field(key: &str, value: &Node) -> bool {
    matches!(key, "name" | "newName" | "newTag" | "digest" | "tagSuffix") && is_text(value)
}

/// Whether a value reads as text, or as nothing.
fn is_text(value: &Node) -> bool {
    match &value.value {
        Value::Scalar(scalar) => scalar.kind != ScalarKind::Plain || !is_other_than_text(&scalar.text),
        _ => false,
    }
}

/// Whether a plain scalar may be read as a number or a boolean.
fn is_other_than_text(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | '-' | '+' | '_' | ':' | 'x' | 'o' | 'X' | 'O');
    let first = text.trim_start_matches(['-', '+', '.']).chars().next();
    let is_number =
        first.is_some_and(|c| c.is_ascii_digit()) && text.chars().all(digits) && text.matches('.').count() < 2;
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan"];
    is_number || words.contains(&text.to_lowercase().as_str())
}

/// A replacement, or the path of a file that has some.
fn replacement(item: &Node) -> Text {
    match item.get("path") {
        Some(path) => Text::File(named_at(path)),
        None => Text::Inline(vec![item.clone()]),
    }
}

/// Text of a node as documents, or the path that it is.
fn text(item: &Node) -> Option<Text> {
    let documents = documents_of(item).unwrap_or_default();
    if documents.iter().any(Node::is_mapping) {
        Some(Text::Inline(documents))
    } else {
        item.text().map(|_| Text::File(named_at(item)))
    }
}

fn documents_of(node: &Node) -> Result<Vec<Node>, String> {
    let text = node.text().unwrap_or_default();
    match &node.value {
        Value::Scalar(Scalar { kind: ScalarKind::Block(Some(line)), .. }) => yaml::documents(text, &node.file, *line),
        _ => yaml::documents_on(node.line, text, &node.file),
    }
}

fn named(list: &Node) -> Vec<Named> {
    list.items().iter().filter(|item| item.text().is_some()).map(named_at).collect()
}

fn named_at(node: &Node) -> Named {
    Named { path: node.text().unwrap_or_default().to_owned(), line: node.line }
}
