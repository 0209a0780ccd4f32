//! Real signatures, and what becomes of them when anything is changed.

use std::path::PathBuf;

use serde_json::Value;

use super::{Identity, Issuer, Root, Signed};
use crate::image::Digest;

const OPENSSL: &str = "cosign/cosign3.1-keyless-openssl-ca-tsa";
const FULCIO: &str = "cosign/cosign3.1-keyless-fulcio-mock-sct-tsa";
const GITLAB: &str = "https://gitlab.example";
const MAIN: &str = "https://gitlab.example/shop/app//.gitlab-ci.yml@refs/heads/main";

/// A signature, with what it is to be checked by.
struct Case {
    root: Value,
    bundle: Vec<u8>,
    digest: Digest,
    identities: Vec<Identity>,
}

fn read(path: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn identity(pattern: &str, issuer: &str) -> Identity {
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
