//! What an edit may look at: the file as it was recognised, what is wanted, and the rules; this module must not write.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};
use super::error::{Outcome, Reason, shown};
use super::recognise::Recogniser;
use super::recognise::digest::Beside;
use super::recognise::kustomization::numbers;
use super::sops::is_encrypted;
use super::{Below, Job, KnownDigest, Rules, Wanted, Written};
use crate::image::Repository;

/// A file, what is wanted of it, and by which rules.
#[derive(Clone, Copy)]
pub(super) struct View<'d, 't> {
    pub(super) recogniser: &'d Recogniser<'d, 't>,
    pub(super) document: &'d Document<'t>,
    pub(super) below: &'d Below,
    pub(super) wanted: &'d [Wanted],
    /// Those of the job that is being done.
    pub(super) rules: Rules,
}

impl<'d, 't> View<'d, 't> {
    pub(super) fn new(recogniser: &'d Recogniser<'d, 't>, below: &'d Below, wanted: &'d [Wanted]) -> Self {
        Self { recogniser, document: recogniser.document, below, wanted, rules: Rules::default() }
    }

    /// The images of a job, with their numbers.
    pub(super) fn images(&self, job: &Job) -> Vec<(usize, &'d Wanted)> {
        let wanted = self.wanted;
        job.images.iter().filter_map(|image| Some((*image, wanted.get(*image)?))).collect()
    }

    /// The image that a place found by PATH or NAME means, judged by the repository it names itself.
    pub(super) fn choose(&self, job: &Job, node: Node, named: Option<&str>) -> Outcome<usize> {
        let images = self.images(job);
        let repository = named.and_then(|named| Repository::parse(named).ok());
        if let Some(repository) = &repository {
            let mut same = images.iter().filter(|(_, wanted)| wanted.repository.is_same_as(repository));
            if let Some((image, first)) = same.next() {
                return match same
                    .find(|(_, other)| other.tag != first.tag || other.digest.digest() != first.digest.digest())
                {
                    Some((_, other)) => {
                        self.document.refuse(node, Reason::Conflict { first: first.version(), second: other.version() })
                    }
                    None => Ok(*image),
                };
            }
        }
        match (images.as_slice(), named) {
            ([(image, _)], None) => Ok(*image),
            ([(image, _)], Some(_)) if self.rules.any_repository => Ok(*image),
            (_, Some(_)) if self.rules.any_repository => self.document.refuse(node, Reason::WhichImage),
            (_, Some(named)) => self.document.refuse(node, other_repository(named, &images)),
            (_, None) => self.document.refuse(node, Reason::WhichImage),
        }
    }

    /// Refuses an entry that can have no effect.
    pub(super) fn refuse_dead(&self, entry: Node) -> Outcome<()> {
        let number = if self.below.dead.is_empty() { None } else { numbers(self.document).get(&entry).copied() };
        match number.and_then(|number| self.below.dead.get(&number)) {
            Some(why) => self.document.refuse(entry, Reason::Dead(why.clone())),
            None => Ok(()),
        }
    }

    /// The tag and digest to write over what a place holds; the digest alone over one.
    pub(super) fn new_text(&self, image: usize, held: &Written, is_pinned: bool, node: Node) -> Outcome<Written> {
        let new = self.new_version(image, held, is_pinned, node)?;
        let is_digest_alone = held.tag.is_none() && held.digest.is_some();
        if new.tag.is_none() && !is_digest_alone {
            let name = self.wanted.get(image).map(|wanted| wanted.repository.to_string()).unwrap_or_default();
            return self.document.refuse(node, Reason::DigestAlone { name });
        }
        Ok(new)
    }

    /// The same for somebody who takes only the digest: there may be no tag.
    pub(super) fn new_version(&self, image: usize, held: &Written, is_pinned: bool, node: Node) -> Outcome<Written> {
        let Some(wanted) = self.wanted.get(image) else {
            return self.document.refuse(node, Reason::WhichImage);
        };
        if wanted.same.contains(held) {
            return Ok(held.clone());
        }
        let digest = match (&wanted.digest, is_pinned) {
            (_, false) => None,
            (KnownDigest::Proven(digest), true) => Some(digest.to_string()),
            (KnownDigest::Unknown, true) => {
                let name = format!("{}:{}", wanted.repository, wanted.version());
                return self.document.refuse(node, Reason::UnknownDigest { name });
            }
        };
        Ok(Written { tag: wanted.tag.as_ref().map(ToString::to_string), digest })
    }

    /// What is written for an image's digest at its place.
    pub(super) fn digest_text(&self, beside: &Beside, image: usize, digest: &str) -> Outcome<String> {
        beside.text(digest).ok_or_else(|| {
            let wanted = self.wanted.get(image);
            let name = wanted.map(|wanted| format!("{}:{} by SHA-256", wanted.repository, wanted.version()));
            self.document.refusal(beside.node, Reason::UnknownDigest { name: name.unwrap_or_default() })
        })
    }
}

fn other_repository(found: &str, images: &[(usize, &Wanted)]) -> Reason {
    if is_encrypted(found) {
        return Reason::Encrypted;
    }
    let wanted: Vec<_> = images.iter().map(|(_, wanted)| wanted.repository.to_string()).collect();
    Reason::OtherRepository { found: shown(found), wanted: wanted.join(" or ") }
}
