//! Each kind of failure has its exit code and its words, and publishes nothing.

use std::net::TcpListener;

use crate::samples::{OLD_DIGEST, app_infra, values};
use crate::words;
use crate::world::{Bump, Repository, World};

/// An infra repository that names tag 1 of an image whose tags 1 and 2 are in the registry.
struct Shop {
    world: World,
    infra: Repository,
}

impl Shop {
    fn new() -> Self {
        let world = World::new();
        world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { world, infra }
    }

    fn image(&self) -> String {
        format!("{}:2", self.world.repository("team/app"))
    }

    fn update(&self) -> Bump {
        self.update_to(&self.image())
    }

    fn update_to(&self, image: &str) -> Bump {
        self.update_at(image, &self.infra.url())
    }

    fn update_at(&self, image: &str, url: &str) -> Bump {
        self.world.bump(["update", "--image", image, "--repo", url, "--helm", "values.yaml"])
    }

    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!((self.infra.commits("main"), self.infra.branches().len()), (1, 1), "something was pushed");
    }
}

/// `HOST:PORT` where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the listener is bound").to_string()
}

#[test]
fn a_tag_that_was_never_pushed_is_exit_4() {
    let shop = Shop::new();
    let image = shop.image() + "-never";
    shop.update_to(&image).run().exits(4).says(&image);
    shop.is_untouched();
}

#[test]
fn a_registry_that_denies_is_exit_7() {
    let shop = Shop::new();
    let image = shop.world.push_private("team/app", "2");
    shop.infra.commit("main", "private", &[("values.yaml", values(&shop.world.private_repository("team/app"), "1"))]);
    let host = &shop.world.servers().private_registry;

    shop.update_to(&image).run().exits(7).says(host);
    let wrong = shop.update_to(&image).env("GITOPS_BUMP_REGISTRY_USERNAME", "robot");
    wrong.env("GITOPS_BUMP_REGISTRY_PASSWORD", "wrong").run().exits(7).says(host);
    let missing = shop.update_to(&(image + "-never")).env("GITOPS_BUMP_REGISTRY_USERNAME", "robot");
    missing.env("GITOPS_BUMP_REGISTRY_PASSWORD", "wrong").run().exits(7);
    assert_eq!(shop.infra.commits("main"), 2);
}

#[test]
fn a_registry_that_is_not_there_is_exit_7() {
    let shop = Shop::new();
    let host = nobody();
    let text = values(&format!("{host}/team/app"), "1");
    shop.infra.commit("main", "another registry", &[("values.yaml", text)]);
    shop.update_to(&format!("{host}/team/app:2")).run().exits(7).says(&host);
    assert_eq!(shop.infra.commits("main"), 2);
}

#[test]
fn an_image_of_another_digest_is_exit_9() {
    let shop = Shop::new();
    shop.update_to(&format!("{}@{OLD_DIGEST}", shop.image())).run().exits(9);
    shop.is_untouched();
}

#[test]
fn a_wrong_git_token_and_none_are_exit_8() {
    let shop = Shop::new();
    let host = &shop.world.servers().git;
    shop.update()
        .env("GITOPS_BUMP_GIT_TOKEN", "glpat-wrong")
        .run()
        .exits(8)
        .says(host.split(':').next().unwrap_or(host));
    shop.update().without_env("GITOPS_BUMP_GIT_TOKEN").run().exits(8).says("GITOPS_BUMP_GIT_TOKEN");
    shop.update().env("GITOPS_BUMP_GIT_USERNAME", "nobody").run().exits(8);
    shop.is_untouched();
}

#[test]
fn a_git_server_or_repository_that_is_not_there_is_exit_8() {
    let shop = Shop::new();
    let gone = shop.update_at(&shop.image(), &shop.infra.url_at(&nobody()));
    gone.env("GITOPS_BUMP_PUSH_TIMEOUT", "1s").run().exits(8);
    shop.update_at(&shop.image(), &shop.infra.url().replace("infra.git", "gone.git")).run().exits(8).says("gone");
    shop.update_at(&shop.image(), "/nowhere/infra.git").run().exits(8).says("/nowhere/infra");
    let empty = shop.world.empty_infra("empty");
    shop.update_at(&shop.image(), &empty.url()).run().exits(8).says("empty");
    assert!(empty.branches().is_empty());
}

#[test]
fn a_branch_that_is_not_there_is_exit_5() {
    let shop = Shop::new();
    shop.update().env("GITOPS_BUMP_BRANCH", "nowhere").run().exits(5).says("nowhere");
    shop.is_untouched();
}

#[test]
fn a_protected_branch_is_exit_8_with_the_servers_words_and_no_second_try() {
    let shop = Shop::new();
    shop.infra.protect_main();
    let corner = shop.infra.url().rsplit('/').nth(1).expect("a group").to_owned();
    shop.update()
        .run()
        .exits(8)
        .says("You are not allowed to push code to protected branches on this project.")
        .says(&format!("push to {corner}/infra main: "));
    assert_eq!(shop.infra.attempts(), 1, "the refused push was retried");
    shop.is_untouched();
}

#[test]
fn a_hook_that_refuses_the_ref_alone_is_exit_8() {
    let shop = Shop::new();
    shop.infra.hook("update", "echo 'the freeze lasts until Monday' >&2; exit 1");
    shop.update().run().exits(8).says("the freeze lasts until Monday");
    shop.is_untouched();
}

#[test]
fn a_file_or_place_that_is_not_there_is_exit_5_and_says_what_is() {
    let shop = Shop::new();
    shop.infra.commit("main", "another", &[("charts/app/values.yaml", values("reg.example.com/b/other", "1"))]);
    let update = |target: &str| {
        let (image, url) = (shop.image(), shop.infra.url());
        shop.world.bump(["update", "--image", &image, "--repo", &url, "--helm", target]).run().exits(5)
    };
    update("charts/app/value.yaml").says("charts/app/value.yaml").says("values.yaml");
    update("values.yaml:image.tagg").says("values.yaml").says("tag");
    update("charts/app/values.yaml").says("reg.example.com/b/other");
    update("../values.yaml").says("../values.yaml");
    update("/values.yaml").says("/values.yaml");
    update(".git/config").says(".git/config");
    assert_eq!(shop.infra.commits("main"), 2);
}

#[test]
fn symbolic_links_are_not_followed() {
    let shop = Shop::new();
    shop.infra.commit_mode("main", "120000", "link.yaml", "values.yaml");
    let (image, url) = (shop.image(), shop.infra.url());
    let run = shop.world.bump(["update", "--image", &image, "--repo", &url, "--helm", "link.yaml"]).run();
    run.exits(5).says("link.yaml");
    assert_eq!(shop.infra.commits("main"), 2);
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    let shop = Shop::new();
    let (image, url) = (shop.image(), shop.infra.url());
    let bump = |arguments: &[&str]| shop.world.bump(arguments).run().exits(2);
    bump(&["update", "--repo", &url, "--helm", "values.yaml"]).says("--image");
    bump(&["update", "--image", &image, "--repo", &url]).says("--helm");
    bump(&["update", "--image", &image, "--helm", "values.yaml"]).says("--repo");
    bump(&["set", "--image", &image]).says("--helm");
    bump(&["check"]).says("--image");
    bump(&["update", "--no-such-flag"]).says("--no-such-flag");
    bump(&["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--pin", "both"]).says("both");
    bump(&["frobnicate"]).says("frobnicate");
    shop.is_untouched();
}

#[test]
fn a_malformed_reference_or_one_without_a_tag_is_exit_3() {
    let shop = Shop::new();
    let repository = shop.world.repository("team/app");
    for image in [repository.clone(), format!("{repository}:"), format!("{repository}:ta g"), "UPPER/case:1".to_owned()]
    {
        shop.update_to(&image).run().exits(3).says(&image);
    }
    shop.is_untouched();
}

#[test]
fn every_failure_says_what_failed_and_then_what_to_do() {
    let shop = Shop::new();
    shop.infra.protect_main();
    let runs = [
        shop.update().run().exits(8),
        shop.update().env("GITOPS_BUMP_GIT_TOKEN", "glpat-wrong").run().exits(8),
        shop.update_to(&(shop.image() + "-never")).run().exits(4),
        shop.world.bump(["check", "--image", &format!("{}/a/b:1", nobody())]).run().exits(7),
        shop.update_to("a/b").run().exits(3),
    ];
    for run in runs {
        let lines: Vec<&str> = run.stderr.lines().collect();
        let failure = lines.iter().position(|line| line.starts_with("error: "));
        let hint = failure.and_then(|line| lines.get(line + 1)).and_then(|line| line.strip_prefix("  "));
        assert!(hint.is_some_and(|hint| words::hint_faults(hint).is_empty()), "no sentence on the second line\n{run}");
    }
}
