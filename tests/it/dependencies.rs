//! What the binary is made of, how big it is and how fast it starts.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::world::output_of;

#[test]
fn there_is_one_tls_stack_and_it_is_neither_openssl_nor_aws() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let tree = String::from_utf8(output_of(cargo.current_dir(env!("CARGO_MANIFEST_DIR")))).expect("names are text");
    let packages: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();

    let named = |name: &str| packages.iter().filter(|package| package.starts_with(name)).copied().collect::<Vec<_>>();
    for foreign in [
        "openssl v",
        "openssl-sys",
        "openssl-src",
        "native-tls",
        "aws-lc",
        "boring",
        "mbedtls",
        "s2n",
        "schannel v",
        "security-framework v",
    ] {
        let found = named(foreign);
        assert!(found.is_empty(), "{found:?} is a dependency");
    }
    assert_eq!(named("rustls v").len(), 1, "{packages:?}");
    assert_eq!(named("ring v").len(), 1, "{packages:?}");
}

#[test]
fn the_release_binary_is_static_and_small_and_starts_at_once() {
    let Some(binary) = std::env::var_os("GITOPS_BUMP_RELEASE_BINARY").map(PathBuf::from) else {
        println!("skipped: GITOPS_BUMP_RELEASE_BINARY names no release binary, scripts/test sets it");
        return;
    };
    let headers = output_of(Command::new("readelf").args(["--wide", "--program-headers"]).arg(&binary));
    let headers = String::from_utf8_lossy(&headers);
    assert!(headers.contains("LOAD") && !headers.contains("INTERP"), "the release binary is not static: {headers}");
    let size = binary.metadata().unwrap_or_else(|error| panic!("{}: {error}", binary.display())).len();
    assert!(size < 11_000_000, "the release binary has {size} bytes");

    let version = format!("gitops-bump {}\n", env!("CARGO_PKG_VERSION"));
    let fastest = (0..50).map(|_| start(&binary, &version)).min().expect("there were runs");
    assert!(fastest < Duration::from_millis(10), "--version takes {fastest:?}");
}

fn start(binary: &PathBuf, version: &str) -> Duration {
    let started = Instant::now();
    let printed = output_of(Command::new(binary).arg("--version").env_clear());
    let took = started.elapsed();
    assert_eq!(String::from_utf8_lossy(&printed), version);
    took
}
