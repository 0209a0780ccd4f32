//! Names of branches as flags and the config file give them; this module must not know which branches there are.

#![deny(clippy::disallowed_methods)]

use super::{Giver, SettingsError};

/// A branch's short name; none when there is none, or an empty one.
///
/// The rules are those of `git check-ref-format`, and a name that begins with a hyphen is refused as `git branch` does.
pub(super) fn given(by: Giver, name: Option<&str>) -> Result<Option<String>, SettingsError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    // People may write it in full.
    let short = name.strip_prefix("refs/heads/").unwrap_or(name);
    match wrong(short) {
        None => Ok(Some(short.to_owned())),
        Some(reason) => {
            let reason = format!("{short:?} is not a valid branch name: it {reason}");
            Err(SettingsError::Value { what: by.to_string(), reason })
        }
    }
}

fn wrong(name: &str) -> Option<&'static str> {
    let is_special = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    match () {
        () if name.is_empty() => Some("is empty"),
        () if name.contains(is_special) => Some("has a control character, a blank or one of ~^:?*[\\"),
        () if name.contains("..") || name.contains("@{") => Some("has .. or @{ in it"),
        () if name.starts_with('-') => Some("begins with a hyphen"),
        () if name == "@" || name == "HEAD" => Some("means the branch that is checked out"),
        () if name.ends_with('.') => Some("ends in a dot"),
        () if name.split('/').any(str::is_empty) => Some("has an empty part"),
        () if name.split('/').any(|part| part.starts_with('.')) => Some("has a part that begins with a dot"),
        () if name.split('/').any(|part| part.as_bytes().ends_with(b".lock")) => Some("has a part that ends in .lock"),
        () if name.len() > 244 => Some("is longer than 244 bytes"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_for_git() {
        for name in ["main", "feature/é", "a.b", "release-1.2", "refs/tags/x", "a@b"] {
            assert_eq!(given(Giver::Flag("branch"), Some(name)).unwrap().as_deref(), Some(name));
        }
        assert_eq!(given(Giver::Flag("branch"), Some("refs/heads/main")).unwrap().as_deref(), Some("main"));
        assert_eq!(given(Giver::Flag("branch"), Some("")).unwrap(), None);
        for name in [
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[0]",
            "a\\b",
            "a\nb",
            "a\u{7f}",
            "a..b",
            "a@{1}",
            "-f",
            "@",
            "HEAD",
            "a.",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "refs/heads/",
        ] {
            let error = given(Giver::Flag("mr-branch"), Some(name)).unwrap_err().to_string();
            assert!(error.starts_with("--mr-branch: ") && !error.contains(char::is_control), "{name:?}: {error}");
        }
    }
}
