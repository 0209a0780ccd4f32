//! The config file: its shape, its variables, its JSON Schema. This module must not merge it with anything.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::environment::Environment;
use variables::{Unset, expand};

mod variables;

/// The name that is looked for when no `--config` is given.
pub const DEFAULT_FILE: &str = ".gitops-bump.yml";

/// The largest config file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// The config file. Every key is optional; flags and variables beat it.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
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
    /// Replaces `<env>` in every file path.
    pub environment: Option<String>,
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
    /// The infra repositories.
    pub repositories: Vec<RepositoryConfig>,
}

/// What the images must fulfil.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequireConfig {
    /// Files with the digests that the builds wrote, as kaniko's `--digest-file` does.
    pub digest_files: Vec<String>,
    /// Platforms that every image has, `OS/ARCH[/VARIANT]`.
    pub platforms: Vec<String>,
    /// Labels that every image has on every platform; without a value the label must only be there.
    pub labels: BTreeMap<String, Option<String>>,
    /// Public keys, files or PEM, of which one has signed every image.
    pub verify_keys: Vec<String>,
    /// Patterns with `*` and `?` that no image's tag matches.
    pub deny_tags: Vec<String>,
    /// Refuse an image that is older than the one that the target names now.
    pub newer_only: Option<bool>,
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
#[serde(deny_unknown_fields)]
pub struct RepositoryConfig {
    /// `https://…`, `http://…`, `ssh://…`, `user@host:path`, `file://…` or a local path.
    pub url: String,
    /// The branch to update; the remote's default branch when absent.
    pub branch: Option<String>,
    /// Open a merge request instead of pushing to the branch.
    pub merge_request: Option<bool>,
    /// Helm values files.
    #[serde(default)]
    pub helm: Vec<HelmConfig>,
    /// Kustomizations.
    #[serde(default)]
    pub kustomize: Vec<KustomizeConfig>,
    /// Plain manifests.
    #[serde(default)]
    pub manifest: Vec<ManifestConfig>,
    /// The pipeline that copies the repository to where the controller reads it (Cloud Pi Native).
    pub mirror: Option<MirrorConfig>,
    /// Who pushes; `GITOPS_BUMP_GIT_USERNAME` and `GITOPS_BUMP_GIT_TOKEN` when absent.
    pub credentials: Option<CredentialsConfig>,
}

/// A Helm values file, or any YAML file with an image in it.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmConfig {
    /// The file; `<env>` is the environment.
    pub file: String,
    /// The node that holds the image, for instance `backend.image`; every match when absent.
    pub path: Option<String>,
    /// The image's name in `images`; every image when absent.
    pub image: Option<String>,
}

/// A kustomization.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KustomizeConfig {
    /// The directory or the kustomization file; `<env>` is the environment.
    pub path: String,
    /// The image's name in `images`; every image when absent.
    pub image: Option<String>,
    /// The entry's `name:`, when it isn't the image's repository.
    pub name: Option<String>,
}

/// Plain Kubernetes manifests.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestConfig {
    /// The file, or the directory of `*.yaml` and `*.yml`; `<env>` is the environment.
    pub path: String,
    /// The image's name in `images`; every image when absent.
    pub image: Option<String>,
}

/// The pipeline that copies a repository to where the controller reads it.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MirrorConfig {
    /// The id of the project whose pipeline is triggered.
    #[serde(deserialize_with = "text_or_number")]
    #[schemars(with = "String")]
    pub project_id: String,
    /// What the repository is called there.
    pub repository: String,
    /// The GitLab API of that project; `$CI_API_V4_URL` when absent.
    pub url: Option<String>,
}

/// An id, which people write with quotes and without.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match serde_yaml::Value::deserialize(deserializer)? {
        serde_yaml::Value::String(text) => Ok(text),
        serde_yaml::Value::Number(number) => Ok(number.to_string()),
        _ => Err(D::Error::custom("an id is needed")),
    }
}

/// Who pushes to a repository.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialsConfig {
    /// The user name; `oauth2` when absent.
    pub username: Option<String>,
    /// The name of the variable that holds the token.
    pub token_variable: String,
}

/// Why a config file cannot be used. The text starts with the line, from 1, when there is one.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not YAML, or not of this shape.
    #[error("{0}")]
    Shape(String),
    /// It asks for a variable that is not set.
    #[error("{line}: the variable {name} is {state}")]
    Variable {
        /// The variable.
        name: String,
        /// Where it is asked for.
        line: usize,
        /// `not set`, or `empty`, as a protected variable is on an unprotected ref.
        state: &'static str,
    },
    /// A dollar sign that begins nothing.
    #[error("{line}: {text:?} is not a variable: write ${{NAME}}, or $$ for a dollar sign")]
    Dollar {
        /// What was found.
        text: String,
        /// Where.
        line: usize,
    },
}

impl Config {
    /// Reads a config file's text, with `${VAR}` replaced from the environment and `$$` by a dollar sign.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        Self::read(&expand(text, environment, Unset::Refused)?)
    }

    /// The same for somebody who only looks: in `images` a variable that isn't set stays as it is written.
    pub fn parse_to_look(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        Self::read(&expand(text, environment, Unset::KeptInImages)?)
    }

    fn read(text: &str) -> Result<Self, ConfigError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let config: Option<Self> = serde_yaml::from_str(text).map_err(|error| ConfigError::Shape(shape(&error)))?;
        Ok(config.unwrap_or_default())
    }
}

/// The config file's JSON Schema.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}

/// `LINE: reason`, without the position that the library appends.
fn shape(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let Some(location) = error.location() else { return format!(" {text}") };
    let position = format!(" at line {} column {}", location.line(), location.column());
    format!("{}: {}", location.line(), text.replace(&position, ""))
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
                        return Err(A::Error::custom(format!("the image {name:?} is there twice")));
                    }
                    images.push((name, reference));
                }
                Ok(Images(images))
            }
        }
        deserializer.deserialize_any(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let environment = [("SHA", "5846e796"), ("EVIL", "x\"\nrepositories: []\n#"), ("GONE", "")];
        Config::parse(text, &environment.into_iter().collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_stay_inside_their_scalar() {
        let config =
            parse("images:\n  a: r/a:${SHA} # ${NOT_READ}\n  b: '${EVIL}$$'\nmessage: |\n  new ${SHA}\n").unwrap();
        assert_eq!(config.images.0[0], ("a".into(), "r/a:5846e796".into()));
        assert_eq!(config.images.0[1], ("b".into(), "x\"\nrepositories: []\n#$".into()));
        assert_eq!(config.message.as_deref(), Some("new 5846e796\n"));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, words) in [
            ("images:\n  a: x\n  b: ${UNSET}\n", "3: the variable UNSET is not set"),
            ("images:\n  a: ${GONE}\n", "2: the variable GONE is empty"),
            ("images:\n  a: $SHA\n", "2: \"$SHA\" is not a variable"),
            ("message: |\n  one\n  ${UNSET}\n", "3: the variable UNSET"),
            ("images: {}\nimage: x\n", "2: unknown field `image`"),
            ("images:\n  a: x\n a: [\n", "3: invalid YAML"),
            ("images:\n  a: x\n  a: y\n", "there twice"),
            ("pin: sometimes\n", "1: pin: unknown variant"),
            ("repositories:\n  - url: x\n    helm:\n      - files: y\n", "4: repositories[0].helm[0]: unknown field"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn whoever_looks_needs_no_tags_of_a_build() {
        let look = |text: &str| Config::parse_to_look(text, &[("SHA", "1")].into_iter().collect());
        let images = look("images: {b: 'r/b:${SHA}', c: 'r/c:${UNSET}'}\n").unwrap().images.0;
        assert_eq!(images, [("b".into(), "r/b:1".into()), ("c".into(), "r/c:${UNSET}".into())]);
        for text in
            ["images: {}\nmessage: ${UNSET}\n", "repositories: [{url: '${UNSET}', images: x}]\n", "${UNSET}: {}\n"]
        {
            assert!(matches!(look(text), Err(ConfigError::Variable { .. })), "{text}");
        }
    }

    #[test]
    fn nothing_is_a_config() {
        for text in ["", "# nothing\n", "images:\n", "---\n"] {
            assert!(parse(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn deep_nesting_ends_at_once() {
        assert!(parse(&"[".repeat(100_000)).unwrap_err().contains("invalid YAML"));
    }
}
