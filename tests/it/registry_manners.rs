//! Registries that answer otherwise than most do, played by a script: what each of them means, and what is said of it.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use crate::images::{INDEX, MANIFEST as TYPE, digest};
use crate::world::{Run, World, liar_in_full, openssl, says};

/// What a scripted registry was asked: method and path.
type Asked = Arc<Mutex<Vec<String>>>;

/// Starts a registry that answers by method and path; a bare answer is a 404.
fn registry(answer: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static) -> (String, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let address = liar_in_full(move |head, stream| {
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        log.lock().expect("nobody panics").push(format!("{method} {path}"));
        let answer = answer(method, path).unwrap_or_else(|| says("404 Not Found", "", ""));
        // An answer to HEAD has no body, whatever its length says.
        let end = answer.find("\r\n\r\n").map_or(answer.len(), |end| end + 4);
        let sent = if method == "HEAD" { answer.get(..end).unwrap_or_default() } else { &answer };
        stream.write_all(sent.as_bytes())
    });
    (address, asked)
}

fn manifest() -> String {
    format!(r#"{{"schemaVersion": 2, "mediaType": "{TYPE}"}}"#)
}

fn typed(media_type: &str, headers: &str, body: &str) -> String {
    says("200 OK", &format!("Content-Type: {media_type}\r\n{headers}"), body)
}

#[track_caller]
fn check(address: &str, flags: &[&str]) -> Run {
    let image = format!("{address}/team/app:1");
    World::new().bump(["check", "--image", &image, "--plain-http", address].iter().chain(flags)).run()
}

#[test]
fn a_registry_that_knows_no_head_is_asked_by_get() {
    for status in ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented", "400 Bad Request"] {
        let (address, _) = registry(move |method, _| {
            Some(if method == "HEAD" { says(status, "", "") } else { typed(TYPE, "", &manifest()) })
        });
        check(&address, &[]).exits(0).prints(&format!("{address}/team/app:1@{}\n", digest(manifest().as_bytes())));
        let world = World::new();
        let repository = format!("{address}/team/app");
        let infra = crate::samples::values(&repository, "0");
        let infra = world.infra("infra", &[("values.yaml", infra.as_str())]);
        let (image, url) = (format!("{repository}:1"), infra.url());
        let update = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--plain-http", &address];
        world.bump(update).run().exits(0);
        assert_eq!(infra.file("main", "values.yaml"), crate::samples::values(&repository, "1"), "{status}");
    }
}

#[test]
fn an_image_that_head_and_get_miss_is_missing() {
    let (address, asked) = registry(|_, _| None);
    check(&address, &["--wait", "2s"]).exits(4).says("is not in the registry");
    let asked = asked.lock().expect("nobody panics");
    assert!(asked.iter().filter(|asked| asked.starts_with("HEAD")).count() <= 1, "{asked:?}");
    assert!(asked.len() >= 3, "{asked:?}");
}

#[test]
fn a_denial_that_may_mean_missing_is_said_while_waiting() {
    for (headers, server) in [("", "Some registries"), ("X-JFrog-Version: Artifactory/7.77\r\n", "Artifactory")] {
        let (address, _) = registry(move |_, _| Some(says("403 Forbidden", headers, "download not permitted")));
        let run =
            check(&address, &["--wait", "1m"]).exits(7).says("is denied or missing").says("download not permitted");
        assert!(run.took.as_secs() < 20, "{run}");
        let run = run.says(&format!("{server} answer")).says("so the run does not wait");
        run.says("needs:");
        let run = check(&address, &[]).exits(7);
        assert!(!run.stderr.contains("waited"), "{run}");
    }
    let (address, _) = registry(|_, _| Some(says("401 Unauthorized", "", "wrong password")));
    let run = check(&address, &["--wait", "1m"]).exits(7).says("wrong password");
    assert!(!run.stderr.contains("missing"), "{run}");
}

/// A registry that has an image, no signature tag, and referrers by these pages: their links, and their entries.
fn with_referrers(pages: Vec<(String, String)>) -> (String, Asked) {
    registry(move |_, path| {
        if path.ends_with("/manifests/1") {
            return Some(typed(TYPE, "", &manifest()));
        }
        let rest = path.split_once("/referrers/")?.1;
        let number: usize = rest.split_once("page=").map_or(0, |(_, number)| number.parse().expect("our own"));
        let (link, entries) = pages.get(number)?;
        let link = if link.is_empty() { String::new() } else { format!("Link: {link}\r\n") };
        Some(typed(
            INDEX,
            &link,
            &format!(r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": [{entries}]}}"#),
        ))
    })
}

fn key() -> String {
    let world = World::new();
    openssl(&world, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
    world.read("key.pub")
}

#[test]
fn every_page_of_the_referrers_is_read() {
    let entry = |name: &str| format!(r#"{{"mediaType": "{TYPE}", "digest": "{}"}}"#, digest(name.as_bytes()));
    let path = format!("/v2/team/app/referrers/{}", digest(manifest().as_bytes()));
    let (address, asked) = with_referrers(vec![
        (format!("<{path}?page=1>; rel=\"next\""), entry("one")),
        ("<?page=2>; rel=next".to_owned(), String::new()),
        (String::new(), entry("three")),
    ]);
    check(&address, &["--verify-key", &key()]).exits(9).says("no signature");
    let asked = asked.lock().expect("nobody panics");
    for name in ["one", "three"] {
        let wanted = format!("/manifests/{}", digest(name.as_bytes()));
        assert!(asked.iter().any(|asked| asked.ends_with(&wanted)), "{name}: {asked:?}");
    }
}

#[test]
fn pages_lead_to_no_other_server_and_end() {
    let (other, asked) = registry(|_, _| None);
    let (address, _) =
        with_referrers(vec![(format!("<http://{other}/v2/x/referrers/y>; rel=\"next\""), String::new())]);
    check(&address, &["--verify-key", &key()]).exits(7).says("is on another server");
    assert!(asked.lock().expect("nobody panics").is_empty());

    let (address, asked) = with_referrers(vec![("<?page=0>; rel=\"next\"".to_owned(), String::new())]);
    check(&address, &["--verify-key", &key()]).exits(9).says("more than 50 pages");
    assert!(asked.lock().expect("nobody panics").len() < 60);

    let (address, _) = with_referrers(vec![("<?page=7>; rel=\"next\"".to_owned(), String::new())]);
    check(&address, &["--verify-key", &key()]).exits(7).says("a further page of its referrers");
}
