//! Packs as Git makes them, and as nobody should.

use std::io::Write as _;
use std::process::Stdio;

use git2::ObjectType;

use super::super::pack::Kinds;
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

fn read(bytes: Vec<u8>) -> Result<Store, PackError> {
    let mut store = Store::default();
    store.add(Pack::read_within(bytes, Kinds::ALL, store.budget())?);
    Ok(store)
}

/// An object of whatever kind it is.
fn object(store: &Store, id: &str) -> Result<(ObjectType, Vec<u8>), PackError> {
    let id = git2::Oid::from_str(id).unwrap();
    let kinds = [ObjectType::Commit, ObjectType::Tree, ObjectType::Blob];
    let found = kinds.map(|kind| Ok((kind, store.object(id, kind)?)));
    let is_other = |found: &Result<_, PackError>| matches!(found, Err(PackError::Kind(..)));
    found.into_iter().find(|found| !is_other(found)).unwrap()
}

#[test]
fn reads_both_kinds_of_deltas() {
    for extra in [&["--delta-base-offset"][..], &[]] {
        let world = World::new();
        let (bytes, ids) = sample(&world, extra);
        let store = read(bytes).unwrap();
        for id in ids {
            let (kind, content) = object(&store, &id).unwrap();
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
        let Ok(store) = read(damaged) else { continue };
        for id in &ids {
            if let Ok((kind, content)) = object(&store, id) {
                assert_eq!(git2::Oid::hash_object(kind, &content).unwrap().to_string(), *id);
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

/// Which object another one is a delta on.
type Shape = (&'static str, fn(usize) -> usize);

const SHAPES: [Shape; 4] = [
    ("a chain", |number| number - 1),
    ("all on one base", |_| 0),
    ("a chain with a leaf on each", |number| if number % 2 == 1 { number - 1 } else { number.saturating_sub(2) }),
    ("a tree", |number| (number - 1) / 2),
];

/// How a delta names its base, and where that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bases {
    Offset,
    Id,
    IdBehind,
}

/// A pack of blobs of a size, each a delta on the one that the shape says, and what they hold.
fn family((_, base_of): Shape, bases: Bases, count: usize, size: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let content = |number: usize| [vec![b'a'; size - 8], format!("{number:08}").into_bytes()].concat();
    let contents: Vec<Vec<u8>> = (0..count).map(content).collect();
    let mut entries = vec![entry(3, size, b"", &contents[0])];
    let mut offsets = vec![12];
    for number in 1..count {
        offsets.push(offsets[number - 1] + entries[number - 1].len());
        let base = base_of(number);
        let delta = delta(&contents[base], &contents[number]);
        entries.push(if bases == Bases::Offset {
            entry(6, delta.len(), &distance(offsets[number] - offsets[base]), &delta)
        } else {
            let id = git2::Oid::hash_object(ObjectType::Blob, &contents[base]).unwrap();
            entry(7, delta.len(), id.as_bytes(), &delta)
        });
    }
    if bases == Bases::IdBehind {
        entries.reverse();
    }
    (pack(u32::try_from(count).unwrap(), &entries), contents)
}

/// Copies all but the last eight bytes.
fn delta(base: &[u8], result: &[u8]) -> Vec<u8> {
    let (kept, end) = result.split_at(result.len() - 8);
    let mut delta = [varint(base.len()), varint(result.len())].concat();
    for (place, block) in kept.chunks(0xff_ffff).enumerate() {
        let (at, length) = ((place * 0xff_ffff).to_le_bytes(), block.len().to_le_bytes());
        delta.extend([&[0xff][..], &at[..4], &length[..3]].concat());
    }
    [delta, vec![8], end.to_vec()].concat()
}

/// Seven bits a byte, least significant first.
fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(u8::try_from(number & 127).unwrap() | 128);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

/// How far before an entry its base starts.
fn distance(mut number: usize) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(number & 127).unwrap()];
    number >>= 7;
    while number > 0 {
        number -= 1;
        bytes.insert(0, u8::try_from(number & 127).unwrap() | 128);
        number >>= 7;
    }
    bytes
}

#[test]
fn deltas_are_found_in_every_order() {
    // The large ones are more than is held at once.
    for (count, size) in [(300, 500), (40, 300_000)] {
        for shape in SHAPES {
            for bases in [Bases::Offset, Bases::Id, Bases::IdBehind] {
                let (bytes, contents) = family(shape, bases, count, size);
                let store = read(bytes).unwrap_or_else(|error| panic!("{} {bases:?}: {error}", shape.0));
                for content in contents {
                    let id = git2::Oid::hash_object(ObjectType::Blob, &content).unwrap();
                    assert!(store.object(id, ObjectType::Blob).unwrap() == content, "{} {bases:?}", shape.0);
                }
            }
        }
    }
}

/// A few bytes become gigabytes, whichever way: what it costs ends with the budget, and does not begin again with the next
/// pack or the next object of the exchange.
#[test]
fn a_bomb_of_deltas_is_an_error() {
    for shape in SHAPES {
        let (bomb, _) = family(shape, Bases::Offset, 300, 1 << 19);
        assert!(bomb.len() < 50_000, "{}", bomb.len());
        assert_eq!(read(bomb).err(), Some(PackError::TooMany("inflated bytes")), "{}", shape.0);
    }
    let (chain, _) = family(SHAPES[0], Bases::Offset, 4200, 100);
    assert_eq!(read(chain).err(), Some(PackError::TooMany("deltas in a chain")));

    let (most, contents) = family(SHAPES[0], Bases::Offset, 200, 1 << 19);
    let store = read(most.clone()).unwrap();
    let next = Pack::read_within(most.clone(), Kinds::ALL, store.budget());
    assert_eq!(next.err(), Some(PackError::TooMany("inflated bytes")));

    let store = read(most).unwrap();
    let lookup =
        |content: &Vec<u8>| store.object(git2::Oid::hash_object(ObjectType::Blob, content).unwrap(), ObjectType::Blob);
    let failed = contents.iter().cycle().step_by(9).take(1000).find_map(|content| lookup(content).err());
    assert_eq!(failed, Some(PackError::TooMany("inflated bytes")));
}

/// What isn't asked for costs its way through alone.
#[test]
fn objects_of_other_kinds_are_passed_over() {
    let has_first = |kinds, (count, size)| {
        let (bytes, contents) = family(SHAPES[0], Bases::Offset, count, size);
        let mut store = Store::default();
        store.add(Pack::read_within(bytes, kinds, store.budget()).unwrap());
        store.has(git2::Oid::hash_object(ObjectType::Blob, &contents[0]).unwrap())
    };
    assert!(has_first(Kinds::ALL, (3, 1 << 10)));
    // So many of them would exceed the budget.
    assert!(!has_first(Kinds::COMMITS, (300, 1 << 19)));
}

#[test]
fn a_clone_that_gets_another_pack_reads_its_own_objects() {
    // Both packs are the second one of their store, and what they hold is at the same place in them.
    let world = World::new();
    let (shared, _) = sample(&world, &[]);
    let mut stores = [read(shared).unwrap(), Store::default()];
    stores[1] = stores[0].clone();
    for (store, text) in stores.iter_mut().zip(["one", "two"]) {
        let other = World::new();
        other.write("file", text);
        other.publish("version");
        let (bytes, ids) = sample(&other, &[]);
        store.add(Pack::read_within(bytes, Kinds::ALL, store.budget()).unwrap());
        for id in ids {
            let (kind, content) = object(store, &id).unwrap();
            assert_eq!(git2::Oid::hash_object(kind, &content).unwrap().to_string(), id, "{text}");
        }
    }
}
