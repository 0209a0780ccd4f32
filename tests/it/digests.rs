//! `update` and digests: written where they are asked for, never left behind where they would win.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use crate::images::{MANIFEST as TYPE, digest};
use crate::samples::{OLD_DIGEST, deployment, kustomization, values_with_digest};
use crate::world::{World, liar, says};

#[test]
fn pin_digest_writes_tag_and_digest_of_each_kind() {
    let world = World::new();
    let (app, repository) = (world.push("team/app", "2.0.0"), world.repository("team/app"));
    let digest = world.servers().digest(&app);
    let infra = world.infra(
        "infra",
        &[
            ("keyed.yaml", values_with_digest(&repository, "1.0.0", "\"\"").as_str()),
            ("split.yaml", &format!("image:\n  repository: {repository}\n  tag: 1.0.0\n")),
            ("whole.yaml", &format!("image: {repository}:1.0.0\n")),
            ("kustomization.yaml", &kustomization(&repository, "1.0.0")),
            ("deployment.yaml", &deployment(&format!("{repository}:1.0.0"))),
        ],
    );

    world
        .bump(["update", "--image", &app, "--repo", &infra.url(), "--pin", "digest", "--kustomize", "."])
        .env("GITOPS_BUMP_HELM", "keyed.yaml\nsplit.yaml\nwhole.yaml")
        .env("GITOPS_BUMP_MANIFEST", "deployment.yaml")
        .run()
        .exits(0);

    let file = |path: &str| infra.file("main", path);
    assert_eq!(file("keyed.yaml"), values_with_digest(&repository, "2.0.0", &format!("\"{digest}\"")));
    assert_eq!(file("split.yaml"), format!("image:\n  repository: {repository}\n  tag: 2.0.0@{digest}\n"));
    assert_eq!(file("whole.yaml"), format!("image: {repository}:2.0.0@{digest}\n"));
    assert_eq!(file("deployment.yaml"), deployment(&format!("{repository}:2.0.0@{digest}")));
    let kustomization = file("kustomization.yaml");
    assert!(kustomization.contains("newTag: \"2.0.0\"\n"), "{kustomization}");
    assert!(kustomization.contains(&format!("    digest: {digest}\n")), "{kustomization}");
    assert!(kustomization.contains("newTag: \"7.2\"\n"), "{kustomization}");
}

#[test]
fn a_stale_digest_is_never_left_beside_a_new_tag() {
    let world = World::new();
    let (app, repository) = (world.push("team/app", "2.0.0"), world.repository("team/app"));
    let digest = world.servers().digest(&app);
    let whole = |tag: &str, digest: &str| format!("image: {repository}:{tag}@{digest}\n");
    let infra = world.infra(
        "infra",
        &[
            ("split.yaml", &*values_with_digest(&repository, "1.0.0", OLD_DIGEST)),
            ("whole.yaml", &whole("1.0.0", OLD_DIGEST)),
        ],
    );

    let arguments = ["update", "--image", &app, "--repo", &infra.url(), "--helm", "split.yaml", "--helm", "whole.yaml"];
    world.bump(arguments).run().exits(0);

    assert_eq!(infra.file("main", "split.yaml"), values_with_digest(&repository, "2.0.0", &digest));
    assert_eq!(infra.file("main", "whole.yaml"), whole("2.0.0", &digest));
}

/// Runs `update` on three files of two repositories with an image whose registry claims this digest.
/// Returns the exit code, what became of the files, and the methods of all requests to the registry.
fn update_by(claimed: &str, file: &str, flags: &[&str]) -> (i32, Vec<String>, Vec<String>) {
    let world = World::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, claimed) = (Arc::clone(&asked), claimed.to_owned());
    let address = liar(move |line, stream| {
        log.lock().expect("nobody panics").push(line.split(' ').next().unwrap_or_default().to_owned());
        let headers = format!("Content-Type: {TYPE}\r\nDocker-Content-Digest: {claimed}\r\n");
        stream.write_all(says("200 OK", &headers, BODY).as_bytes())
    });
    let file = file.replace("REPO", &format!("{address}/team/app"));
    let one = world.infra("one", &[("a.yaml", &file), ("b.yaml", &file)]);
    let other = world.infra("other", &[("a.yaml", &file)]);
    let config = format!(
        "images: {{app: '{address}/team/app:2'}}\nrepositories:\n  \
         - {{url: '{}', helm: [{{file: a.yaml}}, {{file: b.yaml}}]}}\n  - {{url: '{}', helm: [{{file: a.yaml}}]}}\n",
        one.url(),
        other.url()
    );
    world.write(".gitops-bump.yml", config);
    let run = world.bump(["update", "--plain-http", &address].iter().chain(flags)).run();
    let files = [one.file("main", "a.yaml"), one.file("main", "b.yaml"), other.file("main", "a.yaml")];
    let asked = asked.lock().expect("nobody panics").clone();
    (run.code, files.map(|file| file.replace(&address, "HOST")).to_vec(), asked)
}

/// The manifest of the image.
const BODY: &str = r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}"#;

#[test]
fn a_digest_is_read_once_before_it_is_written() {
    let (right, wrong) = (digest(BODY.as_bytes()), digest(b"another image"));
    for held in ["tag: 1, digest: 'OLD'", "tag: 1@OLD", "tag: 1, sha256: OLD"] {
        let held = format!("image: {{repository: REPO, {held}}}\n").replace("OLD", OLD_DIGEST);
        let (code, files, asked) = update_by(&right, &held, &[]);
        assert_eq!((code, asked), (0, vec!["GET".to_owned()]), "{held}");
        assert!(files.iter().all(|file| file.contains(&right) && !file.contains(OLD_DIGEST)), "{files:?}");

        for flags in [&[][..], &["--dry-run"]] {
            let (code, files, _) = update_by(&wrong, &held, flags);
            assert_eq!(code, 7, "{held}");
            assert!(files.iter().all(|file| *file == held.replace("REPO", "HOST/team/app")), "{files:?}");
        }
    }
    let plain = "image: {repository: REPO, tag: 1}\n";
    for flags in [&[][..], &["--pin", "digest"]] {
        let (code, files, asked) = update_by(&right, plain, flags);
        assert_eq!((code, asked), (0, vec!["GET".to_owned()]));
        assert_eq!(files.iter().filter(|file| file.contains(&right)).count(), if flags.is_empty() { 0 } else { 3 });
    }
}
