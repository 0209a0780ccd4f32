//! The images that the literal texts of a file name as YAML: in parts, where no search for the name finds them. This module
//! must not decide which of them are said.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::super::document::{Document, Node, Shape, Style};
use super::super::listing;
use super::super::nested::Nested;
use super::super::{Holding, Kind};
use crate::image::Repository;

/// What the texts hold that name one of the repositories' paths and that nobody else looks through.
pub(super) fn holdings(
    document: &Document<'_>,
    repositories: &[&Repository],
    is_said_elsewhere: impl Fn(Node) -> bool,
) -> Vec<Holding> {
    let paths: Vec<String> = repositories.iter().map(|repository| repository.path()).collect();
    if !paths.iter().any(|path| document.text.contains(path)) {
        return Vec::new();
    }
    let names = |text: Node| paths.iter().any(|path| document.value(text).contains(path));
    let texts = document.nodes().filter(|node| document.shape(*node) == Shape::Scalar(Style::Block));
    texts.filter(|text| names(*text) && !is_said_elsewhere(*text)).flat_map(|text| list(document, text)).collect()
}

/// What one text holds; nothing where it is no YAML.
fn list(document: &Document<'_>, text: Node) -> Vec<Holding> {
    let Ok(nested) = Nested::of(document, text) else { return Vec::new() };
    let Ok(inner) = nested.read(HashMap::new()) else { return Vec::new() };
    listing::list(&inner, &Kind::Helm { path: None }).unwrap_or_default()
}
