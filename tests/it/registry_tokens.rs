//! Tokens and other secrets on their way to a registry that is scripted: exchanged as the user means it, and never repeated.

use std::io::{Read as _, Write as _};

use crate::images::MANIFEST as TYPE;
use crate::world::{Secret, World, liar_in_full, says, write};

/// Answers with the secret that it was shown, behind text that gets the words cut within it.
fn echo(padding: usize) -> String {
    liar_in_full(move |head, stream| {
        let shown = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        let address = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let answer = match shown {
            _ if head.starts_with("GET /token") => says("200 OK", "", &format!(r#"{{"token": "{TOKEN}"}}"#)),
            Some(shown) => says("403 Forbidden", "", &format!("{}not for {shown}", "x".repeat(padding))),
            None if head.contains("/basic/") => says("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", ""),
            None => {
                says("401 Unauthorized", &format!("WWW-Authenticate: Bearer realm=\"http://{address}/token\"\r\n"), "")
            }
        };
        stream.write_all(answer.as_bytes())
    })
}

const TOKEN: &str = "t0ken-that-is-as-long-as-a-token-can-be-t0ken-that-is-as-long-as-a-token-can-be";

#[test]
fn a_registry_that_repeats_secrets_is_not_quoted() {
    let world = World::new();
    let helper = "#!/bin/sh\ncat >/dev/null\necho '{\"Username\": \"robot\", \"Secret\": \"helpers-s3cret\"}'\n";
    let helper = write(world.scratch(), "bin/docker-credential-world", helper.as_bytes());
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&helper, executable).expect("the helper is ours");
    let path = format!("{}:/usr/bin:/bin", helper.parent().expect("a directory").display());
    let secret = Secret::new("robot".to_owned(), "helpers-s3cret".to_owned());
    for padding in [0, 170] {
        let address = echo(padding);
        for repository in ["basic/app", "bearer/app"] {
            let image = format!("{address}/{repository}:1");
            let bump =
                world.bump(["check", "-vv", "--image", &image, "--plain-http", &address, "--report-json", "r.json"]);
            let bump = bump.env("PATH", &path).env("DOCKER_AUTH", r#"{"credsStore": "world"}"#).hiding(&secret);
            let run = bump.run().exits(7).says("(user \"robot\")").says("not for");
            let said = run.stderr + &world.read("r.json");
            assert!(!said.contains(&TOKEN[..8]) && !said.contains(&secret.basic()[..8]), "{said}");
        }
    }
}

#[test]
fn an_identity_token_is_changed_for_a_token() {
    let manifest = format!(r#"{{"schemaVersion": 2, "mediaType": "{TYPE}"}}"#);
    let address = liar_in_full(move |head, stream| {
        let address = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{address}/token\",service=\"s\"\r\n");
        let answer = if head.starts_with("POST /token ") {
            let mut form = [0; 200];
            let count = stream.read(&mut form)?;
            let is_known = String::from_utf8_lossy(&form[..count]).contains("&refresh_token=identity%2Btoken");
            let complaint = r#"{"error": "invalid_grant", "error_description": "it has expired"}"#;
            let given = format!(r#"{{"access_token": "{TOKEN}"}}"#);
            if is_known { says("200 OK", "", &given) } else { says("400 Bad Request", "", complaint) }
        } else if head.contains(&format!("authorization: Bearer {TOKEN}\r\n")) {
            says("200 OK", &format!("Content-Type: {TYPE}\r\n"), &manifest)
        } else {
            says("401 Unauthorized", &challenge, "")
        };
        stream.write_all(answer.as_bytes())
    });
    let (world, image) = (World::new(), format!("{address}/team/app:1"));
    let check = |token: &str| {
        let auths = format!(r#"{{"auths": {{"{address}": {{"identitytoken": "{token}"}}}}}}"#);
        let bump = world.bump(["check", "-v", "--image", &image, "--plain-http", &address]);
        bump.env("DOCKER_AUTH_CONFIG", auths).run()
    };
    check("identity+token").exits(0).says("DOCKER_AUTH_CONFIG (an identity token)");
    let run = check("another").exits(7).says("DOCKER_AUTH_CONFIG (an identity token): invalid_grant: it has expired");
    assert!(!run.stderr.contains("another"), "{run}");
}
