//! The keys of a mapping that may say which image is meant; this module must not decide what is written.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node, Shape};
use super::error::{Outcome, Reason};
use crate::image::{Reference, Repository, Tag};

/// A key that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
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
}

const NAMES: [(Key, &str); 13] = [
    (Key::Registry, "registry"),
    (Key::Repository, "repository"),
    (Key::Name, "name"),
    (Key::Image, "image"),
    (Key::Tag, "tag"),
    (Key::Digest, "digest"),
    (Key::Sha, "sha"),
    (Key::Sha256, "sha256"),
    (Key::NewName, "newName"),
    (Key::NewTag, "newTag"),
    (Key::TagSuffix, "tagSuffix"),
    (Key::ImageTag, "imageTag"),
    (Key::Version, "version"),
];

impl Key {
    pub(super) fn as_str(self) -> &'static str {
        NAMES[self as usize].1
    }
}

/// The values of a mapping's keys that matter.
pub(super) struct Fields<'d, 't> {
    document: &'d Document<'t>,
    pub(super) mapping: Node,
    own: [Option<Node>; NAMES.len()],
    /// The first key that is there twice, and where it was first.
    duplicate: Option<(Node, Key)>,
    merges: bool,
}

impl<'d, 't> Fields<'d, 't> {
    pub(super) fn of(document: &'d Document<'t>, mapping: Node) -> Self {
        let mut fields = Self { document, mapping, own: [None; NAMES.len()], duplicate: None, merges: false };
        for (key, value) in document.pairs(mapping) {
            let text = document.value(document.resolve(key));
            fields.merges |= text == "<<";
            let Some((name, _)) = NAMES.iter().find(|(_, name)| *name == text) else {
                continue;
            };
            match &mut fields.own[*name as usize] {
                // These are never written.
                Some(_) if matches!(name, Key::ImageTag | Key::Version) => {}
                Some(_) => fields.duplicate = fields.duplicate.or(Some((key, *name))),
                empty => *empty = Some(value),
            }
        }
        fields
    }

    /// The value written under the key in this mapping itself; an alias stays one.
    pub(super) fn own(&self, name: Key) -> Option<Node> {
        self.own[name as usize]
    }

    /// The value that a merge key brings, when the mapping has none of its own.
    pub(super) fn merged(&self, name: Key) -> Option<Node> {
        if self.merges && self.own(name).is_none() { merged(self.document, self.mapping, name.as_str()) } else { None }
    }

    /// The value as a reader of the file gets it, aliases followed and merge keys applied.
    pub(super) fn effective(&self, name: Key) -> Option<Node> {
        self.own(name).or_else(|| self.merged(name)).map(|node| self.document.resolve(node))
    }

    /// The effective value's text, when it is a scalar and not blank.
    pub(super) fn text(&self, name: Key) -> Option<&'d str> {
        self.scalar(name).map(|node| self.document.value(node))
    }

    fn scalar(&self, name: Key) -> Option<Node> {
        let node = self.effective(name)?;
        let is_scalar = matches!(self.document.shape(node), Shape::Scalar(_));
        (is_scalar && !self.document.is_blank(node)).then_some(node)
    }

    /// Refuses a mapping in which a key that matters is there twice.
    pub(super) fn refuse_duplicates(&self) -> Outcome<()> {
        let Some((key, name)) = self.duplicate else {
            return Ok(());
        };
        let first = self.own(name).unwrap_or(key);
        self.document
            .refuse(key, Reason::Duplicated { key: name.as_str().to_owned(), first: self.document.line_of(first) })
    }

    /// The text of the repository that `registry` and this key name together.
    ///
    /// Charts put a `registry` before any `repository`, also before one with the host that a mirror has in its path.
    pub(super) fn joined(&self, name: Key) -> Option<String> {
        let path = self.text(name)?;
        let registry = self.text(Key::Registry).filter(|_| name == Key::Repository || !has_host(path));
        Some(match registry {
            Some(registry) => format!("{}/{path}", registry.trim_end_matches('/')),
            None => path.to_owned(),
        })
    }

    /// The repository that the mapping names for certain: its `repository`; an `image` with a slash in it, or a
    /// `name` with a slash and a host, which are no mere names.
    pub(super) fn repository(&self) -> Option<String> {
        let parsed = |name| Some(Reference::parse(&self.joined(name)?).ok()?.repository);
        let image = || parsed(Key::Image).filter(|image| image.as_str().contains('/'));
        let name = || {
            self.text(Key::Name).filter(|name| name.contains('/'))?;
            parsed(Key::Name).filter(|name| name.written_host().is_some())
        };
        self.joined(Key::Repository).or_else(|| image().or_else(name).map(|repository| repository.to_string()))
    }

    /// What seems to be the tag of a mapping without a `tag`: the value of `imageTag`, or of a `version` that has the
    /// form of a tag, beside a `repository`.
    pub(super) fn tag_elsewhere(&self) -> Option<Node> {
        let is_scalar = |node: &Node| matches!(self.document.shape(*node), Shape::Scalar(_));
        let has_repository = self.text(Key::Repository).is_some();
        if self.effective(Key::Tag).is_some() || !(has_repository || self.text(Key::Image).is_some()) {
            return None;
        }
        let is_tag = |node: &Node| Tag::parse(self.document.value(*node)).is_ok();
        let version = || self.scalar(Key::Version).filter(|node| has_repository && is_tag(node));
        self.effective(Key::ImageTag).filter(is_scalar).or_else(version)
    }

    /// Whether `registry` and this key together name the repository.
    pub(super) fn names(&self, name: Key, repository: &Repository) -> bool {
        self.joined(name)
            .and_then(|text| Repository::parse(&text).ok())
            .is_some_and(|named| named.is_same_as(repository))
    }

    /// What a Kustomize entry's image is called in the end: `newName`, else `name`.
    pub(super) fn effective_name(&self) -> Option<&'d str> {
        self.text(Key::NewName).or_else(|| self.text(Key::Name))
    }
}

/// Whether a reference names its own host.
fn has_host(text: &str) -> bool {
    Reference::parse(text).is_ok_and(|reference| reference.repository.written_host().is_some())
}

/// The `registry` of the mapping in which a value stands.
pub(super) fn registry_beside<'d>(document: &'d Document<'_>, node: Node) -> Option<&'d str> {
    let mapping = document.parent(node).filter(|parent| document.is_mapping(*parent))?;
    let known = document.registries.borrow().get(&mapping).copied();
    let registry = known.unwrap_or_else(|| {
        let registry = Fields::of(document, mapping).scalar(Key::Registry);
        document.registries.borrow_mut().insert(mapping, registry);
        registry
    });
    registry.map(|registry| document.value(registry))
}

/// The value of a key that a mapping has only through `<<`, the first merged mapping first.
pub(super) fn merged(document: &Document<'_>, mapping: Node, key: &str) -> Option<Node> {
    document.pairs(mapping).filter(|(name, _)| document.value(*name) == "<<").find_map(|(_, source)| {
        let source = document.resolve(source);
        match document.shape(source) {
            Shape::Mapping(_) => value(document, source, key),
            Shape::Sequence(_) => {
                document.children(source).find_map(|item| value(document, document.resolve(item), key))
            }
            _ => None,
        }
    })
}

// The recursion ends within the nesting bound, which counts aliases too.
fn value(document: &Document<'_>, mapping: Node, key: &str) -> Option<Node> {
    document
        .pairs(mapping)
        .find(|(name, _)| document.value(document.resolve(*name)) == key)
        .map(|(_, value)| value)
        .or_else(|| merged(document, mapping, key))
}
