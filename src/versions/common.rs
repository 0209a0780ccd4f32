//! What two environments have in common: the images of both, in the version of the first; this module must not know how a version
//! is written.

#![deny(clippy::disallowed_methods)]

use super::error::VersionsError;
use super::naming::{Image, Named, Naming};
use super::version::{Version, groups, version};

/// An environment and its places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacesOf<'p> {
    pub(crate) environment: &'p str,
    pub(crate) places: &'p [Named],
}

/// The versions that the first environment has of all images that the run is about. Both have to have each of them.
pub(crate) fn common(from: PlacesOf<'_>, to: PlacesOf<'_>, naming: Naming<'_>) -> Result<Vec<Version>, VersionsError> {
    require_named(from)?;
    require_named(to)?;
    let (sources, destinations) = (groups(from.places, naming), groups(to.places, naming));
    let has = |groups: &[(Image, Vec<&Named>)], image: &Image| groups.iter().any(|(known, _)| known == image);
    let only = |one: &[(Image, Vec<&Named>)], other: &[(Image, Vec<&Named>)]| -> Vec<String> {
        let missing = one.iter().filter(|(image, _)| !has(other, image));
        missing.map(|(image, places)| with_places(image, places)).collect()
    };
    let neither = naming.given().iter().filter(|given| {
        let mut both = sources.iter().chain(&destinations);
        !both.any(|(image, _)| image.repository.is_same_as(given))
    });
    let (only_from, only_to) = (only(&sources, &destinations), only(&destinations, &sources));
    let neither: Vec<String> = neither.map(ToString::to_string).collect();
    let (name_from, name_to) = (from.environment.to_owned(), to.environment.to_owned());
    if !(only_from.is_empty() && only_to.is_empty() && neither.is_empty()) {
        return Err(VersionsError::OneSided { from: name_from, to: name_to, only_from, only_to, neither });
    }
    if sources.is_empty() {
        return Err(VersionsError::Nothing { from: name_from, to: name_to });
    }
    sources.iter().map(|(image, places)| version(from.environment, image, places)).collect()
}

/// Requires that every place says which image it holds.
pub(crate) fn require_named(end: PlacesOf<'_>) -> Result<(), VersionsError> {
    let unnamed = end.places.iter().filter(|place| place.image.is_none());
    let places: Vec<String> = unnamed.map(ToString::to_string).collect();
    if places.is_empty() {
        return Ok(());
    }
    Err(VersionsError::Unnamed { environment: end.environment.to_owned(), places })
}

/// An image with one of its places.
fn with_places(image: &Image, places: &[&Named]) -> String {
    match places.first() {
        Some(place) => format!("{image} in {place}"),
        None => image.to_string(),
    }
}
