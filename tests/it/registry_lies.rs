//! A registry on a socket that lies: the right exit code, soon, and without much memory.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::images::{INDEX, MANIFEST as TYPE, digest};
use crate::world::{World, liar, liar_in_full, openssl, says};

/// What the binary may take in these runs, in kilobytes, code and libraries included.
const MEMORY: u32 = 300_000;

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
    check(typed("Docker-Content-Digest: sha256:zz\r\n", &manifest), 7, "\"sha256:zz\" is not a digest");
    let other = format!("Docker-Content-Digest: {}\r\n", digest(b"another image"));
    check(typed(&other, &manifest), 7, "as its header says");
    check(says("200 OK", "Content-Type: text/html\r\n", "<html>Sign in</html>"), 7, "an HTML page");
    check(says("404 Not Found", "Content-Type: text/html\r\n", "<html>"), 7, "its 404 is an HTML page");
    let schema1 = "Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\r\n";
    check(says("200 OK", schema1, "{}"), 7, "schema version 1");
    check(says("200 OK", "Content-Type: image/png\r\n", "PNG"), 7, "not a media type of an image");
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
        r#"{{"schemaVersion": 2, "mediaType": "{TYPE}", "config": {}, "layers": [{}, {}]}}"#,
        part("application/vnd.oci.image.config.v1+json"),
        part("application/vnd.oci.image.layer.v1.tar+gzip"),
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
    checked(&blobs, &["--verify-key", &world.read("key.pub")], 9, "longer than");
}

#[test]
fn silence_ends() {
    let address = liar(|_, _| {
        thread::sleep(Duration::from_hours(1));
        Ok(())
    });
    let image = format!("{address}/team/app:1");
    let world = World::new();
    let run = world
        .bump(["check", "--image", &image, "--plain-http", &address])
        .run()
        .exits(7)
        .says("it gave no answer in time");
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
        checked(&index_of(&hidden), &label, 7, "is not that of a registry");
    }
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
