//! What the images must fulfil: from the flags, else from the config file; this module must not read the files they name.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use super::SettingsError;
use super::keyless::{KeylessSettings, keyless};
use crate::cli::{GateArgs, RuleArgs};
use crate::config::Config;
use crate::image::Repository;
use crate::registry::attestation::Rule;
use crate::registry::{Age, Annotation, LabelRule, Platform, Requirements, TagPattern};

/// What the images must fulfil.
#[derive(Clone, Debug, Default)]
pub struct GateSettings {
    /// What is known without reading a file.
    pub requirements: Requirements,
    /// Files with digests.
    pub digest_files: Vec<String>,
    /// Public keys: files or PEM.
    pub verify_keys: Vec<String>,
    /// Who may sign without a key.
    pub keyless: Option<KeylessSettings>,
}

/// What images must fulfil that were just built.
pub(super) fn gate(args: &GateArgs, config: &Config) -> Result<GateSettings, SettingsError> {
    let digest_files = either(&args.digest_file, &config.require.digest_files).to_vec();
    Ok(GateSettings { digest_files, ..rules(&args.rules, config)? })
}

/// What any image must fulfil: flags and config file merged, requirement by requirement. What a build wrote down says nothing of
/// an image that runs already.
pub(super) fn rules(args: &RuleArgs, config: &Config) -> Result<GateSettings, SettingsError> {
    let require = &config.require;
    let from_config: Vec<String> = require
        .labels
        .iter()
        .map(|(key, value)| value.as_ref().map_or_else(|| key.clone(), |value| format!("{key}={value}")))
        .collect();
    let annotations: Vec<String> = require.annotations.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let newer_only = args.newer_only.or(require.newer_only).unwrap_or(false);
    let gate = GateSettings {
        requirements: Requirements {
            wait: wait(args, config)?,
            digests: Vec::new(),
            platforms: each("platform", either(&args.platform, &require.platforms), Platform::parse)?,
            labels: each("label", either(&args.label, &from_config), LabelRule::parse)?,
            deny_tags: each("deny-tag", either(&args.deny_tag, &require.deny_tags), TagPattern::parse)?,
            verify_keys: Vec::new(),
            keyless: None,
            signed_as: each("signed-as", either(&args.signed_as, &require.signed_as), repository)?,
            annotations: each("annotation", either(&args.annotation, &annotations), Annotation::parse)?,
            attestations: each("attestation", either(&args.attestation, &require.attestations), Rule::parse)?,
            age: if newer_only { Age::NewerOnly } else { Age::Any },
        },
        digest_files: Vec::new(),
        verify_keys: either(&args.verify_key, &require.verify_keys).to_vec(),
        keyless: keyless(&args.keyless, require)?,
    };
    gate.signers()?;
    Ok(gate)
}

impl GateSettings {
    /// What is said of a signature needs somebody who is trusted to sign.
    fn signers(&self) -> Result<(), SettingsError> {
        if !self.verify_keys.is_empty() || self.keyless.is_some() {
            return Ok(());
        }
        let requirements = &self.requirements;
        let what = match () {
            () if !requirements.annotations.is_empty() => "--annotation is what a signature must say",
            () if !requirements.attestations.is_empty() => "--attestation is what somebody must have signed",
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
        (None, Some(text)) => humantime::parse_duration(text)
            .map(Some)
            .map_err(|error| SettingsError::Value { what: "wait".into(), reason: format!("{text:?}: {error}") }),
        (None, None) => Ok(None),
    }
}

fn either<'a>(flags: &'a [String], config: &'a [String]) -> &'a [String] {
    if flags.is_empty() { config } else { flags }
}

fn each<T>(what: &str, texts: &[String], parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, SettingsError> {
    let one = |text: &String| parse(text).map_err(|reason| SettingsError::Value { what: what.to_owned(), reason });
    texts.iter().map(one).collect()
}
