//! What `kustomize build` does with a tree that was read, as far as it decides about images: layer by layer, inside out. This
//! module must not read a file, and says what it can't follow.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::gap::Gap;
use super::images::{Matcher, each_container, each_visit, record_names};
use super::json_patch::{is_json_patch, most_made};
use super::layer::{Entry, Layer, Named, Patch, Text, entry};
use super::node::Node;
use super::object::{Object, Selector, id_of};
use super::patches::{merge_by_name, patch_selected, rename};
use super::paths::{self, Border};
use super::reading::{AtPath, Tree};
use super::replacements;
use super::step::Step;
use super::yaml::size;

/// The most objects of one build.
const MAX_OBJECTS: usize = 20_000;

/// The most layers that are gone through: a base counts each time that it is named.
const MAX_VISITS: usize = 2_000;

/// The most values that a build copies: each resource as often as it is named, each patch for each object that it is for.
const MAX_COPIED: usize = 2_000_000;

/// A build that is going on.
pub(super) struct Build<'t> {
    tree: &'t Tree,
    /// A layer's entries in place of those that are written.
    instead: Option<(&'t str, &'t [Entry])>,
    /// The layers that are open, from the outermost on.
    open: Vec<&'t str>,
    visits: usize,
    copied: usize,
    /// Where the resources have an image: file and line.
    pub(super) written: BTreeSet<(String, usize)>,
    pub(super) gaps: Vec<Gap>,
}

impl<'t> Build<'t> {
    pub(super) fn new(tree: &'t Tree, instead: Option<(&'t str, &'t [Entry])>) -> Self {
        let written = BTreeSet::new();
        Self { tree, instead, open: Vec::new(), visits: 0, copied: 0, written, gaps: tree.gaps.clone() }
    }

    /// The objects that the tree's first kustomization builds.
    pub(super) fn run(&mut self) -> Vec<Object> {
        let mut objects = Vec::new();
        let file = match self.tree.at_path(&self.tree.start) {
            Some(AtPath::Directory(file)) => file,
            Some(AtPath::Nothing(why)) => {
                self.gaps.push(Gap::new(&self.tree.start, 1, *why));
                return objects;
            }
            _ => {
                self.gaps.push(Gap::new(&self.tree.start, 1, "it was not read"));
                return objects;
            }
        };
        self.layer(file, &mut objects);
        objects.retain(|object| !object.is_local());
        objects
    }

    fn gap(&mut self, file: &str, line: usize, why: impl Into<String>) {
        let gap = Gap::new(file, line, why);
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    fn layer(&mut self, file: &'t str, objects: &mut Vec<Object>) {
        let Some(layer) = self.tree.layers.get(file) else {
            return;
        };
        self.visits += 1;
        if self.visits > MAX_VISITS || objects.len() > MAX_OBJECTS {
            return self.gap(file, 1, "it is not read: the tree is too large");
        }
        for gap in &layer.gaps {
            self.gap(&gap.file, gap.line, gap.why.as_str());
        }
        self.open.push(file);
        for named in &layer.resources {
            self.resource(file, named, objects);
        }
        for stand_in in &layer.generated {
            self.generated(stand_in, objects);
        }
        for named in &layer.components {
            self.component(file, named, objects);
        }
        self.transform(file, layer, objects);
        self.open.pop();
    }

    /// The path that a layer means, and what is there; what is not there is said.
    fn at_path(&mut self, file: &str, named: &Named) -> Option<(String, &'t AtPath)> {
        let tree = self.tree;
        let path = match paths::below(paths::directory(file), &named.path, Border::Anywhere) {
            Ok(path) => path,
            Err(why) => {
                self.gap(file, named.line, format!("{}: {why}", named.path));
                return None;
            }
        };
        match tree.at_path(&path) {
            Some(AtPath::Nothing(why)) => self.gap(file, named.line, format!("{}: {why}", named.path)),
            None => self.gap(file, named.line, format!("{}: it was not read", named.path)),
            Some(at_path) => return Some((path, at_path)),
        }
        None
    }

    fn resource(&mut self, file: &'t str, named: &Named, objects: &mut Vec<Object>) {
        match self.at_path(file, named) {
            Some((_, AtPath::Directory(inner))) if self.enters(file, named, inner) => {
                let mut below = Vec::new();
                self.layer(inner, &mut below);
                for object in below {
                    self.append(object, (file, named.line), objects);
                }
            }
            Some((path, AtPath::File(documents))) => {
                self.require_inside(file, named, &path);
                match documents.as_ref() {
                    Ok(documents) => {
                        let known = objects.len();
                        for document in documents {
                            self.document(document, objects);
                        }
                        for object in objects.iter_mut().skip(known) {
                            let mut see = |_: &str, image: &mut Node| {
                                self.written.insert((image.file.to_string(), image.line));
                            };
                            each_visit(&mut object.node, &mut see);
                        }
                    }
                    Err(why) => self.gap(&path, 1, format!("it is not valid YAML: {why}")),
                }
            }
            _ => {}
        }
    }

    fn component(&mut self, file: &'t str, named: &Named, objects: &mut Vec<Object>) {
        match self.at_path(file, named) {
            Some((_, AtPath::Directory(inner))) if self.enters(file, named, inner) => self.layer(inner, objects),
            Some((_, AtPath::File(_))) => self.gap(file, named.line, format!("{}: it is not a directory", named.path)),
            _ => {}
        }
    }

    /// Kustomize enters no directory that the way has led through, nor one above it.
    fn enters(&mut self, file: &str, named: &Named, inner: &str) -> bool {
        let directory = paths::directory(inner);
        let is_circle = self.open.iter().any(|open| paths::is_in(paths::directory(open), directory));
        if is_circle {
            self.gap(file, named.line, format!("{}: it includes itself", named.path));
        }
        !is_circle
    }

    /// Without `--load-restrictor LoadRestrictionsNone` Kustomize refuses a file from outside.
    fn require_inside(&mut self, file: &str, named: &Named, path: &str) {
        if !paths::is_in(path, paths::directory(file)) {
            self.gap(file, named.line, format!("{}: the file is outside of the kustomization's directory", named.path));
        }
    }

    /// Counts what is about to be copied; false when that is too much.
    fn may_copy(&mut self, values: usize, (file, line): (&str, usize)) -> bool {
        self.copied = self.copied.saturating_add(values);
        if self.copied > MAX_COPIED {
            self.gap(file, line, "it is not read: the tree is too large");
        }
        self.copied <= MAX_COPIED
    }

    fn document(&mut self, document: &Node, objects: &mut Vec<Object>) {
        let is_empty = document.is_null() || (document.is_mapping() && document.pairs().is_empty());
        if is_empty {
            return;
        }
        let kind = document.text_at("kind");
        if kind.ends_with("List") && document.get("items").is_some() {
            for item in document.get("items").into_iter().flat_map(Node::items) {
                self.document(item, objects);
            }
        } else if kind.is_empty() || (id_of(document).name.is_empty() && !kind.ends_with("List")) {
            self.gap(&document.file, document.line, "Kustomize requires an object with kind and metadata.name");
        } else {
            let place = (&*document.file, document.line);
            if self.may_copy(size(document), place) {
                self.append(Object::new(document.clone()), place, objects);
            }
        }
    }

    fn generated(&mut self, stand_in: &Node, objects: &mut Vec<Object>) {
        let id = id_of(stand_in);
        if objects.iter().any(|object| object.is_called(&id)) {
            self.gap(&stand_in.file, stand_in.line, format!("the generated {} {} already exists", id.kind, id.name));
        }
        objects.push(Object::new(stand_in.clone()));
    }

    fn append(&mut self, object: Object, (file, line): (&str, usize), objects: &mut Vec<Object>) {
        let id = object.id();
        if objects.iter().any(|other| other.id().is(&id)) {
            self.gap(file, line, format!("{} {} is defined twice, which Kustomize refuses", id.kind, id.name));
        }
        if objects.len() < MAX_OBJECTS {
            objects.push(object);
        } else {
            self.gap(file, line, "it is not read: the tree is too large");
        }
    }

    fn transform(&mut self, file: &'t str, layer: &'t Layer, objects: &mut Vec<Object>) {
        for patch in &layer.patches {
            self.patch(file, patch, objects);
        }
        rename(layer, objects);
        for patch in &layer.patches_6902 {
            if patch.target.as_ref().is_none_or(|target| target.text_at("name").is_empty()) {
                self.gap(file, patch.line, "a patch of patchesJson6902 names no object");
            }
            if !self.documents(file, &patch.text).iter().all(is_json_patch) {
                self.gap(file, patch.line, "a patch of patchesJson6902 is not a JSON patch");
            }
            self.patch(file, patch, objects);
        }
        self.images(file, layer, objects);
        for text in &layer.replacements {
            self.replace(file, text, objects);
        }
        for transformer in &layer.transformers {
            for document in self.documents(file, transformer) {
                self.transformer(file, &document, objects);
            }
        }
    }

    fn replace(&mut self, file: &str, text: &Text, objects: &mut [Object]) {
        for item in self.documents(file, text).iter().flat_map(replacements::each) {
            let copied = replacements::reach(item).saturating_mul(objects.len());
            if self.may_copy(copied, (file, item.line))
                && let Err(why) = replacements::apply(item, file, objects)
            {
                self.gap(&item.file, item.line, why);
            }
        }
    }

    fn images(&mut self, file: &'t str, layer: &'t Layer, objects: &mut [Object]) {
        let entries = match self.instead {
            Some((of, entries)) if of == file => entries,
            _ => &layer.images,
        };
        record_names(objects.iter_mut().map(|object| &mut object.node), file);
        for (index, entry) in entries.iter().enumerate() {
            let step = |before: &str, after: &str| Step::Entry {
                layer: file.to_owned(),
                index,
                line: entry.line,
                before: before.to_owned(),
                after: after.to_owned(),
                versioned: entry.is_versioned(),
            };
            match Matcher::new(entry) {
                Ok(matcher) => objects.iter_mut().for_each(|object| {
                    each_visit(&mut object.node, &mut |_, image| matcher.change(image, &step));
                }),
                Err(why) => self.gap(file, entry.line, why),
            }
        }
    }

    fn transformer(&mut self, layer: &str, document: &Node, objects: &mut [Object]) {
        let is_images =
            document.text_at("kind") == "ImageTagTransformer" && document.text_at("apiVersion") == "builtin";
        let tag = document.get("imageTag").filter(|tag| tag.is_mapping());
        let (true, Some(tag)) = (is_images && document.get("fieldSpecs").is_none(), tag) else {
            let what = document.text_at("kind");
            let why = format!("the transformer {what} is not evaluated");
            return self.gap(&document.file, document.line, why);
        };
        let entry = entry(tag);
        let step = |before: &str, after: &str| Step::Transformed {
            layer: layer.to_owned(),
            file: tag.file.to_string(),
            line: tag.line,
            last: tag.pairs().iter().map(|(_, value)| value.line).max().unwrap_or(tag.line),
            before: before.to_owned(),
            after: after.to_owned(),
            versioned: entry.is_versioned(),
        };
        match Matcher::new(&entry) {
            Ok(matcher) => objects.iter_mut().for_each(|object| {
                each_container(&mut object.node, &mut |_, image| matcher.change(image, &step));
            }),
            Err(why) => self.gap(&tag.file, tag.line, why),
        }
    }

    /// The documents of a text that a layer has inline or names.
    fn documents(&mut self, file: &str, text: &Text) -> Vec<Node> {
        let documents = match text {
            Text::Inline(documents) => documents.clone(),
            Text::File(named) => match self.at_path(file, named) {
                Some((path, AtPath::File(documents))) => {
                    self.require_inside(file, named, &path);
                    match documents.as_ref() {
                        Ok(documents) => documents.clone(),
                        Err(why) => {
                            self.gap(&path, 1, format!("it is not valid YAML: {why}"));
                            Vec::new()
                        }
                    }
                }
                Some(_) => {
                    self.gap(file, named.line, format!("{}: a directory at this place is not evaluated", named.path));
                    Vec::new()
                }
                None => Vec::new(),
            },
        };
        documents.into_iter().filter(|document| !document.is_null()).collect()
    }

    fn patch(&mut self, file: &str, patch: &Patch, objects: &mut Vec<Object>) {
        let documents = self.documents(file, &patch.text);
        let is_json = documents.iter().any(is_json_patch);
        let has_options = patch.options.as_ref().is_some_and(|options| !options.is_null());
        let selector = patch.target.as_ref().and_then(|target| Selector::read(target).ok());
        let picked = selector.map_or(1, |selector| objects.iter().filter(|object| selector.picks(object)).count());
        let made: usize = documents.iter().map(most_made).sum();
        if !self.may_copy(made.saturating_mul(picked), (file, patch.line)) {
            return;
        }
        let result = match &patch.target {
            _ if has_options => Err("the options of a patch are not evaluated".to_owned()),
            _ if documents.is_empty() => Err("a patch is empty".to_owned()),
            None if is_json => Err("a JSON patch has no target".to_owned()),
            Some(_) if documents.len() > 1 => Err("several patches have one target".to_owned()),
            None => documents.iter().try_for_each(|document| merge_by_name(document, file, objects)),
            Some(target) => Selector::read(target).and_then(|selector| {
                documents.iter().try_for_each(|document| patch_selected(&selector, document, file, objects))
            }),
        };
        if let Err(why) = result {
            self.gap(file, patch.line, why);
        }
    }
}
