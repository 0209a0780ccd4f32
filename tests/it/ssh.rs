//! SSH: the user's own ssh with the keys and known hosts that the variables bring.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::samples::{app_infra, assert_bumped, values};
use crate::world::{Bump, Repository, Sshd, World, copies_of};

/// An infra repository that names tag 1 of an image whose tag 2 is in the registry, behind an SSH server.
struct Harbour {
    sshd: Sshd,
    infra: Repository,
    image: String,
    url: String,
    world: World,
}

impl Harbour {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        let sshd = Sshd::start(&world.scratch().join("sshd"), &world.servers().git_repositories);
        let url = sshd.url(infra.path());
        Self { sshd, infra, image, url, world }
    }

    /// `update` with a key's file and the server's right key.
    fn update(&self, key: &str) -> Bump {
        self.bare_update()
            .env("GITOPS_BUMP_SSH_KEY", self.sshd.key(key).to_str().expect("a plain path"))
            .env("GITOPS_BUMP_SSH_KNOWN_HOSTS", self.sshd.known_hosts("host"))
    }

    fn bare_update(&self) -> Bump {
        let arguments = ["update", "--image", &self.image, "--repo", &self.url, "--helm", "values.yaml"];
        self.world.bump(arguments).without_env("GITOPS_BUMP_GIT_TOKEN")
    }

    #[track_caller]
    fn is_bumped(&self) {
        assert_bumped(&self.world, &self.infra, 2);
    }
}

#[test]
fn a_key_and_known_hosts_are_files_or_content() {
    let harbour = Harbour::new();
    harbour.update("writer").run().exits(0);
    harbour.is_bumped();
    harbour.update("writer").run().exits(0).says("nothing to do");

    harbour.infra.set_ref("refs/heads/main", &harbour.infra.parent("main"));
    // As GitLab's file variables are: readable for all, and Windows line ends that somebody pasted.
    let key = fs::read_to_string(harbour.sshd.key("writer")).expect("the key is ours").replace('\n', "\r\n");
    let file = harbour.world.write("key", &key);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("the file is ours");
    let known_hosts = harbour.world.write("known hosts", harbour.sshd.known_hosts("host"));
    let update = harbour.bare_update().env("GITOPS_BUMP_SSH_KEY", file.to_str().expect("a plain path"));
    update.env("GITOPS_BUMP_SSH_KNOWN_HOSTS", known_hosts.to_str().expect("a plain path")).run().exits(0);
    harbour.is_bumped();

    harbour.infra.set_ref("refs/heads/main", &harbour.infra.parent("main"));
    harbour.update("writer").env("GITOPS_BUMP_SSH_KEY", key.trim_end()).run().exits(0);
    harbour.is_bumped();
}

#[test]
fn a_key_that_may_only_read_and_a_wrong_key_are_exit_8() {
    let harbour = Harbour::new();
    let words = "This deploy key does not have write access";
    harbour.update("reader").run().exits(8).says("push to").says(words).says("GITOPS_BUMP_SSH_KEY");
    harbour.update("stranger").run().exits(8).says("Permission denied").says("GITOPS_BUMP_SSH_KEY");
    let gone = harbour.sshd.url("nowhere/infra.git");
    let arguments = ["update", "--image", &harbour.image, "--repo", &gone, "--helm", "values.yaml"];
    let update = harbour.world.bump(arguments).env("GITOPS_BUMP_SSH_KNOWN_HOSTS", harbour.sshd.known_hosts("host"));
    let key = harbour.sshd.key("writer");
    update.env("GITOPS_BUMP_SSH_KEY", key.to_str().expect("a plain path")).run().exits(8).says("no repository is at");
    assert_eq!(harbour.infra.commits("main"), 1);
}

#[test]
fn a_dry_run_needs_no_right_to_write() {
    let harbour = Harbour::new();
    let run = harbour.update("reader").env("GITOPS_BUMP_DRY_RUN", "true").run().exits(0);
    assert!(run.stdout.contains("+  tag: \"2\""), "{run}");
    assert_eq!(harbour.infra.commits("main"), 1);
}

#[test]
fn an_unknown_and_a_changed_host_key_are_refused_with_the_remedy() {
    let harbour = Harbour::new();
    let unknown = harbour.update("writer").without_env("GITOPS_BUMP_SSH_KNOWN_HOSTS").run().exits(8);
    unknown
        .says("the host key of 127.0.0.1")
        .says("is unknown")
        .says("GITOPS_BUMP_SSH_KNOWN_HOSTS")
        .says("ssh-keyscan");
    let others = harbour.update("writer").env("GITOPS_BUMP_SSH_KNOWN_HOSTS", "other.example ssh-ed25519 AAAA");
    others.run().exits(8).says("is unknown");
    let changed = harbour.update("writer");
    let changed = changed.env("GITOPS_BUMP_SSH_KNOWN_HOSTS", harbour.sshd.known_hosts("other_host")).run().exits(8);
    changed.says("has changed").says("GITOPS_BUMP_SSH_KNOWN_HOSTS");
    assert_eq!(harbour.infra.commits("main"), 1);
}

#[test]
fn a_key_that_cannot_be_used_is_exit_3() {
    let harbour = Harbour::new();
    harbour.update("gone").run().exits(3).says("GITOPS_BUMP_SSH_KEY");
    let public = harbour.sshd.known_hosts("host");
    let file = harbour.world.write("public", public);
    let update = harbour.update("writer").env("GITOPS_BUMP_SSH_KEY", file.to_str().expect("a plain path"));
    update.run().exits(3).says("contains no private key");
    let file = harbour.world.work().join("locked");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "passphrase", "-f"]).arg(&file);
    assert!(keygen.status().expect("ssh-keygen can be started").success());
    let update = harbour.update("writer").env("GITOPS_BUMP_SSH_KEY", file.to_str().expect("a plain path"));
    update.run().exits(3).says("passphrase");
}

#[test]
fn git_ssh_command_is_run_through_the_shell() {
    let harbour = Harbour::new();
    let known_hosts = harbour.world.write("known_hosts", harbour.sshd.known_hosts("host"));
    let key = harbour.sshd.key("writer");
    let line = format!(
        "echo used >> used; ssh -i '{}' -o UserKnownHostsFile='{}' -F none",
        key.display(),
        known_hosts.display()
    );
    harbour.bare_update().env("GIT_SSH_COMMAND", &line).env("GIT_SSH_VARIANT", "ssh").run().exits(0);
    harbour.is_bumped();
    assert!(harbour.world.read("used").starts_with("used\n"));
    harbour.bare_update().env("GIT_SSH_COMMAND", "exit 7;").env("GIT_SSH_VARIANT", "ssh").run().exits(8);
}

#[test]
fn a_lost_race_is_run_again_over_ssh() {
    let harbour = Harbour::new();
    // The first push finds that somebody was quicker.
    harbour.infra.hook(
        "pre-receive",
        "[ ! -e raced ] || exit 0\n\
         touch raced\n\
         unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
         rival=$(git -c user.name=Rival -c user.email=r@example.com commit-tree -p main -m rival main^{tree})\n\
         git update-ref refs/heads/main $rival",
    );
    harbour.update("writer").run().exits(0);
    assert_eq!(harbour.infra.commits("main"), 3);
    assert_eq!(harbour.infra.file("main", "values.yaml"), values(&harbour.world.repository("team/app"), "2"));
}

#[test]
fn a_uid_without_a_name_and_a_home_it_cannot_write_to_is_enough() {
    if !is_root() {
        println!("skipped: only root can run the binary as somebody else");
        return;
    }
    let harbour = Harbour::new();
    let open = |path: &std::path::Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755));
    open(harbour.world.scratch()).expect("the directory is ours");
    let key = fs::read_to_string(harbour.sshd.key("writer")).expect("the key is ours");
    let update = harbour.update("writer").env("GITOPS_BUMP_SSH_KEY", key).env("HOME", "/");
    update.by_user(1_234_567).run().exits(0);
    harbour.is_bumped();
}

#[test]
fn a_signal_leaves_no_key_behind() {
    let harbour = Harbour::new();
    let key = fs::read_to_string(harbour.sshd.key("writer")).expect("the key is ours");
    let shared = harbour.world.scratch().join("started");
    let line = format!("touch '{}'; sleep 30; false", shared.display());
    let update = harbour.update("writer").env("GITOPS_BUMP_SSH_KEY", key).env("GIT_SSH_COMMAND", line);
    let mut command = update.env("GIT_SSH_VARIANT", "ssh").into_command();
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary can be started");
    let started = Instant::now();
    while !shared.exists() {
        assert!(started.elapsed() < Duration::from_secs(30), "ssh was not started");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut kill = Command::new("kill");
    assert!(kill.args(["-TERM", &child.id().to_string()]).status().expect("kill can be started").success());
    assert_eq!(child.wait().expect("the child is ours").code(), Some(1));
    let left = copies_of(child.id());
    assert!(left.is_empty(), "{left:?} is left");
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}
