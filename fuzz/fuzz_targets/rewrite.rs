//! The whole edit on any bytes: no panic, and a second run has nothing to do.
//!
//! The first byte picks the kind and the rules; the rest is the file.

#![no_main]

use gitops_bump::edit::{Job, Kind, KnownDigest, Path, Pin, Rules, Wanted, rewrite};
use gitops_bump::image::Reference;
use libfuzzer_sys::fuzz_target;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_first() else { return };
    let bit = |number: u8| choice >> number & 1 == 1;
    let pin = if bit(2) { Pin::Digest } else { Pin::Tag };
    let rules = Rules { pin, create: bit(3), any_repository: bit(4), any_tag: false };
    let kind = match choice & 3 {
        0 => Kind::Helm { path: None },
        1 => Kind::Helm { path: Path::parse("image").ok() },
        2 => Kind::Kustomize { name: bit(5).then(|| "app".to_owned()) },
        _ => Kind::Manifest,
    };
    let tag = if bit(6) { "1.10" } else { "v2" };
    let text = if bit(7) { format!("r.io/team/app:{tag}") } else { format!("r.io/team/app:{tag}@{DIGEST}") };
    let image = Reference::parse(&text).expect("the reference is well-formed");
    let wanted = [Wanted {
        repository: image.repository,
        tag: Some(image.tag.expect("the reference has a tag")),
        digest: KnownDigest::on_the_users_word(image.digest),
        same: Vec::new(),
    }];
    let jobs = [Job { kind, images: vec![0], rules }];
    let Ok(once) = rewrite("file.yaml", file, &jobs, &wanted) else { return };
    assert_eq!(once.text.as_bytes() != file, once.places.iter().any(|place| place.changed));
    let twice = rewrite("file.yaml", once.text.as_bytes(), &jobs, &wanted).expect("the result can be edited");
    assert_eq!(once.text, twice.text, "a second run changes it again");
});
