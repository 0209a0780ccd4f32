//! Finds what a refusal's body says: the messages of the error formats that registries, token services and JSON APIs use, or
//! the text as it is. This module must not show it.

#![deny(clippy::disallowed_methods)]

use serde_json::Value;

/// More messages than this say nothing new.
const MOST: usize = 5;

/// Where servers put their message: OAuth2 (RFC 6749, 5.2), Docker Hub's token service, GitLab and Argo CD.
const FIELDS: [&str; 4] = ["error_description", "details", "message", "error"];

/// The words of a refusal's body; nothing for an HTML page.
pub(super) fn of(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(fields)) => {
            let errors = fields.get("errors").and_then(Value::as_array).map(|errors| messages(errors));
            let named = || FIELDS.iter().filter_map(|name| fields.get(*name)).map(text).find(|text| !text.is_empty());
            errors.filter(|text| !text.is_empty()).or_else(named).unwrap_or_default()
        }
        Ok(other) => text(&other),
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let text = text.trim();
            if text.starts_with('<') { String::new() } else { text.to_owned() }
        }
    }
}

/// The OCI error format (distribution spec, "Error Codes"), and lists of plain texts.
fn messages(errors: &[Value]) -> String {
    let one = |error: &Value| text(error.get("message").unwrap_or(error));
    let texts: Vec<String> = errors.iter().map(one).filter(|text| !text.is_empty()).take(MOST).collect();
    texts.join("; ")
}

/// A text as it is, a list's texts joined; a mapping in JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(values) => messages(values),
        Value::Null => String::new(),
        Value::Object(fields) if fields.is_empty() => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_format() {
        for (body, words) in [
            (
                r#"{"errors": [{"code": "DENIED", "message": "no access"}, {"code": "X", "message": "to it"}]}"#,
                "no access; to it",
            ),
            (r#"{"errors": [{"code": "DENIED"}], "message": "m"}"#, r#"{"code":"DENIED"}"#),
            (r#"{"errors": [], "message": "m"}"#, "m"),
            (r#"{"details": "incorrect username or password"}"#, "incorrect username or password"),
            (r#"{"error": "invalid_grant", "error_description": "expired"}"#, "expired"),
            (r#"{"error": "e", "code": 16, "message": "m", "details": []}"#, "m"),
            (r#"{"message": ["one", "two"]}"#, "one; two"),
            (r#"{"message": {"title": ["is too long"]}}"#, r#"{"title":["is too long"]}"#),
            (r#""a text""#, "a text"),
            ("{}", ""),
            ("slow down\n", "slow down"),
            ("\n<!DOCTYPE html><h1>Sign in</h1>", ""),
            ("{", "{"),
            ("", ""),
        ] {
            assert_eq!(of(body.as_bytes()), words, "{body}");
        }
        assert_eq!(of(&[0xff, b'a']), "\u{fffd}a");
        let deep = "[".repeat(100_000);
        assert_eq!(of(deep.as_bytes()).len(), deep.len());
    }
}
