//! Any packets as what a server says ahead of a push: no panic.

#![no_main]

use gitops_bump::git::{Advertisement, Packet, split_packet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let mut advertisement = None;
    while let Ok(Some((packet, taken))) = split_packet(rest) {
        match (packet, &mut advertisement) {
            (Packet::Data(line), Some(Ok(advertisement))) => Advertisement::line(advertisement, line),
            (Packet::Data(line), None) => {
                advertisement = Some(Advertisement::new(&String::from_utf8_lossy(line), "main"));
            }
            _ => {}
        }
        rest = rest.get(taken..).expect("a frame is inside its buffer");
    }
});
