//! A repository that is written in parts: a host for the whole file, an organization, a name.
//! This module must not decide what is written.

#![deny(clippy::disallowed_methods)]

use std::cell::RefCell;
use std::collections::HashMap;

use super::super::document::{Document, Node};
use super::fields::Fields;
use super::key::Key;
use crate::image::Repository;

const REGISTRY: &str = "imageRegistry";

/// The registries that the mappings of a file give to the images below them, each mapping searched only once.
pub(super) struct Registries<'d, 't> {
    document: &'d Document<'t>,
    known: RefCell<HashMap<Node, Given>>,
}

/// What one mapping gives.
#[derive(Clone, Copy, Default)]
struct Given {
    /// `imageRegistry`.
    own: Option<Node>,
    /// `global.imageRegistry`, which charts put in place of any other.
    global: Option<Node>,
}

impl<'d, 't> Registries<'d, 't> {
    pub(super) fn new(document: &'d Document<'t>) -> Self {
        Self { document, known: RefCell::default() }
    }

    /// The nearest `global.imageRegistry` above a mapping.
    pub(super) fn global(&self, mapping: Node) -> Option<Node> {
        self.above(mapping).find_map(|given| given.global)
    }

    /// Whether the parts that a mapping and the file have, joined by `/`, are a repository.
    ///
    /// A repository without any registry is Docker Hub's, so a single part counts only behind one.
    pub(super) fn join_to(&self, fields: &Fields<'d, 't>, wanted: &Repository) -> bool {
        let is_wanted = |text: &str| Repository::parse(text).is_ok_and(|named| named.is_same_as(wanted));
        let part = |key: Key| fields.text(key).map(|text| text.trim_matches('/'));
        let given = self.above(fields.mapping).flat_map(|given| [given.global, given.own]);
        let given = given.flatten().map(|node| self.document.value(node).trim_matches('/'));
        let registries: Vec<&str> = given.chain(part(Key::Registry)).collect();
        let (organization, name) = (part(Key::Organization), part(Key::Name));
        let repository = part(Key::Repository).or_else(|| part(Key::Image));
        let paths = [
            [None, repository, None],
            [organization, repository, None],
            [None, repository, name],
            [organization, None, name],
            [organization, repository, name],
            [None, None, name],
        ];
        let paths = paths.iter().map(|parts| parts.iter().flatten().copied().collect::<Vec<_>>());
        paths.filter(|parts| !parts.is_empty()).any(|parts| {
            let path = parts.join("/");
            let behind = |registry: &str| {
                let is_repeated = path.strip_prefix(registry).is_some_and(|rest| rest.starts_with('/'));
                is_wanted(&if is_repeated { path.clone() } else { format!("{registry}/{path}") })
            };
            let is_whole = parts.len() > 1 && part(Key::Registry).is_none();
            registries.iter().any(|registry| behind(registry)) || is_whole && is_wanted(&path)
        })
    }

    /// The repository that a mapping without a host and the file name together, as far as nobody knows which is wanted.
    pub(super) fn joined(&self, fields: &Fields<'d, 't>) -> Option<Repository> {
        let repository = fields.joined(Key::Repository)?;
        if Repository::parse(&repository).ok()?.written_host().is_some() {
            return None;
        }
        let registry = self.above(fields.mapping).find_map(|given| given.global.or(given.own));
        let registry = registry.map(|node| self.document.value(node));
        let parts = [registry, fields.text(Key::Organization), Some(&repository)];
        let parts: Vec<&str> = parts.into_iter().flatten().map(|part| part.trim_matches('/')).collect();
        Repository::parse(&parts.join("/")).ok()
    }

    /// What the mapping and those around it give, the nearest first.
    fn above(&self, mapping: Node) -> impl Iterator<Item = Given> + '_ {
        let around = std::iter::successors(Some(mapping), |node| self.document.parent(*node));
        around.map(|node| *self.known.borrow_mut().entry(node).or_insert_with(|| self.given(node)))
    }

    fn given(&self, mapping: Node) -> Given {
        let document = self.document;
        let mut given = Given::default();
        for (key, value) in document.pairs(mapping) {
            match document.value(key) {
                REGISTRY => given.own = self.text(value),
                "global" => {
                    let found = document.get(document.resolve(value), REGISTRY);
                    given.global = found.and_then(|value| self.text(value));
                }
                _ => {}
            }
        }
        given
    }

    fn text(&self, value: Node) -> Option<Node> {
        let value = self.document.resolve(value);
        (self.document.is_scalar(value) && !self.document.is_blank(value)).then_some(value)
    }
}
