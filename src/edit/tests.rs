//! The edit as its callers see it: a text, a job, the text after.

use super::*;

const OLD: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
const NEW: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const RULES: Rules = Rules { pin: Pin::Tag, create: false, any_repository: false, any_tag: false };
const CREATE: Rules = Rules { create: true, ..RULES };
const DIGEST: Rules = Rules { pin: Pin::Digest, ..RULES };

fn wanted(reference: &str) -> Wanted {
    let reference = crate::image::Reference::parse(reference).unwrap();
    Wanted {
        repository: reference.repository,
        tag: Some(reference.tag.unwrap()),
        digest: KnownDigest::on_the_users_word(reference.digest),
        same: Vec::new(),
    }
}

fn helm(path: &str) -> Kind {
    Kind::Helm { path: (!path.is_empty()).then(|| Path::parse(path).unwrap()) }
}

fn kustomize(name: &str) -> Kind {
    Kind::Kustomize { name: (!name.is_empty()).then(|| name.to_owned()) }
}

fn run(before: &str, kind: Kind, image: &str, rules: Rules) -> Result<Rewritten, EditError> {
    let job = Job { kind, images: vec![0], rules };
    rewrite("f.yaml", before.as_bytes(), &[job], &[wanted(image)])
}

#[track_caller]
fn check(before: &str, kind: Kind, image: &str, rules: Rules, after: &str) {
    let result = run(before, kind, image, rules).unwrap_or_else(|error| panic!("{error}\n{before}"));
    assert_eq!(result.text, after);
    assert!(!result.places.is_empty(), "no place in {before}");
}

#[track_caller]
fn refused(before: &str, kind: Kind, image: &str, (message, hint): (&str, &str)) {
    let error = run(before, kind, image, RULES).expect_err(before);
    assert_eq!((error.to_string().as_str(), error.hint().as_str()), (message, hint));
}

#[test]
fn a_mapping_by_matching_and_by_path() {
    let image = "r.io/team/app:1.4.2";
    for (before, after) in [
        (
            "image:\n  repository: r.io/team/app # ours\n  tag: 1.4.1   # bump\n",
            "image:\n  repository: r.io/team/app # ours\n  tag: 1.4.2   # bump\n",
        ),
        (
            "image:\r\n  registry: R.io\r\n  repository: team/app\r\n  tag: '1'\r\nx: 1",
            "image:\r\n  registry: R.io\r\n  repository: team/app\r\n  tag: '1.4.2'\r\nx: 1",
        ),
        ("image: {repository: r.io/team/app, tag: \"\"}\n", "image: {repository: r.io/team/app, tag: \"1.4.2\"}\n"),
        ("image:\n    tag:\n    repository: r.io/team/app", "image:\n    tag: 1.4.2\n    repository: r.io/team/app"),
        (
            "image:\n  tag: &v !!str   # none yet\n  repository: r.io/team/app",
            "image:\n  tag: &v !!str 1.4.2   # none yet\n  repository: r.io/team/app",
        ),
    ] {
        check(before, helm(""), image, RULES, after);
        check(before, helm("image"), image, RULES, after);
        check(before, helm("image.tag"), image, RULES, after);
    }
}

#[test]
fn a_number_is_quoted_even_when_it_is_right() {
    let before = "image:\n  repository: a/b\n  tag: 1.10\n";
    let after = "image:\n  repository: a/b\n  tag: \"1.10\"\n";
    check(before, helm(""), "a/b:1.10", RULES, after);
    let again = run(after, helm(""), "a/b:1.10", RULES).unwrap();
    assert_eq!(again.text, after);
    assert_eq!(again.places.iter().map(|place| place.changed).collect::<Vec<_>>(), [false]);
    check("tag: !!str 1.1\n", helm("tag"), "a/b:1.10", RULES, "tag: !!str 1.10\n");
}

#[test]
fn a_digest_never_stays_stale() {
    let pinned = format!("a/b:2@{NEW}");
    let before = format!("repository: a/b\ntag: '1'\ndigest: {OLD}\n");
    let after = format!("repository: a/b\ntag: '2'\ndigest: {NEW}\n");
    check(&before, helm(""), &pinned, RULES, &after);
    refused(
        &before,
        helm(""),
        "a/b:2",
        (
            "f.yaml:3:9: this place needs a digest, but the digest of a/b:2 is not known",
            "give the image with its digest: `NAME:TAG@sha256:…`",
        ),
    );
    let before = format!("a: a/b:1@{OLD}\nb: a/b@{OLD}\nc: a/b:1\n");
    let after = format!("a: a/b:2@{NEW}\nb: a/b:2@{NEW}\nc: a/b:2\n");
    check(&before, helm(""), &pinned, RULES, &after);
    let before = format!("repository: a/b\ntag: 1@{OLD}\n");
    let after = format!("repository: a/b\ntag: 2@{NEW}\n");
    check(&before, helm(""), &pinned, RULES, &after);
}

#[test]
fn pins_the_digest_on_demand() {
    let pinned = format!("a/b:2@{NEW}");
    let after = format!("repository: a/b\ntag: 2@{NEW}\n");
    check("repository: a/b\ntag: 1\n", helm(""), &pinned, DIGEST, &after);
    let after = format!("repository: a/b\ntag: \"2\"\ndigest: {NEW}\n");
    check("repository: a/b\ntag: 1\ndigest:\n", helm(""), &pinned, DIGEST, &after);
    let after = format!("images:\n- name: a/b\n  newTag: \"2\"\n  digest: {NEW}\n");
    check("images:\n- name: a/b\n", kustomize(""), &pinned, DIGEST, &after);
    check("i: a/b:1\n", helm(""), &pinned, DIGEST, &format!("i: a/b:2@{NEW}\n"));
}

#[test]
fn kustomize_entries() {
    let image = "r.io/team/app:1.4.2";
    for (before, after) in [
        (
            "images:\n  - name: r.io/team/app\n    newTag: v1 # x\n",
            "images:\n  - name: r.io/team/app\n    newTag: 1.4.2 # x\n",
        ),
        (
            "images:\n- newName: r.io/team/app\n  name: app",
            "images:\n- newName: r.io/team/app\n  newTag: 1.4.2\n  name: app",
        ),
        ("images: [{name: r.io/team/app}]\n", "images: [{name: r.io/team/app, newTag: 1.4.2}]\n"),
        (
            "{\n  \"images\": [\n    {\n      \"name\": \"r.io/team/app\"\n    }\n  ]\n}\n",
            "{\n  \"images\": [\n    {\n      \"name\": \"r.io/team/app\",\n      \"newTag\": \"1.4.2\"\n    }\n  ]\n}\n",
        ),
    ] {
        check(before, kustomize(""), image, RULES, after);
    }
    let before = "images:\n- name: app\n";
    let after = "images:\n- name: app\n  newName: r.io/team/app\n  newTag: 1.4.2\n";
    check(before, kustomize("app"), image, CREATE, after);
    let other = "f.yaml:2:3: this place names \"app\", not r.io/team/app";
    let mend = "correct the path or the image; if the place names a mirror of the image, use --any-repository";
    refused(before, kustomize("app"), image, (other, mend));
    let missing = "f.yaml: no images entry is named \"web\": the entries are \"app\"";
    refused(before, kustomize("web"), image, (missing, "correct the name, or add the entry with --create"));
}

#[test]
fn kustomize_entries_are_created_in_the_files_style() {
    let entry = "- name: a/b\n  newTag: v2\n";
    for (before, after) in [
        ("resources:\n- x.yaml\n", format!("resources:\n- x.yaml\nimages:\n{entry}")),
        (
            "resources:\r\n  - x.yaml\r\n  # - y.yaml",
            "resources:\r\n  - x.yaml\r\n  # - y.yaml\r\nimages:\r\n  - name: a/b\r\n    newTag: v2".to_owned(),
        ),
        ("images:\nx: 1\n", format!("images:\n{entry}x: 1\n")),
        ("images: []\n", "images: [{name: a/b, newTag: v2}]\n".to_owned()),
        ("images: ~\n", "images: [{name: a/b, newTag: v2}]\n".to_owned()),
        (
            "images:\n-   name: c/d\n    newTag: x # y\n# end\n",
            "images:\n-   name: c/d\n    newTag: x # y\n-   name: a/b\n    newTag: v2\n# end\n".to_owned(),
        ),
        ("images: [{name: c, newTag: x}]", "images: [{name: c, newTag: x}, {name: a/b, newTag: v2}]".to_owned()),
        ("patch: |-\n  a\nx: |\n  b\n", format!("patch: |-\n  a\nx: |\n  b\nimages:\n{entry}")),
        ("{\"x\": 1}", "{\"x\": 1, \"images\": [{\"name\": \"a/b\", \"newTag\": \"v2\"}]}".to_owned()),
    ] {
        check(before, kustomize(""), "a/b:v2", CREATE, &after);
    }
}

#[test]
fn manifests() {
    let before = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      initContainers:\n      \
                  - image: nginx\n      containers:\n      - {name: a, image: 'docker.io/library/nginx:1'}\n      \
                  - name: redis\n        env:\n        - {name: H, value: redis:6379}\n---\nkind: ConfigMap\n\
                  apiVersion: v1\ndata:\n  a: |\n    image: nginx:1\n";
    let after = before.replace("image: nginx\n", "image: nginx:v2\n").replace("nginx:1'", "nginx:v2'");
    check(before, Kind::Manifest, "nginx:v2", RULES, &after);
    let result = run(before, Kind::Manifest, "redis:7", RULES).unwrap();
    assert!(result.places.is_empty());
    assert_eq!(result.held, ["nginx", "docker.io/library/nginx:1"]);
    assert_eq!(result.text, before);
}

#[test]
fn a_tag_under_another_key_is_pointed_at() {
    for (before, kind, path) in [
        ("es:\n  image: r.io/es\n  imageTag: \"8\"\n", helm(""), "es.imageTag"),
        ("es:\n  image: r.io/es\n  imageTag: \"8\"\n", helm("es"), "es.imageTag"),
        ("es:\n  image: r.io/es\n  imageTag: \"8\"\n", helm("es.image"), "es.imageTag"),
        ("es:\n  image: r.io/es\n  imageTag: \"8\"\n", helm("es.tag"), "es.imageTag"),
        ("image: r.io/es\nimageTag:\n", helm(""), "imageTag"),
        ("a: [{repository: r.io/es, imageTag: x}]\n", helm(""), "a[0].imageTag"),
        ("es: {repository: r.io/es, version: 8.5.1}\n", helm(""), "es.version"),
        ("es: {repository: r.io/es, version: 8.5.1}\n", helm("es.repository"), "es.version"),
    ] {
        let key = path.rsplit('.').next().unwrap();
        for rules in [RULES, CREATE] {
            let error = run(before, kind.clone(), "r.io/es:8.6", rules).expect_err(before);
            assert_eq!(error.hint(), format!("the tag seems to be the key {key}: name its PATH, `f.yaml:{path}`"));
        }
        check(before, helm(path), "r.io/es:8.6.0", RULES, &{
            let (head, tail) = before.split_once(&format!("{key}:")).unwrap();
            let old = tail.trim_matches([' ', '"', '}', ']', '\n']);
            let new = if old.is_empty() { tail.replacen('\n', " 8.6.0\n", 1) } else { tail.replace(old, "8.6.0") };
            format!("{head}{key}:{new}")
        });
    }
    let other = "es: {repository: r.io/es, version: '>=8'}\n";
    check(other, helm(""), "r.io/es:v8", CREATE, "es: {repository: r.io/es, tag: v8, version: '>=8'}\n");
}

#[test]
fn bombs_are_told_from_mistakes() {
    let bomb = |text: &str| match run(text, helm(""), "a/b:1", RULES) {
        Err(error) => matches!(error.reason, Reason::Bomb(_)),
        Ok(_) => false,
    };
    let laughs = (1..10).map(|level| {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        format!("a{level}: &a{level} [{items}]\n")
    });
    assert!(bomb(&format!("a0: &a0 [x, x, x]\n{}", laughs.collect::<String>())));
    assert!(bomb(&"[".repeat(100_000)));
    assert!(bomb(&"- ".repeat(129)));
    assert!(bomb("a: &a [*a]\n"));
    assert!(bomb(&" ".repeat(MAX_BYTES + 1)));
    assert!(!bomb(&format!("{}x", "- ".repeat(128))));
    assert!(!bomb("a: [\n"));
}
