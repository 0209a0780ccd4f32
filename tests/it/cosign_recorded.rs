//! What real cosign and skopeo wrote into registries, served again: found wherever it may stand, refused as soon as it is changed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::images::digest;
use crate::world::{OwnRegistry, Run, Shelf, World, index_of, says};

/// The recorded cases that are signed by a key.
const KEYED: [&str; 8] = [
    "cosign2.5-oci-1-1",
    "cosign2.5-sig-tag-p256",
    "cosign2.5-sig-tag-rsa4096",
    "cosign3.1-attestation-and-signature",
    "cosign3.1-bundle-annotations",
    "cosign3.1-bundle-fallback-tag",
    "cosign3.1-bundle-referrers-api",
    "skopeo1.22-sigstore",
];

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cosign").join(name)
}

/// Where the image of a case was when it was signed.
fn home(name: &str) -> String {
    let readme = std::fs::read_to_string(case(name).join("README")).expect("every case has one");
    let image = readme.lines().find_map(|line| line.strip_prefix("image ")).expect("it names the image");
    image.rsplit_once(':').expect("it has a tag").0.to_owned()
}

fn check(name: &str, address: &str, flags: &[&str]) -> Run {
    let (image, key, home) = (format!("{address}/team/app:1"), case(name).join("key.pub"), home(name));
    let key = key.to_str().expect("it is text");
    let own = ["check", "--image", &image, "--plain-http", address, "--verify-key", key, "--signed-as", &home];
    World::new().bump(own.iter().chain(flags)).run()
}

/// Checks a case as it stands on a shelf.
fn stand(name: &str, change: impl FnOnce(&mut Shelf)) -> Run {
    let mut shelf = Shelf::recorded(&case(name));
    change(&mut shelf);
    check(name, &shelf.stand().address, &[])
}

#[test]
fn every_recorded_signature_is_found() {
    for name in KEYED {
        stand(name, |_| {}).exits(0).says("is signed by");
    }
    // By a key pair of nobody: what keyless signatures are signed with is in their certificates.
    for name in ["cosign3.1-keyless-fulcio-mock-sct-tsa", "cosign3.1-keyless-openssl-ca-tsa"] {
        stand(name, |_| {}).exits(9).says("by another key");
    }
}

#[test]
fn a_real_registry_gives_them_too() {
    let world = World::new();
    for name in KEYED {
        let directory = world.scratch().join(name);
        let fallback = |shelf: &mut Shelf| {
            if let Some(pages) = shelf.pages.take() {
                let tag = shelf.image().replace(':', "-");
                shelf.manifest(&tag, &pages[0]);
            }
        };
        let mut shelf = Shelf::recorded(&case(name));
        fallback(&mut shelf);
        shelf.store(&directory.join("data"), "team/app");
        let registry = OwnRegistry::open(&directory);
        check(name, &registry.address, &[]).exits(0).says("is signed by");
    }
}

#[test]
fn a_moved_image_needs_the_name_that_it_was_signed_under() {
    for name in ["cosign2.5-sig-tag-p256", "skopeo1.22-sigstore"] {
        let address = Shelf::recorded(&case(name)).stand().address;
        let (image, key) = (format!("{address}/team/app:1"), case(name).join("key.pub"));
        let (key, world) = (key.to_str().expect("it is text"), World::new());
        let check = |more: &[&str]| {
            let own = ["check", "--image", &image, "--plain-http", &address, "--verify-key", key];
            world.bump(own.iter().chain(more)).run()
        };
        check(&[]).exits(9).says("a signature for another image").says("--signed-as");
        check(&["--signed-as", "other.example/a", "--signed-as", &home(name)]).exits(0);
        world.write(".gitops-bump.yml", format!("require: {{signed_as: ['{}']}}\n", home(name)));
        check(&["--config", ".gitops-bump.yml"]).exits(0);
    }
}

#[test]
fn annotations_are_signed() {
    let name = "cosign3.1-bundle-annotations";
    let address = Shelf::recorded(&case(name)).stand().address;
    check(name, &address, &["--annotation", "key=value", "--annotation", "n=2"]).exits(0);
    check(name, &address, &["--annotation", "key=other"]).exits(9).says("key=\"value\" instead of \"other\"");
    check(name, &address, &["--annotation", "more=x"]).exits(9).says("without the annotation more");
    let image = format!("{address}/team/app:1");
    let keyless = ["check", "--image", &image, "--plain-http", &address, "--annotation", "key=value"];
    World::new().bump(keyless).run().exits(2).says("--verify-key");
    check(name, &address, &["--annotation", "key"]).exits(3).says("KEY=VALUE");
}

#[test]
fn pages_wrong_types_and_broken_neighbours_do_not_disturb() {
    let name = "cosign3.1-attestation-and-signature";
    let missing = serde_json::json!({"mediaType": crate::images::MANIFEST, "digest": digest(b"gone"), "size": 9});
    let entries = |page: &str| -> Vec<Value> {
        serde_json::from_str::<Value>(page).expect("it is JSON")["manifests"].as_array().expect("it is a list").clone()
    };
    let split = |shelf: &mut Shelf, lie: &dyn Fn(&mut Value)| {
        let mut all = entries(&shelf.pages.take().expect("it was recorded with the API")[0]);
        all.iter_mut().for_each(lie);
        let mut pages = vec![index_of(std::slice::from_ref(&missing)), index_of(&[])];
        pages.extend(all.iter().map(|entry| index_of(std::slice::from_ref(entry))));
        shelf.pages = Some(pages);
    };
    stand(name, |shelf| split(shelf, &|_| {})).exits(0);
    for kind in ["application/vnd.oci.empty.v1+json", "application/spdx+json", ""] {
        stand(name, |shelf| {
            split(shelf, &|entry| {
                entry["artifactType"] = kind.into();
                entry["annotations"] =
                    serde_json::json!({"dev.sigstore.bundle.predicateType": "https://spdx.dev/Document"});
            });
        })
        .exits(0);
    }
    // A page that does not come: what is found counts, and what is not found may be on it.
    let broken = || says("500 Internal Server Error", "", "storage");
    stand(name, |shelf| {
        split(shelf, &|_| {});
        shelf.instead = vec![("page=4".to_owned(), broken())];
        shelf.pages.as_mut().expect("there are some").push(index_of(&[]));
    })
    .exits(0);
    stand(name, |shelf| {
        split(shelf, &|_| {});
        shelf.instead = vec![("page=1".to_owned(), broken())];
    })
    .exits(7)
    .says("failed with status 500");
    // A registry that has come to know the API, and has lost what was pushed under the tag.
    stand("cosign3.1-bundle-fallback-tag", |shelf| shelf.pages = Some(vec![index_of(&[])])).exits(0);
    stand("cosign3.1-bundle-fallback-tag", |shelf| shelf.pages = Some(vec!["{".to_owned()])).exits(0);
}

/// Where the bytes that matter are: in a blob, a manifest or a list, from the beginning of this text on.
const REGIONS: [(&str, &str); 7] = [
    ("cosign2.5-sig-tag-p256", "docker-manifest-digest"),
    ("cosign2.5-sig-tag-p256", "cosign/signature"),
    ("cosign2.5-sig-tag-rsa4096", "cosign/signature"),
    ("cosign2.5-oci-1-1", "cosign/signature"),
    ("cosign3.1-bundle-referrers-api", "\"payload\":"),
    ("cosign3.1-bundle-referrers-api", "\"sig\":"),
    ("cosign3.1-bundle-fallback-tag", "\"payload\":"),
];

#[test]
fn a_byte_that_changed_on_the_way_is_noticed() {
    for (name, region) in REGIONS {
        let flipped = |text: &str| {
            let at = text.find(region).expect("it holds it") + region.len() + 8;
            let byte = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            format!("{}{byte}{}", &text[..at], &text[at + 1..])
        };
        stand(name, |shelf| assert!(shelf.change(region, flipped) > 0, "{name}: {region}")).exits(9);
    }
    // The list that names them, and the tag that names an image.
    for name in ["cosign3.1-bundle-referrers-api", "cosign3.1-attestation-and-signature"] {
        stand(name, |shelf| {
            let pages = shelf.pages.as_mut().expect("it was recorded with the API");
            let mut list: Value = serde_json::from_str(&pages[0]).expect("it is JSON");
            for entry in list["manifests"].as_array_mut().expect("it is a list") {
                entry["digest"] = digest(b"another").into();
            }
            pages[0] = list.to_string();
        })
        .exits(9)
        .says("a referrer that is missing");
    }
    for name in KEYED {
        let moved = |shelf: &mut Shelf| {
            let text = format!("{{\"schemaVersion\":2,\"mediaType\":\"{}\"}}", crate::images::MANIFEST);
            shelf.manifest("1", &text);
        };
        stand(name, moved).exits(9);
    }
}
