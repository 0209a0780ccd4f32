//! The floor against servers on sockets that answer as a test tells them to.

use reqwest::header::ACCEPT;

use super::fake::{Fake, says};
use super::*;
use crate::secret::{Audience, Bound, Credentials, SecretString};

const ANYWHERE: Manners =
    Manners { silence: Duration::from_secs(5), total: Duration::from_secs(10), follow: Follow::Anywhere };

fn url(server: &Fake) -> Url {
    Url::parse(&format!("http://{}/start", server.address)).unwrap()
}

fn leads_to(place: &str) -> String {
    says("307 Temporary Redirect", &format!("Location: {place}\r\n"), "")
}

fn http(variables: &[(&str, &str)], plain: &[&str], redactor: SharedRedactor) -> Http {
    let proxies = Proxies::from_environment(&variables.iter().copied().collect()).unwrap();
    let plain: Vec<String> = plain.iter().map(|&host| host.to_owned()).collect();
    Http::new(&Trust::load(&[]).unwrap(), proxies, &plain, redactor).unwrap()
}

fn direct() -> Http {
    http(&[], &[], SharedRedactor::default())
}

/// Credentials that are for all of these servers, so that nothing but the floor keeps them from one.
fn logins(servers: &[&str]) -> [Login; 3] {
    let mut audience = Audience::default();
    for server in servers {
        audience.add(server);
    }
    let pair = Credentials { username: "u".to_owned(), password: SecretString::from("s3cret") };
    let token = Bound::new(SecretString::from("s3cret"), audience.clone());
    [Login::Basic(Bound::new(pair, audience)), Login::Bearer(token.clone()), Login::PrivateToken(token)]
}

fn shows_a_login(head: &str) -> bool {
    head.contains("authorization: ") || head.contains("private-token: ")
}

async fn ask(http: &Http, url: &Url, request: Request) -> Result<Whole, HttpError> {
    http.send(url, request).await?.whole(1000).await
}

fn get() -> Request {
    Request::new(Method::GET, &ANYWHERE).header(ACCEPT, "*/*")
}

#[tokio::test]
async fn a_login_stays_at_its_origin_and_does_not_come_back() {
    for way in ["own", "port", "host", "back"] {
        let other = Fake::start(|head, _| match head.split(' ').nth(1).unwrap().strip_prefix("/back-to-") {
            Some(address) => leads_to(&format!("http://{address}/end")),
            None => says("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\nRetry-After: 7\r\n", "evil words"),
        })
        .await;
        let there = other.address.clone();
        let home = Fake::start(move |head, own| match (head.split(' ').nth(1).unwrap(), way) {
            ("/end", _) => says("403 Forbidden", "Retry-After: 7\r\n", "own words"),
            (_, "own") => leads_to("/end"),
            (_, "port") => leads_to(&format!("http://me:pw@{there}/end")),
            (_, "host") => leads_to(&format!("http://localhost:{}/end", there.split_once(':').unwrap().1)),
            _ => leads_to(&format!("http://{there}/back-to-{own}")),
        })
        .await;
        let port = other.address.split_once(':').unwrap().1;
        for login in logins(&[&home.address, &other.address, &format!("localhost:{port}")]) {
            let before = home.heads().len();
            let whole = ask(&direct(), &url(&home), get().login(Some(login))).await.unwrap();
            assert!(!other.heads().iter().any(|head| shows_a_login(head)), "{way}: {:?}", other.heads());
            let shown: Vec<bool> = home.heads()[before..].iter().map(|head| shows_a_login(head)).collect();
            let (expected, is_own): (&[bool], bool) = match way {
                "own" => (&[true, true], true),
                "back" => (&[true, false], false),
                _ => (&[true], false),
            };
            assert_eq!((shown.as_slice(), whole.is_own), (expected, is_own), "{way}");
            let said = if is_own { ("own words", Some(Duration::from_secs(7))) } else { ("", None) };
            assert_eq!((whole.words.as_str(), whole.retry_after), said, "{way}");
        }
    }
}

#[tokio::test]
async fn a_body_is_sent_once() {
    let other = Fake::start(|_, _| says("200 OK", "", "")).await;
    for place in [format!("http://{}/x", other.address), "/x".to_owned()] {
        let home = Fake::start(move |_, _| leads_to(&place)).await;
        let mut audience = Audience::default();
        audience.add(&home.address);
        audience.add(&other.address);
        let secret = Bound::new(SecretString::from("s3cret"), audience);
        let post = || Request::new(Method::POST, &ANYWHERE);
        for request in [
            post().form(SecretForm { fields: vec![("token", None)], secret }),
            post().body("application/json", b"{}".to_vec()),
            Request::new(Method::PUT, &ANYWHERE).body("application/json", b"{}".to_vec()),
        ] {
            let error = ask(&direct(), &url(&home), request).await.unwrap_err();
            assert!(matches!(error, HttpError::Stray { stray: Stray::Body, .. }), "{error}");
        }
        assert_eq!((home.heads().len(), other.heads().len()), (3, 0));
    }
}

/// Whatever a server on the Internet names: the test's servers play one behind a proxy, where a name may be that of any.
#[tokio::test]
async fn a_public_server_leads_to_no_private_address() {
    let inner = Fake::start(|_, _| says("200 OK", "", "metadata")).await;
    let port = inner.address.split_once(':').unwrap().1.to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let place = format!("http://{host}:{port}/");
        let named = place.clone();
        let public = Fake::start(move |head, _| match head.split(' ').nth(1).unwrap() {
            "http://r.example/hop" => leads_to("http://r.example/start"),
            _ => leads_to(&named),
        })
        .await;
        for no_proxy in ["", "localhost,127.0.0.0/8"] {
            let http = http(&[("http_proxy", &public.address), ("no_proxy", no_proxy)], &[], SharedRedactor::default());
            for start in ["http://r.example/start", "http://r.example/hop"] {
                let error = ask(&http, &Url::parse(start).unwrap(), get()).await.unwrap_err();
                assert!(matches!(error, HttpError::Stray { stray: Stray::Inward, .. }), "{place} {error}");
            }
            // The realm of a challenge is asked the same way.
            let error = ask(&http, &Url::parse(&place).unwrap(), get().reach(Reach::Public)).await.unwrap_err();
            assert!(matches!(error, HttpError::Stray { stray: Stray::Inward, .. }), "{place} {error}");
        }
    }
    assert_eq!(inner.heads().len(), 0);
    // From this machine to this machine is what a private registry and its storage do.
    let place = url(&inner).to_string();
    let private = Fake::start(move |_, _| leads_to(&place)).await;
    assert_eq!(ask(&direct(), &url(&private), get()).await.unwrap().body, b"metadata");
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_not_asked_from_outside() {
    let inner = Fake::start(|_, _| says("200 OK", "", "metadata")).await;
    let port = inner.address.split_once(':').unwrap().1;
    let own = std::fs::read_to_string("/etc/hosts").expect("a machine has /etc/hosts");
    let names = own.lines().filter_map(|line| line.split_once(char::is_whitespace)).filter(|(address, _)| {
        address.parse::<std::net::IpAddr>().is_ok_and(|address| !address::is_public(address) && !address.is_multicast())
    });
    let names: Vec<&str> = names.flat_map(|(_, names)| names.split_whitespace()).collect();
    assert!(names.contains(&"localhost"), "/etc/hosts has no localhost: {own}");
    for name in names {
        let url = Url::parse(&format!("http://{name}:{port}/")).unwrap();
        let error = ask(&direct(), &url, get().reach(Reach::Public)).await.unwrap_err();
        assert!(matches!(error, HttpError::Stray { stray: Stray::Inward, .. }), "{name}: {error}");
    }
    assert_eq!(inner.heads().len(), 0);
}

#[tokio::test]
async fn a_name_that_only_another_server_gave_is_not_repeated() {
    let other = Fake::start(|_, _| leads_to("http://evil-words.invalid:1/")).await;
    let place = url(&other).to_string();
    let home = Fake::start(move |_, _| leads_to(&place)).await;
    let error = ask(&direct(), &url(&home), get()).await.unwrap_err().to_string();
    assert!(!error.contains("evil") && error.contains("redirects led to"), "{error}");
    let other = Fake::start(|_, _| leads_to("evil-words://x")).await;
    let place = url(&other).to_string();
    let home = Fake::start(move |_, _| leads_to(&place)).await;
    let error = ask(&direct(), &url(&home), get()).await.unwrap_err().to_string();
    assert!(!error.contains("evil"), "{error}");
}

#[tokio::test]
async fn an_answer_ends() {
    static SHORT: Manners =
        Manners { silence: Duration::from_millis(400), total: Duration::from_millis(1500), follow: Follow::Anywhere };
    let request = || Request::new(Method::GET, &SHORT);
    let is_silence = |error: &HttpError| matches!(error, HttpError::Unreachable { why: NoAnswer::Silence, .. });
    // A byte now and then is never silence; a body and the words of a refusal end all the same.
    for status in ["200 OK", "403 Forbidden"] {
        let trickle = Fake::slow(move |_, _| says(status, "", &"x".repeat(900)), Duration::from_millis(50)).await;
        let started = std::time::Instant::now();
        let error = ask(&direct(), &url(&trickle), request()).await.unwrap_err();
        let took = started.elapsed();
        assert!(is_silence(&error) && took > SHORT.silence * 2 && took < SHORT.total * 2, "{error} {took:?}");
    }
    let quiet = Fake::slow(|_, _| says("200 OK", "", "x"), Duration::from_mins(1)).await;
    let started = std::time::Instant::now();
    assert!(is_silence(&ask(&direct(), &url(&quiet), request()).await.unwrap_err()));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // A chain of redirects has one deadline, and an end.
    let around = Fake::start(|_, _| leads_to("/again")).await;
    let error = ask(&direct(), &url(&around), request()).await.unwrap_err();
    assert!(matches!(error, HttpError::Stray { stray: Stray::TooMany(5), .. }), "{error}");
    assert_eq!(around.heads().len(), 6);
}

#[tokio::test]
async fn an_answer_is_bounded() {
    for (length, fits) in [(0, true), (1000, true), (1001, false), (5_000_000, false)] {
        let fake = Fake::start(move |_, _| says("200 OK", "", &"x".repeat(length))).await;
        match ask(&direct(), &url(&fake), get()).await {
            Ok(whole) => assert!(fits && whole.body.len() == length, "{length}"),
            Err(error) => assert!(!fits && matches!(error, HttpError::TooLong { limit: 1000, .. }), "{length} {error}"),
        }
    }
}

#[tokio::test]
async fn secrets_are_hidden_before_words_are_cut() {
    let redactor = SharedRedactor::default();
    let secret = "glpat-a_b\"c/d+e=%f-and-some-more";
    redactor.add(&SecretString::from(secret));
    let http = http(&[], &[], redactor);
    for padding in (0..500).step_by(7).chain(16_300..16_400) {
        for blank in [" ", "\n", "x"] {
            let text = format!("{}{secret} end", blank.repeat(padding));
            for body in [text.clone(), serde_json::json!({ "message": text }).to_string()] {
                let fake = Fake::start(move |_, _| says("403 Forbidden", "", &body)).await;
                let words = ask(&http, &url(&fake), get()).await.unwrap().words;
                assert!(padding > 0 || words.contains("[hidden]"), "{words}");
                for part in secret.as_bytes().windows(4) {
                    let part = std::str::from_utf8(part).unwrap();
                    assert!(!words.contains(part), "{padding} {blank:?}: {words}");
                }
            }
        }
    }
}
