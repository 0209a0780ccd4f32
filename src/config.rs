//! The config file: its shape, its variables, its JSON Schema. This module must not merge it with anything.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

pub use self::error::ConfigError;
pub(crate) use self::error::MIRROR_HINT;
pub use self::freeze::WindowConfig;
pub(crate) use self::freeze::freeze_file;
use self::tree::Budget;
use self::variables::Unset;
use crate::environment::Environment;

mod error;
mod freeze;
mod reader;
#[cfg(test)]
mod tests;
mod tree;
mod variables;

/// The name that is looked for when no `--config` is given.
pub const DEFAULT_FILE: &str = ".gitops-bump.yml";

/// The largest config file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// The config file. Every key is optional; flags and variables beat it.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping")]
#[schemars(title = "gitops-bump config file")]
pub struct Config {
    /// The images by name, each a reference with a tag: `HOST/PATH:TAG` or `HOST/PATH:TAG@sha256:…`.
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub images: Images,
    /// Write the tag, or tag and digest.
    pub pin: Option<PinConfig>,
    /// Add a missing `images:` entry (Kustomize) or a missing `tag` (Helm).
    pub create: Option<bool>,
    /// Write the tag although the place names another repository.
    pub any_repository: Option<bool>,
    /// By matching, write the tag although the places of one image hold different tags now.
    pub any_tag: Option<bool>,
    /// Replaces `<env>` in every file path.
    pub environment: Option<String>,
    /// The environments that there are: what `<env>` can stand for.
    pub environments: Option<Vec<String>>,
    /// Commit message, a minijinja template.
    pub message: Option<String>,
    /// Commit author, `NAME <EMAIL>`.
    pub author: Option<String>,
    /// Commit committer, `NAME <EMAIL>`.
    pub committer: Option<String>,
    /// End the message with a `Signed-off-by:` line of the committer.
    pub sign_off: Option<bool>,
    /// The file of an SSH key that signs the commit.
    pub signing_key: Option<String>,
    /// Open a merge request in every repository that doesn't say otherwise.
    pub merge_request: Option<bool>,
    /// Start no pipeline in the infra repositories.
    pub skip_ci: Option<bool>,
    /// How long to wait for the images to appear, for instance `10m`.
    pub wait: Option<String>,
    /// What the images must fulfil.
    pub require: RequireConfig,
    /// Windows of time in which nothing is changed; the infra repository's `.gitops-bump-freeze` replaces them there.
    pub freeze: Vec<WindowConfig>,
    /// The infra repositories.
    pub repositories: Vec<RepositoryConfig>,
    /// The copies that `preview` makes.
    pub preview: PreviewConfig,
}

/// The copies that `preview` makes; `<name>` is the preview's name.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping")]
pub struct PreviewConfig {
    /// The directory of the infra repository that is copied.
    pub template: Option<String>,
    /// The directory of the copy, as in `previews/<name>`.
    pub to: Option<String>,
    /// Values that the copy has instead of the template's: `FILE:PATH`, the file relative to the template, and the value.
    pub replace: BTreeMap<String, String>,
}

/// What the images must fulfil.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping")]
pub struct RequireConfig {
    /// Files with the digests that the builds wrote, as kaniko's `--digest-file` does.
    pub digest_files: Vec<String>,
    /// Platforms that every image has, `OS/ARCH[/VARIANT]`.
    pub platforms: Vec<String>,
    /// Labels that every image has on every platform; without a value the label must only be there.
    pub labels: BTreeMap<String, Option<String>>,
    /// Public keys, files or PEM, of which one has signed every image.
    pub verify_keys: Vec<String>,
    /// Identities of which one has signed every image, without a key; they need `trusted_root`.
    pub identities: Vec<IdentityConfig>,
    /// The file with the authorities and logs that prove an identity.
    pub trusted_root: Option<String>,
    /// Annotations that every image's signature has, signed with it.
    pub annotations: BTreeMap<String, String>,
    /// Repositories that images were signed in before they were moved: a signature that names one of them counts, too.
    pub signed_as: Vec<String>,
    /// Attestations that every image has by one of the keys, as in `vuln:max=high,age=7d`: `slsaprovenance`, `spdx`, `cyclonedx`, `vuln`.
    pub attestations: Vec<String>,
    /// Patterns with `*` and `?` that no image's tag matches.
    pub deny_tags: Vec<String>,
    /// Refuse an image that is older than the one that the target names now.
    pub newer_only: Option<bool>,
}

/// Who may sign without a key.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct IdentityConfig {
    /// A pattern with `*` and `?`: the URL of a job or a mail address, as the certificate names it.
    pub identity: String,
    /// The issuer that vouches for it, as the certificate names it.
    pub issuer: String,
}

/// The images in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Images(pub Vec<(String, String)>);

/// What is written.
#[derive(Clone, Copy, Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PinConfig {
    /// The tag.
    Tag,
    /// Tag and digest.
    Digest,
}

/// One infra repository and its places.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct RepositoryConfig {
    /// `https://…`, `http://…`, `ssh://…`, `user@host:path`, `file://…` or a local path.
    pub url: String,
    /// The branch to update; the remote's default branch when absent.
    pub branch: Option<String>,
    /// Open a merge request instead of pushing to the branch.
    pub merge_request: Option<bool>,
    /// The environments that the repository belongs to: a run for another one, or for none, passes over it.
    pub environments: Option<Vec<String>>,
    /// Helm values files.
    #[serde(default)]
    pub helm: Vec<HelmConfig>,
    /// Kustomizations.
    #[serde(default)]
    pub kustomize: Vec<KustomizeConfig>,
    /// Plain manifests.
    #[serde(default)]
    pub manifest: Vec<ManifestConfig>,
    /// The pipeline that copies the repository to where the controller reads it (Cloud Pi Native), and that copy.
    pub mirror: Option<MirrorConfig>,
    /// Who pushes; `GITOPS_BUMP_GIT_USERNAME` and `GITOPS_BUMP_GIT_TOKEN` when absent.
    pub credentials: Option<CredentialsConfig>,
}

/// A Helm values file, or any YAML file with an image in it.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct HelmConfig {
    /// The file; `<env>` is the environment.
    pub file: String,
    /// The node that holds the image, for instance `backend.image` or `[metadata.name=shop]spec.source.helm.values.image`, also inside
    /// a literal text; every match when absent.
    pub path: Option<String>,
    /// The image's name in `images`; every image when absent.
    pub image: Option<String>,
    /// Add a missing `tag`; beats the file's own `create`.
    pub create: Option<bool>,
    /// Write the tag although the place names another repository; beats the file's own `any_repository`.
    pub any_repository: Option<bool>,
    /// Write the tag although the places of one image hold different tags now; beats the file's own `any_tag`.
    pub any_tag: Option<bool>,
    /// The environments that the target belongs to: a run for another one, or for none, passes over it.
    pub environments: Option<Vec<String>>,
}

/// A kustomization.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct KustomizeConfig {
    /// The directory or the kustomization file; `<env>` is the environment.
    pub path: String,
    /// The image's name in `images`; every image when absent.
    pub image: Option<String>,
    /// The entry's `name:`, when it isn't the image's repository.
    pub name: Option<String>,
    /// Add a missing `images:` entry; beats the file's own `create`.
    pub create: Option<bool>,
    /// Write the tag although the place names another repository; beats the file's own `any_repository`.
    pub any_repository: Option<bool>,
    /// Write the tag although the places of one image hold different tags now; beats the file's own `any_tag`.
    pub any_tag: Option<bool>,
    /// The environments that the target belongs to: a run for another one, or for none, passes over it.
    pub environments: Option<Vec<String>>,
}

/// Plain Kubernetes manifests.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct ManifestConfig {
    /// The file, or the directory of `*.yaml` and `*.yml`; `<env>` is the environment.
    pub path: String,
    /// The image's name in `images`; every image when absent.
    pub image: Option<String>,
    /// Add a missing `tag`; beats the file's own `create`.
    pub create: Option<bool>,
    /// Write the tag although the place names another repository; beats the file's own `any_repository`.
    pub any_repository: Option<bool>,
    /// Write the tag although the places of one image hold different tags now; beats the file's own `any_tag`.
    pub any_tag: Option<bool>,
    /// The environments that the target belongs to: a run for another one, or for none, passes over it.
    pub environments: Option<Vec<String>>,
}

/// The pipeline that copies a repository to where the controller reads it.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct MirrorConfig {
    /// The id of the project whose pipeline is triggered, or its path (`group/project`); no pipeline when absent.
    #[serde(default)]
    #[schemars(extend("type" = ["string", "integer"]))]
    pub project_id: String,
    /// What the repository is called there; no pipeline when absent.
    #[serde(default)]
    pub repository: String,
    /// The copy of the repository that Argo CD reads instead of it. It is only compared, never asked.
    pub copy: Option<String>,
    /// The GitLab API of that project; `$CI_API_V4_URL` when absent. Another server than that of `$CI_API_V4_URL` is
    /// named by `--mirror-url`, or the token would go where a file of the repository says.
    pub url: Option<String>,
}

/// Who pushes to a repository.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct CredentialsConfig {
    /// The user name; `oauth2` when absent.
    pub username: Option<String>,
    /// The name of the variable that holds the token; it begins with `GITOPS_BUMP_GIT_TOKEN_`.
    #[schemars(extend("pattern" = "^GITOPS_BUMP_GIT_TOKEN_."))]
    pub token_variable: String,
}

impl Config {
    /// Reads a config file's text, with `${VAR}` replaced from the environment and `$$` by a dollar sign, in the
    /// strings of its values alone.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        Self::read(text, environment, Unset::KeptInPreview)
    }

    /// The same for `preview create`, which needs the variables below `preview`, too: for others one that isn't set stays there
    /// as it is written.
    pub fn parse_for_preview(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        Self::read(text, environment, Unset::Refused)
    }

    /// The same for somebody who only looks: in `images`, too, a variable that isn't set stays as it is written.
    pub fn parse_to_look(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        Self::read(text, environment, Unset::KeptInBoth)
    }

    fn read(text: &str, environment: &Environment, unset: Unset) -> Result<Self, ConfigError> {
        let mut budget = Budget::default();
        let Some(mut root) = tree::parse(text, &mut budget)? else {
            return Ok(Self::default());
        };
        variables::expand(&mut root, environment, unset, &mut budget)?;
        let config: Option<Self> = reader::read(&root).map_err(|fault| ConfigError::Shape(fault.to_string()))?;
        Ok(config.unwrap_or_default())
    }
}

/// The config file's JSON Schema.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}

impl<'de> Deserialize<'de> for Images {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Images;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of names to image references")
            }

            fn visit_unit<E>(self) -> Result<Images, E> {
                Ok(Images::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Images, A::Error> {
                let mut images: Vec<(String, String)> = Vec::new();
                while let Some((name, reference)) = map.next_entry()? {
                    if images.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("the image {name:?} is defined twice")));
                    }
                    images.push((name, reference));
                }
                Ok(Images(images))
            }
        }
        deserializer.deserialize_any(InOrder)
    }
}
