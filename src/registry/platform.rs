//! What an image runs on, as users and images write it; this module must not ask a registry anything.

#![deny(clippy::disallowed_methods)]

use std::fmt;

/// `OS/ARCH[/VARIANT]`, as Go names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The processor's architecture.
    pub architecture: String,
    /// Its variant, when one is named.
    pub variant: Option<String>,
}

impl Platform {
    /// Parses `OS/ARCH[/VARIANT]`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is not a platform: write OS/ARCH or OS/ARCH/VARIANT, for instance linux/amd64");
        let is_part =
            |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let lower = text.trim().to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('/').filter(is_part).collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some((*variant).to_owned())),
            _ => return Err(wrong()),
        };
        if parts.len() != lower.split('/').count() {
            return Err(wrong());
        }
        Ok(Self { os: (*os).to_owned(), architecture: common(architecture).to_owned(), variant })
    }

    /// Whether an image of another platform is one of this.
    pub(super) fn matches(&self, found: &Self) -> bool {
        let usual = |platform: &Self| match (&platform.variant, platform.architecture.as_str()) {
            (None, "arm64") => Some("v8".to_owned()),
            (None, "arm") => Some("v7".to_owned()),
            (variant, _) => variant.clone(),
        };
        let same_variant = self.variant.is_none() || usual(self) == usual(found);
        self.os == found.os && self.architecture == common(&found.architecture) && same_variant
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.os.is_empty() && self.architecture.is_empty() {
            return f.write_str("unknown");
        }
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// The name that images use, for the one that kernels use.
fn common(architecture: &str) -> &str {
    match architecture {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        Platform::parse(text).unwrap()
    }

    #[test]
    fn platforms_match_by_what_they_mean() {
        for (wanted, found, matches) in [
            ("linux/amd64", "linux/amd64", true),
            ("linux/x86_64", "linux/amd64", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm/v7", "linux/arm/v6", false),
            ("linux/arm", "linux/arm/v6", true),
            ("linux/amd64", "windows/amd64", false),
        ] {
            assert_eq!(platform(wanted).matches(&platform(found)), matches, "{wanted} {found}");
        }
        for wrong in ["", "linux", "linux/", "/amd64", "linux//v8", "a/b/c/d", "linux/am d64"] {
            assert!(Platform::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_says_no_platform_is_of_an_unknown_one() {
        assert_eq!(Platform::default().to_string(), "unknown");
        assert!(!platform("linux/amd64").matches(&Platform::default()));
    }
}
