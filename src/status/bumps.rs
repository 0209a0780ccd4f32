//! The last commit of this tool that wrote to a place, by its message and trailers. This module must not read a
//! repository.
//!
//! The default message has a line `FILE: PATH: OLD -> NEW` for each place and a trailer `Image:` for each image. A message
//! of the user's own may have no more than the trailers: then it must name the file or the environment too.

#![deny(clippy::disallowed_methods)]

use crate::edit::Written;
use crate::git::Logged;
use crate::image::{Reference, Repository};
use crate::places::EnvironmentPlace;

/// What is known of a place when its last bump is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought<'a> {
    pub(super) repository: Option<&'a Repository>,
    pub(super) environment: Option<&'a str>,
    pub(super) file: &'a str,
    pub(super) path: &'a str,
    pub(super) written: &'a Written,
}

impl<'a> Sought<'a> {
    pub(super) fn of(seen: &'a EnvironmentPlace) -> Self {
        Self {
            repository: seen.holding.repository.as_ref(),
            environment: seen.environment.as_deref(),
            file: &seen.file,
            path: &seen.holding.path,
            written: &seen.holding.written,
        }
    }
}

/// A commit that wrote to a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match<'a> {
    pub(super) commit: &'a Logged,
    /// Whether the place still holds what it wrote.
    pub(super) is_current: bool,
}

/// The newest commit that wrote to the place.
pub(super) fn last<'a>(commits: &'a [Logged], sought: Sought<'_>) -> Option<Match<'a>> {
    commits.iter().find_map(|commit| {
        let is_current = wrote(&commit.message, sought)?;
        Some(Match { commit, is_current })
    })
}

/// A trailer's value.
pub(super) fn trailer<'m>(message: &'m str, key: &str) -> Option<&'m str> {
    trailers(message, key).next()
}

fn trailers<'m>(message: &'m str, key: &str) -> impl Iterator<Item = &'m str> {
    let message = message.trim_end();
    // Older commits have the marker behind the trailers.
    let message = message.strip_suffix("[skip ci]").unwrap_or(message).trim_end();
    let last = message.rsplit("\n\n").next().unwrap_or_default();
    last.lines().filter_map(move |line| Some(line.strip_prefix(key)?.strip_prefix(": ")?.trim()))
}

/// None when the message says nothing of the place; else whether the place holds what it says.
fn wrote(message: &str, sought: Sought<'_>) -> Option<bool> {
    let mut images = trailers(message, "Image").filter_map(|image| Reference::parse(image).ok());
    let image = images.find(|image| sought.repository.is_none_or(|sought| sought.is_same_as(&image.repository)))?;
    let (mut has_lines, mut is_named) = (false, false);
    for line in message.lines() {
        let Some((place, new)) = line.split_once(" -> ") else {
            continue;
        };
        has_lines = true;
        let Some(rest) = place.strip_prefix(sought.file).and_then(|rest| rest.strip_prefix(": ")) else {
            continue;
        };
        let is_written = is_same(sought.written, new);
        // An entry that stands elsewhere in its list today has another path, but not another version.
        let is_place = rest.strip_prefix(sought.path).is_some_and(|rest| rest.starts_with(": "));
        // Several documents of a file can have the same path: of their lines the one counts that fits.
        if is_written && (is_place || is_same_but_index(rest, sought.path)) {
            return Some(true);
        }
        is_named |= is_place;
    }
    if is_named {
        return Some(false);
    }
    let tag = image.tag.as_ref().map(ToString::to_string);
    let is_tag = tag.is_some() && tag == sought.written.tag;
    let names_place = message.contains(sought.file) || sought.environment.is_some_and(|name| has_word(message, name));
    (!has_lines && is_tag && names_place).then_some(true)
}

/// Whether a place holds `TAG` or `TAG@DIGEST`.
fn is_same(written: &Written, text: &str) -> bool {
    let (tag, digest) = text.trim().split_once('@').map_or((text.trim(), None), |(tag, digest)| (tag, Some(digest)));
    let is_digest = match (&written.digest, digest) {
        (Some(written), Some(digest)) => written == digest,
        _ => true,
    };
    written.tag.as_deref().unwrap_or_default() == tag && is_digest
}

/// Whether a line's place is the path but for the numbers in it.
fn is_same_but_index(line: &str, path: &str) -> bool {
    let place = line.split(": ").next().unwrap_or_default();
    let bare = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    place.contains('[') && bare(place) == bare(path)
}

fn has_word(text: &str, word: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_inner) && !after.is_some_and(is_inner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "Update app to 1.4.2 in prod\n\nvalues-prod.yaml: image.tag: 1.4.1 -> 1.4.2\n\n\
                        Image: r.io/team/app:1.4.2@sha256:x\nSource-Commit: https://g/-/commit/1\nPipeline: https://g/2\n";

    fn ours() -> String {
        OURS.replace("sha256:x", &format!("sha256:{}", "1".repeat(64)))
    }

    fn seen(message: &str, repository: &str, file: &str, path: &str, tag: &str) -> Option<bool> {
        let repository = Repository::parse(repository).ok();
        let written = Written { tag: Some(tag.to_owned()), digest: None };
        let sought =
            Sought { repository: repository.as_ref(), environment: Some("prod"), file, path, written: &written };
        wrote(message, sought)
    }

    #[test]
    fn the_default_message_names_the_place() {
        let message = ours();
        for (repository, file, path, tag, is_current) in [
            ("r.io/team/app", "values-prod.yaml", "image.tag", "1.4.2", Some(true)),
            ("", "values-prod.yaml", "image.tag", "1.4.2", Some(true)),
            ("r.io/team/app", "values-prod.yaml", "image.tag", "1.3", Some(false)),
            ("r.io/team/app", "values-prod.yaml", "other.tag", "1.4.2", None),
            ("r.io/team/web", "values-prod.yaml", "image.tag", "1.4.2", None),
            ("r.io/team/app", "values-staging.yaml", "image.tag", "1.4.2", None),
            ("r.io/team/app", "x/values-prod.yaml", "image.tag", "1.4.2", None),
        ] {
            assert_eq!(seen(&message, repository, file, path, tag), is_current, "{repository} {file} {path} {tag}");
        }
        let twice = "x\n\nall.yaml: image: 1 -> 2\nall.yaml: image: 5 -> 6\n\nImage: r.io/a:2\nImage: r.io/b:6\n";
        assert_eq!(seen(twice, "r.io/b", "all.yaml", "image", "6"), Some(true));
        assert_eq!(seen(twice, "r.io/b", "all.yaml", "image", "7"), Some(false));
        let moved = "x\n\no/kustomization.yaml: images[2].newTag: 1 -> 2\n\nImage: r.io/a:2\n";
        assert_eq!(seen(moved, "r.io/a", "o/kustomization.yaml", "images[0].newTag", "2"), Some(true));
        assert_eq!(seen(moved, "r.io/a", "o/kustomization.yaml", "images[0].newTag", "3"), None);
    }

    #[test]
    fn a_message_of_the_users_own_names_the_file_or_the_environment() {
        for (message, is_current) in [
            ("deploy to prod\n\nImage: r.io/a:2\n", Some(true)),
            ("deploy to prod-eu\n\nImage: r.io/a:2\n", None),
            ("deploy v.yaml\n\nImage: r.io/a:2\n", Some(true)),
            ("deploy to prod\n\nImage: r.io/a:1\n", None),
            ("deploy to prod\n\nImage: not an image\n", None),
            ("Image: r.io/a:2 in prod\n\nno trailer\n", None),
        ] {
            assert_eq!(seen(message, "r.io/a", "v.yaml", "image.tag", "2"), is_current, "{message}");
        }
    }

    #[test]
    fn the_newest_counts() {
        let logged = |id: &str, message: String| Logged { id: id.into(), author: String::new(), time: 0, message };
        let log = [logged("3", "by hand".into()), logged("2", ours()), logged("1", ours())];
        let written = Written { tag: Some("1.4.2".into()), digest: None };
        let (file, path) = ("values-prod.yaml", "image.tag");
        let sought = Sought { repository: None, environment: None, file, path, written: &written };
        assert_eq!(last(&log, sought).unwrap().commit.id, "2");
        assert_eq!(last(&log[..1], sought), None);
        assert_eq!(trailer(&log[1].message, "Pipeline"), Some("https://g/2"));
    }
}
