//! Why there is nothing to run; this module must not decide anything.

use super::Giver;
use crate::config::{ConfigError, MIRROR_HINT};
use crate::edit::PathError;
use crate::git::UrlError;
use crate::image::ReferenceError;

/// What `Value` calls the project whose pipeline is the mirror.
pub(super) const MIRROR_PROJECT: &str = "mirror project id";

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No image, no repository or no target was given.
    #[error("{0}")]
    Usage(String),
    /// A reference is malformed.
    #[error("image {text:?} ({by}): {source}")]
    Reference {
        /// The reference.
        text: String,
        /// What gave it.
        by: String,
        /// What is wrong with it.
        source: ReferenceError,
    },
    /// A reference has no tag.
    #[error("image {text:?} ({by}) has no tag")]
    NoTag {
        /// The reference.
        text: String,
        /// What gave it.
        by: String,
    },
    /// A value means nothing.
    #[error("{what}: {reason}")]
    Value {
        /// Which flag, variable or key.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A target's PATH is malformed.
    #[error("{target}: {source}")]
    Path {
        /// The target.
        target: String,
        /// What is wrong with it.
        source: PathError,
    },
    /// The repository's address is malformed.
    #[error("{by}: {source}")]
    Url {
        /// What gave it.
        by: Giver,
        /// What is wrong with it.
        source: UrlError,
    },
    /// A repository's token variable is empty.
    #[error("the variable {variable} with the token for {url} is {state}")]
    Token {
        /// The variable.
        variable: String,
        /// The repository.
        url: String,
        /// `not set` or `empty`.
        state: &'static str,
    },
    /// A repository's token variable has a name that other secrets could have.
    #[error("the token_variable of {url} does not begin with GITOPS_BUMP_GIT_TOKEN_")]
    TokenVariable {
        /// The repository.
        url: String,
    },
    /// A secret would go to a server that only the config file names.
    #[error("{what}: {secret} does not go to {server} unless {variable} names that server")]
    Foreign {
        /// What is on that server.
        what: String,
        /// The variable with the secret.
        secret: String,
        /// The server.
        server: String,
        /// The variable that names the servers of the secret.
        variable: &'static str,
    },
    /// Credentials would cross a network as they are.
    #[error("{what} would go to {server} over plain http")]
    Unencrypted {
        /// Which credentials.
        what: String,
        /// `HOST` or `HOST:PORT`.
        server: String,
    },
    /// A template that can't be rendered.
    #[error("{by}: {reason}")]
    Template {
        /// What gave it.
        by: Giver,
        /// What is wrong with it.
        reason: String,
    },
    /// The config file is wrong.
    #[error("{file}:{source}")]
    Config {
        /// The config file.
        file: String,
        /// What is wrong with it.
        source: ConfigError,
    },
}

impl SettingsError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Usage(_) => "see `gitops-bump --help` for the flags, or describe the job in .gitops-bump.yml".into(),
            Self::Reference { text, .. } if text.contains(',') => {
                "write each image as HOST/PATH:TAG: repeat --image, or separate the images by spaces or lines in the variable".into()
            }
            Self::Reference { .. } => "write the image as HOST/PATH:TAG".into(),
            Self::NoTag { .. } => "name the tag that was pushed: no tag is assumed, not even latest".into(),
            Self::Value { what, .. } if what.starts_with(MIRROR_PROJECT) => MIRROR_HINT.into(),
            Self::Value { what, .. } => {
                format!("correct the value of {what}: `--help` describes the flags, `gitops-bump config schema` the keys of the config file")
            }
            Self::Path { .. } => "write PATH as keys joined by dots, for instance backend.image or containers[0].image".into(),
            Self::Url { .. } => "write the repository as https://HOST/GROUP/PROJECT.git".into(),
            Self::Token { variable, .. } if variable.contains("GIT_MIRROR_TOKEN") => MIRROR_HINT.into(),
            Self::Token { .. } => "set it in the CI/CD variables of the project; a protected variable is empty on a branch that is not protected".into(),
            Self::TokenVariable { .. } => {
                "rename the variable to GITOPS_BUMP_GIT_TOKEN_…, in the CI/CD variables and in the config file; if the repository has no \
                 credentials: in the config file, GITOPS_BUMP_GIT_TOKEN is used".into()
            }
            Self::Foreign { server, variable, .. } => format!(
                "if the secret belongs to this server, add {server} to the variable {variable}: a config file alone cannot \
                 send a secret to another server"
            ),
            Self::Unencrypted { server, .. } => {
                format!("use https, or set `--plain-http {server}` if the network is trusted")
            }
            Self::Template { .. } => {
                "correct the template; images, changes, hold, environment, promoted_from, preview, branch, ci, subject and trailers can be used".into()
            }
            Self::Config { source, .. } => source.hint(),
        }
    }
}
