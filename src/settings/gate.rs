//! What the images must fulfil: from the flags, else from the config file; this module must not read the files they name.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use super::giver::either_list;
use super::keyless::{KeylessSettings, keyless};
use super::{Given, Giver, SettingsError};
use crate::cli::{AgeArgs, GateArgs, RuleArgs};
use crate::config::Config;
use crate::image::Repository;
use crate::registry::attestation::Rule;
use crate::registry::{Age, Annotation, LabelRule, Platform, Requirements, TagPattern};

/// What the images must fulfil.
#[derive(Clone, Debug)]
pub struct GateSettings {
    /// What is known without reading a file.
    pub requirements: Requirements,
    /// Files with digests.
    pub digest_files: Given<Vec<String>>,
    /// Public keys: files or PEM.
    pub verify_keys: Given<Vec<String>>,
    /// Who may sign without a key.
    pub keyless: Option<KeylessSettings>,
}

/// What images must fulfil that were just built.
pub(super) fn gate(args: &GateArgs, config: &Config) -> Result<GateSettings, SettingsError> {
    let require = &config.require;
    let files = either_list(("digest-file", &args.digest_file), ("require.digest_files", &require.digest_files));
    let digest_files = files.map(<[String]>::to_vec);
    Ok(GateSettings { digest_files, ..rules(&args.rules, config)? })
}

/// What any image of any age must fulfil: flags and config file merged, requirement by requirement. What a build wrote down says nothing of
/// an image that runs already.
pub(super) fn rules(args: &RuleArgs, config: &Config) -> Result<GateSettings, SettingsError> {
    let require = &config.require;
    let from_config: Vec<String> = require
        .labels
        .iter()
        .map(|(key, value)| value.as_ref().map_or_else(|| key.clone(), |value| format!("{key}={value}")))
        .collect();
    let annotations: Vec<String> = require.annotations.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let annotations = either_list(("annotation", &args.annotation), ("require.annotations", &annotations));
    let attestations = either_list(("attestation", &args.attestation), ("require.attestations", &require.attestations));
    let platforms = either_list(("platform", &args.platform), ("require.platforms", &require.platforms));
    let labels = either_list(("label", &args.label), ("require.labels", &from_config));
    let deny_tags = either_list(("deny-tag", &args.deny_tag), ("require.deny_tags", &require.deny_tags));
    let signed_as = either_list(("signed-as", &args.signed_as), ("require.signed_as", &require.signed_as));
    let verify_keys = either_list(("verify-key", &args.verify_key), ("require.verify_keys", &require.verify_keys));
    let gate = GateSettings {
        requirements: Requirements {
            wait: wait(args, config)?,
            digests: Vec::new(),
            platforms: each(platforms, Platform::parse)?,
            labels: each(labels, LabelRule::parse)?,
            deny_tags: each(deny_tags, TagPattern::parse)?,
            verify_keys: Vec::new(),
            keyless: None,
            signed_as: each(signed_as, repository)?,
            annotations: each(annotations, Annotation::parse)?,
            attestations: each(attestations, Rule::parse)?,
            age: Age::Any,
        },
        digest_files: Given { value: Vec::new(), by: Giver::Flag("digest-file") },
        verify_keys: verify_keys.map(<[String]>::to_vec),
        keyless: keyless(&args.keyless, require)?,
    };
    gate.signers(annotations.by, attestations.by)?;
    Ok(gate)
}

/// Whether the image may be older than what is deployed.
pub(super) fn age(args: &AgeArgs, config: &Config) -> Age {
    if args.newer_only.or(config.require.newer_only).unwrap_or(false) { Age::NewerOnly } else { Age::Any }
}

impl GateSettings {
    /// The same for images of such an age.
    pub(super) fn of_age(self, age: Age) -> Self {
        Self { requirements: Requirements { age, ..self.requirements }, ..self }
    }

    /// What is said of a signature needs somebody who is trusted to sign.
    fn signers(&self, annotations: Giver, attestations: Giver) -> Result<(), SettingsError> {
        if !self.verify_keys.value.is_empty() || self.keyless.is_some() {
            return Ok(());
        }
        let requirements = &self.requirements;
        let what = match () {
            () if !requirements.annotations.is_empty() => format!("{annotations} is what a signature must say"),
            () if !requirements.attestations.is_empty() => format!("{attestations} is what somebody must have signed"),
            () => return Ok(()),
        };
        let reason = format!("{what}, and nothing says whose: give a --verify-key or a --certificate-identity");
        Err(SettingsError::Usage(reason))
    }
}

fn repository(text: &str) -> Result<Repository, String> {
    Repository::parse(text).map_err(|error| format!("{text:?}: {error}"))
}

fn wait(args: &RuleArgs, config: &Config) -> Result<Option<Duration>, SettingsError> {
    match (args.wait, &config.wait) {
        (Some(wait), _) => Ok(Some(wait)),
        (None, Some(text)) => humantime::parse_duration(text).map(Some).map_err(|error| SettingsError::Value {
            what: Giver::Key("wait").to_string(),
            reason: format!("{text:?}: {error}"),
        }),
        (None, None) => Ok(None),
    }
}

fn each<T>(
    Given { value: texts, by }: Given<&[String]>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, SettingsError> {
    let one = |text: &String| parse(text).map_err(|reason| refused(by, text, &reason));
    texts.iter().map(one).collect()
}

/// What is wrong with one value of a list; who joined several by commas is told how they are separated.
fn refused(by: Giver, text: &str, reason: &str) -> SettingsError {
    let advice = match by {
        Giver::Flag(_) if text.contains(',') => {
            "; a comma does not separate values: repeat the flag, or use spaces or lines in the variable"
        }
        _ => "",
    };
    SettingsError::Value { what: by.to_string(), reason: format!("{reason}{advice}") }
}
