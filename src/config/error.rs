//! Why a config file cannot be used; this module must not repeat a value of the file.

#![deny(clippy::disallowed_methods)]

/// Where the mirror's project and token are to be had. On Cloud Pi Native the console writes both to Vault, and neither its
/// catalog nor GitLab hands them to a job.
pub(crate) const MIRROR_HINT: &str = "give the mirror project's id and its trigger token in the CI/CD variables GIT_MIRROR_PROJECT_ID and \
     GIT_MIRROR_TOKEN; on Cloud Pi Native they are in Vault and in no CI/CD variable, and the job read_secret doesn't hand them on: the \
     console shows them to the project's owner among the secrets of its services; a protected variable is empty on a branch that isn't \
     protected";

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
    /// It asks for a variable that holds a secret.
    #[error("{line}: the variable {name} is a secret by its name, and a config file gets no secret")]
    Secret {
        /// The variable.
        name: String,
        /// Where it is asked for.
        line: usize,
    },
    /// It asks for a variable that holds one of the tool's own secrets.
    #[error("{line}: the value of the variable {name} holds a secret of this job, and a config file gets no secret")]
    HoldsSecret {
        /// The variable.
        name: String,
        /// Where it is asked for.
        line: usize,
    },
    /// A dollar sign that begins nothing.
    #[error("{line}: a dollar sign begins no variable here: write ${{NAME}}, or $$ for a dollar sign")]
    Dollar {
        /// Where.
        line: usize,
    },
    /// A variable in a key.
    #[error("{line}: a variable in a key: only values take variables")]
    Key {
        /// Where.
        line: usize,
    },
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Variable { name, .. } if name.starts_with("GIT_MIRROR_") => MIRROR_HINT.into(),
            Self::Variable { name, .. } => format!(
                "set {name} in the job's variables; a protected variable is empty on a branch that isn't protected"
            ),
            Self::Secret { name, .. } | Self::HoldsSecret { name, .. } => format!(
                "leave {name} out of the file: the tool takes its own secrets from their variables, for the servers that \
                they belong to; a repository's own token is named by credentials.token_variable"
            ),
            Self::Shape(_) | Self::Dollar { .. } | Self::Key { .. } => {
                "gitops-bump config schema prints the file's JSON Schema".into()
            }
        }
    }
}
