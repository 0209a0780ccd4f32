//! Where the tag of an image that is named without one can come from; this module must not look for it.

#![deny(clippy::disallowed_methods)]

/// Where the tag of an image that is named without one can come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagSource {
    /// `--create` adds it.
    Create,
    /// It is there, in the mapping in which the place stands.
    Beside,
    /// `--create` adds it, asked for the mapping in which the place stands.
    Mapping,
    /// It seems to be there, under another key than `tag`.
    Elsewhere(Box<TagPlace>),
    /// The user.
    Nowhere,
}

/// Where a tag seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPlace {
    /// The key.
    pub key: String,
    /// The path of its value.
    pub path: String,
}
