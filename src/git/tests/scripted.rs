//! Servers that answer as no server should, on a socket.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Serves these answers, one a connection, and returns the repository's URL and what was asked.
async fn serve(answers: Vec<Vec<u8>>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/shop/infra.git", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            requests.push(request(&mut socket).await);
            // A client that has seen enough hangs up.
            let _ = socket.write_all(&answer).await;
            let _ = socket.shutdown().await;
        }
        requests
    });
    (url, served)
}

/// Reads one request with its body.
async fn request(socket: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        if let Some(head) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&request).into_owned();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            if request.len() >= head + 4 + length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        assert!(socket.read_buf(&mut request).await.unwrap() > 0, "the request ends early");
    }
}

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn advertisement(body: &[u8]) -> Vec<u8> {
    http("200 OK", "Content-Type: application/x-git-upload-pack-advertisement\r\n", body)
}

async fn error(answer: Vec<u8>) -> GitError {
    let (url, _served) = serve(vec![answer]).await;
    remote_at(&url).snapshot(None, &wants(&["values.yaml"])).await.unwrap_err()
}

#[tokio::test]
async fn tells_the_statuses_apart() {
    let denied = http("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", b"");
    assert!(matches!(error(denied.clone()).await, GitError::AuthenticationRequired { .. }));
    let (url, served) = serve(vec![denied]).await;
    let url = url.replace("http://", "http://oauth2:s3cret@");
    let failed = remote_at(&url).snapshot(None, &[]).await.unwrap_err();
    assert!(matches!(failed, GitError::AccessDenied { .. }), "{failed:?}");
    let request = served.await.unwrap().concat();
    assert!(request.contains("authorization: Basic b2F1dGgyOnMzY3JldA=="), "{request}");
    assert!(request.contains("git-protocol: version=2"), "{request}");
    assert!(!format!("{failed:?}").contains("s3cret"));
    let words = http("403 Forbidden", "Content-Type: text/plain\r\n", b"You are\x1b[1m not\nallowed");
    assert_eq!(error(words).await.to_string().split_once(": ").unwrap().1, "You are not; allowed");
    let page = http("403 Forbidden", "Content-Type: text/html\r\n", b"<html>");
    assert!(error(page).await.to_string().ends_with("denies access"));
    assert!(matches!(error(http("404 Not Found", "", b"")).await, GitError::RepositoryMissing { .. }));
    assert!(matches!(error(http("503 Busy", "", b"")).await, GitError::Answered { .. }));
    assert!(matches!(error(http("418 Teapot", "", b"")).await, GitError::Answered { .. }));
}

#[tokio::test]
async fn refuses_answers_that_are_not_gits() {
    let many: Vec<u8> = (0..400).flat_map(|line| format!("000d x={line:05}\n").into_bytes()).collect();
    let cases: [(&str, Vec<u8>); 8] = [
        ("a page", http("200 OK", "Content-Type: text/html\r\n", b"<html>")),
        ("nothing", advertisement(b"")),
        ("no frame", advertisement(b"<html>")),
        ("half a frame", advertisement(b"000eversio")),
        ("a flush", advertisement(b"0000")),
        ("many capabilities", advertisement(&[b"000eversion 2\n".as_slice(), &many].concat())),
        ("no fetch", advertisement(b"000eversion 2\n000cls-refs\n0000")),
        ("version 0", advertisement(b"001e# service=git-upload-pack\n0000000bversion0000")),
    ];
    for (what, answer) in cases {
        let error = error(answer).await;
        let is_told = matches!(
            error,
            GitError::Protocol(_)
                | GitError::Limit(_)
                | GitError::Unsupported(_)
                | GitError::WebPage { .. }
                | GitError::Broken { .. }
        );
        assert!(is_told, "{what}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_an_error() {
    let line = format!("{:04x}{}", 65516, "x".repeat(65512));
    let endless = advertisement(&[b"000eversion 2\n".as_slice(), line.repeat(400).as_bytes()].concat());
    assert!(matches!(error(endless).await, GitError::Limit(_)));
}

#[tokio::test]
async fn a_servers_parting_words_are_shown() {
    let error = error(advertisement(b"0011ERR go \x1baway\n")).await;
    assert_eq!(error.to_string(), "the server said: go away");
}

#[tokio::test]
async fn never_takes_credentials_elsewhere() {
    let (other, elsewhere) = serve(vec![http("200 OK", "", b"")]).await;
    let location = format!("Location: {other}/info/refs?service=git-upload-pack\r\n");
    let (url, _served) = serve(vec![http("302 Found", &location, b"")]).await;
    let url = url.replace("http://", "http://oauth2:s3cret@");
    let failed = remote_at(&url).snapshot(None, &[]).await.unwrap_err();
    assert!(matches!(failed, GitError::Unsupported(_)), "{failed:?}");
    assert!(!elsewhere.is_finished());
    elsewhere.abort();
}

#[tokio::test]
async fn redirects_end_somewhere() {
    let around = || http("302 Found", "Location: /a/info/refs?service=git-upload-pack\r\n", b"");
    let (url, _served) = serve((0..6).map(|_| around()).collect()).await;
    let failed = remote_at(&url).snapshot(None, &[]).await.unwrap_err();
    assert!(matches!(failed, GitError::Protocol(_)), "{failed:?}");
}

pub(super) const FILE: &[u8] = b"tag: one\n";

/// A commit with one file, as a pack's entries and the commit's id.
pub(super) fn objects() -> (Vec<Vec<u8>>, git2::Oid) {
    let blob = git2::Oid::hash_object(git2::ObjectType::Blob, FILE).unwrap();
    let tree = [b"100644 values.yaml\0", blob.as_bytes()].concat();
    let top = git2::Oid::hash_object(git2::ObjectType::Tree, &tree).unwrap();
    let commit = format!("tree {top}\nauthor a <a@x> 1 +0000\ncommitter a <a@x> 1 +0000\n\nfirst\n").into_bytes();
    let tip = git2::Oid::hash_object(git2::ObjectType::Commit, &commit).unwrap();
    let entry = |kind, content: &[u8]| packs::entry(kind, content.len(), b"", content);
    (vec![entry(1, &commit), entry(2, &tree), entry(3, FILE)], tip)
}

/// The answer to a fetch, with the pack in its side band.
fn packfile(pack: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    pkt::line(&mut body, b"packfile\n");
    pkt::line(&mut body, &[&[1], pack].concat());
    pkt::flush(&mut body);
    body
}

/// Serves a repository whose tip has this id, by what is asked for, until nobody listens.
async fn serve_repository(tip: git2::Oid, fetched: Vec<u8>, receive: Vec<u8>, report: Vec<u8>) -> String {
    let mut refs = Vec::new();
    pkt::line(&mut refs, format!("{tip} HEAD symref-target:refs/heads/main\n").as_bytes());
    pkt::flush(&mut refs);
    serve_by(move |request| match request.lines().next().unwrap() {
        line if line.contains("service=git-upload-pack") => {
            ("upload-pack-advertisement", b"000eversion 2\n000cls-refs\n0012fetch=shallow\n0000".to_vec())
        }
        line if line.contains("service=git-receive-pack") => ("receive-pack-advertisement", receive.clone()),
        line if line.contains("/git-receive-pack") => ("receive-pack-result", report.clone()),
        _ if request.contains("command=ls-refs") => ("upload-pack-result", refs.clone()),
        _ => ("upload-pack-result", fetched.clone()),
    })
    .await
}

/// Serves what a function answers to each request, with its type, until nobody listens.
pub(super) async fn serve_by(answer: impl Fn(&str) -> (&'static str, Vec<u8>) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/shop/infra.git", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (kind, body) = answer(&request(&mut socket).await);
            let headers = format!("Content-Type: application/x-git-{kind}\r\n");
            // A client that has seen enough hangs up.
            let _ = socket.write_all(&http("200 OK", &headers, &body)).await;
            let _ = socket.shutdown().await;
        }
    });
    url
}

/// A push's advertisement with many refs that sort before the branch.
fn receiving(tip: git2::Oid, others: usize) -> Vec<u8> {
    let mut body = b"001f# service=git-receive-pack\n0000".to_vec();
    let other = git2::Oid::hash_object(git2::ObjectType::Blob, b"").unwrap();
    pkt::line(&mut body, format!("{other} refs/heads/a\0 report-status atomic\n").as_bytes());
    for number in 0..others {
        pkt::line(&mut body, format!("{other} refs/heads/a{number}\n").as_bytes());
    }
    pkt::line(&mut body, format!("{tip} refs/heads/main\n").as_bytes());
    pkt::flush(&mut body);
    body
}

async fn push_to(url: &str) -> Result<Push, GitError> {
    let remote = remote_at(url);
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    assert_eq!(snapshot.found(), [Found::File(FILE.to_vec())]);
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    remote.push(&snapshot, &commit, &[]).await
}

#[tokio::test]
async fn a_report_decides_what_a_push_became() {
    let (entries, tip) = objects();
    let fetched = packfile(&packs::pack(3, &entries));
    let moved = git2::Oid::hash_object(git2::ObjectType::Blob, b"moved").unwrap();
    let done = &b"000eunpack ok\n0017ok refs/heads/main\n0000"[..];
    let lost = &b"000eunpack ok\n0026ng refs/heads/main stale info; ok\n0000"[..];
    let refused = &b"000eunpack ok\n0027ng refs/heads/main hook declined\n\n\n0000"[..];
    let cases = [
        ("done", tip, 0, done, "Ok(Done { words: \"\" })"),
        ("done, the branch behind too many others to be looked for", moved, 2000, done, "Ok(Done { words: \"\" })"),
        ("the server's compare-and-swap", tip, 0, lost, "Ok(LostRace { words: \"stale info; ok\" })"),
        ("refused", tip, 0, refused, "Err(Refused { words: \"hook declined\" })"),
    ];
    for (what, at, others, report, expected) in cases {
        let url = serve_repository(tip, fetched.clone(), receiving(at, others), report.to_vec()).await;
        assert_eq!(format!("{:?}", push_to(&url).await), expected, "{what}");
    }
    // A branch that is known to have moved isn't pushed to: this server would say that it is done.
    let url = serve_repository(tip, fetched, receiving(moved, 0), done.to_vec()).await;
    assert!(matches!(push_to(&url).await, Ok(Push::LostRace { .. })));
}

#[tokio::test]
async fn an_object_counts_only_under_its_own_id() {
    let (entries, tip) = objects();
    let other = git2::Oid::hash_object(git2::ObjectType::Blob, b"other").unwrap();
    let broken = b"tree of mine\n";
    let broken_tip = git2::Oid::hash_object(git2::ObjectType::Commit, broken).unwrap();
    let file_tip = git2::Oid::hash_object(git2::ObjectType::Blob, FILE).unwrap();
    let cases = [
        ("nothing", tip, packs::pack(0, &[])),
        ("another commit", other, packs::pack(3, &entries)),
        ("no tree", tip, packs::pack(1, &entries[..1])),
        ("no file", tip, packs::pack(2, &entries[..2])),
        ("a file as tip", file_tip, packs::pack(3, &entries)),
        ("no commit at all", broken_tip, packs::pack(1, &[packs::entry(1, broken.len(), b"", broken)])),
        ("half a pack", tip, packs::pack(3, &entries)[..40].to_vec()),
    ];
    for (what, tip, pack) in cases {
        let url = serve_repository(tip, packfile(&pack), Vec::new(), Vec::new()).await;
        let error = remote_at(&url).snapshot(None, &wants(&["values.yaml"])).await.unwrap_err();
        assert!(matches!(error, GitError::Pack(_)), "{what}: {error:?}");
    }
    let mut cut = packfile(&packs::pack(3, &entries));
    cut.truncate(cut.len() - 10);
    let url = serve_repository(tip, cut, Vec::new(), Vec::new()).await;
    let error = remote_at(&url).snapshot(None, &wants(&["values.yaml"])).await.unwrap_err();
    assert!(matches!(error, GitError::Broken { .. }), "{error:?}");
}
