//! One run of the binary: its environment before, its outcome after; knows no command of it.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::container::Image;
use super::secrets::Secret;
use super::servers::Servers;
use super::tools::output_of;

/// No run in a test may take longer, whatever a server does.
const LONGEST: Duration = Duration::from_secs(90);

/// A run that is being prepared.
pub(crate) struct Bump {
    command: Command,
    temporary: PathBuf,
    secrets: Vec<Secret>,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Bump {
    pub(super) fn new<S: AsRef<str>>(
        scratch: &Path,
        servers: &Servers,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gitops-bump"));
        command.args(arguments.into_iter().map(|argument| OsString::from(argument.as_ref())));
        let temporary = scratch.join("tmp");
        // Nothing of this machine: no proxies, no certificates, no CI variables, no Git settings.
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", scratch.join("home")).env("TMPDIR", &temporary).current_dir(scratch.join("work"));
        command.env("GITOPS_BUMP_GIT_TOKEN", &servers.git_login.password);
        let secrets = vec![servers.git_login.clone(), servers.registry_login.clone()];
        Self { command, temporary, secrets }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.command.env(name, value.as_ref());
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Adds a login that must never be seen in what the run prints.
    pub(crate) fn hiding(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// Runs a copy of the binary as another user, who may not enter the directory of the build. The scratch directory must be
    /// open to it.
    pub(crate) fn by_user(mut self, id: u32) -> Self {
        let binary = self.temporary.with_file_name("binary");
        // Another process copies it: one that another test starts meanwhile would hold a copy of ours open for writing, and
        // what is open for writing can't be started.
        output_of(Command::new("cp").arg(self.command.get_program()).arg(&binary));
        let mut copy = Command::new(binary);
        copy.args(self.command.get_args()).env_clear().uid(id).gid(id);
        self.hand_settings_to(&mut copy);
        self.command = copy;
        self
    }

    /// Runs with at most this much memory, in kilobytes: more than that is not to be had.
    pub(crate) fn within_memory(mut self, kilobytes: u32) -> Self {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -v {kilobytes} && exec \"$0\" \"$@\"")).arg(self.command.get_program());
        shell.args(self.command.get_args()).env_clear();
        self.hand_settings_to(&mut shell);
        self.command = shell;
        self
    }

    /// Runs at this time by UTC, `2026-03-27 15:00:00`; from then on its clock goes as any other.
    pub(crate) fn at(mut self, time: &str) -> Self {
        let probe = Command::new("faketime").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(probe.is_ok(), "faketime is missing: install the package faketime, as scripts/install does");
        let mut faketime = Command::new("faketime");
        // What waits and measures goes by another clock, which stays as it is.
        faketime.env_clear().env("TZ", "UTC").env("DONT_FAKE_MONOTONIC", "1");
        faketime.arg(time).arg(self.command.get_program()).args(self.command.get_args());
        self.hand_settings_to(&mut faketime);
        self.command = faketime;
        self
    }

    /// Gives a command the environment and the directory of this one.
    fn hand_settings_to(&self, command: &mut Command) {
        for (name, value) in self.command.get_envs() {
            value.map(|value| command.env(name, value));
        }
        self.command.get_current_dir().map(|directory| command.current_dir(directory));
    }

    /// Runs in a container of the image, as a uid without a name, with nothing to write to and without a home.
    pub(crate) fn in_container(mut self, image: &Image) -> Self {
        let mut container = image.container();
        let of_this_machine = ["PATH", "HOME", "TMPDIR"].map(OsStr::new);
        for (name, value) in self.command.get_envs().filter(|(name, _)| !of_this_machine.contains(name)) {
            let variable = [name, value.unwrap_or_default()].join(OsStr::new("="));
            container.arg("--env").arg(variable);
        }
        container.args([image.id(), "env", "-u", "HOME", "gitops-bump"]).args(self.command.get_args());
        self.command = container;
        self
    }

    /// The prepared command, for a test that doesn't let it run to its end.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs to the end. Whatever the run does, it prints no secret and leaves no temporary file.
    pub(crate) fn run(mut self) -> Run {
        let started = Instant::now();
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the binary can be started");
        let id = child.id();
        let stdout = drain(child.stdout.take().expect("the output is piped"));
        let stderr = drain(child.stderr.take().expect("the errors are piped"));
        let status = wait(&mut child, started);
        let took = started.elapsed();
        let (stdout, stderr) = (joined(stdout), joined(stderr));
        let Some(code) = status.and_then(|status| status.code()) else {
            panic!("{:?} did not end by itself: {status:?}\n{stdout}\n{stderr}", self.command.get_args());
        };
        let run = Run { code, stdout, stderr, took };
        self.check(&run, id);
        run
    }

    fn check(&self, run: &Run, id: u32) {
        for secret in &self.secrets {
            secret.assert_absent("stdout", run.stdout.as_bytes());
            secret.assert_absent("stderr", run.stderr.as_bytes());
        }
        let mut left = copies_of(id);
        left.extend(
            std::fs::read_dir(&self.temporary)
                .expect("the directory is ours")
                .map(|entry| entry.expect("it stays").path()),
        );
        assert!(left.is_empty(), "temporary files are left: {left:?}\n{run}");
    }
}

impl Run {
    /// Panics unless the run ended with this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert!(self.code == code, "exit code {} instead of {code}\n{self}", self.code);
        self
    }

    /// Panics unless stderr holds these words, in any case.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let said = self.stderr.to_lowercase().contains(&words.to_lowercase());
        assert!(said, "stderr does not say {words:?}\n{self}");
        self
    }

    /// Panics unless this text is all that stands on stdout.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.stdout == text, "stdout is not {text:?}\n{self}");
        self
    }

    /// Panics unless stdout holds these words.
    #[track_caller]
    pub(crate) fn prints_some(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "stdout does not hold {words:?}\n{self}");
        self
    }

    /// Panics unless stdout holds this line.
    #[track_caller]
    pub(crate) fn prints_line(self, line: &str) -> Self {
        assert!(self.stdout.lines().any(|printed| printed == line), "stdout has no line {line:?}\n{self}");
        self
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, stdout, stderr, took } = self;
        write!(f, "exit code {code} after {took:?}\n--- stdout\n{stdout}--- stderr\n{stderr}---")
    }
}

/// Copies of keys that a process left in memory.
pub(crate) fn copies_of(process: u32) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/dev/shm") else {
        return Vec::new();
    };
    let name = format!("gitops-bump-{process}-");
    let is_copy = |path: &PathBuf| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&name));
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_copy).collect()
}

fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

fn joined(reader: JoinHandle<Vec<u8>>) -> String {
    String::from_utf8(reader.join().expect("the reader does not panic")).expect("the binary writes UTF-8")
}

/// The status; none when the run took too long and was killed.
fn wait(child: &mut Child, started: Instant) -> Option<ExitStatus> {
    while started.elapsed() < LONGEST {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("the child is ours");
    child.wait().expect("the child is ours");
    None
}
