//! Credentials that stand in addresses; this module must not decide where they are used.

#![deny(clippy::disallowed_methods)]

use percent_encoding::percent_decode_str;

/// A user name alone is taken for a token when it is as long as tokens are, and made of letters and digits.
const SHORTEST_TOKEN: usize = 20;

/// The passwords in all addresses `SCHEME://USER:PASSWORD@HOST` of a text, and user names that are tokens, each as it is
/// written and decoded.
pub fn secrets_in_urls(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let rest = &text[at + 3..];
        // A password may hold what ends an address elsewhere, as long as there is an `@` behind it.
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')).unwrap_or(rest.len());
        let Some((authority, host)) = rest[..end].rsplit_once('@') else { continue };
        let narrow = rest[..end].split(['/', '?', '#']).next().and_then(|part| part.rsplit_once('@'));
        for user_info in [Some(authority), narrow.map(|(user_info, _)| user_info)].into_iter().flatten() {
            found.extend(secret_of(user_info).filter(|_| !host.is_empty()).map(str::to_owned));
        }
    }
    let decoded = |secret: &String| percent_decode_str(secret).decode_utf8_lossy().into_owned();
    let decoded: Vec<String> = found.iter().map(decoded).collect();
    found.extend(decoded);
    found.sort_unstable();
    found.dedup();
    found
}

fn secret_of(user_info: &str) -> Option<&str> {
    match user_info.split_once(':') {
        Some((_, password)) => Some(password),
        None => Some(user_info).filter(|user| is_token(user)),
    }
}

fn is_token(user: &str) -> bool {
    let has = |is: fn(&u8) -> bool| user.as_bytes().iter().any(is);
    user.len() >= SHORTEST_TOKEN
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_stands_before_the_host() {
        for (text, secrets) in [
            ("https://u:p%2Fw@h/x", vec!["p%2Fw", "p/w"]),
            ("--repo=https://u:pa/ss@h/x", vec!["pa/ss"]),
            ("a https://u:one@h/x\nssh://v:two@h \"http://w:three@h\"", vec!["one", "three", "two"]),
            ("https://ghp_0123456789abcdefghij@github.com/a/b", vec!["ghp_0123456789abcdefghij"]),
            ("ssh://git@h/x", vec![]),
            ("https://a-very-long-organisation@dev.azure.com/x", vec![]),
            ("https://h/@scope:x/y", vec![]),
            ("git@h:a/b.git", vec![]),
        ] {
            assert_eq!(secrets_in_urls(text), secrets, "{text}");
        }
    }
}
