//! Who vouches for a commit: SSH signatures that `git verify-commit` accepts, and the sign-off.

use std::fs;
use std::process::Command;

use crate::samples::app_infra;
use crate::world::{Bump, Repository, World, output_of, ssh_key};

struct Desk {
    infra: Repository,
    image: String,
    world: World,
}

impl Desk {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { infra, image, world }
    }

    fn update(&self, flags: &[&str]) -> Bump {
        let url = self.infra.url();
        let arguments = ["update", "--image", &self.image, "--repo", &url, "--helm", "values.yaml"];
        self.world.bump(arguments.iter().chain(flags))
    }

    /// What `git verify-commit` says of the branch's tip when this public key may sign.
    fn verified(&self, public: &str) -> std::process::Output {
        let signers = self.world.write("signers", format!("* {public}"));
        let mut verify = Command::new("git");
        verify.arg("--git-dir").arg(self.infra.directory()).arg("-c");
        verify.arg(format!("gpg.ssh.allowedSignersFile={}", signers.display())).args(["verify-commit", "main"]);
        verify.output().expect("git can be started")
    }
}

#[test]
fn git_verifies_a_signed_commit() {
    for kind in [["-t", "ed25519"].as_slice(), &["-t", "ecdsa"], &["-t", "rsa"]] {
        let desk = Desk::new();
        let file = desk.world.work().join("key");
        ssh_key(kind, &file);
        let (public, private) = (desk.world.read("key.pub"), desk.world.read("key"));
        match kind {
            [_, "rsa"] => desk.update(&["--signing-key", &private.replace('\n', "\r\n")]).run().exits(0),
            [_, "ecdsa"] => desk.update(&[]).env("GITOPS_BUMP_SIGNING_KEY", private).run().exits(0),
            _ => desk.update(&["--signing-key", "key"]).run().exits(0),
        };
        let verified = desk.verified(&public);
        let words = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success() && words.contains("Good \"git\" signature"), "{kind:?}: {words}");
        ssh_key(&["-t", "ed25519"], &desk.world.work().join("other"));
        assert!(!desk.verified(&desk.world.read("other.pub")).status.success(), "another key is accepted");
        desk.infra.assert_sound();
    }
}

#[test]
fn a_key_that_cannot_sign_is_exit_3_and_publishes_nothing() {
    let desk = Desk::new();
    desk.update(&["--signing-key", "gone"]).run().exits(3).says("the file in --signing-key");
    let file = desk.world.work().join("locked");
    output_of(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "passphrase", "-f"]).arg(&file));
    let locked = fs::read_to_string(file).expect("the key is ours");
    desk.update(&["--signing-key", &locked]).run().exits(3).says("passphrase");
    desk.update(&["--signing-key", "locked.pub"]).run().exits(3).says("contains no private key");
    assert_eq!(desk.infra.commits("main"), 1);
}

#[test]
fn a_sign_off_is_the_committers_trailer() {
    let desk = Desk::new();
    let committer = "C D <c@example.com>";
    desk.update(&["--sign-off", "--committer", committer, "--author", "A B <a@example.com>"]).run().exits(0);
    assert_eq!(desk.infra.log("main", "%(trailers:key=Signed-off-by,valueonly)"), committer);
    assert!(desk.infra.log("main", "%(trailers:only)").contains("Image: "));

    let desk = Desk::new();
    desk.world.write(".gitops-bump.yml", "sign_off: true\n");
    desk.update(&["--message", "chore: one line"]).run().exits(0);
    let message = desk.infra.log("main", "%B");
    assert_eq!(message, "chore: one line\n\nSigned-off-by: gitops-bump <gitops-bump@localhost>");
}
