//! The keys that may say which image is meant, or give its version; this module must not read a value.

#![deny(clippy::disallowed_methods)]

/// A key that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::edit) enum Key {
    Registry,
    Repository,
    Name,
    Image,
    Tag,
    Digest,
    Sha,
    Sha256,
    NewName,
    NewTag,
    TagSuffix,
    ImageTag,
    Version,
    Semver,
    Organization,
}

/// The keys and how they are written, in the order of [`Key`].
pub(super) const NAMES: [&str; 15] = [
    "registry",
    "repository",
    "name",
    "image",
    "tag",
    "digest",
    "sha",
    "sha256",
    "newName",
    "newTag",
    "tagSuffix",
    "imageTag",
    "version",
    "semver",
    "organization",
];

impl Key {
    /// The keys under which charts have a digest; behind `sha` and `sha256` templates write `@sha256:` themselves.
    pub(in crate::edit) const DIGESTS: [Self; 3] = [Self::Digest, Self::Sha, Self::Sha256];

    pub(in crate::edit) fn as_str(self) -> &'static str {
        NAMES[self as usize]
    }
}
