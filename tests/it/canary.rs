//! Secrets of every kind are in the environment of every run, every server repeats what it gets and fails in every way, and
//! the config file names strangers: no secret is seen at a server that is not its own, and in nothing that the run leaves.

mod failing;
mod given;
mod scene;

use crate::world::{Echo, Run};
use scene::{MIRROR, Place, Scene, is_login};

#[test]
fn each_secret_comes_to_its_own_server() {
    let scene = Scene::new();
    let argocd = format!("http://{}/argocd", scene.argocd.address);
    let flags = [&MIRROR[..], &["--argocd-server", &argocd, "--argocd-app", "argocd/shop"]].concat();
    scene.play("update", scene.update(Place::Pipeline, &flags));
    let own = |server: &Echo| server.heard().iter().any(|request| request.lines().any(is_login));
    assert!(own(&scene.git) && own(&scene.registry) && own(&scene.argocd));
    assert!(scene.forge.heard().iter().any(|request| request.contains("token=glptt-m1rrorMirr0rCanary")));
    let run = scene.play("merge request", scene.update(Place::Pipeline, &["--merge-request"])).exits(0);
    assert!(own(&scene.forge), "{run}");
}

#[test]
fn a_planted_leak_is_seen_wherever_it_is() {
    let scene = Scene::new();
    let token = scene.canaries.value("MY_API_TOKEN").to_owned();
    let quiet = scene.play("update", scene.update(Place::Pipeline, &["--dry-run"])).exits(0);
    let seen = |what: &str| {
        let leaks = scene.leaks(&quiet);
        assert!(leaks.iter().any(|leak| leak.starts_with(what)), "{what}: {leaks:?}");
    };
    for report in ["r.json", "r.env", "a.json", "r.md"] {
        scene.world.write(report, format!("x {token}"));
        seen(&scene.world.work().join(report).display().to_string());
    }
    for (name, server, _) in scene.servers() {
        for line in [format!("GET /{token} HTTP/1.1"), format!("GET / HTTP/1.1\r\nAuthorization: Bearer {token}")] {
            use std::io::{Read as _, Write as _};
            let mut client = std::net::TcpStream::connect(&server.address).expect("the server is there");
            client.write_all(format!("{line}\r\n\r\n").as_bytes()).expect("the server reads");
            client.read_to_end(&mut Vec::new()).expect("the server answers");
            seen(name);
            server.forget();
        }
    }
    scene.infra.commit("leak", &format!("with {token}"), &[("x", "y")]);
    seen("the repository");
    let scene = Scene::new();
    let run = Run { stdout: token.clone(), stderr: token, ..quiet };
    assert_eq!(scene.leaks(&run).len(), 2);
}
