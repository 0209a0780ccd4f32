//! What the variables say about ssh; this module must not read a key's file.

#![deny(clippy::disallowed_methods)]

use crate::environment::Environment;
use crate::git::{SshDialect, SshProgram};
use crate::secret::{Audience, Bound, SecretString};

/// How Git servers are reached over SSH.
#[derive(Clone, Debug, Default)]
pub struct SshSettings {
    /// `$GITOPS_BUMP_SSH_KEY`: a private key, or its file, for the Git servers that may see it.
    pub key: Option<Bound<SecretString>>,
    /// `$GITOPS_BUMP_SSH_KNOWN_HOSTS`: lines of a `known_hosts` file, or the file.
    pub known_hosts: Option<String>,
    /// The program in place of `ssh`.
    pub program: SshProgram,
    /// `$GIT_SSH_VARIANT`.
    pub dialect: Option<SshDialect>,
    /// `$HOME`, for a user that the system doesn't know.
    pub home: Option<String>,
}

impl SshSettings {
    /// Reads the variables; the key is for these servers.
    pub(super) fn from_environment(environment: &Environment, servers: &Audience) -> Self {
        let get = |name| environment.get(name).map(str::to_owned);
        let program = match (get("GIT_SSH_COMMAND"), get("GIT_SSH")) {
            (Some(line), _) => SshProgram::Shell(line),
            (None, Some(program)) => SshProgram::Program(program),
            (None, None) => SshProgram::Ssh,
        };
        let dialect = match environment.get("GIT_SSH_VARIANT") {
            Some("ssh") => Some(SshDialect::OpenSsh),
            Some("simple") => Some(SshDialect::Simple),
            _ => None,
        };
        Self {
            key: environment.get("GITOPS_BUMP_SSH_KEY").map(|key| Bound::new(SecretString::from(key), servers.clone())),
            known_hosts: get("GITOPS_BUMP_SSH_KNOWN_HOSTS"),
            program,
            dialect,
            home: get("HOME"),
        }
    }
}
