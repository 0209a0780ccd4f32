//! What the places of one image come to together; this module must not ask whether that version is there.

#![deny(clippy::disallowed_methods)]

use super::error::VersionsError;
use super::naming::{Image, Named, Naming};
use crate::image::{Digest, Reference, Tag};
use crate::registry::By;

/// The version that an environment's places of one image hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    pub(crate) image: Image,
    /// A tag, a digest or both.
    pub(crate) tag: Option<Tag>,
    pub(crate) digest: Option<Digest>,
    /// What decides which image it is: a digest that is written, unless a place holds the tag without it.
    pub(crate) by: By,
}

impl Version {
    /// The same as a reference.
    pub(crate) fn reference(&self) -> Reference {
        Reference { repository: self.image.repository.clone(), tag: self.tag.clone(), digest: self.digest.clone() }
    }
}

/// The places of each image that a run is about, in the order in which they were read.
pub(crate) fn groups<'p>(places: &'p [Named], naming: Naming<'_>) -> Vec<(Image, Vec<&'p Named>)> {
    let mut groups: Vec<(Image, Vec<&Named>)> = Vec::new();
    for place in places {
        let Some(image) = place.image.as_ref().filter(|image| naming.has(image)) else { continue };
        match groups.iter_mut().find(|(known, _)| known == image) {
            Some((_, places)) => places.push(place),
            None => groups.push((image.clone(), vec![place])),
        }
    }
    groups
}

/// The one version of an image's places, of which there is at least one. Where one place holds a tag and another the tag with a
/// digest, both are one version only if the tag still means the digest: the registry is asked for it.
pub(crate) fn version(environment: &str, image: &Image, places: &[&Named]) -> Result<Version, VersionsError> {
    let (mut tag, mut digest): (Option<Tag>, Option<Digest>) = (None, None);
    let (mut has_tag_alone, mut wordless) = (false, Vec::new());
    for place in places {
        let Some((own_tag, own_digest)) = held(place) else {
            wordless.push(place.to_string());
            continue;
        };
        if is_other(tag.as_ref(), own_tag.as_ref()) || is_other(digest.as_ref(), own_digest.as_ref()) {
            let (environment, image) = (environment.to_owned(), image.to_string());
            let places = places.iter().map(ToString::to_string).collect();
            return Err(VersionsError::Different { environment, image, places });
        }
        has_tag_alone |= own_digest.is_none();
        tag = tag.or(own_tag);
        digest = digest.or(own_digest);
    }
    if !wordless.is_empty() {
        return Err(VersionsError::NoVersion { environment: environment.to_owned(), places: wordless });
    }
    let by = if digest.is_some() && !has_tag_alone { By::Digest } else { By::Tag };
    Ok(Version { image: image.clone(), tag, digest, by })
}

/// The tag and the digest of a place, of which there is at least one; none where it holds no version, or text that is none.
fn held(place: &Named) -> Option<(Option<Tag>, Option<Digest>)> {
    let written = &place.holding.written;
    let tag = written.tag.as_deref().filter(|tag| !tag.is_empty()).map(Tag::parse).transpose().ok()?;
    let digest = written.digest.as_deref().filter(|text| !text.is_empty()).map(Digest::parse).transpose().ok()?;
    (tag.is_some() || digest.is_some()).then_some((tag, digest))
}

fn is_other<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}
