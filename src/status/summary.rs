//! What was seen, in one line of numbers. This module must not know what it is printed on.

#![deny(clippy::disallowed_methods)]

use std::collections::HashSet;

use super::model::{PlaceStatus, State, Status};
use crate::image::Repository;

/// `3 environments, 4 images, 1 missing, 1 drifting`, and what else there is of images that nothing is known of. An image
/// counts once, whatever number of places name it.
pub(super) fn summary(status: &Status) -> String {
    let environments = status.environments.iter().filter(|environment| environment.name.is_some()).count();
    let images = count(status, |_| true);
    let in_state = |state: State| count(status, |place| place.registry.state == state);
    let mut parts = vec![
        format!("{environments} environment{}", if environments == 1 { "" } else { "s" }),
        format!("{images} image{}", if images == 1 { "" } else { "s" }),
        format!("{} missing", in_state(State::Missing)),
        format!("{} drifting", count(status, |place| !place.drift.is_empty())),
    ];
    let unknown = [
        (State::Unreachable, "unreachable"),
        (State::Denied, "denied"),
        (State::Failed, "with an invalid answer"),
        (State::Unasked, "unasked"),
    ];
    let unknown = unknown.map(|(state, word)| (in_state(state), word));
    parts
        .extend(unknown.into_iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")));
    parts.join(", ")
}

/// How many images such places name, however each is written.
fn count(status: &Status, is_counted: impl Fn(&PlaceStatus) -> bool) -> usize {
    let places = status.environments.iter().flat_map(|environment| &environment.places);
    let named = places.filter(|place| is_counted(place)).filter_map(|place| place.image.as_deref());
    let identity = |image: &str| {
        Repository::parse(image).map_or_else(|_| image.to_owned(), |found| format!("{}/{}", found.host(), found.path()))
    };
    named.map(identity).collect::<HashSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::{place, status};
    use super::super::model::{Elsewhere, EnvironmentStatus};
    use super::*;

    #[test]
    fn images_are_counted_once() {
        let in_state = |image: &str, state| {
            let mut place = place(image, "1", "");
            place.registry.state = state;
            place
        };
        let mut drifting = place("r.io/web", "1", "");
        drifting.drift = vec![Elsewhere { environment: "dev".into(), tag: None, digest: None }];
        let gone = in_state("r.io/gone", State::Missing);
        let mut all = status("prod", vec![place("nginx", "1", ""), drifting, gone, place("", "3", "")]);
        assert_eq!(summary(&all), "1 environment, 3 images, 1 missing, 1 drifting");
        let states = [State::Unreachable, State::Denied, State::Failed, State::Unasked];
        let more = states.into_iter().enumerate().map(|(at, state)| in_state(&format!("r.io/{at}"), state));
        let more = more.chain([place("docker.io/library/nginx", "2", ""), in_state("r.io/gone", State::Missing)]);
        all.environments.push(EnvironmentStatus { name: Some("dev".into()), places: more.collect() });
        all.environments.push(EnvironmentStatus { name: None, places: Vec::new() });
        let numbers = "2 environments, 7 images, 1 missing, 1 drifting";
        let unknown = "1 unreachable, 1 denied, 1 with an invalid answer, 1 unasked";
        assert_eq!(summary(&all), format!("{numbers}, {unknown}"));
        assert_eq!(summary(&status("prod", Vec::new())), "1 environment, 0 images, 0 missing, 0 drifting");
    }
}
