//! Whom the binary trusts and by which way it goes: CA certificates, proxies, redirects.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::samples::app_infra;
use crate::world::{Bump, Detour, Nginx, Proxy, Repository, World, output_of, says};

struct Shop {
    infra: Repository,
    image: String,
    world: World,
}

impl Shop {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { infra, image, world }
    }

    fn update_at(&self, url: &str) -> Bump {
        self.world.bump(["update", "--image", &self.image, "--repo", url, "--helm", "values.yaml"])
    }
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the listener is bound").to_string()
}

#[test]
fn requests_take_the_proxy_and_no_proxy_exempts() {
    let shop = Shop::new();
    let proxy = Proxy::to(&shop.world.servers().git);
    // The Git server itself plays the proxy for a host that has no address.
    let url = shop.infra.url_at("git.invalid");
    let address = proxy.address();
    let update = || shop.update_at(&url).env("GITOPS_BUMP_PLAIN_HTTP", "git.invalid").env("http_proxy", &address);
    update().env("NO_PROXY", "127.0.0.0/8").run().exits(0);
    assert_eq!(shop.infra.commits("main"), 2);
    assert!(proxy.uploaded() > 0);
    update().env("NO_PROXY", "127.0.0.1,.invalid").run().exits(8);
    update().without_env("http_proxy").env("HTTP_PROXY", &address).env("NO_PROXY", "127.0.0.1").run().exits(8);
}

#[test]
fn a_proxy_that_is_not_there_is_said_without_its_password() {
    let shop = Shop::new();
    let proxy = format!("http://me:pr0xy%2Bs3cret@{}", nobody());
    let run = shop.update_at(&shop.infra.url_at("git.invalid")).env("http_proxy", &proxy).env("no_proxy", "127.0.0.1");
    let run =
        run.env("GITOPS_BUMP_PLAIN_HTTP", "git.invalid").env("GITOPS_BUMP_VERBOSE", "2").run().exits(8).says("proxy");
    assert!(!run.stderr.contains("s3cret"), "{run}");
    let socks = shop.update_at(&shop.infra.url()).env("https_proxy", "socks5://me:pr0xy+s3cret@h").run().exits(3);
    assert!(socks.says("https_proxy").stderr.find("s3cret").is_none());
}

#[test]
fn this_machine_is_asked_past_the_proxies() {
    let shop = Shop::new();
    let proxy = Proxy::to(&shop.world.servers().git);
    shop.update_at(&shop.infra.url()).env("http_proxy", proxy.address()).run().exits(0);
    assert_eq!((shop.infra.commits("main"), proxy.uploaded()), (2, 0));
}

/// A TLS server with a certificate of an authority of its own, `ca.crt` in the directory, and these locations.
fn tls_server(locations: &str, directory: &Path) -> Nginx {
    let openssl = |line: &str| {
        output_of(Command::new("openssl").args(line.split(' ')).current_dir(directory));
    };
    std::fs::write(directory.join("san"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").expect("ours");
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.crt -days 2 \
             -subj /CN=test-ca -addext keyUsage=critical,keyCertSign",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key -out server.csr -subj /CN=test",
    );
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt -extfile san");
    let at = directory.display();
    let inside = format!("ssl_certificate {at}/server.crt; ssl_certificate_key {at}/server.key;\n{locations}");
    Nginx::start(directory, " ssl", &inside)
}

#[test]
fn a_private_authority_is_added_to_the_usual_roots() {
    let shop = Shop::new();
    let directory = shop.world.scratch().join("tls");
    std::fs::create_dir(&directory).expect("the scratch directory is writable");
    let git = &shop.world.servers().git;
    let locations =
        format!("location / {{ proxy_pass http://{git}; proxy_set_header Authorization $http_authorization; }}");
    let tls = tls_server(&locations, &directory);
    let url = shop.infra.url_at(&tls.address).replace("http://", "https://");
    let authority = directory.join("ca.crt").display().to_string();

    shop.update_at(&url).run().exits(8).says("certificate").says("--ca-file");
    assert_eq!(shop.infra.commits("main"), 1);
    shop.update_at(&url).env("SSL_CERT_FILE", &authority).run().exits(0);
    assert_eq!(shop.infra.commits("main"), 2);
    shop.update_at(&url).env("CA_BUNDLE", &authority).run().exits(0).says("nothing to do");
    let pem = std::fs::read_to_string(authority).expect("the file is ours");
    shop.update_at(&url).env("GITOPS_BUMP_CA_FILE", pem).run().exits(0).says("nothing to do");
}

#[test]
fn a_redirect_does_not_end_tls() {
    let shop = Shop::new();
    let other = Detour::to_nothing(|_| says("200 OK", "", ""));
    let directory = shop.world.scratch().join("tls");
    std::fs::create_dir(&directory).expect("the scratch directory is writable");
    let tls = tls_server(&format!("location / {{ return 307 http://{}$request_uri; }}", other.address), &directory);
    let authority = directory.join("ca.crt").display().to_string();
    let url = shop.infra.url_at(&tls.address).replace("http://", "https://");
    shop.update_at(&url).env("CA_BUNDLE", &authority).run().exits(8).says("it redirects from https to http");
    let image = format!("{}/team/app:2", tls.address);
    let check = shop.world.bump(["check", "--image", &image]).env("CA_BUNDLE", &authority);
    check.run().exits(7).says("it redirects from https to http");
    assert!(other.asked().is_empty(), "{:?}", other.asked());
}
