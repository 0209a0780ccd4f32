//! `check --repo`: whether the credentials may push, without a write.

use crate::samples::app_infra;
use crate::world::{Bump, Detour, Repository, Run, Sshd, World, says};

/// An infra repository and an image beside it.
struct Quay {
    world: World,
    infra: Repository,
    image: String,
}

impl Quay {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        infra.hook("pre-receive", "echo attempt >> attempts");
        Self { world, infra, image }
    }

    fn check(&self, url: &str) -> Bump {
        self.world.bump(["check", "--repo", url])
    }

    /// Panics unless nothing was pushed, and stdout is empty.
    #[track_caller]
    fn is_untouched(&self, run: &Run) {
        assert_eq!((self.infra.commits("main"), self.infra.attempts()), (1, 0), "{run}");
        assert_eq!(self.infra.branches(), ["main"]);
        assert_eq!(run.stdout, "", "{run}");
    }
}

#[test]
fn over_http_it_is_said_who_may_push() {
    let quay = Quay::new();
    let url = quay.infra.url();
    let run =
        quay.check(&url).run().exits(0).says("infra main may be pushed to with GITOPS_BUMP_GIT_TOKEN (user oauth2)");
    quay.is_untouched(&run);
    let run = quay.check(&url).env("GITOPS_BUMP_GIT_TOKEN", "glpat-wrong").run().exits(8).says("denies access");
    quay.is_untouched(&run.says("check push access to").says("write_repository"));
    let run = quay.check(&url).without_env("GITOPS_BUMP_GIT_TOKEN").run().exits(8);
    quay.is_untouched(&run.says("GITOPS_BUMP_GIT_TOKEN"));
    let in_url =
        url.replace("://", &format!("://oauth2:{}@", quay.world.servers().git_login.password.replace('/', "%2F")));
    let run = quay.check(&in_url).without_env("GITOPS_BUMP_GIT_TOKEN").run().exits(0).says("its URL (user oauth2)");
    quay.is_untouched(&run);
}

#[test]
fn a_token_that_may_only_read_is_exit_8() {
    let quay = Quay::new();
    let proxy = Detour::before(&quay.world.servers().git, |head| {
        head.contains("git-receive-pack").then(|| says("403 Forbidden", "", "You are not allowed to upload code."))
    });
    let run = quay.check(&quay.infra.url_at(&proxy.address)).run().exits(8).says("not allowed to upload code");
    quay.is_untouched(&run);
    assert!(proxy.asked().iter().all(|request| !request.starts_with("POST") || request.contains("upload-pack")));
}

#[test]
fn over_ssh_it_is_said_whose_key_it_is() {
    let quay = Quay::new();
    let sshd = Sshd::start(&quay.world.scratch().join("sshd"), &quay.world.servers().git_repositories);
    let check = |key: &str| {
        let key = sshd.key(key);
        let check = quay.check(&sshd.url(quay.infra.path())).without_env("GITOPS_BUMP_GIT_TOKEN");
        let check = check.env("GITOPS_BUMP_SSH_KEY", key.to_str().expect("a plain path"));
        check.env("GITOPS_BUMP_SSH_KNOWN_HOSTS", sshd.known_hosts("host")).run()
    };
    quay.is_untouched(&check("writer").exits(0).says("infra main may be pushed to with GITOPS_BUMP_SSH_KEY"));
    quay.is_untouched(&check("reader").exits(8).says("does not have write access"));
    quay.is_untouched(&check("stranger").exits(8).says("Permission denied"));
}

#[test]
fn images_and_repository_are_checked_together() {
    let quay = Quay::new();
    let digest = quay.world.servers().digest(&quay.image);
    let line = format!("{}@{digest}\n", quay.image);
    let check = |image: &str| quay.world.bump(["check", "--image", image, "--repo", &quay.infra.url()]);
    check(&quay.image).run().exits(0).prints(&line).says("may be pushed to");
    let run = check(&quay.image).env("GITOPS_BUMP_GIT_TOKEN", "glpat-wrong").run().exits(8);
    run.prints(&line).says("denies access");
    check(&format!("{}-never", quay.image)).run().exits(4).prints("").says("may be pushed to");
    assert_eq!(quay.infra.attempts(), 0);
}

#[test]
fn a_branch_is_looked_for() {
    let quay = Quay::new();
    quay.infra.add_branches(["next".to_owned()].into_iter());
    let url = quay.infra.url();
    let check = |branch: &str| quay.check(&url).env("GITOPS_BUMP_BRANCH", branch).run();
    check("next").exits(0).says("infra next may be pushed to");
    check("nowhere").exits(5).says("nowhere");
    quay.check(&quay.world.empty_infra("empty").url()).run().exits(8).says("empty");
    let gone = quay.infra.url().replace("infra.git", "gone.git");
    quay.check(&gone).run().exits(8).says("no repository is at");
    let run = quay.world.bump(["check", "--image", &quay.image, "--branch", "main"]).run().exits(2);
    run.says("--branch needs --repo");
    quay.world.bump(["check"]).run().exits(2).says("--image");
}

#[test]
fn a_local_repository_is_checked_too() {
    let quay = Quay::new();
    let run = quay.check(quay.infra.directory().to_str().expect("a plain path")).run().exits(0);
    quay.is_untouched(&run.says("main may be pushed to without credentials"));
}
