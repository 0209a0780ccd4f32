//! Signatures made here and now, with a real key of each kind, in the formats that cosign publishes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

use super::carrier::{Carrier, Notes};
use super::payload::{Subject, signer};
use crate::image::{Digest, Reference, Repository};
use crate::registry::{Annotation, VerifyKey};

const MANIFEST: &[u8] = b"the manifest";
const IMAGE: &str = "h.x/team/app:1";

/// The beginning of a public key's DER, up to the key itself (RFC 5480, RFC 8410).
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const ED25519: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

enum Signer {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    fn p256() -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &random).unwrap())
    }

    fn ed25519() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    fn sign(&self, message: &[u8]) -> String {
        match self {
            Self::P256(key) => STANDARD.encode(key.sign(&SystemRandom::new(), message).unwrap()),
            Self::Ed25519(key) => STANDARD.encode(key.sign(message)),
        }
    }

    fn public(&self) -> Vec<VerifyKey> {
        let der = match self {
            Self::P256(key) => [P256, key.public_key().as_ref()].concat(),
            Self::Ed25519(key) => [ED25519, key.public_key().as_ref()].concat(),
        };
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
        VerifyKey::parse("key.pub", pem.as_bytes()).unwrap()
    }
}

fn digest() -> Digest {
    crate::image::ProvenDigest::of_bytes(MANIFEST, crate::image::Algorithm::Sha256).digest().clone()
}

/// Whether a carrier is a signature of the image, with these requirements.
fn judged(carrier: &Carrier, keys: &[VerifyKey], annotations: &[&str], signed_as: &[&str]) -> Result<(), String> {
    let (image, digest) = (Reference::parse(IMAGE).unwrap(), digest());
    let annotations: Vec<_> = annotations.iter().map(|text| Annotation::parse(text).unwrap()).collect();
    let signed_as: Vec<_> = signed_as.iter().map(|text| Repository::parse(text).unwrap()).collect();
    let subject = Subject { image: &image, digest: &digest, signed_as: &signed_as, annotations: &annotations };
    signer(carrier, keys, &subject).map(|_| ())
}

fn simple_carrier(payload: &str, signature: &str) -> Carrier {
    let notes = Notes::from([("dev.cosignproject.cosign/signature".to_owned(), signature.to_owned())]);
    Carrier::Simple { payload: payload.as_bytes().into(), notes }
}

fn payload(reference: &str, digest: &str) -> String {
    format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"{reference}"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
    )
}

fn simple(payload: &str, signature: &str, keys: &[VerifyKey]) -> Result<(), String> {
    judged(&simple_carrier(payload, signature), keys, &[], &[])
}

#[test]
fn a_simple_signature_is_of_this_digest_in_this_repository() {
    for signer in [Signer::p256(), Signer::ed25519()] {
        let keys = signer.public();
        let verdict = |payload: &str| simple(payload, &signer.sign(payload.as_bytes()), &keys);
        let digest = digest();
        assert_eq!(verdict(&payload("h.x/team/app", digest.as_str())), Ok(()));
        assert_eq!(verdict(&payload("h.x/team/app:1", digest.as_str())), Ok(()));
        let other = format!("sha256:{}", "0".repeat(64));
        assert!(verdict(&payload("h.x/team/app", &other)).unwrap_err().contains("another digest, sha256:0000"));
        for reference in ["h.x/team/web", "h.y/team/app", "h.x/team/app:2", ""] {
            assert!(verdict(&payload(reference, digest.as_str())).unwrap_err().contains("another image"));
        }
        assert!(verdict("{}").is_err());
    }
}

#[test]
fn a_changed_payload_or_another_key_is_no_signature() {
    let (signer, other) = (Signer::p256(), Signer::p256());
    let right = payload("h.x/team/app", digest().as_str());
    let signature = signer.sign(right.as_bytes());
    let changed = right.replace("null", "{}");
    assert!(simple(&changed, &signature, &signer.public()).unwrap_err().contains("a signature by another key"));
    assert!(simple(&right, &signature, &other.public()).unwrap_err().contains("a signature by another key"));
    assert_eq!(simple(&right, &signature, &[other.public(), signer.public()].concat()), Ok(()));
    for broken in ["", "%", "AAAA"] {
        assert!(simple(&right, broken, &signer.public()).is_err(), "{broken:?}");
    }
}

fn statement(kind: &str, hex: &str, name: &str) -> String {
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"{name}","digest":{{"sha256":"{hex}"}}}}],"predicateType":"{kind}","predicate":{{}}}}"#
    )
}

fn envelope(signer: &Signer, statement: &str) -> String {
    let kind = "application/vnd.in-toto+json";
    let signed = format!("DSSEv1 {} {kind} {} {statement}", kind.len(), statement.len());
    let (payload, signature) = (STANDARD.encode(statement), signer.sign(signed.as_bytes()));
    format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":{{"payload":"{payload}","payloadType":"{kind}","signatures":[{{"sig":"{signature}","keyid":""}}]}}}}"#
    )
}

fn bundled(text: &str, keys: &[VerifyKey]) -> Result<(), String> {
    judged(&Carrier::Bundle { bytes: text.as_bytes().into() }, keys, &[], &[])
}

#[test]
fn a_bundles_statement_is_a_signature_of_this_digest() {
    let signer = Signer::p256();
    let keys = signer.public();
    let digest = digest();
    let hex = digest.as_str().split_once(':').unwrap().1;
    let signed = "https://sigstore.dev/cosign/sign/v1";
    let verdict = |statement: &str| bundled(&envelope(&signer, statement), &keys);
    assert_eq!(verdict(&statement(signed, hex, "")), Ok(()));
    assert_eq!(verdict(&statement(signed, hex, "h.x/team/app")), Ok(()));
    assert!(verdict(&statement(signed, hex, "h.x/team/web")).unwrap_err().contains("another image"));
    assert!(verdict(&statement(signed, &"0".repeat(64), "")).unwrap_err().contains("another digest"));
    let scan = "https://cosign.sigstore.dev/attestation/vuln/v1";
    assert!(verdict(&statement(scan, hex, "")).unwrap_err().contains("not a signature"));
    let right = envelope(&signer, &statement(signed, hex, ""));
    assert!(bundled(&right, &Signer::p256().public()).is_err());
    for broken in ["", "{}", "[]", r#"{"dsseEnvelope":{"payload":"","payloadType":"","signatures":[]}}"#] {
        assert!(bundled(broken, &keys).is_err(), "{broken}");
    }
}

#[test]
fn a_signature_of_the_manifest_as_a_file_is_no_signature_of_the_image() {
    let signer = Signer::ed25519();
    let hint = STANDARD.encode(<sha2::Sha256 as sha2::Digest>::digest(MANIFEST));
    let bundle = format!(
        r#"{{"messageSignature":{{"messageDigest":{{"algorithm":"SHA2_256","digest":"{hint}"}},"signature":"{}"}}}}"#,
        signer.sign(MANIFEST)
    );
    assert!(bundled(&bundle, &signer.public()).unwrap_err().contains("sign-blob"));
}

#[test]
fn a_moved_image_was_signed_under_another_name() {
    let signer = Signer::p256();
    let keys = signer.public();
    let verdict = |reference: &str, signed_as: &[&str]| {
        let payload = payload(reference, digest().as_str());
        judged(&simple_carrier(&payload, &signer.sign(payload.as_bytes())), &keys, &[], signed_as)
    };
    for reference in ["h.y/team/app", "h.y/team/app:2", "h.x/team/app:1"] {
        assert_eq!(verdict(reference, &["h.z/a", "h.y/team/app"]), Ok(()), "{reference}");
    }
    assert_eq!(verdict("alpine", &["docker.io/library/alpine"]), Ok(()));
    for reference in ["h.y/team/web", "h.x/team/app:2", "h.y/team", ""] {
        assert!(verdict(reference, &["h.y/team/app"]).unwrap_err().contains("another image"), "{reference}");
    }
}

#[test]
fn an_annotation_is_signed() {
    let signer = Signer::p256();
    let keys = signer.public();
    let optional = |notes: &str, wanted: &[&str]| {
        let payload = payload("h.x/team/app", digest().as_str()).replace("null", notes);
        judged(&simple_carrier(&payload, &signer.sign(payload.as_bytes())), &keys, wanted, &[])
    };
    let notes = r#"{"team":"shop","n":1}"#;
    assert_eq!(optional(notes, &[]), Ok(()));
    assert_eq!(optional(notes, &["team=shop"]), Ok(()));
    assert!(optional(notes, &["team=web"]).unwrap_err().contains("team=\"shop\" instead of \"web\""));
    for (notes, wanted) in [(notes, "n=1"), (notes, "TEAM=shop"), ("null", "team=shop"), ("{}", "team=")] {
        assert!(optional(notes, &["team=shop", wanted]).unwrap_err().contains("annotation"), "{notes} {wanted}");
    }
    let hex = digest().as_str()[7..].to_owned();
    let statement = statement("https://sigstore.dev/cosign/sign/v1", &hex, "");
    let statement = statement.replace(r#""digest""#, r#""annotations":{"team":"shop"},"digest""#);
    let bundle = Carrier::Bundle { bytes: envelope(&signer, &statement).into_bytes().into() };
    assert_eq!(judged(&bundle, &keys, &["team=shop"], &[]), Ok(()));
    assert!(judged(&bundle, &keys, &["team=web"], &[]).is_err());
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let wrong = |pem: &str| VerifyKey::parse("k", pem.as_bytes()).unwrap_err();
    assert!(wrong("no key").contains("no public key"));
    assert!(
        wrong("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").contains("key type is not supported")
    );
    assert!(wrong("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n").contains("broken"));
}
