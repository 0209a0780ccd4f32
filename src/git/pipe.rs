//! A Git server as a child process at the other end of a pipe; this module must not know what is said through it.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::error::GitError;
use super::hooks::Hooks;
use super::service::{SILENCE, Service};
use super::ssh::SshRemote;
use super::words::Words;
use crate::children::{Program, Purpose, Running};
use crate::http::{Floor, TooSlow};

/// How long a process may take to end when its work is done.
const CLOSING: Duration = Duration::from_secs(5);

/// A running server process. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Pipe {
    child: Running,
    input: Option<ChildStdin>,
    output: ChildStdout,
    words: JoinHandle<Words>,
    floor: Floor,
}

impl Pipe {
    /// Starts a service on a repository of this machine.
    pub(super) fn local(path: &Path, hooks: Hooks, service: Service) -> Result<Self, GitError> {
        let mut git = Program::new(Purpose::Git, "git");
        // A local repository is ours to read: its own settings for strangers don't matter.
        git.args(["-c", "uploadpack.allowFilter=true", "-c", "uploadpack.allowAnySHA1InWant=true"]);
        git.args(hooks.settings().iter().flat_map(|setting| ["-c", setting]));
        for (name, value) in hooks.variables() {
            git.env(name, value);
        }
        match service {
            Service::UploadPack => git.arg("upload-pack").env("GIT_PROTOCOL", "version=2"),
            Service::ReceivePack => git.arg("receive-pack"),
        };
        git.arg("--").arg(path).env("LC_ALL", "C");
        Self::start("git", git, service)
    }

    /// Starts a service at the other end of ssh.
    pub(super) async fn ssh(remote: &SshRemote, service: Service) -> Result<Self, GitError> {
        Self::start(remote.program(), remote.command(service).await?, service)
    }

    fn start(name: &'static str, mut program: Program, service: Service) -> Result<Self, GitError> {
        program.talks().complains();
        let mut child = program.start().map_err(|source| GitError::Program { program: name, source })?;
        let (input, output, errors) = (child.input(), child.output(), child.errors());
        let (Some(output), Some(errors)) = (output, errors) else {
            return Err(GitError::protocol("no pipe to it"));
        };
        let floor = match service {
            Service::UploadPack => Floor::ORDINARY,
            Service::ReceivePack => Floor::ALIVE,
        };
        Ok(Self { child, input, output, words: tokio::spawn(listen(errors)), floor })
    }

    /// Writes all of a request.
    pub(super) async fn write(&mut self, request: &[u8]) -> std::io::Result<()> {
        self.floor.restart();
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
        let began = Instant::now();
        let read = timeout(SILENCE.min(self.floor.left()), self.output.read_buf(&mut buffer)).await;
        let waited = began.elapsed();
        match read {
            Err(_) if waited >= SILENCE => return Err(silent()),
            Err(_) => {}
            Ok(read) => _ = read?,
        }
        self.floor.came(buffer.len(), waited).map_err(|TooSlow| slow())?;
        Ok(buffer)
    }

    /// Ends a conversation that is over, and lets the process end by itself, with what it has started.
    pub(super) async fn close(mut self) {
        self.input = None;
        // One that doesn't end is killed.
        let _ = timeout(CLOSING, self.child.wait()).await;
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

fn slow() -> std::io::Error {
    let words = "its answer comes too slowly: less than 1 KiB in a minute";
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
