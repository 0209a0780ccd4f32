//! The flags that say what an image must fulfil; this module must not judge their values.

use std::time::Duration;

use clap::Args;

/// What an image must fulfil that was just built.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Image requirements")]
pub struct GateArgs {
    /// File with the digest of the image; repeatable
    ///
    /// The build wrote it: the digest file of kaniko (`sha256:…` or `REPOSITORY@sha256:…`), or the metadata file of BuildKit.
    /// The image must have this digest.
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
    /// How long to wait for the image to appear
    ///
    /// For instance 10m. Default: the image must be there at once.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub wait: Option<Duration>,
    /// Platform that the image must have; repeatable
    ///
    /// If several are given, the image must have each of them.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Vec<String>,
    /// Label that the image must have; repeatable
    ///
    /// The image must have it on every platform. Without VALUE, any value will do. If several are given, the image must have
    /// each of them.
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub label: Vec<String>,
    /// Public key that signed the image; repeatable
    ///
    /// The value is a file or PEM text, and the signature is one of cosign. If several are given, one of them must have signed
    /// the image.
    // A PEM text begins with hyphens.
    #[arg(long, value_name = "FILE_OR_PEM", allow_hyphen_values = true)]
    pub verify_key: Vec<String>,
    /// Who may sign without a key.
    #[command(flatten)]
    pub keyless: KeylessArgs,
    /// Annotation of the signature; repeatable
    ///
    /// The annotation must be signed together with the image. If several are given, the signature must have each of them. It
    /// needs a key or an identity.
    #[arg(long, value_name = "KEY=VALUE")]
    pub annotation: Vec<String>,
    /// Former name of a moved image; repeatable
    ///
    /// If the image was signed under this name and moved afterwards, a signature that names it counts, too.
    #[arg(long, value_name = "REPOSITORY")]
    pub signed_as: Vec<String>,
    /// Attestation that the image must have; repeatable
    ///
    /// TYPE is slsaprovenance[:builder=…,source=…,commit=…], spdx, cyclonedx or vuln[:max=SEVERITY,age=DURATION]. One of the keys
    /// or identities must have signed it. If several are given, the image must have each of them.
    #[arg(long, value_name = "TYPE[:KEY=VALUE,…]")]
    pub attestation: Vec<String>,
    /// Pattern that the tag must not match; repeatable
    ///
    /// In the pattern, * stands for any text and ? for any one character.
    #[arg(long, value_name = "PATTERN")]
    pub deny_tag: Vec<String>,
}

/// Whether the image may be older than what is deployed.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Image requirements")]
pub struct AgeArgs {
    /// Refuse an image older than the present one
    ///
    /// The present image is the one that the place names before the run. A rollback and a preview do not compare ages.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub newer_only: Option<bool>,
}

/// Who may sign without a key, and what proves it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Image requirements")]
pub struct KeylessArgs {
    /// Identity that signed the image; repeatable
    ///
    /// The value is a pattern with * and ? for what the certificate names: the URL of a job, or a mail address. If several are
    /// given, one of them must have signed the image. It needs --certificate-oidc-issuer and --trusted-root.
    #[arg(long, value_name = "GLOB")]
    pub certificate_identity: Vec<String>,
    /// Issuer that vouches for the identities
    ///
    /// The value is the issuer as the certificates name it.
    #[arg(long, value_name = "URL")]
    pub certificate_oidc_issuer: Option<String>,
    /// File with what proves an identity
    ///
    /// It has the certificate authorities and the logs that are trusted; `cosign trusted-root create` writes such a file.
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<String>,
}
