//! Any bytes as the text in a literal block: no panic, what was edited reads again inside and outside, and nothing outside
//! the text changes.
//!
//! The first byte picks the rules, the indentation and the path; the rest is the text.

#![no_main]

use gitops_bump::edit::{Job, Kind, KnownDigest, Path, Pin, Rules, Wanted, rewrite};
use gitops_bump::image::Reference;
use libfuzzer_sys::fuzz_target;
use serde_yaml::Value;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const HEAD: &str = "kind: Application\nspec:\n  source:\n    helm:\n      values: ";
const TAIL: &str = "      valueFiles: [\"x\", 'y']  # z\n";

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let bit = |number: u8| choice >> number & 1 == 1;
    let pin = if bit(0) { Pin::Digest } else { Pin::Tag };
    let rules = Rules { pin, create: bit(1), any_repository: bit(2), any_tag: false };
    let path = if bit(3) { "spec.source.helm.values.image" } else { "spec.source.helm.values[kind=A]a[0].b" };
    let kind = if bit(4) { Kind::Helm { path: Path::parse(path).ok() } } else { Kind::Manifest };
    let indent = 1 + usize::from(choice >> 5);
    let mut file = format!("{HEAD}|{indent}-\n");
    for line in text.split_inclusive('\n') {
        file.extend([&" ".repeat(6 + indent), line]);
    }
    let break_behind = if text.ends_with('\n') { "" } else { "\n" };
    file.extend([break_behind, TAIL]);
    let image = Reference::parse(&format!("r.io/team/app:1.10@{DIGEST}")).expect("the reference is well-formed");
    let wanted = [Wanted {
        repository: image.repository,
        tag: Some(image.tag.expect("the reference has a tag")),
        digest: KnownDigest::on_the_users_word(image.digest),
        same: Vec::new(),
    }];
    let jobs = [Job { kind, images: vec![0], rules }];
    let Ok(once) = rewrite("file.yaml", file.as_bytes(), &jobs, &wanted) else { return };
    assert_eq!(once.text != file, once.places.iter().any(|place| place.changed));
    let twice = rewrite("file.yaml", once.text.as_bytes(), &jobs, &wanted).expect("the result can be edited");
    assert_eq!(once.text, twice.text, "a second run changes it again");
    if once.text == file {
        return;
    }
    assert!(once.text.starts_with(HEAD) && once.text.ends_with(TAIL), "something outside the text changed");
    // The second parser is stricter in what it takes; where it took the file before, it takes it still.
    let values = |text: &str| -> Option<String> {
        let read: Value = serde_yaml::from_str(text).ok()?;
        Some(read.get("spec")?.get("source")?.get("helm")?.get("values")?.as_str()?.to_owned())
    };
    if let Some(before) = values(&file) {
        let after = values(&once.text).expect("the result is read by the second parser, too");
        assert_eq!(serde_yaml::from_str::<Value>(&before).is_ok(), serde_yaml::from_str::<Value>(&after).is_ok());
    }
});
