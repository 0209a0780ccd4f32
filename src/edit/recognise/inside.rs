//! References inside a text that holds other words too; this module must not know where the text stands.

#![deny(clippy::disallowed_methods)]

use std::ops::Range;

use crate::image::Reference;

/// A reference with a tag or a digest, and the bytes of the text that it stands on.
pub(in crate::edit) struct Inside {
    pub(in crate::edit) range: Range<usize>,
    pub(in crate::edit) held: Reference,
}

/// The references of a text that stand behind `=` or a blank, maybe in quotes.
pub(in crate::edit) fn references(text: &str) -> Vec<Inside> {
    let is_start = |c: char| matches!(c, '=' | ' ' | '\t');
    let starts = text.char_indices().filter(|(_, c)| is_start(*c)).map(|(at, _)| at + 1);
    starts.filter_map(|start| reference(text, start)).collect()
}

fn reference(text: &str, start: usize) -> Option<Inside> {
    let rest = text.get(start..)?;
    let word = rest.trim_start_matches(['\'', '"']);
    let start = start + rest.len() - word.len();
    let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@'));
    let end = word.find(ends).unwrap_or(word.len());
    let (word, behind) = word.split_at_checked(end)?;
    // Of any other character nobody knows whether it belongs to the tag: `:1.0$SUFFIX`.
    let is_end = behind.chars().next().is_none_or(|c| c.is_whitespace() || "'\",;&|)]}".contains(c));
    let held = Reference::parse(word).ok().filter(|_| is_end)?;
    let has_version = held.tag.is_some() || held.digest.is_some();
    has_version.then_some(Inside { range: start..start + end, held })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_stands_behind_a_sign_or_a_blank() {
        for (text, found) in [
            ("--image=r.io/a:1", vec!["r.io/a:1"]),
            ("run r.io/a:1 --x=b/c@latest d:2", vec!["r.io/a:1", "d:2"]),
            ("A='r.io/a:1', B=\"r.io/b:2\";", vec!["r.io/a:1", "r.io/b:2"]),
            ("x=r.io/a:1\ty", vec!["r.io/a:1"]),
            ("r.io/a:1 first", vec![]),
            ("x=r.io/a:1$S y=r.io/a:1{{z}} z=http://r.io/a:1 w=r.io/a u=,r.io/a:1", vec![]),
            ("é=r.io/a:1é", vec![]),
            ("é=r.io/a:1", vec!["r.io/a:1"]),
            ("", vec![]),
        ] {
            let words: Vec<_> = references(text).iter().map(|inside| text[inside.range.clone()].to_owned()).collect();
            assert_eq!(words, found, "{text}");
        }
    }
}
