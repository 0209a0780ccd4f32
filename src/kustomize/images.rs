//! What an entry of `images:` does to the text of an image, and where images are in an object: exactly as Kustomize 5 does
//! it. This module must not know where an entry comes from.

#![deny(clippy::disallowed_methods)]

use std::fmt::Write as _;

use regex_lite::{Regex, RegexBuilder};

use super::layer::Entry;
use super::node::{Node, Value};
use super::step::Step;

/// The most memory that one expression may need; a name with a tag needs some hundred bytes.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// An entry that is ready to match.
pub(super) struct Matcher<'e> {
    entry: &'e Entry,
    pattern: Regex,
}

impl<'e> Matcher<'e> {
    pub(super) fn new(entry: &'e Entry) -> Result<Self, String> {
        // The expression is not put into brackets, so that `a|b` is anchored at one end only, as in Kustomize.
        let behind = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$";
        Ok(Self { entry, pattern: regex(&format!("^{}{behind}", entry.name), &entry.name)? })
    }

    pub(super) fn matches(&self, image: &str) -> bool {
        self.pattern.is_match(image)
    }

    /// Changes an image that the entry matches, with the step that this is.
    pub(super) fn change(&self, image: &mut Node, step: &impl Fn(&str, &str) -> Step) {
        let before = image.text().unwrap_or_default().to_owned();
        if let Some(after) = self.apply(&before) {
            image.record(step(&before, &after), Some(after));
        }
    }

    /// What an image becomes; nothing when the entry does not match.
    fn apply(&self, image: &str) -> Option<String> {
        if !self.matches(image) {
            return None;
        }
        let parts = split(image);
        let name = self.entry.new_name.as_deref().unwrap_or(parts.name);
        let (tag, digest) = match (&self.entry.new_tag, &self.entry.digest, &self.entry.tag_suffix) {
            (Some(tag), Some(digest), _) => (tag.clone(), digest.as_str()),
            (Some(tag), None, _) => (tag.clone(), ""),
            (None, Some(digest), _) => (String::new(), digest.as_str()),
            (None, None, Some(suffix)) => (format!("{}{suffix}", parts.tag), ""),
            (None, None, None) => (parts.tag.to_owned(), parts.digest),
        };
        let tag = if tag.is_empty() { String::new() } else { format!(":{tag}") };
        let digest = if digest.is_empty() { String::new() } else { format!("@{digest}") };
        Some(format!("{name}{tag}{digest}"))
    }
}

impl Entry {
    /// Whether the entry gives an image a tag, a digest or a suffix, and not just a name.
    pub fn is_versioned(&self) -> bool {
        self.new_tag.is_some() || self.digest.is_some() || self.tag_suffix.is_some()
    }

    /// Whether the entry matches the text of an image; not if its name is no regular expression.
    pub fn matches(&self, image: &str) -> bool {
        Matcher::new(self).is_ok_and(|matcher| matcher.matches(image))
    }
}

/// An image's text in its parts, as Kustomize cuts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'t> {
    /// Host and path.
    pub name: &'t str,
    /// The tag; empty without one.
    pub tag: &'t str,
    /// The digest; empty without one.
    pub digest: &'t str,
}

/// Cuts an image's text as Kustomize does.
pub fn split(image: &str) -> Parts<'_> {
    let path = image.find('/').filter(|slash| *slash > 0).unwrap_or(0);
    let find = |c: char| image.get(path..).and_then(|rest| rest.find(c)).map(|at| at + path);
    let cut = |from: usize, to: usize| image.get(from..to).unwrap_or_default();
    let end = image.len();
    match (find('@'), find(':')) {
        (None, None) => Parts { name: image, tag: "", digest: "" },
        (Some(at), colon) if colon.is_none_or(|colon| at < colon) => {
            Parts { name: cut(0, at), tag: "", digest: cut(at + 1, end) }
        }
        (Some(at), Some(colon)) => Parts { name: cut(0, colon), tag: cut(colon + 1, at), digest: cut(at + 1, end) },
        (_, Some(colon)) => Parts { name: cut(0, colon), tag: cut(colon + 1, end), digest: "" },
        (Some(at), None) => Parts { name: cut(0, at), tag: "", digest: cut(at + 1, end) },
    }
}

/// Compiles an expression. Go's syntax is that of the crate, but for what no image's name has.
pub(super) fn regex(pattern: &str, shown: &str) -> Result<Regex, String> {
    // What Go reads otherwise than the crate: operations on sets, and flags.
    let has_set = pattern.contains('[') && ["&&", "--", "~~"].iter().any(|operator| pattern.contains(operator));
    if has_set || pattern.replace("(?:", "").contains("(?") {
        return Err(format!("the regular expression `{shown}` is not evaluated"));
    }
    let built = RegexBuilder::new(pattern).size_limit(MAX_REGEX_BYTES).build();
    built.map_err(|_| format!("`{shown}` is not a supported regular expression"))
}

/// Notes what each image of some objects is called where a layer's entries see it.
pub(super) fn record_names<'n>(objects: impl Iterator<Item = &'n mut Node>, layer: &str) {
    for object in objects {
        let mut seen = String::new();
        each_visit(object, &mut |path, image| {
            let is_noted = matches!(image.history().last(), Some(Step::Seen { layer: last, .. }) if last == layer);
            // The second visit of the standard places sees the same image again.
            if seen != path && !is_noted {
                let text = image.text().unwrap_or_default().to_owned();
                image.record(Step::Seen { layer: layer.to_owned(), text }, None);
            }
            path.clone_into(&mut seen);
        });
    }
}

/// Calls for every image of an object with the path of keys that leads there. An image of the standard places is visited
/// twice, since Kustomize runs two filters over them (a suffix is added twice).
pub(super) fn each_visit(object: &mut Node, visit: &mut impl FnMut(&str, &mut Node)) {
    each_container(object, visit);
    if object.text_at("kind") == "CustomResourceDefinition" {
        return;
    }
    for prefix in [&["spec"][..], &["spec", "template", "spec"]] {
        let pod = prefix.iter().try_fold(&mut *object, |node, key| node.get_mut(key));
        let Some(pod) = pod else { continue };
        let path = prefix.join(".");
        for list in ["containers", "initContainers"] {
            items(pod, list, &path, |path, item| image_of(item, path, visit));
        }
        items(pod, "volumes", &path, |path, volume| {
            let Some(reference) = volume.get_mut("image").and_then(|image| image.get_mut("reference")) else { return };
            visit(&format!("{path}.image.reference"), reference);
        });
    }
}

/// Calls for the image of every container once: all that a transformer without `fieldSpecs` reaches.
pub(super) fn each_container(object: &mut Node, visit: &mut impl FnMut(&str, &mut Node)) {
    if object.text_at("kind") != "CustomResourceDefinition" {
        walk(object, &mut String::new(), visit);
    }
}

fn walk(node: &mut Node, path: &mut String, visit: &mut impl FnMut(&str, &mut Node)) {
    let length = path.len();
    match &mut node.value {
        Value::Mapping(pairs) => {
            for (key, value) in pairs {
                path.push_str(if length == 0 { "" } else { "." });
                path.push_str(key);
                walk(value, path, visit);
                if let ("containers" | "initContainers", Value::Sequence(list)) = (key.as_str(), &mut value.value) {
                    for (number, item) in list.iter_mut().enumerate() {
                        image_of(item, &format!("{path}[{number}]"), visit);
                    }
                }
                path.truncate(length);
            }
        }
        Value::Sequence(items) => {
            for (number, item) in items.iter_mut().enumerate() {
                let _ = write!(path, "[{number}]");
                walk(item, path, visit);
                path.truncate(length);
            }
        }
        Value::Scalar(_) => {}
    }
}

fn items(pod: &mut Node, key: &str, path: &str, mut each: impl FnMut(&str, &mut Node)) {
    if let Some(Value::Sequence(items)) = pod.get_mut(key).map(|list| &mut list.value) {
        for (number, item) in items.iter_mut().enumerate() {
            each(&format!("{path}.{key}[{number}]"), item);
        }
    }
}

fn image_of(container: &mut Node, path: &str, visit: &mut impl FnMut(&str, &mut Node)) {
    if let Some(image) = container.get_mut("image").filter(|image| image.text().is_some()) {
        visit(&format!("{path}.image"), image);
    }
}
