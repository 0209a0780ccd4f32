//! What an edit passes over is said: objects and annotations that describe versions, and what SOPS has encrypted.

use crate::world::World;

const SCAN: &str = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {name: app}\nspec:\n  image: r.io/team/app\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:\n  containers: [{name: app, image: 'r.io/team/app:1.4.1'}]\n";
const WHY: &str = "ImageRepository of image.toolkit.fluxcd.io says which versions to look for";

#[test]
fn a_directory_with_a_version_to_look_for_is_edited_and_that_is_said() {
    let world = World::new();
    world.write("m/scan.yaml", SCAN);
    world.write("m/pod.yaml", POD);
    for flags in [&["--manifest", "m"][..], &["--manifest", "m", "--create"]] {
        let run = world.bump(["set", "--image", "r.io/team/app:1.4.2"].iter().chain(flags)).run();
        run.exits(0).says(&format!("skipped: m/scan.yaml:1: {WHY}"));
    }
    assert_eq!(world.read("m/scan.yaml"), SCAN);
    assert_eq!(world.read("m/pod.yaml"), POD.replace("1.4.1", "1.4.2"));
}

#[test]
fn a_run_in_which_nothing_else_names_the_image_says_what_was_passed_over() {
    let world = World::new();
    world.write("scan.yaml", SCAN);
    world.write("other.yaml", POD.replace("team/app", "team/other"));
    let run = world.bump(["set", "--image", "r.io/team/app:1.4.2", "--manifest", "scan.yaml", "--create"]).run();
    run.exits(5).says("no place can be written for r.io/team/app").says(&format!("skipped: scan.yaml:1: {WHY}"));
    // Another image of the run is there.
    let both = format!("{SCAN}---\n{}", POD.replace("team/app", "team/other"));
    world.write("both.yaml", &both);
    let images = ["--image", "r.io/team/app:1.4.2", "--image", "r.io/team/other:1.4.2"];
    let run = world.bump(["set", "--manifest", "both.yaml"].iter().chain(&images)).run();
    run.exits(5).says("r.io/team/app: no file of this run has a place that can be written").says(WHY);
    assert_eq!(world.read("both.yaml"), both);
}

#[test]
fn an_encrypted_repository_is_called_one() {
    let world = World::new();
    let values = "image:\n    repository: ENC[AES256_GCM,data:FNgk,iv:476y,tag:mcY5,type:str]\n    tag: ENC[AES256_GCM,data:81V6,iv:Rfg6,tag:UKPJ,type:str]\n\
                  sops:\n    mac: ENC[AES256_GCM,data:wXat,iv:qKCI,tag:0hNK,type:str]\n";
    world.write("values.yaml", values);
    let image = ["set", "--image", "r.io/team/app:1.4.2"];
    let matching = world.bump(image.iter().chain(&["--helm", "values.yaml"])).run();
    matching.exits(5).says("values.yaml:2: the repository of the image is encrypted (ENC[…])");
    let by_path = world.bump(image.iter().chain(&["--helm", "values.yaml:image.tag"])).run();
    let by_path = by_path.exits(5).says("the value is encrypted by SOPS").says("sops set");
    assert!(!by_path.stderr.contains("any-repository"), "{by_path}");
    assert_eq!(world.read("values.yaml"), values);
}

#[test]
fn what_sops_has_signed_is_refused_only_where_it_would_change() {
    let world = World::new();
    let sops = "sops:\n    mac: ENC[AES256_GCM,data:wXat,iv:qKCI,tag:0hNK,type:str]\n";
    let values = format!("image:\n    repository: r.io/team/app\n    tag: 1.4.1\n{sops}");
    world.write("values.yaml", &values);
    let run = world.bump(["set", "--image", "r.io/team/app:1.4.2", "--helm", "values.yaml"]).run();
    run.exits(5).says("values.yaml:3").says("sops.mac on line 5").says("--mac-only-encrypted");
    world.bump(["set", "--image", "r.io/team/app:1.4.1", "--helm", "values.yaml"]).run().exits(0);
    assert_eq!(world.read("values.yaml"), values);
    let open = values.replace("sops:\n", "sops:\n    encrypted_regex: ^password$\n    mac_only_encrypted: true\n");
    world.write("values.yaml", &open);
    world.bump(["set", "--image", "r.io/team/app:1.4.2", "--helm", "values.yaml"]).run().exits(0);
    assert_eq!(world.read("values.yaml"), open.replace("1.4.1", "1.4.2"));
}
