//! How a character may be written where it is a part of something encoded: in URLs, JSON, YAML, Markdown, HTML and Rust's
//! own quotation. This module must not know what is looked for.

#![deny(clippy::disallowed_methods)]

/// More backslashes than two layers of escapes make stand for nothing.
const MOST_BACKSLASHES: usize = 8;

/// No entity that escaping makes is longer, with its semicolon.
const LONGEST_NAME: usize = 10;

/// A longer run of blanks is no space between two words.
const MOST_BLANKS: usize = 64;

/// Calls `each` with every character that may be meant at the beginning of the text, and with the bytes that it takes.
/// Blanks of all kinds, encoded ones too, are one space.
pub(super) fn readings(text: &str, each: &mut dyn FnMut(char, usize)) {
    let Some(c) = text.chars().next() else { return };
    match c {
        '\\' => backslash(text, each),
        '%' => percent(text, each),
        '&' => entity(text, each),
        '+' => {
            each('+', 1);
            each(' ', 1);
        }
        // YAML doubles it.
        '\'' => {
            each('\'', 1);
            if text.starts_with("''") {
                each('\'', 2);
            }
        }
        c if c.is_whitespace() => each(' ', run(text, MOST_BLANKS, char::is_whitespace)),
        c => each(c, c.len_utf8()),
    }
}

/// The bytes of the characters at the beginning that are such, at most this many: what a hostile text costs is bounded.
fn run(text: &str, most: usize, is_such: impl Fn(char) -> bool) -> usize {
    text.chars().take(most).take_while(|c| is_such(*c)).map(char::len_utf8).sum()
}

/// A backslash, doubled by each layer of quotation; or what stands behind the backslashes of some layers.
fn backslash(text: &str, each: &mut dyn FnMut(char, usize)) {
    let run = run(text, MOST_BACKSLASHES, |c| c == '\\');
    for length in [1, 2, 4] {
        if length <= run {
            each('\\', length);
        }
    }
    let rest = &text[run..];
    let Some(c) = rest.chars().next() else { return };
    match c {
        'n' | 'r' | 't' => each(' ', run + 1),
        'u' => {
            if let Some((c, length)) = unicode(rest) {
                each(spaced(c), run + length);
            }
        }
        'x' => {
            if let Some(c) =
                rest.get(1..3).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32)
            {
                each(spaced(c), run + 3);
            }
        }
        c if c.is_ascii_punctuation() && c != '\\' => readings(rest, &mut |c, length| each(c, run + length)),
        _ => {}
    }
}

/// `u{1f}` as Rust writes it, `u001f` as JSON does, where characters beyond 16 bits are a pair.
fn unicode(text: &str) -> Option<(char, usize)> {
    if let Some(rest) = text.strip_prefix("u{") {
        let end = rest.bytes().take(7).position(|byte| byte == b'}')?;
        let digits = rest.get(..end)?;
        return Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, digits.len() + 3));
    }
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok();
    let first = unit(text)?;
    if let Some(c) = char::from_u32(first.into()) {
        return Some((c, 5));
    }
    let slashes = run(text.get(5..)?, MOST_BACKSLASHES, |c| c == '\\');
    let second = unit(&text[5 + slashes..])?;
    let c = char::decode_utf16([first, second]).next()?.ok()?;
    Some((c, 10 + slashes))
}

/// `%2f`, also where its percent sign is itself encoded.
fn percent(text: &str, each: &mut dyn FnMut(char, usize)) {
    each('%', 1);
    for sign in ["%", "%25"] {
        if let Some((c, length)) = encoded_char(text, sign) {
            each(spaced(c), length);
        }
    }
}

/// One character whose bytes in UTF-8 are each two digits behind the sign.
fn encoded_char(text: &str, sign: &str) -> Option<(char, usize)> {
    let (mut bytes, mut rest) = (Vec::with_capacity(4), text);
    while bytes.len() < 4 {
        let digits = rest.strip_prefix(sign)?;
        let byte = digits.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(byte, 16).ok()?);
        rest = &digits[2..];
        if let Ok(decoded) = std::str::from_utf8(&bytes) {
            return Some((decoded.chars().next()?, text.len() - rest.len()));
        }
    }
    None
}

/// `&amp;`, `&#38;`, `&#x26;` and the other names that escaping makes, also of an ampersand that was escaped before.
fn entity(text: &str, each: &mut dyn FnMut(char, usize)) {
    each('&', 1);
    let mut rest = &text[1..];
    for _ in 0..2 {
        let Some(inner) = rest.strip_prefix("amp;") else { break };
        rest = inner;
        each('&', text.len() - rest.len());
    }
    let Some(end) = rest.bytes().take(LONGEST_NAME).position(|byte| byte == b';') else { return };
    let (name, after) = (&rest[..end], &rest[end + 1..]);
    let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => number.parse().ok(),
    });
    let c = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => number.and_then(char::from_u32),
    };
    if let Some(c) = c {
        each(spaced(c), text.len() - after.len());
    }
}

fn spaced(c: char) -> char {
    if c.is_whitespace() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(char, usize)> {
        let mut found = Vec::new();
        readings(text, &mut |c, length| found.push((c, length)));
        found
    }

    #[test]
    fn a_character_has_many_spellings() {
        for (text, c) in [
            ("/", '/'),
            ("%2F", '/'),
            ("%2f", '/'),
            ("%252F", '/'),
            ("\\/", '/'),
            ("\\u002f", '/'),
            ("\\u{2f}", '/'),
            ("\\x2f", '/'),
            ("&#x2f;", '/'),
            ("&#47;", '/'),
            ("&amp;#47;", '/'),
            ("\\\\_", '_'),
            ("%C3%A9", 'é'),
            ("\\u00e9", 'é'),
            ("\\ud83d\\ude80", '🚀'),
            ("&quot;", '"'),
            ("\\\\\\\"", '"'),
            ("''", '\''),
            ("+", ' '),
            ("%20", ' '),
            ("\\n", ' '),
            (" \n ", ' '),
            ("\\\\", '\\'),
            ("%5C", '\\'),
            ("\\%5C", '\\'),
            ("&amp;", '&'),
        ] {
            assert!(all(text).contains(&(c, text.len())), "{text}: {:?}", all(text));
        }
    }

    #[test]
    fn nothing_of_it_panics() {
        for text in [
            "%",
            "%é",
            "%2",
            "%ff%",
            "\\",
            "\\u",
            "\\u{",
            "\\ué",
            "\\ud83d",
            "\\ud83d\\u",
            "\\xé",
            "&",
            "&#;",
            "&é;",
            "&amp;",
            "%25é",
        ] {
            all(text);
        }
    }
}
