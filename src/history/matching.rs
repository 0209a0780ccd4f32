//! Finds the places of today in what an earlier commit's files hold. This module must not know in which order the commits are.
//!
//! A place is the same where file, document and path are. An entry that stood elsewhere in its list, and a document that stood
//! elsewhere in its file, is found by the rest of its path when there is only one such place of the image.

#![deny(clippy::disallowed_methods)]

use super::{Content, PastPlace, Tracked, Version};

/// What an image's places held; none where none of them held a version.
pub(super) fn content(image: &Tracked, held: &[PastPlace]) -> Option<Content> {
    let (mut versions, mut absent): (Vec<Version>, _) = (Vec::new(), Vec::new());
    for (number, place) in image.places.iter().enumerate() {
        let version = find(image, place, held).and_then(|held| Version::of(&held.written));
        match version {
            None => absent.push(number),
            Some(version) => match versions.iter_mut().find(|known| known.agrees(&version)) {
                Some(known) => *known = known.clone().and(&version),
                None => versions.push(version),
            },
        }
    }
    (!versions.is_empty()).then_some(Content { versions, absent })
}

fn find<'h>(image: &Tracked, place: &PastPlace, held: &'h [PastPlace]) -> Option<&'h PastPlace> {
    let of_image: Vec<&PastPlace> =
        held.iter().filter(|held| held.file == place.file && is_of(image, place, held)).collect();
    let exact = of_image.iter().filter(|held| held.path == place.path);
    let at_document = exact.clone().find(|held| held.document == place.document);
    // Several targets can name one place.
    let is_one = |one: &PastPlace, other: &PastPlace| one.document == other.document && one.path == other.path;
    let only =
        |found: Vec<&'h PastPlace>| found.first().copied().filter(|one| found.iter().all(|held| is_one(one, held)));
    at_document.copied().or_else(|| only(exact.copied().collect())).or_else(|| {
        let is_near = |held: &&&PastPlace| bare(&held.path) == bare(&place.path);
        only(of_image.iter().filter(is_near).copied().collect())
    })
}

/// Whether an earlier place is one of the image: one that names another repository is not.
fn is_of(image: &Tracked, place: &PastPlace, held: &PastPlace) -> bool {
    let Some(then) = &held.repository else { return true };
    then.is_same_as(&image.repository) || place.repository.as_ref().is_some_and(|now| now.is_same_as(then))
}

/// A path without the numbers that say where in a list an entry stands.
fn bare(path: &str) -> String {
    let mut bare = String::with_capacity(path.len());
    let mut is_index = false;
    for c in path.chars() {
        is_index = c == '[' || (is_index && c.is_ascii_digit());
        if !is_index || c == '[' {
            bare.push(c);
        }
    }
    bare
}
