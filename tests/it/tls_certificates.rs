//! Certificates of every kind before a real registry: which are trusted, and in which words the others are refused.
//!
//! openssl makes them, nginx shows them.

use crate::samples::app_infra;
use crate::world::{Nginx, Run, World, openssl as run_openssl};

const P256: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-384";
const P521: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-521";

/// What a server's certificate has to say.
const SERVER: &str = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n";

/// A registry with an image, and the certificates of a server before it.
struct Scene {
    world: World,
    image: String,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "1");
        Self { world, image }
    }

    fn openssl(&self, line: &str) {
        run_openssl(&self.world, &line.split(' ').collect::<Vec<_>>());
    }

    /// An authority `NAME.crt`.
    fn authority(&self, name: &str, key: &str, hash: &str) {
        self.openssl(&format!(
            "req -x509 {key} -nodes -{hash} -keyout {name}.key -out {name}.crt -days 2 -subj /O=Shop/CN={name} \
             -addext keyUsage=critical,keyCertSign"
        ));
    }

    /// A certificate `server.crt` by an authority, with these extensions.
    fn server(&self, authority: &str, key: &str, hash: &str, extensions: &str) {
        self.world.write("extensions", extensions);
        self.openssl(&format!("req {key} -nodes -keyout server.key -out server.csr -subj /O=Shop/CN=registry"));
        self.openssl(&format!(
            "x509 -req -in server.csr -CA {authority}.crt -CAkey {authority}.key -CAcreateserial -{hash} -days 2 \
             -out server.crt -extfile extensions"
        ));
    }

    /// A certificate `server.crt` by its own key.
    fn self_signed(&self, key: &str, more: &str) {
        self.openssl(&format!("req -x509 {key} -nodes -keyout server.key -out server.crt -subj /CN=registry {more}"));
    }

    /// A certificate `server.crt` by its own key that was valid on one day only.
    fn self_signed_on(&self, day: &str) {
        self.world.write("extensions", SERVER);
        self.world.write("index", "");
        let policy = "[ca]\ndefault_ca=own\n[own]\nnew_certs_dir=.\ndatabase=index\nrand_serial=yes\ndefault_md=sha256\n\
                      policy=any\n[any]\ncommonName=supplied\n";
        self.world.write("ca.conf", policy);
        self.openssl(&format!("req {P256} -nodes -keyout server.key -out server.csr -subj /CN=registry"));
        self.openssl(&format!(
            "ca -batch -notext -config ca.conf -selfsign -keyfile server.key -in server.csr -out server.crt \
             -extfile extensions -startdate {day}000000Z -enddate {day}235959Z"
        ));
    }

    /// A server that shows these certificates, one file behind the other, before the registry and Git.
    fn serve(&self, files: &[&str]) -> Nginx {
        let servers = self.world.servers();
        let locations = format!(
            "location / {{ proxy_pass http://{}; proxy_set_header Host $http_host; }}\n\
             location /world- {{ proxy_pass http://{}; }}",
            servers.registry, servers.git
        );
        self.serve_by("TLSv1.2 TLSv1.3", files, &locations)
    }

    fn serve_by(&self, protocols: &str, files: &[&str], locations: &str) -> Nginx {
        let chain: String = files.iter().map(|file| self.world.read(file)).collect();
        self.world.write("chain.pem", chain);
        let at = self.world.work().display().to_string();
        let inside = format!(
            "ssl_certificate {at}/chain.pem; ssl_certificate_key {at}/server.key; ssl_protocols {protocols};\n{locations}"
        );
        Nginx::start(&self.world.scratch().join("nginx"), " ssl", &inside)
    }

    fn check(&self, server: &Nginx, flags: &[&str]) -> Run {
        let image = self.image.replace(&self.world.servers().registry, &server.address);
        let run = self.world.bump(["check", "--image", &image].iter().chain(flags)).run();
        for debug in ["UnknownIssuer", "NotValidFor", "{", "Context", "InvalidCertificate", "Error(", "Some("] {
            assert!(!run.stderr.contains(debug), "{debug}: {run}");
        }
        run
    }
}

#[test]
fn every_usual_key_and_hash_is_supported() {
    for (authority, key, hash) in [
        (P256, P256, "sha256"),
        (P384, P384, "sha384"),
        (P256, P256, "sha512"),
        (P384, P256, "sha512"),
        (P521, P256, "sha512"),
        (P521, P521, "sha512"),
        ("-newkey rsa:2048", "-newkey rsa:2048", "sha512"),
        ("-newkey ed25519", "-newkey ed25519", "sha256"),
    ] {
        let scene = Scene::new();
        let hash_of = |key: &str| if key.contains("ed25519") { "sha256" } else { hash };
        scene.authority("ca", authority, hash_of(authority));
        scene.server("ca", key, hash_of(authority), SERVER);
        // In TLS 1.2 a key's curve has to be one for the exchange of keys, too, and there ring has no P-521.
        let protocols: &[&str] = if key == P521 { &["TLSv1.3"] } else { &["TLSv1.2", "TLSv1.3"] };
        for protocol in protocols {
            let there = format!("location / {{ proxy_pass http://{}; }}", scene.world.servers().registry);
            let server = scene.serve_by(protocol, &["server.crt"], &there);
            let run = scene.check(&server, &["--ca-file", "ca.crt"]);
            assert_eq!(run.code, 0, "{authority} {key} {hash} {protocol}: {run}");
        }
    }
}

#[test]
fn what_is_not_supported_is_named() {
    let scene = Scene::new();
    scene.authority("ca", P256, "sha256");
    scene.server("ca", P256, "sha224", SERVER);
    let run = scene.check(&scene.serve(&["server.crt"]), &["--ca-file", "ca.crt"]).exits(7);
    run.says("subject O=Shop, CN=registry, issued by O=Shop, CN=ca")
        .says("ECDSA with SHA-224")
        .says("SHA-256, SHA-384");
}

#[test]
fn a_servers_own_certificate_is_trusted_when_it_is_given() {
    let san = "-days 2 -addext subjectAltName=IP:127.0.0.1";
    for more in [san.to_owned(), format!("{san} -addext basicConstraints=critical,CA:FALSE")] {
        let scene = Scene::new();
        scene.self_signed(P256, &more);
        scene.authority("other", P256, "sha256");
        let server = scene.serve(&["server.crt"]);
        scene.check(&server, &["--ca-file", "server.crt"]).exits(0);
        let run = scene.check(&server, &[]).exits(7).says("subject CN=registry, self-signed, valid from 20");
        run.says("set --ca-file to it");
        let run = scene
            .check(&server, &["--ca-file", "other.crt"])
            .exits(7)
            .says("and the certificate of --ca-file is a different one");
        run.says("add it to the CA certificates (--ca-file)");
    }
}

#[test]
fn git_trusts_the_same() {
    let scene = Scene::new();
    scene.self_signed(P256, "-days 2 -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE");
    scene.authority("other", P256, "sha256");
    let server = scene.serve(&["server.crt"]);
    let infra = app_infra(&scene.world, "0");
    let url = infra.url_at(&server.address).replace("http://", "https://");
    let update = |ca: &str| {
        let flags = ["update", "--image", &scene.image, "--repo", &url, "--helm", "values.yaml", "--ca-file", ca];
        scene.world.bump(flags).run()
    };
    let run = update("other.crt")
        .exits(8)
        .says("subject CN=registry, self-signed")
        .says("add it to the CA certificates (--ca-file)");
    assert!(!run.stderr.contains("set --ca-file to it"), "{run}");
    update("server.crt").exits(0);
    assert_eq!(infra.commits("main"), 2);
}

#[test]
fn a_given_certificate_must_have_the_name_and_be_valid() {
    let scene = Scene::new();
    scene.self_signed(P256, "-days 2 -addext subjectAltName=DNS:registry.example,IP:127.0.0.9");
    let given = ["--ca-file", "server.crt"];
    let run = scene.check(&scene.serve(&["server.crt"]), &given).exits(7).says("is not for 127.0.0.1 but for ");
    run.says("registry.example").says("127.0.0.9").says("Use a host name that is in the certificate");

    let scene = Scene::new();
    scene.self_signed(P256, "-days 2");
    let run = scene.check(&scene.serve(&["server.crt"]), &given).exits(7);
    run.says("is not for 127.0.0.1: it names no server (it has no subjectAltName)");

    for (day, words) in [("20240229", "has expired"), ("20491231", "is not valid yet")] {
        let scene = Scene::new();
        scene.self_signed_on(day);
        let run = scene
            .check(&scene.serve(&["server.crt"]), &given)
            .exits(7)
            .says(words)
            .says("check the clock of this machine");
        run.says(&format!("valid from {}-{}-{}T00:00:00Z", &day[..4], &day[4..6], &day[6..]));
    }
}

#[test]
fn a_servers_certificate_is_no_authority() {
    let scene = Scene::new();
    scene.self_signed(P256, "-days 2 -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE");
    scene.world.write("stolen.crt", scene.world.read("server.crt"));
    scene.world.write("stolen.key", scene.world.read("server.key"));
    scene.server("stolen", P256, "sha256", SERVER);
    scene.check(&scene.serve(&["server.crt"]), &["--ca-file", "stolen.crt"]).exits(7).says("issued by CN=registry");
}

#[test]
fn an_unknown_authority_is_named_and_so_is_the_end_of_the_chain() {
    let scene = Scene::new();
    scene.authority("root", P256, "sha256");
    scene.authority("other", P256, "sha256");
    scene.server("root", P256, "sha256", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n");
    for kind in ["crt", "key"] {
        scene.world.write(&format!("middle.{kind}"), scene.world.read(&format!("server.{kind}")));
    }
    scene.world.write("extensions", SERVER);
    scene.openssl(&format!("req {P256} -nodes -keyout server.key -out server.csr -subj /CN=shop"));
    scene.openssl(
        "x509 -req -in server.csr -CA middle.crt -CAkey middle.key -CAcreateserial -days 2 -out server.crt -extfile extensions",
    );
    let whole = scene.serve(&["server.crt", "middle.crt"]);
    scene.check(&whole, &["--ca-file", "root.crt"]).exits(0);
    scene.check(&whole, &["--ca-file", "middle.crt"]).exits(0);
    let run = scene.check(&whole, &["--ca-file", "other.crt"]).exits(7);
    let run = run.says("is signed neither by the certificate of --ca-file nor by one of the system's");
    let run = run.says("the chain that it sends ends with O=Shop, CN=registry, issued by O=Shop, CN=root");
    assert!(!run.stderr.contains("Set --ca-file to"), "{run}");
    scene
        .check(&whole, &[])
        .exits(7)
        .says("is signed by none of the system's CA certificates")
        .says("Set --ca-file to");
    drop(whole);

    let alone = scene.serve(&["server.crt"]);
    let run = scene.check(&alone, &["--ca-file", "root.crt"]).exits(7).says("issued by O=Shop, CN=registry");
    run.says("the server must send the intermediate certificates");
}

#[test]
fn an_authority_that_was_made_anew_is_said() {
    // With SHA-512 it is not ring that finds the signature wrong.
    for (key, hash) in [(P256, "sha256"), (P256, "sha512"), (P384, "sha512"), (P521, "sha512")] {
        let scene = Scene::new();
        scene.authority("ca", key, hash);
        scene.server("ca", P256, hash, SERVER);
        let server = scene.serve(&["server.crt"]);
        scene.authority("ca", key, hash);
        let run = scene.check(&server, &["--ca-file", "ca.crt"]).exits(7);
        run.says("does not match the trusted certificate of O=Shop, CN=ca").says("has another key");
    }
}

#[test]
fn an_intermediate_certificate_that_has_expired_is_named() {
    let scene = Scene::new();
    scene.self_signed_on("20240229");
    for kind in ["crt", "key"] {
        scene.world.write(&format!("old.{kind}"), scene.world.read(&format!("server.{kind}")));
    }
    scene.server("old", P256, "sha256", SERVER);
    let run = scene.check(&scene.serve(&["server.crt", "old.crt"]), &[]).exits(7);
    run.says("issued by CN=registry")
        .says("depends on another certificate (subject CN=registry")
        .says("which has expired");
}

#[test]
fn a_token_service_without_tls_gets_no_credentials() {
    let scene = Scene::new();
    scene.self_signed(P256, "-days 2 -addext subjectAltName=IP:127.0.0.1");
    let challenge = "Bearer realm=\"http://harbor.internal/service/token\",service=\"harbor\"";
    let refuse = format!("location / {{ add_header WWW-Authenticate '{challenge}' always; return 401; }}");
    let server = scene.serve_by("TLSv1.3", &["server.crt"], &refuse);
    let image = format!("{}/team/app:1", server.address);
    let bump = scene.world.bump(["check", "--image", &image, "--ca-file", "server.crt"]);
    let bump = bump.env("GITOPS_BUMP_REGISTRY_USERNAME", "robot").env("GITOPS_BUMP_REGISTRY_PASSWORD", "s3cret-pass");
    let run = bump.run().exits(7).says("the token service harbor.internal").says("has an http:// address");
    run.says("external_url in harbor.yml").says("auth.token.realm");
}
