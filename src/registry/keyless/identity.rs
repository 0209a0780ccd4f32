//! Whom signatures are accepted from, read from what users write; this module must not know certificates.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use url::Url;

use crate::glob;

/// The longest pattern or issuer.
const LONGEST: usize = 2048;

/// Who may sign: a pattern for the certificate's identity, and the issuer that vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pattern: String,
    issuer: Issuer,
}

/// Who vouches for identities: the address of an `OpenID` Connect issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

impl Identity {
    /// Parses a pattern with `*` for any text and `?` for any one character; an error is the reason.
    pub fn parse(pattern: &str, issuer: Issuer) -> Result<Self, String> {
        if pattern.is_empty() {
            return Err("the identity is empty: check that its variable is set".to_owned());
        }
        if pattern.len() > LONGEST || pattern.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(format!(
                "{pattern:?} is not an identity: write a URL or a mail address, which may have the wildcards * and ?"
            ));
        }
        if pattern.chars().all(|c| c == '*' || c == '?') {
            return Err(format!(
                "{pattern:?} matches everybody who has an account at {issuer}: write the identities that you trust, \
                 for instance https://gitlab.example.com/group/*"
            ));
        }
        Ok(Self { pattern: pattern.to_owned(), issuer })
    }

    /// The pattern as it was written.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Who vouches for it.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Whether a certificate with this identity and issuer is meant.
    pub(super) fn fits(&self, identity: &str, issuer: &str) -> bool {
        if issuer != self.issuer.0 {
            return false;
        }
        // A branch may be called `any@refs/heads/main`: what stands before the `@` of the pattern must not reach into the ref.
        match (self.pattern.split_once('@'), identity.split_once('@')) {
            (Some((left, right)), Some((who, whence))) => glob::fits(left, who) && glob::fits(right, whence),
            (Some(_), None) => false,
            (None, _) => glob::fits(&self.pattern, identity),
        }
    }
}

impl Issuer {
    /// Parses an issuer's address, which is compared as it is written; an error is the reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_address = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        let is_text = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if text.len() > LONGEST || !is_address || !is_text {
            return Err(format!(
                "{text:?} is not an issuer: write the address that the certificates name, for instance https://gitlab.example.com"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.pattern, self.issuer)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITLAB: &str = "https://gitlab.example";
    const MAIN: &str = "https://gitlab.example/shop/app//.gitlab-ci.yml@refs/heads/main";

    fn fits(pattern: &str, identity: &str) -> bool {
        Identity::parse(pattern, Issuer::parse(GITLAB).unwrap()).unwrap().fits(identity, GITLAB)
    }

    #[test]
    fn a_pattern_is_for_the_whole_identity() {
        for (pattern, identity, expected) in [
            (MAIN, MAIN, true),
            ("https://gitlab.example/shop/*", MAIN, true),
            ("https://gitlab.example/shop/app//.gitlab-ci.yml@*", MAIN, true),
            ("https://gitlab.example/shop/*@refs/heads/main", MAIN, true),
            ("https://gitlab.example/*/app//.gitlab-ci.yml@refs/heads/m???", MAIN, true),
            ("https://gitlab.example/shop/app", MAIN, false),
            ("gitlab.example/shop/*", MAIN, false),
            ("https://gitlab.example/shop/app/.gitlab-ci.yml@refs/heads/main", MAIN, false),
            ("https://gitlab.example/SHOP/*", MAIN, false),
            ("https://gitlab.example/sho/*", MAIN, false),
            ("https://gitlab.example/shop/*@refs/tags/*", MAIN, false),
            ("https://gitlab.example/shop/*@*", "https://gitlab.example/shop/app", false),
            ("ann@example.com", "ann@example.com", true),
            ("*@example.com", "ann@example.com", true),
            ("*@example.com", "ann@example.com.evil", false),
            ("ann@*", "bob@example.com", false),
        ] {
            assert_eq!(fits(pattern, identity), expected, "{pattern} {identity}");
        }
    }

    #[test]
    fn a_ref_that_holds_another_is_itself() {
        let app = "https://gitlab.example/shop/app//.gitlab-ci.yml";
        for (pattern, reference) in [
            ("https://gitlab.example/shop/*@refs/heads/main", "refs/heads/any@refs/heads/main"),
            ("https://gitlab.example/shop/*@refs/heads/main", "refs/tags/1@refs/heads/main"),
            ("*@refs/heads/main", "refs/heads/@refs/heads/main"),
        ] {
            assert!(!fits(pattern, &format!("{app}@{reference}")), "{pattern} {reference}");
        }
    }

    #[test]
    fn an_issuer_is_compared_as_it_is_written() {
        let identity = Identity::parse(MAIN, Issuer::parse(GITLAB).unwrap()).unwrap();
        for other in ["https://gitlab.example/", "http://gitlab.example", "https://gitlab.example.evil", ""] {
            assert!(!identity.fits(MAIN, other), "{other}");
        }
    }

    #[test]
    fn who_means_everybody_or_nobody_is_refused() {
        let issuer = || Issuer::parse(GITLAB).unwrap();
        for everybody in ["*", "**", "?*"] {
            assert!(Identity::parse(everybody, issuer()).unwrap_err().contains("everybody who has an account"));
        }
        assert!(Identity::parse("", issuer()).unwrap_err().contains("check that its variable is set"));
        for wrong in ["a b", "a\nb", &"x".repeat(3000)] {
            assert!(Identity::parse(wrong, issuer()).unwrap_err().contains("is not an identity"), "{wrong:?}");
        }
        for wrong in ["", "gitlab.example", "https://", "https://gitlab.example ", "file:///etc/passwd"] {
            assert!(Issuer::parse(wrong).unwrap_err().contains("is not an issuer"), "{wrong:?}");
        }
    }
}
