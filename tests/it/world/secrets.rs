//! A login, and every form in which it could leak; knows no place to look in.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// A user name and its password or token.
#[derive(Clone)]
pub(crate) struct Secret {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl Secret {
    pub(crate) fn new(username: String, password: String) -> Self {
        Self { username, password }
    }

    /// `username:password`, as a Basic header and a docker config file encode it.
    pub(crate) fn basic(&self) -> String {
        STANDARD.encode(self.pair())
    }

    /// Panics when any form of the password stands in the bytes.
    pub(crate) fn assert_absent(&self, place: &str, bytes: &[u8]) {
        for form in self.forms() {
            let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "{place} holds the secret as {form:?}:\n{}", String::from_utf8_lossy(bytes));
        }
    }

    fn pair(&self) -> String {
        format!("{}:{}", self.username, self.password)
    }

    fn forms(&self) -> Vec<String> {
        let json = serde_json::Value::from(self.password.as_str()).to_string();
        let mut forms = vec![
            self.password.clone(),
            percent_encoded(&self.password),
            self.password.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}")),
            url::form_urlencoded::byte_serialize(self.password.as_bytes()).collect(),
            json.trim_matches('"').to_owned(),
            format!("{:?}", self.password).trim_matches('"').to_owned(),
            escaped(&self.password, "\\_+*[]", |c| format!("\\{c}")),
            escaped(&self.password, "<>&\"'/", |c| format!("&#x{:x};", c as u32)),
        ];
        for text in [self.password.clone(), self.pair(), format!("{}\n", self.password)] {
            forms.extend([
                STANDARD.encode(&text),
                URL_SAFE.encode(&text),
                STANDARD_NO_PAD.encode(&text),
                URL_SAFE_NO_PAD.encode(&text),
            ]);
        }
        forms
    }
}

fn escaped(text: &str, escapes: &str, escape: impl Fn(char) -> String) -> String {
    text.chars().map(|c| if escapes.contains(c) { escape(c) } else { c.to_string() }).collect()
}

/// As a URL writes it in its user part.
fn percent_encoded(text: &str) -> String {
    let mut url = url::Url::parse("http://host").expect("a constant");
    url.set_password(Some(text)).expect("an http URL takes a password");
    url.password().unwrap_or_default().to_owned()
}

#[test]
fn a_leak_is_seen_in_every_form() {
    let secret = Secret::new("robot".to_owned(), "p$ss/w+rd~".to_owned());
    for form in secret.forms() {
        let text = format!("authorization: {form}, and more");
        let seen = std::panic::catch_unwind(|| secret.assert_absent("a text", text.as_bytes()));
        assert!(seen.is_err(), "{form} was not seen");
    }
    secret.assert_absent("a text", b"authorization: Basic ***");
}
