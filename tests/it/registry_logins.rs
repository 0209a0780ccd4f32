//! How credentials get to a registry: every form of a docker configuration, credential helpers that complain, and token
//! services with habits of their own.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use crate::images::MANIFEST as TYPE;
use crate::world::{Run, Secret, World, liar_in_full, says, write};

fn found() -> String {
    says("200 OK", &format!("Content-Type: {TYPE}\r\n"), &format!(r#"{{"schemaVersion": 2, "mediaType": "{TYPE}"}}"#))
}

#[test]
fn a_key_with_a_path_beats_its_hosts_and_null_is_passed_over() {
    let world = World::new();
    let (host, login) = (&world.servers().private_registry, &world.servers().registry_login);
    let repository = world.private_repository("team");
    for name in ["team/app", "team/sub/app", "other/app"] {
        world.push_private(name, "1");
    }
    // "bWFsbG9yeTp3cm9uZw==" is "mallory:wrong".
    let wrong = r#"{"auth": "bWFsbG9yeTp3cm9uZw=="}"#;
    let right = format!(r#"{{"auth": "\n{}\n", "identitytoken": null}}"#, login.basic()).replace('\n', "\\n");
    let auths = format!(r#""{host}": {wrong}, "{repository}": {right}, "{repository}/sub": {wrong}, "{host}/x": null"#);
    let config = format!(r#"{{"auths": {{{auths}}}, "credHelpers": {{"{host}": null}}, "credsStore": null}}"#);
    let check = |image: &str| world.bump(["check", "--image", image]).env("DOCKER_AUTH_CONFIG", &config).run();
    check(&format!("{repository}/app:1")).exits(0);
    check(&format!("{repository}/sub/app:1")).exits(7).says("user \"mallory\"");
    check(&format!("{}:1", world.private_repository("other/app"))).exits(7).says("user \"mallory\"");
}

#[test]
fn line_breaks_around_a_password_are_cut_off() {
    let world = World::new();
    let (host, login) = (&world.servers().private_registry, &world.servers().registry_login);
    let image = world.push_private("team/app", "1");
    let config = format!(
        r#"{{"auths": {{"{host}": {{"username": "{}\n", "password": "\r\n{}\n "}}}}}}"#,
        login.username, login.password
    );
    world.bump(["check", "--image", &image]).env("DOCKER_AUTH", config).run().exits(0);
}

/// Checks an image with a credential helper that runs this script.
fn with_helper(script: &str, secret: &Secret) -> Run {
    let world = World::new();
    let image = world.push_private("team/app", "1");
    let helper = write(world.scratch(), "bin/docker-credential-world", format!("#!/bin/sh\n{script}").as_bytes());
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&helper, executable).expect("the helper is ours");
    let path = format!("{}:/usr/bin:/bin", helper.parent().expect("a directory").display());
    let bump = world.bump(["check", "--image", &image]).env("PATH", path);
    bump.env("DOCKER_AUTH", r#"{"credsStore": "world"}"#)
        .env("CI_DEPLOY_PASSWORD", &secret.password)
        .hiding(secret)
        .run()
}

#[test]
fn what_a_helper_complains_of_is_said_in_one_line_without_secrets() {
    let secret = Secret::new("robot".to_owned(), "deploy-s3cret-value".to_owned());
    let words = "printf 'no AWS credentials:\\n\\033[31mthe role for %s has expired' deploy-s3cret-value >&2";
    let run = with_helper(&format!("cat >/dev/null; {words}; exit 3\n"), &secret).exits(3);
    let run = run.says(
        "docker-credential-world: failed (exit status: 3): no AWS credentials:; the role for [hidden] has expired",
    );
    assert!(!run.stderr.contains('\u{1b}'), "{run}");
    with_helper("cat >/dev/null; exit 1\n", &secret)
        .exits(3)
        .says("docker-credential-world: failed (exit status: 1)\n");
    let endless = with_helper("cat >/dev/null; head -c 3000000 /dev/zero | tr '\\0' 'x ' >&2; exit 1\n", &secret);
    assert!(endless.stderr.len() < 5000, "{}", endless.stderr.len());
    endless.exits(3);
    // What is left running keeps standard error open.
    let run =
        with_helper("cat >/dev/null; sleep 30 >/dev/null & echo gone >&2; exit 1\n", &secret).exits(3).says("gone");
    assert!(run.took.as_secs() < 15, "{run}");
}

#[test]
fn a_helper_that_has_none_is_no_error() {
    let secret = Secret::new("robot".to_owned(), "not-there-s3cret".to_owned());
    let none = "cat >/dev/null; echo 'credentials not found in native keychain'; echo 'looking' >&2; exit 1\n";
    with_helper(none, &secret).exits(7).says("denied without credentials");
}

/// A registry whose challenge and token service are these; it lets in whoever shows `t0ken`.
fn with_tokens(scope: &'static str, service: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    liar_in_full(move |head, stream| {
        let address = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{address}/token\",service=\"s\"{scope}\r\n");
        let answer = match head.strip_prefix("GET /token?") {
            Some(query) => service(query),
            None if head.contains("authorization: Bearer t0ken\r\n") => found(),
            None => says("401 Unauthorized", &challenge, ""),
        };
        stream.write_all(answer.as_bytes())
    })
}

fn check(address: &str) -> Run {
    let image = format!("{address}/team/app:1");
    World::new().bump(["check", "--image", &image, "--plain-http", address]).run()
}

#[test]
fn the_challenges_scope_is_what_a_token_is_asked_for() {
    let address = with_tokens(",scope=\"repository:mirror/team/app:pull\"", |query| {
        let is_right = query.contains("scope=repository%3Amirror%2Fteam%2Fapp%3Apull");
        let token = if is_right { "t0ken" } else { "useless" };
        says("200 OK", "", &format!(r#"{{"token": "{token}"}}"#))
    });
    let images = ["1", "2"].map(|tag| format!("{address}/team/app:{tag}"));
    let arguments = ["check", "--image", &images[0], "--image", &images[1], "--plain-http", &address];
    World::new().bump(arguments).run().exits(0);
}

#[test]
fn a_token_under_either_name_is_one() {
    for body in [
        r#"{"token": "t0ken"}"#,
        r#"{"token": "", "access_token": "t0ken"}"#,
        r#"{"access_token": "t0ken", "token": null}"#,
        r#"{"access_token": "t0ken\n"}"#,
    ] {
        check(&with_tokens("", move |_| says("200 OK", "", body))).exits(0);
    }
}

#[test]
fn a_token_service_that_gives_none_is_named() {
    for (body, words) in [
        ("<!DOCTYPE html><h1>Sign in</h1>", "it answers with an HTML page instead of a token"),
        (r#"{"token": ""}"#, "it gives an empty token"),
        ("{}", "it gives no token"),
    ] {
        let address = with_tokens("", move |_| says("200 OK", "", body));
        let run = check(&address).exits(7).says(words);
        run.says(&format!("the token service {address} of {address} gives no usable answer"));
    }
    check(&with_tokens("", |_| says("404 Not Found", "", ""))).exits(7).says("it answers 404");
}
