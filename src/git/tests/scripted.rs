//! Servers that answer as no server should, on a socket.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Serves these answers, one a connection, and returns the repository's URL and what was asked.
async fn serve(answers: Vec<Vec<u8>>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/shop/infra.git", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 65536];
            let length = socket.read(&mut request).await.unwrap();
            requests.push(String::from_utf8_lossy(&request[..length]).into_owned());
            // A client that has seen enough hangs up.
            let _ = socket.write_all(&answer).await;
            let _ = socket.shutdown().await;
        }
        requests
    });
    (url, served)
}

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn advertisement(body: &[u8]) -> Vec<u8> {
    http(
        "200 OK",
        "Content-Type: application/x-git-upload-pack-advertisement\r\n",
        body,
    )
}

async fn error(answer: Vec<u8>) -> GitError {
    let (url, _served) = serve(vec![answer]).await;
    remote_at(&url)
        .snapshot(None, &wants(&["values.yaml"]))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn tells_the_statuses_apart() {
    let denied = http("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", b"");
    assert!(matches!(
        error(denied.clone()).await,
        GitError::AuthenticationRequired { .. }
    ));
    let (url, served) = serve(vec![denied]).await;
    let url = url.replace("http://", "http://oauth2:s3cret@");
    let failed = remote_at(&url).snapshot(None, &[]).await.unwrap_err();
    assert!(matches!(failed, GitError::AccessDenied { .. }), "{failed:?}");
    let request = served.await.unwrap().concat();
    assert!(
        request.contains("authorization: Basic b2F1dGgyOnMzY3JldA=="),
        "{request}"
    );
    assert!(request.contains("git-protocol: version=2"), "{request}");
    assert!(!format!("{failed:?}").contains("s3cret"));
    let words = http(
        "403 Forbidden",
        "Content-Type: text/plain\r\n",
        b"You are\x1b[1m not\nallowed",
    );
    assert_eq!(
        error(words).await.to_string().split_once(": ").unwrap().1,
        "You are not; allowed"
    );
    let page = http("403 Forbidden", "Content-Type: text/html\r\n", b"<html>");
    assert!(error(page).await.to_string().ends_with("denies access"));
    assert!(matches!(
        error(http("404 Not Found", "", b"")).await,
        GitError::RepositoryMissing { .. }
    ));
    assert!(matches!(
        error(http("503 Busy", "", b"")).await,
        GitError::Unreachable { .. }
    ));
    assert!(matches!(
        error(http("418 Teapot", "", b"")).await,
        GitError::Protocol(_)
    ));
}

#[tokio::test]
async fn refuses_answers_that_are_not_gits() {
    let many: Vec<u8> = (0..400)
        .flat_map(|line| format!("000d x={line:05}\n").into_bytes())
        .collect();
    let cases: [(&str, Vec<u8>); 8] = [
        ("a page", http("200 OK", "Content-Type: text/html\r\n", b"<html>")),
        ("nothing", advertisement(b"")),
        ("no frame", advertisement(b"<html>")),
        ("half a frame", advertisement(b"000eversio")),
        ("a flush", advertisement(b"0000")),
        (
            "many capabilities",
            advertisement(&[b"000eversion 2\n".as_slice(), &many].concat()),
        ),
        ("no fetch", advertisement(b"000eversion 2\n000cls-refs\n0000")),
        (
            "version 0",
            advertisement(b"001e# service=git-upload-pack\n0000000bversion0000"),
        ),
    ];
    for (what, answer) in cases {
        let error = error(answer).await;
        let is_told = matches!(
            error,
            GitError::Protocol(_) | GitError::Limit(_) | GitError::Unsupported(_)
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
