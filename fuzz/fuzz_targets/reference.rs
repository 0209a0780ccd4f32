//! Any text as a reference: no panic, and what is read is what is shown.

#![no_main]

use gitops_bump::image::{Digest, Reference, Repository, Tag};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(reference) = Reference::parse(text) {
        assert_eq!(reference.to_string(), text);
        assert!(reference.repository.is_same_as(&reference.repository));
        let full = format!("{}/{}", reference.repository.host(), reference.repository.path());
        // The full form of the longest names is too long to be read.
        if let Ok(full) = Repository::parse(&full) {
            assert!(full.is_same_as(&reference.repository), "{full}");
        }
    }
    if let Ok(repository) = Repository::parse(text) {
        assert_eq!(repository.to_string(), text);
    }
    if let Ok(tag) = Tag::parse(text) {
        assert_eq!(tag.to_string(), text);
        let _ = tag.looks_mutable();
    }
    if let Ok(digest) = Digest::parse(text) {
        assert_eq!(digest.to_string(), text);
    }
});
