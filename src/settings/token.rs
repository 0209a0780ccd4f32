//! The value of a variable that holds a token, a password or a user name; this module must not know which server it is for.

#![deny(clippy::disallowed_methods)]

use super::SettingsError;
use crate::environment::Environment;
use crate::secret::SecretString;

/// The variable's value without the line breaks around it; none when nothing else is in it.
pub(super) fn value<'e>(name: &str, environment: &'e Environment) -> Option<&'e str> {
    let value = environment.get(name)?.trim_matches(['\r', '\n']);
    (!value.is_empty()).then_some(value)
}

/// The same as a secret. A control character inside it is an error: it would end a header's line.
pub(super) fn secret(name: &str, environment: &Environment) -> Result<Option<SecretString>, SettingsError> {
    require_text(name, environment)?;
    Ok(value(name, environment).map(SecretString::from))
}

/// An error when a control character is inside the variable's value, which is not repeated.
pub(super) fn require_text(name: &str, environment: &Environment) -> Result<(), SettingsError> {
    if value(name, environment).is_some_and(|value| value.contains(char::is_control)) {
        let reason = "a control character is inside its value".to_owned();
        return Err(SettingsError::Value { what: format!("the variable {name}"), reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExposeSecret as _;

    #[test]
    fn line_breaks_around_a_token_are_cut_off() {
        let read = |value: &str| {
            let environment = [("T", value)].into_iter().collect();
            secret("T", &environment).map(|token| token.map(|token| token.expose_secret().to_owned()))
        };
        for value in ["token", "token\n", "\r\ntoken\r\n\r\n"] {
            assert_eq!(read(value).unwrap().as_deref(), Some("token"));
        }
        assert_eq!(read("\n").unwrap(), None);
        for value in ["to\nken", "to\rken", "to\u{0}ken", "token\u{7f}", "token\u{85}", "\u{1b}token"] {
            let error = read(value).unwrap_err().to_string();
            assert!(error.starts_with("the variable T: ") && !error.contains("ken"), "{error}");
        }
    }
}
