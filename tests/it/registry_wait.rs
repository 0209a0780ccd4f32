//! Patience where it is asked for, and no request more than needed.

use std::thread;
use std::time::Duration;

use crate::world::{Proxy, World};

#[test]
fn an_image_that_comes_late_is_waited_for() {
    let world = World::new();
    let image = world.repository("team/app") + ":late";
    let run = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(5));
            world.servers().push(&image);
        });
        world.bump(["check", "--image", &image, "--wait", "20s"]).run().exits(0)
    });
    assert!(run.took < Duration::from_secs(10), "{run}");
    assert!(run.took > Duration::from_secs(4), "{run}");
    run.says("waiting up to ").says(&format!(" for {image}: "));
}

#[test]
fn a_wait_ends_with_the_image_missing() {
    let world = World::new();
    let image = world.push("team/app", "1") + "-never";
    let run = world.bump(["check", "--image", &image, "--wait", "2s"]).run().exits(4);
    assert!((2..8).contains(&run.took.as_secs()), "{run}");
    run.says("waited 2s");
}

#[test]
fn a_wrong_password_is_not_waited_for() {
    let world = World::new();
    let image = world.push_private("team/app", "1");
    let check = || world.bump(["check", "--image", &image, "--wait", "1m"]);
    let wrong = check().env("GITOPS_BUMP_REGISTRY_USERNAME", "robot").env("GITOPS_BUMP_REGISTRY_PASSWORD", "wrong");
    let run = wrong.run().exits(7);
    assert!(run.took < Duration::from_secs(5), "{run}");
    let run = check().env("DOCKER_AUTH", "").run().exits(7).says("Check DOCKER_AUTH, which is empty");
    assert!(run.took < Duration::from_secs(5), "{run}");
    check().env("DOCKER_AUTH", r#"{"auths": {}}"#).run().exits(7).says("expires after 60 minutes");
}

#[test]
fn an_open_registry_is_asked_once_and_one_with_a_password_twice() {
    let world = World::new();
    let servers = world.servers();
    let open = Proxy::to(&servers.registry);
    let (one, two) = (world.push("team/app", "1"), world.push("team/web", "1"));
    let there = |image: &str| image.replace(&servers.registry, &open.address());
    world.bump(["check", "--image", &there(&one)]).run().exits(0);
    assert_eq!(open.requests(), 1);
    world.bump(["check", "--image", &there(&one), "--image", &there(&two)]).run().exits(0);
    assert_eq!(open.requests(), 3);

    let private = Proxy::to(&servers.private_registry);
    let image = world.push_private("team/app", "1").replace(&servers.private_registry, &private.address());
    let other = world.push_private("team/web", "1").replace(&servers.private_registry, &private.address());
    let asked = |images: &[&str], password: &str, code: i32| {
        let before = private.requests();
        let images = images.iter().map(|image| format!("--image={image}"));
        let bump = world.bump(std::iter::once("check".to_owned()).chain(images));
        let bump = bump.env("GITOPS_BUMP_REGISTRY_USERNAME", &servers.registry_login.username);
        bump.env("GITOPS_BUMP_REGISTRY_PASSWORD", password).run().exits(code);
        private.requests() - before
    };
    assert_eq!(asked(&[&image], &servers.registry_login.password, 0), 2);
    assert_eq!(asked(&[&image, &other], &servers.registry_login.password, 0), 3);
    assert_eq!(asked(&[&image], "wrong", 7), 2);
}

#[test]
fn credentials_are_read_where_podman_keeps_them() {
    let world = World::new();
    let image = world.push_private("team/app", "1");
    let (host, login) = (&world.servers().private_registry, &world.servers().registry_login);
    let auths = format!(r#"{{"auths": {{"{host}": {{"auth": "{}"}}}}}}"#, login.basic());
    let file = world.write("runtime/containers/auth.json", auths);
    let runtime = world.work().join("runtime");
    let run = world.bump(["check", "--image", &image, "-v"]).env("XDG_RUNTIME_DIR", runtime.to_string_lossy()).run();
    run.exits(0).says(&format!("{} (user \"robot\")", file.display()));
}
