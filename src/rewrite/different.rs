//! Whether the places of one image may all get one tag; this module must not look for places.
//!
//! Places that match hold one tag as long as they are one thing. Where they hold different ones (`1.4.1-php` and
//! `1.4.1-nginx`, dev and prod in one file), a single tag is not what all of them should get.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::effect::{Edited, Effects};
use super::error::{HeldTag, RewriteError};
use crate::edit::{Place, Wanted};
use crate::plan::Target;

/// Refuses a target whose places of one image hold different tags. A place that a target names by PATH or NAME is the user's
/// own choice, one without a tag says nothing, and one that something else written overrides does not count.
pub(super) fn require_one_each(
    targets: &[Target],
    wanted: &[Wanted],
    edited: &[Edited<'_>],
    effects: &Effects,
) -> Result<(), RewriteError> {
    let mut all: BTreeMap<(usize, usize), Vec<HeldTag>> = BTreeMap::new();
    for Edited { file, targets: numbers } in edited {
        let target = |job: &usize| numbers.get(*job).and_then(|&number| Some((number, targets.get(number)?)));
        let stays = |place: &Place| wanted.get(place.image).is_some_and(|wanted| wanted.same.contains(&place.old));
        let written = file.places.iter().filter(|place| !stays(place));
        for place in written.filter(|place| !effects.is_overridden(&file.path, place)) {
            let asking: Vec<_> = place.jobs.iter().filter_map(target).collect();
            if asking.iter().any(|(_, target)| target.kind.is_addressed()) {
                continue;
            }
            let own = place.old.tag.iter().map(|tag| (tag.clone(), format!("{}:{}", file.path, place.line)));
            let below = effects.below(&file.path, place).iter().filter(|_| place.old.tag.is_none()).cloned();
            let held: Vec<HeldTag> = own.chain(below).map(|(tag, place)| HeldTag { tag, place }).collect();
            for (number, _) in asking.into_iter().filter(|(_, target)| !target.rules.any_tag) {
                all.entry((number, place.image)).or_default().extend(held.iter().cloned());
            }
        }
    }
    for ((number, image), held) in all {
        if let (Some(target), Some(wanted)) = (targets.get(number), wanted.get(image)) {
            require_one_tag(&super::named(target), wanted, held)?;
        }
    }
    Ok(())
}

/// Refuses places of one image that hold different tags now, the wanted one aside; `file` is their target.
fn require_one_tag(file: &str, wanted: &Wanted, held: impl IntoIterator<Item = HeldTag>) -> Result<(), RewriteError> {
    let others: Vec<HeldTag> = held.into_iter().filter(|held| !wanted.has_tag(&held.tag)).collect();
    let tags: BTreeSet<&str> = others.iter().map(|held| held.tag.as_str()).collect();
    if tags.len() < 2 {
        return Ok(());
    }
    Err(RewriteError::DifferentTags {
        file: file.to_owned(),
        image: wanted.repository.to_string(),
        wanted: wanted.version(),
        held: others,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Kind, KnownDigest, Path, Rules};
    use crate::image::{Digest, Repository, Tag};
    use crate::rewrite::{Rewrite, rewrite};
    use crate::tree::{Entry, Found};

    const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    fn target(file: &str, kind: Kind, any_tag: bool) -> Target {
        Target { file: file.to_owned(), kind, images: vec![0], rules: Rules { any_tag, ..Rules::default() } }
    }

    fn run(targets: &[Target], found: &[Found]) -> Result<Rewrite, RewriteError> {
        let digest = KnownDigest::on_the_users_word(Digest::parse(DIGEST).ok());
        let (repository, tag) = (Repository::parse("r.io/a").unwrap(), Tag::parse("3").unwrap());
        let wanted = [Wanted { repository, tag: Some(tag), digest, same: Vec::new() }];
        rewrite(targets, (found, &crate::rewrite::Trees::default()), &wanted)
    }

    fn file(text: &str) -> Found {
        Found::File(text.as_bytes().to_vec())
    }

    #[test]
    fn a_target_is_judged_as_a_whole() {
        let pod = |tag: &str| file(&format!("kind: Pod\nspec: {{containers: [{{image: 'r.io/a:{tag}'}}]}}\n"));
        let entry = |name: &str, tag: &str| Entry { name: name.to_owned(), found: pod(tag) };
        let directory = |any_tag| target("d", Kind::Manifest, any_tag);
        let two = || Found::Directory(vec![entry("x.yaml", "1"), entry("y.yaml", "2")]);
        let error = run(&[directory(false)], &[two()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "d: its places of r.io/a hold different tags now: 1 (d/x.yaml:2), 2 (d/y.yaml:2)"
        );
        assert!(error.hint().contains("--any-tag"));
        assert_eq!(run(&[directory(true)], &[two()]).unwrap().changed().count(), 2);
        // Two targets may differ: each is one thing.
        let targets = [target("x.yaml", Kind::Manifest, false), target("y.yaml", Kind::Manifest, false)];
        assert!(run(&targets, &[pod("1"), pod("2")]).is_ok());
    }

    #[test]
    fn only_tags_that_are_there_and_match_count() {
        let pinned = format!("1@{DIGEST}");
        for (text, is_refused) in [
            ("x: r.io/a:1\ny: r.io/a:2\n", true),
            ("x: r.io/a:1\ny: r.io/a:3\nz: r.io/b:2\n", false),
            ("x: r.io/a:1\ny: {repository: r.io/a, tag: ''}\n", false),
            ("x: r.io/a:1\ny: r.io/a@DIGEST\n", false),
            ("x: r.io/a:1\ny: r.io/a:PINNED\nz: {repository: r.io/a, tag: PINNED}\n", false),
            ("x: r.io/a:2\ny: r.io/a:PINNED\n", true),
        ] {
            let text = text.replace("DIGEST", DIGEST).replace("PINNED", &pinned);
            let result = run(&[target("f.yaml", Kind::Helm { path: None }, false)], &[file(&text)]);
            match result {
                Err(RewriteError::DifferentTags { held, .. }) => assert!(is_refused && held.len() == 2, "{text}"),
                result => assert!(result.is_ok() && !is_refused, "{text}"),
            }
        }
    }

    #[test]
    fn a_place_with_a_path_is_the_users_choice() {
        let text = "x: r.io/a:1\ny: r.io/a:2\n";
        let at = |path: &str| target("f.yaml", Kind::Helm { path: Path::parse(path).ok() }, false);
        let again = || Found::Again { path: "f.yaml".to_owned() };
        assert!(run(&[at("x"), at("y")], &[file(text), again()]).is_ok());
        let all = target("f.yaml", Kind::Helm { path: None }, false);
        assert!(run(&[at("x"), all.clone()], &[file(text), again()]).is_ok());
        assert!(run(&[all.clone(), all], &[file(text), again()]).is_err());
    }
}
