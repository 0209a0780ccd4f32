//! What an image fails, with what was found and what to do about it; this module must not decide whether it does.

#![deny(clippy::disallowed_methods)]

use super::created::Created;
use super::platform::Platform;
use super::rule::{LabelRule, TagPattern};
use super::words;
use crate::image::{Digest, Tag};

/// A requirement that an image does not fulfil, with what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The tag is one of those that nobody may deploy.
    #[error("its tag {tag} is denied by the pattern {pattern}")]
    DeniedTag {
        /// The tag.
        tag: Tag,
        /// The pattern.
        pattern: TagPattern,
    },
    /// The build wrote another digest.
    #[error("the digest of the build is {wanted} ({file}), but the registry has {found}")]
    Digest {
        /// The file that the build wrote.
        file: String,
        /// Its digest.
        wanted: Digest,
        /// The registry's.
        found: Digest,
    },
    /// No digest file is about the image.
    #[error("no digest file names it ({files})")]
    NoDigest {
        /// The files.
        files: String,
    },
    /// A platform is missing.
    #[error("it has no platform {wanted}, only {}", list(found))]
    Platform {
        /// What was wanted.
        wanted: Platform,
        /// What is there.
        found: Vec<Platform>,
    },
    /// A label is missing or another.
    #[error("its label {} is {}{}{}", rule.key, quoted(found.as_deref()), wanted(rule.value.as_deref()), of(platform))]
    Label {
        /// What was wanted.
        rule: LabelRule,
        /// What is there.
        found: Option<String>,
        /// On which platform.
        platform: Platform,
    },
    /// No signature by one of the keys or identities.
    #[error("no signature of {digest} by {keys} was found: {reasons}")]
    Signature {
        /// What should have been signed.
        digest: Digest,
        /// The keys.
        keys: String,
        /// What was found instead.
        reasons: String,
    },
    /// No attestation by one of the keys says what it must.
    #[error("it has no attestation {rule} by {keys}: {reasons}")]
    Attestation {
        /// What was wanted, as it was written.
        rule: String,
        /// The keys.
        keys: String,
        /// What was found instead.
        reasons: String,
    },
    /// It is a chart, an artifact, a signature or the like.
    #[error("it is not an image, but {what}")]
    NoImage {
        /// What it is.
        what: String,
    },
    /// The image in place is newer.
    #[error("it was created {}, before {current} (created {}), which is deployed now",
        created.told_apart(current_created).0, created.told_apart(current_created).1)]
    Older {
        /// When the image was created.
        created: Created,
        /// The image in place.
        current: String,
        /// When that was created.
        current_created: Created,
    },
}

impl Failure {
    /// What to do about it: one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::DeniedTag { .. } => {
                "tag images with the commit ($CI_COMMIT_SHORT_SHA) or a version, and deploy that tag"
            }
            Self::Digest { .. } => "the tag was pushed again after the build: run the build again with a unique tag",
            Self::NoDigest { .. } => "pass the digest file that this image's build wrote, for instance that of kaniko",
            Self::Platform { .. } => "build the image for this platform too, or remove --platform",
            Self::Label { .. } => "set the label in the build, and check that this image comes from this pipeline",
            Self::Signature { .. } => {
                "sign this digest with the key (cosign sign --key) or as the identity (cosign sign), or check \
                 --verify-key and --certificate-identity; if the image was copied from another repository, name \
                 that repository with --signed-as"
            }
            Self::Attestation { .. } => {
                "add the required attestation to this digest (cosign attest --key KEY --type TYPE --predicate FILE \
                 IMAGE@DIGEST), or correct what the attestation reports"
            }
            Self::NoImage { .. } => {
                "use the tag of an image: this tag belongs to a chart, an artifact or a signature, which can't run"
            }
            Self::Older { .. } => {
                "a newer image is deployed: keep it, or remove --newer-only if you want to go back to the older image"
            }
        }
    }
}

fn list(platforms: &[Platform]) -> String {
    const SHOWN: usize = 12;
    if platforms.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = platforms.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if platforms.len() > SHOWN { ", …" } else { "" };
    words::short(format!("{}{more}", names.join(", ")))
}

fn quoted(value: Option<&str>) -> String {
    value.map_or_else(|| "missing".to_owned(), |value| format!("{:?}", words::short(value)))
}

fn wanted(value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!(" instead of {value:?}"))
}

fn of(platform: &Platform) -> String {
    if platform.os.is_empty() { String::new() } else { format!(" ({})", words::short(platform.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_what_was_found() {
        let rule = LabelRule::parse("revision=abc").unwrap();
        let failure = |found: Option<&str>| Failure::Label {
            rule: rule.clone(),
            found: found.map(str::to_owned),
            platform: Platform::parse("linux/arm64").unwrap(),
        };
        assert_eq!(failure(Some("x")).to_string(), "its label revision is \"x\" instead of \"abc\" (linux/arm64)");
        assert_eq!(failure(None).to_string(), "its label revision is missing instead of \"abc\" (linux/arm64)");
        let any = Failure::Label {
            rule: LabelRule::parse("revision").unwrap(),
            found: None,
            platform: Platform::parse("linux/arm64").unwrap(),
        };
        assert_eq!(any.to_string(), "its label revision is missing (linux/arm64)");
    }
}
