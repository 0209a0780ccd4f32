//! Git servers that answer as no server should: each ends as an error, in bounded time and memory.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::bombs;
use crate::world::{Run, World};

/// What the binary may take in these runs, code and libraries included.
const MEMORY: u32 = 400_000;

const TIP: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

const ADVERTISED: &[u8] = b"000eversion 2\n000cls-refs\n0019fetch=shallow filter\n0000";

/// A server that answers every request in its own way, and counts its connections.
pub(crate) struct Rogue {
    pub(crate) address: String,
    connections: Arc<AtomicUsize>,
}

impl Rogue {
    /// Starts a server that answers a request as the function does; an error means that the client hung up.
    pub(crate) fn start(answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound").to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = Arc::clone(&answer);
                thread::spawn(move || serve(socket, &*answer));
            }
        });
        Self { address, connections }
    }

    /// `update` of a repository on this server.
    fn update(&self) -> Run {
        let world = World::new();
        let image = world.push("team/app", "2");
        let url = format!("http://{}/shop/infra.git", self.address);
        let bump = world.bump(["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"]);
        bump.env("GITOPS_BUMP_PUSH_TIMEOUT", "1s").within_memory(MEMORY).run()
    }
}

fn serve(mut socket: TcpStream, answer: &impl Fn(&str, &mut TcpStream) -> std::io::Result<()>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = socket.read(&mut buffer) {
        request.extend_from_slice(&buffer[..count]);
        // What is asked stands in the first packets of a body, which come with its end.
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
            // A client that has seen enough hangs up.
            let _ = answer(&text, &mut socket);
            return;
        }
    }
}

fn head(socket: &mut TcpStream, kind: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/x-git-{kind}\r\n\r\n");
    socket.write_all(head.as_bytes())
}

pub(crate) fn packet(payload: &[u8]) -> Vec<u8> {
    [format!("{:04x}", payload.len() + 4).as_bytes(), payload].concat()
}

/// Plays a server that works until objects are asked for.
pub(crate) fn until_fetch(
    request: &str,
    socket: &mut TcpStream,
    tip: &str,
    fetch: impl FnOnce(&mut TcpStream) -> std::io::Result<()>,
) -> std::io::Result<()> {
    if request.contains("service=git-upload-pack") {
        head(socket, "upload-pack-advertisement")?;
        return socket.write_all(ADVERTISED);
    }
    if request.contains("service=git-receive-pack") {
        return socket.write_all(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
    head(socket, "upload-pack-result")?;
    if request.contains("command=ls-refs") {
        socket.write_all(&packet(format!("{tip} HEAD symref-target:refs/heads/main\n").as_bytes()))?;
        return socket.write_all(b"0000");
    }
    fetch(socket)
}

pub(crate) fn pack(socket: &mut TcpStream, pack: &[u8]) -> std::io::Result<()> {
    socket.write_all(&packet(b"packfile\n"))?;
    for part in pack.chunks(60_000) {
        socket.write_all(&packet(&[&[1], part].concat()))?;
    }
    socket.write_all(b"0000")
}

#[test]
fn garbage_is_an_error() {
    let pages =
        Rogue::start(|_, socket| socket.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>sign in"));
    pages.update().exits(8).says("isn't Git's");
    let noise = Rogue::start(|_, socket| {
        head(socket, "upload-pack-advertisement")?;
        loop {
            socket.write_all(&[0xa5; 16000])?;
        }
    });
    noise.update().exits(8).says("pkt-line");
    Rogue::start(|_, socket| socket.write_all(&[0; 4096])).update().exits(8);
    Rogue::start(|_, _| Ok(())).update().exits(8);
}

#[test]
fn an_answer_without_end_is_an_error() {
    let advertisement = Rogue::start(|_, socket| {
        head(socket, "upload-pack-advertisement")?;
        socket.write_all(b"000eversion 2\n")?;
        loop {
            socket.write_all(&packet(&[b'x'; 16000]))?;
        }
    });
    advertisement.update().exits(8).says("too");
    let headers = Rogue::start(|_, socket| {
        socket.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            socket.write_all(b"X-More: and more and more and more\r\n")?;
        }
    });
    headers.update().exits(8);
    let objects = Rogue::start(|request, socket| {
        until_fetch(request, socket, TIP, |socket| {
            socket.write_all(&packet(b"packfile\n"))?;
            loop {
                socket.write_all(&packet(&[1; 16000]))?;
            }
        })
    });
    objects.update().exits(8).says("too big");
}

#[test]
fn a_pack_that_lies_is_an_error() {
    let count = Rogue::start(|request, socket| {
        until_fetch(request, socket, TIP, |socket| pack(socket, b"PACK\0\0\0\x02\xff\xff\xff\xff"))
    });
    count.update().exits(8).says("pack");
    // A tree that says to be 2^60 bytes long.
    let size = Rogue::start(|request, socket| {
        until_fetch(request, socket, TIP, |socket| {
            pack(socket, b"PACK\0\0\0\x02\0\0\0\x01\xaf\xff\xff\xff\xff\xff\xff\xff\x7f\x78\x9c")
        })
    });
    size.update().exits(8).says("pack");
    let truncated = Rogue::start(|request, socket| {
        until_fetch(request, socket, TIP, |socket| pack(socket, b"PACK\0\0\0\x02\0\0\0\x01\xa0"))
    });
    truncated.update().exits(8).says("pack");
    let missing = Rogue::start(|request, socket| {
        until_fetch(request, socket, TIP, |socket| {
            pack(socket, &[b"PACK\0\0\0\x02\0\0\0\0".as_slice(), &[0; 20]].concat())
        })
    });
    missing.update().exits(8).says("missing");
    let cut = Rogue::start(|request, socket| {
        until_fetch(request, socket, TIP, |socket| {
            socket.write_all(&packet(b"packfile\n"))?;
            socket.write_all(b"ffff\x01PACK")
        })
    });
    cut.update().exits(8);
}

/// A few kilobytes that become gigabytes: in one pack, in one pack for each directory of a path, or in a commit that is
/// looked at again and again.
#[test]
fn a_pack_that_becomes_large_is_an_error_at_once() {
    for (length, size) in [(4000, 256 << 10), (4000, 64 << 10), (600, 1 << 20)] {
        let bomb = bombs::chain(length, size, 0);
        assert!(bomb.bytes.len() < 210_000, "{}", bomb.bytes.len());
        let tip = bomb.tip.clone();
        let rogue =
            Rogue::start(move |request, socket| until_fetch(request, socket, &tip, |socket| pack(socket, &bomb.bytes)));
        let run = rogue.update().exits(8).says("too many inflated bytes");
        assert!(run.took < Duration::from_secs(10), "{run}");
    }
}

#[test]
fn credentials_are_not_taken_to_another_host() {
    static ELSEWHERE: std::sync::OnceLock<Rogue> = std::sync::OnceLock::new();
    let elsewhere = ELSEWHERE.get_or_init(|| Rogue::start(|_, _| Ok(())));
    let redirect = Rogue::start(|_, socket| {
        let to = &ELSEWHERE.get().expect("it is started first").address;
        let path = "shop/infra.git/info/refs?service=git-upload-pack";
        let answer = format!("HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: http://{to}/{path}\r\n\r\n");
        socket.write_all(answer.as_bytes())
    });
    redirect.update().exits(8).says("redirects to another host");
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[test]
fn silence_ends_after_a_minute() {
    let rogue = Rogue::start(|_, socket| {
        head(socket, "upload-pack-advertisement")?;
        socket.write_all(b"000eversion 2\n00")?;
        thread::sleep(Duration::from_mins(2));
        Ok(())
    });
    let run = rogue.update().exits(8);
    assert!(run.took < Duration::from_secs(75), "{run}");
}
