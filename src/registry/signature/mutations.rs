//! Every byte of what real tools wrote, changed: what is accepted then is still the same signature of the same payload.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::carrier::{Carrier, Parcel, Wanted};
use super::payload::{Subject, signer};
use crate::image::{Algorithm, Digest, ProvenDigest, Reference};
use crate::registry::VerifyKey;

/// The recorded cases that are signed by a key.
const CASES: [&str; 8] = [
    "cosign2.5-oci-1-1",
    "cosign2.5-sig-tag-p256",
    "cosign2.5-sig-tag-rsa4096",
    "cosign3.1-attestation-and-signature",
    "cosign3.1-bundle-annotations",
    "cosign3.1-bundle-fallback-tag",
    "cosign3.1-bundle-referrers-api",
    "skopeo1.22-sigstore",
];

struct Case {
    keys: Vec<VerifyKey>,
    image: Reference,
    digest: Digest,
    /// The manifests that hold carriers.
    manifests: Vec<Vec<u8>>,
    blobs: Vec<(Digest, Vec<u8>)>,
}

impl Case {
    fn read(name: &str) -> Self {
        let directory: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cosign").join(name);
        let bytes = |file: &str| std::fs::read(directory.join(file)).ok();
        let readme = String::from_utf8(bytes("README").unwrap()).unwrap();
        let image = readme.lines().find_map(|line| line.strip_prefix("image ")).unwrap();
        let blobs: Vec<(Digest, Vec<u8>)> = std::fs::read_dir(directory.join("blobs"))
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .map(|blob| (digest(&blob), blob))
            .collect();
        let all = blobs.iter().map(|(_, blob)| blob.clone()).chain(bytes("sig-tag.json"));
        Self {
            keys: VerifyKey::parse("key.pub", &bytes("key.pub").unwrap()).unwrap(),
            image: Reference::parse(image).unwrap(),
            digest: digest(&bytes("image-manifest.json").unwrap()),
            manifests: all.filter(|blob| !Parcel::all_of(blob, Wanted::Signatures).is_empty()).collect(),
            blobs,
        }
    }

    /// What the key signed: the carriers that are accepted, of these manifests with these blobs.
    fn accepted(&self, manifest: &[u8]) -> Vec<Carrier> {
        let subject = Subject { image: &self.image, digest: &self.digest, signed_as: &[], annotations: &[] };
        let carriers = Parcel::all_of(manifest, Wanted::Signatures).into_iter().flat_map(|parcel| {
            let blob = self.blobs.iter().find(|(digest, _)| *digest == parcel.digest);
            blob.map(|(_, blob)| parcel.carriers(blob.clone())).unwrap_or_default()
        });
        carriers.filter(|carrier| signer(carrier, &self.keys, &subject).is_ok()).collect()
    }

    /// The same with what the blobs are said to be, whatever they are: as if their digests had been changed, too.
    fn accepted_anyhow(&self, manifest: &[u8], original: &Digest, changed: &[u8]) -> Vec<Carrier> {
        let subject = Subject { image: &self.image, digest: &self.digest, signed_as: &[], annotations: &[] };
        let own = Parcel::all_of(manifest, Wanted::Signatures).into_iter().filter(|own| own.digest == *original);
        let carriers = own.flat_map(|parcel| parcel.carriers(changed.to_vec()));
        carriers.filter(|carrier| signer(carrier, &self.keys, &subject).is_ok()).collect()
    }
}

fn digest(bytes: &[u8]) -> Digest {
    ProvenDigest::of_bytes(bytes, Algorithm::Sha256).digest().clone()
}

/// What is signed, and the signature: all of a carrier that has a meaning.
fn essence(carrier: &Carrier) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match carrier {
        Carrier::Simple { payload, notes } => {
            vec![String::from_utf8_lossy(payload).into_owned(), Carrier::signature_of(notes).trim().to_owned()]
        }
        Carrier::Envelope { bytes } | Carrier::Bundle { bytes } => {
            // Text without a meaning may be no UTF-8 any more.
            let bundle: Value = serde_json::from_str(&String::from_utf8_lossy(bytes)).unwrap();
            let envelope = &bundle["dsseEnvelope"];
            [&envelope["payload"], &envelope["payloadType"], &envelope["signatures"][0]["sig"]].map(text).to_vec()
        }
    }
}

/// Each byte changed in several ways, dropped, and doubled.
fn variants(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(move |at| {
        let mut flipped: Vec<Vec<u8>> = [0x01, 0x02, 0x20, 0x80]
            .into_iter()
            .map(|bit| {
                let mut changed = bytes.to_vec();
                changed[at] ^= bit;
                changed
            })
            .collect();
        let (before, after) = bytes.split_at(at);
        flipped.push([before, after.get(1..).unwrap_or_default()].concat());
        flipped.push([before, after.get(..1).unwrap_or_default(), after].concat());
        flipped
    })
}

#[test]
fn no_changed_byte_makes_another_signature() {
    let (mut refused, mut meaningless) = (0_u32, 0_u32);
    let mut count = |accepted: Vec<Carrier>, original: &[String]| {
        if accepted.is_empty() {
            refused += 1;
        }
        for carrier in accepted {
            assert_eq!(essence(&carrier), original);
            meaningless += 1;
        }
    };
    for name in CASES {
        let case = Case::read(name);
        let mut signed = 0;
        for manifest in &case.manifests {
            let Some(original) = case.accepted(manifest).first().map(essence) else { continue };
            signed += 1;
            variants(manifest).for_each(|changed| count(case.accepted(&changed), &original));
            for (digest, blob) in &case.blobs {
                if case.accepted_anyhow(manifest, digest, blob).is_empty() {
                    continue;
                }
                variants(blob).for_each(|changed| count(case.accepted_anyhow(manifest, digest, &changed), &original));
            }
        }
        assert!(signed > 0, "{name}");
    }
    assert!(refused > 20_000, "{refused} refused, {meaningless} still the same");
}

#[test]
fn no_signature_is_of_another_image_or_by_another_key() {
    let cases = CASES.map(|name| (name, Case::read(name)));
    for (name, case) in &cases {
        for (other_name, other) in cases.iter().filter(|(other_name, _)| other_name != name) {
            let replayed = Case { digest: other.digest.clone(), image: other.image.clone(), ..Case::read(name) };
            assert!(case.manifests.iter().all(|own| replayed.accepted(own).is_empty()), "{name} {other_name}");
        }
        let other = Case::read(if name.starts_with("cosign2.5-sig-tag-rsa") { CASES[1] } else { CASES[2] });
        let foreign = Case { keys: other.keys, ..Case::read(name) };
        assert!(case.manifests.iter().all(|own| foreign.accepted(own).is_empty()), "{name}");
    }
}
