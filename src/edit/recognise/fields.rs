//! The keys of a mapping that may say which image is meant; this module must not decide what is written.

#![deny(clippy::disallowed_methods)]

use super::super::document::{Document, Node, Shape};
use super::super::error::{Outcome, Reason};
use super::super::plan::IMAGES;
use super::key::{Key, NAMES};
use super::name::{Certainty, Name};
use super::object;
use crate::image::{Digest, Reference, Repository, Tag};

/// What a SHA-256 begins with.
pub(super) const SHA256: &str = "sha256:";

/// The values of a mapping's keys that matter.
pub(in crate::edit) struct Fields<'d, 't> {
    document: &'d Document<'t>,
    pub(in crate::edit) mapping: Node,
    own: [Option<Node>; NAMES.len()],
    /// The first key that is there twice: the second one, the value of the first and their name.
    duplicate: Option<(Node, Node, &'static str)>,
    merges: bool,
    /// Whether it stands in a list of entries, whatever it has.
    is_listed: bool,
    /// The whole name of the repository, where another text has a part of it.
    lent: Option<String>,
}

impl<'d, 't> Fields<'d, 't> {
    /// A mapping of which nothing is known.
    pub(in crate::edit) fn none(document: &'d Document<'t>, mapping: Node) -> Self {
        let own = [None; NAMES.len()];
        Self { document, mapping, own, duplicate: None, merges: false, is_listed: false, lent: None }
    }

    pub(in crate::edit) fn of(document: &'d Document<'t>, mapping: Node) -> Self {
        let mut fields = Self::none(document, mapping);
        for (key, value) in document.pairs(mapping) {
            let text = document.value(document.resolve(key));
            fields.merges |= text == "<<";
            let Some(at) = NAMES.iter().position(|name| *name == text) else {
                continue;
            };
            match fields.own[at] {
                // These are never written.
                Some(_) if at >= Key::ImageTag as usize => {}
                Some(first) => fields.duplicate = fields.duplicate.or(Some((key, first, NAMES[at]))),
                None => fields.own[at] = Some(value),
            }
        }
        fields
    }

    /// An item of a kustomization's own list.
    pub(in crate::edit) fn of_entry(document: &'d Document<'t>, mapping: Node) -> Self {
        Self { is_listed: true, ..Self::of(document, mapping) }
    }

    /// Takes a value that another layer sets in the place of the mapping's own. `twice` is what sets it a second time.
    pub(in crate::edit) fn overlay(&mut self, key: Key, value: Node, twice: Option<Node>) {
        self.own[key as usize] = Some(value);
        let twice = twice.map(|twice| (twice, value, key.as_str()));
        self.duplicate = self.duplicate.or(twice);
    }

    /// Takes the parts of the repository's name that another text has.
    pub(in crate::edit) fn lend(&mut self, registry: Option<String>, repository: Option<String>) {
        let own = |key: Key| self.text(key).map(str::to_owned);
        let registry = registry.or_else(|| own(Key::Registry));
        let repository = repository.or_else(|| own(Key::Repository));
        self.lent = repository.map(|repository| match registry {
            Some(registry) => format!("{}/{repository}", registry.trim_end_matches('/')),
            None => repository,
        });
    }

    /// The value written under the key in this mapping itself; an alias stays one.
    pub(in crate::edit) fn own(&self, name: Key) -> Option<Node> {
        self.own[name as usize]
    }

    /// The value that a merge key brings, when the mapping has none of its own.
    pub(in crate::edit) fn merged(&self, name: Key) -> Option<Node> {
        if self.merges && self.own(name).is_none() { merged(self.document, self.mapping, name.as_str()) } else { None }
    }

    /// The value as a reader of the file gets it, aliases followed and merge keys applied.
    pub(in crate::edit) fn effective(&self, name: Key) -> Option<Node> {
        self.own(name).or_else(|| self.merged(name)).map(|node| self.document.resolve(node))
    }

    /// The effective value's text, when it is a scalar and not blank.
    pub(in crate::edit) fn text(&self, name: Key) -> Option<&'d str> {
        self.scalar(name).map(|node| self.document.value(node))
    }

    pub(in crate::edit) fn scalar(&self, name: Key) -> Option<Node> {
        let node = self.effective(name)?;
        (self.document.is_scalar(node) && !self.document.is_blank(node)).then_some(node)
    }

    /// Refuses a mapping in which a key that matters is there twice.
    pub(in crate::edit) fn refuse_duplicates(&self) -> Outcome<()> {
        match self.duplicate {
            None => Ok(()),
            Some((key, first, name)) => {
                let first = self.document.line_of(first);
                self.document.refuse(key, Reason::Duplicated { key: name.to_owned(), first })
            }
        }
    }

    /// The text of the repository that `registry` and this key name together.
    ///
    /// Charts put a `registry` before any `repository`, also before one with the host that a mirror has in its path.
    pub(in crate::edit) fn joined(&self, name: Key) -> Option<String> {
        let path = self.text(name)?;
        let registry = self.text(Key::Registry).filter(|_| name == Key::Repository || !has_host(path));
        Some(match registry {
            Some(registry) => format!("{}/{path}", registry.trim_end_matches('/')),
            None => path.to_owned(),
        })
    }

    /// What the mapping may be an image of, the surest first. A `repository` leaves no doubt; an `image` and a `name` may.
    pub(in crate::edit) fn names(&self) -> impl Iterator<Item = Name> + '_ {
        let keys = if self.is_artifact() { &[] } else { self.named_by(true) };
        self.located().into_iter().chain(keys.iter().filter_map(|key| self.name(*key)))
    }

    /// The same of a mapping that nobody pointed at: an `image` or a `name` counts only beside a `tag` or a digest, and
    /// without a version of its own.
    pub(in crate::edit) fn claims(&self) -> Vec<Name> {
        if let Some(name) = self.located() {
            return vec![name];
        }
        let keys = self.named_by(self.own(Key::Tag).is_some() || self.has_digest_alone()).iter();
        keys.filter_map(|key| self.name(*key)).filter(Name::is_bare).collect()
    }

    /// Whether it is the `spec.ref` of a Flux `OCIRepository`, whose repository is the `url` beside it.
    pub(in crate::edit) fn is_artifact(&self) -> bool {
        object::artifact_url(self.document, self.mapping).is_some()
    }

    fn located(&self) -> Option<Name> {
        let node = object::artifact_url(self.document, self.mapping)?;
        let text = object::in_oci_url(self.document.value(node))?.to_owned();
        let repository = Repository::parse(&text).ok();
        Some(Name { node, text, repository, certainty: Certainty::Certain })
    }

    /// The digest that the mapping has beside its tag: its value, and the text with its algorithm.
    ///
    /// Another word under `digest` itself is what the mapping has: no `sha` stands in for it.
    pub(in crate::edit) fn digest(&self) -> Option<(Node, String)> {
        let (key, text) = Key::DIGESTS.into_iter().find_map(|key| {
            let text = self.text(key)?;
            let is_whole = key == Key::Digest || text.starts_with(SHA256);
            let whole = if is_whole { text.to_owned() } else { format!("{SHA256}{text}") };
            (key == Key::Digest || Digest::parse(&whole).is_ok()).then_some((key, whole))
        })?;
        let node = self.own(key).or_else(|| self.merged(key))?;
        Digest::parse(&text).is_ok().then_some((node, text))
    }

    /// Whether the mapping names its image by a digest and has no tag, nor what seems to be one: it keeps to that.
    pub(in crate::edit) fn has_digest_alone(&self) -> bool {
        self.digest().is_some() && self.effective(self.tag_key()).is_none() && self.tag_elsewhere().is_none()
    }

    /// Whether the surest name is this repository's.
    pub(in crate::edit) fn is_of(&self, repository: &Repository) -> bool {
        self.names().next().is_some_and(|name| name.is(repository))
    }

    /// The keys that say which image is meant.
    fn named_by(&self, is_loose: bool) -> &'static [Key] {
        match () {
            () if self.is_entry() && self.text(Key::NewName).is_some() => &[Key::NewName],
            () if self.is_entry() => &[Key::Name],
            () if self.lent.is_some() || self.text(Key::Repository).is_some() => &[Key::Repository],
            () if is_loose => &[Key::Image, Key::Name],
            () => &[],
        }
    }

    fn name(&self, key: Key) -> Option<Name> {
        if let Some(text) = self.lent.clone().filter(|_| key == Key::Repository) {
            let repository = Repository::parse(&text).ok();
            return Some(Name { node: self.mapping, text, repository, certainty: Certainty::Certain });
        }
        let node = self.scalar(key)?;
        let held = self.document.value(node);
        if self.is_entry() && key == Key::Name {
            // Kustomize itself writes `name: REPOSITORY:TAG`, and matches that tag alone.
            let repository = Reference::parse(held).ok().map(|named| named.repository);
            let text = repository.as_ref().map_or(held, Repository::as_str).to_owned();
            return Some(Name { node, text, repository, certainty: Certainty::Certain });
        }
        let text = if self.is_entry() { held.to_owned() } else { self.joined(key)? };
        if self.is_entry() || key == Key::Repository {
            let repository = Repository::parse(&text).ok();
            return Some(Name { node, text, repository, certainty: Certainty::Certain });
        }
        let repository = Reference::parse(&text).ok()?.repository;
        let has_slash = repository.as_str().contains('/');
        let certainty = match key {
            Key::Image if has_slash => Certainty::Certain,
            Key::Name if held.contains('/') && repository.written_host().is_some() => Certainty::Certain,
            Key::Name if !has_slash => Certainty::Possible,
            _ => Certainty::Likely,
        };
        Some(Name { node, text, repository: Some(repository), certainty })
    }

    /// Whether the mapping is an entry in any file: a named item of `images:` with a new tag or a new name, or in a
    /// document that says it is a kustomization.
    pub(in crate::edit) fn is_entry(&self) -> bool {
        let document = self.document;
        if object::is_image_transformer(document, self.mapping) {
            return true;
        }
        let list = || document.parent(self.mapping).filter(|list| document.is_sequence(*list));
        let has_new = || self.own(Key::NewTag).is_some() || self.own(Key::NewName).is_some();
        self.is_listed
            || self.own(Key::Name).is_some()
                && list().and_then(|list| document.key_text(list)) == Some(IMAGES)
                && (has_new() || object::is_in_kustomization(document, self.mapping))
    }

    /// The key of the version.
    pub(in crate::edit) fn tag_key(&self) -> Key {
        if self.is_entry() { Key::NewTag } else { Key::Tag }
    }

    /// Refuses an entry with a suffix, which would be added to the new tag too, and make it one that was never pushed.
    pub(in crate::edit) fn refuse_suffix(&self) -> Outcome<()> {
        match self.effective(Key::TagSuffix) {
            Some(suffix) if !self.document.is_blank(suffix) => self.document.refuse(suffix, Reason::TagSuffix),
            _ => Ok(()),
        }
    }

    /// Refuses an artifact whose version Flux looks for itself: a tag beside that would mean nothing.
    pub(in crate::edit) fn refuse_semver(&self) -> Outcome<()> {
        match self.scalar(Key::Semver) {
            Some(semver) => self.document.refuse(semver, Reason::Semver),
            None => Ok(()),
        }
    }

    /// What seems to be the tag of a mapping without a `tag`: the value of `imageTag`, or of a `version` that has the
    /// form of a tag, beside a `repository`.
    pub(in crate::edit) fn tag_elsewhere(&self) -> Option<Node> {
        let is_scalar = |node: &Node| self.document.is_scalar(*node);
        let has_repository = self.text(Key::Repository).is_some();
        if self.effective(Key::Tag).is_some() || !(has_repository || self.text(Key::Image).is_some()) {
            return None;
        }
        let is_tag = |node: &Node| Tag::parse(self.document.value(*node)).is_ok();
        let version = || self.scalar(Key::Version).filter(|node| has_repository && is_tag(node));
        self.effective(Key::ImageTag).filter(is_scalar).or_else(version)
    }
}

/// Whether a reference names its own host.
fn has_host(text: &str) -> bool {
    Reference::parse(text).is_ok_and(|reference| reference.repository.written_host().is_some())
}

/// The value of a key that a mapping has only through `<<`, the first merged mapping first.
pub(in crate::edit) fn merged(document: &Document<'_>, mapping: Node, key: &str) -> Option<Node> {
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
    document.get(mapping, key).or_else(|| merged(document, mapping, key))
}
