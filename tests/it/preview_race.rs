//! Previews while others push to the same branch: each ends in a state that one of them wanted, and costs little.

use std::thread;

use crate::samples::values;
use crate::world::{Bump, Nginx, Proxy, Repository, World};

/// The request that carries the push itself.
const PUSH: &str = "/git-receive-pack HTTP";

const TEMPLATE: &str = "apps/shop/values.yaml";

struct Scene {
    world: World,
    infra: Repository,
    image: String,
    proxy: Proxy,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let values = values(&world.repository("team/app"), "1");
        let mut files = vec![(TEMPLATE.to_owned(), values)];
        let text = |n: u64| format!("{:x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        files.extend(
            (1..40).map(|n| (format!("apps/shop/files/{n}.txt"), (n * 1000..n * 1000 + 300).map(text).collect())),
        );
        let infra = world.empty_infra("infra");
        infra.commit("main", "first commit", &files);
        infra.configure("receive.fsckObjects", "true");
        let proxy = Proxy::to(&world.servers().git);
        Self { world, infra, image, proxy }
    }

    fn create(&self, name: &str, url: &str) -> Bump {
        let place = ["--template", "apps/shop", "--to", "previews/<name>", "--repo", url, "--name", name];
        self.world.bump(["preview", "create", "--image", &self.image].into_iter().chain(place).collect::<Vec<_>>())
    }

    fn delete(&self, name: &str, url: &str) -> Bump {
        self.world.bump(["preview", "delete", "--to", "previews/<name>", "--repo", url, "--name", name])
    }

    fn behind_proxy(&self) -> String {
        self.infra.url_at(&self.proxy.address())
    }
}

#[test]
fn a_template_that_changes_before_the_push_is_copied_as_it_is_then() {
    let scene = Scene::new();
    let (infra, theirs) =
        (scene.infra.clone(), values(&scene.world.repository("team/app"), "1").replace("8080", "9090"));
    let moved = theirs.clone();
    scene.proxy.interrupt(PUSH, move || {
        infra.commit("main", "rival", &[(TEMPLATE, moved.as_str()), ("apps/shop/more.yaml", "a: 1\n")]);
    });

    scene.create("x", &scene.behind_proxy()).run().exits(0);

    assert_eq!((scene.infra.commits("main"), scene.infra.log("main~1", "%s").as_str()), (3, "rival"));
    assert_eq!(scene.infra.file("main", "previews/x/values.yaml"), theirs.replace("\"1\"", "\"2\""));
    assert_eq!(scene.infra.file("main", "previews/x/more.yaml"), "a: 1\n");
    scene.infra.assert_sound();
}

#[test]
fn a_preview_that_goes_while_it_is_made_anew_is_there_in_the_end_and_the_other_way_round() {
    let scene = Scene::new();
    let direct = scene.infra.url();
    scene.create("x", &direct).run().exits(0);
    scene.infra.commit("main", "template", &[("apps/shop/new.txt", "new\n")]);

    let delete = scene.delete("x", &direct);
    scene.proxy.interrupt(PUSH, move || drop(delete.run().exits(0)));
    scene.create("x", &scene.behind_proxy()).run().exits(0);
    assert_eq!(scene.infra.file("main", "previews/x/new.txt"), "new\n");
    assert_eq!(scene.infra.commits("main"), 5);

    scene.infra.commit("main", "template", &[("apps/shop/new.txt", "newer\n")]);
    let create = scene.create("x", &direct);
    scene.proxy.interrupt(PUSH, move || drop(create.run().exits(0)));
    scene.delete("x", &scene.behind_proxy()).run().exits(0);
    assert!(!scene.infra.entries("main").contains("previews/"));
    assert_eq!(scene.infra.commits("main"), 8);
    scene.infra.assert_sound();
}

#[test]
fn many_previews_at_once_are_all_made_and_all_removed() {
    let scene = Scene::new();
    let names: Vec<String> = (0..8).map(|number| format!("branch-{number}")).collect();
    let url = scene.infra.url();
    thread::scope(|scope| {
        for name in &names {
            let create = scene.create(name, &url);
            scope.spawn(|| create.run().exits(0));
        }
    });
    let wanted = values(&scene.world.repository("team/app"), "2");
    for name in &names {
        assert_eq!(scene.infra.file("main", &format!("previews/{name}/values.yaml")), wanted);
    }
    assert_eq!(scene.infra.commits("main"), 9);
    thread::scope(|scope| {
        for name in &names {
            let delete = scene.delete(name, &url);
            scope.spawn(|| delete.run().exits(0));
        }
    });
    assert_eq!((scene.infra.commits("main"), scene.infra.merges("main")), (17, 0));
    assert!(!scene.infra.entries("main").contains("previews"));
    scene.infra.assert_sound();
}

#[test]
fn servers_that_leave_nothing_out_or_speak_an_older_protocol_are_enough() {
    let scene = Scene::new();
    let older = Nginx::without_git_protocol(&scene.world.servers().git, &scene.world.scratch().join("nginx"));
    scene.create("old", &scene.infra.url_at(&older.address)).run().exits(0);
    scene.infra.configure("uploadpack.allowFilter", "false");
    scene.create("whole", &scene.infra.url()).run().exits(0);
    let wanted = values(&scene.world.repository("team/app"), "2");
    for name in ["old", "whole"] {
        assert_eq!(scene.infra.file("main", &format!("previews/{name}/values.yaml")), wanted);
        scene.delete(name, &scene.infra.url_at(&older.address)).run().exits(0);
    }
    assert_eq!(scene.infra.commits("main"), 5);
    scene.infra.assert_sound();
}

#[test]
fn a_preview_costs_what_is_looked_into() {
    let scene = Scene::new();
    scene.create("x", &scene.behind_proxy()).run().exits(0);
    let (down, up, requests) = (scene.proxy.downloaded(), scene.proxy.uploaded(), scene.proxy.requests());
    let files = scene.infra.entries("main").lines().count();
    assert_eq!(files, 81);
    // The files that are only copied have 200 KB.
    assert!(down < 16 * 1024, "{down} bytes were downloaded");
    assert!(up < 16 * 1024, "{up} bytes were uploaded");
    assert!(requests <= 10, "{requests} requests");
}
