//! Version 0 of Git's protocol over SSH, where sshd takes no version from its clients; version 2 where it does.

use crate::samples::{app_infra, assert_bumped};
use crate::world::{Bump, Repository, Sshd, World};

/// An infra repository that names tag 1 of an image whose tag 2 is in the registry, behind an SSH server.
struct Harbour {
    sshd: Sshd,
    infra: Repository,
    image: String,
    world: World,
}

impl Harbour {
    fn new(start: impl Fn(&std::path::Path, &std::path::Path) -> Sshd) -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        infra.configure("uploadpack.allowFilter", "true");
        infra.configure("uploadpack.allowAnySHA1InWant", "true");
        let sshd = start(&world.scratch().join("sshd"), &world.servers().git_repositories);
        Self { sshd, infra, image, world }
    }

    fn bump(&self, arguments: &[&str]) -> Bump {
        let url = self.sshd.url(self.infra.path());
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--repo", &url]).collect();
        let bump = self.world.bump(arguments).without_env("GITOPS_BUMP_GIT_TOKEN");
        let bump = bump.env("GITOPS_BUMP_SSH_KEY", self.sshd.key("writer").to_str().expect("a plain path"));
        bump.env("GITOPS_BUMP_SSH_KNOWN_HOSTS", self.sshd.known_hosts("host"))
    }

    fn update(&self) -> Bump {
        self.bump(&["update", "-v", "--image", &self.image, "--helm", "values.yaml"])
    }

    #[track_caller]
    fn is_bumped(&self, commits: usize) {
        assert_bumped(&self.world, &self.infra, commits);
    }
}

#[test]
fn a_bump_works_with_debians_sshd() {
    let harbour = Harbour::new(Sshd::start_as_debian_does);
    harbour.update().run().exits(0).says("AcceptEnv GIT_PROTOCOL");
    harbour.is_bumped(2);
    // Commit and trees, then the file.
    assert_eq!(harbour.sshd.connections("git-upload-pack"), 2);
    assert_eq!(harbour.sshd.connections("git-receive-pack"), 1);
    harbour.update().run().exits(0).says("nothing to do");

    let harbour = Harbour::new(Sshd::start);
    let run = harbour.update().run().exits(0);
    assert!(!run.stderr.contains("AcceptEnv"), "{run}");
    harbour.is_bumped(2);
    assert_eq!(harbour.sshd.connections("git-upload-pack"), 1);
}

#[test]
fn a_server_that_sends_no_parts_takes_one_connection() {
    let harbour = Harbour::new(Sshd::start_as_debian_does);
    harbour.infra.configure("uploadpack.allowFilter", "false");
    harbour.update().run().exits(0);
    harbour.is_bumped(2);
    assert_eq!(harbour.sshd.connections("git-upload-pack"), 1);
}

#[test]
fn a_lost_race_is_run_again_with_debians_sshd() {
    let harbour = Harbour::new(Sshd::start_as_debian_does);
    // The first two pushes find that somebody was quicker.
    harbour.infra.hook(
        "pre-receive",
        "echo attempt >> attempts\n\
         [ $(wc -l < attempts) -le 2 ] || exit 0\n\
         unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
         rival=$(git -c user.name=Rival -c user.email=r@example.com commit-tree -p main -m rival main^{tree})\n\
         git update-ref refs/heads/main $rival",
    );
    harbour.update().run().exits(0).says("the branch moved");
    harbour.is_bumped(4);
    assert_eq!(harbour.infra.attempts(), 3);
    assert_eq!(harbour.infra.log("main~1", "%s"), "rival");
}

#[test]
fn status_and_init_work_with_debians_sshd() {
    let harbour = Harbour::new(Sshd::start_as_debian_does);
    harbour.update().run().exits(0);
    let status = harbour.bump(&["status", "--helm", "values.yaml", "--format", "json"]).run().exits(0);
    assert!(status.stdout.contains(&harbour.infra.tip("main")), "{status}");
    let init = harbour.bump(&["init"]).run().exits(0);
    assert!(init.stdout.contains("values.yaml"), "{init}");
}
