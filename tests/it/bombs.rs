//! Packs that are small and become large; knows no server.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use git2::{ObjectType, Oid};

/// A pack, and a commit in it.
pub(crate) struct Bomb {
    pub(crate) bytes: Vec<u8>,
    pub(crate) tip: String,
}

/// A chain of commits of a size, each a delta on the one before; the tip is the last. So many bytes that can't be
/// compressed stand beside it.
pub(crate) fn chain(length: usize, size: usize, ballast: usize) -> Bomb {
    let tree = Oid::hash_object(ObjectType::Tree, b"").expect("it is no disk");
    let head = format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n");
    let mut content = head.into_bytes();
    content.resize(size, b'x');
    let mut entries = vec![entry(1, content.len(), &[], &content), entry(2, 0, &[], b"")];
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..ballast)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect();
    entries.push(entry(3, noise.len(), &[], &noise));
    let mut distance = entries.iter().map(Vec::len).sum();
    for number in 0..length {
        let end = format!("{number:08}");
        let delta = delta(size, end.as_bytes());
        content.truncate(size - end.len());
        content.extend_from_slice(end.as_bytes());
        let next = entry(6, delta.len(), &far(distance), &delta);
        distance = next.len();
        entries.push(next);
    }
    let count = u32::try_from(entries.len()).expect("they are few").to_be_bytes();
    let tip = Oid::hash_object(ObjectType::Commit, &content).expect("it is no disk").to_string();
    Bomb { bytes: [&b"PACK\0\0\0\x02"[..], &count, &entries.concat(), &[0; 20]].concat(), tip }
}

/// Everything but the end is copied.
fn delta(size: usize, end: &[u8]) -> Vec<u8> {
    let kept = size - end.len();
    let mut delta = [varint(size), varint(size)].concat();
    let mut at = 0;
    while at < kept {
        let count = (kept - at).min(0xff_ffff);
        delta.push(0xff);
        delta.extend_from_slice(&at.to_le_bytes()[..4]);
        delta.extend_from_slice(&count.to_le_bytes()[..3]);
        at += count;
    }
    delta.push(u8::try_from(end.len()).expect("it is short"));
    delta.extend_from_slice(end);
    delta
}

fn entry(kind: u8, size: usize, base: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind << 4 | low(size, 4)];
    let mut rest = size >> 4;
    while rest > 0 {
        *bytes.last_mut().expect("there is one") |= 128;
        bytes.push(low(rest, 7));
        rest >>= 7;
    }
    bytes.extend_from_slice(base);
    let mut stream = ZlibEncoder::new(bytes, Compression::fast());
    stream.write_all(content).and_then(|()| stream.finish()).expect("memory takes it")
}

/// Seven bits a byte, least significant first.
fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(low(number, 7) | 128);
        number >>= 7;
    }
    bytes.push(low(number, 7));
    bytes
}

/// How far before an entry its base starts.
fn far(mut number: usize) -> Vec<u8> {
    let mut bytes = vec![low(number, 7)];
    number >>= 7;
    while number > 0 {
        number -= 1;
        bytes.insert(0, low(number, 7) | 128);
        number >>= 7;
    }
    bytes
}

fn low(number: usize, bits: u32) -> u8 {
    u8::try_from(number & ((1 << bits) - 1)).expect("they are less than eight bits")
}
