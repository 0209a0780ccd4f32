//! A registry on a socket that lies: the right exit code, soon, and without much memory.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::images::{INDEX, digest};
use crate::world::{Secret, World, openssl, write};

const TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// What the binary may take in these runs, in kilobytes, code and libraries included.
const MEMORY: u32 = 300_000;

/// Starts a server that answers every request by its first line; ends with the process.
fn liar(answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> String {
    liar_in_full(move |head, stream| answer(head.lines().next().unwrap_or_default(), stream))
}

/// Starts a server that answers every request by its whole head; ends with the process.
fn liar_in_full(answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the listener is bound").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, &answer);
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: &impl Fn(&str, &mut TcpStream) -> std::io::Result<()>) {
    let mut head = Vec::new();
    let mut byte = [0];
    // TLS begins with another byte than a request does.
    while !head.ends_with(b"\r\n\r\n") && head.first() != Some(&0x16) {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    if head.first() == Some(&0x16) {
        return;
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    // A client that has heard enough hangs up.
    let _ = answer(&head, &mut stream);
}

fn says(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

/// Checks an image on a server that gives the same answer to everything.
#[track_caller]
fn check(answer: String, code: i32, words: &str) {
    let address = liar(move |_, stream| stream.write_all(answer.as_bytes()));
    checked(&address, &[], code, words);
}

#[track_caller]
fn checked(address: &str, flags: &[&str], code: i32, words: &str) {
    let image = format!("{address}/team/app:1");
    let plain = ["check", "--image", &image, "--plain-http", address];
    let world = World::new();
    let bump = world.bump(plain.iter().chain(flags)).within_memory(MEMORY);
    let run = bump.run().exits(code).prints("").says(words);
    assert!(run.took < Duration::from_secs(20), "{run}");
}

#[test]
fn lies_about_the_manifest() {
    let typed = |more: &str, body: &str| says("200 OK", &format!("Content-Type: {TYPE}\r\n{more}"), body);
    let manifest = format!(r#"{{"schemaVersion": 2, "mediaType": "{TYPE}"}}"#);
    check(typed("Docker-Content-Digest: sha256:zz\r\n", &manifest), 7, "\"sha256:zz\" is no digest");
    let other = format!("Docker-Content-Digest: {}\r\n", digest(b"another image"));
    check(typed(&other, &manifest), 7, "not that of the digest it names");
    check(says("200 OK", "Content-Type: text/html\r\n", "<html>Sign in</html>"), 7, "an HTML page");
    check(says("404 Not Found", "Content-Type: text/html\r\n", "<html>"), 7, "its 404 is an HTML page");
    let schema1 = "Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\r\n";
    check(says("200 OK", schema1, "{}"), 7, "schema version 1");
    check(says("200 OK", "Content-Type: image/png\r\n", "PNG"), 7, "no media type of an image");
    check(says("302 Found", "Location: /v2/again\r\n", ""), 7, "redirects");
    check(says("404 Not Found", "Content-Type: application/json\r\n", "{}"), 4, "is not in the registry");
}

/// Sends these headers, and a body without end.
fn endless(stream: &mut TcpStream, status: &str, headers: &str) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 {status}\r\n{headers}\r\n").as_bytes())?;
    loop {
        stream.write_all(&[b' '; 8 * 1024])?;
    }
}

#[test]
fn an_endless_body_ends() {
    let typed = format!("Content-Type: {TYPE}\r\n");
    checked(&liar(move |_, stream| endless(stream, "200 OK", &typed)), &[], 7, "longer than");
    let promised = format!("Content-Type: {TYPE}\r\nContent-Length: 99999999999999\r\n");
    checked(&liar(move |_, stream| endless(stream, "200 OK", &promised)), &[], 7, "longer than");
    // Of an error only the beginning is read, for its words.
    checked(&liar(|_, stream| endless(stream, "404 Not Found", "")), &[], 4, "is not in the registry");
    checked(&liar(|_, stream| endless(stream, "403 Forbidden", "")), &[], 7, "denied");
    let headers = liar(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"X-More: and more and more and more\r\n")?;
        }
    });
    checked(&headers, &[], 7, "cannot be reached");
}

#[test]
fn an_endless_token_configuration_or_signature_ends() {
    let tokens = liar_in_full(|head, stream| {
        let address = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{address}/token\"\r\n");
        if head.starts_with("GET /token") {
            return endless(stream, "200 OK", "");
        }
        stream.write_all(says("401 Unauthorized", &challenge, "").as_bytes())
    });
    checked(&tokens, &[], 7, "longer than");
    let part = |kind: &str| format!(r#"{{"mediaType": "{kind}", "digest": "{}", "size": 1}}"#, digest(b"x"));
    let manifest = format!(
        r#"{{"schemaVersion": 2, "mediaType": "{TYPE}", "config": {}, "layers": [{}]}}"#,
        part("application/vnd.oci.image.config.v1+json"),
        part("application/vnd.dev.cosign.simplesigning.v1+json")
    );
    let blobs = liar(move |line, stream| {
        if line.contains("/blobs/") {
            return endless(stream, "200 OK", "");
        }
        stream.write_all(says("200 OK", &format!("Content-Type: {TYPE}\r\n"), &manifest).as_bytes())
    });
    checked(&blobs, &["--label", "team=shop"], 7, "longer than");
    let world = World::new();
    openssl(&world, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
    checked(&blobs, &["--verify-key", &world.read("key.pub")], 7, "longer than");
}

#[test]
fn silence_ends() {
    let address = liar(|_, _| {
        thread::sleep(Duration::from_hours(1));
        Ok(())
    });
    let image = format!("{address}/team/app:1");
    let world = World::new();
    let run =
        world.bump(["check", "--image", &image, "--plain-http", &address]).run().exits(7).says("no answer in time");
    assert!(run.took < Duration::from_mins(1), "{run}");
}

/// An image whose configuration is this text.
fn image_with(config: String) -> String {
    let manifest = format!(
        r#"{{"schemaVersion": 2, "mediaType": "{TYPE}", "layers": [], "config": {{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "{}", "size": 1}}}}"#,
        digest(config.as_bytes())
    );
    liar(move |line, stream| {
        let body = if line.contains("/blobs/") { &config } else { &manifest };
        stream.write_all(says("200 OK", &format!("Content-Type: {TYPE}\r\n"), body).as_bytes())
    })
}

#[test]
fn a_label_bomb_does_not_go_off() {
    let labels: Vec<String> = (0..60_000).map(|number| format!(r#""label-{number}": "x""#)).collect();
    let config = |padding: usize| {
        format!(r#"{{"os": "linux", "config": {{"Labels": {{{}}}}}{}}}"#, labels.join(","), " ".repeat(padding))
    };
    checked(&image_with(config(0)), &["--label", "team=shop"], 9, "its label team is missing");
    checked(&image_with(config(5_000_000)), &["--label", "team=shop"], 7, "longer than");
    let entries = vec![format!(r#"{{"mediaType": "{TYPE}", "digest": "{}"}}"#, digest(b"x")); 1000].join(",");
    checked(&index_of(&entries), &["--platform", "linux/amd64"], 7, "its index names 1000 images");
}

/// An index of these entries, which is also what each of them names.
fn index_of(entries: &str) -> String {
    let index = format!(r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": [{entries}]}}"#);
    liar(move |_, stream| stream.write_all(says("200 OK", "", &index).as_bytes()))
}

#[test]
fn an_index_that_shows_no_image_has_none_of_the_labels() {
    let label = ["--label", "team=shop"];
    checked(&index_of(""), &label, 9, "its label team is missing instead of \"shop\"\n");
    let unknown = r#""platform": {"os": "unknown", "architecture": "unknown"}"#;
    let attestation = format!(r#"{{"mediaType": "{TYPE}", "digest": "{}", {unknown}}}"#, digest(b"x"));
    checked(&index_of(&attestation), &label, 9, "its label team is missing");
    for kind in [INDEX, ""] {
        let hidden = format!(r#"{{"mediaType": "{kind}", "digest": "{}"}}"#, digest(b"x"));
        checked(&index_of(&hidden), &label, 7, "no answer of a registry");
    }
}

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
    let run = check("another").exits(7).says("DOCKER_AUTH_CONFIG (an identity token): it has expired");
    assert!(!run.stderr.contains("another"), "{run}");
}

#[test]
fn a_busy_registry_is_asked_again_and_one_that_is_down_is_said() {
    let answers = std::sync::Mutex::new(0);
    let manifest = format!(r#"{{"schemaVersion": 2, "mediaType": "{TYPE}"}}"#);
    let address = liar(move |_, stream| {
        let mut count = answers.lock().expect("nobody panics");
        *count += 1;
        let answer = match *count {
            1 => says("429 Too Many Requests", "Retry-After: 1\r\n", ""),
            2 => says("503 Service Unavailable", "", ""),
            3 => return Ok(()),
            _ => says("200 OK", &format!("Content-Type: {TYPE}\r\n"), &manifest),
        };
        stream.write_all(answer.as_bytes())
    });
    let image = format!("{address}/team/app:1");
    let run = World::new().bump(["check", "--image", &image, "--plain-http", &address]).run().exits(0);
    assert!(run.took >= Duration::from_secs(1), "{run}");
    check(says("503 Service Unavailable", "", "down"), 7, "failed with status 503");
    check(says("429 Too Many Requests", "Retry-After: 3600\r\n", ""), 7, "limits the rate");
    check(says("403 Forbidden", "", ""), 7, "denied");
}
