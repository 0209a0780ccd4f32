//! Helm values that are written in layers inside one object, and which layer wins: Argo CD's `parameters` over `valuesObject`,
//! with which `values` is ignored, else over `values`; k3s's `set` over `valuesContent`.
//! This module must not decide what is written.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::super::address::{below, path_of};
use super::super::document::{Above, Document, Node};
use super::super::path::{Segment, behind};
use super::fields::Fields;
use super::finder::Finder;
use super::key::Key;
use super::source::{Parameter, ValueLayers, sources};
use super::text_layer::Lower;

/// The keys of a mapping that parameters may set one by one.
const KEYS: [Key; 8] =
    [Key::Registry, Key::Repository, Key::Name, Key::Image, Key::Tag, Key::Digest, Key::Sha, Key::Sha256];

/// All that is said in layers in a file.
pub(in crate::edit) struct Layers<'d, 't> {
    document: &'d Document<'t>,
    finder: Finder<'d, 't>,
    sources: Vec<ValueLayers>,
    /// The source of each `valuesObject` that has parameters above it.
    objects: HashMap<Node, usize>,
    /// The sources of the texts.
    texts: HashMap<Node, usize>,
    /// The tags among the parameters, and the digests without a tag in any layer, by their values.
    versions: HashMap<Node, Version>,
    /// The values of parameters, by their items.
    values: HashMap<Node, Node>,
}

/// A tag among the parameters, or a digest that stands alone.
struct Version {
    source: usize,
    /// The path of the mapping whose version it sets.
    holder: Vec<Segment>,
    /// What the text below says of that mapping.
    lower: Lower,
}

/// What sets values from above.
enum Upper<'a> {
    Parameters(&'a ValueLayers),
    /// The layers around this text.
    Around(&'a HashMap<String, Above>),
}

impl<'d, 't> Layers<'d, 't> {
    pub(super) fn of(document: &'d Document<'t>) -> Self {
        let sources = sources(document);
        let mut layers = Self {
            document,
            finder: Finder::new(document),
            objects: HashMap::new(),
            texts: HashMap::new(),
            versions: HashMap::new(),
            values: HashMap::new(),
            sources: Vec::new(),
        };
        for (number, source) in sources.iter().enumerate() {
            layers.texts.extend(source.text.map(|text| (text, number)));
            if source.parameters.is_empty() {
                continue;
            }
            layers.objects.extend(source.object.map(|object| (object, number)));
            let own = source.parameters.values().filter(|parameter| !parameter.is_file);
            layers.values.extend(own.map(|parameter| (parameter.item, parameter.value)));
            layers.versions.extend(versions((document, &layers.finder), number, source));
        }
        Self { sources, ..layers }
    }

    /// The texts that hold values and are not ignored, in the order of the file.
    pub(super) fn texts(&self) -> impl Iterator<Item = Node> + '_ {
        self.sources.iter().filter(|source| source.object.is_none()).filter_map(|source| source.text)
    }

    /// The value that a parameter sets, for its item.
    pub(super) fn value_of(&self, item: Node) -> Option<Node> {
        self.values.get(&item).copied()
    }

    /// What wins over the values of a text, by their paths.
    pub(super) fn above(&self, text: Node) -> HashMap<String, Above> {
        let source = self.source_of(text);
        let parameters = source.into_iter().flat_map(|source| &source.parameters);
        parameters.map(|(path, parameter)| (path.clone(), self.as_above(parameter.value))).collect()
    }

    /// What wins over a value, over the tag of a mapping, or over a whole text.
    pub(super) fn over(&self, node: Node) -> Option<Above> {
        if let Some(object) = self.source_of(node).and_then(|source| source.object) {
            return Some(self.as_above(object));
        }
        let (path, upper) = self.upper(node)?;
        let over = |path: &str| match upper {
            Upper::Parameters(source) => Some(self.as_above(source.parameters.get(path)?.value)),
            Upper::Around(above) => above.get(path).cloned(),
        };
        if !self.document.is_mapping(node) {
            return over(&behind("", &path));
        }
        // A digest decides about a mapping in which it would stand alone.
        let is_alone = || Fields::of(self.document, node).effective(Key::Tag).is_none();
        over(&at(&path, Key::Tag))
            .or_else(|| digests(&path).find_map(|path| over(&path)).filter(|over| !over.text.is_empty() && is_alone()))
    }

    /// The digest that wins over the tag of a mapping, or over a tag among the parameters, and stands in another layer than
    /// can be written together with it.
    pub(super) fn digest_over(&self, node: Node) -> Option<Above> {
        if let Some(tag) = self.versions.get(&node) {
            let source = self.sources.get(tag.source)?;
            return tag
                .lower
                .digest
                .clone()
                .filter(|_| digests(&tag.holder).all(|path| !source.parameters.contains_key(&path)));
        }
        let (path, upper) = self.upper(node).filter(|_| self.document.is_mapping(node))?;
        let Upper::Around(above) = upper else { return None };
        let mut said = digests(&path).filter_map(|path| above.get(&path)).filter(|above| !above.text.is_empty());
        said.next().cloned()
    }

    /// Gives a mapping's fields what the layers above set.
    pub(super) fn complete(&self, mut fields: Fields<'d, 't>) -> Fields<'d, 't> {
        let Some((path, upper)) = self.upper(fields.mapping) else { return fields };
        match upper {
            Upper::Parameters(source) => overlay(&mut fields, &path, source),
            Upper::Around(above) => {
                let said = |key| above.get(&at(&path, key)).map(|above| above.text.clone());
                let (registry, repository) = (said(Key::Registry), said(Key::Repository));
                if registry.is_some() || repository.is_some() {
                    fields.lend(registry, repository);
                }
            }
        }
        fields
    }

    /// The mapping whose tag a parameter sets, with what each layer says of it: by the parameter's value.
    pub(super) fn set_by(&self, value: Node) -> Option<Fields<'d, 't>> {
        let tag = self.versions.get(&value)?;
        let source = self.sources.get(tag.source)?;
        let mapping = source.object.and_then(|object| self.finder.mapping(object, &tag.holder));
        let item = self.document.parent(value).unwrap_or(value);
        let mut fields =
            mapping.map_or_else(|| Fields::none(self.document, item), |mapping| Fields::of(self.document, mapping));
        overlay(&mut fields, &tag.holder, source);
        if tag.lower.registry.is_some() || tag.lower.repository.is_some() {
            let own = |key: Key| fields.text(key).map(str::to_owned);
            let registry = own(Key::Registry).or_else(|| tag.lower.registry.clone());
            let repository = own(Key::Repository).or_else(|| tag.lower.repository.clone());
            fields.lend(registry, repository);
        }
        Some(fields)
    }

    /// The layers above a node, and its path in its own; none for what an alias may use elsewhere, with other layers above it.
    fn upper(&self, node: Node) -> Option<(Vec<Segment>, Upper<'_>)> {
        let document = self.document;
        let around_this = &document.origin.above;
        if self.objects.is_empty() && around_this.is_empty() {
            return None;
        }
        let mut top = node;
        loop {
            if document.record(top).anchored {
                return None;
            }
            if let Some(source) = self.objects.get(&top) {
                let source = self.sources.get(*source)?;
                return Some((below(document, Some(top), node), Upper::Parameters(source)));
            }
            match document.parent(top) {
                Some(parent) => top = parent,
                None if around_this.is_empty() => return None,
                None => return Some((below(document, None, node), Upper::Around(around_this))),
            }
        }
    }

    /// The layers of a text that is used nowhere else.
    fn source_of(&self, text: Node) -> Option<&ValueLayers> {
        let source = self.texts.get(&text).filter(|_| !self.document.record(text).anchored)?;
        self.sources.get(*source)
    }

    fn as_above(&self, node: Node) -> Above {
        Above {
            text: self.document.value(self.document.resolve(node)).to_owned(),
            place: path_of(self.document, node),
            line: self.document.line_of(node),
        }
    }
}

/// The parameters of a source that set a version.
fn versions(
    (document, finder): (&Document<'_>, &Finder<'_, '_>),
    number: usize,
    source: &ValueLayers,
) -> Vec<(Node, Version)> {
    let all = source.parameters.values().filter_map(|parameter| Some((parameter, parameter.holder_of_version()?)));
    let text = source.text.filter(|_| source.object.is_none());
    let holders = all.clone().map(|(_, (holder, _))| holder);
    let mut lower = text.map(|text| Lower::all(document, text, holders)).unwrap_or_default();
    let has_tag = |holder: &[Segment]| {
        let mapping = source.object.and_then(|object| finder.mapping(object, holder));
        let own = mapping.map(|mapping| Fields::of(document, mapping));
        source.parameters.contains_key(&at(holder, Key::Tag))
            || own.is_some_and(|own| own.effective(Key::Tag).is_some())
    };
    let mut versions = Vec::new();
    for (parameter, (holder, is_tag)) in all {
        let path = behind("", holder);
        let is_alone = || !has_tag(holder) && !lower.get(&path).is_some_and(|lower| lower.has_tag);
        if is_tag || is_alone() {
            let lower = lower.remove(&path).unwrap_or_default();
            versions.push((parameter.value, Version { source: number, holder: holder.to_vec(), lower }));
        }
    }
    versions
}

/// Puts the parameters that set a mapping's keys in the place of what stands there.
fn overlay(fields: &mut Fields<'_, '_>, path: &[Segment], source: &ValueLayers) {
    for key in KEYS {
        if let Some(Parameter { value, twice, is_file: false, .. }) = source.parameters.get(&at(path, key)) {
            fields.overlay(key, *value, *twice);
        }
    }
}

fn at(path: &[Segment], key: Key) -> String {
    behind(&behind("", path), &[Segment::Key(key.as_str().to_owned())])
}

fn digests(path: &[Segment]) -> impl Iterator<Item = String> + '_ {
    Key::DIGESTS.into_iter().map(|key| at(path, key))
}
