//! The commit: on which branch, with what message, by whom, and with what in its tree.

use crate::samples::{app_infra, values};
use crate::world::{Repository, World, ssh_key};

#[test]
fn the_default_branch_is_the_remotes() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let infra = world.empty_infra("infra");
    infra.commit("trunk", "first", &[("values.yaml", values(&world.repository("team/app"), "1"))]);
    infra.commit("main", "first", &[("values.yaml", values(&world.repository("team/app"), "1"))]);
    infra.set_default_branch("trunk");

    world.bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", "values.yaml"]).run().exits(0);

    assert_eq!((infra.commits("trunk"), infra.commits("main")), (2, 1));
}

#[test]
fn branch_names_the_branch_to_update() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let infra = app_infra(&world, "1");
    infra.set_ref("refs/heads/env/prod", &infra.tip("main"));

    world
        .bump(["update", "--image", &image, "--repo", &infra.url(), "--branch", "env/prod", "--helm", "values.yaml"])
        .run()
        .exits(0);

    assert_eq!((infra.commits("env/prod"), infra.commits("main")), (2, 1));
    assert!(infra.file("env/prod", "values.yaml").contains("tag: \"2\""));
}

#[test]
fn the_default_message_tells_the_change_and_carries_trailers() {
    let world = World::new();
    let infra = bumped_in_a_pipeline(&world, &[]);
    let digest = world.servers().digest(&format!("{}:1.4.2", world.repository("team/app")));

    let message = infra.log("main", "%B");
    for words in ["team/app", "1.4.1", "1.4.2", "values.yaml", digest.as_str()] {
        assert!(message.contains(words), "the message does not name {words}:\n{message}");
    }
    let trailers = infra.log("main", "%(trailers:only)");
    for key in ["Image: ", "Source-Commit: ", "Pipeline: "] {
        assert!(trailers.lines().any(|line| line.starts_with(key)), "no trailer {key}:\n{message}");
    }
    assert!(trailers.contains("6a1f8d2c9b3e4f5061728394a5b6c7d8e9f01234"), "{message}");
    assert!(trailers.contains("https://gitlab.example.com/shop/api/-/pipelines/42"), "{message}");
    assert_eq!(infra.log("main", "%an <%ae>"), "Ada Lovelace <ada@example.com>");
}

#[test]
fn message_author_and_committer_can_be_chosen() {
    let world = World::new();
    let flags = ["--message", "chore: deploy {{ images[0].tag }}", "--author", "A B <a@example.com>"];
    let committer = ["--committer", "C D <c@example.com>"];
    let infra = bumped_in_a_pipeline(&world, &[flags.as_slice(), &committer].concat());

    assert_eq!(infra.log("main", "%s"), "chore: deploy 1.4.2");
    assert_eq!(infra.log("main", "%an <%ae> %cn <%ce>"), "A B <a@example.com> C D <c@example.com>");
}

fn bumped_in_a_pipeline(world: &World, flags: &[&str]) -> Repository {
    let image = world.push("team/app", "1.4.2");
    let infra = app_infra(world, "1.4.1");
    let url = infra.url();
    let arguments = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"];
    world
        .bump(arguments.iter().chain(flags))
        .env("GITLAB_CI", "true")
        .env("CI_COMMIT_SHA", "6a1f8d2c9b3e4f5061728394a5b6c7d8e9f01234")
        .env("CI_PIPELINE_URL", "https://gitlab.example.com/shop/api/-/pipelines/42")
        .env("CI_PROJECT_URL", "https://gitlab.example.com/shop/api")
        .env("GITLAB_USER_NAME", "Ada Lovelace")
        .env("GITLAB_USER_EMAIL", "ada@example.com")
        .run()
        .exits(0);
    infra
}

#[test]
fn nothing_but_the_file_changes_in_the_tree() {
    let world = World::new();
    let (image, repository) = (world.push("team/app", "2"), world.repository("team/app"));
    let infra = world.infra("infra", &[("a/b/values.yaml", values(&repository, "1").as_str()), ("a/c.yaml", "c: 1\n")]);
    infra.commit_mode("main", "100755", "a/b/run.yaml", &values(&repository, "1"));
    infra.commit_mode("main", "120000", "a/link", "c.yaml");
    let before = infra.entries("main");

    let arguments = ["update", "--image", &image, "--repo", &infra.url(), "--helm", "a/b/run.yaml"];
    world.bump(arguments).run().exits(0);

    assert_eq!(infra.entries("main"), before);
    assert_eq!(infra.file("main", "a/b/run.yaml"), values(&repository, "2"));
    assert_eq!(infra.file("main", "a/b/values.yaml"), values(&repository, "1"));
    infra.assert_sound();
}

#[test]
fn odd_names_are_names() {
    let world = World::new();
    let (image, repository) = (world.push("team/app", "2"), world.repository("team/app"));
    let infra = world.infra("infra", &[("plain.yaml", "a: 1\n")]);
    let path = "odd dir/é \"x\"\n'y' \u{1f680}.yaml";
    let quoted = "\"odd dir/é \\\"x\\\"\\n'y' \u{1f680}.yaml\"";
    infra.commit_mode("main", "100755", quoted, &values(&repository, "1"));
    let before = infra.entries("main");

    world.bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", path]).run().exits(0);

    assert_eq!(infra.file("main", path), values(&repository, "2"));
    assert_eq!(infra.entries("main"), before);
    infra.assert_sound();
}

#[test]
fn a_repository_of_the_other_object_format_is_exit_8() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let directory = world.work().join("new.git");
    let mut init = std::process::Command::new("git");
    init.args(["init", "--quiet", "--bare", "--object-format=sha256"]).arg(&directory);
    crate::world::output_of(&mut init);
    let url = directory.display().to_string();
    let run = world.bump(["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"]).run();
    run.exits(8).says("object format is sha256");
}

#[test]
fn git_finds_the_trailers_of_every_template() {
    let trailers = "{{ trailers }}";
    for template in [
        format!("Deploy\n\n{trailers}\n\nSee the handbook."),
        format!("Deploy\n\n{trailers}\n\n---\nsent by a robot"),
        format!("{trailers}\n\nDeploy"),
        trailers.to_owned(),
        format!("Deploy {trailers}"),
        // A commit message of the application, with what such messages hold.
        format!("Fix: it\r\n\r\nBody\r\n\r\nSigned-off-by: Dev <d@example.com>\r\nChange-Id: I1\r\n\r\n{trailers}"),
        format!("Fix it\n\nImage: evil.example/app:1\n evil\nReviewed-by: R <r@example.com>\n\n{trailers}"),
        format!("Fix it\n\n> Image: quoted/app:1\n> Pipeline: x\n\n---\n\na patch\n--- a/x\n+++ b/x\n\n{trailers}"),
        format!("Fix it\u{2028}Image: evil:1\n\n# a comment\n\n{trailers}\n\n# another"),
    ] {
        for flags in [&[][..], &["--sign-off"]] {
            let world = World::new();
            let flags = [&["--message", template.as_str()], flags].concat();
            let infra = bumped_in_a_pipeline(&world, &flags);
            if template.starts_with("Deploy {{") {
                continue;
            }
            infra.assert_trailers();
            let found = infra.log("main", "%(trailers:only)");
            let keys: Vec<&str> = found.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
            for key in ["Image", "Source-Commit", "Pipeline"] {
                assert_eq!(
                    keys.iter().filter(|found| **found == key).count(),
                    1,
                    "{key} in {}",
                    infra.log("main", "%B")
                );
            }
            let kept = ["Change-Id", "Reviewed-by"].iter().filter(|key| template.contains(**key)).count();
            assert_eq!(keys.iter().filter(|key| matches!(**key, "Change-Id" | "Reviewed-by")).count(), kept, "{found}");
            let signed = keys.iter().filter(|key| **key == "Signed-off-by").count();
            assert_eq!(signed, flags.len() - 2 + template.matches("Signed-off-by").count(), "{found}");
        }
    }
}

#[test]
fn a_push_without_a_pipeline_keeps_its_trailers_and_status_finds_it() {
    let world = World::new();
    let bare = world.work().join("plain.git");
    app_infra(&world, "1").check_out("main", &world.work().join("clone"));
    std::fs::rename(world.work().join("clone/.git"), &bare).expect("the clone is there");
    let (infra, url) = (Repository::at(&bare), bare.display().to_string());
    infra.make_bare();
    ssh_key(&["-t", "ed25519"], &world.work().join("key"));
    for (tag, flags) in [("2", &[][..]), ("3", &["--sign-off"]), ("4", &["--sign-off", "--signing-key", "key"])] {
        let image = world.push("team/app", tag);
        let fixed = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml", "--skip-ci"];
        let update =
            world.bump(fixed.iter().chain(flags)).env("CI_PIPELINE_URL", "https://gitlab.example.com/-/pipelines/42");
        update.run().exits(0);
        let message = infra.log("main", "%B");
        assert!(message.contains("\n\n[skip ci]\n\nImage: "), "{message}");
        assert_eq!(message.contains("Signed-off-by: "), flags.contains(&"--sign-off"), "{message}");
        infra.assert_trailers();
        let status = world.bump(["status", "--format", "json", "--repo", &url, "--helm", "values.yaml"]).run().exits(0);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
        let bump = &status["environments"][0]["places"][0]["last_bump"];
        assert_eq!(bump["commit"], infra.tip("main"), "{status}");
        assert_eq!(bump["pipeline"], "https://gitlab.example.com/-/pipelines/42");
    }
}
