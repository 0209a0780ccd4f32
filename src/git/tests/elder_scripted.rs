//! Servers of protocol version 0 that answer as no server should, on a socket, and some that merely are old.

use super::scripted::{FILE, objects, serve_by};
use super::*;

const MAIN: &str = "refs/heads/main";

type Refs<'r> = &'r [(git2::Oid, &'r str)];

/// Everything that a server lists: `HEAD` with what the server can do, then these refs.
fn listed(head: git2::Oid, capabilities: &str, refs: Refs<'_>) -> Vec<u8> {
    let mut body = b"001e# service=git-upload-pack\n0000".to_vec();
    pkt::line(&mut body, format!("{head} HEAD\0{capabilities}\n").as_bytes());
    for (id, name) in refs {
        pkt::line(&mut body, format!("{id} {name}\n").as_bytes());
    }
    pkt::flush(&mut body);
    body
}

/// Serves one advertisement, and one answer to every fetch that asks for no version: another server behind the same
/// address could take it for version 2.
async fn serve(advertisement: Vec<u8>, answer: Vec<u8>) -> Remote {
    let url = serve_by(move |request| match request.lines().next().unwrap() {
        line if line.contains("service=git-upload-pack") => ("upload-pack-advertisement", advertisement.clone()),
        line if line.contains("git-receive-pack") => ("receive-pack-advertisement", Vec::new()),
        _ if request.contains("git-protocol") => ("upload-pack-result", Vec::new()),
        _ => ("upload-pack-result", answer.clone()),
    });
    remote_at(&url.await)
}

fn lines(lines: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for line in lines {
        pkt::line(&mut body, line);
    }
    body
}

fn whole_pack() -> Vec<u8> {
    packs::pack(3, &objects().0)
}

async fn error(advertisement: Vec<u8>, answer: Vec<u8>) -> GitError {
    serve(advertisement, answer).await.snapshot(None, &wants(&["values.yaml"])).await.unwrap_err()
}

#[tokio::test]
async fn a_list_of_refs_that_is_none_is_an_error() {
    let (_, tip) = objects();
    let good = listed(tip, "shallow symref=HEAD:refs/heads/main", &[(tip, MAIN)]);
    let with = |line: &[u8]| [&good[..good.len() - 4], &lines(&[line]), b"0000"].concat();
    let cases = [
        ("no capabilities", lines(&[format!("{tip} HEAD\n").as_bytes()])),
        ("no end", good[..good.len() - 4].to_vec()),
        ("no id", with(b"refs/heads/x\n")),
        ("a short id", with(b"4b825dc refs/heads/x\n")),
        ("no name", with(format!("{tip} ").as_bytes())),
        ("nothing between id and name", with(format!("{tip}refs/heads/x").as_bytes())),
        ("a delimiter", [&good[..good.len() - 4], b"0001"].concat()),
        ("a page", [&good[..good.len() - 4], b"<html>"].concat()),
    ];
    for (what, advertisement) in cases {
        let error = error(advertisement, Vec::new()).await;
        assert!(matches!(error, GitError::Protocol(_) | GitError::Broken { .. }), "{what}: {error:?}");
    }
    let many = "x=1 ".repeat(400);
    assert!(matches!(error(listed(tip, &many, &[]), Vec::new()).await, GitError::Limit(_)));
    let parting = [b"001e# service=git-upload-pack\n0000".as_slice(), b"0011ERR go \x1baway\n"].concat();
    assert_eq!(error(parting, Vec::new()).await.to_string(), "the server said: go away");
}

#[tokio::test]
async fn refs_without_end_are_an_error() {
    let (_, tip) = objects();
    let line = lines(&[format!("{tip} refs/heads/{}\n", "x".repeat(60_000)).as_bytes()]);
    let mut endless = listed(tip, "shallow", &[]);
    endless.truncate(endless.len() - 4);
    endless.extend(line.repeat(1200));
    let error = error(endless, Vec::new()).await;
    assert!(matches!(error, GitError::Limit(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error() {
    let (_, tip) = objects();
    let shallow = format!("shallow {tip}\n");
    let pack = [&[1], whole_pack().as_slice()].concat();
    let cases: [(&str, Vec<u8>); 8] = [
        ("nothing", Vec::new()),
        ("a pack without a word before it", [lines(&[&pack]), b"0000".to_vec()].concat()),
        ("a wrong commit in the list of the last ones", lines(&[b"shallow 12345\n", b"NAK\n", &pack])),
        ("a line that is none", lines(&[b"shallow\n", b"NAK\n", &pack])),
        ("words", lines(&[b"Welcome\n"])),
        ("no end of the pack", lines(&[shallow.as_bytes(), b"NAK\n", &pack])),
        ("another band", [lines(&[b"NAK\n", b"\x07PACK"]), b"0000".to_vec()].concat()),
        ("a delimiter", b"00010000".to_vec()),
    ];
    let advertisement = listed(tip, "side-band-64k shallow symref=HEAD:refs/heads/main", &[(tip, MAIN)]);
    for (what, answer) in cases {
        let error = error(advertisement.clone(), answer).await;
        assert!(matches!(error, GitError::Protocol(_) | GitError::Broken { .. }), "{what}: {error:?}");
    }
    let noise = [lines(&[b"NAK\n", b"\x01PUCK and nothing else"]), b"0000".to_vec()].concat();
    assert!(matches!(error(advertisement.clone(), noise).await, GitError::Pack(_)));
    let said = lines(&[b"NAK\n", b"\x03out of memory\n"]);
    assert_eq!(error(advertisement.clone(), said).await.to_string(), "the server said: out of memory");
    let endless = lines(&[shallow.as_bytes()]).repeat(80_000);
    assert!(matches!(error(advertisement, endless.clone()).await, GitError::Limit(_)));

    let history = error(listed(tip, "side-band-64k symref=HEAD:refs/heads/main", &[]), endless.clone()).await;
    assert!(history.to_string().contains("the whole history"), "{history}");
    let filtering = "side-band-64k shallow filter symref=HEAD:refs/heads/main";
    let costly = error(listed(tip, filtering, &[]), endless).await;
    assert!(costly.to_string().contains("version 0") && costly.hint().contains("AcceptEnv GIT_PROTOCOL"), "{costly}");
}

#[tokio::test]
async fn reads_from_servers_that_can_do_little() {
    let (_, tip) = objects();
    let raw = [lines(&[b"NAK\n"]), whole_pack()].concat();
    let banded = |before: &[&[u8]]| {
        let pack = whole_pack();
        let bands: Vec<Vec<u8>> = pack.chunks(50).map(|part| [&[1], part].concat()).collect();
        [lines(before), lines(&bands.iter().map(Vec::as_slice).collect::<Vec<_>>()), b"0000".to_vec()].concat()
    };
    let shallow = format!("shallow {tip}\n");
    let cases = [
        ("symref=HEAD:refs/heads/main", raw.clone()),
        ("side-band shallow", [lines(&[shallow.as_bytes()]), b"0000".to_vec(), banded(&[b"NAK\n"])].concat()),
        ("side-band-64k multi_ack_detailed", banded(&[format!("ACK {tip} common\n").as_bytes(), b"NAK\n"])),
    ];
    let long = format!("refs/heads/{}", "x".repeat(60_000));
    for (capabilities, answer) in cases {
        let advertisement = listed(tip, capabilities, &[(tip, MAIN), (tip, "refs/heads/\u{1b}[31m"), (tip, &long)]);
        let snapshot = serve(advertisement, answer).await.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
        assert_eq!(
            (snapshot.branch(), snapshot.found()),
            ("main", &[Found::File(FILE.to_vec())][..]),
            "{capabilities}"
        );
    }
    let half = raw[..raw.len() - 30].to_vec();
    let error = error(listed(tip, "symref=HEAD:refs/heads/main", &[(tip, MAIN)]), half).await;
    assert!(matches!(error, GitError::Pack(_)), "{error:?}");
}

/// Servers from before 2013 don't say which branch `HEAD` is.
#[tokio::test]
async fn the_default_branch_is_the_one_that_stands_where_head_does() {
    let (_, tip) = objects();
    let other = git2::Oid::hash_object(git2::ObjectType::Blob, b"other").unwrap();
    let branch = |name: &'static str| (tip, name);
    let cases: [(Refs<'_>, Option<&str>); 7] = [
        (&[(other, "refs/heads/a"), branch("refs/heads/trunk"), branch("refs/tags/v1")], Some("trunk")),
        (&[branch("refs/heads/a"), branch("refs/heads/b"), branch("refs/heads/c"), branch(MAIN)], Some("main")),
        (&[branch("refs/heads/a"), branch("refs/heads/master")], Some("master")),
        // One that is listed again is the same one.
        (&[branch("refs/heads/a"), branch("refs/heads/a")], Some("a")),
        (&[branch("refs/heads/a"), branch("refs/heads/b")], None),
        (&[(other, "refs/heads/a"), (other, MAIN)], None),
        (&[branch("refs/heads/..")], None),
    ];
    for (refs, expected) in cases {
        let answer = [lines(&[b"NAK\n"]), whole_pack()].concat();
        let remote = serve(listed(tip, "ofs-delta", refs), answer).await;
        match (remote.snapshot(None, &wants(&["values.yaml"])).await, expected) {
            (Ok(snapshot), Some(branch)) => assert_eq!(snapshot.branch(), branch),
            (Err(GitError::DefaultBranchUnknown { .. } | GitError::EmptyRepository), None) => {}
            (read, _) => panic!("{refs:?}: {read:?}"),
        }
    }
    let nothing = b"001e# service=git-upload-pack\n00000000".to_vec();
    assert!(matches!(error(nothing, Vec::new()).await, GitError::EmptyRepository));
}
