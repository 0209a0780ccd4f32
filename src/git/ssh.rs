//! The user's own `ssh` as the way to a Git server: its command line, and what its last words mean. This module must
//! not read or write a key.
//!
//! The command line is the one that Git makes (`connect.c`), so that configuration, agents and `GIT_SSH_COMMAND` work as
//! they do there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::error::{GitError, HostKey};
use super::service::{CONNECT, SILENCE, Service};
use super::url::SSH_PORT;
use crate::children::{Program, Purpose};
use crate::secret::Bound;

/// How `ssh` is run.
#[derive(Clone, Debug, Default)]
pub struct Ssh {
    /// Which program.
    pub program: SshProgram,
    /// What the program understands; none means to find out.
    pub dialect: Option<SshDialect>,
    /// The private key's file, for its servers alone; without one it is left to ssh's configuration and agent.
    pub key: Option<Bound<PathBuf>>,
    /// The file with the only host keys that count; none leaves it to ssh's configuration.
    pub known_hosts: Option<PathBuf>,
    /// Variables that the program gets beside those of the run.
    pub variables: Vec<(&'static str, OsString)>,
}

/// The program that is run in place of `ssh`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SshProgram {
    /// `ssh` itself.
    #[default]
    Ssh,
    /// `$GIT_SSH`: a program without arguments.
    Program(String),
    /// `$GIT_SSH_COMMAND`: a command for the shell.
    Shell(String),
}

/// Which arguments the program takes (`$GIT_SSH_VARIANT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshDialect {
    /// OpenSSH's options.
    OpenSsh,
    /// Only `[user@]host` and the command.
    Simple,
}

/// A repository that ssh reaches.
#[derive(Debug)]
pub(super) struct SshRemote {
    pub(super) ssh: Ssh,
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) path: String,
    /// The repository's address for messages.
    pub(super) url: String,
    pub(super) dialect: OnceCell<SshDialect>,
}

impl SshRemote {
    /// The program's name for messages.
    pub(super) fn program(&self) -> &'static str {
        match self.ssh.program {
            SshProgram::Ssh => "ssh",
            SshProgram::Program(_) => "the program in GIT_SSH",
            SshProgram::Shell(_) => "sh",
        }
    }

    /// The server's name and port for messages.
    pub(super) fn server(&self) -> String {
        self.port.map_or(self.host.clone(), |port| format!("{}:{port}", self.host))
    }

    /// The command that runs a service at the other end.
    pub(super) async fn command(&self, service: Service) -> Result<Program, GitError> {
        let mut arguments = match *self.dialect.get_or_init(|| self.find_dialect()).await {
            SshDialect::OpenSsh => {
                let mut options = self.options();
                options.extend(["-o", "SendEnv=GIT_PROTOCOL", "--"].map(OsString::from));
                options
            }
            SshDialect::Simple if self.port.is_some() => {
                let words = "the program in GIT_SSH accepts no port; if it does accept one, set GIT_SSH_VARIANT=ssh";
                return Err(GitError::Unsupported(words.to_owned()));
            }
            SshDialect::Simple => Vec::new(),
        };
        arguments.push(self.destination().into());
        arguments.push(format!("{} {}", service.name(), quoted(&self.path)).into());
        let mut command = self.start(arguments);
        match service {
            Service::UploadPack => command.env("GIT_PROTOCOL", "version=2"),
            Service::ReceivePack => command.env_remove("GIT_PROTOCOL"),
        };
        Ok(command)
    }

    fn start(&self, arguments: Vec<OsString>) -> Program {
        let mut program = match &self.ssh.program {
            SshProgram::Ssh => Program::new(Purpose::Ssh, "ssh"),
            SshProgram::Program(program) => Program::new(Purpose::Ssh, program),
            SshProgram::Shell(line) => {
                let mut shell = Program::new(Purpose::Ssh, "sh");
                shell.arg("-c").arg(format!("{line} \"$@\"")).arg(line);
                shell
            }
        };
        program.args(arguments);
        for (name, value) in &self.ssh.variables {
            program.env(name, value);
        }
        program
    }

    /// Options that every OpenSSH takes. The first value of an option counts, so the user's own command line wins.
    fn options(&self) -> Vec<OsString> {
        let mut options: Vec<OsString> = ["-o", "BatchMode=yes", "-o"].map(OsString::from).into();
        options.push(format!("ConnectTimeout={}", CONNECT.as_secs()).into());
        let port = self.port.unwrap_or(SSH_PORT);
        if let Some(key) = self.ssh.key.as_ref().and_then(|key| key.for_server(&self.host, port)) {
            options.extend(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i"].map(OsString::from));
            options.push(key.into());
        }
        if let Some(known_hosts) = &self.ssh.known_hosts {
            let pinned = ["-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no", "-o"];
            options.extend(pinned.map(OsString::from));
            options.push("GlobalKnownHostsFile=/dev/null".into());
            options.push("-o".into());
            let mut file = OsString::from("UserKnownHostsFile=");
            file.push(known_hosts);
            options.push(file);
        }
        if let Some(port) = self.port {
            options.extend(["-p".into(), port.to_string().into()]);
        }
        options
    }

    /// Asks a program that isn't called `ssh` for OpenSSH's `-G`, as Git does.
    async fn find_dialect(&self) -> SshDialect {
        let first = match &self.ssh.program {
            SshProgram::Ssh => return SshDialect::OpenSsh,
            SshProgram::Program(program) => program.as_str(),
            SshProgram::Shell(line) => line.split_whitespace().next().unwrap_or_default(),
        };
        if let Some(dialect) = self.ssh.dialect {
            return dialect;
        }
        if Path::new(first).file_name().is_some_and(|name| name == "ssh") {
            return SshDialect::OpenSsh;
        }
        let mut arguments = vec!["-G".into()];
        arguments.extend(self.options());
        arguments.extend(["--".into(), self.destination().into()]);
        let answered = async { self.start(arguments).start()?.wait().await };
        match timeout(SILENCE, answered).await {
            Ok(Ok(status)) if status.success() => SshDialect::OpenSsh,
            _ => SshDialect::Simple,
        }
    }

    fn destination(&self) -> String {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        self.user.as_ref().map_or(host.to_owned(), |user| format!("{user}@{host}"))
    }

    /// What ssh's last words mean when the conversation didn't come about or broke.
    pub(super) fn failure(&self, words: String) -> GitError {
        let says = |known: &[&str]| {
            let words = words.to_lowercase();
            known.iter().any(|known| words.contains(known))
        };
        let host = self.server();
        if says(&["host identification has changed"]) {
            GitError::HostKey { host, state: HostKey::Changed }
        } else if says(&["host key verification failed"]) {
            GitError::HostKey { host, state: HostKey::Unknown }
        } else if says(&["no user exists for uid"]) {
            GitError::NoUser { words }
        } else if says(NOT_FOUND) {
            GitError::RepositoryMissing { url: self.url.clone(), words }
        } else if says(DENIED) {
            GitError::SshDenied { host, words }
        } else if says(UNREACHABLE) {
            GitError::Broken { host, reason: words }
        } else {
            GitError::Remote { words }
        }
    }
}

/// How servers say over ssh that there is no such repository.
const NOT_FOUND: &[&str] = &[
    "does not appear to be a git repository",
    "repository not found",
    "could not be found",
    "project you were looking for",
    "not a git repository",
];

/// How ssh, and servers after it, say that this key may not do this.
const DENIED: &[&str] = &[
    "permission denied",
    "too many authentication failures",
    "write access",
    "not allowed to",
    "no supported authentication methods",
    "access denied",
];

/// How ssh says that there was no connection, or none any more.
const UNREACHABLE: &[&str] = &[
    "could not resolve hostname",
    "connection refused",
    "connection timed out",
    "operation timed out",
    "no route to host",
    "network is unreachable",
    "connection closed",
    "closed by remote host",
    "connection reset",
    "kex_exchange_identification",
    "banner exchange",
    "broken pipe",
];

/// One word for the shell at the other end, quoted as Git quotes it.
fn quoted(path: &str) -> String {
    // `/~user` is what an `ssh://` address makes of a path below a home directory.
    let path = path.strip_prefix('/').filter(|rest| rest.starts_with('~')).unwrap_or(path);
    format!("'{}'", path.replace('\'', "'\\''").replace('!', "'\\!'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Audience;

    fn remote(ssh: Ssh) -> SshRemote {
        SshRemote {
            ssh,
            user: Some("git".to_owned()),
            host: "git.example.com".to_owned(),
            port: Some(2222),
            path: "/shop/in'fra.git".to_owned(),
            url: "ssh://git@git.example.com:2222/shop/infra.git".to_owned(),
            dialect: OnceCell::new(),
        }
    }

    fn key_for(server: &str) -> Bound<PathBuf> {
        let mut audience = Audience::default();
        audience.add(server);
        Bound::new("/run/key".into(), audience)
    }

    async fn arguments(remote: &SshRemote) -> Vec<String> {
        remote.command(Service::UploadPack).await.unwrap().arguments()
    }

    #[tokio::test]
    async fn the_command_line_is_gits() {
        let ssh = Ssh {
            key: Some(key_for("git.example.com:2222")),
            known_hosts: Some("/run/known_hosts".into()),
            program: SshProgram::Shell("ssh -v".to_owned()),
            ..Ssh::default()
        };
        let arguments = arguments(&remote(ssh)).await;
        assert_eq!(arguments.get(..3).unwrap(), ["-c", "ssh -v \"$@\"", "ssh -v"]);
        let line = arguments.join(" ");
        for part in
            ["BatchMode=yes", "-i /run/key", "UserKnownHostsFile=/run/known_hosts", "-p 2222", "SendEnv=GIT_PROTOCOL"]
        {
            assert!(line.contains(part), "{part} is not in {line}");
        }
        assert!(line.ends_with(r"-- git@git.example.com git-upload-pack '/shop/in'\''fra.git'"), "{line}");
    }

    #[tokio::test]
    async fn a_key_is_named_for_its_servers_alone() {
        for (server, is_named) in
            [("git.example.com:2222", true), ("git.example.com", false), ("other.example.com:2222", false)]
        {
            let ssh = Ssh { key: Some(key_for(server)), ..Ssh::default() };
            let line = arguments(&remote(ssh)).await.join(" ");
            assert_eq!(line.contains("/run/key"), is_named, "{server}");
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_openssh_gets_no_options() {
        let mut simple = remote(Ssh { program: SshProgram::Program("false".to_owned()), ..Ssh::default() });
        assert!(matches!(simple.command(Service::UploadPack).await, Err(GitError::Unsupported(_))));
        simple.port = None;
        assert_eq!(arguments(&simple).await, ["git@git.example.com", r"git-upload-pack '/shop/in'\''fra.git'"]);
        let program = remote(Ssh { program: SshProgram::Program("true".to_owned()), ..Ssh::default() });
        assert!(arguments(&program).await.contains(&"SendEnv=GIT_PROTOCOL".to_owned()));
    }

    #[test]
    fn tells_what_the_words_mean() {
        let failure = |words: &str| remote(Ssh::default()).failure(words.to_owned());
        let changed = "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!; Host key verification failed.";
        assert!(matches!(failure(changed), GitError::HostKey { state: HostKey::Changed, .. }));
        assert!(matches!(failure("Host key verification failed."), GitError::HostKey { state: HostKey::Unknown, .. }));
        assert!(matches!(failure("git@h: Permission denied (publickey)."), GitError::SshDenied { .. }));
        assert!(matches!(failure("ERROR: Repository not found."), GitError::RepositoryMissing { .. }));
        assert!(matches!(failure("ssh: connect to host h port 22: Connection refused"), GitError::Broken { .. }));
        assert!(matches!(failure("No user exists for uid 12345"), GitError::NoUser { .. }));
        assert!(matches!(failure("Welcome"), GitError::Remote { .. }));
    }

    #[test]
    fn quotes_as_git_does() {
        assert_eq!(quoted("/~ada/it's!.git"), r"'~ada/it'\''s'\!'.git'");
    }
}
