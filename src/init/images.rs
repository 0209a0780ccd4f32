//! Which images are proposed, and under which names; this module must not look where they can be written.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::collect::Collected;
use super::environments::Environments;
use super::hosts::{MANY, is_official, of_own};
use crate::edit::Form;
use crate::image::Repository;

/// How many images are proposed when none is asked for.
const MOST: usize = 50;

/// The variable that gives every proposed tag.
pub(super) const TAG_VARIABLE: &str = "CI_COMMIT_SHORT_SHA";

/// The variable that gives the repository's beginning.
pub(super) const PREFIX_VARIABLE: &str = "IMAGE_REPOSITORY";

/// An image of the proposal.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// What targets call it by.
    pub(super) name: String,
    pub(super) repository: Repository,
    /// The same image where an environment has a registry of its own.
    pub(super) copies: Vec<Repository>,
    /// The reference with its variables.
    pub(super) reference: String,
    /// Whether a target writes it.
    pub(super) is_used: bool,
}

impl Image {
    /// Whether a repository is the image's, or that of a copy.
    pub(super) fn is_of(&self, repository: &Repository) -> bool {
        self.repository.is_same_as(repository) || self.copies.iter().any(|copy| copy.is_same_as(repository))
    }
}

/// The images of a proposal.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) images: Vec<Image>,
    /// What is left out, a sentence each.
    pub(super) remarks: Vec<String>,
    /// Whether there are so many that they were listed by their hosts.
    pub(super) is_of_many: bool,
    /// What kustomizations take for another image: names that are never deployed.
    pub(super) renamed: Vec<Repository>,
}

/// The images that were asked for, else those that the files name.
pub(super) fn images(collected: &Collected, environments: &Environments, context: &Context) -> Choice {
    let mut remarks = Vec::new();
    let mut is_of_many = false;
    let (families, renamed) = (families(collected, environments), renamed(collected));
    let repositories = if context.images.is_empty() {
        let all = found(collected, context, (&families, &renamed), &mut remarks);
        is_of_many = all.len() > MANY;
        let mut own = of_own(all, context, &mut remarks);
        if own.len() > MOST {
            remarks.push(format!("{} more images are not proposed: to propose them, use --image", own.len() - MOST));
            own.truncate(MOST);
        }
        own
    } else {
        context.images.clone()
    };
    let mut names = BTreeSet::new();
    let image = |repository: Repository| Image {
        name: name(&repository, &mut names),
        reference: format!("{}:${{{TAG_VARIABLE}}}", below_variable(&repository, context.prefix.as_ref())),
        copies: copies(&repository, &families),
        repository,
        is_used: false,
    };
    let images = repositories.into_iter().map(image).collect();
    Choice { images, remarks, is_of_many, renamed }
}

/// Repositories that are one image: files that differ in the environment alone name them at the same place, each at another
/// host.
fn families(collected: &Collected, environments: &Environments) -> Vec<Vec<Repository>> {
    let mut places: BTreeMap<(&str, &str), Vec<&Repository>> = BTreeMap::new();
    for file in &collected.files {
        let Some(member) = environments.of_file(&file.path) else { continue };
        for seen in file.survey.sightings.iter().filter(|seen| seen.form != Form::OnlyTag) {
            let place = places.entry((&member.pattern, &seen.path)).or_default();
            place.extend(&seen.repository);
        }
    }
    let mut families: Vec<Vec<Repository>> = Vec::new();
    for named in places.into_values() {
        let mut family: Vec<Repository> = Vec::new();
        for repository in named {
            let is_of = family.first().is_none_or(|first| first.path() == repository.path());
            if is_of && !family.iter().any(|known| known.is_same_as(repository)) {
                family.push(repository.clone());
            }
        }
        if family.len() > 1 && !families.contains(&family) {
            families.push(family);
        }
    }
    families
}

fn copies(repository: &Repository, families: &[Vec<Repository>]) -> Vec<Repository> {
    let own = families.iter().filter(|family| family.iter().any(|known| known.is_same_as(repository)));
    let mut copies: Vec<Repository> = Vec::new();
    for other in own.flatten().filter(|other| !other.is_same_as(repository)) {
        if !copies.iter().any(|known| known.is_same_as(other)) {
            copies.push(other.clone());
        }
    }
    copies
}

fn found(
    collected: &Collected,
    context: &Context,
    (families, renamed): (&[Vec<Repository>], &[Repository]),
    remarks: &mut Vec<String>,
) -> Vec<Repository> {
    let (mut found, mut public): (Vec<Repository>, BTreeSet<String>) = Default::default();
    let sightings = collected.files.iter().flat_map(|file| &file.survey.sightings);
    for repository in sightings.filter_map(|seen| seen.repository.as_ref()) {
        if renamed.iter().any(|other| other.is_same_as(repository)) {
            continue;
        }
        if is_official(repository) {
            public.insert(repository.to_string());
        } else if !found.iter().any(|known| known.is_same_as(repository)) {
            found.push(repository.clone());
        }
    }
    if !public.is_empty() {
        let public: Vec<String> = public.into_iter().take(MOST).collect();
        remarks.push(format!(
            "{}: these are official images of Docker Hub; to propose one of them, use --image",
            public.join(", ")
        ));
    }
    let is_own = |repository: &Repository| {
        let hosts = [context.prefix.as_ref().map(Repository::host), context.registry.clone()];
        hosts.into_iter().flatten().any(|host| host == repository.host())
    };
    // Of one image at several hosts, the one is proposed where a pipeline pushes to, else the first.
    for family in families {
        let chosen = family.iter().find(|repository| is_own(repository)).or(family.first());
        found.retain(|known| {
            !family.iter().any(|other| other.is_same_as(known)) || chosen.is_some_and(|it| it.is_same_as(known))
        });
    }
    found
}

/// The names that entries of kustomizations give another one.
fn renamed(collected: &Collected) -> Vec<Repository> {
    #[derive(serde::Deserialize)]
    struct Kustomization {
        #[serde(default)]
        images: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        name: Option<String>,
        new_name: Option<String>,
    }
    let kustomizations = collected.files.iter().filter(|file| file.is_kustomization());
    let entries = kustomizations.filter_map(|file| serde_yaml::from_slice::<Kustomization>(&file.bytes).ok());
    let names = entries.flat_map(|kustomization| kustomization.images).filter_map(|entry| {
        let (name, new) = (Repository::parse(&entry.name?).ok()?, Repository::parse(&entry.new_name?).ok()?);
        (!name.is_same_as(&new)).then_some(name)
    });
    names.collect()
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
        Some(below) => format!("${{{PREFIX_VARIABLE}}}/{below}"),
        None => repository.to_string(),
    }
}
