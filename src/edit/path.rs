//! The grammar of a PATH in a YAML file; this module must not know any file.
//!
//! `backend.image`, `a\.b.c` (a dot inside a key), `list[0]` or `list.0`, `[name=web]`; before all that, filters that pick the
//! document: `[kind=Application][metadata.name=shop]spec.source`.

#![deny(clippy::disallowed_methods)]

use std::fmt;

/// The longest path that is read, in bytes.
const MAX_BYTES: usize = 4096;

/// A way from a document's root to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub(super) segments: Vec<Segment>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// A mapping's key; digits alone may be an index too.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
    /// The item (or, where a path begins, the document) in which this value stands under the key, or under the keys that lead
    /// to it.
    Filter { key: Vec<String>, value: String },
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing, or nothing between two dots.
    #[error("the path {0:?} has an empty key")]
    Empty(String),
    /// `[` without `]`.
    #[error("the path {0:?} has a bracket that is not closed")]
    Unclosed(String),
    /// Neither `[0]` nor `[name=web]`.
    #[error("the path {path:?} has {inside:?} in brackets, which is neither an index nor KEY=VALUE")]
    Bracket {
        /// The whole path.
        path: String,
        /// What the brackets hold.
        inside: String,
    },
    /// Something other than a dot or a bracket behind a bracket.
    #[error("the path {0:?} needs a dot after the bracket")]
    Separator(String),
    /// Absurdly long.
    #[error("the path is longer than {MAX_BYTES} bytes")]
    Long,
}

impl Path {
    /// Parses a path. A backslash takes the next character as it is.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.len() > MAX_BYTES {
            return Err(PathError::Long);
        }
        let mut segments = Vec::new();
        let mut rest = text;
        loop {
            if let Some(bracket) = rest.strip_prefix('[') {
                let (inside, behind) = until(bracket, |c| c == ']');
                rest = behind.strip_prefix(']').ok_or_else(|| PathError::Unclosed(text.to_owned()))?;
                segments.push(bracketed(text, bracket, &inside)?);
            } else {
                let (key, behind) = until(rest, |c| matches!(c, '.' | '['));
                if key.is_empty() {
                    return Err(PathError::Empty(text.to_owned()));
                }
                segments.push(Segment::Key(key));
                rest = behind;
            }
            match rest.chars().next() {
                None => return Ok(Self { segments }),
                Some('.') => rest = rest.strip_prefix('.').unwrap_or_default(),
                Some('[') => {}
                Some(_) if segments.iter().all(|segment| matches!(segment, Segment::Filter { .. })) => {}
                Some(_) => return Err(PathError::Separator(text.to_owned())),
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&behind("", &self.segments))
    }
}

/// The text of a path with more segments behind it.
pub(super) fn behind(path: &str, segments: &[Segment]) -> String {
    let mut text = path.to_owned();
    for segment in segments {
        segment.append_to(&mut text);
    }
    text
}

impl Segment {
    /// Writes the segment behind a path's text.
    pub(super) fn append_to(&self, path: &mut String) {
        match self {
            Self::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                push_escaped(path, key, &['.', '[', '\\']);
            }
            Self::Index(index) => path.extend(["[", &index.to_string(), "]"]),
            Self::Filter { key, value } => {
                path.push('[');
                for (at, key) in key.iter().enumerate() {
                    path.push_str(if at == 0 { "" } else { "." });
                    push_escaped(path, key, &['.', '=', ']', '\\']);
                }
                path.push('=');
                push_escaped(path, value, &[']', '\\']);
                path.push(']');
            }
        }
    }
}

fn push_escaped(path: &mut String, text: &str, special: &[char]) {
    for c in text.chars() {
        if special.contains(&c) {
            path.push('\\');
        }
        path.push(c);
    }
}

/// The unescaped text before a stop character, and the rest from that character on.
fn until(text: &str, stops: impl Fn(char) -> bool) -> (String, &str) {
    let mut taken = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if stops(c) {
            return (taken, text.get(at..).unwrap_or_default());
        }
        match c {
            '\\' => taken.push(chars.next().map_or('\\', |(_, escaped)| escaped)),
            c => taken.push(c),
        }
    }
    (taken, "")
}

/// What stands in brackets: `0` or `key=value`. `raw` is the text with its escapes, from the bracket on.
fn bracketed(path: &str, raw: &str, inside: &str) -> Result<Segment, PathError> {
    let wrong = || PathError::Bracket { path: path.to_owned(), inside: inside.to_owned() };
    if !inside.is_empty() && inside.chars().all(|c| c.is_ascii_digit()) {
        return inside.parse().map(Segment::Index).map_err(|_| wrong());
    }
    let mut keys = Vec::new();
    let mut rest = raw;
    loop {
        let (key, behind) = until(rest, |c| matches!(c, '.' | '=' | ']'));
        keys.push(key);
        if let Some(value) = behind.strip_prefix('=').filter(|_| keys.iter().any(|key| !key.is_empty())) {
            let (value, _) = until(value, |c| c == ']');
            return Ok(Segment::Filter { key: keys, value });
        }
        rest = behind.strip_prefix('.').ok_or_else(wrong)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Segment {
        Segment::Key(text.to_owned())
    }

    #[test]
    fn reads_every_form() {
        let keys = |keys: &str| keys.split('/').map(str::to_owned).collect();
        let filter = |key: &str, value: &str| Segment::Filter { key: keys(key), value: value.to_owned() };
        for (text, segments) in [
            ("backend.image", vec![key("backend"), key("image")]),
            (r"a\.b.c", vec![key("a.b"), key("c")]),
            ("list[0].x", vec![key("list"), Segment::Index(0), key("x")]),
            ("list.0", vec![key("list"), key("0")]),
            ("[2]", vec![Segment::Index(2)]),
            ("c[name=web.1].image", vec![key("c"), filter("name", "web.1"), key("image")]),
            ("c.[name=a=b]", vec![key("c"), filter("name", "a=b")]),
            (r"c[name=a\]b][1]", vec![key("c"), filter("name", "a]b"), Segment::Index(1)]),
            ("c[name=]", vec![key("c"), filter("name", "")]),
            ("[metadata.name=shop]spec.x", vec![filter("metadata/name", "shop"), key("spec"), key("x")]),
            ("[kind=A][a.b\\.c=d]e", vec![filter("kind", "A"), filter("a/b.c", "d"), key("e")]),
            ("c[.a=x]", vec![key("c"), filter("/a", "x")]),
            ("[kind=A].e[0]", vec![filter("kind", "A"), key("e"), Segment::Index(0)]),
            ("été.clé à part", vec![key("été"), key("clé à part")]),
        ] {
            let path = Path::parse(text).unwrap();
            assert_eq!(path.segments, segments, "{text}");
            assert_eq!(Path::parse(&path.to_string()), Ok(path), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            ".",
            ".a",
            "a.",
            "a..b",
            "a[",
            "a[0",
            "a[]",
            "a[x]",
            "a[=x]",
            "a[0]b",
            "[0]b",
            "a[k=v]b",
            "a[-1]",
            "a[99999999999999999999]",
        ] {
            assert!(Path::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(Path::parse(&"a".repeat(5000)), Err(PathError::Long));
    }
}
