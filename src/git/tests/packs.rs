//! Packs as Git makes them, and as nobody should.

use std::io::Write as _;
use std::process::Stdio;

use super::*;

/// A pack of everything in a repository whose versions of one file are deltas on each other.
fn sample(world: &World, extra: &[&str]) -> (Vec<u8>, Vec<String>) {
    for version in 0..8 {
        let lines: Vec<String> =
            (0..200).map(|line| format!("line {line} {}", if line == version { "x" } else { "" })).collect();
        world.write("long.yaml", &lines.join("\n"));
        world.publish("version");
    }
    let listed = world.bare(&["rev-list", "--objects", "--no-object-names", "main"]);
    let ids: Vec<String> = listed.lines().map(str::to_owned).collect();
    let mut command = Command::new("git");
    command.current_dir(world.path("infra.git")).args(["pack-objects", "--stdout", "-q"]).args(extra);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(listed.as_bytes()).unwrap();
    (child.wait_with_output().unwrap().stdout, ids)
}

#[test]
fn reads_both_kinds_of_deltas() {
    for extra in [&["--delta-base-offset"][..], &[]] {
        let world = World::new();
        let (bytes, ids) = sample(&world, extra);
        let pack = Pack::read(bytes).unwrap();
        for id in ids {
            let (kind, content) = pack.object(git2::Oid::from_str(&id).unwrap()).unwrap().unwrap();
            assert_eq!(git2::Oid::hash_object(kind, &content).unwrap().to_string(), id);
        }
    }
}

#[test]
fn survives_damage() {
    let world = World::new();
    let (bytes, ids) = sample(&world, &["--delta-base-offset"]);
    for length in (0..bytes.len()).step_by(7) {
        assert!(Pack::read(bytes[..length].to_vec()).is_err(), "{length} bytes");
    }
    for place in (0..bytes.len() - 20).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x11;
        // Damage is either noticed, or the damaged object isn't there under its id.
        let Ok(pack) = Pack::read(damaged) else { continue };
        for id in &ids {
            let id = git2::Oid::from_str(id).unwrap();
            if let Ok(Some((kind, content))) = pack.object(id) {
                assert_eq!(git2::Oid::hash_object(kind, &content).unwrap(), id);
            }
        }
    }
}

pub(super) fn entry(kind: u8, size: usize, base: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind << 4 | u8::try_from(size & 15).unwrap() | 128];
    let mut rest = size >> 4;
    while rest >= 128 {
        bytes.push(u8::try_from(rest & 127).unwrap() | 128);
        rest >>= 7;
    }
    bytes.push(u8::try_from(rest).unwrap());
    bytes.extend_from_slice(base);
    let mut stream = flate2::write::ZlibEncoder::new(bytes, flate2::Compression::best());
    stream.write_all(content).unwrap();
    stream.finish().unwrap()
}

pub(super) fn pack(count: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    let header = [b"PACK\0\0\0\x02".as_slice(), &count.to_be_bytes()].concat();
    [header, entries.concat(), vec![0; 20]].concat()
}

#[test]
fn bounds_what_a_pack_may_claim() {
    let zeros = vec![0; 1 << 20];
    let cases = [
        ("more objects than there are", pack(2, &[entry(3, 1, b"", b"x")])),
        ("four thousand million objects", pack(u32::MAX, &[])),
        ("a size that lies", pack(1, &[entry(3, 5, b"", b"x")])),
        ("a size that is too small", pack(1, &[entry(3, 5, b"", &zeros)])),
        ("a base before the pack", pack(1, &[entry(6, 1, &[127], b"x")])),
        ("a base that isn't there", pack(1, &[entry(7, 1, &[7; 20], b"x")])),
        ("a kind that isn't one", pack(1, &[entry(5, 1, b"", b"x")])),
    ];
    for (what, bytes) in cases {
        assert!(Pack::read(bytes).is_err(), "{what}");
    }
}

/// Each delta copies its base, doubled until it is as long as may be, so that two hundred kilobytes would become gigabytes.
#[test]
fn a_delta_bomb_is_an_error() {
    let size = |mut size: usize| {
        let mut bytes = Vec::new();
        while size >= 128 {
            bytes.push(u8::try_from(size & 127).unwrap() | 128);
            size >>= 7;
        }
        bytes.push(u8::try_from(size).unwrap());
        bytes
    };
    let mut entries = vec![entry(3, 65536, b"", &[b'a'; 65536])];
    let mut length = 65536;
    for _ in 0..200 {
        let times = if length < FILE_LIMIT { 2 } else { 1 };
        let copies: Vec<Vec<u8>> = (0..times)
            .flat_map(|_| {
                (0..length / 65536)
                    .map(|block| vec![0x8c, u8::try_from(block & 255).unwrap(), u8::try_from(block >> 8).unwrap()])
            })
            .collect();
        let delta = [size(length), size(length * times), copies.concat()].concat();
        let distance = u8::try_from(entries.last().unwrap().len()).ok();
        length *= times;
        let Some(distance @ ..=127) = distance else {
            let far = entries.last().unwrap().len() - 128;
            let base = [u8::try_from(far >> 7).unwrap() | 128, u8::try_from(far & 127).unwrap()];
            entries.push(entry(6, delta.len(), &base, &delta));
            continue;
        };
        entries.push(entry(6, delta.len(), &[distance], &delta));
    }
    let bomb = pack(u32::try_from(entries.len()).unwrap(), &entries);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let error = Pack::read(bomb).unwrap_err();
    assert_eq!(error, PackError::TooMany("inflated bytes"));
}
