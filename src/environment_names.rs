//! Which names are those of environments by custom; this module must not know where a name stands.

#![deny(clippy::disallowed_methods)]

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
    fn words_are_listed_once_in_small_letters() {
        let mut words = WORDS.to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), WORDS.len());
        assert!(WORDS.iter().all(|word| *word == word.to_lowercase() && !is_shared(word)));
    }
}
