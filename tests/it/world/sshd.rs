//! An SSH server of a test's own, with keys that may write, only read or do nothing; knows nothing of the binary.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::directory;
use super::tools::output_of;

/// What a deploy key may do: runs Git's two services below a directory, as a hosting server does.
const SHELL: &str = r#"#!/bin/sh
set -f
may=$1 root=$2
eval "set -- $SSH_ORIGINAL_COMMAND"
echo "$1" >>"${0%/*}/services"
case $1:$may in
git-upload-pack:* | git-receive-pack:write) exec git "${1#git-}" "$root/${2#/}" ;;
git-receive-pack:read) echo 'ERROR: This deploy key does not have write access to this project.' >&2 ;;
*) echo 'Welcome, and no shell here.' >&2 ;;
esac
exit 1
"#;

/// A running server; dropping it ends it.
pub(crate) struct Sshd {
    server: Child,
    directory: PathBuf,
    port: u16,
}

impl Sshd {
    /// Starts a server in a directory that serves the repositories below another, in the version of Git's protocol that
    /// a client asks for.
    pub(crate) fn start(directory: &Path, repositories: &Path) -> Self {
        Self::start_with("AcceptEnv GIT_PROTOCOL", directory, repositories)
    }

    /// Starts one that takes no version from a client, as Debian's configuration has it.
    pub(crate) fn start_as_debian_does(directory: &Path, repositories: &Path) -> Self {
        Self::start_with("AcceptEnv LANG LC_*", directory, repositories)
    }

    fn start_with(setting: &str, directory: &Path, repositories: &Path) -> Self {
        fs::create_dir_all(directory).expect("the scratch directory is writable");
        for name in ["host", "other_host", "writer", "reader", "stranger"] {
            key(&["-t", "ed25519"], &directory.join(name));
        }
        let shell = directory::write(directory, "shell", SHELL.as_bytes());
        fs::set_permissions(&shell, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        let (shell, repositories) = (shell.display(), repositories.display());
        let line = |may: &str, name: &str| {
            format!("restrict,command=\"{shell} {may} {repositories}\" {}", directory::read(directory, name))
        };
        let keys = line("write", "writer.pub") + &line("read", "reader.pub");
        directory::write(directory, "authorized_keys", keys.as_bytes());
        if Path::new("/run").metadata().is_ok_and(|run| !run.permissions().readonly()) {
            // Where root's sshd locks itself up. Anybody else's doesn't ask for it, and may not make it.
            let _ = fs::create_dir_all("/run/sshd");
        }
        let (server, port) = listen(directory, setting);
        Self { server, directory: directory.to_owned(), port }
    }

    /// `ssh://USER@HOST:PORT/PATH` of a repository.
    pub(crate) fn url(&self, path: &str) -> String {
        let user = String::from_utf8(output_of(Command::new("id").arg("-un"))).expect("a name is text");
        format!("ssh://{}@127.0.0.1:{}/{path}", user.trim(), self.port)
    }

    /// How often a key that may do something has connected to a service, such as `git-upload-pack`.
    pub(crate) fn connections(&self, service: &str) -> usize {
        directory::read(&self.directory, "services").lines().filter(|line| *line == service).count()
    }

    /// A private key's file: `writer`, `reader` or `stranger`.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A line of `known_hosts` for this server with its own key, `host`, or with `other_host`.
    pub(crate) fn known_hosts(&self, name: &str) -> String {
        format!("[127.0.0.1]:{} {}", self.port, directory::read(&self.directory, &format!("{name}.pub")))
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.server.kill().expect("the server is ours");
        self.server.wait().expect("the server is ours");
    }
}

/// Makes a key pair without a passphrase.
pub(crate) fn key(kind: &[&str], file: &Path) {
    output_of(Command::new("ssh-keygen").args(["-q", "-N", "", "-C", "test"]).args(kind).arg("-f").arg(file));
}

/// sshd can't ask the kernel for a port, so one is guessed until it holds.
fn listen(directory: &Path, setting: &str) -> (Child, u16) {
    let program = ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| Path::new(path).exists());
    let program = program.expect("sshd is there; scripts/install installs it");
    let pam = if root_is_locked() { "yes" } else { "no" };
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let at = directory.display();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {at}/host\nPidFile none\nAuthorizedKeysFile {at}/authorized_keys\n\
             StrictModes no\nUsePAM {pam}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\n{setting}\nMaxStartups 100\n"
        );
        let config = directory::write(directory, "sshd_config", config.as_bytes());
        let mut command = Command::new(program);
        command.args(["-D", "-e", "-f"]).arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = command.spawn().expect("sshd can be started");
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) && server.try_wait().expect("it is ours").is_none() {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return (server, port);
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = server.kill();
        server.wait().expect("the server is ours");
    }
    panic!("sshd did not start");
}

/// On Ubuntu root has no password. Without PAM, sshd then refuses root's keys too.
fn root_is_locked() -> bool {
    fs::read_to_string("/etc/shadow").is_ok_and(|users| users.lines().any(|user| user.starts_with("root:!")))
}
