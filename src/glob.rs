//! Patterns in which `*` stands for any text and `?` for any one character; this module must not know what is matched.

#![deny(clippy::disallowed_methods)]

/// Whether a pattern fits a whole text.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == c => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else { return false };
                star = Some((star_p, star_t + 1));
                (p, t) = (star_p + 1, star_t + 1);
            }
        }
    }
    pattern.iter().skip(p).all(|&c| c == '*')
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
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
