//! What happens to an image between the file in which it is written and the build's output, one step after the other.

#![deny(clippy::disallowed_methods)]

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is written in a resource.
    Written {
        /// The file.
        file: String,
        /// The line there, from 1.
        line: usize,
        /// The text.
        text: String,
    },
    /// A patch writes it.
    Patched {
        /// The kustomization that applies the patch.
        layer: String,
        /// The file in which the patch has it.
        file: String,
        /// The line there, from 1.
        line: usize,
        /// The text.
        text: String,
    },
    /// The `images:` entries of a layer see it. This step changes nothing.
    Seen {
        /// The kustomization.
        layer: String,
        /// The text.
        text: String,
    },
    /// An entry of `images:` matches it, whether that changes the text or not.
    Entry {
        /// The kustomization.
        layer: String,
        /// Which entry, from 0.
        index: usize,
        /// The entry's line, from 1; 0 for one that is not written yet.
        line: usize,
        /// The text before.
        before: String,
        /// The text behind it.
        after: String,
        /// Whether the entry gives it a tag, a digest or a suffix, and not just a name.
        versioned: bool,
    },
    /// A replacement writes it, or a part of it.
    Replaced {
        /// The kustomization that has the replacement.
        layer: String,
        /// The file in which the replacement is written.
        file: String,
        /// The line of its path there, from 1.
        line: usize,
        /// The text behind it.
        text: String,
        /// Whether it gives a tag or a digest, and not just a part of the name.
        versioned: bool,
    },
    /// An object of `transformers:` matches it.
    Transformed {
        /// The kustomization that names the transformer.
        layer: String,
        /// The file in which the transformer is written.
        file: String,
        /// The first line of its image there, from 1.
        line: usize,
        /// The last one.
        last: usize,
        /// The text before.
        before: String,
        /// The text behind it.
        after: String,
        /// Whether it gives a tag, a digest or a suffix, and not just a name.
        versioned: bool,
    },
}

impl Step {
    /// Whether the step gives the image its tag or digest, the same as before or another one.
    pub fn decides(&self) -> bool {
        match self {
            Self::Written { .. } | Self::Patched { .. } => true,
            Self::Entry { versioned, .. } | Self::Replaced { versioned, .. } | Self::Transformed { versioned, .. } => {
                *versioned
            }
            Self::Seen { .. } => false,
        }
    }

    /// The file and the line where the step is written.
    pub fn place(&self) -> (&str, usize) {
        match self {
            Self::Written { file, line, .. }
            | Self::Patched { file, line, .. }
            | Self::Replaced { file, line, .. }
            | Self::Transformed { file, line, .. } => (file, *line),
            Self::Entry { layer, line, .. } => (layer, *line),
            Self::Seen { layer, .. } => (layer, 1),
        }
    }

    /// What the step is, for a message.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Written { .. } => "the resource",
            Self::Patched { .. } => "a patch",
            Self::Seen { .. } => "a kustomization",
            Self::Entry { .. } => "an images entry",
            Self::Replaced { .. } => "a replacement",
            Self::Transformed { .. } => "a transformer",
        }
    }

    /// The text behind the step.
    pub fn text(&self) -> &str {
        match self {
            Self::Written { text, .. }
            | Self::Patched { text, .. }
            | Self::Replaced { text, .. }
            | Self::Seen { text, .. } => text,
            Self::Entry { after, .. } | Self::Transformed { after, .. } => after,
        }
    }
}
