//! A Git server as a child process at the other end of a pipe; this module must not know what is said through it.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::error::GitError;
use super::ssh::SshRemote;
use super::transport::{SILENCE, Service};
use super::words::Words;

/// What `git rev-parse --local-env-vars` names, and what else would change the server's side: it must see the
/// repository alone.
const SCRUBBED: [&str; 20] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_QUARANTINE_PATH",
    "GIT_TRACE",
    "GIT_TRACE_PACKET",
    "GIT_PROTOCOL",
];

/// A running server process. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Pipe {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    words: JoinHandle<Words>,
}

impl Pipe {
    /// Starts a service on a repository of this machine.
    pub(super) fn local(path: &Path, service: Service) -> Result<Self, GitError> {
        let mut command = Command::new("git");
        for variable in SCRUBBED {
            command.env_remove(variable);
        }
        // A local repository is ours to read: its own settings for strangers don't matter.
        command.args(["-c", "uploadpack.allowFilter=true", "-c", "uploadpack.allowAnySHA1InWant=true"]);
        match service {
            Service::UploadPack => command.arg("upload-pack").env("GIT_PROTOCOL", "version=2"),
            Service::ReceivePack => command.arg("receive-pack"),
        };
        command.arg("--").arg(path).env("LC_ALL", "C");
        Self::start("git", command)
    }

    /// Starts a service at the other end of ssh.
    pub(super) async fn ssh(remote: &SshRemote, service: Service) -> Result<Self, GitError> {
        Self::start(remote.program(), remote.command(service).await?)
    }

    fn start(program: &'static str, mut command: Command) -> Result<Self, GitError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.kill_on_drop(true).spawn();
        let mut child = child.map_err(|source| GitError::Program { program, source })?;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(output), Some(errors)) = (output, errors) else {
            return Err(GitError::protocol("no pipe to it"));
        };
        Ok(Self { child, input, output, words: tokio::spawn(listen(errors)) })
    }

    /// Writes all of a request.
    pub(super) async fn write(&mut self, request: &[u8]) -> std::io::Result<()> {
        let Some(input) = &mut self.input else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        let written = async {
            input.write_all(request).await?;
            input.flush().await
        };
        timeout(SILENCE, written).await.unwrap_or_else(|_| Err(silent()))
    }

    /// Reads what is there; nothing at the end.
    pub(super) async fn read(&mut self) -> std::io::Result<Vec<u8>> {
        let mut buffer = Vec::with_capacity(1 << 16);
        let read = timeout(SILENCE, self.output.read_buf(&mut buffer)).await;
        read.unwrap_or_else(|_| Err(silent()))?;
        Ok(buffer)
    }

    /// Ends the conversation, and returns how the process ended and what it said beside its answer.
    pub(super) async fn end(&mut self) -> (Option<ExitStatus>, String) {
        self.input = None;
        let status = timeout(SILENCE, self.child.wait()).await;
        let words = timeout(SILENCE, &mut self.words).await;
        // Both only explain an error that is there already.
        let words = words.ok().and_then(Result::ok).unwrap_or_default();
        (status.ok().and_then(Result::ok), words.text())
    }
}

fn silent() -> std::io::Error {
    let words = format!("it was silent for {} s", SILENCE.as_secs());
    std::io::Error::new(std::io::ErrorKind::TimedOut, words)
}

/// Drains the process's error output, so that it never waits for us.
async fn listen(mut errors: ChildStderr) -> Words {
    let mut words = Words::default();
    let mut buffer = vec![0; 4096];
    while let Ok(count @ 1..) = errors.read(&mut buffer).await {
        words.add(buffer.get(..count).unwrap_or_default());
    }
    words
}
