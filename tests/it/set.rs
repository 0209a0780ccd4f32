//! `set`: local files, in place, not one byte too many, and no network.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::samples::{NEW_DIGEST, OLD_DIGEST, workloads};
use crate::world::{Run, World};

/// Runs `set --image IMAGE FLAGS` on one file and compares every byte.
#[track_caller]
fn check(file: &str, before: &str, image: &str, flags: &[&str], after: &str) {
    let world = World::new();
    let path = world.write(file, before);
    world.bump(["set", "--image", image].iter().chain(flags)).run().exits(0);
    let written = fs::read(path).expect("the file is still there");
    assert_eq!(String::from_utf8_lossy(&written), after);
    let beside = fs::read_dir(world.work()).expect("the directory is ours").count();
    assert_eq!(beside, 1, "something is left beside the file");
}

#[track_caller]
fn check_helm(before: &str, image: &str, flags: &[&str], after: &str) {
    check("values.yaml", before, image, &[&["--helm", "values.yaml"], flags].concat(), after);
}

#[test]
fn quotes_and_comments_stay() {
    let before = "# top\nimage:\n  repository: reg.example.com/a/app # where\n  tag: 'v1' # which\nother: \"x\"\n";
    check_helm(before, "reg.example.com/a/app:v2", &[], &before.replace("v1", "v2"));
}

#[test]
fn crlf_byte_order_mark_and_missing_final_newline_stay() {
    let before = "\u{feff}image:\r\n  repository: reg.example.com/a/app\r\n\r\n  tag:   v1   # née ☃\r\nlast: 1";
    check_helm(before, "reg.example.com/a/app:v2.0-a_b", &[], &before.replace("v1", "v2.0-a_b"));
}

#[test]
fn an_empty_value_gets_its_tag() {
    let before = "image:\n  repository: reg.example.com/a/app\n  tag:\nnext: 1\n";
    check_helm(before, "reg.example.com/a/app:v2", &[], &before.replace("tag:\n", "tag: v2\n"));
    let before = "image: {repository: reg.example.com/a/app, tag: \"\"}\n";
    check_helm(before, "reg.example.com/a/app:v2", &[], &before.replace("\"\"", "\"v2\""));
}

#[test]
fn a_tag_that_is_not_a_string_to_every_reader_is_quoted() {
    for tag in ["1.10", "12345678", "5846e796", "0x1f", "1_000", "0777", "yes", "on", "null", "2026-11-23"] {
        let before = "image:\n  repository: reg.example.com/a/app\n  tag: v1\n";
        let image = format!("reg.example.com/a/app:{tag}");
        check_helm(before, &image, &[], &before.replace("v1", &format!("\"{tag}\"")));
    }
    let before = "image:\n  repository: reg.example.com/a/app\n  tag: 1.10\n";
    check_helm(before, "reg.example.com/a/app:1.10", &[], &before.replace("1.10", "\"1.10\""));
}

#[test]
fn an_image_in_several_parts_is_found_by_matching() {
    let before = "web:\n  image:\n    registry: reg.example.com\n    repository: a/app\n    tag: v1\n    digest: \"\"\n\
                  cache:\n  image: {registry: docker.io, repository: library/redis, tag: v1}\n";
    let after = before.replacen("tag: v1", "tag: v2", 1);
    check_helm(before, "reg.example.com/a/app:v2", &[], &after);
}

#[test]
fn a_reference_in_one_string_is_rewritten_inside() {
    let before = "image: reg.example.com/a/app:v1\nsidecar: reg.example.com/a/other:v1\nenv:\n  - name: IMAGE\n    \
                  value: \"reg.example.com/a/app:v1\"\n";
    check_helm(before, "reg.example.com/a/app:v2", &[], &before.replace("app:v1", "app:v2"));
}

#[test]
fn docker_hub_short_forms_are_the_same_and_stay_short() {
    let before = "image:\n  repository: nginx\n  tag: \"1.26\"\n";
    check_helm(before, "docker.io/library/nginx:1.27", &[], &before.replace("1.26", "1.27"));
}

#[test]
fn a_path_names_the_node() {
    let before = "a.b:\n  list:\n    - {name: web, tag: v1}\n    - {name: job, tag: v1}\n";
    let after = "a.b:\n  list:\n    - {name: web, tag: v1}\n    - {name: job, tag: v2}\n";
    for path in [r"values.yaml:a\.b.list[1].tag", r"values.yaml:a\.b.list[name=job]", r"values.yaml:a\.b.list.1"] {
        check("values.yaml", before, "reg.example.com/a/app:v2", &["--helm", path], after);
    }
}

#[test]
fn every_document_and_every_workload_is_edited() {
    let (before, after) = (workloads("reg.example.com/a/app:v1"), workloads("reg.example.com/a/app:v2"));
    check("all.yaml", &before, "reg.example.com/a/app:v2", &["--manifest", "all.yaml"], &after);
}

#[test]
fn kustomize_entries_match_by_name_and_by_new_name() {
    let before = "images:\n- name: app\n  newName: reg.example.com/a/app\n  newTag: v1\n- name: redis\n  newTag: v1\n";
    let after = before.replacen("newTag: v1", "newTag: v2", 1);
    for target in [".", "kustomization.yaml", ".:app"] {
        check("kustomization.yaml", before, "reg.example.com/a/app:v2", &["--kustomize", target], &after);
    }
    let before = "images:\n- name: reg.example.com/a/app\n";
    let after = "images:\n- name: reg.example.com/a/app\n  newTag: v2\n";
    check("kustomization.yml", before, "reg.example.com/a/app:v2", &["--kustomize", "."], after);
}

#[test]
fn create_adds_what_is_missing() {
    let before = "resources:\n- app.yaml\n";
    let after = "resources:\n- app.yaml\nimages:\n- name: reg.example.com/a/app\n  newTag: v2\n";
    check("kustomization.yaml", before, "reg.example.com/a/app:v2", &["--kustomize", ".", "--create"], after);
    let before = "image:\n  repository: reg.example.com/a/app\n";
    check_helm(before, "reg.example.com/a/app:v2", &["--create"], &format!("{before}  tag: v2\n"));
}

#[test]
fn pin_digest_writes_the_digest_of_the_reference() {
    let image = format!("reg.example.com/a/app:v2@{NEW_DIGEST}");
    let before = "image:\n  repository: reg.example.com/a/app\n  tag: v1\n";
    check_helm(before, &image, &["--pin", "digest"], &before.replace("v1", &format!("v2@{NEW_DIGEST}")));
    check_helm(before, &image, &[], &before.replace("v1", "v2"));
    let before = format!("image: reg.example.com/a/app@{OLD_DIGEST}\n");
    check_helm(&before, &image, &[], &format!("image: {image}\n"));
}

#[test]
fn a_digest_that_would_go_stale_is_refused() {
    let text = format!("image:\n  repository: reg.example.com/a/app\n  tag: v1\n  digest: {OLD_DIGEST}\n");
    refused(&text, "reg.example.com/a/app:v2", &[], "values.yaml:4").says("digest");
}

#[test]
fn another_repository_is_refused_unless_any_may_be() {
    let text = "image:\n  repository: mirror.example.com/a/app\n  tag: v1\n";
    let target = ["--helm", "values.yaml:image"];
    refused(text, "reg.example.com/a/app:v2", &target, "mirror.example.com/a/app");
    let flags = [target.as_slice(), &["--any-repository"]].concat();
    check("values.yaml", text, "reg.example.com/a/app:v2", &flags, &text.replace("v1", "v2"));
}

#[test]
fn what_is_not_safe_to_edit_is_refused_with_its_line() {
    let image = "reg.example.com/a/app:v2";
    let repository = "image:\n  repository: reg.example.com/a/app\n";
    refused(&format!("{repository}  tag: {{{{ .Values.tag }}}}\n"), image, &[], "values.yaml:3");
    refused(&format!("{repository}  tag: |\n    v1\n"), image, &[], "values.yaml:3");
    refused(&format!("{repository}  tag: v1\n bad: indent\n"), image, &[], "values.yaml:4");
    refused("a: &tag v1\nimage: {tag: *tag}\n", image, &["--helm", "values.yaml:image.tag"], "values.yaml:2");
    refused("image:\n  tagg: v1\n", image, &["--helm", "values.yaml:image.tag"], "tagg");
    refused("image: reg.example.com/b/other:v1\n", image, &[], "reg.example.com/b/other");
}

/// Runs `set` on `values.yaml`; it must end with 5, say the words and write nothing.
#[track_caller]
fn refused(text: &str, image: &str, flags: &[&str], words: &str) -> Run {
    let world = World::new();
    world.write("values.yaml", text);
    let target = if flags.contains(&"--helm") { [].as_slice() } else { &["--helm", "values.yaml"] };
    let run = world.bump(["set", "--image", image].iter().chain(target).chain(flags)).run().exits(5).says(words);
    assert_eq!(world.read("values.yaml"), text);
    run
}

#[test]
fn one_bad_file_and_no_file_is_written() {
    let world = World::new();
    let good = "image:\n  repository: reg.example.com/a/app\n  tag: v1\n";
    world.write("good.yaml", good);
    world.write("bad.yaml", "image: [\n");
    let arguments = ["set", "--image", "reg.example.com/a/app:v2", "--helm", "good.yaml", "--helm", "bad.yaml"];
    world.bump(arguments).run().exits(5).says("bad.yaml");
    assert_eq!(world.read("good.yaml"), good);
}

#[test]
fn a_dry_run_prints_the_diff_and_writes_nothing() {
    let world = World::new();
    let before = "image:\n  repository: reg.example.com/a/app\n  tag: v1\n";
    world.write("values.yaml", before);
    let arguments = ["set", "--image", "reg.example.com/a/app:v2", "--helm", "values.yaml"];
    let diff = ["--- a/values.yaml", "+++ b/values.yaml", "-  tag: v1", "+  tag: v2"];

    let dry = world.bump(arguments.into_iter().chain(["--dry-run"])).run().exits(0);
    assert_eq!(world.read("values.yaml"), before);
    let wet = world.bump(arguments).run().exits(0);
    assert_eq!(world.read("values.yaml"), before.replace("v1", "v2"));

    assert_eq!(wet.stdout, dry.stdout);
    diff.into_iter().fold(wet, |run, line| run.prints_line(line));
}

#[test]
fn nothing_to_do_is_a_success_unless_it_must_not_be() {
    let world = World::new();
    let path = world.write("values.yaml", "image:\n  repository: reg.example.com/a/app\n  tag: v2\n");
    let written = || fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("the file is there");
    let before = written();
    let arguments = ["set", "--image", "reg.example.com/a/app:v2", "--helm", "values.yaml"];
    world.bump(arguments).run().exits(0).prints("");
    world.bump(arguments.into_iter().chain(["--fail-on-unchanged"])).run().exits(10);
    assert_eq!(written(), before, "the file was written");
}

#[test]
fn the_mode_stays_and_a_read_only_file_is_never_replaced() {
    let world = World::new();
    let before = "image:\n  repository: reg.example.com/a/app\n  tag: v1\n";
    let path = world.write("values.yaml", before);
    let chmod = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("the file is ours");
    let arguments = ["set", "--image", "reg.example.com/a/app:v2", "--helm", path.to_str().expect("UTF-8")];

    chmod(0o444);
    world.bump(arguments).run().exits(1).says("values.yaml");
    assert_eq!(world.read("values.yaml"), before);

    chmod(0o640);
    world.bump(arguments).run().exits(0);
    let mode = fs::metadata(&path).expect("the file is there").permissions().mode();
    assert_eq!((mode & 0o777, world.read("values.yaml")), (0o640, before.replace("v1", "v2")));
}

#[test]
fn a_manifest_without_an_object_is_refused() {
    let world = World::new();
    world.write("v.yaml", "image: reg.example.com/a/app:v1\n");
    let run = world.bump(["set", "--image", "reg.example.com/a/app:v2", "--manifest", "v.yaml"]).run();
    run.exits(5).says("v.yaml: it contains no Kubernetes object").says("--helm");
}

#[test]
fn a_document_without_a_kind_beside_objects_is_passed_over_and_said() {
    let world = World::new();
    let before = "kind: Pod\nspec:\n  containers:\n  - image: reg.example.com/a/app:v1\n---\n# nothing\n---\nimage: \
                  reg.example.com/a/app:v1\n";
    world.write("p.yaml", before);
    let run = world.bump(["set", "--image", "reg.example.com/a/app:v2", "--manifest", "p.yaml"]).run();
    run.exits(0).says("skipped: p.yaml:8: this document is not a Kubernetes object");
    assert_eq!(world.read("p.yaml"), before.replacen("v1", "v2", 1));
}

#[test]
fn a_file_without_an_object_is_said_only_where_it_names_an_image() {
    let world = World::new();
    world.write("m/pod.yaml", "kind: Pod\nspec:\n  containers:\n  - image: reg.example.com/a/app:v1\n");
    world.write("m/kustomization.yaml", "resources: [pod.yaml]\n");
    world.write("m/empty.yaml", "# nothing\n");
    world.write("m/values.yaml", "image: {registry: reg.example.com, repository: a/app, tag: v1}\n");
    let run = world.bump(["set", "--image", "reg.example.com/a/app:v2", "--manifest", "m"]).run();
    let run = run.exits(0).says("skipped: m/values.yaml: it contains no Kubernetes object");
    assert_eq!(run.stderr.matches("skipped").count(), 1, "{}", run.stderr);
}

#[test]
fn documents_beside_a_kustomization_are_passed_over_and_said() {
    let world = World::new();
    let before = "kind: GitRepository\n---\nimages:\n- name: reg.example.com/a/app\n  newTag: v1\n";
    world.write("k.yaml", before);
    let run = world.bump(["set", "--image", "reg.example.com/a/app:v2", "--kustomize", "k.yaml"]).run();
    run.exits(0).says("skipped: k.yaml:1: this is not a kustomization: its kind is \"GitRepository\"");
    assert_eq!(world.read("k.yaml"), before.replace("v1", "v2"));
}

#[test]
fn a_remedy_names_only_what_helps() {
    let image = "reg.example.com/a/app:v2";
    let tagged = "image:\n  repository: reg.example.com/a/app\n  tag: v1\n";
    let path = ["--helm", "values.yaml:image.repository", "--create"];
    refused(tagged, image, &path, "Use the path of the mapping, or of the tag in it");
    let path = ["--helm", "values.yaml:image.repository"];
    let bare = "image:\n  repository: reg.example.com/a/app\n";
    refused(bare, image, &path, "Use the path of the mapping, and add the tag to it with --create");
    refused(tagged, image, &["--helm", "values.yaml:imag.tag", "--create"], "Correct the path.\n");
    refused(bare, image, &["--helm", "values.yaml:image.tag"], "or add the tag with --create");
    let several = ["--image", "reg.example.com/a/web:v2", "--helm", "values.yaml:image", "--any-repository"];
    refused(&tagged.replace("a/app", "a/db"), image, &several, "the run has several images");
    let run = refused("image: nginx\n", "nginx:v2", &["--helm", "values.yaml", "--create"], "it has no version");
    assert!(!run.stderr.contains("--create"), "{run}");
}

#[test]
fn a_lone_tag_gets_no_digest_and_that_is_said() {
    let world = World::new();
    world.write("v.yaml", "a: v1\n");
    let image = format!("reg.example.com/a/app:v2@{NEW_DIGEST}");
    let run = world.bump(["set", "--image", &image, "--helm", "v.yaml:a", "--pin", "digest"]).run();
    run.exits(0).says("v.yaml:1: only the tag is written, because");
    assert_eq!(world.read("v.yaml"), "a: v2\n");
}

#[test]
fn a_missing_file_is_told_with_its_neighbours() {
    let world = World::new();
    world.write("values.yaml", "a: 1\n");
    let run = world.bump(["set", "--image", "reg.example.com/a/app:v2", "--helm", "value.yaml"]).run();
    run.exits(5)
        .says("value.yaml: this file does not exist")
        .says("Check the path: this directory contains values.yaml");
}

#[test]
fn entries_that_are_added_for_several_images_all_have_an_effect() {
    let world = World::new();
    let images = "      - {name: a, image: \"r.io/t/a:1\"}\n      - {name: b, image: \"r.io/t/b:1\"}\n";
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n";
    world.write("deployment.yaml", format!("{deployment}{images}"));
    world.write("kustomization.yaml", "resources: [deployment.yaml]\n");
    let images = ["--image", "r.io/t/a:2", "--image", "r.io/t/b:2"];
    let run = world.bump(["set", "--kustomize", ".", "--create"].iter().chain(&images)).run().exits(0);
    assert!(!run.stderr.contains("no effect"), "{run}");
    let entries = "images:\n- name: r.io/t/a\n  newTag: \"2\"\n- name: r.io/t/b\n  newTag: \"2\"\n";
    assert!(world.read("kustomization.yaml").ends_with(entries), "{}", world.read("kustomization.yaml"));
}
