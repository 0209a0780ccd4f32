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
        /// The text before.
        before: String,
        /// The text behind it.
        after: String,
        /// Whether the entry gives it a tag, a digest or a suffix, and not just a name.
        versioned: bool,
    },
    /// An object of `transformers:` matches it.
    Transformed {
        /// The kustomization that names the transformer.
        layer: String,
        /// The file in which the transformer is written.
        file: String,
        /// Its line there, from 1.
        line: usize,
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
            Self::Entry { versioned, .. } | Self::Transformed { versioned, .. } => *versioned,
            Self::Seen { .. } => false,
        }
    }

    /// The text behind the step.
    pub fn text(&self) -> &str {
        match self {
            Self::Written { text, .. } | Self::Patched { text, .. } | Self::Seen { text, .. } => text,
            Self::Entry { after, .. } | Self::Transformed { after, .. } => after,
        }
    }
}
