//! `preview`: a directory is copied with other images and values, and the copy goes again. All else stays as it is.

use crate::samples::{deployment, kustomization, values};
use crate::world::{Bump, Repository, World, helm_template, kubectl_kustomize};

/// Two layouts in one repository: a kustomization on a base outside of it, and a chart.
struct Scene {
    world: World,
    infra: Repository,
}

/// What every run is told.
const CONFIG: &str = "preview:
  template: apps/shop
  to: previews/<name>
  replace:
    kustomization.yaml:namespace: shop-<name>
    deep/settings.yaml:host: <name>.example.com
    deep/settings.yaml:replicas: 1
";

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let app = world.repository("team/app");
        let own = kustomization(&app, "1.0")
            .replace("resources:\n", "namespace: shop # theirs\nresources:\n  - ../../base\n");
        let mut files = vec![
            ("base/kustomization.yaml".to_owned(), "resources: [service.yaml]\n".to_owned()),
            ("base/service.yaml".to_owned(), "apiVersion: v1\nkind: Service\nmetadata: {name: app}\n".to_owned()),
            ("apps/shop/kustomization.yaml".to_owned(), own),
            ("apps/shop/deployment.yaml".to_owned(), deployment(&format!("{app}:0.9"))),
            ("apps/shop/deep/settings.yaml".to_owned(), "# kept\nhost: 'shop.example.com'\nreplicas: 3\n".to_owned()),
            ("README.md".to_owned(), "read me\n".to_owned()),
        ];
        files.extend((0..35).map(|n| (format!("apps/shop/deep/{}/{n}.txt", n % 3), format!("text {n}\n").repeat(500))));
        let infra = world.empty_infra("infra");
        infra.commit("main", "first commit", &files);
        infra.commit_mode("main", "100755", "apps/shop/deep/run.sh", "#!/bin/sh\n");
        infra.commit_mode("main", "120000", "apps/shop/link", "deployment.yaml");
        infra.configure("receive.fsckObjects", "true");
        world.write(".gitops-bump.yml", CONFIG);
        Self { world, infra }
    }

    fn image(&self, tag: &str) -> String {
        self.world.push("team/app", tag)
    }

    fn create(&self, image: &str) -> Bump {
        self.preview(&["create", "--image", image])
    }

    fn delete(&self) -> Bump {
        self.preview(&["delete"])
    }

    fn preview(&self, arguments: &[&str]) -> Bump {
        let url = self.infra.url();
        let all = ["preview"].iter().chain(arguments).copied().chain(["--repo", &url]);
        self.world.bump(all.collect::<Vec<_>>()).env("CI_COMMIT_REF_SLUG", "feature-x")
    }

    fn names_below(&self, directory: &str) -> Vec<String> {
        let entries = self.infra.entries("main");
        let below = entries.lines().filter_map(|line| {
            let (mode, path) = line.split_once(' ')?;
            Some(format!("{mode} {}", path.strip_prefix(directory)?))
        });
        below.collect()
    }
}

#[test]
fn a_copy_has_the_image_and_the_values_and_the_template_stays() {
    let scene = Scene::new();
    let (image, before) = (scene.image("2.0"), scene.infra.entries("main"));

    scene.create(&image).run().exits(0).says("previews/feature-x is a copy of apps/shop").says("pushed");

    assert_eq!(scene.infra.commits("main"), 4);
    let app = scene.world.repository("team/app");
    let template = scene.infra.file("main", "apps/shop/kustomization.yaml");
    assert_eq!(
        scene.infra.file("main", "previews/feature-x/kustomization.yaml"),
        template.replace("\"1.0\"", "\"2.0\"").replace("namespace: shop #", "namespace: shop-feature-x #")
    );
    assert_eq!(
        scene.infra.file("main", "previews/feature-x/deep/settings.yaml"),
        "# kept\nhost: 'feature-x.example.com'\nreplicas: 1\n"
    );
    assert_eq!(scene.infra.file("main", "previews/feature-x/deployment.yaml"), deployment(&image));
    let (mut copied, own) = (scene.names_below("previews/feature-x/"), scene.names_below("apps/shop/"));
    copied.retain(|entry| entry != "100644 .gitops-bump-preview");
    assert_eq!((copied.len(), &copied), (40, &own));
    let entries = scene.infra.entries("main");
    let others: Vec<&str> = entries.lines().filter(|line| !line.contains("previews/")).collect();
    assert_eq!(others, before.lines().collect::<Vec<_>>());
    let message = scene.infra.log("main", "%B");
    assert!(
        message.starts_with("Preview app to 2.0 as feature-x\n\npreviews/feature-x is a copy of apps/shop\n"),
        "{message}"
    );
    assert!(
        message.contains(&format!("\nImage: {image}@sha256:")) && message.contains("\nPreview: feature-x"),
        "{message}"
    );
    scene.infra.assert_sound();

    let clone = scene.world.scratch().join("clone");
    scene.infra.check_out("main", &clone);
    let rendered = kubectl_kustomize(&clone.join("previews/feature-x"));
    assert!(rendered.contains(&format!("image: {image}\n")) && !rendered.contains(":0.9"), "{rendered}");
    assert_eq!(rendered.matches("namespace: shop-feature-x\n").count(), 2, "{rendered}");
    assert!(kubectl_kustomize(&clone.join("apps/shop")).contains(&format!("image: {app}:1.0\n")));
}

#[test]
fn both_commands_twice_are_one_commit_each() {
    let scene = Scene::new();
    let (image, before) = (scene.image("2.0"), scene.infra.entries("main"));

    scene.create(&image).run().exits(0);
    scene.create(&image).run().exits(0).says("nothing to do: previews/feature-x is already up to date");
    scene.preview(&["create", "--image", &image, "--fail-on-unchanged"]).run().exits(10);
    assert_eq!(scene.infra.commits("main"), 4);

    scene.delete().run().exits(0).says("previews/feature-x is removed");
    assert_eq!(scene.infra.entries("main"), before);
    assert_eq!(scene.infra.log("main", "%s"), "Remove the preview feature-x");
    scene.delete().run().exits(0).says("nothing to do: previews/feature-x does not exist");
    assert_eq!(scene.infra.commits("main"), 5);
    scene.infra.assert_sound();
}

#[test]
fn a_second_run_brings_a_newer_image_and_a_changed_template() {
    let scene = Scene::new();
    scene.create(&scene.image("2.0")).run().exits(0);
    scene.infra.commit("main", "by hand", &[("previews/feature-x/stray.yaml", "a: 1\n")]);
    scene.infra.commit("main", "template", &[("apps/shop/deep/new.txt", "new\n"), ("base/other.txt", "x\n")]);

    let image = scene.image("3.0");
    scene.create(&image).run().exits(0);

    assert_eq!(scene.infra.commits("main"), 7);
    let names = scene.names_below("previews/feature-x/");
    assert!(names.contains(&"100644 deep/new.txt".to_owned()) && !names.contains(&"100644 stray.yaml".to_owned()));
    assert!(scene.infra.file("main", "previews/feature-x/kustomization.yaml").contains("newTag: \"3.0\""));
    // The template with the very image of the copy: nothing changes in it.
    let template = scene.infra.file("main", "apps/shop/kustomization.yaml").replace("\"1.0\"", "\"3.0\"");
    scene.infra.commit("main", "bump", &[("apps/shop/kustomization.yaml", template)]);
    scene.create(&image).run().exits(0);
    assert_eq!(scene.infra.commits("main"), 8);
}

#[test]
fn a_chart_is_copied_and_renders_the_image() {
    let scene = Scene::new();
    let app = scene.world.repository("team/app");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:\n  containers:\n    - name: app\n      \
               image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\n";
    let chart = [
        ("charts/app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 0.1.0\n"),
        ("charts/app/templates/pod.yaml", pod),
        ("charts/app/values.yaml", &values(&app, "1.0")),
    ];
    scene.infra.commit("main", "a chart", &chart);
    scene.world.write("none.yml", "{}");
    let image = scene.image("1.10");

    let arguments =
        ["--template", "charts/app", "--to", "previews/app-<name>", "--config", "none.yml", "--pin", "digest"];
    scene.preview(&[&["create", "--image", &image], &arguments[..]].concat()).run().exits(0);

    let clone = scene.world.scratch().join("clone");
    scene.infra.check_out("main", &clone);
    let rendered = helm_template(&clone.join("previews/app-feature-x"), "values.yaml");
    assert!(rendered.contains(&format!("image: \"{image}@sha256:")), "{rendered}");
    assert_eq!(scene.infra.file("main", "charts/app/values.yaml"), values(&app, "1.0"));
}

#[test]
fn a_missing_entry_is_added_on_demand_to_the_copys_own_kustomization() {
    let scene = Scene::new();
    let image = scene.image("2.0");
    let files = [
        ("base/deployment.yaml", deployment(&format!("{}:0.9", scene.world.repository("team/app")))),
        ("base/kustomization.yaml", "resources: [deployment.yaml]\n".to_owned()),
        ("apps/shop/kustomization.yaml", "namespace: shop\nresources: [../../base]\n".to_owned()),
        ("apps/shop/deployment.yaml", "a: 1\n".to_owned()),
    ];
    scene.infra.commit("main", "only a base", &files);

    scene.create(&image).run().exits(5).says("no file of this run names it");
    scene.preview(&["create", "--image", &image, "--create"]).run().exits(0);

    let clone = scene.world.scratch().join("clone");
    scene.infra.check_out("main", &clone);
    let rendered = kubectl_kustomize(&clone.join("previews/feature-x"));
    assert!(rendered.contains(&format!("image: {image}\n")), "{rendered}");
}

#[test]
fn a_directory_that_no_preview_made_is_neither_replaced_nor_removed() {
    let scene = Scene::new();
    let image = scene.image("2.0");
    scene.infra.commit("main", "by hand", &[("previews/feature-x/values.yaml", "a: 1\n")]);
    scene.infra.commit("main", "by hand", &[("previews/file", "a: 1\n")]);
    scene.infra.commit_mode("main", "120000", "previews/link", "feature-x");
    let before = scene.infra.tip("main");

    scene.create(&image).run().exits(5).says(".gitops-bump-preview");
    scene.delete().run().exits(5).says(".gitops-bump-preview");
    scene.preview(&["delete", "--to", "apps/<name>", "--name", "shop"]).run().exits(5).says("apps/shop");
    for name in ["file", "link"] {
        scene.preview(&["create", "--image", &image, "--name", name]).run().exits(5);
        scene.preview(&["delete", "--name", name]).run().exits(5);
    }
    assert_eq!(scene.infra.tip("main"), before);

    // Another project's preview of the same name, and a preview that somebody moved.
    scene.preview(&["create", "--image", &image, "--name", "other"]).run().exits(0);
    let other = ["create", "--image", &image, "--name", "other", "--template", "apps/shop/deep"];
    scene.preview(&other).run().exits(5);
    let marker = scene.infra.file("main", "previews/other/.gitops-bump-preview");
    scene.infra.commit("main", "moved", &[("apps/shop/.gitops-bump-preview", marker)]);
    scene
        .preview(&["delete", "--to", "apps/<name>", "--name", "shop"])
        .run()
        .exits(5)
        .says("it is the preview \"other\"");
}

#[test]
fn what_can_not_be_copied_is_refused_with_its_reason() {
    let scene = Scene::new();
    let image = scene.image("2.0");
    let before = scene.infra.tip("main");
    let create = |more: &[&str]| scene.preview(&[&["create", "--image", &image], more].concat()).run();

    create(&["--template", "apps/none"]).exits(5).says("apps/none");
    create(&["--template", "README.md"]).exits(5).says("README.md");
    create(&["--to", "<name>"]).exits(5).says("../../base (feature-x/kustomization.yaml:");
    create(&["--to", "apps/shop/<name>"]).exits(3).says("one is in the other");
    create(&["--to", "apps/../<name>"]).exits(3).says("..");
    create(&["--to", "previews"]).exits(3).says("<name>");
    create(&["--template", "."]).exits(3).says("whole repository");
    for name in ["Upper", "a/b", "..", "-x", &"x".repeat(54)] {
        create(&[&format!("--name={name}")]).exits(3).says("DNS label");
    }
    let other = scene.world.push("team/other", "1");
    create(&["--image", &other]).exits(5).says("team/other").says("preview.replace");
    create(&["--image", &format!("{}:gone", scene.world.repository("team/app"))]).exits(4);
    scene.preview(&["create", "--image", &image, "--helm", "values.yaml"]).run().exits(2);
    scene.preview(&["create"]).run().exits(2).says("no image is given");
    scene.create(&image).env("CI_COMMIT_REF_SLUG", "").run().exits(2).says("CI_COMMIT_REF_SLUG");
    let fork = [("CI_PROJECT_ID", "1"), ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2")];
    fork.iter().fold(scene.create(&image), |run, (name, value)| run.env(name, value)).run().exits(3).says("fork");
    for (file, words) in
        [("none.yaml:a", "this file does not exist"), ("kustomization.yaml:nameSpace", "namespace"), ("a", "FILE:PATH")]
    {
        scene.world.write("c.yml", format!("{CONFIG}    '{file}': x\n"));
        let run = create(&["--config", "c.yml"]).says(words);
        assert!(matches!(run.code, 3 | 5), "{run}");
    }
    let repositories = format!("repositories: [{{url: '{0}'}}, {{url: '{0}x'}}]\n", scene.infra.url());
    scene.world.write("c.yml", format!("{CONFIG}{repositories}"));
    scene.world.bump(["preview", "delete", "--config", "c.yml", "--name", "x"]).run().exits(2).says("one repository");
    assert_eq!(scene.infra.tip("main"), before);
}

#[test]
fn a_long_branch_gets_a_name_with_a_hash_that_delete_finds_again() {
    let scene = Scene::new();
    let image = scene.image("2.0");
    let slugs = ["one", "two"].map(|end| format!("{}-{end}", "feature".repeat(8)));
    for slug in &slugs {
        scene.create(&image).env("CI_COMMIT_REF_SLUG", slug).run().exits(0);
    }
    let markers = scene.names_below("previews/");
    let names: Vec<&str> = markers.iter().filter_map(|entry| entry.strip_suffix("/.gitops-bump-preview")).collect();
    assert_eq!((names.len(), names[0].len(), names[1].len()), (2, 7 + 53, 7 + 53), "{names:?}");
    for slug in &slugs {
        scene.delete().env("CI_COMMIT_REF_SLUG", slug).run().exits(0);
    }
    assert_eq!((scene.infra.commits("main"), scene.names_below("previews/").len()), (7, 0));
}

#[test]
fn a_dry_run_and_the_reports_say_what_a_run_does() {
    let scene = Scene::new();
    let image = scene.image("2.0");
    let before = scene.infra.tip("main");

    scene
        .preview(&["create", "--image", &image, "--dry-run", "--report-json", "dry.json"])
        .run()
        .exits(0)
        .prints_line("+++ b/previews/feature-x/kustomization.yaml")
        .prints_line("+namespace: shop-feature-x # theirs")
        .says("previews/feature-x is a copy of apps/shop");
    assert_eq!(scene.infra.tip("main"), before);
    assert!(scene.world.read("dry.json").contains("\"would-update\""));

    for (outcome, changed) in [("updated", "true"), ("unchanged", "false")] {
        let reports = ["--report-json", "r.json", "--report-dotenv", "r.env"];
        scene.preview(&[&["create", "--image", &image], &reports[..]].concat()).run().exits(0);
        assert!(scene.world.read("r.json").contains(&format!("\"outcome\": \"{outcome}\"")));
        assert!(scene.world.read("r.env").contains(&format!("GITOPS_BUMP_RESULT_CHANGED={changed}\n")));
    }
    scene.preview(&["delete", "--report-json", "r.json"]).run().exits(0);
    assert!(scene.world.read("r.json").contains("\"outcome\": \"updated\""));
}

#[test]
fn a_merge_request_holds_the_whole_copy() {
    let scene = Scene::new();
    let view = "echo 'View merge request for x:' >&2; echo '  http://127.0.0.1/shop/infra/-/merge_requests/5' >&2";
    scene.infra.hook("post-receive", view);
    let (image, main) = (scene.image("2.0"), scene.infra.tip("main"));
    let create = |name: &str| {
        scene
            .preview(&["create", "--image", &image, "--merge-request", "--name", name])
            .run()
            .exits(0)
            .says("merge_requests/5")
    };

    create("x");
    create("x").says("the work branch already has this change");
    create("y");

    let mut branches = scene.infra.branches();
    branches.retain(|branch| branch != "main");
    assert_eq!((branches.len(), scene.infra.tip("main")), (2, main), "{branches:?}");
    for (name, branch) in ["x", "y"].iter().zip(&branches) {
        assert!(branch.starts_with(&format!("gitops-bump/{name}-app-")), "{branch}");
        let copied = scene.infra.entries(branch);
        assert_eq!(copied.matches(&format!(" previews/{name}/")).count(), 41);
        assert_eq!(copied.matches(" previews/").count(), 41);
    }
    scene.infra.assert_sound();
}
