//! What the second parser reads before and after differs in the written values alone.
//!
//! The first line is the tag; the rest is the file.

#![no_main]

use gitops_bump::edit::{Job, Kind, KnownDigest, Rules, Wanted, rewrite};
use gitops_bump::image::{Repository, Tag};
use libfuzzer_sys::fuzz_target;
use serde_yaml::{Deserializer, Value};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((tag, file)) = text.split_once('\n') else { return };
    let Ok(tag) = Tag::parse(tag) else { return };
    let repository = Repository::parse("r.io/team/app").expect("the repository is well-formed");
    let wanted = [Wanted { repository, tag: Some(tag.clone()), digest: KnownDigest::Unknown, same: Vec::new() }];
    let jobs = [Job { kind: Kind::Helm { path: None }, images: vec![0], rules: Rules::default() }];
    let Ok(result) = rewrite("file.yaml", file.as_bytes(), &jobs, &wanted) else { return };
    // Not every text that one parser takes is one to the other; what both take must agree.
    let Some(before) = read(file) else { return };
    let after = read(&result.text).unwrap_or_else(|| panic!("no longer readable:\n{}", result.text));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        compare(before, after, tag.as_str());
    }
});

fn read(text: &str) -> Option<Vec<Value>> {
    use serde::Deserialize as _;
    Deserializer::from_str(text).map(|document| Value::deserialize(document).ok()).collect()
}

fn compare(before: &Value, after: &Value, tag: &str) {
    match (before, after) {
        (Value::Mapping(before), Value::Mapping(after)) => {
            for (key, value) in before {
                compare(value, after.get(key).expect("no key is lost"), tag);
            }
            // A kustomization's entry may lack its newTag.
            let is_expected = |key: &Value| before.contains_key(key) || key.as_str() == Some("newTag");
            assert!(after.keys().all(is_expected), "a key is added");
        }
        (Value::Sequence(before), Value::Sequence(after)) => {
            assert_eq!(before.len(), after.len());
            before.iter().zip(after).for_each(|(before, after)| compare(before, after, tag));
        }
        (Value::Tagged(before), Value::Tagged(after)) => {
            assert_eq!(before.tag, after.tag);
            compare(&before.value, &after.value, tag);
        }
        (before, after) if before == after => {}
        (before, after) => {
            let text = after.as_str().unwrap_or_else(|| panic!("{after:?} is no string"));
            // A text that holds YAML is edited as a file in the file.
            let is_file = |values: &Vec<Value>| values.iter().all(|value| value.is_mapping() || value.is_sequence());
            let before_inside = before.as_str().and_then(read).filter(is_file);
            match before_inside.zip(read(text).filter(is_file)) {
                Some((before, after)) => compare(&before.into(), &after.into(), tag),
                None => assert!(text == tag || text.ends_with(&format!(":{tag}")), "{before:?} became {after:?}"),
            }
        }
    }
}
