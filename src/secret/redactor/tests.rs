//! Every spelling of secrets of every length, in the middle of a text and where it is cut.

use super::*;
use crate::text::{cut, markdown, one_line, printable};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// 4, 8, 20 and 60 characters, each with all that some format escapes.
const SECRETS: [&str; 7] = [
    "a_/=",
    "\"\\+%",
    "p\"_\\/+=%",
    "glpat-a\\_b/c+d=e%f\"g",
    "x7_Q\"w\\e/r+t=y%u&i<o>p'a#s*d[f]g{h}j|k~l`z!x$c@v^b,n.m;q:w-e",
    "é_ü/ß+=%",
    "a b_c d/",
];

/// The plain spellings, and those in base64, where a user name or more may stand beside the secret.
fn spellings(secret: &str) -> (Vec<String>, Vec<String>) {
    let json = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
    let quoted = |text: &str| text[1..text.len() - 1].to_owned();
    let all = percent_encoded(secret, |_| true);
    let forms = vec![
        secret.to_owned(),
        percent_encoded(secret, |byte| !b"/:@!$&'()*+,;=".contains(&byte)),
        all.clone(),
        all.replace("%20", "+"),
        in_lower_hex(&all),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        percent_encoded(&all, |_| true),
        quoted(&json(secret)),
        quoted(&json(&json(secret))),
        quoted(&format!("{secret:?}")),
        quoted(&json(&format!("{secret:?}"))),
        secret.escape_default().to_string(),
        markdown(secret),
        quoted(&json(&markdown(secret))),
        html(secret),
        html(&markdown(secret)),
        one_line(secret),
        printable(secret).into_owned(),
        secret.replace('\'', "''"),
    ];
    let mut encoded = Vec::new();
    for before in ["", "u", "us", "oauth2:", "robot$project+name:"] {
        for after in ["", "\n", "x", "more"] {
            let text = format!("{before}{secret}{after}");
            encoded.extend([STANDARD.encode(&text), URL_SAFE.encode(&text)]);
            encoded.extend([STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)]);
            encoded.push(percent_encoded(&STANDARD.encode(&text), |_| true));
        }
    }
    (forms, encoded)
}

/// Letters, digits and `-_.~` stay, as RFC 3986 has it, and what `encodes` spares.
fn percent_encoded(text: &str, encodes: impl Fn(u8) -> bool) -> String {
    let encoded = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii() && !encodes(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

fn in_lower_hex(encoded: &str) -> String {
    let part = |(at, part): (usize, &str)| match part.split_at_checked(2) {
        Some((hex, rest)) if at > 0 => format!("%{}{rest}", hex.to_lowercase()),
        _ => part.to_owned(),
    };
    encoded.split('%').enumerate().map(part).collect()
}

/// As the page's template escapes.
fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    escaped.replace('\'', "&#x27;").replace('/', "&#x2f;")
}

fn knowing(secret: &str) -> SharedRedactor {
    let redactor = SharedRedactor::default();
    redactor.add(&SecretString::from(secret));
    redactor
}

#[test]
fn hides_every_spelling() {
    for secret in SECRETS {
        let redactor = knowing(secret);
        let spellings = spellings(secret);
        for (form, is_base64) in
            spellings.0.iter().map(|form| (form, false)).chain(spellings.1.iter().map(|form| (form, true)))
        {
            for (before, after) in [("", ""), ("before ", " after"), ("\"", "\""), ("(", "),"), ("=", "&"), ("é", "é")]
            {
                let shown = redactor.redact(&format!("{before}{form}{after}"));
                let rest = shown.replace(HIDDEN, "").replace(['\\', '"'], "");
                assert!(shown.contains(HIDDEN), "{secret} as {form}: {shown}");
                assert!(
                    rest.len() <= before.len() + after.len() + if is_base64 { 36 } else { 0 },
                    "{secret} as {form}: {shown}"
                );
            }
        }
    }
}

#[test]
fn hides_what_a_cut_leaves_of_a_secret() {
    for secret in SECRETS.iter().filter(|secret| secret.len() >= 8) {
        let redactor = knowing(secret);
        let length = secret.chars().count();
        for kept in 4..length {
            for shown in [
                redactor.redact(&format!("the server said {}", cut(secret, kept))),
                redactor.redact(&format!("{:?}; https://h/", cut(secret, kept))),
                redactor.redact(&markdown(&format!("x {}", cut(secret, kept)))),
            ] {
                let beginning: String = secret.chars().take(3).collect();
                assert!(!shown.contains(&beginning) && shown.contains(HIDDEN), "{secret} {kept}: {shown}");
            }
        }
    }
}

#[test]
fn hides_the_lines_of_a_key() {
    let key =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\r\nQyNTUxOQAAACB/x+y=\nAA==\n-----END-----\n";
    let redactor = knowing(key);
    for line in ["b3BlbnNzaC1rZXktdjEAAAAA", "QyNTUxOQAAACB/x+y=", "QyNTUxOQAAACB\\/x+y=", "QyNTUxOQAAACB%2Fx%2By%3D"] {
        assert_eq!(redactor.redact(&format!("+  {line}")), "+  [hidden]");
    }
    assert_eq!(redactor.redact(&one_line(&format!("x {key} y"))), "x [hidden] y");
    assert_eq!(redactor.redact("-----END----- AA=="), "-----END----- AA==");
}

#[test]
fn leaves_ordinary_text_alone() {
    let mut redactor = Redactor::default();
    redactor.add(&SecretString::from("abc"));
    redactor.add_foreign(&SecretString::from("true"));
    redactor.add_foreign(&SecretString::from("1234567"));
    redactor.add(&SecretString::from("  "));
    let text = "abc true 1234567 {\"changed\": true} …";
    assert_eq!(redactor.redact(text), text);
    redactor.add_foreign(&SecretString::from("foreign-secret"));
    redactor.add(&SecretString::from("own-secret"));
    assert_eq!(redactor.redact("a foreign-secret b"), "a [hidden] b");
    assert!(!redactor.finds_own("foreign-secret") && redactor.finds_own("x own%2Dsecret"));
}

#[test]
fn overlapping_secrets_are_hidden_as_one() {
    let redactor = knowing("abcdef");
    redactor.add(&SecretString::from("defghi"));
    redactor.add_credentials(&Credentials { username: "u".into(), password: SecretString::from("glpat-+secret/x") });
    assert_eq!(redactor.redact("1 abcdefghi 2 u:glpat-+secret/x"), "1 [hidden] 2 [hidden]");
    assert_eq!(redactor.redact(&STANDARD.encode("u:glpat-+secret/x")), "[hidden]");
}

#[test]
fn json_keeps_its_keys_and_its_structure() {
    let redactor = knowing("name");
    redactor.add(&SecretString::from("true"));
    redactor.add(&SecretString::from("x\"},{"));
    let json = serde_json::json!({ "name": "the name", "changed": true, "list": ["name", "a\\\"", "x\"},{"], "é": {} });
    let shown: serde_json::Value = serde_json::from_str(&redactor.redact_json(&json.to_string())).unwrap();
    let expected = serde_json::json!(
        { "name": "the [hidden]", "changed": true, "list": ["[hidden]", "a\\\"", "[hidden]"], "é": {} }
    );
    assert_eq!(shown, expected);
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the time is what is tested")]
fn a_text_of_many_beginnings_takes_no_time() {
    let redactor = knowing(&"\\".repeat(60));
    redactor.add(&SecretString::from(format!("{}b", "a".repeat(60))));
    let text = format!("{}{}{}", "a".repeat(2000), "\\".repeat(1000), "%25".repeat(1000));
    let started = std::time::Instant::now();
    redactor.redact(&text);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}
