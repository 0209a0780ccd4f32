//! A node of a YAML file as the index has it: what it is, how it is written and where; this module must not know the text.

#![deny(clippy::disallowed_methods)]

/// A node's place in the index, in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node(pub(super) u32);

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar(Style),
    Sequence(CollectionStyle),
    Mapping(CollectionStyle),
    Alias,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Nothing is written; the node reads as null.
    Empty,
    Plain,
    Single,
    Double,
    /// Literal or folded.
    Block,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CollectionStyle {
    Block,
    Flow,
}

/// What is known of one node. Offsets are bytes; anchors and tags lie outside `start..end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The enclosing collection; the node itself for a root.
    pub(super) parent: Node,
    /// The first node behind this one and all it holds.
    pub(super) after: u32,
    /// The position among the parent's children; in a mapping, keys are even and values odd.
    pub(super) ordinal: u32,
    /// An alias's target; a scalar's decoded text, counted from 1, when it isn't what is written.
    pub(super) extra: u32,
    /// The tag, counted from 1.
    pub(super) tag: u32,
    pub(super) shape: Shape,
    pub(super) depth: u8,
    pub(super) anchored: bool,
    /// Whether the node is a mapping's key or inside one.
    pub(super) in_key: bool,
}
