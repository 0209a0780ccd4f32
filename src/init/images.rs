//! Which images are proposed, and under which names; this module must not look where they can be written.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::Context;
use super::collect::Collected;
use crate::image::{DOCKER_HUB, Repository};

/// How many images are proposed when none is asked for.
const MOST: usize = 50;

/// The tag that is proposed for every image.
const TAG: &str = "${CI_COMMIT_SHORT_SHA}";

/// An image of the proposal.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// What targets call it by.
    pub(super) name: String,
    pub(super) repository: Repository,
    /// The reference with its variables.
    pub(super) reference: String,
    /// Whether a target writes it.
    pub(super) is_used: bool,
}

/// The images that were asked for, else those that the files name; and what is left out, a sentence each.
pub(super) fn images(collected: &Collected, context: &Context) -> (Vec<Image>, Vec<String>) {
    let mut remarks = Vec::new();
    let repositories = if context.images.is_empty() { found(collected, &mut remarks) } else { context.images.clone() };
    let mut names = BTreeSet::new();
    let image = |repository: Repository| Image {
        name: name(&repository, &mut names),
        reference: format!("{}:{TAG}", below_variable(&repository, context.prefix.as_ref())),
        repository,
        is_used: false,
    };
    (repositories.into_iter().map(image).collect(), remarks)
}

fn found(collected: &Collected, remarks: &mut Vec<String>) -> Vec<Repository> {
    let (mut found, mut public): (Vec<Repository>, BTreeSet<String>) = Default::default();
    let sightings = collected.files.iter().flat_map(|file| &file.survey.sightings).filter(|seen| seen.is_certain);
    for repository in sightings.filter_map(|seen| seen.repository.as_ref()) {
        // Nobody's pipeline builds the official images of Docker Hub.
        if repository.host() == DOCKER_HUB && repository.path().starts_with("library/") {
            public.insert(repository.to_string());
        } else if !found.iter().any(|known| known.is_same_as(repository)) {
            found.push(repository.clone());
        }
    }
    if !public.is_empty() {
        let public: Vec<String> = public.into_iter().take(MOST).collect();
        remarks.push(format!("{}: Docker Hub's own images; give --image when one is yours", public.join(", ")));
    }
    if found.len() > MOST {
        remarks.push(format!("{} more images are there: give --image", found.len() - MOST));
        found.truncate(MOST);
    }
    found
}

/// The path's last component, with those before it as far as it takes to be the only one.
fn name(repository: &Repository, names: &mut BTreeSet<String>) -> String {
    let path = repository.path();
    let parts: Vec<&str> = path.split('/').collect();
    let short = (1..=parts.len()).map(|count| parts[parts.len() - count..].join("-"));
    let numbered = (2..).map(|number| format!("{}-{number}", parts.join("-")));
    let name = short.chain(numbered).find(|name| !names.contains(name)).unwrap_or_default();
    names.insert(name.clone());
    name
}

/// `${IMAGE_REPOSITORY}/api` for an image below that variable's value.
fn below_variable(repository: &Repository, prefix: Option<&Repository>) -> String {
    let below = prefix.filter(|prefix| prefix.host() == repository.host()).and_then(|prefix| {
        let path = repository.path();
        Some(path.strip_prefix(&prefix.path())?.strip_prefix('/')?.to_owned())
    });
    match below {
        Some(below) => format!("${{IMAGE_REPOSITORY}}/{below}"),
        None => repository.to_string(),
    }
}
