//! Starts the programs that are needed beside this one: Git for local repositories, ssh, credential helpers. It decides
//! what of the run's environment they see, and leaves none behind; this module must not know what is said to them.
//!
//! It is the only place of the library that starts a program.

#![allow(clippy::disallowed_types)]

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::secret::names::{is_own_secret, looks_secret};
use crate::secret::own::own_value;

/// How long the end of a killed program is waited for.
const KILLED: Duration = Duration::from_millis(200);

/// What a program is for, which decides what it sees of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A service of Git on a local repository.
    Git,
    /// The way to a Git server.
    Ssh,
    /// A docker credential helper.
    CredentialHelper,
}

/// A program that is to be started.
#[derive(Debug)]
pub(crate) struct Program(Command);

/// A program that runs, as the leader of a process group. Dropping it kills the group, unless the program has ended.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    group: Option<Pid>,
}

impl Program {
    /// Sets up a program with the part of the environment that it may see.
    pub(crate) fn new(purpose: Purpose, program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        let variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        for name in withheld(purpose, &variables) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Self(command)
    }

    pub(crate) fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.0.arg(argument);
        self
    }

    pub(crate) fn args(&mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.0.env_remove(name);
        self
    }

    /// Lets the program read and write through pipes.
    pub(crate) fn talks(&mut self) -> &mut Self {
        self.0.stdin(Stdio::piped()).stdout(Stdio::piped());
        self
    }

    /// Lets the program's error output be read.
    pub(crate) fn complains(&mut self) -> &mut Self {
        self.0.stderr(Stdio::piped());
        self
    }

    /// Starts the program.
    pub(crate) fn start(mut self) -> io::Result<Running> {
        let child = self.0.spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Running { child, group })
    }

    #[cfg(test)]
    pub(crate) fn arguments(&self) -> Vec<String> {
        self.0.as_std().get_args().map(|argument| argument.to_string_lossy().into_owned()).collect()
    }
}

impl Running {
    pub(crate) fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    pub(crate) fn errors(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Waits for the program's own end. What it left running in its group goes on.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.group = None;
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // As long as nobody has waited for the program its number is not given to another.
        let Some(group) = self.group else {
            return;
        };
        // A group that is gone is what was wanted.
        let _ = kill_process_group(group, Signal::KILL);
        let killed = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && killed.elapsed() < KILLED {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// What every program needs to run at all; none of these is ever taken for a secret by its value.
const PLAIN: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "PWD", "SSH_AUTH_SOCK"];

/// How the variables begin that a cloud's credential helper signs in with.
const CLOUDS: [&str; 12] = [
    "ALIBABA_CLOUD_",
    "ALICLOUD_",
    "AWS_",
    "AZURE_",
    "CLOUDSDK_",
    "DIGITALOCEAN_",
    "GCLOUD_",
    "GOOGLE_",
    "IBMCLOUD_",
    "MSI_",
    "OCI_",
    "SCW_",
];

/// The user's own choice of Git and of its settings. Every other variable of Git's would lead it to another repository,
/// change what it does there, or make it write down what is said.
const GITS_OWN: [&str; 4] = ["GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];

/// The variables that a program must not see: every one that holds a secret by its name, or one of this tool's secrets
/// in its value (as `CI_REPOSITORY_URL` holds the job's token). A credential helper keeps what clouds call theirs.
fn withheld(purpose: Purpose, variables: &[(OsString, OsString)]) -> Vec<&OsStr> {
    let own: Vec<String> = variables.iter().filter_map(own_secret).collect();
    let is_withheld = |name: &str, value: &str| {
        let is_clouds = purpose == Purpose::CredentialHelper && CLOUDS.iter().any(|cloud| name.starts_with(cloud));
        let is_gits = purpose == Purpose::Git && name.starts_with("GIT_") && !GITS_OWN.contains(&name);
        is_gits
            || is_own_secret(name)
            || (looks_secret(name) && !is_clouds)
            || (!PLAIN.contains(&name) && own.iter().any(|secret| value.contains(secret)))
    };
    let withheld =
        variables.iter().filter(|(name, value)| is_withheld(&name.to_string_lossy(), &value.to_string_lossy()));
    withheld.map(|(name, _)| name.as_os_str()).collect()
}

fn own_secret((name, value): &(OsString, OsString)) -> Option<String> {
    own_value(&name.to_string_lossy(), &value.to_string_lossy()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_sees_depends_on_what_it_is_for() {
        let token = "glpat-0123456789";
        let clone = format!("https://gitlab-ci-token:{token}@git.example.com/shop/app.git");
        // Whether Git, ssh and a credential helper see it.
        let cases = [
            ("PATH", "/bin", [true, true, true]),
            ("HOME", token, [true, true, true]),
            ("SSH_AUTH_SOCK", "/tmp/agent", [true, true, true]),
            ("HTTPS_PROXY", "http://proxy.example.com", [true, true, true]),
            ("CI_JOB_TOKEN", token, [false, false, false]),
            ("CI_REPOSITORY_URL", clone.as_str(), [false, false, false]),
            ("CI_PROJECT_URL", "https://git.example.com/shop/app", [true, true, true]),
            ("GITOPS_BUMP_GIT_TOKEN", token, [false, false, false]),
            ("GITOPS_BUMP_GIT_TOKEN_INFRA", "x", [false, false, false]),
            ("GITOPS_BUMP_SSH_KEY", "/builds/key", [false, false, false]),
            ("KEY_FILE", "/builds/key", [true, true, true]),
            ("DOCKER_AUTH_CONFIG", "{}", [false, false, false]),
            ("DOCKER_CONFIG", "/builds/.docker", [true, true, true]),
            ("VAULT_TOKEN", "x", [false, false, false]),
            ("SONAR_PASSWORD", "x", [false, false, false]),
            ("AWS_SECRET_ACCESS_KEY", "x", [false, false, true]),
            ("AWS_SESSION_TOKEN", "x", [false, false, true]),
            ("AWS_REGION", "x", [true, true, true]),
            ("AWS_TOO", token, [false, false, false]),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/x", [true, true, true]),
            ("GIT_SSH_COMMAND", "ssh -v", [false, true, true]),
            ("GIT_DIR", "/x", [false, true, true]),
            ("GIT_CONFIG_PARAMETERS", "x", [false, true, true]),
            ("GIT_EXEC_PATH", "/x", [true, true, true]),
        ];
        let variables: Vec<(OsString, OsString)> =
            cases.iter().map(|(name, value, _)| (OsString::from(name), OsString::from(value))).collect();
        for (place, purpose) in [Purpose::Git, Purpose::Ssh, Purpose::CredentialHelper].into_iter().enumerate() {
            let withheld = withheld(purpose, &variables);
            for (name, _, sees) in &cases {
                assert_eq!(!withheld.contains(&OsStr::new(name)), sees[place], "{purpose:?} {name}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_of_a_group_outlives_its_handle() {
        let mut program = Program::new(Purpose::Ssh, "sh");
        program.args(["-c", "sleep 60 & echo $!; wait"]).talks();
        let mut running = program.start().unwrap();
        let mut line = String::new();
        let mut output = tokio::io::BufReader::new(running.output().unwrap());
        tokio::io::AsyncBufReadExt::read_line(&mut output, &mut line).await.unwrap();
        let group = running.group.unwrap();
        drop(running);
        let state = |id: &str| std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        assert_eq!(state(&group.as_raw_nonzero().to_string()), "", "the program is not waited for");
        let ended = Instant::now();
        // Who adopted it has to notice its end, too.
        while !matches!(state(line.trim()).split(' ').nth(2), None | Some("Z" | "X")) {
            assert!(ended.elapsed() < Duration::from_secs(5), "{} goes on", line.trim());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
