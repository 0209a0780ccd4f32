//! Which targets are looked at in which environments; this module must not look into a file.

use std::collections::BTreeSet;

use super::environments::{Pattern, pattern};
use crate::error::Error;
use crate::git::{GitError, Snapshot};
use crate::image::Repository;
use crate::places::{Likelihood, Spot};
use crate::plan;
use crate::settings::{RepositorySettings, StatusSettings, TargetSettings};
use crate::text::one_line;

/// More environments than anybody has; a directory with more names is none of environments.
const MOST_ENVIRONMENTS: usize = 500;

/// What stands for `<env>` in a target's path, by the names that are there.
#[derive(Clone, Debug, Default)]
pub(super) struct Discovered {
    environments: Vec<String>,
    others: Vec<String>,
}

/// For each target the directory to look for its environments in; none where they are known, or it has none.
pub(super) fn patterns(
    settings: &StatusSettings,
    repository: &RepositorySettings,
) -> Result<Vec<Option<Pattern>>, Error> {
    let one = |target: &TargetSettings| {
        // A path that leads elsewhere is refused before anything is read.
        plan::at(target, Some("environment"))?;
        let lists = [&settings.environments, &settings.known_environments, &target.environments];
        Ok(pattern(target).filter(|_| lists.into_iter().all(Vec::is_empty)))
    };
    repository.targets.iter().map(one).collect()
}

/// The environments of each target that has such a directory.
pub(super) fn discovered(
    view: &Snapshot,
    patterns: &[Option<Pattern>],
    problems: &mut Vec<String>,
) -> Result<Vec<Discovered>, GitError> {
    let mut said = BTreeSet::new();
    let mut one = |pattern: &Pattern| {
        let names = view.names(&pattern.directory)?;
        let (mut environments, mut others) =
            names.as_ref().map(|names| pattern.environments(names)).unwrap_or_default();
        let (count, shown) = (environments.len(), pattern.shown());
        if count > MOST_ENVIRONMENTS && said.insert(shown.clone()) {
            let shown = one_line(&shown);
            problems.push(format!("{shown}: {count} names match, and only the first {MOST_ENVIRONMENTS} are read"));
        }
        environments.truncate(MOST_ENVIRONMENTS);
        others.truncate(MOST_ENVIRONMENTS);
        Ok(Discovered { environments, others })
    };
    patterns.iter().map(|pattern| pattern.as_ref().map_or_else(|| Ok(Discovered::default()), &mut one)).collect()
}

/// The targets in their environments; `discovered` is aligned with the targets, or empty where nothing was looked for.
pub(super) fn spots(
    settings: &StatusSettings,
    repository: &RepositorySettings,
    discovered: &[Discovered],
) -> Result<Vec<Spot>, Error> {
    let none = Discovered::default();
    let mut spots = Vec::new();
    for (number, target) in repository.targets.iter().enumerate() {
        let discovered = discovered.get(number).unwrap_or(&none);
        let image = image(settings, target);
        for (environment, likelihood) in environments(settings, target, discovered) {
            let target = plan::at(target, environment.as_deref())?;
            spots.push(Spot { number, environment, target, repository: image.clone(), likelihood });
        }
    }
    Ok(spots)
}

/// The environments of one target. A target without `<env>` and without a list of its own belongs to none.
fn environments(
    settings: &StatusSettings,
    target: &TargetSettings,
    discovered: &Discovered,
) -> Vec<(Option<String>, Likelihood)> {
    let (asked, own, known) = (&settings.environments, &target.environments, &settings.known_environments);
    let all = |names: &[String], likelihood| -> Vec<_> {
        names.iter().map(|name| (Some(name.clone()), likelihood)).collect()
    };
    match pattern(target) {
        _ if !own.is_empty() => {
            let is_asked = |name: &&String| asked.is_empty() || asked.contains(name);
            let names: Vec<String> = own.iter().filter(is_asked).cloned().collect();
            all(&names, Likelihood::Said)
        }
        None => vec![(None, Likelihood::Said)],
        Some(_) if !asked.is_empty() => all(asked, Likelihood::Said),
        Some(_) if !known.is_empty() => all(known, Likelihood::Tried),
        Some(_) => {
            let mut found = all(&discovered.environments, Likelihood::Tried);
            found.extend(all(&discovered.others, Likelihood::PassedOver));
            found
        }
    }
}

/// The image of a target's places that name none: the one that it names, else, as for `update`, the only one there is.
fn image(settings: &StatusSettings, target: &TargetSettings) -> Option<Repository> {
    if let Some(name) = &target.image {
        let named = settings.names.iter().find(|(known, _)| known == name);
        return named.and_then(|(_, repository)| repository.clone());
    }
    match (settings.images.as_slice(), settings.names.as_slice()) {
        ([only], _) => Some(only.clone()),
        ([], [(_, only)]) => only.clone(),
        _ => None,
    }
}
