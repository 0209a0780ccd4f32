//! Real signatures, and what becomes of them when anything is changed.

#![allow(clippy::disallowed_methods, reason = "a test reads its recordings")]

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Identity, Issuer, Root, Signed};
use crate::image::Digest;

const OPENSSL: &str = "cosign/cosign3.1-keyless-openssl-ca-tsa";
const FULCIO: &str = "cosign/cosign3.1-keyless-fulcio-mock-sct-tsa";
pub(super) const GITLAB: &str = "https://gitlab.example";
pub(super) const MAIN: &str = "https://gitlab.example/shop/app//.gitlab-ci.yml@refs/heads/main";

/// A signature, with what it is to be checked by.
struct Case {
    root: Value,
    bundle: Vec<u8>,
    digest: Digest,
    identities: Vec<Identity>,
}

pub(super) fn read(path: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

pub(super) fn identity(pattern: &str, issuer: &str) -> Identity {
    Identity::parse(pattern, Issuer::parse(issuer).unwrap()).unwrap()
}

impl Case {
    /// What cosign stored, its root without a log: these signatures have none.
    fn cosign(directory: &str, blob: &str) -> Self {
        let text = |name: &str| String::from_utf8(read(&format!("{directory}/{name}"))).unwrap();
        let readme = text("README");
        let digest = readme.lines().find_map(|line| line.strip_prefix("digest ")).unwrap();
        let mut root: Value = serde_json::from_str(&text("trusted-root.json")).unwrap();
        root.as_object_mut().unwrap().remove("tlogs");
        Self {
            root,
            bundle: read(&format!("{directory}/blobs/sha256-{blob}")),
            digest: Digest::parse(digest).unwrap(),
            identities: vec![identity(MAIN, GITLAB)],
        }
    }

    fn openssl() -> Self {
        Self::cosign(OPENSSL, "f36281c952744dd648ee6e1bd6b3439beea4f5b99a545222389737a50f8dc745")
    }

    fn fulcio() -> Self {
        Self::cosign(FULCIO, "f6449c6f3a7bfc3b464f28d413dfa552f600107e5db0d7dce935cd28276b78b7")
    }

    /// An attestation in Sigstore's public log.
    fn public(bundle: &str) -> Self {
        let digest = "sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";
        Self {
            root: serde_json::from_slice(&read("keyless/public-root.json")).unwrap(),
            bundle: read(&format!("keyless/{bundle}.json")),
            digest: Digest::parse(digest).unwrap(),
            identities: vec![identity("https://github.com/*", "https://token.actions.githubusercontent.com")],
        }
    }

    fn all() -> Vec<Self> {
        vec![Self::openssl(), Self::fulcio(), Self::public("public-log-v1")]
    }

    fn verdict(&self) -> Result<Signed, String> {
        Root::parse(&self.root.to_string())?.verify(&self.bundle, &self.digest, &self.identities)
    }

    fn refusal(&self) -> String {
        self.verdict().map(|signed| signed.identity).expect_err("it is refused")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.bundle).unwrap()
    }
}

#[test]
fn real_signatures_hold() {
    for case in Case::all() {
        let signed = case.verdict().unwrap();
        assert!(case.identities.iter().any(|wanted| wanted.fits(&signed.identity, &signed.issuer)), "{signed:?}");
        let statement: Value = serde_json::from_slice(&signed.payload.unwrap()).unwrap();
        assert_eq!(statement["subject"][0]["digest"]["sha256"], case.digest.as_str()[7..]);
    }
    let time = humantime::format_rfc3339(Case::openssl().verdict().unwrap().time).to_string();
    assert_eq!(time, "2026-11-25T16:41:59Z");
}

#[test]
fn another_identity_issuer_root_or_digest_is_refused() {
    for case in Case::all() {
        let refused = |change: &dyn Fn(&mut Case)| {
            let mut case = Case { root: case.root.clone(), bundle: case.bundle.clone(), ..Case::openssl() };
            change(&mut case);
            case.refusal()
        };
        let own = case.identities.clone();
        let issuer = own[0].issuer().as_str();
        for wrong in
            [identity("https://gitlab.example/shop/web//*", issuer), identity("https://*", "https://other.example")]
        {
            let reason = refused(&|other| {
                other.digest = case.digest.clone();
                other.identities = vec![wrong.clone()];
            });
            assert!(reason.starts_with("a signature by https://"), "{reason}");
        }
        let digest = Digest::parse(&format!("sha256:{}", "0".repeat(64))).unwrap();
        let reason = refused(&|other| {
            other.digest = digest.clone();
            other.identities.clone_from(&own);
        });
        assert!(reason.contains("does not match any subject"), "{reason}");
        for other_root in Case::all().into_iter().map(|other| other.root).filter(|root| *root != case.root) {
            refused(&|other| {
                other.root = other_root.clone();
                other.digest = case.digest.clone();
                other.identities.clone_from(&own);
            });
        }
    }
}

#[test]
fn what_the_root_names_is_required() {
    let with_log: Value = serde_json::from_slice(&read(&format!("{FULCIO}/trusted-root.json"))).unwrap();
    let mut no_entry = Case::fulcio();
    no_entry.root["tlogs"] = with_log["tlogs"].clone();
    assert!(no_entry.refusal().contains("nclusion"), "{}", no_entry.refusal());

    let mut no_sct = Case::openssl();
    no_sct.root["ctlogs"] = with_log["ctlogs"].clone();
    assert!(no_sct.refusal().contains("missing SCT"), "{}", no_sct.refusal());

    let mut other_key = Case::fulcio();
    let id = other_key.root["ctlogs"][0]["logId"].clone();
    other_key.root["ctlogs"] = with_log["tlogs"].clone();
    other_key.root["ctlogs"][0]["logId"] = id;
    assert!(other_key.refusal().contains("SCT"), "{}", other_key.refusal());

    let mut no_certificate_log = Case::fulcio();
    no_certificate_log.root.as_object_mut().unwrap().remove("ctlogs");
    assert!(no_certificate_log.verdict().is_ok());
}

#[test]
fn a_time_is_proven_while_everything_was_valid() {
    for mut case in [Case::openssl(), Case::fulcio()] {
        let mut bare = case.json();
        bare["verificationMaterial"].as_object_mut().unwrap().remove("timestampVerificationData");
        let whole = std::mem::replace(&mut case.bundle, bare.to_string().into_bytes());
        case.refusal();
        case.bundle = whole;
        for authority in ["certificateAuthorities", "timestampAuthorities"] {
            for (start, end) in
                [("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"), ("2026-11-25T18:00:00Z", "2028-01-01T00:00:00Z")]
            {
                let whole = case.root.clone();
                case.root[authority][0]["validFor"] = json!({ "start": start, "end": end });
                case.refusal();
                case.root = whole;
            }
        }
        assert!(case.verdict().is_ok());
    }
    // The log says when it was; the certificate was valid for ten minutes.
    let mut moved = Case::public("public-log-v1");
    let mut bundle = moved.json();
    bundle["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = json!("1700000000");
    moved.bundle = bundle.to_string().into_bytes();
    assert!(moved.refusal().contains("promise"), "{}", moved.refusal());
}

#[test]
fn a_log_entry_proves_itself_and_this_signature() {
    let case = Case::public("public-log-v1");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut bundle = case.json();
        change(&mut bundle["verificationMaterial"]);
        let changed =
            Case { bundle: bundle.to_string().into_bytes(), root: case.root.clone(), ..Case::public("public-log-v1") };
        changed.refusal()
    };
    refused(&|material| material["tlogEntries"] = json!([]));
    let bare = |entry: &mut Value| {
        entry.as_object_mut().unwrap().remove("inclusionPromise");
        entry.as_object_mut().unwrap().remove("inclusionProof");
    };
    refused(&|material| bare(&mut material["tlogEntries"][0]));
    let reason = refused(&|material| {
        let mut second = material["tlogEntries"][0].clone();
        bare(&mut second);
        material["tlogEntries"].as_array_mut().unwrap().push(second);
    });
    assert!(reason.contains("without proof"), "{reason}");
    let reason = refused(&|material| {
        let entry = material["tlogEntries"][0].clone();
        material["tlogEntries"] = Value::Array(vec![entry; 33]);
    });
    assert!(reason.contains("more than 32"), "{reason}");
}

#[test]
fn a_signature_of_a_file_or_with_a_key_is_none() {
    let mut file = Case::openssl();
    let mut bundle = file.json();
    let signature = bundle["dsseEnvelope"]["signatures"][0]["sig"].clone();
    bundle.as_object_mut().unwrap().remove("dsseEnvelope");
    bundle["messageSignature"] = json!({ "signature": signature });
    file.bundle = bundle.to_string().into_bytes();
    assert!(file.refusal().contains("sign-blob"));

    let mut key = Case::openssl();
    let mut bundle = key.json();
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    material.remove("certificate");
    material.insert("publicKey".to_owned(), json!({ "hint": "x" }));
    key.bundle = bundle.to_string().into_bytes();
    assert_eq!(key.refusal(), "a signature with a key, not by an identity");

    for hostile in ["", "{}", "[]", "null", "\u{0}", &"[".repeat(100_000)] {
        let mut case = Case::openssl();
        case.bundle = hostile.into();
        assert!(case.refusal().starts_with("a bundle that is not valid"), "{hostile:.20}");
    }
}

#[test]
fn a_root_that_takes_a_requirement_away_is_refused() {
    let parse = |change: &dyn Fn(&mut Value)| {
        let mut root = Case::fulcio().root;
        change(&mut root);
        Root::parse(&root.to_string()).map(|_| ()).unwrap_err()
    };
    let remove = |name: &'static str| move |root: &mut Value| drop(root.as_object_mut().unwrap().remove(name));
    assert!(parse(&remove("certificateAuthorities")).contains("no certificate authority"));
    assert!(parse(&remove("timestampAuthorities")).contains("neither a transparency log nor a timestamp authority"));
    assert!(parse(&remove("mediaType")).contains("not that of a trusted root"));
    let misspelt = parse(&|root| {
        let logs = root.as_object_mut().unwrap().remove("ctlogs").unwrap();
        root["ctLogs"] = logs;
    });
    assert!(misspelt.contains("\"ctLogs\""), "{misspelt}");
    parse(&|root| root["ctlogs"][0]["publicKey"]["rawBytes"] = json!("AAAA"));
    parse(&|root| root["certificateAuthorities"][0]["certChain"]["certificates"] = json!([]));
    for text in ["", "[]", "null", "-----BEGIN CERTIFICATE-----"] {
        assert!(Root::parse(text).unwrap_err().contains("not a JSON object"), "{text}");
    }
}

/// What nobody signs and nothing reads: the lists of algorithms around a timestamp (the signed part names its own, the key says
/// the rest), and the name beside a checkpoint's signature.
const UNSIGNED: [&str; 4] =
    ["ANBglghkgBZQMEAgEFADBo", "puQwCgYIKoZIzj0EAwIE", "rekor.sigstore.dev ", "\"timestampVerificationData\":{}"];

#[test]
fn whatever_byte_is_flipped_nothing_else_is_accepted() {
    let flip = |case: Case, step: usize| {
        let root = Root::parse(&case.root.to_string()).unwrap();
        let original = case.verdict().unwrap();
        let text = String::from_utf8(case.bundle.clone()).unwrap();
        let spans: Vec<(usize, usize)> =
            UNSIGNED.iter().flat_map(|part| text.match_indices(part).map(|(at, _)| (at, at + part.len()))).collect();
        let mut refused = 0;
        for at in (0..case.bundle.len()).step_by(step) {
            let mut changed = case.bundle.clone();
            changed[at] ^= 1;
            match root.verify(&changed, &case.digest, &case.identities) {
                Err(_) => refused += 1,
                Ok(signed) => {
                    assert_eq!(signed, original, "byte {at}");
                    let is_unsigned = spans.iter().any(|(start, end)| (*start..*end).contains(&at));
                    assert!(
                        is_unsigned,
                        "byte {at}: {:?}",
                        String::from_utf8_lossy(&changed[at.saturating_sub(40)..=at])
                    );
                }
            }
        }
        assert!(refused * step > case.bundle.len() * 9 / 10, "{refused} of {}", case.bundle.len());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| flip(Case::openssl(), 1));
        scope.spawn(|| flip(Case::fulcio(), 1));
        scope.spawn(|| flip(Case::public("public-log-v1"), 7));
    });
}
