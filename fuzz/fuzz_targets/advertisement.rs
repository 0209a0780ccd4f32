//! Any packets as what a server says ahead of a push, or ahead of a fetch in an old version of the protocol: no panic.

#![no_main]

use gitops_bump::git::{Advertised, Advertisement, Packet, split_packet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let (mut advertisement, mut advertised) = (None, None);
    while let Ok(Some((packet, taken))) = split_packet(rest) {
        match (packet, &mut advertisement) {
            (Packet::Data(line), Some(Ok(advertisement))) => Advertisement::line(advertisement, line),
            (Packet::Data(line), None) => {
                advertisement = Some(Advertisement::new(&String::from_utf8_lossy(line), "main"));
            }
            _ => {}
        }
        match (packet, &mut advertised) {
            (Packet::Data(line), Some(Ok(advertised))) => drop(Advertised::line(advertised, line)),
            (Packet::Data(line), None) => {
                let branch = line.len().is_multiple_of(2).then_some("refs/heads/main");
                advertised = Some(Advertised::new(&String::from_utf8_lossy(line), branch));
            }
            _ => {}
        }
        rest = rest.get(taken..).expect("a frame is inside its buffer");
    }
});
