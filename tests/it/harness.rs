//! The world itself: with Git and skopeo as clients, its servers do what the tests rely on.

use std::process::{Command, Output};

use crate::world::{Proxy, Repository, Secret, World};

/// The Git program as a client of the server, with a login in the URL.
fn git(world: &World, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(arguments).current_dir(world.work());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", world.scratch()).env("GIT_TERMINAL_PROMPT", "0").output().expect("git can be started")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn url_with(login: &Secret, repository: &Repository, server: &str) -> String {
    let mut url = url::Url::parse(&repository.url_at(server)).expect("a URL");
    url.set_username(&login.username).expect("an http URL takes a user");
    url.set_password(Some(&login.password)).expect("an http URL takes a password");
    url.into()
}

#[test]
fn the_git_server_asks_for_a_password_and_refuses_in_its_own_words() {
    let world = World::new();
    let infra = world.infra("infra", &[("a", "1\n")]);
    let login = &world.servers().git_login;
    assert!(!git(&world, &["ls-remote", &infra.url()]).status.success());

    let url = url_with(login, &infra, &world.servers().git);
    assert!(git(&world, &["clone", "--filter=blob:none", &url, "clone"]).status.success());
    assert!(git(&world, &["-C", "clone", "commit", "--allow-empty", "-m", "two"]).status.success());
    infra.protect_main();
    let refused = git(&world, &["-C", "clone", "push"]);
    assert!(said(&refused).contains("You are not allowed to push code"), "{}", said(&refused));
    assert_eq!((infra.attempts(), infra.commits("main")), (1, 1));

    infra.hook("pre-receive", "echo \"options: $GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" >&2");
    let pushed = git(&world, &["-C", "clone", "push", "-o", "ci.skip"]);
    assert!(said(&pushed).contains("options: 1 ci.skip"), "{}", said(&pushed));
    assert_eq!(infra.commits("main"), 2);
}

#[test]
fn the_proxy_counts_bytes_and_lets_others_go_first() {
    let world = World::new();
    let infra = world.infra("infra", &[("big", "x".repeat(100).as_str())]);
    let proxy = Proxy::to(&world.servers().git);
    let url = url_with(&world.servers().git_login, &infra, &proxy.address());

    assert!(git(&world, &["clone", &url, "clone"]).status.success());
    let downloaded = proxy.downloaded();
    assert!((500..10_000).contains(&downloaded), "{downloaded}");

    assert!(git(&world, &["-C", "clone", "commit", "--allow-empty", "-m", "mine"]).status.success());
    let rival = infra.clone();
    proxy.interrupt("/git-receive-pack HTTP", move || {
        rival.commit("main", "rival", &[("b", "2")]);
    });
    let lost = git(&world, &["-C", "clone", "push"]);
    assert!(!lost.status.success(), "the push won the race");
    assert_eq!((infra.commits("main"), infra.log("main", "%s").as_str()), (2, "rival"));
}

#[test]
fn the_private_registry_asks_for_its_password() {
    let world = World::new();
    let image = format!("docker://{}", world.push_private("team/app", "1"));
    let login = &world.servers().registry_login;
    let inspect = |credentials: &str| {
        let flags = ["inspect", "--tls-verify=false", "--creds", credentials, &image];
        Command::new("skopeo").args(flags).output().expect("skopeo can be started").status.success()
    };
    assert!(inspect(&format!("{}:{}", login.username, login.password)));
    assert!(!inspect("robot:wrong"));
}
