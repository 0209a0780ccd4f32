//! The texts of a file, for somebody who looks for something else than images; this module must not change one.

#![deny(clippy::disallowed_methods)]

use super::reading;

/// Every text of a file with its line; none of a file that is no YAML.
pub fn scalars(bytes: &[u8]) -> Vec<(usize, String)> {
    let Some(document) = std::str::from_utf8(bytes).ok().and_then(|text| reading::read(text).ok()) else {
        return Vec::new();
    };
    let scalars = document.nodes().filter(|node| document.is_scalar(*node));
    scalars.map(|node| (document.line_of(node), document.value(node).to_owned())).collect()
}
