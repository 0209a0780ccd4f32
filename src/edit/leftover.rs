//! Where a file still names a wanted image after its edit, and why that stays; this module must not change anything.
//!
//! It looks at the text of the result, so whatever was written names the wanted tag and is none of its business. Comments
//! are none, nor are keys, nor places that somebody else writes: an image by itself that no target names.

#![deny(clippy::disallowed_methods)]

mod texts;

use super::address::path_of;
use super::document::{Document, Node, Shape, Style};
use super::error::{Reason, shown};
use super::mention::{Mention, Version, mentions};
use super::nested::Nested;
use super::recognise::{Recogniser, Scope, Spelling};
use super::sops;
use super::{Holding, Job, Kind, Wanted};
use crate::image::{Digest, Repository, Tag};

/// How many are named of one file.
const MOST: usize = 20;

/// How far around a `repository:` in a text its `tag:` is looked for, in lines.
const NEAR: usize = 8;

/// A wanted image that the file names and that is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Which of the wanted images.
    pub image: usize,
    /// The line after the edit, from 1.
    pub line: usize,
    /// What is named there.
    named: String,
    /// The PATH of the value that has it.
    path: String,
    why: Why,
}

/// Why it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    /// A part of a longer text.
    Text,
    /// What a refusal says of such a value, too: another program replaces it, Flux looks for its version, SOPS encrypts it.
    Refused(Reason),
    /// What stands behind the name is no tag.
    NoTag,
    /// A single word with a colon outside a container.
    Word,
    /// Upper-case letters.
    Case,
    /// No version is there.
    Untagged,
    /// A chart's dependency.
    Dependency,
}

impl Leftover {
    /// Whether it is worth a warning where the edit has succeeded: the others say only why nothing matches.
    pub fn is_half_an_update(&self) -> bool {
        match &self.why {
            Why::Text | Why::NoTag => true,
            Why::Refused(reason) => reason.is_expression(),
            Why::Word | Why::Case | Why::Untagged | Why::Dependency => false,
        }
    }

    /// The warning, beside what was written.
    pub fn warning(&self, file: &str) -> String {
        let Self { line, named, .. } = self;
        format!("{file}:{line}: {named} is named here too, and is not changed: {}; {}", self.why(), self.remedy(file))
    }

    /// Why nothing matches here.
    pub fn reason(&self, file: &str) -> String {
        let Self { line, named, .. } = self;
        format!("{file}:{line} names {named}, but {}: {}", self.why(), self.remedy(file))
    }

    fn why(&self) -> String {
        match &self.why {
            Why::Text => "it is part of a longer text".to_owned(),
            Why::Refused(reason) => reason.to_string(),
            Why::NoTag => "it is not followed by a valid tag".to_owned(),
            Why::Word => "a single word with a colon can also be a service and its port".to_owned(),
            Why::Case => "the path of an image must be in lower case".to_owned(),
            Why::Untagged => "it has no version".to_owned(),
            Why::Dependency => "it is the dependency of a chart".to_owned(),
        }
    }

    fn remedy(&self, file: &str) -> String {
        let path = &self.path;
        match &self.why {
            Why::Text => {
                format!("to write it, name its PATH, which can continue inside a literal block: `--helm {file}:{path}`")
            }
            Why::Refused(reason) => reason.hint(file).into_owned(),
            Why::NoTag => "write one version at this place, or in the source that it comes from".to_owned(),
            Why::Word => format!("if it is the image, name its PATH: `--helm {file}:{path}`"),
            Why::Case => "correct the file".to_owned(),
            Why::Untagged => {
                "write a tag at this place first, or name the PATH of the tag: `--helm FILE:PATH`".to_owned()
            }
            Why::Dependency => format!("name the PATH of its version: `--helm {file}:{path}`"),
        }
    }
}

/// What to look for in a file's result, and what not.
pub(super) struct Search<'a> {
    pub(super) jobs: &'a [Job],
    pub(super) wanted: &'a [Wanted],
}

/// What is left in a result, in the order of the file.
pub(super) fn find(document: &Document<'_>, search: &Search<'_>) -> Vec<Leftover> {
    let by_text = |job: &&Job| !matches!(job.kind, Kind::Kustomize { .. });
    let mut images: Vec<usize> = search.jobs.iter().filter(by_text).flat_map(|job| &job.images).copied().collect();
    images.sort_unstable();
    images.dedup();
    let mut found: Vec<Leftover> = Vec::new();
    let lower = document.text.to_ascii_lowercase();
    let recogniser = Recogniser::new(document);
    for image in &images {
        let Some(wanted) = search.wanted.get(*image) else { continue };
        for mention in mentions(document.text, &lower, &wanted.repository) {
            let leftover = search.leftover(&recogniser, *image, &mention);
            // Several tags of one repository are several images, and find the same.
            found.extend(
                leftover.filter(|new| !found.iter().any(|old| (old.line, &old.named) == (new.line, &new.named))),
            );
            if found.len() >= MOST {
                break;
            }
        }
    }
    search.in_texts(&recogniser, &images, &mut found);
    for text in recogniser.texts(Scope::Documents) {
        let Ok(nested) = Nested::of(document, text) else { continue };
        if let Ok(inner) = nested.read(recogniser.above(text)) {
            found.extend(find(&inner, search));
        }
    }
    found.truncate(MOST);
    if found.is_empty() {
        found.extend(images.iter().find_map(|image| dependency(document, *image, search.wanted.get(*image)?)));
    }
    if found.is_empty() {
        found.extend(images.first().and_then(|image| encrypted(document, *image)));
    }
    found.sort_by_key(|leftover| leftover.line);
    found
}

impl Search<'_> {
    fn leftover(&self, recogniser: &Recogniser<'_, '_>, image: usize, mention: &Mention<'_>) -> Option<Leftover> {
        let document = recogniser.document;
        let node = scalar_at(document, mention.start)?;
        let is_whole = document.value(node) == mention.text;
        if document.record(node).in_key || is_comment(document, mention.start) || is_said_elsewhere(recogniser, node) {
            return None;
        }
        let made = |why, named: &str| Leftover {
            image,
            line: document.line(mention.start),
            named: shown(named),
            path: path_of(document, node),
            why,
        };
        let why = match &mention.version {
            _ if mention.is_other_case => Why::Case,
            Version::Held { tag, digest } if self.is_wanted(image, tag.as_ref(), digest.as_ref()) => {
                return None;
            }
            Version::Held { .. } if is_whole && !mention.is_image => Why::Word,
            Version::Held { .. } | Version::Expression(_) | Version::Other(_) if !mention.is_image => return None,
            // An image by itself is a target's, or the user leaves it out.
            Version::Held { .. } if is_place(recogniser, node) => return None,
            Version::Held { .. } => Why::Text,
            Version::Expression(_) if self.is_said(recogniser, node) => return None,
            Version::Expression(expression) => Why::Refused(expression.clone().reason()),
            Version::Other(_) => Why::NoTag,
            Version::None if document.shape(node) == Shape::Scalar(Style::Block) => {
                let tag = tag_near(document.text, mention.start)?;
                if self.is_wanted(image, Some(&tag), None) {
                    return None;
                }
                return Some(made(Why::Text, &format!("{}:{tag}", mention.text)));
            }
            Version::None if has_constraint(document, node) => Why::Refused(Reason::Semver),
            Version::None if is_whole && mention.is_image => Why::Untagged,
            Version::None => return None,
        };
        Some(made(why, mention.text))
    }

    /// Adds what literal texts hold as YAML, where their text alone does not tell it.
    fn in_texts(&self, recogniser: &Recogniser<'_, '_>, images: &[usize], found: &mut Vec<Leftover>) {
        let wanted = |image: &usize| self.wanted.get(*image).map(|wanted| &wanted.repository);
        let repositories: Vec<&Repository> = images.iter().filter_map(wanted).collect();
        let is_said = |node| is_said_elsewhere(recogniser, node);
        for Holding { repository, written, path, line, .. } in
            texts::holdings(recogniser.document, &repositories, is_said)
        {
            if found.len() >= MOST {
                break;
            }
            let Some(repository) = repository else { continue };
            let is_own = |image: &&usize| wanted(image).is_some_and(|own| own.is_same_as(&repository));
            let Some(image) = images.iter().find(is_own).copied() else { continue };
            let tag = written.tag.as_deref().and_then(|tag| Tag::parse(tag).ok());
            let digest = written.digest.as_deref().and_then(|digest| Digest::parse(digest).ok());
            let is_version = tag.is_some() || digest.is_some();
            let is_known = found.iter().any(|old| old.image == image && path.starts_with(&old.path));
            if is_version && !is_known && !self.is_wanted(image, tag.as_ref(), digest.as_ref()) {
                let sign = if tag.is_some() { ":" } else { "" };
                let named = shown(&format!("{repository}{sign}{written}"));
                found.push(Leftover { image, line, named, path, why: Why::Text });
            }
        }
    }

    /// Whether a version is that of one of the wanted images of the repository.
    fn is_wanted(&self, image: usize, tag: Option<&Tag>, digest: Option<&Digest>) -> bool {
        let Some(own) = self.wanted.get(image) else { return false };
        self.wanted.iter().filter(|wanted| wanted.repository.is_same_as(&own.repository)).any(|wanted| match tag {
            Some(tag) => {
                wanted.tag.as_ref() == Some(tag) || wanted.is_version(tag.as_str(), digest.map_or("", Digest::as_str))
            }
            None => wanted.digest.digest().is_none_or(|known| digest == Some(known)),
        })
    }

    /// Whether matching has said of a whole value that another program gives its version.
    fn is_said(&self, recogniser: &Recogniser<'_, '_>, node: Node) -> bool {
        let matches = |job: &Job| matches!(job.kind, Kind::Helm { path: None } | Kind::Manifest);
        self.jobs.iter().any(matches)
            && recogniser.scalar(node).is_some_and(|sighting| matches!(sighting.spelling, Spelling::Opaque(_)))
    }
}

/// Whether a value is an image by itself, which somebody who looks for images finds.
fn is_place(recogniser: &Recogniser<'_, '_>, node: Node) -> bool {
    recogniser.scalar(node).is_some_and(|sighting| !matches!(sighting.spelling, Spelling::Opaque(_)))
}

/// The scalar in which an offset lies.
fn scalar_at(document: &Document<'_>, offset: usize) -> Option<Node> {
    let behind = document.records.partition_point(|record| record.start as usize <= offset);
    let node = Node(u32::try_from(behind.checked_sub(1)?).ok()?);
    (document.is_scalar(node) && offset < document.end(node)).then_some(node)
}

/// Whether the line in a text is a comment of that text.
fn is_comment(document: &Document<'_>, offset: usize) -> bool {
    let before = document.text.get(document.line_start(offset)..offset).unwrap_or_default();
    before.trim_start().starts_with('#')
}

/// Whether a value only says which versions to look for, is overridden anyway, or is a text that is looked through as a file.
fn is_said_elsewhere(recogniser: &Recogniser<'_, '_>, node: Node) -> bool {
    recogniser.foreign(node).is_some()
        || recogniser.overridden(node).is_some()
        || recogniser.texts(Scope::Documents).any(|text| text == node)
}

/// The `tag:` beside a `repository:` that a text has.
fn tag_near(text: &str, offset: usize) -> Option<Tag> {
    let (before, rest) = text.split_at_checked(offset)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let own = text.get(start..offset)?;
    let indent = own.len() - own.trim_start_matches([' ', '-']).len();
    if !own.trim_start_matches([' ', '-']).starts_with("repository:") {
        return None;
    }
    let tag = |line: &str| {
        let (around, key) = line.split_at_checked(indent)?;
        let value = key.strip_prefix("tag:").filter(|_| around.trim_start_matches([' ', '-']).is_empty())?;
        Tag::parse(value.split(" #").next()?.trim().trim_matches(['"', '\''])).ok()
    };
    let is_deeper = |line: &&str| {
        line.trim().is_empty() || line.get(..indent).is_some_and(|it| it.trim_start_matches([' ', '-']).is_empty())
    };
    let below = rest.lines().skip(1).take(NEAR).take_while(is_deeper).find_map(tag);
    below.or_else(|| before.get(..start)?.lines().rev().take(NEAR).take_while(is_deeper).find_map(tag))
}

/// Whether a value is the `url` of an `OCIRepository` that picks its version.
fn has_constraint(document: &Document<'_>, node: Node) -> bool {
    let range = || document.get(document.get(document.parent(node)?, "ref")?, "semver");
    document.key_text(node) == Some("url") && range().is_some()
}

/// The image as a dependency of a chart: `repository` and `name` name it together.
fn dependency(document: &Document<'_>, image: usize, wanted: &Wanted) -> Option<Leftover> {
    let text = |mapping, key| document.get(mapping, key).map(|value| document.value(value));
    let is_own = |item: &Node| {
        let (Some(repository), Some(name)) = (text(*item, "repository"), text(*item, "name")) else {
            return false;
        };
        let whole = format!("{}/{name}", repository.trim_start_matches("oci://").trim_end_matches('/'));
        Repository::parse(&whole).is_ok_and(|named| named.is_same_as(&wanted.repository))
    };
    let mut lists = document.roots.iter().filter_map(|root| document.get(*root, "dependencies"));
    let item = lists.find_map(|list| document.children(list).find(is_own))?;
    let version = document.get(item, "version")?;
    Some(Leftover {
        image,
        line: document.line_of(version),
        named: shown(document.value(version)),
        path: path_of(document, version),
        why: Why::Dependency,
    })
}

/// The first encrypted value under a key that may have an image.
fn encrypted(document: &Document<'_>, image: usize) -> Option<Leftover> {
    if !document.text.contains("ENC[") {
        return None;
    }
    let is_image =
        |key: &str| matches!(key, "tag" | "repository" | "newTag") || key.to_ascii_lowercase().ends_with("image");
    let is_encrypted =
        |node: &Node| sops::is_encrypted(document.value(*node)) && document.key_text(*node).is_some_and(is_image);
    let node = document.nodes().find(is_encrypted)?;
    let path = path_of(document, node);
    Some(Leftover {
        image,
        line: document.line_of(node),
        named: path.clone(),
        path,
        why: Why::Refused(Reason::Encrypted),
    })
}

#[cfg(test)]
mod tests;
