//! Text from outside made safe to show: no terminal escapes, no forged lines. This module must not print.

#![deny(clippy::disallowed_methods)]

use std::borrow::Cow;
use std::fmt::Write as _;

/// Replaces control and direction-changing characters by their escapes; keeps line breaks and tabs.
///
/// A carriage return stays only before a line feed: alone it would overwrite the line.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if is_unsafe(c) && !(c == '\r' && rest.peek() == Some(&'\n')) {
            let _ = write!(result, "{}", c.escape_default());
        } else {
            result.push(c);
        }
    }
    Cow::Owned(result)
}

/// The same on one line.
pub fn one_line(text: &str) -> String {
    printable(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// Text that is no markup of Markdown's, nor HTML, nor the end of a table's cell.
pub fn markdown(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            // GitLab would make a mention of it, and notify people.
            '@' => result.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '!' | '|' | '~' | '$' => {
                result.push('\\');
                result.push(c);
            }
            _ => result.push(c),
        }
    }
    result
}

/// A link in Markdown; the text alone where there is no address.
pub fn markdown_link(text: &str, url: Option<&str>) -> String {
    let text = markdown(text);
    match url {
        // In angle brackets an address may hold anything but those and line breaks.
        Some(url) => {
            format!("[{text}](<{}>)", one_line(url).replace('<', "%3C").replace('>', "%3E").replace('|', "%7C"))
        }
        None => text,
    }
}

fn is_unsafe(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutralises_escapes_and_keeps_text() {
        assert_eq!(printable("a\u{1b}[31mb\rc\r\nd\té\u{202e}"), "a\\u{1b}[31mb\\rc\r\nd\té\\u{202e}");
        assert_eq!(one_line("a\n\u{7}b  c"), "a \\u{7}b c");
    }
}
