//! What must never be printed, as far as variables, arguments and the config file's text say it: known before any of them
//! is parsed, so that no error about them repeats a secret. This module must not read a file.

#![deny(clippy::disallowed_methods)]

use super::credentials::{self, DOCKER_CONFIGS};
use crate::environment::Environment;
use crate::secret::names::{is_own_secret, looks_secret};
use crate::secret::{Audience, Redactor, SecretString, own, secrets_in_urls};

/// Variables that hold a private key or the path of one.
const KEYS: [&str; 3] = ["GITOPS_BUMP_SSH_KEY", "GITOPS_BUMP_SIGNING_KEY", "GITOPS_BUMP_INPUT_SIGNING_KEY"];

/// What the lines of a config file hold whose values are secrets, beside addresses.
const CONFIG_KEYS: [&str; 4] = ["signing_key", "token", "password", "secret"];

/// Everything in the environment and the arguments that must never be printed: the values of all variables that look like
/// secrets, and the credentials inside addresses. `is_file` tells whether a value is the path of a file, which is none.
pub fn redactor(environment: &Environment, arguments: &[String], is_file: impl Fn(&str) -> bool) -> Redactor {
    let mut redactor = Redactor::default();
    for (name, value) in environment.iter() {
        in_address(&mut redactor, name, value);
        if looks_secret(name) && !is_public(value) {
            variable(&mut redactor, name, value, &is_file);
        }
    }
    for secret in arguments.iter().flat_map(|argument| secrets_in_urls(argument)) {
        redactor.add(&SecretString::from(secret));
    }
    let servers = Audience::default();
    credentials::sources(environment, &servers).secrets().for_each(|pair| redactor.add_credentials(&pair));
    for argument in arguments {
        in_argument(&mut redactor, argument);
    }
    redactor
}

/// An error about an unknown flag repeats it up to its first `=`, which may stand inside a secret.
fn in_argument(redactor: &mut Redactor, argument: &str) {
    let Some((flag, value)) = argument.split_once('=').filter(|_| argument.starts_with('-')) else { return };
    if redactor.redact(argument) != format!("{}={}", redactor.redact(flag), redactor.redact(value)) {
        redactor.add(&SecretString::from(flag.trim_start_matches('-')));
    }
}

/// The secrets that a config file's text names, before it is parsed: what stands in an address for a password, with its
/// variables replaced, and the variables in the values of keys that hold secrets.
pub fn secrets_in_config(text: &str, environment: &Environment, is_file: impl Fn(&str) -> bool) -> Vec<SecretString> {
    let written = secrets_in_urls(text);
    let expanded = secrets_in_urls(&expanded(text, environment));
    let lines = text.lines().filter(|line| CONFIG_KEYS.iter().any(|key| line.contains(key)));
    let in_addresses = written.iter().flat_map(|secret| variables(secret));
    let values = lines.flat_map(variables).chain(in_addresses).filter_map(|name| environment.get(name));
    let values = values.filter(|value| !is_file(value)).map(str::to_owned);
    values.chain(written.iter().cloned()).chain(expanded).map(SecretString::from).collect()
}

fn variable(redactor: &mut Redactor, name: &str, value: &str, is_file: impl Fn(&str) -> bool) {
    let secret = SecretString::from(value);
    match is_own_secret(name) {
        // The credentials in it count by themselves; its lines may be as ordinary as JSON's are.
        true if DOCKER_CONFIGS.contains(&name) => redactor.add_foreign(&secret),
        true if KEYS.contains(&name) && is_file(value) => {}
        true => redactor.add(&secret),
        false if is_file(value) => {}
        false => redactor.add_foreign(&secret),
    }
}

/// Credentials inside the addresses of a variable. A proxy's address may lack its scheme.
fn in_address(redactor: &mut Redactor, name: &str, value: &str) {
    let is_proxy = own::is_proxy(name);
    let whole = if is_proxy { own::proxy(value) } else { value.to_owned() };
    let is_own = is_proxy || name.starts_with("GITOPS_BUMP_");
    for secret in secrets_in_urls(&whole).into_iter().map(SecretString::from) {
        if is_own { redactor.add(&secret) } else { redactor.add_foreign(&secret) }
    }
}

/// A certificate or a public key in a variable whose name says otherwise.
fn is_public(value: &str) -> bool {
    value.contains("-----BEGIN ") && !value.contains("PRIVATE")
}

/// The names in all `${NAME}`.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// The text with every `${NAME}` replaced that has a value.
fn expanded(text: &str, environment: &Environment) -> String {
    let mut result = String::with_capacity(text.len());
    for (index, part) in text.split("${").enumerate() {
        match part.split_once('}').and_then(|(name, rest)| Some((environment.get(name)?, rest))) {
            Some((value, rest)) if index > 0 => result.extend([value, rest]),
            _ if index > 0 => result.extend(["${", part]),
            _ => result.push_str(part),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_files_decide() {
        let public = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ\n-----END PUBLIC KEY-----";
        let environment: Environment = [
            ("GITOPS_BUMP_GIT_TOKEN_INFRA", "own1"),
            ("CI_JOB_TOKEN", "job-token-1"),
            ("FF_MASK_ALL_DEFAULT_TOKENS", "true"),
            ("VAULT_TOKEN", "vault-value"),
            ("OTHER_TOKEN", "base64+/x="),
            ("KUBE_SECRET_FILE", "/builds/secret-file"),
            ("GITOPS_BUMP_SSH_KEY", "/builds/key-file"),
            ("COSIGN_KEY", public),
            ("CI_REPOSITORY_URL", "https://gitlab-ci-token:from-address@h/x.git"),
            ("HTTPS_PROXY", "me:prox@proxy.example:3128"),
            ("DOCKER_AUTH", r#"{"auths": {"h": {"username": "u", "password": "dock"}}}"#),
            ("CI_COMMIT_SHA", "0123456789abcdef"),
        ]
        .into_iter()
        .collect();
        let arguments = ["--plain-http", "http://u:argu@h", "--base64+/x=", "--flag=base64+/x="].map(str::to_owned);
        let redactor = redactor(&environment, &arguments, |value| value.starts_with("/builds/"));
        for secret in ["own1", "job-token-1", "vault-value", "from-address", "prox", "dock", "argu", "base64+/x"] {
            assert_eq!(redactor.redact(&format!("<{secret}>")), "<[hidden]>");
        }
        for text in ["true", "flag", "/builds/secret-file", "/builds/key-file", public, "0123456789abcdef"] {
            assert_eq!(redactor.redact(text), text);
        }
    }

    #[test]
    fn a_config_files_credentials_are_known_before_it_is_parsed() {
        let environment: Environment =
            [("PLAIN", "from-variable"), ("MINE", "signing"), ("OTHER", "x")].into_iter().collect();
        let text = "repositories:\n  - url: https://u:${PLAIN}@h/x\n  - {url: \"https://u:writ%2Ften@h/y\"}\n\
                    signing_key: ${MINE}\nbranch: ${OTHER}\n[broken";
        let secrets = secrets_in_config(text, &environment, |_| false);
        let mut redactor = Redactor::default();
        for secret in &secrets {
            redactor.add(secret);
        }
        let shown = redactor.redact("from-variable signing writ/ten writ%2Ften main").into_owned();
        assert_eq!(shown, "[hidden] [hidden] [hidden] [hidden] main");
    }
}
