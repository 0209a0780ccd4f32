//! Text from outside made safe to show: no terminal escapes, no forged lines, nothing that nobody sees. This module must
//! not print.

#![deny(clippy::disallowed_methods)]

use std::borrow::Cow;
use std::fmt::Write as _;

mod characters;
mod markdown;
mod references;

pub(crate) use characters::is_unsafe;
pub use markdown::{markdown, markdown_link, option_value, without_quick_actions};
pub use references::{inert, without_closings};

use characters::is_joined;

/// Stands where the end of a text was cut off. The redactor takes what stands before it for the beginning of something
/// longer.
pub(crate) const CUT: char = '…';

/// Replaces characters that nobody sees, or that change how others are read, by their escapes; keeps line breaks and
/// tabs.
///
/// A carriage return stays only before a line feed: alone it would overwrite the line.
pub fn printable(text: &str) -> Cow<'_, str> {
    replaced(text, |result, c| {
        let _ = write!(result, "{}", c.escape_default());
    })
}

/// The same on one line, on which blanks are single.
pub fn one_line(text: &str) -> String {
    printable(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// The same on one line that keeps its blanks: the lines of the text are joined by `; `.
pub fn joined(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let lines: Vec<&str> = match lines.as_slice() {
        [line] => vec![line],
        lines => lines.iter().map(|line| line.trim()).collect(),
    };
    printable(&lines.join("; ")).into_owned()
}

/// Whether a text is one line in which nothing is hidden.
pub(crate) fn is_one_line(text: &str) -> bool {
    !text.contains(['\n', '\r', '\t']) && printable(text) == text
}

/// At most this many characters; what is cut off is marked by `…`.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}{CUT}", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The text without the characters that [`printable`] escapes: for what is published, where an escape helps nobody.
pub(crate) fn without_unsafe(text: &str) -> String {
    replaced(text, |_, _| {}).into_owned()
}

fn replaced(text: &str, replace: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied();
        let is_line_end = c == '\r' && after == Some('\n');
        if is_unsafe(c) && !is_line_end && !is_joined(before, c, after) {
            replace(&mut result, c);
        } else {
            result.push(c);
        }
        before = Some(c);
    }
    Cow::Owned(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutralises_escapes_and_keeps_text() {
        assert_eq!(printable("a\u{1b}[31mb\rc\r\nd\té\u{202e}"), "a\\u{1b}[31mb\\rc\r\nd\té\\u{202e}");
        assert_eq!(one_line("a\n\u{7}b  c"), "a \\u{7}b c");
        assert_eq!(joined("  a   b\u{2028}c\r\n"), "  a   b\\u{2028}c");
        assert_eq!(joined("a\n  b\n\nc\u{61c}\u{200b}\u{e0041}"), "a; b; c\\u{61c}\\u{200b}\\u{e0041}");
        assert_eq!((cut("héé", 2), cut("hé", 2)), ("hé…".into(), "hé".into()));
    }

    #[test]
    fn writing_that_needs_joiners_stays_readable() {
        for text in ["می‌خواهم", "क्‍ष", "👩‍💻", "🏳️‍🌈", "❤️", "1️⃣", "☑︎", "👨🏽‍🔧"]
        {
            assert_eq!(printable(text), text);
        }
        for (text, shown) in [
            ("a\u{200d}b", "a\\u{200d}b"),
            ("main\u{200c}", "main\\u{200c}"),
            ("a\u{fe0f}", "a\\u{fe0f}"),
            ("🚀\u{200d}", "🚀\\u{200d}"),
            ("葛\u{e0100}", "葛\\u{e0100}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
