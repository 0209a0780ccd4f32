//! Signatures by an authority, a clock and a log of the tests' own (`tests/fixtures/keyless/make`), right ones and wrong ones.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tests::{GITLAB, MAIN, identity, read};
use super::{Identity, Root, Signed};
use crate::image::{Algorithm, Digest, ProvenDigest};

/// A payload as cosign 2 stores it.
#[derive(Clone, Deserialize)]
struct Simple {
    payload: String,
    annotations: BTreeMap<String, String>,
}

fn made(name: &str) -> Vec<u8> {
    read(&format!("keyless/made/{name}.json"))
}

fn root(name: &str) -> Root {
    Root::parse(&String::from_utf8(made(name)).unwrap()).unwrap()
}

fn digest() -> Digest {
    ProvenDigest::of_bytes(b"the manifest", Algorithm::Sha256).digest().clone()
}

fn bundle(name: &str, wanted: &Identity) -> Result<Signed, String> {
    root("root").verify(&made(name), &digest(), std::slice::from_ref(wanted))
}

impl Simple {
    fn read() -> Self {
        serde_json::from_slice(&made("simple")).unwrap()
    }

    fn without(mut self, annotation: &str) -> Self {
        self.annotations.remove(&format!("dev.sigstore.cosign/{annotation}")).unwrap();
        self
    }

    fn verdict(&self, root: &Root) -> Result<Signed, String> {
        root.verify_simple(self.payload.as_bytes(), &self.annotations, &[identity(MAIN, GITLAB)])
    }
}

#[test]
fn a_job_and_a_person_sign() {
    assert_eq!(bundle("job", &identity(MAIN, GITLAB)).unwrap().identity, MAIN);
    // Its issuer stands in the older extension alone.
    let person = bundle("person", &identity("*@example.com", GITLAB)).unwrap();
    assert_eq!((person.identity.as_str(), person.issuer.as_str()), ("ann@example.com", GITLAB));
    assert!(bundle("person", &identity(MAIN, GITLAB)).unwrap_err().contains("ann@example.com"));
}

#[test]
fn a_certificate_that_is_not_for_this_or_not_for_now_is_refused() {
    for (name, reason) in [
        ("server", "RequiredEkuNotFound"),
        ("authority", "CaUsedAsEndEntity"),
        ("expired", "CertExpired"),
        ("early", "CertNotValidYet"),
        ("unnamed", "names no issuer"),
    ] {
        let found = bundle(name, &identity(MAIN, GITLAB)).unwrap_err();
        assert!(found.contains(reason), "{name}: {found}");
    }
}

#[test]
fn the_annotations_of_cosign_2_hold_by_a_log_or_a_clock() {
    let (by_clock, by_log) = (root("root"), root("root-log"));
    for (simple, root) in [
        (Simple::read(), &by_clock),
        (Simple::read(), &by_log),
        (Simple::read().without("bundle"), &by_clock),
        (Simple::read().without("rfc3161timestamp"), &by_log),
    ] {
        assert_eq!(simple.verdict(root).unwrap().identity, MAIN);
    }
    for (simple, root) in [
        (Simple::read().without("bundle"), &by_log),
        (Simple::read().without("rfc3161timestamp"), &by_clock),
        (Simple::read().without("certificate"), &by_clock),
    ] {
        simple.verdict(root).unwrap_err();
    }
    let keyed = Simple::read().without("certificate").verdict(&by_log).unwrap_err();
    assert_eq!(keyed, "a signature with a key, not by an identity");
}

#[test]
fn whatever_byte_of_the_annotations_is_flipped_nothing_is_accepted() {
    let by_log = root("root-log");
    let simple = Simple::read().without("rfc3161timestamp");
    let original = simple.verdict(&by_log).unwrap();
    for (at, _) in simple.payload.char_indices() {
        let mut changed = simple.clone();
        changed.payload = flipped(&simple.payload, at);
        assert!(changed.verdict(&by_log).is_err(), "payload {at}");
    }
    for (name, text) in &simple.annotations {
        let mut refused = 0;
        for (at, _) in text.char_indices() {
            let mut changed = simple.clone();
            changed.annotations.insert(name.clone(), flipped(text, at));
            match changed.verdict(&by_log) {
                Err(_) => refused += 1,
                // White space between the lines of PEM and the parts of JSON.
                Ok(signed) => assert!(
                    signed == original && text[at..].starts_with(['\n', ' ']),
                    "{name} {at}: {:?}",
                    &text[..=at]
                ),
            }
        }
        assert!(refused * 10 > text.len() * 9, "{name}: {refused} of {}", text.len());
    }
}

fn flipped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] ^= 1;
    String::from_utf8(bytes).unwrap()
}
