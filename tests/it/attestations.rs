//! Attestations in a real registry, signed with the openssl program as cosign signs them; no cosign is at hand.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::images::{INDEX, Images, MANIFEST, ORDINARY, payload};
use crate::world::{World, openssl, sign};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const SPDX: &str = "https://spdx.dev/Document";
const CYCLONE_DX: &str = "https://cyclonedx.org/bom";
const COMMIT: &str = "f0582e2c9a16b5cc2cde90e8be8f1b50fd67c631";

/// Where attestations are kept.
#[derive(Clone, Copy, Debug)]
enum Storage {
    /// The tag `sha256-….att` of cosign 2.
    Tag,
    /// Bundles that refer to the image, of cosign 3.
    Referrers,
}

/// An image, a key pair, and what is attested of it.
struct Attested {
    world: World,
    repository: String,
    images: Images,
    digest: String,
}

impl Attested {
    fn new() -> Self {
        let world = World::new();
        let repository = world.repository("shop/api");
        let images = Images::at(&repository);
        let digest = images.image("1", ORDINARY).digest;
        new_key(&world);
        openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "cosign.pub"]);
        Self { world, repository, images, digest }
    }

    /// A signed statement about a digest.
    fn envelope(&self, kind: &str, digest: &str, predicate: &Value) -> Value {
        let statement =
            json!({"_type": "https://in-toto.io/Statement/v0.1", "predicateType": kind, "predicate": predicate,
            "subject": [{"name": self.repository, "digest": {"sha256": digest.replace("sha256:", "")}}]})
            .to_string();
        let message = format!("DSSEv1 {} {IN_TOTO} {} {statement}", IN_TOTO.len(), statement.len());
        let signature = STANDARD.encode(sign(&self.world, message.as_bytes()));
        json!({"payload": STANDARD.encode(&statement), "payloadType": IN_TOTO, "signatures": [{"keyid": "", "sig": signature}]})
    }

    fn scan(&self, age: Duration, severities: &[&str]) -> (&'static str, Value) {
        (VULN, self.envelope(VULN, &self.digest, &scan(age, severities)))
    }

    /// Keeps exactly these attestations, in this order.
    fn keep(&self, storage: Storage, attestations: &[(&str, Value)]) {
        let tag = self.digest.replace(':', "-");
        match storage {
            Storage::Tag => {
                let layer = |(kind, envelope): &(&str, Value)| {
                    let mut layer = self.images.described(ENVELOPE, envelope.to_string().as_bytes());
                    layer["annotations"] = json!({"dev.cosignproject.cosign/signature": "", "predicateType": kind});
                    layer
                };
                let layers: Vec<Value> = attestations.iter().map(layer).collect();
                let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
                    "config": self.images.described(CONFIG, b"{}")});
                self.images.manifest(&format!("{tag}.att"), MANIFEST, &manifest);
            }
            Storage::Referrers => {
                let entries: Vec<Value> =
                    attestations.iter().map(|(kind, envelope)| self.bundle(kind, envelope)).collect();
                let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
                self.images.manifest(&tag, INDEX, &index);
            }
        }
    }

    fn bundle(&self, kind: &str, envelope: &Value) -> Value {
        let bundle =
            json!({"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": ""}}, "dsseEnvelope": envelope});
        let layer = self.images.described(BUNDLE, bundle.to_string().as_bytes());
        let notes = json!({"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": kind});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "annotations": notes,
            "config": self.images.described(EMPTY, b"{}"), "layers": [layer],
            "subject": {"mediaType": MANIFEST, "digest": self.digest, "size": 1}});
        let pushed = self.images.manifest("bundle", MANIFEST, &manifest);
        // cosign 3 on a registry without the API claims the type of the configuration.
        json!({"mediaType": MANIFEST, "artifactType": EMPTY, "annotations": notes, "digest": pushed.digest, "size": pushed.size})
    }

    /// A signature of the image, and no attestation.
    fn signed(&self) {
        let payload = payload(&self.repository, &self.digest);
        self.images.signature(&self.digest, &payload, &sign(&self.world, payload.as_bytes()));
    }

    fn image(&self) -> String {
        format!("{}:1", self.repository)
    }

    #[track_caller]
    fn check(&self, rules: &[&str], code: i32, words: &str) {
        let image = self.image();
        let rules = rules.iter().flat_map(|rule| ["--attestation", rule]);
        let arguments = ["check", "--image", &image, "--verify-key", "cosign.pub"];
        self.world.bump(arguments.into_iter().chain(rules)).run().exits(code).says(words);
    }
}

const DAY: Duration = Duration::from_hours(24);

fn new_key(world: &World) {
    openssl(world, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem"]);
}

/// Trivy's report, as `trivy image --format cosign-vuln` writes it.
fn scan(age: Duration, severities: &[&str]) -> Value {
    let one = |(number, severity): (usize, &&str)| json!({"VulnerabilityID": format!("CVE-2026-{number}"), "Severity": severity});
    let found: Vec<Value> = severities.iter().enumerate().map(one).collect();
    let time = (Timestamp::now() - age).to_string();
    json!({"invocation": {"builder.id": ""}, "metadata": {"scanStartedOn": time, "scanFinishedOn": time},
        "scanner": {"uri": "pkg:github/aquasecurity/trivy@0.50.0", "version": "0.50.0", "db": {"uri": "", "version": ""},
            "result": {"SchemaVersion": 2, "Results": [{"Target": "app", "Class": "os-pkgs", "Vulnerabilities": found}]}}})
}

fn provenance() -> Value {
    json!({"buildDefinition": {"buildType": "x", "externalParameters": {"source": "https://gitlab.example/shop/api"},
            "resolvedDependencies": [{"uri": "git+https://gitlab.example/shop/api.git", "digest": {"gitCommit": COMMIT}}]},
        "runDetails": {"builder": {"id": "https://gitlab.example/shop/api/-/runners/7"}}})
}

#[test]
fn a_scan_counts_when_a_key_signed_it_of_this_image_and_it_is_good_enough() {
    for storage in [Storage::Tag, Storage::Referrers] {
        let attested = Attested::new();
        attested.signed();
        let rule = ["vuln:max=high,age=7d"];
        attested.check(
            &rule,
            9,
            "it has no attestation vuln:max=high,age=7d by cosign.pub: the image has no attestation of this type",
        );
        let keep = |scans: &[(&str, Value)]| attested.keep(storage, scans);
        keep(&[attested.scan(DAY, &["HIGH", "LOW"])]);
        attested.check(&rule, 0, "has the attestation vuln:max=high,age=7d by cosign.pub");
        keep(&[attested.scan(DAY, &["HIGH", "CRITICAL"])]);
        attested.check(&rule, 9, "worse than high (1 critical: CVE-2026-1)");
        keep(&[attested.scan(DAY * 8, &[])]);
        attested.check(&rule, 9, "which is more than 7d old");
        let mut unreadable = scan(DAY, &[]);
        unreadable["scanner"]["result"] = json!({});
        keep(&[(VULN, attested.envelope(VULN, &attested.digest, &unreadable))]);
        attested.check(&rule, 9, "not a report of Trivy (it has no Results)");
        let other = crate::images::digest(b"another image");
        keep(&[(VULN, attested.envelope(VULN, &other, &scan(DAY, &[])))]);
        attested.check(&rule, 9, "an attestation of another digest");
        new_key(&attested.world);
        keep(&[attested.scan(DAY, &[])]);
        attested.check(&rule, 9, "by another key, or of content that was changed");
    }
}

#[test]
fn of_several_scans_the_newest_counts() {
    for storage in [Storage::Tag, Storage::Referrers] {
        let attested = Attested::new();
        attested.signed();
        let (good, bad) = (|days| attested.scan(DAY * days, &[]), |days| attested.scan(DAY * days, &["CRITICAL"]));
        let oldest: Vec<(&str, Value)> = (3..8).map(bad).collect();
        for (newest, code, words) in [
            ([good(1), bad(2)], 0, "has the attestation vuln:max=high"),
            ([bad(2), good(1)], 0, "has the attestation vuln:max=high"),
            ([bad(1), good(2)], 9, "1 critical"),
            ([good(2), bad(1)], 9, "1 critical"),
        ] {
            attested.keep(storage, &[&newest[..], &oldest[..]].concat());
            attested.check(&["vuln:max=high"], code, words);
        }
    }
}

#[test]
fn each_requirement_is_met_by_itself() {
    let attested = Attested::new();
    let digest = &attested.digest;
    let spdx = || (SPDX, attested.envelope(SPDX, digest, &json!({"spdxVersion": "SPDX-2.3"})));
    attested.keep(Storage::Tag, &[attested.scan(DAY, &[])]);
    attested.keep(Storage::Referrers, &[spdx(), (PROVENANCE, attested.envelope(PROVENANCE, digest, &provenance()))]);
    let exact = format!(
        "slsaprovenance:builder=https://gitlab.example/*,source=https://gitlab.example/shop/api.git,commit={COMMIT}"
    );
    attested.check(&["vuln", "spdx", &exact], 9, "no signature of sha256:");
    attested.signed();
    attested.check(&["vuln", "spdx", &exact], 0, &format!("has the attestation {exact} by cosign.pub"));
    attested.check(&["vuln", "spdx", "cyclonedx"], 9, "it has no attestation cyclonedx by cosign.pub: ");
    attested.check(
        &["slsaprovenance:builder=https://evil.example/*"],
        9,
        "by the builder \"https://gitlab.example/shop/api/",
    );
    attested.check(
        &["slsaprovenance:source=https://gitlab.example/shop/web"],
        9,
        "from the source https://gitlab.example/shop/api",
    );
    attested.check(&[&format!("slsaprovenance:commit={}", "0".repeat(40))], 9, &format!("of the commit {COMMIT}"));
    let unsigned = json!({"payload": STANDARD.encode("{}"), "payloadType": IN_TOTO, "signatures": []});
    attested.keep(Storage::Referrers, &[(CYCLONE_DX, unsigned)]);
    attested.check(&["cyclonedx"], 9, "an envelope without a signature");
}

#[test]
fn what_can_not_be_required_is_said_before_anything_is_asked() {
    let world = World::new();
    world.write("cosign.pub", "");
    let image = format!("{}:1", world.repository("shop/api"));
    let check = |more: &[&str]| world.bump(["check", "--image", &image].into_iter().chain(more.iter().copied())).run();
    check(&["--attestation", "vuln"]).exits(2).says("--attestation is what somebody must have signed");
    check(&["--verify-key", "cosign.pub", "--attestation", "slsa"])
        .exits(3)
        .says("slsaprovenance (0.2 and 1), spdx, cyclonedx and vuln");
    check(&["--verify-key", "cosign.pub", "--attestation", "vuln:min=low"]).exits(3).says("max, age are known");
    check(&["--verify-key", "cosign.pub", "--attestation", "vuln:max="])
        .exits(3)
        .says("check that its variable is set");
}

#[test]
fn the_config_file_and_the_variable_require_attestations() {
    let attested = Attested::new();
    let (world, image) = (&attested.world, attested.image());
    attested.signed();
    let infra = world.infra("infra", &[("values.yaml", "image: {tag: \"0\"}\n")]);
    let config = format!(
        "images: {{api: '{image}'}}\nrequire: {{verify_keys: [cosign.pub], attestations: ['vuln:max=high,age=7d', spdx]}}\n\
         repositories: [{{url: '{}', helm: [{{file: values.yaml, path: image.tag}}]}}]\n",
        infra.url()
    );
    world.write("shop.yml", config);
    let shown = world.bump(["config", "show", "--config", "shop.yml"]).run().exits(0).stdout;
    let shown: Value = serde_yaml::from_str(&shown).expect("the settings are YAML");
    assert_eq!(shown["require"]["attestations"], json!(["vuln:max=high,age=7d", "spdx"]));
    let update = || world.bump(["update", "--config", "shop.yml"]);
    update().run().exits(9).says("it has no attestation spdx");
    assert_eq!(infra.file("main", "values.yaml"), "image: {tag: \"0\"}\n");
    attested.keep(Storage::Tag, &[attested.scan(DAY, &[])]);
    update().run().exits(9).says("it has no attestation spdx");
    update().env("GITOPS_BUMP_ATTESTATION", "vuln:max=high vuln").run().exits(0);
    assert_eq!(infra.file("main", "values.yaml"), "image: {tag: \"1\"}\n");
}

#[test]
fn every_example_of_the_manual_works() {
    let attested = Attested::new();
    attested.signed();
    let digest = &attested.digest;
    let cyclone_dx = json!({"bomFormat": "CycloneDX", "specVersion": "1.5"});
    attested.keep(
        Storage::Tag,
        &[
            attested.scan(DAY, &["LOW"]),
            (PROVENANCE, attested.envelope(PROVENANCE, digest, &provenance())),
            (CYCLONE_DX, attested.envelope(CYCLONE_DX, digest, &cyclone_dx)),
        ],
    );
    let manual = include_str!("../../docs/attestations.md");
    let binary = Path::new(env!("CARGO_BIN_EXE_gitops-bump")).parent().expect("it is in a directory");
    let examples = manual.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let mut run = 0;
    for example in examples {
        let output = Command::new("sh")
            .args(["-eu", "-c", example])
            .env_clear()
            .current_dir(attested.world.work())
            .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
            .env("HOME", attested.world.scratch().join("home"))
            .env("CI_COMMIT_SHORT_SHA", "1")
            .env("CI_COMMIT_SHA", COMMIT)
            .env("CI_SERVER_URL", "https://gitlab.example")
            .env("CI_PROJECT_URL", "https://gitlab.example/shop/api")
            .env("IMAGE_REPOSITORY", attested.world.repository("shop"))
            .output()
            .expect("sh can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{example}{said}");
        run += 1;
    }
    assert_eq!(run, 2);
}
