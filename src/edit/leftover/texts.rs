//! The images that the literal texts of a file name as YAML: in parts, where no search for the name finds them. This module
//! must not decide which of them are said.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::super::document::{Document, Node, Shape, Style};
use super::super::listing;
use super::super::nested::Nested;
use super::super::{Holding, Kind};
use crate::image::Repository;

/// How many texts of a file are looked through: each is read as YAML, only for a warning.
const MOST: usize = 500;

/// What the first texts hold that name one of the repositories' paths and that nobody else looks through.
pub(super) fn holdings(
    document: &Document<'_>,
    repositories: &[&Repository],
    is_said_elsewhere: impl Fn(Node) -> bool,
) -> impl Iterator<Item = Holding> {
    let paths: Vec<String> = repositories.iter().map(|repository| repository.path()).collect();
    let is_named = paths.iter().any(|path| document.text.contains(path));
    let texts = document.nodes().filter(|node| document.shape(*node) == Shape::Scalar(Style::Block));
    let names = move |text: &Node| paths.iter().any(|path| document.value(*text).contains(path));
    let named = texts.take_while(move |_| is_named).filter(names).filter(move |text| !is_said_elsewhere(*text));
    named.take(MOST).flat_map(|text| list(document, text))
}

/// What one text holds; nothing where it is no YAML.
fn list(document: &Document<'_>, text: Node) -> Vec<Holding> {
    let Ok(nested) = Nested::of(document, text) else { return Vec::new() };
    let Ok(inner) = nested.read(HashMap::new()) else { return Vec::new() };
    listing::list(&inner, &Kind::Helm { path: None }).unwrap_or_default()
}
