//! Real registries behind a private CA and behind a token service, and every example of docs/registry.md.

use std::path::Path;
use std::process::Command;

use crate::images::{Images, ORDINARY};
use crate::world::{OwnRegistry, Proxy, World, openssl, sign};

#[test]
fn a_private_ca_is_added_and_nothing_less_is_trusted() {
    let world = World::new();
    let registry = OwnRegistry::with_private_ca(&world.work());
    let image = format!("{}/team/app:1", registry.address);
    world.servers().push(&image);
    let check = |flags: &[&str]| world.bump(["check", "--image", &image].iter().chain(flags)).run();
    check(&["--ca-file", "ca.crt"]).exits(0);
    check(&["--ca-file", &world.read("ca.crt")]).exits(0);
    check(&[]).exits(7).says("certificate").says("--ca-file");
    // Not even on this very machine is http tried after a certificate was seen.
    let proxy = Proxy::to(&registry.address);
    let there = image.replace(&registry.address, &proxy.address());
    world.bump(["check", "--image", &there]).run().exits(7).says("certificate");
    assert_eq!(proxy.requests(), 0);
    world.bump(["check", "--image", &image]).env("CA_BUNDLE", "ca.crt").run().exits(0);
}

#[test]
fn a_token_costs_one_request_more() {
    let world = World::new();
    let login = &world.servers().registry_login;
    let registry = OwnRegistry::with_tokens(&world.work(), login);
    for name in ["app", "web"] {
        world.servers().push(&format!("{}/team/{name}:1", registry.address));
    }
    let proxy = Proxy::to(&registry.address);
    let check = |names: &[&str], password: &str| {
        let images: Vec<String> =
            names.iter().map(|name| format!("--image={}/team/{name}:1", proxy.address())).collect();
        let before = proxy.requests() + registry.tokens();
        let run = world
            .bump(std::iter::once("check".to_owned()).chain(images))
            .env("GITOPS_BUMP_REGISTRY_USERNAME", &login.username)
            .env("GITOPS_BUMP_REGISTRY_PASSWORD", password)
            .run();
        (run, proxy.requests() + registry.tokens() - before)
    };
    let (run, requests) = check(&["app"], &login.password);
    run.exits(0);
    assert_eq!(requests, 3);
    let (run, requests) = check(&["app", "web"], &login.password);
    run.exits(0);
    assert_eq!(requests, 5);
    let (run, requests) = check(&["app"], "wrong");
    run.exits(7).says("bad credentials").says("GITOPS_BUMP_REGISTRY_USERNAME");
    assert_eq!(requests, 2);
}

#[test]
fn docker_schema_2_is_an_image_too() {
    let world = World::new();
    let (image, converted) = (world.push("team/app", "1"), world.repository("team/app") + ":2");
    let copy = ["--insecure-policy", "copy", "--quiet", "--format", "v2s2", "--src-tls-verify=false"];
    let mut skopeo = Command::new("skopeo");
    skopeo.args(copy).arg("--dest-tls-verify=false");
    skopeo.args([format!("docker://{image}"), format!("docker://{converted}")]);
    assert!(skopeo.status().expect("skopeo can be started").success());
    let arguments = ["check", "--image", &converted, "--report-json", "report.json", "--platform", "linux/amd64"];
    world.bump(arguments).run().exits(0);
    assert!(world.read("report.json").contains("application/vnd.docker.distribution.manifest.v2+json"));
}

#[test]
fn every_example_of_the_manual_works() {
    const TAG: &str = "5846e796";
    let world = World::new();
    let (servers, login) = (world.servers(), &world.servers().registry_login);
    let tls = OwnRegistry::with_private_ca(&world.work());
    servers.push(&format!("{}/shop/api:{TAG}", tls.address));
    world.push_private("shop/api", TAG);
    let repository = world.repository("shop/api");
    let images = Images::at(&repository);
    let digest = images.image(TAG, ORDINARY).digest;
    world.write("digest.txt", &digest);
    openssl(&world, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "cosign.pub"]);
    let payload = crate::images::payload(&repository, &digest);
    let payload = payload.replacen('{', "{\"optional\":{\"team\":\"shop\"},", 1);
    images.signature(&digest, &payload, &sign(&world, payload.as_bytes()));

    let manual = include_str!("../../docs/registry.md");
    let blocks = |kind: &'static str| manual.split("```").skip(1).step_by(2).filter_map(move |b| b.strip_prefix(kind));
    let binary = Path::new(env!("CARGO_BIN_EXE_gitops-bump")).parent().expect("it is in a directory");
    let mut run = 0;
    for example in blocks("sh\n") {
        let output = Command::new("sh")
            .args(["-eu", "-c", example])
            .env_clear()
            .current_dir(world.work())
            .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
            .env("HOME", world.scratch().join("home"))
            .env("CI_COMMIT_SHORT_SHA", TAG)
            .env("CI_COMMIT_SHA", ORDINARY.revision)
            .env("IMAGE_REPOSITORY", world.repository("shop"))
            .env("PRIVATE_REGISTRY", &servers.private_registry)
            .env("PRIVATE_REPOSITORY", world.private_repository("shop"))
            .env("TLS_REPOSITORY", format!("{}/shop", tls.address))
            .env("ROBOT", &login.username)
            .env("ROBOT_PASSWORD", &login.password)
            .output()
            .expect("sh can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{example}{said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("@sha256:"), "{example}{said}");
        run += 1;
    }
    assert_eq!(run, 14);
    let config: String = blocks("yaml\n").collect();
    world.write(".gitops-bump.yml", format!("images: {{api: '{repository}:{TAG}'}}\n{config}"));
    world.bump(["config", "validate"]).env("CI_COMMIT_SHA", "c0ffee").run().exits(0);
}
