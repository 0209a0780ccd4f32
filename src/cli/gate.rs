//! The flags that say what an image must fulfil; this module must not judge their values.

use std::time::Duration;

use clap::Args;

/// What an image must fulfil that was just built.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Image requirements")]
pub struct GateArgs {
    /// The image has the digest that its build wrote to this file: the digest file of kaniko, or the metadata file of `BuildKit`
    /// (repeatable)
    #[arg(long, value_name = "FILE")]
    pub digest_file: Vec<String>,
    /// What any image must fulfil.
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// What any image must fulfil.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Image requirements")]
pub struct RuleArgs {
    /// Wait this long for the image to appear, for instance 10m
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub wait: Option<Duration>,
    /// The image has this platform (repeatable: each of them)
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Vec<String>,
    /// The image has this label, on every platform (repeatable: each of them)
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub label: Vec<String>,
    /// The image is signed with this public key, as cosign does it (repeatable: one of them)
    // A PEM text begins with hyphens.
    #[arg(long, value_name = "FILE_OR_PEM", allow_hyphen_values = true)]
    pub verify_key: Vec<String>,
    /// Who may sign without a key.
    #[command(flatten)]
    pub keyless: KeylessArgs,
    /// The signature has this annotation, signed with it (repeatable: each of them)
    #[arg(long, value_name = "KEY=VALUE")]
    pub annotation: Vec<String>,
    /// The image was signed under this name and moved since: a signature that names it counts, too (repeatable)
    #[arg(long, value_name = "REPOSITORY")]
    pub signed_as: Vec<String>,
    /// The image has this attestation by one of the keys: slsaprovenance[:builder=…,source=…,commit=…], spdx, cyclonedx or
    /// vuln[:max=SEVERITY,age=DURATION] (repeatable: each of them)
    #[arg(long, value_name = "TYPE[:KEY=VALUE,…]")]
    pub attestation: Vec<String>,
    /// The image's tag does not match this pattern with * and ? (repeatable: none of them)
    #[arg(long, value_name = "PATTERN")]
    pub deny_tag: Vec<String>,
    /// The image is not older than the one that the target names now (not for a rollback)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub newer_only: Option<bool>,
}

/// Who may sign without a key, and what proves it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Image requirements")]
pub struct KeylessArgs {
    /// The image is signed by this identity, a pattern with * and ?: the URL of a job or a mail address, as its certificate names
    /// it (repeatable: one of them)
    #[arg(long, value_name = "GLOB")]
    pub certificate_identity: Vec<String>,
    /// The issuer that vouches for the identities, as their certificates name it
    #[arg(long, value_name = "URL")]
    pub certificate_oidc_issuer: Option<String>,
    /// The file with the authorities and logs that prove an identity (`cosign trusted-root create`)
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<String>,
}
