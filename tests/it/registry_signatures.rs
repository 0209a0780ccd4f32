//! Signatures in a real registry, made with the openssl program as cosign makes them; no cosign is at hand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::images::{Images, MANIFEST, ORDINARY, payload};
use crate::world::{Nginx, World, openssl, sign};

const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// An image and a key pair of its own.
struct Signed {
    world: World,
    repository: String,
    images: Images,
    digest: String,
}

impl Signed {
    fn new(kind: &[&str]) -> Self {
        let world = World::new();
        let repository = world.repository("team/app");
        let images = Images::at(&repository);
        let digest = images.image("1", ORDINARY).digest;
        openssl(&world, &[&["genpkey", "-out", "key.pem"], kind].concat());
        openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
        Self { world, repository, images, digest }
    }

    fn simple(&self, payload: &str, signature: &[u8]) {
        self.images.signature(&self.digest, payload, signature);
    }

    /// Pushes a bundle that refers to the image, and the tag that stands in for the referrers API.
    fn bundle(&self, bundle: &Value) {
        self.images.manifest(&self.tag(), crate::images::INDEX, &self.referrers(bundle));
    }

    /// Pushes a bundle that refers to the image; what the referrers API says of it then.
    fn referrers(&self, bundle: &Value) -> Value {
        let layer = self.images.described(BUNDLE, bundle.to_string().as_bytes());
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE,
            "config": self.images.described(EMPTY, b"{}"), "layers": [layer],
            "subject": {"mediaType": MANIFEST, "digest": self.digest, "size": 1}});
        let pushed = self.images.manifest("bundle", MANIFEST, &manifest);
        json!({"schemaVersion": 2, "mediaType": crate::images::INDEX, "manifests": [
            {"mediaType": MANIFEST, "artifactType": BUNDLE, "digest": pushed.digest, "size": pushed.size}]})
    }

    /// A bundle that says this of a digest.
    fn envelope(&self, kind: &str, digest: &str) -> Value {
        let statement = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": kind, "predicate": {},
            "subject": [{"name": "", "digest": {"sha256": digest.replace("sha256:", "")}}]});
        let (statement, payload_type) = (statement.to_string(), "application/vnd.in-toto+json");
        let message = format!("DSSEv1 {} {payload_type} {} {statement}", payload_type.len(), statement.len());
        let signature = STANDARD.encode(sign(&self.world, message.as_bytes()));
        json!({"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": ""}}, "dsseEnvelope": {
            "payload": STANDARD.encode(&statement), "payloadType": payload_type, "signatures": [{"sig": signature}]}})
    }

    fn tag(&self) -> String {
        self.digest.replace(':', "-")
    }

    fn payload(&self, digest: &str) -> String {
        payload(&self.repository, digest)
    }

    #[track_caller]
    fn check(&self, code: i32, words: &str) {
        let image = format!("{}:1", self.repository);
        self.world.bump(["check", "--image", &image, "--verify-key", "key.pub"]).run().exits(code).says(words);
    }
}

const P256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

#[test]
fn signatures_by_each_kind_of_key_are_found() {
    for kind in [
        &P256[..],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        &["-algorithm", "ed25519"],
    ] {
        let signed = Signed::new(kind);
        signed.check(9, "the image has no signature");
        let payload = signed.payload(&signed.digest);
        signed.simple(&payload, &sign(&signed.world, payload.as_bytes()));
        signed.check(0, "is signed by key.pub");
    }
}

#[test]
fn keys_are_taken_in_every_form() {
    let signed = Signed::new(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    let payload = signed.payload(&signed.digest);
    let world = &signed.world;
    sign(world, payload.as_bytes());
    let by_sha384 = "pkeyutl -sign -rawin -inkey key.pem -in message -out signature -digest sha384";
    openssl(world, &by_sha384.split(' ').collect::<Vec<_>>());
    signed.simple(&payload, &std::fs::read(world.work().join("signature")).expect("openssl has written it"));
    signed.check(0, "is signed by key.pub");
    let right = world.read("key.pub");

    openssl(world, &["genrsa", "-out", "key.pem", "2048"]);
    openssl(world, &["rsa", "-in", "key.pem", "-RSAPublicKey_out", "-out", "key.pub"]);
    assert!(world.read("key.pub").contains("BEGIN RSA PUBLIC KEY"));
    signed.check(9, "by another key");
    world.write("key.pub", format!("two keys:\n{}{right}", world.read("key.pub")));
    signed.check(0, "is signed by key.pub");
    signed.simple(&payload, &sign(world, payload.as_bytes()));
    signed.check(0, "is signed by key.pub");

    openssl(world, &["genrsa", "-out", "key.pem", "1024"]);
    openssl(world, &["rsa", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
    signed.check(3, "its RSA key has 1024 bits: at least 2048 bits are required");
    openssl(world, &["ecparam", "-name", "secp521r1", "-genkey", "-noout", "-out", "key.pem"]);
    openssl(world, &["ec", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
    signed.check(3, "its key type is not supported");
}

#[test]
fn tampered_foreign_and_unknown_signatures_are_refused() {
    let signed = Signed::new(&P256);
    let payload = signed.payload(&signed.digest);
    let signature = sign(&signed.world, payload.as_bytes());

    signed.simple(&payload.replace("}}", "}} "), &signature);
    signed.check(9, "by another key, or of content that was changed");
    let other = signed.payload(&crate::images::digest(b"another image"));
    signed.simple(&other, &sign(&signed.world, other.as_bytes()));
    signed.check(9, "a signature of another digest");
    let elsewhere = payload.replace("team/app", "team/web");
    signed.simple(&elsewhere, &sign(&signed.world, elsewhere.as_bytes()));
    signed.check(9, "a signature for another image");

    signed.simple(&payload, &signature);
    signed.check(0, "is signed by key.pub");
    openssl(&signed.world, &[&["genpkey", "-out", "key.pem"], &P256[..]].concat());
    openssl(&signed.world, &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
    signed.check(9, "by another key");
    signed.world.write("key.pub", "no key");
    signed.check(3, "no public key in PEM");
}

const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

#[test]
fn a_bundle_beside_the_image_is_found() {
    let signed = Signed::new(&P256);
    signed.bundle(&signed.envelope("https://cosign.sigstore.dev/attestation/vuln/v1", &signed.digest));
    signed.check(9, "not a signature");
    signed.bundle(&signed.envelope(SIGNED, &crate::images::digest(b"another image")));
    signed.check(9, "a signature of another digest");
    let mut tampered = signed.envelope(SIGNED, &signed.digest);
    tampered["dsseEnvelope"]["payload"] = STANDARD.encode("{}").into();
    signed.bundle(&tampered);
    signed.check(9, "by another key, or of content that was changed");
    signed.bundle(&signed.envelope(SIGNED, &signed.digest));
    signed.check(0, "is signed by key.pub");
    openssl(&signed.world, &["genpkey", "-algorithm", "ed25519", "-out", "other.pem"]);
    openssl(&signed.world, &["pkey", "-in", "other.pem", "-pubout", "-out", "key.pub"]);
    signed.check(9, "by another key");
}

#[test]
fn the_referrers_api_is_asked_where_a_registry_has_it() {
    let signed = Signed::new(&P256);
    let found = |bundle: Value| {
        let index = signed.referrers(&bundle).to_string();
        let inside = format!(
            "location / {{ proxy_pass http://{}; proxy_set_header Host $http_host; }}\n\
             location ~ /referrers/{}$ {{ default_type {}; return 200 '{index}'; }}",
            signed.world.servers().registry,
            signed.digest,
            crate::images::INDEX
        );
        // The registry at hand is older than the API, so that nginx answers in its place.
        let nginx = Nginx::start(&signed.world.scratch().join("nginx"), "", &inside);
        let image = format!("{}:1", signed.repository).replace(&signed.world.servers().registry, &nginx.address);
        signed.world.bump(["check", "--image", &image, "--verify-key", "key.pub"]).run()
    };
    found(signed.envelope(SIGNED, &signed.digest)).exits(0).says("is signed by key.pub");
    let other = signed.envelope(SIGNED, &crate::images::digest(b"another image"));
    found(other).exits(9).says("a signature of another digest");
    signed.check(9, "the image has no signature");
}

#[test]
fn the_report_names_the_key() {
    let signed = Signed::new(&P256);
    let payload = signed.payload(&signed.digest);
    signed.simple(&payload, &sign(&signed.world, payload.as_bytes()));
    let image = format!("{}:1", signed.repository);
    let key = signed.world.read("key.pub");
    let check = || signed.world.bump(["check", "--image", &image, "--report-json", "report.json"]);
    check().env("GITOPS_BUMP_VERIFY_KEY", "key.pub").run().exits(0);
    let report: Value = serde_json::from_str(&signed.world.read("report.json")).expect("it is JSON");
    assert_eq!(report["images"][0]["signature"], json!({"verified": true, "key": "key.pub"}));
    check().env("GITOPS_BUMP_VERIFY_KEY", &key).run().exits(0);
    signed
        .world
        .bump(["check", "--image", &image, "--verify-key", &key])
        .run()
        .exits(0)
        .says("signed by the given key");
}
