//! Every server in its turn fails in every way, and repeats what it was shown.

use super::scene::{MIRROR, Place, Scene, is_login};
use crate::samples::REPORTS;
use crate::world::{COPY, Manner};

#[test]
fn a_registry_that_fails_and_repeats_to_update() {
    let scene = Scene::new();
    scene.play_all("update", &scene.registry, |place| scene.update(place, &[]));
}

#[test]
fn a_registry_that_fails_and_repeats_to_check() {
    let scene = Scene::new();
    let check = ["check", "-vv", "--image", &scene.image];
    scene.play_all("check", &scene.registry, |place| scene.bump(place, &[&check[..], &REPORTS].concat()));
}

#[test]
fn a_registry_that_fails_and_repeats_to_status() {
    let scene = Scene::new();
    let url = scene.infra.url_at(&scene.git.address);
    let status = |format| ["status", "-vv", "--repo", &url, "--helm", "values.yaml", "--format", format];
    let bump = |arguments: &[&str]| {
        scene.bump(Place::Pipeline, arguments).env("GITOPS_BUMP_REGISTRY_HOSTS", &scene.registry.address)
    };
    scene.play_all("html", &scene.registry, |_| bump(&status("html")));
    for status_line in ["401 Unauthorized", "403 Forbidden", "200 OK"] {
        scene.registry.answer(&Manner::Status(status_line));
        for format in ["table", "json", "markdown"] {
            scene.play(format, bump(&status(format)));
        }
    }
}

#[test]
fn a_token_service_that_fails_and_repeats() {
    let mut scene = Scene::new();
    scene.canaries = scene.canaries.with_learnt("the service's token", "Be4rerCanary/ofTheService");
    scene.registry.answer(&Manner::Challenge(scene.tokens.address.clone()));
    let check = ["check", "-vv", "--image", &scene.image];
    let check = |place| scene.bump(place, &[&check[..], &REPORTS].concat());
    scene.play("check", check(Place::Pipeline)).exits(7);
    assert!(scene.tokens.heard().iter().any(|request| request.lines().any(is_login)));
    scene.play_all("check", &scene.tokens, check);
}

#[test]
fn a_git_server_that_fails_and_repeats() {
    let scene = Scene::new();
    let url = scene.infra.url_at(&scene.git.address);
    scene.play_all("update", &scene.git, |place| scene.update(place, &[]));
    scene.play_all("update --dry-run", &scene.git, |place| scene.update(place, &["--dry-run"]));
    scene.play_all("init", &scene.git, |place| scene.bump(place, &["init", "-vv", "--repo", &url]));
    let status = ["status", "-vv", "--repo", &url, "--helm", "values.yaml", "--format", "html"];
    scene.play_all("status", &scene.git, |place| scene.bump(place, &status));
}

#[test]
fn a_forge_that_fails_and_repeats() {
    let scene = Scene::new();
    scene.play_all("merge request", &scene.forge, |place| scene.update(place, &["--merge-request"]));
    scene.play_all("mirror", &scene.forge, |place| scene.update(place, &MIRROR));
}

#[test]
fn an_argocd_that_fails_and_repeats() {
    let scene = Scene::new();
    let server = format!("http://{}/argocd", scene.argocd.address);
    let flags = ["--argocd-server", &server, "--argocd-app", "argocd/shop", "--mirror-copy", COPY];
    scene.play_all("argocd", &scene.argocd, |place| scene.update(place, &flags));
}
