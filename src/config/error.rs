//! Why a config file cannot be used; this module must not repeat a value of the file.

#![deny(clippy::disallowed_methods)]

/// Where the mirror's project and token are to be had. On Cloud Pi Native the console writes both to Vault, and neither its
/// catalog nor GitLab hands them to a job.
pub(crate) const MIRROR_HINT: &str = "set the CI/CD variables GIT_MIRROR_PROJECT_ID (the id of the mirror project) and GIT_MIRROR_TOKEN (its trigger \
     token); on Cloud Pi Native both are in Vault, not in the CI/CD variables, and the job read_secret does not \
     provide them: the owner of the project finds them in the console, in the secrets of the project's services; a \
     protected variable is empty on a branch that is not protected";

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
    #[error("{line}: the name of the variable {name} is that of a secret, and a config file must not contain secrets")]
    Secret {
        /// The variable.
        name: String,
        /// Where it is asked for.
        line: usize,
    },
    /// It asks for a variable that holds one of the tool's own secrets.
    #[error(
        "{line}: the value of the variable {name} holds a secret of this job, and a config file must not contain secrets"
    )]
    HoldsSecret {
        /// The variable.
        name: String,
        /// Where it is asked for.
        line: usize,
    },
    /// A dollar sign that begins nothing.
    #[error(
        "{line}: the dollar sign does not begin a variable: write ${{NAME}} for a variable, or $$ for a dollar sign"
    )]
    Dollar {
        /// Where.
        line: usize,
    },
    /// A variable in a key.
    #[error("{line}: a key contains a variable: variables are allowed only in values")]
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
                "set {name} in the job's variables; a protected variable is empty on a branch that is not protected"
            ),
            Self::Secret { name, .. } | Self::HoldsSecret { name, .. } => format!(
                "remove {name} from the config file: gitops-bump reads its secrets directly from their variables and \
                sends each one only to its own servers; to use another token for one repository, name its variable \
                in credentials.token_variable"
            ),
            Self::Shape(_) | Self::Dollar { .. } | Self::Key { .. } => {
                "correct the config file; `gitops-bump config schema` prints its JSON Schema".into()
            }
        }
    }
}
