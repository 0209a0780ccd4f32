//! What Git servers say, and what stands in their place, in sentences: never the words of a library.

use std::io::Write as _;
use std::net::TcpStream;

use crate::hostile::Rogue;
use crate::world::{Run, World, says};

/// What no user should have to read.
const LIBRARIES: [&str; 10] = [
    "error sending request",
    "error decoding",
    "request or response body",
    "hyper",
    "reqwest",
    "os error",
    "IncompleteMessage",
    "Kind(",
    "Error {",
    "isn't Git's: it has the type \"text/html\"",
];

/// `check --repo` with a token of a repository on this server.
fn check(address: &str) -> Run {
    checked(address, true)
}

fn checked(address: &str, with_token: bool) -> Run {
    let world = World::new();
    let url = format!("http://{address}/shop/infra.git");
    let bump = world.bump(["check", "--repo", &url]).env("GITOPS_BUMP_PLAIN_HTTP", address);
    let run = if with_token { bump.run() } else { bump.without_env("GITOPS_BUMP_GIT_TOKEN").run() };
    for words in LIBRARIES {
        assert!(!run.stderr.contains(words), "{words}\n{run}");
    }
    run.exits(8)
}

fn answering(answer: String) -> Rogue {
    Rogue::start(move |_, socket| socket.write_all(answer.as_bytes()))
}

#[test]
fn a_page_to_sign_in_is_a_question_of_the_token() {
    let page = "<html><head><title>Azure DevOps Services | Sign In</title></head><body>xyzzy</body></html>";
    let azure = answering(says("203 Non-Authoritative Information", "Content-Type: text/html\r\n", page));
    let run = check(&azure.address).says("the token is not accepted").says("Sign In").says("write_repository");
    assert!(!run.stderr.contains("xyzzy"), "{run}");
    checked(&azure.address, false).says("requires credentials, and none are configured").says("GITOPS_BUMP_GIT_TOKEN");
}

#[test]
fn a_web_page_in_gits_place_is_called_one() {
    let page = "<!DOCTYPE html>\n<title>\n  Guest   Wi-Fi\n</title><p>xyzzy";
    let portal = answering(says("200 OK", "Content-Type: text/html; charset=utf-8\r\n", page));
    let run =
        check(&portal.address).says("answers with the web page \"Guest Wi-Fi\"").says("Check the URL").says("proxy");
    assert!(!run.stderr.contains("xyzzy"), "{run}");
    let untitled = answering(says("200 OK", "Content-Type: text/html\r\n", "<p>xyzzy"));
    check(&untitled.address).says("answers with a web page");
}

#[test]
fn the_servers_own_words_are_shown_wherever_they_stand() {
    let json = "Content-Type: application/json\r\n";
    for (status, headers, body, words) in [
        ("400 Bad Request", "", "TF400813: The user is not authorized.", "400 Bad Request: TF400813: The user"),
        (
            "400 Bad Request",
            "X-TFS-ServiceError: TF401019%3A+no+such+repository\r\n",
            "",
            "TF401019: no such repository",
        ),
        ("401 Unauthorized", "", "HTTP Basic: Access denied. A token is needed.", "A token is needed."),
        (
            "401 Unauthorized",
            "WWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\", error_description=\"it has expired\"\r\n",
            "",
            "invalid_token: it has expired",
        ),
        ("403 Forbidden", json, r#"{"message": "403 Forbidden - Your account is blocked"}"#, "Your account is blocked"),
        (
            "403 Forbidden",
            json,
            r#"{"error": "insufficient_scope", "error_description": "It needs more than read_api"}"#,
            "insufficient_scope: It needs more than read_api",
        ),
        ("403 Forbidden", "", "0014ERR it sleeps.\n0000", "it sleeps."),
        ("404 Not Found", "", "The project you were looking for could not be found", "project you were looking for"),
        ("405 Method Not Allowed", "", "This is no Git server", "This is no Git server"),
        // The flag of a server's own program; the run has its --plain-http from a variable.
        ("405 Method Not Allowed", "", "Start me with --plain-http", "Start me with --plain-http"),
        ("500 Internal Server Error", "", "<html><title>Something is broken</title>", "Something is broken"),
    ] {
        check(&answering(says(status, headers, body)).address).says(words);
    }
}

#[test]
fn an_answer_that_cannot_be_read_is_described() {
    let answers: [(&str, &str); 4] = [
        ("SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "not HTTP"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\nzz\r\n",
            "the chunks of its answer are not valid HTTP",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Encoding: gzip\r\n\r\nxx",
            "compressed",
        ),
    ];
    for (answer, words) in answers {
        check(&answering(answer.to_owned()).address).says(words);
    }
}

#[test]
fn a_server_that_is_not_there_is_described_after_some_tries() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let closing = Rogue::start(|_, _: &mut TcpStream| Ok(()));
    let kind = "Content-Type: application/x-git-upload-pack-advertisement\r\n";
    let cut = answering(format!("HTTP/1.1 200 OK\r\n{kind}Content-Length: 90\r\n\r\n000e"));
    let short = answering(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{kind}\r\n000eversi"));
    let cases = [
        (nobody.to_string(), "the connection is refused"),
        ("nowhere.invalid".to_owned(), "its name can't be resolved"),
        (closing.address, "it ended the connection without an answer"),
        (cut.address, "the connection ended before the answer did"),
        (short.address, "its answer ends in the middle"),
    ];
    // Each is asked for a while.
    std::thread::scope(|scope| {
        for (address, words) in &cases {
            scope.spawn(move || check(address).says(words).says("trying again").says("Check the URL"));
        }
    });
}
