//! Finds what a refusal says: in its body the messages of the error formats that registries, token services, Git servers and
//! JSON APIs use, or the text as it is; in its headers what some servers put there. This module must not show it.

#![deny(clippy::disallowed_methods)]

use http_auth::parser::ChallengeParser;
use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;

/// More messages than this say nothing new.
const MOST: usize = 5;

/// Where servers put their message: OAuth2 (RFC 6749, 5.2), Docker Hub's token service, GitLab and Argo CD.
const FIELDS: [&str; 4] = ["error_description", "details", "message", "error"];

/// Where OAuth2 has the kind of the error that its description describes.
const KIND: &str = "error";

/// What the name of a header with a message has in it, as `X-TFS-ServiceError` of Azure DevOps.
const HEADERS: [&str; 3] = ["error", "message", "reason"];

/// The words of a refusal's body; nothing for an HTML page.
pub(super) fn of(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(fields)) => {
            let errors = fields.get("errors").and_then(Value::as_array).map(|errors| messages(errors));
            let named = || FIELDS.iter().filter_map(|name| fields.get(*name)).map(text).find(|text| !text.is_empty());
            let described = fields.get(FIELDS[0]).map(text).filter(|text| !text.is_empty());
            let oauth = described.zip(fields.get(KIND).and_then(Value::as_str)).map(|(text, kind)| with(kind, &text));
            errors.filter(|text| !text.is_empty()).or(oauth).or_else(named).unwrap_or_default()
        }
        Ok(other) => text(&other),
        Err(_) => {
            let text = parting_words(body).unwrap_or_else(|| String::from_utf8_lossy(body));
            let text = text.trim();
            if text.starts_with('<') { String::new() } else { text.to_owned() }
        }
    }
}

/// What a challenge (RFC 6750, 3) or a header of the server's own says; none when no header has a message.
pub(super) fn in_headers(headers: &HeaderMap) -> Option<String> {
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let described = challenges.flat_map(ChallengeParser::new).map_while(Result::ok).find_map(|challenge| {
        let parameter = |wanted: &str| {
            let found = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.to_unescaped())
        };
        parameter(FIELDS[0]).map(|text| with(&parameter(KIND).unwrap_or_default(), &text))
    });
    let own = || {
        let mut own = headers.iter().filter(|(name, _)| {
            let name = name.as_str();
            name.starts_with("x-") && HEADERS.iter().any(|part| name.contains(part))
        });
        own.find_map(|(_, value)| {
            let written = value.to_str().ok()?.trim();
            let form = written.replace('+', " ");
            let text =
                if written.contains(' ') { written.into() } else { percent_decode_str(&form).decode_utf8_lossy() };
            // A number or a code is no message.
            text.contains(' ').then(|| text.into_owned())
        })
    };
    described.or_else(own)
}

/// What an HTML page calls itself; none when that is not known.
pub(super) fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title").filter(|_| lower.trim_start().starts_with('<'))?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let title = text.get(start..end)?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then(|| format!("the web page {title:?}"))
}

/// What Git's protocol has in place of an answer (gitprotocol-pack, "ERR").
fn parting_words(body: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let mut rest = body;
    while let Some((length, _)) = rest.split_at_checked(4) {
        let length = usize::from_str_radix(std::str::from_utf8(length).ok()?, 16).ok()?;
        // Flush and its like are four bytes long and say less.
        let line = rest.get(4.min(length)..length.max(4))?;
        if let Some(words) = line.strip_prefix(b"ERR ") {
            return Some(String::from_utf8_lossy(words));
        }
        rest = rest.get(length.max(4)..)?;
    }
    None
}

fn with(kind: &str, text: &str) -> String {
    if kind.is_empty() { text.to_owned() } else { format!("{kind}: {text}") }
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
            (r#"{"error": "invalid_grant", "error_description": "expired"}"#, "invalid_grant: expired"),
            (r#"{"error_description": "expired"}"#, "expired"),
            ("001f# service=git-receive-pack\n00000011ERR archived\n", "archived"),
            ("0011ERR archived\n", "archived"),
            ("0011ERR", "0011ERR"),
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
    #[test]
    fn reads_headers() {
        let said = |name: &'static str, value: &'static str| {
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            in_headers(&HeaderMap::from_iter([(name, value.parse().unwrap())])).unwrap_or_default()
        };
        for (name, value, words) in [
            ("www-authenticate", r#"Bearer realm="x", error="e", error_description="is over""#, "e: is over"),
            ("www-authenticate", r#"Basic realm="x", Bearer error_description="is over""#, "is over"),
            ("www-authenticate", r#"Basic realm="x y""#, ""),
            ("x-tfs-serviceerror", "TF400813%3A+no+access", "TF400813: no access"),
            ("x-error-message", "no access", "no access"),
            ("x-error-code", "17", ""),
            ("x-frame-options", "no access", ""),
        ] {
            assert_eq!(said(name, value), words, "{name}: {value}");
        }
    }

    #[test]
    fn reads_a_pages_title() {
        for (page, words) in [
            ("<html><TITLE class=x>Sign in \n to X</title>", Some("the web page \"Sign in to X\"")),
            ("\n<!DOCTYPE html><h1>Sign in</h1>", None),
            ("<title>half", None),
            ("<title></title>", None),
            ("about <title>x</title>", None),
        ] {
            assert_eq!(title(page.as_bytes()).as_deref(), words, "{page}");
        }
    }
}
