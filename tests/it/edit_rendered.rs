//! What an edited file renders to: the real helm and kubectl name the new image where they named the old one, and
//! nothing else differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::samples::{NEW_DIGEST, OLD_DIGEST};
use crate::world::{World, helm_template, kubectl_kustomize, write};

const CHART: &str = "apiVersion: v2\nname: app\nversion: 0.1.0\nappVersion: 1.0.0\n";

/// A digest beside the tag wins, as in charts of the Bitnami style; so does a `sha`, as in Grafana's.
const POD: &str = r#"apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    {{- with .Values.image }}
    - name: app
      image: "{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}{{ with .digest }}@{{ . }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ with .sha }}@sha256:{{ . }}{{ end }}{{ end }}"
    {{- end }}
    {{- range .Values.containers }}
    - {{ toJson . }}
    {{- end }}
    - name: neighbour
      image: "redis:{{ .Values.neighbour.tag }}"
"#;

const NEIGHBOUR: &str = "neighbour: {repository: redis, tag: \"7.2\"}\n";

/// Every case that is edited, read by Helm's own YAML library before and after.
const READ_ALL: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: cases}
data:
{{- range $path, $content := .Files.Glob "cases/*/*" }}
  {{ $path | quote }}: {{ $content | toString | fromYaml | toJson | quote }}
{{- end }}
"#;

/// Edits `image` of a values file and compares what the chart renders: `old` is there before, `new` in its place after.
#[track_caller]
fn check_helm(values: &str, image: &str, flags: &[&str], old: &str, new: &str) {
    let world = World::new();
    let values = format!("{values}{NEIGHBOUR}");
    for (name, content) in
        [("Chart.yaml", CHART), ("templates/pod.yaml", POD), ("values.yaml", NEIGHBOUR), ("values-prod.yaml", &values)]
    {
        world.write(name, content);
    }
    let before = helm_template(&world.work(), "values-prod.yaml");
    let flags =
        if flags.contains(&"--helm") { flags.to_vec() } else { [&["--helm", "values-prod.yaml"], flags].concat() };
    world.bump(["set", "--image", image].iter().chain(&flags)).run().exits(0);
    let after = helm_template(&world.work(), "values-prod.yaml");
    assert_renders(&before, &after, old, new);
}

/// The same for a kustomization whose workload runs `r.io/team/app:1.0.0`.
#[track_caller]
fn check_kustomize(images: &str, image: &str, flags: &[&str], old: &str, new: &str) {
    let world = World::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:\n  containers:\n  - {name: app, image: 'r.io/team/app:1.0.0'}\n  \
               - {name: neighbour, image: 'redis:7.2'}\n  - {name: other, image: 'r.io/team/app-other:1.0.0'}\n";
    world.write("pod.yaml", pod);
    world.write("kustomization.yaml", format!("resources: [pod.yaml]\n{images}"));
    let before = kubectl_kustomize(&world.work());
    let flags = if flags.contains(&"--kustomize") { flags.to_vec() } else { [&["--kustomize", "."], flags].concat() };
    world.bump(["set", "--image", image].iter().chain(&flags)).run().exits(0);
    let after = kubectl_kustomize(&world.work());
    assert_renders(&before, &after, old, new);
}

#[track_caller]
fn assert_renders(before: &str, after: &str, old: &str, new: &str) {
    let images = |rendered: &str| -> Vec<String> {
        let lines = rendered.lines().filter_map(|line| line.split_once("image"));
        lines.map(|(_, image)| image.trim_matches([':', ' ', '"', '\'']).to_owned()).collect()
    };
    assert!(images(before).iter().any(|image| image.contains(old)), "{old} is not rendered before\n{before}");
    assert!(images(after).iter().any(|image| image.contains(new)), "{new} is not rendered after\n{after}");
    for (before, after) in before.lines().zip(after.lines()).filter(|(before, after)| before != after) {
        assert_eq!(before.replacen(old, new, 1), after);
    }
    assert_eq!(before.lines().count(), after.lines().count());
}

#[test]
fn helm_renders_every_kind_of_place() {
    let app = "r.io/team/app";
    let one = |tag: &str| format!("image:\n  repository: {app}\n  tag: {tag}\n");
    for (values, flags, old, new) in [
        (one("1.0.0"), vec![], "r.io/team/app:1.0.0", "r.io/team/app:1.10"),
        (one("\"1.0.0\""), vec![], "r.io/team/app:1.0.0", "r.io/team/app:1.10"),
        // The chart's appVersion stood in for the empty tag.
        (one("\"\""), vec![], "r.io/team/app:1.0.0", "r.io/team/app:1.10"),
        (one(""), vec![], "r.io/team/app:1.0.0", "r.io/team/app:1.10"),
        (format!("image:\n  repository: {app}\n"), vec!["--create"], "r.io/team/app:1.0.0", "r.io/team/app:1.10"),
        (format!("image: {{repository: {app}, tag: 1.0.0}}\n"), vec![], "r.io/team/app:1.0.0", "r.io/team/app:1.10"),
        (format!("image: {{\"repository\":\"{app}\",\"tag\":\"1.0.0\"}}\n"), vec![], "app:1.0.0", "app:1.10"),
        (
            "image: {registry: r.io, repository: team/app, tag: 1.0.0}\n".into(),
            vec![],
            "r.io/team/app:1.0.0",
            "r.io/team/app:1.10",
        ),
        (format!("image:\r\n  repository: {app}\r\n  tag: 1.0.0 # CI\r\n"), vec![], "app:1.0.0", "app:1.10"),
        (
            format!("image:\n  repository: {app}\n  tag: &t 1.0.0\ncontainers: [{{name: t, image: *t}}]\n"),
            vec![],
            "1.0.0",
            "1.10",
        ),
        (
            format!("containers:\n- {{name: a, image: '{app}:1.0.0'}}\n"),
            vec![],
            "r.io/team/app:1.0.0",
            "r.io/team/app:1.10",
        ),
        (
            format!("containers:\n- name: a\n  image: {app}:1.0.0\n"),
            vec!["--helm", "values-prod.yaml:containers[name=a].image"],
            "r.io/team/app:1.0.0",
            "r.io/team/app:1.10",
        ),
        (
            one("1.0.0").replace("r.io", "mirror.io"),
            vec!["--helm", "values-prod.yaml:image", "--any-repository"],
            "mirror.io/team/app:1.0.0",
            "mirror.io/team/app:1.10",
        ),
    ] {
        check_helm(&values, "r.io/team/app:1.10", &flags, old, new);
    }
}

#[test]
fn helm_renders_tags_that_look_like_something_else() {
    for tag in ["5846e796", "12345678", "0777", "0x1f", "1_000", "yes", "null", "2026-11-23", "1e3"] {
        let new = format!("r.io/team/app:{tag}");
        check_helm("image:\n  repository: r.io/team/app\n  tag: v1\n", &new, &[], "r.io/team/app:v1", &new);
    }
}

#[test]
fn a_digest_that_wins_over_the_tag_is_written_too() {
    let image = format!("r.io/team/app:2.0.0@{NEW_DIGEST}");
    let (old, new) = (format!("r.io/team/app@{OLD_DIGEST}"), format!("r.io/team/app@{NEW_DIGEST}"));
    let values = format!("image:\n  repository: r.io/team/app\n  tag: 1.0.0\n  digest: {OLD_DIGEST}\n");
    check_helm(&values, &image, &[], &old, &new);
    check_helm(&values, &image, &["--pin", "digest"], &old, &new);

    // So is one without a tag, and it stays without.
    let alone = format!("image:\n  repository: r.io/team/app\n  digest: {OLD_DIGEST}\n");
    check_helm(&alone, &image, &[], &old, &new);
    check_helm(&alone, &image, &["--pin", "digest", "--create"], &old, &new);

    // An empty digest is none, until it is asked for.
    let blank = "image:\n  repository: r.io/team/app\n  tag: 1.0.0\n  digest: \"\"\n";
    check_helm(blank, &image, &[], "r.io/team/app:1.0.0", "r.io/team/app:2.0.0");
    check_helm(blank, &image, &["--pin", "digest"], "r.io/team/app:1.0.0", &new);

    // A `sha` has no prefix: the template writes it.
    let sha = |hex: &str| format!("image:\n  repository: r.io/team/app\n  tag: 1.0.0\n  sha: \"{hex}\"\n");
    let old_sha = format!("r.io/team/app:1.0.0@{OLD_DIGEST}");
    check_helm(&sha(OLD_DIGEST.trim_start_matches("sha256:")), &image, &[], &old_sha, &image);
    check_helm(&sha(""), &image, &[], "r.io/team/app:1.0.0", "r.io/team/app:2.0.0");
    check_helm(&sha(""), &image, &["--pin", "digest"], "r.io/team/app:1.0.0", &image);

    // A chart without the key takes both in the tag.
    let plain = "image:\n  repository: r.io/team/app\n  tag: 1.0.0\n";
    check_helm(plain, &image, &["--pin", "digest"], "r.io/team/app:1.0.0", &image);
    let pinned = format!("image:\n  repository: r.io/team/app\n  tag: 1.0.0@{OLD_DIGEST}\n");
    check_helm(&pinned, &image, &[], &format!("r.io/team/app:1.0.0@{OLD_DIGEST}"), &image);
}

#[test]
fn a_tag_alone_would_have_deployed_the_stale_digest() {
    let world = World::new();
    let values = |tag: &str| format!("image: {{repository: r.io/team/app, tag: {tag}, digest: '{OLD_DIGEST}'}}\n");
    world.write("Chart.yaml", CHART);
    world.write("templates/pod.yaml", POD);
    world.write("values.yaml", NEIGHBOUR);
    world.write("old.yaml", values("1.0.0"));
    world.write("tag-alone.yaml", values("2.0.0"));
    // Another tag and the same pods: that is why the edit is refused.
    assert_eq!(helm_template(&world.work(), "old.yaml"), helm_template(&world.work(), "tag-alone.yaml"));

    let run = world.bump(["set", "--image", "r.io/team/app:2.0.0", "--helm", "old.yaml"]).run();
    run.exits(5).says("this place needs a digest");
    assert_eq!(world.read("old.yaml"), values("1.0.0"));
}

#[test]
fn kustomize_renders_every_kind_of_entry() {
    let image = format!("r.io/team/app:1.10@{NEW_DIGEST}");
    let old = "r.io/team/app:1.0.0";
    let new = "r.io/team/app:1.10";
    let pinned = &*image;
    let (old_alone, new_alone) = (&*format!("r.io/team/app@{OLD_DIGEST}"), &*format!("r.io/team/app@{NEW_DIGEST}"));
    let old_pinned = &*format!("r.io/team/app:1.0.0@{OLD_DIGEST}");
    for (images, flags, old, new) in [
        ("images:\n- name: r.io/team/app\n  newTag: 1.0.0\n".to_owned(), vec![], old, new),
        ("images:\n  - name: r.io/team/app\n    newTag: \"1.0.0\" # CI\n".into(), vec![], old, new),
        ("images: [{name: r.io/team/app, newTag: 1.0.0}]\n".into(), vec![], old, new),
        ("images:\r\n- name: r.io/team/app\r\n  newTag: 1.0.0\r\n".into(), vec![], old, new),
        ("images:\n- name: r.io/team/app\n".into(), vec![], old, new),
        (
            "images:\n- name: r.io/team/app\n  newName: r.io/b\n  newTag: x\n".into(),
            vec!["--kustomize", ".:r.io/team/app", "--any-repository"],
            "r.io/b:x",
            "r.io/b:1.10",
        ),
        ("images:\n- name: r.io/team/app\n  newTag: 1.0.0\n".into(), vec!["--pin", "digest"], old, pinned),
        (
            format!("images:\n- name: r.io/team/app\n  newTag: 1.0.0\n  digest: {OLD_DIGEST}\n"),
            vec![],
            old_pinned,
            pinned,
        ),
        // Kustomize leaves out the tag below where an entry has a digest alone.
        (format!("images:\n- name: r.io/team/app\n  digest: {OLD_DIGEST}\n"), vec![], old_alone, new_alone),
        (
            format!("images:\n- name: r.io/team/app\n  digest: {OLD_DIGEST}\n"),
            vec!["--pin", "digest", "--create"],
            old_alone,
            new_alone,
        ),
        (String::new(), vec!["--create"], old, new),
        ("images:\n".into(), vec!["--create"], old, new),
        ("images: []\n".into(), vec!["--create"], old, new),
        ("images:\n- name: redis\n  newTag: \"7.2\"\n".into(), vec!["--create"], old, new),
        ("images: [{name: redis, newTag: \"7.2\"}]\n".into(), vec!["--create"], old, new),
    ] {
        check_kustomize(&images, &image, &flags, old, new);
    }
}

#[test]
fn kustomize_renders_tags_that_look_like_something_else() {
    for tag in ["5846e796", "12345678", "0777", "yes", "null", "2026-11-23"] {
        let new = format!("r.io/team/app:{tag}");
        check_kustomize("images:\n- name: r.io/team/app\n  newTag: v1\n", &new, &[], "r.io/team/app:v1", &new);
    }
}

#[test]
fn helm_reads_every_edited_case_as_before_but_for_the_image() {
    let world = World::new();
    world.write("Chart.yaml", CHART);
    world.write("values.yaml", "");
    world.write("templates/all.yaml", READ_ALL);
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/edit");
    for entry in fs::read_dir(all).expect("the cases are there") {
        let case = entry.expect("the cases can be listed").path();
        let Ok(after) = fs::read(case.join("after.yaml")) else { continue };
        let name = case.file_name().expect("a case has a name").to_string_lossy().into_owned();
        let before = fs::read(case.join("file.yaml")).expect("a case has a file");
        write(&world.work(), &format!("cases/{name}/before"), &before);
        write(&world.work(), &format!("cases/{name}/after"), &after);
    }
    let rendered = helm_template(&world.work(), "values.yaml");
    let rendered: serde_yaml::Value = serde_yaml::from_str(&rendered).expect("helm renders YAML");
    let data: BTreeMap<String, String> =
        serde_yaml::from_value(rendered["data"].clone()).expect("a ConfigMap holds text");

    let mut compared = 0;
    for (path, before) in data.iter().filter(|(path, _)| path.ends_with("/before")) {
        let after = &data[&path.replace("/before", "/after")];
        let read = |text: &str| -> Value { serde_json::from_str(text).expect("toJson writes JSON") };
        let (before, after) = (read(before), read(after));
        // Lists and what go-yaml refuses: `fromYaml` returns no values for them.
        if before.get("Error").is_some() {
            continue;
        }
        compare(path, &before, &after);
        compared += 1;
    }
    assert!(compared > 150, "only {compared} cases could be compared");
}

/// Whatever differs is a text, and was a text, a number or nothing; what was added are the keys of an image.
fn compare(at: &str, before: &Value, after: &Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, after) in after {
                match before.get(key) {
                    Some(before) => compare(&format!("{at}.{key}"), before, after),
                    None => assert!(matches!(&**key, "tag" | "newTag" | "digest" | "newName" | "images"), "{at}.{key}"),
                }
            }
            assert!(before.keys().all(|key| after.contains_key(key)), "{at}: a key is lost");
        }
        (Value::Array(before), Value::Array(after)) => {
            assert!(before.len() <= after.len(), "{at}: an item is lost");
            before.iter().zip(after).for_each(|(before, after)| compare(&format!("{at}[]"), before, after));
        }
        (before, after) if before == after => {}
        (Value::Object(_), _) => panic!("{at}: {before} became {after}"),
        (Value::Null, Value::Array(_) | Value::Object(_)) => {}
        (_, after) => assert!(after.is_string(), "{at}: {before} became {after}"),
    }
}
