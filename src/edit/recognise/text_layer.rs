//! What a text of Helm values says below the parameters that win over it; this module must not look for places.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::super::address::path_of;
use super::super::document::{Above, Document, Node};
use super::super::nested::Nested;
use super::super::path::{Segment, behind};
use super::digest;
use super::fields::Fields;
use super::finder::Finder;
use super::key::Key;

/// What a mapping of the text says of its image.
#[derive(Default)]
pub(super) struct Lower {
    pub(super) registry: Option<String>,
    pub(super) repository: Option<String>,
    /// A digest, and where it stands.
    pub(super) digest: Option<Above>,
    pub(super) has_tag: bool,
}

impl Lower {
    /// What the text says at each of these paths; nothing where it can't be read.
    pub(super) fn all<'p>(
        document: &Document<'_>,
        text: Node,
        paths: impl Iterator<Item = &'p [Segment]>,
    ) -> HashMap<String, Self> {
        let Ok(nested) = Nested::of(document, text) else { return HashMap::new() };
        let Ok(inner) = nested.read(HashMap::new()) else { return HashMap::new() };
        let Some(root) = inner.roots.first() else { return HashMap::new() };
        let finder = Finder::new(&inner);
        let lower = |path: &'p [Segment]| Some((behind("", path), Self::of(&inner, finder.mapping(*root, path)?)));
        paths.filter_map(lower).collect()
    }

    fn of(inner: &Document<'_>, mapping: Node) -> Self {
        let fields = Fields::of(inner, mapping);
        let text = |key| fields.text(key).map(str::to_owned);
        let said = Key::DIGESTS.into_iter().find_map(|key| {
            let node = fields.scalar(key).filter(|node| digest::may_hold(inner, key, *node))?;
            Some(Above { text: inner.value(node).to_owned(), place: path_of(inner, node), line: inner.line_of(node) })
        });
        Self {
            registry: text(Key::Registry),
            repository: text(Key::Repository),
            digest: said,
            has_tag: fields.effective(Key::Tag).is_some(),
        }
    }
}
