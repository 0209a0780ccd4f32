//! The values of this tool's own secrets among the variables of a run: other variables may hold them, too, as
//! `CI_REPOSITORY_URL` holds the job's token. This module must not decide what becomes of such a variable.

#![deny(clippy::disallowed_methods)]

use super::names::is_own_secret;
use super::{Redactor, SecretString, secrets_in_urls};
use crate::environment::Environment;

/// Shorter values of secrets stand in other variables by chance.
const SHORTEST: usize = 8;

/// What finds this tool's own secrets, and the passwords of proxies, in the values of other variables.
pub(crate) fn finder(environment: &Environment) -> Redactor {
    let mut finder = Redactor::default();
    for (name, value) in environment.iter() {
        if let Some(secret) = own_value(name, value) {
            finder.add(&SecretString::from(secret));
        }
        if is_proxy(name) {
            for secret in secrets_in_urls(&proxy(value)) {
                finder.add(&SecretString::from(secret));
            }
        }
    }
    finder
}

/// A variable's value, when it is one of this tool's secrets and not the path of a key's file.
pub(crate) fn own_value<'v>(name: &str, value: &'v str) -> Option<&'v str> {
    let is_path = name.ends_with("_KEY") && !value.contains("-----BEGIN");
    let value = value.trim();
    (is_own_secret(name) && !is_path && value.len() >= SHORTEST).then_some(value)
}

/// Whether a variable names a proxy.
pub(crate) fn is_proxy(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("_proxy")
}

/// A proxy's address with its scheme, which may be missing.
pub(crate) fn proxy(value: &str) -> String {
    if value.contains("://") { value.to_owned() } else { format!("http://{value}") }
}
