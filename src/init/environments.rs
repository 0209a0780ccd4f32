//! Which environment a file belongs to, by the names on its path; this module must not know what is in a file.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::environment_names::{environment_in, is_shared, is_telling};

/// What stands for the environment in a target's file.
pub(super) const ENVIRONMENT: &str = "<env>";

/// How many environments a config file may list.
const MOST_LISTED: usize = 100;

/// How long an environment's name may be, in bytes.
const LONGEST: usize = 64;

/// Directories whose subdirectories are environments.
const PARENTS: [&str; 5] = ["env", "environments", "environnements", "envs", "stages"];

/// Directories whose subdirectories are environments where one of them is called as one.
const BESIDE: [&str; 2] = ["clusters", "overlays"];

/// A file of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// The path with `<env>`.
    pub(super) pattern: String,
    /// The environment's name.
    pub(super) environment: String,
}

/// The environments of a repository's files, by their paths.
#[derive(Debug, Default)]
pub(super) struct Environments(BTreeMap<String, Member>);

/// One way to read an environment from a path.
struct Variant {
    environment: String,
    pattern: String,
    /// The pattern as far as the name that it was read from: what has the same is its sibling.
    key: String,
    why: Evidence,
}

/// Why a name is taken for an environment's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// It stands beside one.
    Beside,
    /// It is one of the words, or below a directory of environments; others beside it have to be, too.
    Called,
    /// It can hardly be anything else.
    Telling,
    /// The repository itself says that it is one.
    Listed,
}

/// The environments that a config file lists, as far as they are names; nothing else of it is read.
pub(super) fn listed(config: &[u8]) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Config {
        environments: Option<Vec<String>>,
    }
    let config: Option<Config> = serde_yaml::from_slice(config).ok();
    let names = config.and_then(|config| config.environments).unwrap_or_default();
    let is_name = |name: &String| {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        !name.is_empty() && name.len() <= LONGEST && !name.contains("..") && name.chars().all(is_plain)
    };
    names.into_iter().filter(is_name).take(MOST_LISTED).collect()
}

impl Environments {
    /// Reads the paths of all files; `listed` are the only environments, where it names some.
    pub(super) fn of<'p>(paths: impl Iterator<Item = &'p str>, listed: &[String]) -> Self {
        let variants: Vec<(&str, Vec<Variant>)> = paths.map(|path| (path, variants(path, listed))).collect();
        let mut siblings: BTreeMap<&str, (BTreeSet<&str>, bool)> = BTreeMap::new();
        for variant in variants.iter().flat_map(|(_, variants)| variants) {
            let (names, is_called) = siblings.entry(&variant.key).or_default();
            names.insert(&variant.environment);
            *is_called |= variant.why > Evidence::Beside;
        }
        let support = |variant: &Variant| {
            let (names, is_called) = siblings.get(variant.key.as_str())?;
            let is_one = match variant.why {
                Evidence::Listed | Evidence::Telling => true,
                Evidence::Called => names.len() > 1,
                Evidence::Beside => *is_called,
            };
            is_one.then_some(names.len())
        };
        let mut own = BTreeMap::new();
        for (path, variants) in &variants {
            let ways = variants.iter().enumerate().filter_map(|(at, way)| Some((support(way)?, usize::MAX - at, way)));
            if let Some((_, _, way)) = ways.max_by_key(|(support, at, _)| (*support, *at)) {
                let member = Member { pattern: way.pattern.clone(), environment: way.environment.clone() };
                own.insert((*path).to_owned(), member);
            }
        }
        let names: BTreeSet<&str> = own.values().map(|member: &Member| member.environment.as_str()).collect();
        if names.len() < 2 && listed.is_empty() { Self::default() } else { Self(own) }
    }

    /// The environment that a file belongs to; none where it belongs to all.
    pub(super) fn of_file(&self, path: &str) -> Option<&Member> {
        self.0.get(path)
    }

    /// All names.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.0.values().map(|member| member.environment.as_str()).collect()
    }
}

/// The environments that a path could be of, the outermost first.
fn variants(path: &str, listed: &[String]) -> Vec<Variant> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut found: Vec<Variant> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let is_file = at + 1 == parts.len();
        let stem = if is_file { stem(part) } else { part };
        let above = at.checked_sub(1).and_then(|above| parts.get(above)).copied().unwrap_or_default();
        let named = span(stem, listed);
        let is_whole = named.as_ref().is_some_and(|range| *range == (0..stem.len()));
        let (range, why) = match named {
            Some(range) if !listed.is_empty() => (range, Evidence::Listed),
            // What is called by the application first is one only beside others.
            Some(range) if (is_whole || is_values(stem)) && is_telling(part_of(stem, &range)) => {
                (range, Evidence::Telling)
            }
            Some(range) => (range, Evidence::Called),
            None if is_file || is_shared(part) || part.starts_with('.') || !listed.is_empty() => continue,
            None if PARENTS.contains(&above) => (0..part.len(), Evidence::Called),
            None if BESIDE.contains(&above) => (0..part.len(), Evidence::Beside),
            None => continue,
        };
        let environment = part_of(stem, &range).to_owned();
        if environment.is_empty() || found.iter().any(|known| known.environment == environment) {
            continue;
        }
        let pattern = replaced(&parts, &environment, listed);
        let key = pattern.split('/').take(at + 1).collect::<Vec<_>>().join("/");
        found.push(Variant { environment, pattern, key, why });
    }
    found
}

fn is_values(stem: &str) -> bool {
    ["values-", "values.", "values_"].iter().any(|head| stem.starts_with(head))
}

fn part_of<'n>(name: &'n str, range: &Range<usize>) -> &'n str {
    name.get(range.clone()).unwrap_or_default()
}

/// A file's name without its extension, nor what says that it is encrypted.
fn stem(name: &str) -> &str {
    let bare = name.rsplit_once('.').map_or(name, |(bare, _)| bare);
    [".enc", ".sops"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare)
}

/// Where a name has that of an environment.
fn span(name: &str, listed: &[String]) -> Option<Range<usize>> {
    if listed.is_empty() {
        return environment_in(name);
    }
    let is_break = |c: Option<char>| c.is_none_or(|c| matches!(c, '-' | '_' | '.'));
    let mut spans: Vec<Range<usize>> = Vec::new();
    for known in listed {
        let first = name.strip_prefix(known.as_str()).filter(|rest| is_break(rest.chars().next()));
        let last = name.strip_suffix(known.as_str()).filter(|rest| is_break(rest.chars().next_back()));
        spans.extend(last.map(|rest| rest.len()..name.len()));
        spans.extend(first.map(|_| 0..known.len()));
    }
    spans.into_iter().max_by_key(Range::len)
}

/// The path with `<env>` in the place of a name, wherever it stands.
fn replaced(parts: &[&str], environment: &str, listed: &[String]) -> String {
    let last = parts.len().saturating_sub(1);
    let replaced = parts.iter().enumerate().map(|(at, part)| {
        let stem = if at == last { stem(part) } else { part };
        let own = span(stem, listed).or_else(|| (stem == environment).then_some(0..stem.len()));
        match own.filter(|range| part_of(stem, range) == environment) {
            Some(range) => {
                let (head, tail) = (part.get(..range.start), part.get(range.end..));
                format!("{}{ENVIRONMENT}{}", head.unwrap_or_default(), tail.unwrap_or_default())
            }
            None => (*part).to_owned(),
        }
    });
    replaced.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str], listed: &[&str]) -> Vec<Option<(String, String)>> {
        let listed: Vec<String> = listed.iter().map(|name| (*name).to_owned()).collect();
        let environments = Environments::of(paths.iter().copied(), &listed);
        let member = |path: &&str| environments.of_file(path).map(|it| (it.pattern.clone(), it.environment.clone()));
        paths.iter().map(member).collect()
    }

    #[test]
    fn environments_are_seen_in_names_and_directories() {
        for (paths, pattern, names) in [
            (["values-dev.yaml", "values-prod.yaml"], "values-<env>.yaml", ["dev", "prod"]),
            (["helm-values.dev.yaml", "helm-values.prod.yaml"], "helm-values.<env>.yaml", ["dev", "prod"]),
            (["dev-values.yaml", "prod-values.yaml"], "<env>-values.yaml", ["dev", "prod"]),
            (["values.dev.enc.yaml", "values.prod.enc.yaml"], "values.<env>.enc.yaml", ["dev", "prod"]),
            (["overlays/dev/k.yaml", "overlays/kind/k.yaml"], "overlays/<env>/k.yaml", ["dev", "kind"]),
            (["dev/values-dev.yaml", "prod/values-prod.yaml"], "<env>/values-<env>.yaml", ["dev", "prod"]),
            (["envs/dev.yaml", "envs/prod.yaml"], "envs/<env>.yaml", ["dev", "prod"]),
            (["envs/one/v.yaml", "envs/two/v.yaml"], "envs/<env>/v.yaml", ["one", "two"]),
            (["a/test/v.yaml", "a/demo/v.yaml"], "a/<env>/v.yaml", ["test", "demo"]),
        ] {
            let expected = names.map(|name| Some((pattern.to_owned(), name.to_owned())));
            assert_eq!(found(&paths, &[]), expected, "{paths:?}");
        }
    }

    #[test]
    fn files_of_environments_that_are_called_differently_are_of_environments_all_the_same() {
        let found = found(&["k8s/api-dev/deployment.yaml", "k8s/api-prod/deploy.yaml"], &[]);
        assert_eq!(found[0], Some(("k8s/api-<env>/deployment.yaml".into(), "dev".into())));
        assert_eq!(found[1], Some(("k8s/api-<env>/deploy.yaml".into(), "prod".into())));
    }

    #[test]
    fn names_that_only_differ_are_no_environments() {
        for paths in [
            ["blog/deploy.yaml", "shop/deploy.yaml"],
            ["charts/a/values.yaml", "charts/b/values.yaml"],
            ["values-a.yaml", "values-b.yaml"],
            ["overlays/htpasswd/k.yaml", "overlays/ldap/k.yaml"],
            ["base/values.yaml", "prod/values.yaml"],
            ["test/values.yaml", "app/values.yaml"],
            ["base/deployment.yaml", "base/cronjob.yaml"],
        ] {
            assert_eq!(found(&paths, &[]), [None, None], "{paths:?}");
        }
    }

    #[test]
    fn environments_that_the_repository_lists_are_the_only_ones() {
        let paths = ["values-blau.yaml", "values-rot.yaml", "values-dev.yaml"];
        let found = found(&paths, &["blau", "rot"]);
        assert_eq!(found[0], Some(("values-<env>.yaml".into(), "blau".into())));
        assert_eq!(found[2], None);
        let config = b"images: {a: 1}\nenvironments: [blau, ../rot, 'x y', \"\", rot]\n";
        assert_eq!(super::listed(config), ["blau", "rot"]);
        assert!(super::listed(b"environments: 1\n").is_empty());
    }
}
