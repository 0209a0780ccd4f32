//! A registry's own words, made fit for a one-line message; this module must not decide what they mean.

#![deny(clippy::disallowed_methods)]

use oci_distribution::errors::OciEnvelope;
use serde::Deserialize;

/// How much of a server's text is worth showing.
const LONGEST: usize = 200;

/// The words of an error's body: the messages of the OCI error format, of a token service, or the text as it is;
/// nothing for an HTML page.
pub(super) fn of_body(body: &[u8]) -> String {
    if let Ok(envelope) = serde_json::from_slice::<OciEnvelope>(body) {
        let messages = envelope.errors.iter().take(5).map(|error| error.message.as_str());
        return clean(&messages.filter(|message| !message.is_empty()).collect::<Vec<_>>().join("; "));
    }
    if let Ok(Complaint { text: Some(text) }) = serde_json::from_slice(body) {
        return clean(&text);
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.starts_with('<') { String::new() } else { clean(text) }
}

/// How token services complain: Docker Hub with `details`, OAuth2 with `error_description` (RFC 6749, 5.2).
#[derive(Deserialize)]
struct Complaint {
    #[serde(alias = "details", alias = "error_description", alias = "message")]
    text: Option<String>,
}

/// One line without control characters, cut to what a person reads.
pub(super) fn clean(text: &str) -> String {
    // Twice the length is enough to find the words in, however long a hostile text is.
    let head: String = text.chars().take(2 * LONGEST).map(|c| if is_shown(c) { c } else { ' ' }).collect();
    let line = head.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let mut cut: String = line.chars().take(LONGEST).collect();
    cut.push('…');
    cut
}

/// Whether a terminal shows the character where it stands: no controls, no marks that reorder the line.
fn is_shown(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !reorders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_oci_error_format() {
        let body = br#"{"errors": [{"code": "DENIED", "message": "no access\u001b[31m to it"}, {"code": "X"}]}"#;
        assert_eq!(of_body(body), "no access [31m to it");
    }

    #[test]
    fn reads_what_token_services_say() {
        assert_eq!(of_body(br#"{"details": "incorrect username or password"}"#), "incorrect username or password");
        assert_eq!(of_body(br#"{"error": "invalid_grant", "error_description": "expired"}"#), "expired");
    }

    #[test]
    fn passes_text_and_hides_pages() {
        assert_eq!(of_body(b"slow\r\n  down\n"), "slow down");
        assert_eq!(of_body(b"\n<!DOCTYPE html><h1>Sign in</h1>"), "");
        assert_eq!(of_body(&[0xff, b'a']), "\u{fffd}a");
    }

    #[test]
    fn cuts_at_a_character() {
        let cut = clean(&"é".repeat(100_000));
        assert_eq!(cut.chars().count(), LONGEST + 1);
        assert_eq!(clean("a\u{202e}b"), "a b");
    }
}
