//! Which plain text is a string to every YAML reader; this module must not know where the text stands.
//!
//! The rule is the union of YAML 1.1 (as `PyYAML` resolves it), the core schema of YAML 1.2, and go-yaml, which Helm and
//! Kustomize use: it drops underscores before it looks for a number and takes Go's prefixes in both cases.

#![deny(clippy::disallowed_methods)]

/// Whether a plain scalar with this text is a string to YAML 1.1, YAML 1.2 and go-yaml alike.
pub(crate) fn is_string(text: &str) -> bool {
    !(is_word(text) || is_number(text) || is_date(text))
}

/// Whether both texts are whole numbers to every reader, or both truth values. Of a fraction the end may be lost (`1.10`).
pub(super) fn is_like(one: &str, other: &str) -> bool {
    let is_bool = |text: &str| matches!(text, "true" | "false");
    let is_whole = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_short = (1..=18).contains(&digits.len()) && (digits == "0" || !digits.starts_with('0'));
        is_short && digits.chars().all(|c| c.is_ascii_digit())
    };
    (is_bool(one) && is_bool(other)) || (is_whole(one) && is_whole(other))
}

/// Whether the text may stand without quotes, wherever a plain scalar may stand.
///
/// The measure is narrow on purpose: only characters that tags, digests and references have.
pub(super) fn is_plain(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ':' | '@' | '=');
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && text.chars().all(inner) && !text.ends_with(':')
}

/// The text as a new value: plain where that is safe, else in double quotes.
pub(crate) fn written(text: &str) -> String {
    if is_plain(text) && is_string(text) { text.to_owned() } else { quoted(text) }
}

/// The text in double quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(format!("\\u{:04x}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn is_word(text: &str) -> bool {
    const WORDS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];
    let lower = text.to_ascii_lowercase();
    let capital = || {
        let mut rest = text.chars();
        rest.next();
        rest.as_str().chars().all(|c| c.is_ascii_lowercase())
    };
    let is_cased = || text == lower || text == text.to_ascii_uppercase() || capital();
    text.is_empty() || matches!(text, "~" | "=" | "<<") || ((WORDS.contains(&&*lower) || lower == "null") && is_cased())
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan") {
        return true;
    }
    if !lower.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    is_prefixed(&lower) || is_sexagesimal(&lower) || is_decimal(&lower.replace('_', ""))
}

/// `0x1f`, `0o17`, `0b11`, with underscores anywhere behind the prefix.
fn is_prefixed(text: &str) -> bool {
    let all = |rest: &str, fits: fn(char) -> bool| !rest.is_empty() && rest.chars().all(|c| c == '_' || fits(c));
    match text.split_at_checked(2) {
        Some(("0x", rest)) => all(rest, |c| c.is_ascii_hexdigit()),
        Some(("0o", rest)) => all(rest, |c| ('0'..='7').contains(&c)),
        Some(("0b", rest)) => all(rest, |c| matches!(c, '0' | '1')),
        _ => false,
    }
}

/// `1:30`, `190:20:30.15`: a number to the base 60 in YAML 1.1.
fn is_sexagesimal(text: &str) -> bool {
    let mut parts = text.split(':');
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit() || c == '_');
    let first = parts.next().is_some_and(digits);
    let rest: Vec<_> = parts.collect();
    let Some((last, middle)) = rest.split_last() else {
        return false;
    };
    let small = |part: &str| {
        part.len() <= 2 && part.chars().all(|c| c.is_ascii_digit()) && part.parse().is_ok_and(|n: u8| n < 60)
    };
    let last = last.split_once('.').map_or(*last, |(whole, _)| whole);
    first && middle.iter().all(|part| small(part)) && small(last)
}

/// `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, maybe with an exponent.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// `2026-11-23`, alone or with a time behind it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit());
    let year = parts.next().is_some_and(|year| year.len() == 4 && digits(year, 4));
    let month = parts.next().is_some_and(|month| digits(month, 2));
    let day = parts.next().is_some_and(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (day, time) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let is_time = |time: &str| {
            time.strip_prefix(['T', 't', ' ']).is_some_and(|time| time.starts_with(|c: char| c.is_ascii_digit()))
                && time.contains(':')
        };
        digits(day, 2) && (time.is_empty() || is_time(time))
    });
    year && month && day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_reader_takes_for_something_else() {
        for text in [
            "",
            "~",
            "null",
            "Null",
            "NULL",
            "y",
            "N",
            "yes",
            "Yes",
            "YES",
            "no",
            "on",
            "Off",
            "true",
            "False",
            "=",
            "<<",
            "0",
            "12345678",
            "007",
            "0777",
            "08",
            "1_000",
            "0_7",
            "+1",
            "-1",
            "0x1f",
            "0X1F",
            "0o17",
            "0O17",
            "0b11",
            "0B1",
            "-0b1",
            "0x_",
            "99999999999999999999999",
            "1.10",
            "1.",
            ".5",
            "1e3",
            "1E3",
            "5846e796",
            "5846E+7",
            "1_e3",
            "1.5e-3",
            "6.8523_015e+5",
            ".inf",
            "-.INF",
            ".NaN",
            "1:30",
            "190:20:30.15",
            "2026-11-23",
            "2026-1-2",
            "2026-13-45",
            "2026-11-23T10:11:12Z",
        ] {
            assert!(!is_string(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_a_string_everywhere() {
        for text in [
            "1.2.3",
            "v1",
            "1.2.3-rc.1",
            "nULL",
            "yEs",
            "latest",
            "5846e796a",
            "e796",
            "0xfg",
            "0x",
            "0b2",
            "0o8",
            "1-2",
            "_1",
            "1e",
            "1e5e5",
            "1..2",
            "2026-11-23-1",
            "2026-11",
            "20261-11-23",
            "1:60",
            "1:300",
            "nginx:1.0",
            "sha256:abc",
            "2026-11-23-rc1",
            "2026-11-23t",
            "main",
            "none",
            "nan",
            "inf",
            "Infinity",
        ] {
            assert!(is_string(text), "{text:?}");
        }
    }

    #[test]
    fn what_needs_quotes_for_its_characters() {
        assert!(is_plain("registry.example.com:5000/a/b:1.0@sha256:00"));
        for text in ["[::1]:5000/a:1", "-a", "a b", "a:", "a#b", "", "@a", "a, b", "é"] {
            assert!(!is_plain(text), "{text:?}");
        }
    }
}
