//! Patterns in which `*` stands for any text and `?` for any one character; this module must not know what is matched.

#![deny(clippy::disallowed_methods)]

use wildmatch::WildMatch;

/// Whether a pattern fits a whole text. There is no escape: `*` and `?` in a name are matched by the pattern's own.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    WildMatch::new(pattern).matches(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_slashes_and_a_question_mark_is_one_character() {
        for (pattern, text, expected) in [
            ("kustomization/shop/*", "kustomization/shop/cafefa91", true),
            ("kustomization/shop/*", "kustomization/shop/", true),
            ("kustomization/shop/*", "kustomization/shop-dev/cafefa91", false),
            ("*/shop-*/*", "kustomization/shop-dev/cafefa91", true),
            ("*", "", true),
            ("?", "é", true),
            ("?", "", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("[x]", "x", false),
            ("\\*", "*", false),
            ("\\*", "\\x", true),
            ("A*", "ab", false),
            ("", "", true),
            ("", "x", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let text = "a".repeat(4000);
        // Tried in every way there are more of them than anybody could wait for.
        assert!(!fits(&("*a".repeat(2000) + "*b"), &text));
        assert!(fits(&"*a".repeat(2000), &text));
    }
}
