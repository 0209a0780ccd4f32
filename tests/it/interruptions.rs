//! A signal ends a run at once where it computes, or waits for a program.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::bombs;
use crate::children::{assert_ends, interrupt};
use crate::hostile::{Rogue, pack, packet, until_fetch};
use crate::world::{Bump, World, write};

/// Long enough for the debug binary to be in the middle of its work.
const WORKING: Duration = Duration::from_millis(600);

/// A values file with a great deal beside the image.
fn large(world: &World) -> String {
    let mut text = format!("image:\n  repository: {}\n  tag: \"1\"\n", world.repository("team/app"));
    for number in 0..200_000 {
        let _ = writeln!(text, "k{number}: {{name: some text, list: [1, 2, 3]}} # and a comment");
    }
    text
}

/// A run that has worked for a while since this returned true for the first time.
fn for_a_while(is_there: impl Fn() -> bool) -> impl Fn() -> bool {
    let since = std::cell::Cell::new(None);
    move || {
        if since.get().is_none() && is_there() {
            since.set(Some(Instant::now()));
        }
        since.get().is_some_and(|since: Instant| since.elapsed() > WORKING)
    }
}

fn commands(world: &World, url: &str) -> [Bump; 3] {
    let config = format!("repositories:\n  - {{url: '{url}', helm: [{{file: values.yaml}}]}}\n");
    world.write("bump.yaml", config);
    let image = world.push("team/app", "2");
    [
        world.bump(["update", "--image", &image, "--repo", url, "--helm", "values.yaml"]),
        world.bump(["status", "--config", "bump.yaml"]),
        world.bump(["init", "--repo", url]),
    ]
}

#[test]
fn where_a_pack_is_resolved() {
    let served = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&served);
    // So much that was received may take a while; the debug binary takes many seconds for it.
    let bomb = bombs::chain(4000, 64 << 10, 12 << 20);
    let tip = bomb.tip.clone();
    let rogue = Rogue::start(move |request, socket| {
        until_fetch(request, socket, &tip, |socket| {
            pack(socket, &bomb.bytes)?;
            flag.store(true, Ordering::SeqCst);
            Ok(())
        })
    });
    let world = World::new();
    let url = format!("http://{}/shop/infra.git", rogue.address);
    for (bump, signal) in commands(&world, &url).into_iter().zip(["TERM", "INT", "HUP"]) {
        served.store(false, Ordering::SeqCst);
        interrupt(bump, signal, for_a_while(|| served.load(Ordering::SeqCst)));
    }
}

#[test]
fn where_a_fetch_stalls() {
    let served = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&served);
    let rogue = Rogue::start(move |request, socket| {
        until_fetch(request, socket, &"1".repeat(40), |socket| {
            socket.write_all(&packet(b"packfile\n"))?;
            flag.store(true, Ordering::SeqCst);
            thread::sleep(Duration::from_mins(2));
            Ok(())
        })
    });
    let world = World::new();
    let url = format!("http://{}/shop/infra.git", rogue.address);
    for (bump, signal) in commands(&world, &url).into_iter().zip(["HUP", "TERM", "INT"]) {
        served.store(false, Ordering::SeqCst);
        interrupt(bump, signal, for_a_while(|| served.load(Ordering::SeqCst)));
    }
}

#[test]
fn where_a_large_file_is_rewritten() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let text = large(&world);
    world.write("values.yaml", &text);
    let set = world.bump(["set", "--image", &image, "--helm", "values.yaml"]);
    interrupt(set, "TERM", for_a_while(|| true));
    assert_eq!(world.read("values.yaml"), text);

    let infra = world.infra("large", &[("values.yaml", &text)]);
    let url = infra.directory().to_str().expect("a plain path");
    let [update, status, _] = commands(&world, url);
    interrupt(update, "TERM", for_a_while(|| true));
    interrupt(status, "TERM", for_a_while(|| true));
    assert_eq!(infra.commits("main"), 1);
}

#[test]
fn where_a_program_hangs() {
    let world = World::new();
    let (own, image) = (world.push_private("team/app", "1"), world.push("team/app", "1"));
    let started = world.work().join("started");
    let script = format!("#!/bin/sh\nsleep 300 & echo $! > '{0}.new'; mv '{0}.new' '{0}'; wait\n", started.display());
    let program = write(world.scratch(), "bin/docker-credential-hung", script.as_bytes());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    let program = program.to_str().expect("a plain path");
    write(world.scratch(), "home/.docker/config.json", br#"{"credsStore": "hung"}"#);
    let path = format!("{}:/usr/bin:/bin", world.scratch().join("bin").display());
    let helper = || world.bump(["check", "--image", &own]).env("PATH", &path);
    let (url, key) = (
        "git@127.0.0.1:shop/infra.git",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
    );
    let ssh = || {
        let update = world.bump(["update", "--image", &image, "--repo", url, "--helm", "values.yaml"]);
        update.env("GIT_SSH_COMMAND", program).env("GITOPS_BUMP_SSH_KEY", key)
    };
    let cases: [(&str, Bump); 5] = [
        ("TERM", helper()),
        ("INT", helper()),
        ("TERM", ssh()),
        ("HUP", ssh().env("GIT_SSH_VARIANT", "ssh")),
        ("INT", world.bump(["init", "--repo", url]).env("GIT_SSH", program).env("GIT_SSH_VARIANT", "ssh")),
    ];
    for (signal, bump) in cases {
        interrupt(bump, signal, || started.exists());
        assert_ends(world.read("started").trim());
        fs::remove_file(&started).expect("the file is ours");
    }
}
