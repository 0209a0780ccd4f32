//! `init`: what it proposes for the layouts that are out there is valid, runs, and writes where it should.

mod layouts;

use crate::samples::{deployment, kustomization, values};
use crate::world::{Bump, Repository, World};

/// Files, and the lines that a run adds.
type Layout<'l> = (&'l [(&'l str, &'l str)], &'l [&'l str]);

/// A world with an image, of which version 2.0.0 is in the registry.
struct Shop {
    world: World,
    infra: Repository,
}

impl Shop {
    /// `REPOSITORY` in the files stands for the image's repository.
    fn new(files: &[(&str, &str)]) -> Self {
        let world = World::new();
        world.push("app", "1.0.0");
        world.push("app", "2.0.0");
        let (corner, name) = (world.repository(""), world.repository("app"));
        let host = world.servers().registry.clone();
        let path = corner.trim_start_matches(&host).trim_matches('/').to_owned();
        let files = files.iter().map(|(file, text)| {
            (*file, text.replace("REPOSITORY", &name).replace("HOST", &host).replace("PATH", &format!("{path}/app")))
        });
        let files: Vec<(&str, String)> = files.collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (*file, text.as_str())).collect();
        let infra = world.infra("infra", &files);
        Self { world, infra }
    }

    fn bump(&self, arguments: &[&str]) -> Bump {
        let prefix = self.world.repository("");
        let bump = self.world.bump(arguments).env("IMAGE_REPOSITORY", prefix.trim_end_matches('/'));
        bump.env("CI_COMMIT_SHORT_SHA", "2.0.0").env("CI_ENVIRONMENT_NAME", "prod")
    }

    /// Takes the proposal as the config file, has it validated and run dry; returns it and the diff.
    #[track_caller]
    fn proposed(&self, arguments: &[&str]) -> (String, String) {
        let url = self.infra.url();
        let arguments: Vec<&str> = ["init", "--repo", &url].iter().chain(arguments).copied().collect();
        let text = self.bump(&arguments).run().exits(0).stdout;
        self.world.write(".gitops-bump.yml", &text);
        self.bump(&["config", "validate"]).run().exits(0);
        let diff = self.bump(&["update", "--dry-run"]).run().exits(0).stdout;
        assert_eq!(self.infra.commits("main"), 1);
        (text, diff)
    }

    /// The lines that the proposal's run would add.
    #[track_caller]
    fn adds(&self) -> Vec<String> {
        let (_, diff) = self.proposed(&[]);
        let added = diff.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++"));
        added.map(|line| line.trim_start_matches('+').trim().to_owned()).collect()
    }
}

#[test]
fn the_layouts_of_infra_repositories_are_proposed_and_run() {
    let split = "image: {registry: HOST, repository: PATH}\n";
    let lone = "image:\n  tag: 1.0.0\n";
    let both = "client:\n  image: {repository: REPOSITORY, tag: 1.0.0}\nserver:\n  image: {repository: REPOSITORY, tag: 1.0.0}\n";
    let blank = "image:\n  repository: REPOSITORY\n  tag: \"\"\n";
    let overlay = kustomization("REPOSITORY", "1.0.0").replace("deployment.yaml", "../../base");
    let layouts: [Layout<'_>; 6] = [
        (&[("values.yaml", &values("REPOSITORY", "1.0.0"))], &["tag: \"2.0.0\"   # written by the pipeline"]),
        (
            &[("values.yaml", both)],
            &["image: {repository: REPOSITORY, tag: 2.0.0}", "image: {repository: REPOSITORY, tag: 2.0.0}"],
        ),
        (&[("values.yaml", split), ("values-dev.yaml", lone), ("values-prod.yaml", lone)], &["tag: 2.0.0"]),
        (&[("Chart.yaml", "appVersion: 1.0.0\n"), ("values.yaml", blank)], &["tag: \"2.0.0\""]),
        (&[("app.yaml", &deployment("REPOSITORY:1.0.0"))], &["image: REPOSITORY:2.0.0"]),
        (
            &[
                ("base/app.yaml", &deployment("REPOSITORY:1.0.0")),
                ("base/kustomization.yaml", "resources: [app.yaml]\n"),
                ("overlays/dev/kustomization.yaml", &overlay),
                ("overlays/prod/kustomization.yaml", &overlay),
            ],
            &["newTag: \"2.0.0\""],
        ),
    ];
    for (files, lines) in layouts {
        let shop = Shop::new(files);
        let name = shop.world.repository("app");
        let lines: Vec<String> = lines.iter().map(|line| line.replace("REPOSITORY", &name)).collect();
        assert_eq!(shop.adds(), lines, "{files:?}");
    }
}

#[test]
fn a_kustomization_without_images_gets_an_entry() {
    let shop = Shop::new(&[("kustomization.yaml", "resources:\n- https://example.com/base\n")]);
    let image = shop.world.repository("app");
    let (text, diff) = shop.proposed(&["--image", &image]);
    assert!(text.contains("\n        create: true\n"), "{text}");
    assert!(diff.contains(&format!("+- name: {image}\n+  newTag: 2.0.0\n")), "{diff}");
}

#[test]
fn environments_are_one_target_and_the_reference_has_the_variables() {
    let text = values("REPOSITORY", "1.0.0");
    let shop = Shop::new(&[("values-dev.yaml", &text), ("values-prod.yaml", &text), ("README.md", "read me\n")]);
    let (text, diff) = shop.proposed(&[]);
    assert!(text.contains("\n  app: ${IMAGE_REPOSITORY}/app:${CI_COMMIT_SHORT_SHA}\n"), "{text}");
    assert!(text.contains("\n      - file: values-<env>.yaml\n"), "{text}");
    assert!(text.contains("# - 1 file of another kind than YAML\n"), "{text}");
    assert!(diff.contains("+++ b/values-prod.yaml") && !diff.contains("values-dev"), "{diff}");
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let shop = Shop::new(&[("values.yaml", &values("REPOSITORY", "1.0.0"))]);
    let url = shop.infra.url();
    let arguments = ["init", "--repo", &url, "--output", "new.yml"];
    shop.bump(&arguments).run().exits(0).prints("").says("proposed: 1 images, 1 targets");
    let written = shop.world.read("new.yml");
    assert!(written.contains("- file: values.yaml"), "{written}");
    shop.bump(&arguments).run().exits(3).says("new.yml already exists").says("never overwritten");
    assert_eq!(shop.world.read("new.yml"), written);
}

#[test]
fn a_local_repository_and_another_branch_are_read() {
    let shop = Shop::new(&[("README.md", "read me\n")]);
    shop.infra.commit("next", "next", &[("values.yaml", values("r.example.com/a/app", "1"))]);
    let directory = shop.infra.directory().display().to_string();
    shop.bump(&["init", "--repo", &directory]).run().exits(5).says("no place can be proposed for any image");
    let run = shop.bump(&["init", "--repo", &directory, "--branch", "next"]).run().exits(0);
    assert!(run.stdout.contains("    branch: next\n"), "{run}");
    assert!(run.stdout.contains("  app: r.example.com/a/app:${CI_COMMIT_SHORT_SHA}\n"), "{run}");
}

#[test]
fn what_cannot_be_read_is_said_in_two_lines() {
    let shop = Shop::new(&[("values.yaml", "a: 1\n")]);
    let url = shop.infra.url();
    shop.bump(&["init"]).run().exits(2).says("no repository is given: --repo URL");
    shop.bump(&["init", "--repo", &url, "--image", "A/B"]).run().exits(3).says("must be lower case");
    shop.bump(&["init", "--repo", &url, "--branch", "gone"]).run().exits(5).says("the branch \"gone\" does not exist");
    shop.bump(&["init", "--repo", &url]).without_env("GITOPS_BUMP_GIT_TOKEN").run().exits(8).says("credentials");
    shop.bump(&["init", "--repo", &url]).run().exits(5).says("No YAML file names the image");
}
