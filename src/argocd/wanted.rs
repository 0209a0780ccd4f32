//! The images that have to run, held against what an application names; this module must not know where it names them.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use crate::image::{Digest, Reference, Repository, Tag};
use crate::registry::Verified;

/// An image that files name.
#[derive(Clone, Debug)]
pub(crate) struct Deployed<'a> {
    /// The image.
    pub(crate) image: &'a Verified,
    /// Other tags that name this very image, and that places hold.
    pub(crate) same: Vec<Tag>,
}

/// An image that has to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) repository: Repository,
    pub(super) tag: Option<Tag>,
    pub(super) digest: Digest,
    /// Other tags that name this very image.
    pub(super) same: Vec<Tag>,
    /// Whether a place may name it by another repository (`--any-repository`): then the path's last component tells it.
    pub(super) is_elsewhere: bool,
}

/// How a reference stands to the wanted images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is of another repository.
    Foreign,
    /// It is this one of them.
    Is(usize),
    /// It is another image of the repository of one of them.
    Other,
}

impl Wanted {
    pub(super) fn of(Deployed { image, same }: &Deployed<'_>, is_elsewhere: bool) -> Self {
        let (repository, tag) = (image.repository().clone(), image.tag().cloned());
        Self { repository, tag, digest: image.digest().clone(), same: same.clone(), is_elsewhere }
    }

    /// Whether a reference is this image in a mirror or a cache. Another tag there proves nothing: other images have that name, too.
    fn is_copied_as(&self, reference: &Reference) -> bool {
        let name = |repository: &Repository| repository.path().rsplit('/').next().unwrap_or_default().to_owned();
        self.is_elsewhere && self.is(reference) && name(&self.repository) == name(&reference.repository)
    }

    /// A digest decides where one is written, as it does for the node that pulls.
    fn is(&self, reference: &Reference) -> bool {
        match (&reference.digest, &reference.tag) {
            (Some(digest), _) => *digest == self.digest,
            (None, Some(tag)) => self.tag.as_ref() == Some(tag) || self.same.contains(tag),
            (None, None) => false,
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tag {
            Some(tag) => write!(f, "{}:{tag}", self.repository),
            None => write!(f, "{}@{}", self.repository, self.digest),
        }
    }
}

/// Holds a reference against the wanted images.
pub(super) fn fit(reference: &Reference, wanted: &[Wanted]) -> Fit {
    let own = |(_, wanted): &(usize, &Wanted)| wanted.repository.is_same_as(&reference.repository);
    let mut of_repository = wanted.iter().enumerate().filter(own).peekable();
    if of_repository.peek().is_none() {
        let copy = wanted.iter().position(|wanted| wanted.is_copied_as(reference));
        return copy.map_or(Fit::Foreign, Fit::Is);
    }
    of_repository.find(|(_, wanted)| wanted.is(reference)).map_or(Fit::Other, |(number, _)| Fit::Is(number))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::argocd) fn wanted(text: &str) -> Wanted {
        let reference = Reference::parse(text).unwrap();
        let digest = Digest::parse(&format!("sha256:{}", "a".repeat(64))).unwrap();
        Wanted { repository: reference.repository, tag: reference.tag, digest, same: Vec::new(), is_elsewhere: false }
    }

    #[test]
    fn a_copy_is_told_by_its_name_and_tag_where_one_is_allowed() {
        let elsewhere = [Wanted { is_elsewhere: true, ..wanted("r.example/team/app:2") }];
        for (text, expected) in [
            ("cache.example/proxy/r.example/team/app:2", Fit::Is(0)),
            ("cache.example/proxy/r.example/team/app:1", Fit::Foreign),
            ("cache.example/proxy/web:2", Fit::Foreign),
            ("r.example/team/app:1", Fit::Other),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(fit(&reference, &elsewhere), expected, "{text}");
            if text.starts_with("cache") {
                assert_eq!(fit(&reference, &[wanted("r.example/team/app:2")]), Fit::Foreign, "{text}");
            }
        }
    }

    #[test]
    fn a_digest_decides_and_then_the_tag() {
        let wanted = [wanted("r.example/team/app:2"), wanted("r.example/team/app:3"), wanted("nginx:1")];
        let (right, wrong) = ("a".repeat(64), "b".repeat(64));
        for (text, expected) in [
            ("r.example/team/app:2".to_owned(), Fit::Is(0)),
            ("r.example/team/app:3".to_owned(), Fit::Is(1)),
            ("R.example/team/app:2".to_owned(), Fit::Is(0)),
            ("docker.io/library/nginx:1".to_owned(), Fit::Is(2)),
            (format!("r.example/team/app@sha256:{right}"), Fit::Is(0)),
            (format!("r.example/team/app:1@sha256:{right}"), Fit::Is(0)),
            (format!("r.example/team/app:2@sha256:{wrong}"), Fit::Other),
            ("r.example/team/app:1".to_owned(), Fit::Other),
            ("r.example/team/app".to_owned(), Fit::Other),
            ("r.example/team/web:2".to_owned(), Fit::Foreign),
            ("other.example/team/app:2".to_owned(), Fit::Foreign),
        ] {
            assert_eq!(fit(&Reference::parse(&text).unwrap(), &wanted), expected, "{text}");
        }
    }
}
