//! The right signature in a crowd: found in requests that are counted and in bounded memory, whatever stands beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::images::{MANIFEST, payload};
use crate::world::{Run, Shelf, World, index_of, says};

/// What the binary may take in these runs, in kilobytes of address space.
const MEMORY: u32 = 400_000;

const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
const SCAN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
const BILL: &str = "https://spdx.dev/Document";
const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

struct Signer(Ed25519KeyPair);

impl Signer {
    fn new() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("there is chance");
        Self(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("it was made so"))
    }

    fn pem(&self) -> String {
        let der = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", self.0.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.0.sign(message))
    }

    fn bundle(&self, digest: &str, kind: &str, predicate: &Value) -> String {
        let statement = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": kind, "predicate": predicate,
            "subject": [{"digest": {"sha256": digest.replace("sha256:", "")}}]});
        let (statement, payload_type) = (statement.to_string(), "application/vnd.in-toto+json");
        let message = format!("DSSEv1 {} {payload_type} {} {statement}", payload_type.len(), statement.len());
        json!({"dsseEnvelope": {"payload": STANDARD.encode(&statement), "payloadType": payload_type,
            "signatures": [{"sig": self.sign(message.as_bytes())}]}})
        .to_string()
    }
}

fn shelf() -> Shelf {
    let mut shelf = Shelf::default();
    let image = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": shelf.blob("{}"), "size": 2}});
    shelf.manifest("1", &image.to_string());
    shelf
}

fn check(shelf: Shelf, key: &Signer) -> (Run, Vec<String>) {
    let standing = shelf.stand();
    let image = format!("{}/team/app:1", standing.address);
    let key = key.pem();
    let check = ["check", "--image", &image, "--plain-http", &standing.address, "--verify-key", &key];
    let run = World::new().bump(check).within_memory(MEMORY).run();
    (run, standing.asked())
}

/// A bill of 1.4 MB, 100 scans and 40 signatures by other keys: the descriptors of all that, the newest last.
fn crowd(shelf: &mut Shelf, own: &Signer) -> Vec<Value> {
    let digest = shelf.image();
    let bill = json!({"text": "x".repeat(1_050_000)});
    let mut entries = vec![shelf.bundle(&own.bundle(&digest, BILL, &bill), BILL)];
    for number in 0..100 {
        entries.push(shelf.bundle(&own.bundle(&digest, SCAN, &json!({"number": number})), SCAN));
    }
    for _ in 0..40 {
        entries.push(shelf.bundle(&Signer::new().bundle(&digest, SIGNED, &json!({})), SIGNED));
    }
    entries
}

#[test]
fn the_right_signature_is_found_among_others() {
    let own = Signer::new();
    let mut standing = shelf();
    let right = standing.bundle(&own.bundle(&standing.image(), SIGNED, &json!({})), SIGNED);
    let mut entries = crowd(&mut standing, &own);
    // The oldest: all others are looked at before it.
    entries.insert(0, right);
    standing.manifest(&standing.image().replace(':', "-"), &index_of(&entries));
    let (run, asked) = check(standing, &own);
    run.exits(0).says("is signed by");
    // The image, the tag of cosign 2, the API, the tag in its place; the manifests; the bundles that say that they are signatures.
    assert!(asked.len() <= 4 + 142 + 41, "{} requests", asked.len());
    let blobs = asked.iter().filter(|path| path.contains("/blobs/")).count();
    assert!(blobs <= 41, "{blobs} blobs");
}

#[test]
fn a_list_that_says_what_is_what_costs_less() {
    let own = Signer::new();
    let mut standing = shelf();
    let mut entries = crowd(&mut standing, &own);
    for (number, entry) in entries.iter_mut().enumerate() {
        let kind = if number == 0 {
            BILL
        } else if number <= 100 {
            SCAN
        } else {
            SIGNED
        };
        entry["annotations"] = json!({"dev.sigstore.bundle.predicateType": kind,
            "org.opencontainers.image.created": format!("2026-11-{:02}T00:00:00Z", number % 28 + 1)});
    }
    let mut right = standing.bundle(&own.bundle(&standing.image(), SIGNED, &json!({})), SIGNED);
    right["annotations"] = json!({"dev.sigstore.bundle.predicateType": SIGNED,
        "org.opencontainers.image.created": "2026-11-29T00:00:00Z"});
    entries.push(right);
    standing.pages = Some(vec![index_of(&entries)]);
    let (run, asked) = check(standing, &own);
    run.exits(0).says("is signed by");
    // The newest comes first; what is read beside it was on its way.
    assert!(asked.len() <= 3 + 2 * 16, "{} requests", asked.len());
}

#[test]
fn signatures_under_one_tag_share_their_payload() {
    let own = Signer::new();
    let mut standing = shelf();
    // The repository's own name is not known before it stands, so that the payload names another.
    let text = payload("origin.example/team/app", &standing.image());
    let blob = standing.blob(&text);
    let layer = |signature: String| {
        json!({"mediaType": SIMPLE, "digest": blob, "size": text.len(),
            "annotations": {"dev.cosignproject.cosign/signature": signature}})
    };
    let mut layers = vec![layer(own.sign(text.as_bytes()))];
    layers.extend((0..40).map(|_| layer(Signer::new().sign(text.as_bytes()))));
    let large = json!({"mediaType": SIMPLE, "digest": standing.blob("large"), "size": 2_000_000});
    layers.extend([large, json!({"mediaType": SIMPLE, "digest": "x"}), json!({"mediaType": SIMPLE})]);
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers});
    standing.manifest(&format!("{}.sig", standing.image().replace(':', "-")), &manifest.to_string());
    let standing = standing.stand();
    let (image, key) = (format!("{}/team/app:1", standing.address), own.pem());
    let own = ["check", "--image", &image, "--plain-http", &standing.address, "--verify-key", &key];
    let run = World::new().bump(own.iter().chain(&["--signed-as", "origin.example/team/app"])).run();
    run.exits(0).says("is signed by");
    assert_eq!(standing.asked().len(), 3, "{:?}", standing.asked());
}

#[test]
fn what_was_not_found_is_counted() {
    let (own, other) = (Signer::new(), Signer::new());
    let mut standing = shelf();
    let mut entries: Vec<Value> = (0..560)
        .map(|number| standing.bundle(&other.bundle(&standing.image(), SIGNED, &json!({"n": number})), SIGNED))
        .collect();
    entries.push(json!({"mediaType": MANIFEST, "digest": crate::images::digest(b"gone"), "size": 9}));
    standing.pages = Some(vec![index_of(&entries)]);
    let (run, asked) = check(standing, &own);
    let run = run.exits(9).says("by another key, or of content that was changed (499 times)");
    run.says("a referrer that is missing").says("61 more were not checked");
    assert!(asked.len() <= 4 + 2 * 500, "{} requests", asked.len());
}

#[test]
fn one_object_that_fails_is_passed_over_and_a_registry_that_fails_is_said() {
    let own = Signer::new();
    let broken = || says("500 Internal Server Error", "", "storage");
    let with = |right: bool| {
        let mut standing = shelf();
        let bad = standing.bundle("{", SIGNED);
        let worse = standing.bundle("the blob of this one fails", SIGNED);
        let mut entries = vec![bad, worse];
        if right {
            entries.push(standing.bundle(&own.bundle(&standing.image(), SIGNED, &json!({})), SIGNED));
        }
        standing.pages = Some(vec![index_of(&entries)]);
        standing.instead.push((crate::images::digest(b"the blob of this one fails"), broken()));
        standing
    };
    check(with(true), &own).0.exits(0);
    check(with(false), &own).0.exits(7).says("failed with status 500");
    let mut denied = with(false);
    let image = denied.image();
    denied.instead = vec![(format!("/referrers/{image}"), says("403 Forbidden", "", ""))];
    check(denied, &own).0.exits(7).says("denied");
}
