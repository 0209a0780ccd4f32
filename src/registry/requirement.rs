//! What an image must fulfil beyond being there, read from what users write; this module must not ask a registry anything.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use serde_json::{Map, Value};

use super::annotation::Annotation;
use super::attestation::Rule;
use super::contents::Details;
use super::failure::Failure;
use super::keyless::Keyless;
use super::platform::Platform;
use super::rule::{LabelRule, TagPattern};
use super::verify_key::VerifyKey;
use crate::image::{Digest, Reference, Repository, Tag};

/// What `BuildKit` calls the digest that it pushed, and the names that it pushed it under, with commas between them.
const BUILT_DIGEST: &str = "containerimage.digest";
const BUILT_NAMES: &str = "image.name";

/// What an image must fulfil; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// How long to wait for an image to appear.
    pub wait: Option<Duration>,
    /// The digests that the build wrote down.
    pub digests: Vec<ExpectedDigest>,
    /// Platforms that the image must have, each of them.
    pub platforms: Vec<Platform>,
    /// Labels that every platform's image must have, each of them.
    pub labels: Vec<LabelRule>,
    /// Tags that no image may have.
    pub deny_tags: Vec<TagPattern>,
    /// Keys of which one must have signed the image.
    pub verify_keys: Vec<VerifyKey>,
    /// Identities of which one may have signed it instead, without a key.
    pub keyless: Option<Keyless>,
    /// Other names that the image may have been signed under.
    pub signed_as: Vec<Repository>,
    /// What the signature must say beside the digest, each of them.
    pub annotations: Vec<Annotation>,
    /// Attestations that the image must have by one of these keys, each of them.
    pub attestations: Vec<Rule>,
    /// Whether an image that is older than the one in its place is refused.
    pub age: Age,
}

/// How old an image may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Age {
    /// As old as it likes: rolling back is allowed.
    #[default]
    Any,
    /// Not older than the image that the target names now.
    NewerOnly,
}

/// A line of a file that a build tool wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedDigest {
    /// The file.
    pub file: String,
    /// The image that it is for; none means the one image of the run.
    pub reference: Option<Reference>,
    /// The digest.
    pub digest: Digest,
}

impl Requirements {
    /// Whether the image's configuration has to be read.
    pub(super) fn need_details(&self) -> bool {
        !self.platforms.is_empty() || !self.labels.is_empty() || self.age == Age::NewerOnly
    }

    /// Whether the image has to be signed, by a key or by an identity.
    pub(super) fn need_signature(&self) -> bool {
        !self.verify_keys.is_empty() || self.keyless.is_some()
    }

    /// The tag against the patterns: known without asking anybody.
    pub(super) fn tag(&self, tag: &Tag) -> Option<Failure> {
        let pattern = self.deny_tags.iter().find(|pattern| pattern.matches(tag.as_str()))?;
        Some(Failure::DeniedTag { tag: tag.clone(), pattern: pattern.clone() })
    }

    /// The digest against what the build wrote down.
    pub(super) fn digest(&self, image: &Reference, found: &Digest) -> Option<Failure> {
        if self.digests.is_empty() {
            return None;
        }
        let mut own = self.digests.iter().filter(|expected| expected.is_for(image)).peekable();
        if own.peek().is_none() {
            let mut files: Vec<&str> = self.digests.iter().map(|expected| expected.file.as_str()).collect();
            files.dedup();
            return Some(Failure::NoDigest { files: files.join(", ") });
        }
        let other = own.find(|expected| expected.digest != *found)?;
        Some(Failure::Digest { file: other.file.clone(), wanted: other.digest.clone(), found: found.clone() })
    }

    /// Platforms and labels.
    pub(super) fn contents(&self, details: &Details) -> Vec<Failure> {
        let found = || details.images.iter().map(|image| image.platform.clone()).collect();
        let has = |wanted: &Platform| details.images.iter().any(|image| wanted.matches(&image.platform));
        let missing = self.platforms.iter().filter(|wanted| !has(wanted));
        let mut failures: Vec<Failure> =
            missing.map(|wanted| Failure::Platform { wanted: wanted.clone(), found: found() }).collect();
        if details.images.is_empty() {
            // An index of nothing but attestations: what nobody has looked at has no label.
            let nowhere =
                |rule: &LabelRule| Failure::Label { rule: rule.clone(), found: None, platform: Platform::default() };
            failures.extend(self.labels.iter().map(nowhere));
        }
        for image in &details.images {
            let wrong = self.labels.iter().filter(|rule| !rule.accepts(image.labels.get(&rule.key)));
            failures.extend(wrong.map(|rule| Failure::Label {
                rule: rule.clone(),
                found: image.labels.get(&rule.key).cloned(),
                platform: image.platform.clone(),
            }));
        }
        failures
    }
}

impl ExpectedDigest {
    /// Reads what kaniko and others write (`DIGEST`, `REPOSITORY@DIGEST` or `REPOSITORY:TAG@DIGEST`, one per line), or the JSON
    /// object of `BuildKit`'s `--metadata-file`.
    pub fn parse_file(file: &str, text: &str) -> Result<Vec<Self>, String> {
        if text.trim_start().starts_with('{') {
            return Self::parse_metadata(file, text);
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let parsed: Result<Vec<Self>, String> = lines.map(|line| Self::parse(file, line)).collect();
        match parsed {
            Ok(found) if found.is_empty() => Err("it is empty".to_owned()),
            parsed => parsed,
        }
    }

    /// What one build wrote down, or the builds of `docker buildx bake`, an object for each under the name of its target
    /// (<https://docs.docker.com/reference/cli/docker/buildx/build/#metadata-file>).
    fn parse_metadata(file: &str, text: &str) -> Result<Vec<Self>, String> {
        let metadata: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| format!("it begins like JSON but is not valid JSON: {error}"))?;
        let builds: Vec<&Map<String, Value>> = if metadata.contains_key(BUILT_DIGEST) {
            vec![&metadata]
        } else {
            metadata.values().filter_map(Value::as_object).filter(|build| build.contains_key(BUILT_DIGEST)).collect()
        };
        let found: Result<Vec<_>, String> = builds.into_iter().map(|build| Self::built(file, build)).collect();
        match found {
            Ok(found) if found.is_empty() => Err(format!("it has no {BUILT_DIGEST}: the build pushed no image")),
            found => found.map(|found| found.into_iter().flatten().collect()),
        }
    }

    /// One build: its digest, for each of the names that it was pushed under.
    fn built(file: &str, build: &Map<String, Value>) -> Result<Vec<Self>, String> {
        let text = |key: &str| build.get(key).and_then(Value::as_str).map(str::trim);
        let digest = text(BUILT_DIGEST).unwrap_or_default();
        let digest = Digest::parse(digest).map_err(|error| format!("{BUILT_DIGEST}: {error}"))?;
        let made = |reference| Self { file: file.to_owned(), reference, digest: digest.clone() };
        let names = text(BUILT_NAMES).unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let references: Vec<Self> = names
            .map(|name| Reference::parse(name).map(|reference| made(Some(reference))))
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{BUILT_NAMES}: {error}"))?;
        Ok(if references.is_empty() { vec![made(None)] } else { references })
    }

    fn parse(file: &str, line: &str) -> Result<Self, String> {
        let made = |reference, digest| Self { file: file.to_owned(), reference, digest };
        if let Ok(digest) = Digest::parse(line) {
            return Ok(made(None, digest));
        }
        let reference = Reference::parse(line).map_err(|error| error.to_string())?;
        let digest = reference.digest.clone().ok_or_else(|| format!("{line:?} has no digest"))?;
        Ok(made(Some(reference), digest))
    }

    fn is_for(&self, image: &Reference) -> bool {
        self.reference.as_ref().is_none_or(|own| {
            own.repository.is_same_as(&image.repository)
                && own.tag.as_ref().is_none_or(|tag| Some(tag) == image.tag.as_ref())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_tags() {
        for (pattern, tag, matches) in [
            ("latest", "latest", true),
            ("latest", "latest-1", false),
            ("*", "anything", true),
            ("feature-*", "feature-x", true),
            ("feature-*", "my-feature-x", false),
            ("*-snapshot", "1.0-snapshot-snapshot", true),
            ("v?.?", "v1.2", true),
            ("v?.?", "v1.23", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
        ] {
            assert_eq!(TagPattern::parse(pattern).unwrap().matches(tag), matches, "{pattern} {tag}");
        }
        assert!(TagPattern::parse("").is_err() && TagPattern::parse("a/b").is_err());
    }

    #[test]
    fn reads_every_form_of_a_digest_file() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let image = Reference::parse("h.x/team/app:1").unwrap();
        for (line, is_for) in [
            (digest.clone(), true),
            (format!("h.x/team/app@{digest}\n"), true),
            (format!("h.x/team/app:1@{digest}"), true),
            (format!("h.x/team/app:2@{digest}"), false),
            (format!("h.x/team/web@{digest}"), false),
        ] {
            let found = ExpectedDigest::parse_file("f", &line).unwrap();
            assert_eq!(found[0].is_for(&image), is_for, "{line}");
        }
        for wrong in ["", "\n \n", "h.x/team/app:1", "sha256:zz"] {
            assert!(ExpectedDigest::parse_file("f", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn reads_what_buildkit_writes() {
        let digest = |c: &str| format!("sha256:{}", c.repeat(64));
        let (one, other) = (digest("a"), digest("b"));
        let image = |text: &str| Reference::parse(text).unwrap();
        let built = |names: &str| format!(r#"{{"buildx.build.ref": "x", "containerimage.digest": "{one}"{names}}}"#);
        let names = |text: &str| built(&format!(r#", "image.name": "{text}""#));
        for (text, name, is_for) in [
            (built(""), "h.x/team/app:1", true),
            (names("h.x/team/app:1"), "h.x/team/app:1", true),
            (names("h.x/team/app:1,h.x/team/app:latest"), "h.x/team/app:1", true),
            (names("docker.io/library/app:1"), "app:1", true),
            (names("h.x/team/app:2"), "h.x/team/app:1", false),
            (names("h.x/team/web:1"), "h.x/team/app:1", false),
        ] {
            let found = ExpectedDigest::parse_file("f", &text).unwrap();
            assert_eq!(found.iter().any(|expected| expected.is_for(&image(name))), is_for, "{text}");
            assert!(!found.is_empty() && found.iter().all(|expected| expected.digest.as_str() == one), "{text}");
        }
        let bake = format!(
            r#"{{"app": {{"containerimage.digest": "{one}", "image.name": "h.x/app:1"}},
                "web": {{"containerimage.digest": "{other}", "image.name": "h.x/web:1"}}, "buildx.build.warnings": {{}}}}"#
        );
        let found = ExpectedDigest::parse_file("f", &bake).unwrap();
        let of = |name: &str| found.iter().find(|expected| expected.is_for(&image(name))).unwrap().digest.to_string();
        assert_eq!((of("h.x/app:1"), of("h.x/web:1")), (one.clone(), other));
        for wrong in ["{", "{}", r#"{"containerimage.digest": "sha256:zz"}"#, r#"{"containerimage.digest": 1}"#] {
            assert!(ExpectedDigest::parse_file("f", wrong).is_err(), "{wrong}");
        }
        let hostile = names("h.x/team/app:1\nevil");
        assert!(ExpectedDigest::parse_file("f", &hostile).is_err());
    }

    #[test]
    fn every_image_needs_its_digest() {
        let digest = |c: &str| Digest::parse(&format!("sha256:{}", c.repeat(64))).unwrap();
        let image = Reference::parse("h.x/team/app:1").unwrap();
        let file = |text: &str| Requirements {
            digests: ExpectedDigest::parse_file("d.txt", text).unwrap(),
            ..Requirements::default()
        };
        let one = digest("a");
        assert_eq!(file(one.as_str()).digest(&image, &one), None);
        let failure = file(one.as_str()).digest(&image, &digest("b")).unwrap().to_string();
        assert!(failure.contains("d.txt") && failure.contains("aaaa") && failure.contains("bbbb"), "{failure}");
        let failure = file(&format!("h.x/other@{one}")).digest(&image, &one).unwrap();
        assert_eq!(failure.to_string(), "no digest file names it (d.txt)");
    }

    #[test]
    fn an_index_without_an_image_has_no_label() {
        let requirements =
            Requirements { labels: vec![LabelRule::parse("team=shop").unwrap()], ..Requirements::default() };
        let failures = requirements.contents(&Details { media_type: String::new(), images: Vec::new() });
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].to_string(), "its label team is missing instead of \"shop\"");
    }

    #[test]
    fn a_label_without_a_value_must_only_be_there() {
        let found = "x".to_owned();
        assert!(LabelRule::parse("revision").unwrap().accepts(Some(&found)));
        assert!(!LabelRule::parse("revision").unwrap().accepts(None));
        assert!(!LabelRule::parse("revision=a=b").unwrap().accepts(Some(&found)));
        assert!(LabelRule::parse("revision=").unwrap_err().contains("empty"));
        assert!(LabelRule::parse("=x").is_err());
    }
}
