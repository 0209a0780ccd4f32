//! Asks a docker credential helper for the credentials of one registry; this module must not choose the helper.
//!
//! The protocol is that of the docker-credential-helpers project: `docker-credential-NAME get`, the server on
//! standard input, one JSON object on standard output.

use std::pin::pin;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::config_key::DOCKER_HUB_KEY;
use super::credential::Credential;
use super::docker_config::clean;
use super::words::{self, Words};
use crate::children::{Program, Purpose, Running};
use crate::image::DOCKER_HUB;
use crate::secret::{Credentials, SecretString};

/// A helper may ask a cloud for a token; it may not wait for a person.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long standard error is read after the helper's end.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// More than any token takes.
const OUTPUT_LIMIT: u64 = 256 * 1024;

/// What a helper says when it knows the protocol but not the server.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The user name that says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";

/// Runs the helper for a host; none when the helper knows no credentials for it. An error is the reason in words, with
/// those of the helper, which may hold a secret.
pub(super) async fn ask(helper: &str, host: &str) -> Result<Option<Credential>, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if helper.is_empty() || !helper.chars().all(plain) {
        return Err(format!("{:?} is not the name of a credential helper", words::short(helper)));
    }
    let program = format!("docker-credential-{helper}");
    match tokio::time::timeout(TIMEOUT, run(&program, host)).await {
        Ok(answer) => answer.map_err(|reason| format!("{program}: {reason}")),
        Err(_) => Err(format!("{program}: no answer within {} s", TIMEOUT.as_secs())),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

async fn run(program: &str, host: &str) -> Result<Option<Credential>, String> {
    let mut helper = Program::new(Purpose::CredentialHelper, program);
    helper.arg("get").talks().complains();
    let mut helper = helper.start().map_err(|error| format!("cannot be started: {error}"))?;
    let server = if host == DOCKER_HUB { DOCKER_HUB_KEY } else { host };
    let errors = helper.errors();
    let ended = async {
        let output =
            talk(&mut helper, server).await.map_err(|error| format!("the communication with it failed: {error}"))?;
        let status = helper.wait().await.map_err(|error| format!("the wait for its end failed: {error}"))?;
        Ok::<_, String>((output, status))
    };
    let ((output, status), complaint) = overheard(ended, errors).await?;
    if status.success() {
        return read(&output).map(Some);
    }
    // A helper reports on standard output, where its secret would be: only the known sentence is looked for.
    if String::from_utf8_lossy(&output).contains(NOT_FOUND) {
        return Ok(None);
    }
    let said = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
    Err(format!("failed ({status}){said}"))
}

/// What comes of a helper, and what it says on standard error meanwhile. That is read all the time, so that the helper never
/// waits; what it has started and left behind may hold it open.
async fn overheard<T>(
    ended: impl Future<Output = Result<T, String>>,
    errors: Option<impl AsyncRead + Unpin>,
) -> Result<(T, String), String> {
    let mut words = Words::default();
    let result = {
        let (mut ended, mut listening) = (pin!(ended), pin!(listen(errors, &mut words)));
        tokio::select! {
            result = &mut ended => {
                // The last words are already in the pipe.
                let _ = tokio::time::timeout(LAST_WORDS, listening).await;
                result
            }
            () = &mut listening => ended.await,
        }
    };
    Ok((result?, words.text()))
}

async fn listen(errors: Option<impl AsyncRead + Unpin>, words: &mut Words) {
    let mut piece = [0; 1024];
    if let Some(mut errors) = errors {
        while let Ok(count @ 1..) = errors.read(&mut piece).await {
            words.add(piece.get(..count).unwrap_or_default());
        }
    }
}

/// Writes the server, reads the answer up to the limit.
async fn talk(helper: &mut Running, server: &str) -> std::io::Result<Vec<u8>> {
    if let Some(mut stdin) = helper.input() {
        // A helper that doesn't read its input may still answer.
        if let Err(error) = stdin.write_all(server.as_bytes()).await {
            tracing::debug!("the credential helper did not read its input: {error}");
        }
    }
    match helper.output() {
        Some(stdout) => bounded(stdout).await,
        None => Ok(Vec::new()),
    }
}

async fn bounded(stdout: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut output = Vec::new();
    stdout.take(OUTPUT_LIMIT).read_to_end(&mut output).await?;
    Ok(output)
}

fn read(output: &[u8]) -> Result<Credential, String> {
    let answer: Answer = serde_json::from_slice(output)
        .map_err(|_| "its answer does not have the format of a credential helper".to_owned())?;
    let cleaned = |text: &str| clean(text).map_err(|reason| format!("its answer {reason}"));
    let (username, secret) = (cleaned(&answer.username)?, SecretString::from(cleaned(&answer.secret)?));
    Ok(if username == TOKEN_USER {
        Credential::IdentityToken(secret)
    } else {
        Credential::Password(Credentials { username, password: secret })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExposeSecret as _;

    #[test]
    fn reads_both_kinds_of_answers() {
        let password = read(br#"{"ServerURL": "h", "Username": "u", "Secret": "s"}"#).unwrap();
        assert!(matches!(password, Credential::Password(pair) if pair.username == "u"));
        let token = read(br#"{"Username": "<token>", "Secret": "s"}"#).unwrap();
        assert!(matches!(token, Credential::IdentityToken(_)));
        let broken = read(br#"{"Username": "u\n", "Secret": "\ns\r\n"}"#).unwrap();
        assert!(
            matches!(broken, Credential::Password(pair) if pair.username == "u" && pair.password.expose_secret() == "s")
        );
        assert!(read(b"s3cret").is_err_and(|reason| !reason.contains("s3cret")));
    }

    #[tokio::test]
    async fn names_a_helper_that_is_not_there() {
        let reason = ask("gitops-bump-test-none", "h").await.unwrap_err();
        assert!(reason.starts_with("docker-credential-gitops-bump-test-none: cannot be started"), "{reason}");
        assert!(ask("../../bin/sh", "h").await.unwrap_err().contains("is not the name of a credential helper"));
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut() {
        let output = bounded(tokio::io::repeat(b'x')).await.unwrap();
        assert_eq!(output.len() as u64, OUTPUT_LIMIT);
    }
}
