//! Any bytes as a server's report on a push: no panic.

#![no_main]

use gitops_bump::git::read_report;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = read_report(data, "refs/heads/main");
});
