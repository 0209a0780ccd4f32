//! What is said of a file that was edited, and of one in which nothing matches.

use super::super::{Path, Rewritten, Rules, rewrite};
use super::*;
use crate::image::Reference;

fn run(text: &str, kind: Kind, image: &str) -> Rewritten {
    let reference = Reference::parse(image).unwrap();
    let digest = super::super::KnownDigest::on_the_users_word(reference.digest);
    let wanted =
        [Wanted { repository: reference.repository, tag: Some(reference.tag.unwrap()), digest, same: Vec::new() }];
    let job = Job { kind, images: vec![0], rules: Rules::default() };
    rewrite("f.yaml", text.as_bytes(), &[job], &wanted).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

const PLACE: &str = "image: {repository: r.io/team/app, tag: 1.4.1}\n";

/// `LINE: WORDS` of the warnings.
fn warnings(rest: &str, kind: Kind) -> Vec<String> {
    let result = run(&format!("{PLACE}{rest}"), kind, "r.io/team/app:1.4.2");
    let said = result.leftovers.iter().filter(|leftover| leftover.is_half_an_update());
    said.map(|leftover| format!("{}: {} {}", leftover.line, leftover.named, leftover.why())).collect()
}

fn all() -> Kind {
    Kind::Helm { path: None }
}

#[test]
fn what_still_names_another_tag_is_said() {
    let text = "it is part of a longer text";
    for (rest, line, named, why) in [
        ("init: |\n  - name: migrate\n    image: r.io/team/app:1.4.1\n", 4, "\"r.io/team/app:1.4.1\"", text),
        ("init: >\n  a\n  r.io/team/app:1.4.1\n", 4, "\"r.io/team/app:1.4.1\"", text),
        ("args: [--worker-image=r.io/team/app:1.4.1]\n", 2, "\"r.io/team/app:1.4.1\"", text),
        ("note: \"built from\n  r.io/team/app:1.4.0 once\"\n", 3, "\"r.io/team/app:1.4.0\"", text),
        ("annotations: {x: '{\"image\":\"r.io/team/app:1.4.1\"}'}\n", 2, "\"r.io/team/app:1.4.1\"", text),
        ("values: |\n  image:\n    repository: r.io/team/app\n    tag: '1.3' # x\n", 4, "\"r.io/team/app:1.3\"", text),
        ("values: |\n  - tag: 1.3\n    repository: r.io/team/app\n", 4, "\"r.io/team/app:1.3\"", text),
        (
            "values: |\n  image:\n    registry: r.io\n    repository: team/app\n    tag: 1.3\n",
            6,
            "\"r.io/team/app:1.3\"",
            text,
        ),
        (
            "patch: |\n  helm:\n    parameters:\n    - {name: a.repository, value: r.io/team/app}\n    - {name: a.tag, value: '1.3'}\n",
            6,
            "\"r.io/team/app:1.3\"",
            text,
        ),
        ("x: r.io/team/app:${TAG}\n", 2, "\"r.io/team/app:${TAG}\"", "the version is the variable ${TAG}, not a value"),
        (
            "x: \"r.io/team/app:<< inputs.t >>\"\n",
            2,
            "\"r.io/team/app:<< inputs.t >>\"",
            "an expression `<< … >>` of a ResourceSet is here, not a value",
        ),
        (
            "x: |\n  image: r.io/team/app:{{ .t }}\n",
            3,
            "\"r.io/team/app:{{ .t }}\"",
            "a template expression `{{ … }}` is here, not a value",
        ),
        ("x: r.io/team/app:%TAG%\n", 2, "\"r.io/team/app:%TAG%\"", "it is not followed by a valid tag"),
    ] {
        assert_eq!(warnings(rest, all()), [format!("{line}: {named} {why}")], "{rest}");
    }
}

#[test]
fn the_rest_is_not_said() {
    for rest in [
        "# r.io/team/app:1.4.1\n",
        "x: |\n  # image: r.io/team/app:1.4.1\n  y: 1\n",
        "x: |\n  image: r.io/team/app:1.4.2\n",
        "x: |\n  registry: r.io\n  repository: team/app\n  tag: 1.4.2\n",
        "x: |\n  registry: r.io\n  repository: team/app2\n  tag: 1.4.1\n",
        "x: |\n  image: r.io/team/application:1.4.1\n",
        "x: |\n  repository: r.io/team/app\n  y: {tag: 1}\n",
        "x: |\n  image: r.io/team/app\n",
        "\"--image=r.io/team/app:1.4.1\": x\n",
        "argocd-image-updater.argoproj.io/image-list: a=r.io/team/app:~1.4\n",
        "---\napiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {image: 'x r.io/team/app:1.4.1'}\n",
    ] {
        assert_eq!(warnings(rest, all()), Vec::<String>::new(), "{rest}");
    }
    // By PATH the others are the user's own; what no target can name is said.
    let path = || Kind::Helm { path: Path::parse("image").ok() };
    assert_eq!(warnings("other: r.io/team/app:1.4.1\n", path()), Vec::<String>::new());
    assert_eq!(warnings("x: a r.io/team/app:1.4.1\n", path()).len(), 1);
}

#[test]
fn a_place_that_another_program_fills_in_is_said_beside_others() {
    for rest in ["b:\n  image: r.io/team/app:${TAG}\n", "b:\n  repository: r.io/team/app\n  tag: '{{ .t }}'\n"] {
        let result = run(&format!("{PLACE}{rest}"), all(), "r.io/team/app:1.4.2");
        assert!(result.text.ends_with(rest) && result.text.contains("1.4.2"));
        assert_eq!(result.notes.len(), 1, "{:?}", result.notes);
        assert!(result.notes[0].contains("and is not changed"), "{:?}", result.notes);
        assert!(result.leftovers.iter().all(|leftover| !leftover.is_half_an_update()), "{rest}");
    }
}

#[test]
fn why_nothing_matches_is_known() {
    for (text, image, words) in [
        ("kind: X\nargs: run r.io/team/app:1\n", "r.io/team/app:2", "part of a longer text"),
        ("kind: X\nx: r.io/team/app:${APP_TAG:=1}\n", "r.io/team/app:2", "spec.postBuild.substitute"),
        ("kind: X\nx: R.io/Team/App:1\n", "r.io/team/app:2", "must be in lower case"),
        ("kind: X\nname: app:1.2\n", "app:2", "a service and its port"),
        ("kind: X\nname: r.io/team/app\n", "r.io/team/app:2", "no version"),
        ("kind: X\nspec: {url: 'oci://r.io/team/app', ref: {semver: 1.x}}\n", "r.io/team/app:2", "ref.semver"),
        ("kind: X\nimage: ENC[AES256_GCM,data:x]\n", "r.io/team/app:2", "encrypted by SOPS"),
        (
            "dependencies: [{name: app, repository: 'oci://r.io/team', version: ~1}]\n",
            "r.io/team/app:2",
            "f.yaml:dependencies[0].version",
        ),
    ] {
        let result = run(text, all(), image);
        assert!(result.places.is_empty());
        let reasons: Vec<String> = result.leftovers.iter().map(|leftover| leftover.reason("f.yaml")).collect();
        assert!(reasons.len() == 1 && reasons[0].contains(words), "{text}{reasons:?}");
    }
}

#[test]
fn a_file_of_mentions_is_bounded() {
    let many = "x r.io/team/app:1.4.1 y\n  ".repeat(50_000);
    let text = format!("{PLACE}t: |\n  {many}\n");
    assert_eq!(run(&text, all(), "r.io/team/app:1.4.2").leftovers.len(), MOST);
}
