//! Lists of servers in variables and flags, `HOST[:PORT]` each; this module must not decide what they are for.

#![deny(clippy::disallowed_methods)]

use url::Url;

use super::SettingsError;
use crate::environment::Environment;
use crate::secret::Audience;

/// The servers of a variable, one a line or separated by spaces or commas; none when it names none.
pub(super) fn variable(name: &str, environment: &Environment) -> Result<Option<Audience>, SettingsError> {
    let value = environment.get(name).unwrap_or_default();
    let entries = value.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
    let mut audience = None;
    for entry in entries {
        let server = parse(entry).ok_or_else(|| no_server(name))?;
        audience.get_or_insert_with(Audience::default).add(&server);
    }
    Ok(audience)
}

/// A server as it is compared: `HOST` or `HOST:PORT` in lower case; none when the text is no server.
pub(super) fn parse(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if !text.chars().all(is_plain) {
        return None;
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port.parse::<u16>().ok()?)),
        _ => (text, None),
    };
    // A name in another script becomes the one that requests are made to.
    let url = Url::parse(&format!("https://{host}/")).ok()?;
    let host = url.host_str().filter(|_| url.port().is_none())?;
    Some(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// The value is not repeated: it may hold a password.
pub(super) fn no_server(what: &str) -> SettingsError {
    let reason = "it names no server: write HOST or HOST:PORT, without scheme or path".to_owned();
    SettingsError::Value { what: what.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_lines_spaces_or_commas() {
        let held = |value: &str| variable("HOSTS", &[("HOSTS", value)].into_iter().collect()).map(Option::unwrap);
        for value in ["a.example b.example:8443", "A.example,b.example:8443", "\na.example\n\tb.example:8443,\n"] {
            let audience = held(value).unwrap();
            assert!(audience.holds("a.example", 443) && audience.holds("a.example", 22), "{value}");
            assert!(audience.holds("b.example", 8443) && !audience.holds("b.example", 443), "{value}");
        }
        assert!(held("[::1]:8080 [2001:db8::1]").unwrap().holds("[::1]", 8080));
        assert!(held("bücher.example").unwrap().holds("xn--bcher-kva.example", 443));
        for value in
            ["https://a.example", "u:hunter2@a.example", "a.example/x", "a.example:x", "*.example", "a:1:2", "::1"]
        {
            let error = held(value).unwrap_err().to_string();
            assert!(error.starts_with("HOSTS: it names no server") && !error.contains("hunter2"), "{value}: {error}");
        }
        assert!(variable("HOSTS", &[("HOSTS", " ,\n")].into_iter().collect()).unwrap().is_none());
    }
}
