//! Rules that users write as a text: a label, a pattern of tags. This module must not ask a registry.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use crate::glob;

/// `KEY` (must be there) or `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRule {
    /// The label's name.
    pub key: String,
    /// What it must be; none means anything.
    pub value: Option<String>,
}

/// A tag with `*` for any text and `?` for any character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern(String);

impl LabelRule {
    /// Parses `KEY` or `KEY=VALUE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        // An empty value is what an unset variable leaves: it must not turn into "any value", nor match nothing.
        match (key.trim(), value.as_deref()) {
            ("", _) => Err(format!("{text:?} has no label name: write KEY or KEY=VALUE")),
            (_, Some("")) => Err(format!("the value of the label {key} is empty: check that its variable is set")),
            (key, _) => Ok(Self { key: key.to_owned(), value }),
        }
    }

    pub(super) fn accepts(&self, found: Option<&String>) -> bool {
        found.is_some_and(|found| self.value.as_ref().is_none_or(|wanted| wanted == found))
    }
}

impl TagPattern {
    /// Parses a pattern; only what can stand in a tag, and the wildcards.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-*?".contains(c);
        if text.is_empty() || text.len() > 128 || !text.chars().all(fits) {
            return Err(format!(
                "{text:?} is not a pattern for tags: use letters, digits, . _ - and the wildcards * and ?"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn matches(&self, tag: &str) -> bool {
        glob::fits(&self.0, tag)
    }
}

impl fmt::Display for LabelRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        self.value.as_ref().map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
