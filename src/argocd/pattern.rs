//! File name patterns as Argo CD has them; this module must not know what they pick.

#![deny(clippy::disallowed_methods)]

use regex_lite::Regex;

/// The longest pattern that is followed.
const LONGEST: usize = 4096;

/// What one `*` matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Star {
    /// No slash: value files, where `**` leads through directories.
    Component,
    /// Slashes, too: `include` and `exclude` of a directory.
    Anything,
}

/// Whether a path is what a pattern means. A path also matches the pattern that is written like it.
pub(super) fn matches(pattern: &str, path: &str, star: Star) -> bool {
    pattern == path || (pattern.len() <= LONGEST && regex(pattern, star).is_some_and(|regex| regex.is_match(path)))
}

fn regex(pattern: &str, star: Star) -> Option<Regex> {
    let (one, some) = match star {
        Star::Component => ("[^/]", "[^/]*"),
        Star::Anything => (".", ".*"),
    };
    let mut text = "^(?s:".to_owned();
    let mut alternatives = 0_usize;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '*' if rest.starts_with("**/") => {
                text.push_str("(?:.*/)?");
                length = 3;
            }
            '*' if rest.starts_with("**") => {
                text.push_str(".*");
                length = 2;
            }
            '*' => text.push_str(some),
            '?' => text.push_str(one),
            '[' if let Some(end) = rest.find(']') => {
                text.push_str(&class(&rest[1..end]));
                length = end + 1;
            }
            '{' => {
                alternatives += 1;
                text.push_str("(?:");
            }
            '}' if alternatives > 0 => {
                alternatives -= 1;
                text.push(')');
            }
            ',' if alternatives > 0 => text.push('|'),
            c => text.push_str(&regex_lite::escape(c.encode_utf8(&mut [0; 4]))),
        }
        rest = rest.get(length..)?;
    }
    text.push_str(")$");
    Regex::new(&text).ok()
}

/// The characters between brackets, of which none or one has a meaning of its own.
fn class(inside: &str) -> String {
    let (not, inside) = match inside.strip_prefix(['!', '^']) {
        Some(inside) => ("^", inside),
        None => ("", inside),
    };
    let escaped = inside.replace('\\', "\\\\").replace('[', "\\[").replace('&', "\\&").replace('~', "\\~");
    format!("[{not}{escaped}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_pick_paths() {
        for (pattern, path, of_values, of_directory) in [
            ("values/dev.yaml", "values/dev.yaml", true, true),
            ("values/*.yaml", "values/dev.yaml", true, true),
            ("values/*.yaml", "values/eu/dev.yaml", false, true),
            ("values/**/*.yaml", "values/eu/fr/dev.yaml", true, true),
            ("values/**/*.yaml", "values/dev.yaml", true, true),
            ("**/dev.yaml", "dev.yaml", true, true),
            ("values/**", "values/eu/dev.yaml", true, true),
            ("values-?.yaml", "values-a.yaml", true, true),
            ("values-?.yaml", "values-ab.yaml", false, false),
            ("values-[a-c].yaml", "values-b.yaml", true, true),
            ("values-[!a-c].yaml", "values-b.yaml", false, false),
            ("{a,b/*}.yaml", "b/x.yaml", true, true),
            ("{a,b}.yaml", "c.yaml", false, false),
            ("a.yaml", "aXyaml", false, false),
            ("odd[name.yaml", "odd[name.yaml", true, true),
            ("odd[b-a].yaml", "odd.yaml", false, false),
            ("{a", "a", false, false),
        ] {
            assert_eq!(matches(pattern, path, Star::Component), of_values, "{pattern} {path}");
            assert_eq!(matches(pattern, path, Star::Anything), of_directory, "{pattern} {path}");
        }
    }
}
