//! Any bytes as pkt-lines: no panic, and no frame takes more than there is.

#![no_main]

use gitops_bump::git::split_packet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while let Ok(Some((_, taken))) = split_packet(rest) {
        assert!(taken >= 4);
        rest = rest.get(taken..).expect("a frame is inside its buffer");
    }
});
