//! The container image: what runners ask of it, and the whole job in it under a strict cluster's rules.

use std::fs;

use crate::samples::values;
use crate::world::{Image, Nginx, OwnRegistry, Sshd, World};

#[test]
fn the_image_is_small_and_has_what_runners_need() {
    let Some(image) = Image::built() else {
        println!("skipped: GITOPS_BUMP_RELEASE_BINARY names no release binary, scripts/test sets it");
        return;
    };
    let bytes = image.compressed_bytes();
    assert!(bytes < 15_000_000, "the image has {bytes} bytes, compressed");

    let configuration = image.configuration();
    assert!(configuration["Entrypoint"].is_null(), "{configuration}");
    let user = configuration["User"].as_str().unwrap_or_default();
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{configuration}");
    for (label, value) in [
        ("title", "gitops-bump"),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("source", "https://gitlab.example.com/shop/gitops-bump"),
    ] {
        assert_eq!(configuration["Labels"][format!("org.opencontainers.image.{label}")], value, "{configuration}");
    }
    for label in ["description", "version", "revision", "created"] {
        let value = configuration["Labels"][format!("org.opencontainers.image.{label}")].as_str();
        assert!(value.is_some_and(|value| !value.is_empty() && value != "unknown"), "{label}: {configuration}");
    }

    let script = "id -u && echo found | grep found && grep -c 'BEGIN CERT' /etc/ssl/certs/ca-certificates.crt && \
                  touch /tmp/a /home/gitops-bump/a 2>&1 | grep -c Read-only && gitops-bump --version";
    let printed = image.shell(script);
    let lines: Vec<&str> = printed.lines().collect();
    let version = concat!("gitops-bump ", env!("CARGO_PKG_VERSION"));
    let [uid, found, certificates, refused, printed_version] = lines[..] else {
        panic!("{printed}");
    };
    assert_eq!((uid, found, refused, printed_version), ("12345", "found", "2", version));
    assert!(certificates.parse::<u32>().is_ok_and(|count| count > 50), "{certificates} certificates");
}

#[test]
fn the_image_does_its_job_for_a_uid_without_a_name_a_home_or_a_place_to_write() {
    let Some(image) = Image::built() else {
        println!("skipped: GITOPS_BUMP_RELEASE_BINARY names no release binary, scripts/test sets it");
        return;
    };
    let world = World::new();
    let registry = OwnRegistry::with_private_ca(&world.work());
    let repository = format!("{}/team/app", registry.address);
    let reference = format!("{repository}:2");
    world.servers().push(&reference);
    let infra = world.infra("infra", &[("values.yaml", values(&repository, "1").as_str())]);
    let first = infra.tip("main");
    // Before the Git server, with the registry's certificate.
    let (at, git) = (world.work().display().to_string(), &world.servers().git);
    let inside = format!(
        "ssl_certificate {at}/server.crt; ssl_certificate_key {at}/server.key;\n\
         location / {{ proxy_pass http://{git}; proxy_set_header Authorization $http_authorization; }}"
    );
    let tls = Nginx::start(&world.scratch().join("tls"), " ssl", &inside);
    let sshd = Sshd::start(&world.scratch().join("sshd"), &world.servers().git_repositories);
    let key = fs::read_to_string(sshd.key("writer")).expect("the key is ours");

    let https = infra.url_at(&tls.address).replace("http://", "https://");
    let http = infra.url().replace("127.0.0.1", "localhost");
    for url in [https, http, sshd.url(infra.path())] {
        infra.set_ref("refs/heads/main", &first);
        let update = world.bump(["update", "--image", &reference, "--repo", &url, "--helm", "values.yaml"]);
        let update = update.env("GITOPS_BUMP_CA_FILE", world.read("ca.crt")).env("GITOPS_BUMP_SSH_KEY", &key);
        let update = update.env("GITOPS_BUMP_SSH_KNOWN_HOSTS", sshd.known_hosts("host"));
        update.in_container(image).run().exits(0);
        assert_eq!(infra.commits("main"), 2, "{url}");
        assert_eq!(infra.file("main", "values.yaml"), values(&repository, "2"), "{url}");
    }
    infra.assert_sound();
}
