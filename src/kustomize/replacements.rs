//! `replacements`: a value of one object copied into fields of others. This module must not know where a replacement is
//! written, and says what it can't follow.

#![deny(clippy::disallowed_methods)]

use super::images::split;
use super::node::{Node, Value};
use super::object::{Id, Object, Selector};
use super::step::Step;

/// The most fields that one replacement reaches.
const MAX_FIELDS: usize = 10_000;

/// The longest text that is copied; an image is shorter.
const LONGEST: usize = 4096;

/// Stands for a value that is copied, to tell what of an image it becomes.
const MARK: &str = "mark";

/// Which part of a text is meant.
struct Part<'n> {
    delimiter: &'n str,
    index: i64,
}

/// The replacements of a document: it is one, or a list of them.
pub(super) fn each(document: &Node) -> &[Node] {
    if document.is_sequence() { document.items() } else { std::slice::from_ref(document) }
}

/// How many fields of one object a replacement reaches, wildcards aside.
pub(super) fn reach(replacement: &Node) -> usize {
    let targets = replacement.get("targets").map(Node::items).unwrap_or_default();
    targets.iter().filter_map(|target| target.get("fieldPaths")).map(|paths| 1 + paths.items().len()).sum()
}

/// Applies a replacement; an error is what Kustomize refuses, or what is not worked out.
pub(super) fn apply(replacement: &Node, layer: &str, objects: &mut [Object]) -> Result<(), String> {
    only(replacement, &["source", "targets"])?;
    let value = source(replacement.get("source").ok_or("a replacement has no source")?, objects)?;
    let targets = replacement.get("targets").map(Node::items).unwrap_or_default();
    for target in targets {
        only(target, &["select", "fieldPaths", "options"])?;
        let select = target.get("select").ok_or("a target of a replacement selects nothing")?;
        only(select, &["group", "version", "kind", "name"])?;
        let selector = Selector::read(select)?;
        let part = part(target.get("options"))?;
        let paths = target.get("fieldPaths").map(Node::items).unwrap_or_default();
        if paths.is_empty() {
            return Err("a replacement of names is not evaluated".to_owned());
        }
        for object in objects.iter_mut().filter(|object| selector.picks(object)) {
            for path in paths {
                let mut fields = Vec::new();
                find(&mut object.node, &keys(path.text().unwrap_or_default())?, &mut fields)?;
                for field in fields {
                    write(field, &value, part.as_ref(), (layer, path))?;
                }
            }
        }
    }
    Ok(())
}

/// The text that is copied.
fn source(source: &Node, objects: &[Object]) -> Result<String, String> {
    only(source, &["group", "version", "kind", "name", "namespace", "fieldPath", "options"])?;
    let is = |key: &str, own: &str| matches!(source.text_at(key), "") || source.text_at(key) == own;
    let is_named = |id: &Id| {
        is("group", &id.group)
            && is("version", &id.version)
            && is("kind", &id.kind)
            && is("name", &id.name)
            && is("namespace", &id.namespace)
    };
    let mut picked = objects.iter().filter(|object| is_named(&object.id()) || object.previous.iter().any(is_named));
    let (Some(object), None) = (picked.next(), picked.next()) else {
        return Err("the source of a replacement is not one object".to_owned());
    };
    let path = match source.text_at("fieldPath") {
        "" => "metadata.name",
        path => path,
    };
    let mut node = object.node.clone();
    let mut fields = Vec::new();
    find(&mut node, &keys(path)?, &mut fields)?;
    let [field] = fields.as_slice() else { return Err("the source of a replacement is not one field".to_owned()) };
    let text =
        field.text().filter(|text| text.len() <= LONGEST).ok_or("the source of a replacement is not a short string")?;
    let Some(part) = part(source.get("options"))? else { return Ok(text.to_owned()) };
    let index = usize::try_from(part.index).map_err(|_| "the options of a replacement are not evaluated")?;
    let found = text.split(part.delimiter).nth(index);
    found
        .map(str::to_owned)
        .ok_or_else(|| "the source of a replacement has fewer parts than its index needs".to_owned())
}

fn part(options: Option<&Node>) -> Result<Option<Part<'_>>, String> {
    let Some(options) = options.filter(|options| !options.is_null()) else { return Ok(None) };
    only(options, &["delimiter", "index"])?;
    let index = match options.text_at("index") {
        "" => Ok(0),
        text => text.parse().map_err(|_| "the index of a replacement is not a number".to_owned()),
    };
    let delimiter = options.text_at("delimiter");
    Ok(if delimiter.is_empty() { None } else { Some(Part { delimiter, index: index? }) })
}

/// Refuses keys that are not worked out.
fn only(node: &Node, known: &[&str]) -> Result<(), String> {
    match node.pairs().iter().find(|(key, value)| !known.contains(&key.as_str()) && !value.is_null()) {
        Some((key, _)) => Err(format!("{key} in a replacement is not evaluated")),
        None => Ok(()),
    }
}

/// The keys of a path: `spec.containers.[name=web].image`.
fn keys(path: &str) -> Result<Vec<String>, String> {
    let mut keys = vec![String::new()];
    let mut is_inside = false;
    for c in path.chars() {
        match (c, keys.last_mut()) {
            ('\\', _) => return Err("a replacement path with `\\` is not evaluated".to_owned()),
            ('.', _) if !is_inside => keys.push(String::new()),
            (c, Some(key)) => {
                is_inside = (is_inside || c == '[') && c != ']';
                key.push(c);
            }
            (_, None) => {}
        }
    }
    if keys.iter().any(String::is_empty) { Err(format!("`{path}` is not a path of a replacement")) } else { Ok(keys) }
}

/// What stands at a path, and must.
fn find<'n>(node: &'n mut Node, keys: &[String], found: &mut Vec<&'n mut Node>) -> Result<(), String> {
    let Some((key, rest)) = keys.split_first() else {
        found.push(node);
        return if found.len() > MAX_FIELDS { Err("a replacement reaches too many fields".to_owned()) } else { Ok(()) };
    };
    let missing = || format!("the field {key} of a replacement does not exist");
    let wanted = key.strip_prefix('[').and_then(|key| key.strip_suffix(']')).and_then(|key| key.split_once('='));
    match (&mut node.value, wanted) {
        (Value::Mapping(pairs), None) => {
            let below = pairs.iter_mut().find(|(own, _)| own == key).map(|(_, value)| value).ok_or_else(missing)?;
            find(below, rest, found)
        }
        (Value::Sequence(items), Some((name, text))) => {
            let before = found.len();
            for item in items.iter_mut().filter(|item| item.text_at(name) == text) {
                find(item, rest, found)?;
            }
            if found.len() == before { Err(missing()) } else { Ok(()) }
        }
        (Value::Sequence(items), None) => {
            if key == "*" && !items.is_empty() {
                return items.iter_mut().try_for_each(|item| find(item, rest, found));
            }
            let item = key.parse().ok().and_then(|at: usize| items.get_mut(at)).ok_or_else(missing)?;
            find(item, rest, found)
        }
        _ => Err(missing()),
    }
}

fn write(field: &mut Node, value: &str, part: Option<&Part<'_>>, (layer, path): (&str, &Node)) -> Result<(), String> {
    let before = field.text().ok_or("a replacement overwrites a value that is not a string")?.to_owned();
    let with = |value: &str| part.map_or_else(|| value.to_owned(), |part| part.put(&before, value));
    let (text, marked) = (with(value), with(MARK));
    let version = |text| (split(text).tag.to_owned(), split(text).digest.to_owned());
    let step = Step::Replaced {
        layer: layer.to_owned(),
        file: path.file.to_string(),
        line: path.line,
        text: text.clone(),
        versioned: part.is_none() || version(&marked) != version(&before),
    };
    field.record(step, Some(text));
    Ok(())
}

impl Part<'_> {
    /// A text with another part; beyond its ends the part is added.
    fn put(&self, text: &str, value: &str) -> String {
        let mut parts: Vec<&str> = text.split(self.delimiter).collect();
        match usize::try_from(self.index).ok() {
            None => parts.insert(0, value),
            Some(index) => match parts.get_mut(index) {
                Some(own) => *own = value,
                None => parts.push(value),
            },
        }
        parts.join(self.delimiter)
    }
}
