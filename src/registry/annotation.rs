//! What must be signed beside an image's digest; this module must not read a signature.

#![deny(clippy::disallowed_methods)]

use std::fmt;

/// A key and the value that a signature must have for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The key.
    pub key: String,
    /// The value, which may be empty.
    pub value: String,
}

impl Annotation {
    /// Parses `KEY=VALUE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self { key: key.to_owned(), value: value.to_owned() }),
            _ => Err(format!("{text:?} is not an annotation: write KEY=VALUE, as for cosign sign -a")),
        }
    }
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_has_a_key_and_a_value() {
        let parsed = Annotation::parse("team=a=b").unwrap();
        assert_eq!((parsed.key.as_str(), parsed.value.as_str()), ("team", "a=b"));
        assert_eq!(Annotation::parse("team=").unwrap().value, "");
        assert!(Annotation::parse("team").is_err() && Annotation::parse("=x").is_err());
    }
}
