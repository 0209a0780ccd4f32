//! The pipelines of `examples/` and of the quick starts, run as they are; the builders' are in `component_builds`, those for Cloud Pi
//! Native in `cloud_pi_native`.

use std::path::{Path, PathBuf};

use crate::samples::{kustomization, values};
use crate::world::{Executor, Project, Repository, World, check_gitlab_ci, own};

/// The directories of `examples/` with a `.gitlab-ci.yml`.
const EXAMPLES: [&str; 13] = [
    "announce",
    "buildkit",
    "environments",
    "freeze",
    "gitlab-registry",
    "kaniko",
    "monorepo",
    "preview",
    "promotion",
    "rollback",
    "signed",
    "to-be-continuous",
    "vault",
];

/// A project with the example's pipeline. Its build job pushes to the registry of the project.
pub(crate) fn project<'w>(world: &'w World, example: &str) -> Project<'w> {
    let pipeline = own(&format!("examples/{example}/.gitlab-ci.yml"));
    Project::new(world, Executor::Shell, &[(".gitlab-ci.yml", &pipeline)])
}

/// The infra repository beside the project, whose values name a tag of the project's image.
fn infra(world: &World, tag: &str) -> Repository {
    world.infra("infra", &[("values.yaml", values(&world.private_repository("app"), tag).as_str())])
}

#[test]
fn the_projects_own_registry() {
    let world = World::new();
    let infra = infra(&world, "1");
    let project = project(&world, "gitlab-registry");

    project.run().passed("build").passed("gitops-bump");

    let expected = values(&world.private_repository("app"), &project.short_sha());
    assert_eq!(infra.file("main", "values.yaml"), expected);
}

#[test]
fn a_token_in_vault() {
    let world = World::new();
    let infra = infra(&world, "1");
    let project = project(&world, "vault");

    let expanded: serde_json::Value = serde_yaml::from_str(&project.expanded()).expect("YAML");
    // gitlab-ci-local reads no Vault: in the run the token is the project's variable.
    project.run().passed("build").passed("gitops-bump");

    let job = &expanded["gitops-bump"];
    assert_eq!(job["id_tokens"]["VAULT_ID_TOKEN"]["aud"], serde_json::json!(["https://vault.example.com"]));
    assert_eq!(job["secrets"]["GITOPS_BUMP_GIT_TOKEN"]["token"], "$VAULT_ID_TOKEN");
    let expected = values(&world.private_repository("app"), &project.short_sha());
    assert_eq!(infra.file("main", "values.yaml"), expected);
}

#[test]
fn a_monorepo_whose_own_commit_ends_the_loop() {
    let world = World::new();
    let overlay = "deploy/overlays/prod/kustomization.yaml";
    let before = kustomization(&world.private_repository("app"), "1");
    let mut pipeline = own("examples/monorepo/.gitlab-ci.yml");
    // gitlab-ci-local doesn't act on workflow:rules; for a job with the same rules it does.
    let parsed: serde_json::Value = serde_yaml::from_str(&pipeline).expect("YAML");
    let probe = format!("\nprobe: {{stage: build, script: 'true', rules: {}}}\n", parsed["workflow"]["rules"]);
    pipeline.push_str(&probe);
    let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", &pipeline)]);
    project.commit(overlay, &before);

    project.run().passed("probe").passed("build").passed("gitops-bump");

    let expected = before.replace("newTag: \"1\"", &format!("newTag: \"{}\"", project.short_sha()));
    assert_eq!(project.repository().file("main", overlay), expected);
    let message = project.repository().log("main", "%B");
    project.run_with(&["--variable", &format!("CI_COMMIT_MESSAGE={message}")]).did_not_run("probe");
}

#[test]
fn environments_with_a_button_for_production() {
    let world = World::new();
    let before = "image: {tag: \"1\"}\n";
    let infra = world.infra("infra", &[("values-staging.yaml", before), ("values-production.yaml", before)]);
    let project = project(&world, "environments");
    let tag = project.short_sha();
    let after = before.replace('1', &tag);

    project.run().passed("deploy-staging").did_not_run("deploy-production");
    assert_eq!(infra.file("main", "values-staging.yaml"), after);
    assert_eq!(infra.file("main", "values-production.yaml"), before);

    project.run_job("deploy-production").passed("deploy-production");
    assert_eq!(infra.file("main", "values-production.yaml"), after);
}

#[test]
fn a_promotion_by_a_button() {
    let world = World::new();
    let app = world.private_repository("app");
    let before = values(&app, "1");
    let infra = world.infra("infra", &[("values-staging.yaml", &before), ("values-production.yaml", &before)]);
    let project = project(&world, "promotion");
    let tag = project.short_sha();

    project.run().passed("deploy-staging").did_not_run("promote");
    assert_eq!(infra.file("main", "values-staging.yaml"), values(&app, &tag));
    assert_eq!(infra.file("main", "values-production.yaml"), before);

    project.run_job("promote").passed("promote");
    let digest = world.servers().digest(&format!("{app}:{tag}"));
    assert_eq!(infra.file("main", "values-production.yaml"), values(&app, &format!("{tag}@{digest}")));
    assert!(infra.log("main", "%B").contains("Promoted-From: staging\n"));
}

#[test]
fn a_rollback_by_a_form_that_no_pipeline_undoes() {
    let world = World::new();
    let infra = infra(&world, "1");
    world.push_private("app", "1");
    let project = project(&world, "rollback");
    let (app, tag) = (world.private_repository("app"), project.short_sha());
    project.run().passed("build").passed("gitops-bump").did_not_run("rollback");
    assert_eq!(infra.commits("main"), 2);

    let rollback = project.run_with(&["--variable", "ROLLBACK=yes", "--variable", "ROLLBACK_REASON=the cart is empty"]);

    rollback.passed("rollback").did_not_run("build").did_not_run("gitops-bump");
    assert_eq!(infra.file("main", "values.yaml"), values(&app, "1"));
    assert_eq!(infra.log("main", "%s"), "Roll back app to 1");
    project.run().warned("gitops-bump", 12).says("gitops-bump", "the cart is empty");
    assert_eq!(infra.file("main", "values.yaml"), values(&app, "1"));
    project.run_with(&["--variable", "RELEASE_HOLD=true"]).passed("gitops-bump");
    assert_eq!(infra.file("main", "values.yaml"), values(&app, &tag));
    let back = ["--variable", "ROLLBACK=yes", "--variable", "ROLLBACK_TO=1"];
    project.run_with(&back).passed("rollback");
    assert_eq!(infra.file("main", "values.yaml"), values(&app, "1"));
}

#[test]
fn a_freeze_that_is_a_warning() {
    let world = World::new();
    let app = world.private_repository("app");
    let before = values(&app, "1");
    let infra = world.infra("infra", &[("values-staging.yaml", &before), ("values-production.yaml", &before)]);
    // The window is on at every time of the test, and the other one at none.
    let always = own("examples/freeze/gitops-bump.yml").replace(r#""0 16 * * 5", for: 64h"#, r#""0 * * * *", for: 2h"#);
    let never = own("examples/freeze/gitops-bump.yml").replace(r#""0 16 * * 5", for: 64h"#, r#""0 0 29 2 *", for: 1m"#);
    assert_ne!(always, never);
    let pipeline = own("examples/freeze/.gitlab-ci.yml");
    let files = |config| [(".gitlab-ci.yml", pipeline.as_str()), ("gitops-bump.yml", config)];
    let frozen = Project::new(&world, Executor::Shell, &files(&always));
    let tag = frozen.short_sha();

    frozen.run().passed("deploy-staging").warned("deploy-production", 12);
    assert_eq!(infra.file("main", "values-staging.yaml"), values(&app, &tag));
    assert_eq!(infra.file("main", "values-production.yaml"), before);

    frozen.commit("gitops-bump.yml", &never);
    let tag = frozen.short_sha();
    frozen.run().passed("deploy-staging").passed("deploy-production");
    assert_eq!(infra.file("main", "values-production.yaml"), values(&app, &tag));
}

#[test]
fn a_preview_for_a_merge_request_and_none_for_a_fork() {
    let world = World::new();
    let app = world.private_repository("app");
    let infra = world.infra("infra", &[("apps/app/values.yaml", values(&app, "1").as_str())]);
    let project = project(&world, "preview");
    let request = |source: &str, job: Option<&str>| {
        let variables = [
            "CI_PIPELINE_SOURCE=merge_request_event".to_owned(),
            "CI_PROJECT_ID=7".to_owned(),
            format!("CI_MERGE_REQUEST_SOURCE_PROJECT_ID={source}"),
        ];
        let flags = variables.iter().flat_map(|variable| ["--variable", variable.as_str()]);
        project.run_with(&job.into_iter().chain(flags).collect::<Vec<_>>())
    };

    project.run().did_not_run("preview");
    request("8", None).did_not_run("build").did_not_run("preview");
    assert_eq!(infra.commits("main"), 1);

    request("7", None).passed("build").passed("preview").did_not_run("stop-preview");
    let copy = infra.file("main", "previews/app-main/values.yaml");
    assert_eq!(copy, values(&app, &project.short_sha()));

    request("7", Some("stop-preview")).passed("stop-preview");
    assert!(!infra.entries("main").contains("previews/"));
    assert_eq!(infra.commits("main"), 3);
}

#[test]
fn a_job_that_reads_the_dotenv_report() {
    let world = World::new();
    let infra = infra(&world, "1");
    let project = project(&world, "announce");
    let image = format!("{}:{}", world.private_repository("app"), project.short_sha());

    let pipeline = project.run().passed("gitops-bump").passed("announce");

    let (digest, commit) = (world.servers().digest(&image), infra.tip("main"));
    pipeline.says("announce", &format!("deployed {image} as {digest} with commit {commit}"));
    project.run().passed("announce").says("announce", &format!("nothing to announce: {image}"));
}

#[test]
fn the_quick_starts_of_the_readme() {
    for start in ["component: $CI_SERVER_FQDN", "extends: .gitops-bump:update"] {
        let world = World::new();
        let infra = infra(&world, "1");
        let pipeline = fenced(&own("README.md"), "yaml", start);
        let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", &pipeline)]);
        let tag = project.short_sha();
        world.push_private("app", &tag);

        project.run().passed("gitops-bump");

        assert_eq!(infra.file("main", "values.yaml"), values(&world.private_repository("app"), &tag), "{start}");
    }
}

#[test]
fn the_version_is_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    let job = own("ci/gitops-bump-job.yml");
    assert!(job.contains(&format!("GITOPS_BUMP_TOOL_IMAGE: $CI_REGISTRY/gitops-bump/gitops-bump:{version}\n")));
    let mut files = vec!["README.md".to_owned()];
    let without_a_component = |name: &&str| *name == "preview";
    files.extend(
        EXAMPLES.iter().filter(|name| !without_a_component(name)).map(|name| format!("examples/{name}/.gitlab-ci.yml")),
    );
    for file in files {
        let text = own(&file);
        let components = ["gitops-bump/gitops-bump@", "gitops-bump/promote@"];
        let mut references: Vec<&str> = components.iter().flat_map(|name| text.split(name).skip(1)).collect();
        references.extend(text.split("    ref: ").skip(1).filter(|rest| !rest.starts_with("main")));
        assert!(!references.is_empty() && references.iter().all(|rest| rest.starts_with(version)), "{file}");
    }
}

#[test]
fn no_example_is_left_out() {
    let directories = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).expect("it is there");
    let directories = directories.map(|entry| entry.expect("it can be read").path());
    let with_a_pipeline = directories.filter(|directory| directory.join(".gitlab-ci.yml").exists());
    let mut names: Vec<_> = with_a_pipeline.filter_map(|path| Some(path.file_name()?.to_owned())).collect();
    names.sort();
    assert_eq!(names, EXAMPLES);
}

#[test]
fn templates_and_examples_are_valid_for_gitlab() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("ci/gitops-bump-job.yml")];
    let platform = [
        ".gitlab-ci-dso.yml",
        "buildkit/.gitlab-ci-dso.yml",
        "signed/.gitlab-ci-dso.yml",
        "tool-image/.gitlab-ci-dso.yml",
        "catalog/gitops-bump-ci.yml",
    ];
    files.extend(platform.map(|name| root.join("examples/cloud-pi-native").join(name)));
    files.extend(EXAMPLES.map(|name| root.join(format!("examples/{name}/.gitlab-ci.yml"))));
    check_gitlab_ci(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>());
}

/// The first fenced block of this language that holds these words.
pub(crate) fn fenced(document: &str, language: &str, words: &str) -> String {
    let fence = format!("```{language}\n");
    let mut blocks = document.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
    blocks.find(|block| block.contains(words)).unwrap_or_else(|| panic!("no block has {words:?}")).to_owned()
}
