//! Any PATH on any file: no panic, a path survives being shown, and what it names is one place.
//!
//! The first line is the path; the rest is the file.

#![no_main]

use gitops_bump::edit::{Job, Kind, KnownDigest, Path, Rules, Wanted, rewrite};
use gitops_bump::image::{Repository, Tag};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (path, file) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(path) = Path::parse(path) else { return };
    let shown = path.to_string();
    // Escapes make it longer; a path at the limit can't be read back.
    if shown.len() <= 4096 {
        assert_eq!(Path::parse(&shown).as_ref(), Ok(&path), "{shown}");
    }
    let wanted = [Wanted {
        repository: Repository::parse("r.io/team/app").expect("the repository is well-formed"),
        tag: Some(Tag::parse("v2").expect("the tag is well-formed")),
        digest: KnownDigest::Unknown,
        same: Vec::new(),
    }];
    let rules = Rules { create: true, any_repository: true, ..Rules::default() };
    let jobs = [Job { kind: Kind::Helm { path: Some(path) }, images: vec![0], rules }];
    if let Ok(result) = rewrite("file.yaml", file.as_bytes(), &jobs, &wanted) {
        assert_eq!(result.places.len(), 1);
    }
});
