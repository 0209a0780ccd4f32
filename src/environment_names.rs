//! Which names are those of environments by custom; this module must not know where a name stands.

#![deny(clippy::disallowed_methods)]

use std::ops::Range;

/// Words that environments are called by, in small letters.
const WORDS: [&str; 50] = [
    "acc",
    "acceptance",
    "canary",
    "demo",
    "dev",
    "devel",
    "develop",
    "development",
    "développement",
    "démo",
    "formation",
    "hml",
    "hom",
    "homologation",
    "int",
    "integ",
    "integration",
    "intégration",
    "live",
    "local",
    "nonprod",
    "perf",
    "ppd",
    "pprd",
    "pprod",
    "prd",
    "preprd",
    "preprod",
    "preproduction",
    "preview",
    "prod",
    "production",
    "préprod",
    "préproduction",
    "qa",
    "qualif",
    "qualification",
    "rec",
    "recette",
    "review",
    "sandbox",
    "sbx",
    "sit",
    "stage",
    "staging",
    "stg",
    "test",
    "testing",
    "tst",
    "uat",
];

/// Names that stand beside environments and are none.
const NONE: [&str; 10] =
    ["base", "bases", "common", "components", "default", "global", "lib", "shared", "template", "templates"];

/// Words that name many other things than environments.
const WEAK: [&str; 22] = [
    "acc",
    "acceptance",
    "canary",
    "demo",
    "démo",
    "formation",
    "hom",
    "int",
    "integ",
    "integration",
    "live",
    "local",
    "perf",
    "preview",
    "rec",
    "review",
    "sandbox",
    "sit",
    "stage",
    "test",
    "testing",
    "tst",
];

/// Words that say which of several environments of a kind it is.
const QUALIFIERS: [&str; 40] = [
    "af",
    "ap",
    "asia",
    "au",
    "be",
    "blue",
    "br",
    "ca",
    "central",
    "ch",
    "cluster",
    "de",
    "east",
    "env",
    "es",
    "eu",
    "europe",
    "fr",
    "global",
    "green",
    "ie",
    "in",
    "it",
    "jp",
    "k8s",
    "me",
    "nl",
    "non",
    "north",
    "northeast",
    "pre",
    "primary",
    "sa",
    "secondary",
    "sg",
    "south",
    "southeast",
    "uk",
    "us",
    "west",
];

/// Where a name has that of an environment, by custom: all of it, or what stands first or last in it (`prod` of
/// `api-prod`, `eu-prod` of `values-eu-prod`).
pub(crate) fn environment_in(name: &str) -> Option<Range<usize>> {
    let parts = parts(name);
    let text = |range: &Range<usize>| name.get(range.clone()).unwrap_or_default().to_lowercase();
    let qualifies = |range: &&Range<usize>| {
        let text = text(range);
        text.chars().all(|c| c.is_ascii_digit()) || QUALIFIERS.contains(&text.as_str())
    };
    let spans = parts.iter().enumerate().rev().filter(|(_, range)| is_word(&text(range))).map(|(at, range)| {
        let before = parts.iter().take(at).rev().take_while(qualifies).last().unwrap_or(range);
        let after = parts.iter().skip(at + 1).take_while(qualifies).last().unwrap_or(range);
        before.start..after.end
    });
    let touches = |span: &Range<usize>| {
        parts.first().is_some_and(|first| first.start == span.start)
            || parts.last().is_some_and(|last| last.end == span.end)
    };
    let mut spans = spans.into_iter();
    spans.find(touches)
}

/// Whether an environment's name is hardly ever that of something else.
pub(crate) fn is_telling(name: &str) -> bool {
    let mut parts = parts(name).into_iter().filter_map(|part| name.get(part)).map(str::to_lowercase);
    parts.any(|part| is_word(&part) && !WEAK.contains(&part.trim_end_matches(|c: char| c.is_ascii_digit())))
}

fn is_word(part: &str) -> bool {
    WORDS.contains(&part.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// What stands between dashes, dots and underscores.
fn parts(name: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut parts = Vec::new();
    for part in name.split(['-', '_', '.']) {
        parts.push(start..start + part.len());
        start += part.len() + 1;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether a name is an environment's: one of the words, alone or as the first or last part of it, with or without a
/// number (`dev1`, `eu-prod`, `prod_eu`, `rec-02`).
pub(crate) fn is_environment(name: &str) -> bool {
    let name = name.to_lowercase();
    let is_digit = |c: char| c.is_ascii_digit();
    let parts = name.split(['-', '_', '.']).map(|part| part.trim_end_matches(is_digit));
    let mut parts = parts.filter(|part| !part.is_empty());
    let is_word = |part: &str| WORDS.contains(&part);
    parts.next().is_some_and(is_word) || parts.next_back().is_some_and(is_word)
}

/// Whether a name is that of what all environments have in common.
pub(crate) fn is_shared(name: &str) -> bool {
    NONE.contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_called_by_words_of_their_own() {
        for name in [
            "dev",
            "dev1",
            "DEV",
            "int",
            "test",
            "qa",
            "rec",
            "recette",
            "uat",
            "staging",
            "preprod",
            "pre-prod",
            "prod",
            "prod-eu",
            "eu-prod",
            "eu_prod",
            "prod.eu",
            "eu-west-1-prod",
            "prod-01",
            "formation",
            "intégration",
            "INTÉGRATION",
            "integration-2",
            "2-prod",
        ] {
            assert!(is_environment(name), "{name}");
        }
        for name in [
            "",
            "base",
            "common",
            "shared",
            "default",
            "components",
            "api",
            "web",
            "client-a",
            "developer-portal",
            "product",
            "prodigy",
            "contest",
            "record",
            "interface",
            "eu-west-1",
            "1",
            "-",
            "a-prod-b",
        ] {
            assert!(!is_environment(name), "{name}");
        }
        assert!(is_shared("Base") && !is_shared("prod"));
    }

    #[test]
    fn the_environment_of_a_name_is_what_stands_first_or_last_in_it() {
        for (name, environment) in [
            ("dev", "dev"),
            ("api-dev", "dev"),
            ("dev-values", "dev"),
            ("helm-values.dev", "dev"),
            ("values-eu-prod", "eu-prod"),
            ("values_prod_2", "prod_2"),
            ("api-pre-prod", "pre-prod"),
            ("prod-eu", "prod-eu"),
            ("test-api-prod", "prod"),
            ("Préprod-1", "Préprod-1"),
        ] {
            assert_eq!(environment_in(name).and_then(|range| name.get(range)), Some(environment), "{name}");
        }
        for name in ["", "-", "blog", "htpasswd", "guestbook", "a-prod-b", "product", "values", "base"] {
            assert_eq!(environment_in(name), None, "{name}");
        }
        assert!(is_telling("eu-prod") && is_telling("dev2") && !is_telling("test") && !is_telling("demo-1"));
        assert!(WEAK.iter().all(|word| WORDS.contains(word)));
    }

    #[test]
    fn words_are_listed_once_in_small_letters() {
        let mut words = WORDS.to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), WORDS.len());
        assert!(WORDS.iter().all(|word| *word == word.to_lowercase() && !is_shared(word)));
    }
}
