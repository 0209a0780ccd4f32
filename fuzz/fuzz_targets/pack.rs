//! Any bytes as a pack: no panic, and bounded in time and memory.

#![no_main]

use gitops_bump::git::Pack;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Pack::read(data.to_vec());
});
