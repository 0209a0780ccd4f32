//! What the binary is made of, how big it is and how fast it starts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::world::{World, output_of, own, said, tool, write};

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
fn every_banned_crate_and_a_foreign_licence_are_refused() {
    let rules = own("deny.toml");
    let banned: Vec<&str> = rules.split("{ name = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for name in ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "serde_yml", "libyml", "yaml-rust"]
    {
        assert!(banned.contains(&name), "{name} is not banned");
    }
    let world = World::new();
    let mut manifest =
        String::from("[package]\nname = \"app\"\nversion = \"1.0.0\"\nlicense = \"MIT\"\n[dependencies]\n");
    for name in banned.iter().chain(&["foreign"]) {
        writeln!(manifest, "{name} = {{ path = \"{name}\", version = \"1\" }}").expect("a string can be written");
        let license = if *name == "foreign" { "GPL-3.0-only" } else { "MIT" };
        let package = format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nlicense = \"{license}\"\n");
        world.write(&format!("{name}/Cargo.toml"), package);
        world.write(&format!("{name}/src/lib.rs"), "");
    }
    world.write("Cargo.toml", manifest);
    world.write("src/lib.rs", "");
    world.write("deny.toml", rules.replace("unused-allowed-license = \"deny\"", ""));
    let check = |what: &str| {
        let mut deny = Command::new(tool("cargo-deny"));
        deny.args(["--offline", "check", what]).current_dir(world.work()).output().expect("it starts")
    };

    let (bans, licenses) = (check("bans"), check("licenses"));

    assert!(!bans.status.success() && !licenses.status.success());
    for name in banned {
        assert!(
            said(&bans).contains(&format!("crate '{name} = 1.0.0' is explicitly banned")),
            "{name}: {}",
            said(&bans)
        );
    }
    assert!(said(&licenses).contains("GPL-3.0-only"), "{}", said(&licenses));
}

/// Runs `scripts/audit` with this Git repository for the advisory database.
fn audit(world: &World, database: &Path, variables: &[(&str, &str)]) -> Output {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home =
        cargo_home.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"));
    let own_home = world.scratch().join("cargo");
    if !own_home.exists() {
        std::fs::create_dir(&own_home).expect("the scratch directory is writable");
        std::os::unix::fs::symlink(cargo_home.join("registry"), own_home.join("registry"))
            .expect("the directory is new");
    }
    let mut audit = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/audit"));
    audit.env_remove("GITLAB_CI").env("CARGO_HOME", own_home).env("GIT_CONFIG_COUNT", "1");
    audit.env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", database.display()));
    audit.env("GIT_CONFIG_VALUE_0", "https://github.com/RustSec/advisory-db").envs(variables.iter().copied());
    audit.output().expect("the script can be started")
}

/// A database with an advisory against every version of a crate.
fn advisory(world: &World, package: &str) -> PathBuf {
    let database = world.scratch().join(format!("advisories-{package}"));
    let advisory = format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"{package}\"\ndate = \"2026-11-01\"\n\n[versions]\npatched = []\n```\n\n# A hole\n\nText.\n"
    );
    write(&database, &format!("crates/{package}/RUSTSEC-2026-9999.md"), advisory.as_bytes());
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "."],
        &["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message=a"],
    ] {
        output_of(Command::new("git").args(arguments).current_dir(&database));
    }
    database
}

#[test]
fn advisories_are_checked_or_it_is_said_that_they_are_not() {
    let world = World::new();
    let nowhere = world.scratch().join("nowhere");

    let unchecked = audit(&world, &nowhere, &[]);
    assert!(unchecked.status.success(), "{}", said(&unchecked));
    assert!(
        said(&unchecked).contains("NOT checked") && said(&unchecked).contains("sources ok"),
        "{}",
        said(&unchecked)
    );
    let in_ci = audit(&world, &nowhere, &[("GITLAB_CI", "true")]);
    assert!(!in_ci.status.success() && said(&in_ci).contains("NOT checked"), "{}", said(&in_ci));

    let sound = audit(&world, &advisory(&world, "not-ours"), &[("GITLAB_CI", "true")]);
    assert!(sound.status.success() && said(&sound).contains("advisories ok"), "{}", said(&sound));

    let world = World::new();
    let vulnerable = audit(&world, &advisory(&world, "ring"), &[]);
    assert!(!vulnerable.status.success() && said(&vulnerable).contains("RUSTSEC-2026-9999"), "{}", said(&vulnerable));
}

/// The crates of a lock file with their versions.
fn locked(name: &str) -> BTreeSet<String> {
    let version = |line: &str| line.strip_prefix("version = ").map(|version| version.trim_matches('"').to_owned());
    let text = own(name);
    let packages = text.split("[[package]]\nname = ").skip(1);
    packages
        .filter_map(|package| Some(format!("{} {}", package.lines().next()?, version(package.lines().nth(1)?)?)))
        .collect()
}

#[test]
fn what_is_fuzzed_has_the_crates_of_the_product() {
    const OF_THE_FUZZER: [&str; 3] = ["\"arbitrary\"", "\"gitops-bump-fuzz\"", "\"libfuzzer-sys\""];
    let (product, fuzzed) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
    assert!(product.len() > 100 && fuzzed.len() > 100, "{product:?} {fuzzed:?}");
    let others = fuzzed.difference(&product).filter(|one| OF_THE_FUZZER.iter().all(|name| !one.starts_with(name)));
    let others: Vec<_> = others.collect();
    assert!(
        others.is_empty(),
        "fuzz/Cargo.lock has other versions than Cargo.lock; `scripts/fuzz lock` mends it: {others:?}"
    );
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
    assert!(size < 14_500_000, "the release binary has {size} bytes");

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
