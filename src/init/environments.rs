//! Which files are one file, once per environment; this module must not know what is in them.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use crate::environment_names::{is_environment, is_shared};

/// What stands for the environment in a target's file.
pub(super) const ENVIRONMENT: &str = "<env>";

/// Directories whose subdirectories are environments.
const PARENTS: [&str; 6] = ["clusters", "env", "environments", "envs", "overlays", "stages"];

/// How a path varies with the environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    /// Whether only the files' agreement says that these are environments; their names don't.
    pub(super) is_guess: bool,
    /// The path with `<env>`.
    pub(super) path: String,
}

/// The directory of a path, without a slash at its end.
pub(super) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The patterns that several files have, each with the environments and their files; the surest and largest first.
pub(super) fn patterns<'p>(paths: impl Iterator<Item = (usize, &'p str)>) -> Vec<(Pattern, BTreeMap<String, usize>)> {
    let mut all: BTreeMap<String, (bool, BTreeMap<String, usize>)> = BTreeMap::new();
    for (number, path) in paths {
        for (pattern, name, is_sure) in variants(path) {
            let (sure, files) = all.entry(pattern).or_default();
            *sure |= is_sure;
            files.insert(name, number);
        }
    }
    let several = all.into_iter().filter(|(_, (_, files))| files.len() > 1);
    let mut patterns: Vec<_> =
        several.map(|(path, (sure, files))| (Pattern { is_guess: !sure, path }, files)).collect();
    patterns.sort_by_key(|(pattern, files)| (pattern.is_guess, usize::MAX - files.len(), pattern.path.clone()));
    patterns
}

/// Whether a path's own words say that it is an environment's.
pub(super) fn is_of_an_environment(path: &str) -> bool {
    variants(path).iter().any(|(_, _, is_sure)| *is_sure)
}

/// The patterns that a path could be of, with the environment's name and whether it can hardly be anything else.
fn variants(path: &str) -> Vec<(String, String, bool)> {
    let parts: Vec<&str> = path.split('/').collect();
    let stem = parts.last().and_then(|name| stem(name));
    let mut names: BTreeSet<(&str, bool)> = BTreeSet::new();
    for (at, part) in parts.iter().enumerate().take(parts.len() - 1) {
        let is_below =
            at.checked_sub(1).and_then(|above| parts.get(above)).is_some_and(|above| PARENTS.contains(above));
        names.insert((part, is_below || is_environment(part)));
    }
    names.extend(stem.map(|(_, name)| (name, is_environment(name))));
    // `envs/dev.yaml`
    let bare = parts.last().and_then(|name| name.rsplit_once('.')).map(|(bare, _)| bare);
    names.extend(bare.filter(|bare| begins_with_environment(bare)).map(|bare| (bare, true)));
    let names = names.into_iter().filter(|(name, _)| !is_shared(name) && !name.is_empty());
    names.map(|(name, is_sure)| (with(&parts, name), name.to_owned(), is_sure)).collect()
}

/// Whether a file is called by its environment first; `app-dev.yaml` is called by its application.
fn begins_with_environment(name: &str) -> bool {
    is_environment(name) && (name.starts_with("pre-") || name.split('-').next().is_some_and(is_environment))
}

/// The path with `<env>` in the place of a name, wherever it stands.
fn with(parts: &[&str], name: &str) -> String {
    let last = parts.len().saturating_sub(1);
    let replaced = parts.iter().enumerate().map(|(at, part)| {
        let file = || {
            let (head, found) = stem(part)?;
            let tail = part.get(head.len() + found.len()..)?;
            (found == name).then(|| format!("{head}{ENVIRONMENT}{tail}"))
        };
        match part.rsplit_once('.') {
            _ if *part == name => ENVIRONMENT.to_owned(),
            Some((bare, extension)) if at == last && bare == name => format!("{ENVIRONMENT}.{extension}"),
            _ if at == last => file().unwrap_or_else(|| (*part).to_owned()),
            _ => (*part).to_owned(),
        }
    });
    replaced.collect::<Vec<_>>().join("/")
}

/// `values-` and `prod` of `values-prod.yaml`.
fn stem(name: &str) -> Option<(&str, &str)> {
    let head = ["values-", "values.", "values_"].into_iter().find(|head| name.starts_with(head))?;
    let (bare, _) = name.rsplit_once('.')?;
    let found = bare.get(head.len()..).filter(|found| !found.is_empty())?;
    Some((name.get(..head.len())?, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> Vec<(String, bool, Vec<String>)> {
        let found = patterns(paths.iter().copied().enumerate());
        let name = |(pattern, files): (Pattern, BTreeMap<String, usize>)| {
            (pattern.path, pattern.is_guess, files.into_keys().collect())
        };
        found.into_iter().map(name).collect()
    }

    #[test]
    fn environments_are_seen_in_names_and_directories() {
        for (paths, pattern, is_guess) in [
            (["values-dev.yaml", "values-prod.yaml"], "values-<env>.yaml", false),
            (["values-a.yaml", "values-b.yaml"], "values-<env>.yaml", true),
            (
                ["overlays/x/kustomization.yaml", "overlays/y/kustomization.yaml"],
                "overlays/<env>/kustomization.yaml",
                false,
            ),
            (["dev/values-dev.yaml", "prod/values-prod.yaml"], "<env>/values-<env>.yaml", false),
            (["envs/dev.yaml", "envs/prod.yaml"], "envs/<env>.yaml", false),
            (["apps/api/v.yaml", "apps/web/v.yaml"], "apps/<env>/v.yaml", true),
        ] {
            let found = found(&paths);
            assert_eq!((found[0].0.as_str(), found[0].1, found[0].2.len()), (pattern, is_guess, 2), "{paths:?}");
        }
        assert!(found(&["base/values.yaml", "prod/values.yaml"]).is_empty());
        assert!(found(&["base/deployment.yaml", "base/cronjob.yaml"]).is_empty());
    }
}
