//! Where environments name different versions of the same image; this module must not judge which is right.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use super::model::{Elsewhere, EnvironmentStatus, PlaceStatus};
use crate::image::Repository;

type Version = (Option<String>, Option<String>);

/// Notes at every place what other environments name instead. What belongs to no environment takes no part.
pub(super) fn mark(environments: &mut [EnvironmentStatus]) {
    let mut by_image: BTreeMap<String, Vec<(String, Version)>> = BTreeMap::new();
    for environment in environments.iter() {
        let Some(name) = &environment.name else {
            continue;
        };
        for place in &environment.places {
            let Some(image) = identity(place) else {
                continue;
            };
            let version = (name.clone(), version(place));
            let versions = by_image.entry(image).or_default();
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
    }
    for environment in environments {
        let Some(name) = &environment.name else {
            continue;
        };
        for place in &mut environment.places {
            let Some(versions) = identity(place).and_then(|image| by_image.get(&image)) else {
                continue;
            };
            let here = version(place);
            let others = versions.iter().filter(|(other, version)| other != name && differ(version, &here));
            place.drift = others.map(|(other, version)| elsewhere(other, version)).collect();
        }
    }
}

/// The image however it is written.
fn identity(place: &PlaceStatus) -> Option<String> {
    let repository = Repository::parse(place.image.as_deref()?).ok()?;
    Some(format!("{}/{}", repository.host(), repository.path()))
}

fn version(place: &PlaceStatus) -> Version {
    (place.tag.clone(), place.digest.clone())
}

/// Two digests decide, else the tags do: a place that is pinned and one that isn't may run the same.
fn differ((tag, digest): &Version, (other_tag, other_digest): &Version) -> bool {
    match (digest, other_digest) {
        (Some(digest), Some(other)) => digest != other,
        _ => tag != other_tag,
    }
}

fn elsewhere(environment: &str, (tag, digest): &Version) -> Elsewhere {
    Elsewhere { environment: environment.to_owned(), tag: tag.clone(), digest: digest.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::place;
    use super::*;

    #[test]
    fn other_environments_with_another_version_are_named() {
        let environment = |name: &str, places: &[(&str, &str, &str)]| EnvironmentStatus {
            name: (!name.is_empty()).then(|| name.to_owned()),
            places: places.iter().map(|(image, tag, digest)| place(image, tag, digest)).collect(),
        };
        let mut environments = [
            environment("dev", &[("nginx", "1", ""), ("r.io/web", "2", "")]),
            environment("prod", &[("docker.io/library/nginx", "2", ""), ("r.io/web", "2", "sha256:a")]),
            environment("test", &[("nginx", "1", "")]),
            environment("", &[("nginx", "9", "")]),
        ];
        mark(&mut environments);
        let drift = |at: usize, place: usize| {
            let drift = environments[at].places[place].drift.iter();
            drift
                .map(|other| format!("{} {}", other.environment, other.tag.as_deref().unwrap_or("-")))
                .collect::<Vec<_>>()
        };
        assert_eq!(drift(0, 0), ["prod 2"]);
        assert_eq!(drift(1, 0), ["dev 1", "test 1"]);
        assert_eq!(drift(2, 0), ["prod 2"]);
        for (at, place) in [(0, 1), (1, 1), (3, 0)] {
            assert!(drift(at, place).is_empty());
        }
    }
}
