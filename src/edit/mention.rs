//! Where a text names a repository, whatever stands around it, and which version it gives it. This module must not know
//! that the text is YAML.

#![deny(clippy::disallowed_methods)]

use super::recognise::Expression;
use crate::image::{DOCKER_HUB, Digest, Reference, Repository, Tag};

/// How far around a name a text is read, in bytes.
const AROUND: usize = 512;

/// A repository's name in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention<'t> {
    /// Where the name begins.
    pub(super) start: usize,
    /// The name and its version, as they are written.
    pub(super) text: &'t str,
    pub(super) version: Version<'t>,
    /// Whether only the case of its letters tells the name from the repository.
    pub(super) is_other_case: bool,
    /// Whether it can be nothing but an image: it has a path, or stands behind a word that ends in `image`.
    pub(super) is_image: bool,
}

/// What stands behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Version<'t> {
    None,
    Held {
        tag: Option<Tag>,
        digest: Option<Digest>,
    },
    /// What another program replaces.
    Expression(Expression),
    /// Text that is no tag.
    Other(&'t str),
}

/// The mentions of a repository; `lower` is the text in lower case.
pub(super) fn mentions<'t>(
    text: &'t str,
    lower: &str,
    repository: &Repository,
) -> impl Iterator<Item = Mention<'t>> + use<'t> {
    let path = repository.path();
    let needle = match path.strip_prefix("library/").map(str::to_owned) {
        Some(short) if repository.host() == DOCKER_HUB => short,
        _ => path,
    };
    let found: Vec<usize> = lower.match_indices(&needle).map(|(at, _)| at).collect();
    let repository = repository.clone();
    found.into_iter().filter_map(move |at| mention(text, at..at + needle.len(), &repository))
}

fn mention<'t>(text: &'t str, needle: std::ops::Range<usize>, repository: &Repository) -> Option<Mention<'t>> {
    let bytes = text.as_bytes();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:".contains(&byte);
    let least = needle.start.saturating_sub(AROUND);
    let first = (least..needle.start).rev().take_while(|at| is_name(bytes[*at])).last().unwrap_or(needle.start);
    let (name, is_other_case) = named(text.get(first..needle.end)?, repository)?;
    let start = needle.end - name.len();
    let line = text.get(needle.end..text.floor_char_boundary(needle.end + AROUND))?.split(['\n', '\r']).next()?;
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    if line.starts_with(goes_on) || line.strip_prefix('.').is_some_and(|rest| rest.starts_with(goes_on)) {
        return None;
    }
    let (length, version) = version(line);
    let before = text.get(text.floor_char_boundary(start.saturating_sub(AROUND))..start)?;
    Some(Mention {
        start,
        text: text.get(start..needle.end + length)?,
        version,
        is_other_case,
        is_image: name.contains('/') || is_behind_image(before),
    })
}

/// The repository's name at the end of a text, and whether its letters' case is another.
fn named<'t>(text: &'t str, repository: &Repository) -> Option<(&'t str, bool)> {
    let text = text.rsplit_once("://").map_or(text, |(_, name)| name);
    let behind_colons = text.match_indices(':').filter_map(|(at, _)| text.get(at + 1..));
    let is_own = |name: &str| Repository::parse(name).is_ok_and(|named| named.is_same_as(repository));
    let one = |name: &'t str| {
        (is_own(name) && !name.is_empty())
            .then_some((name, false))
            .or_else(|| is_own(&name.to_ascii_lowercase()).then_some((name, true)))
    };
    std::iter::once(text).chain(behind_colons).take(4).find_map(one)
}

/// The version that a text begins with, and how long it is.
fn version(line: &str) -> (usize, Version<'_>) {
    if !line.starts_with([':', '@']) {
        return (0, Version::None);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '@' | '.' | '_' | '-');
    let end = line.find(|c| !plain(c)).unwrap_or(line.len());
    let (held, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    if let Some((0, expression)) = Expression::find(rest) {
        return (end + closed(rest), Version::Expression(expression));
    }
    let held = held.trim_end_matches(['.', ':', '-', '@']);
    if let Ok(Reference { tag, digest, .. }) = Reference::parse(&format!("a/b{held}"))
        && (tag.is_some() || digest.is_some())
    {
        return (held.len(), Version::Held { tag, digest });
    }
    let word = line.split([' ', '\t', '"', '\'', ',', ')', ']', '}']).next().unwrap_or_default();
    match word.get(1..) {
        Some(other) if !other.is_empty() => (word.len(), Version::Other(other)),
        _ => (0, Version::None),
    }
}

/// How long an expression at the beginning of a text is.
fn closed(text: &str) -> usize {
    let close =
        [("{{", "}}"), ("<<", ">>"), ("${", "}"), ("$(", ")")].into_iter().find(|(open, _)| text.starts_with(open));
    let end = close.and_then(|(_, close)| Some(text.find(close)? + close.len()));
    end.unwrap_or_else(|| text.find([' ', '\t', '"', '\'']).unwrap_or(text.len()))
}

/// `image: `, `--worker-image=`: whether a text ends in such a word.
fn is_behind_image(before: &str) -> bool {
    let before = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    let word = before.trim_end_matches(['"', '\'', ' ', '\\']);
    let key = word.strip_suffix([':', '=']).unwrap_or_default().trim_end_matches(['"', '\'', ' ', '\\']);
    key.len() >= 5 && key.get(key.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case("image"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, repository: &str) -> Vec<String> {
        let repository = Repository::parse(repository).unwrap();
        let shown = |mention: Mention<'_>| {
            assert_eq!(text.get(mention.start..mention.start + mention.text.len()), Some(mention.text));
            let version = match mention.version {
                Version::None => "-".to_owned(),
                Version::Held { tag, digest } => format!(
                    "{}{}",
                    tag.map_or_else(String::new, |tag| tag.to_string()),
                    if digest.is_some() { "@" } else { "" }
                ),
                Version::Expression(_) => "expression".to_owned(),
                Version::Other(text) => format!("other {text}"),
            };
            let case = if mention.is_other_case { " case" } else { "" };
            format!("{} {version}{case}{}", mention.text, if mention.is_image { "" } else { " word" })
        };
        mentions(text, &text.to_ascii_lowercase(), &repository).map(shown).collect()
    }

    #[test]
    fn a_name_is_found_in_any_text() {
        let digest = format!("r.io/a/b@sha256:{}", "1".repeat(64));
        for (text, expected) in [
            ("image: r.io/a/b:1.4.1\nx", "r.io/a/b:1.4.1 1.4.1"),
            ("--worker-image=R.io/a/b:1", "R.io/a/b:1 1"),
            ("image:r.io/a/b:1", "r.io/a/b:1 1"),
            ("see r.io/a/b:1.4.1.", "r.io/a/b:1.4.1 1.4.1"),
            ("docker://r.io/a/b:1", "r.io/a/b:1 1"),
            ("{\"image\":\"r.io/a/b:1\"}", "r.io/a/b:1 1"),
            (&digest, &format!("{digest} @")),
            ("r.io/a/b:${TAG:=1}-x", "r.io/a/b:${TAG:=1} expression"),
            ("r.io/a/b:v{{ .tag }} c", "r.io/a/b:v{{ .tag }} expression"),
            ("r.io/a/b:<< inputs.tag >>", "r.io/a/b:<< inputs.tag >> expression"),
            ("r.io/a/b:>=1.4, r", "r.io/a/b:>=1.4 other >=1.4"),
            ("r.io/a/b:%TAG%\"", "r.io/a/b:%TAG% other %TAG%"),
            ("repository: r.io/a/b # x", "r.io/a/b -"),
            ("r.io/A/b:1", "r.io/A/b:1 1 case"),
        ] {
            assert_eq!(found(text, "r.io/a/b"), [expected], "{text}");
        }
        for other in ["r.io/a/bc:1", "r.io/a/b/c:1", "r.io/a/b-c:1", "xr.io/a/b:1", "r.io/a/b.c:1", "a/b:1", "é/a/b:1"]
        {
            assert_eq!(found(other, "r.io/a/b"), Vec::<String>::new(), "{other}");
        }
    }

    #[test]
    fn a_single_word_is_an_image_behind_such_a_key() {
        for (text, expected) in [
            ("image: nginx:1.25", "nginx:1.25 1.25"),
            ("--init-image=\"nginx:1.25\"", "nginx:1.25 1.25"),
            ("docker.io/library/nginx:1", "docker.io/library/nginx:1 1"),
            ("host: nginx:80", "nginx:80 80 word"),
        ] {
            assert_eq!(found(text, "nginx"), [expected], "{text}");
        }
        assert_eq!(found("my-nginx:1 nginx-x:2", "nginx"), Vec::<String>::new());
    }
}
