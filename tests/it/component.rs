//! The GitLab component and the hidden job: real pipelines that push to real repositories.

use crate::samples::{app_infra, kustomization, values};
use crate::world::{Executor, Image, Pipeline, Project, Repository, World};

/// Where examples and README include it from.
const COMPONENT: &str = "$CI_SERVER_FQDN/gitops-bump/gitops-bump/gitops-bump@0.1.0";

/// An infra repository that names tag 1 of an image whose tag 2 is in the registry.
struct Shop {
    world: World,
    infra: Repository,
}

impl Shop {
    fn new() -> Self {
        let world = World::new();
        world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { world, infra }
    }

    /// A project with this `.gitlab-ci.yml`, in which `IMAGE` is the image's repository.
    fn project(&self, pipeline: &str) -> Project<'_> {
        let pipeline = pipeline.replace("COMPONENT", COMPONENT);
        let project = Project::new(&self.world, Executor::Shell, &[(".gitlab-ci.yml", &pipeline)]);
        project.with("IMAGE", &self.world.repository("team/app"))
    }

    #[track_caller]
    fn names(&self, tag: &str) {
        assert_eq!(self.infra.file("main", "values.yaml"), values(&self.world.repository("team/app"), tag));
    }
}

/// The component with these lines as its inputs.
fn component(inputs: &str) -> String {
    let inputs: Vec<_> = inputs.lines().map(|line| format!("      {}", line.trim())).collect();
    format!("include:\n  - component: COMPONENT\n    inputs:\n{}\nstages: [deploy]\n", inputs.join("\n"))
}

const INPUTS: &str = "image: $IMAGE:2
repo: $CI_SERVER_URL/$CI_PROJECT_NAMESPACE/infra.git
helm: values.yaml";

#[test]
fn the_component_updates_an_infra_repository() {
    let shop = Shop::new();

    let project = shop.project(&component(INPUTS));
    let pipeline = project.run().passed("gitops-bump");

    shop.names("2");
    assert_eq!(shop.infra.commits("main"), 2);
    assert!(pipeline.artifact("gitops-bump", "gitops-bump.json").contains(&shop.infra.tip("main")));
    project.run().passed("gitops-bump").says("gitops-bump", "nothing to do");
    assert_eq!(shop.infra.commits("main"), 2);
}

#[test]
fn the_component_runs_in_the_image() {
    let Some(image) = Image::built() else {
        println!("skipped: GITOPS_BUMP_RELEASE_BINARY names no release binary, scripts/test sets it");
        return;
    };
    let shop = Shop::new();
    let reader = "\nreader:\n  stage: .post\n  image: {name: localhost/gitops-bump:test, entrypoint: ['']}\n  \
                  needs: [gitops-bump]\n  script: ['test \"$GITOPS_BUMP_RESULT_CHANGED\" = true', 'echo \"commit $GITOPS_BUMP_RESULT_COMMIT\"']\n";
    let pipeline = format!("{}{reader}", component(INPUTS)).replace("COMPONENT", COMPONENT);
    let project = Project::new(&shop.world, Executor::Container(image), &[(".gitlab-ci.yml", &pipeline)]);

    let run = project.with("IMAGE", &shop.world.repository("team/app")).run();

    let run = run.passed("gitops-bump").passed("reader");
    shop.names("2");
    run.says("reader", &format!("commit {}", shop.infra.tip("main")));
}

#[test]
fn lists_and_switches_reach_the_binary() {
    for (images, files) in
        [(r#""$APP\n$WEB""#, r#""a.yaml\nb.yaml""#), (r#"'["$APP", "$WEB"]'"#, r#"'["a.yaml", "b.yaml"]'"#)]
    {
        let world = World::new();
        let (app, web) = (world.push("app", "2"), world.push("web", "2"));
        let infra = world.infra(
            "infra",
            &[
                ("a.yaml", values(&world.repository("app"), "1").as_str()),
                ("b.yaml", &values(&world.repository("web"), "1")),
                ("c/kustomization.yaml", "resources: [deployment.yaml]\n"),
            ],
        );
        let inputs =
            format!("image: {images}\nrepo: $INFRA\nhelm: {files}\nkustomize: c\ncreate: true\nsign-off: true");
        let pipeline = component(&inputs).replace("COMPONENT", COMPONENT);
        let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", &pipeline)]);

        project.with("APP", &app).with("WEB", &web).with("INFRA", &infra.url()).run().passed("gitops-bump");

        assert_eq!(infra.commits("main"), 2);
        assert_eq!(infra.file("main", "a.yaml"), values(&world.repository("app"), "2"));
        assert_eq!(infra.file("main", "b.yaml"), values(&world.repository("web"), "2"));
        let kustomization = infra.file("main", "c/kustomization.yaml");
        assert!(
            kustomization.contains(&world.repository("web")) && kustomization.contains("newTag"),
            "{kustomization}"
        );
        assert!(infra.log("main", "%B").contains("Signed-off-by: "), "{}", infra.log("main", "%B"));
    }
}

#[test]
fn an_input_beats_the_variable_of_its_name_and_leaves_it_alone_at_its_default() {
    let shop = Shop::new();
    shop.world.push("team/app", "3");
    let variables = "
variables:
  GITOPS_BUMP_REPO: $CI_SERVER_URL/$CI_PROJECT_NAMESPACE/infra.git
  GITOPS_BUMP_BRANCH: no-such-branch
";
    let pipeline = component("image: $IMAGE:2\nbranch: main") + variables;
    let project = shop.project(&pipeline).with("GITOPS_BUMP_IMAGE", "other.example.com/app:9");

    project.with("GITOPS_BUMP_HELM", "values.yaml").run().passed("gitops-bump");

    shop.names("2");
}

#[test]
fn the_component_is_included_twice() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let repository = world.repository("team/app");
    let helm = world.infra("helm", &[("values.yaml", values(&repository, "1").as_str())]);
    let kustomize = world.infra("kustomize", &[("kustomization.yaml", kustomization(&repository, "1").as_str())]);
    let pipeline = format!(
        "
include:
  - component: {COMPONENT}
    inputs: {{job-name: bump-helm, image: $IMAGE, repo: $HELM, helm: values.yaml}}
  - component: {COMPONENT}
    inputs: {{job-name: bump-kustomize, image: $IMAGE, repo: $KUSTOMIZE, kustomize: ., deployment: true, environment: prod}}
stages: [deploy]
"
    );
    let project = Project::new(&world, Executor::Shell, &[(".gitlab-ci.yml", &pipeline)]).with("IMAGE", &image);

    let run = project.with("HELM", &helm.url()).with("KUSTOMIZE", &kustomize.url()).run();

    run.passed("bump-helm").passed("bump-kustomize").says("bump-kustomize", "environment: { name: prod }");
    assert_eq!(helm.file("main", "values.yaml"), values(&repository, "2"));
    assert_eq!(kustomize.file("main", "kustomization.yaml"), kustomization(&repository, "2").replace("1\"", "2\""));
}

#[test]
fn the_hidden_job_is_extended() {
    let shop = Shop::new();
    let pipeline = "
include:
  - project: gitops-bump/gitops-bump
    file: ci/gitops-bump-job.yml
    ref: 0.1.0
default:
  before_script: [exit 1]
stages: [deploy]
bump:
  stage: deploy
  extends: .gitops-bump:update
  variables:
    GITOPS_BUMP_IMAGE: $IMAGE:2
    GITOPS_BUMP_REPO: $CI_SERVER_URL/$CI_PROJECT_NAMESPACE/infra.git
    GITOPS_BUMP_HELM: values.yaml
";

    shop.project(pipeline).run().passed("bump");

    shop.names("2");
}

#[test]
fn a_manual_job_waits_for_its_button_and_its_older_run_rolls_back() {
    let shop = Shop::new();
    let project = shop.project(&component(&format!("{INPUTS}\nwhen: manual")));
    project.run().did_not_run("gitops-bump");
    shop.names("1");

    project.run_job("gitops-bump").passed("gitops-bump");
    shop.names("2");

    shop.infra.commit("main", "newer", &[("values.yaml", values(&shop.world.repository("team/app"), "3"))]);
    project.run_job("gitops-bump").passed("gitops-bump");
    shop.names("2");
}

#[test]
fn a_failed_check_is_a_warning_where_its_exit_code_is_allowed() {
    let shop = Shop::new();
    let inputs = INPUTS.replace(":2", ":9");

    shop.project(&component(&inputs)).run().failed("gitops-bump", 4);
    shop.names("1");
    let allowed = component(&format!("{inputs}\nallow-failure-exit-codes: [4, 10]"));
    Shop::new().project(&allowed).run().warned("gitops-bump", 4);

    let unchanged = Shop::new();
    let project = unchanged.project(&component(&format!("{INPUTS}\nfail-on-unchanged: true")));
    project.run().passed("gitops-bump");
    project.run().warned("gitops-bump", 10);
}

#[test]
fn a_config_file_needs_a_checkout_and_is_not_picked_up_without_one() {
    let config = "images: {app: '${IMAGE}:2'}\nrepositories: [{url: '${INFRA}', helm: [{file: values.yaml}]}]\n";
    let run = |inputs: &str| -> Pipeline {
        let shop = Shop::new();
        let project = shop.project(&component(inputs)).with("INFRA", &shop.infra.url());
        project.commit(".gitops-bump.yml", config);
        let run = project.run();
        let changed = shop.infra.commits("main") == 2;
        assert_eq!(changed, inputs.contains("fetch"), "{inputs}: {run}");
        run
    };

    run("git-strategy: fetch").passed("gitops-bump");
    run("stage: deploy").failed("gitops-bump", 2);
    run("config: deploy/other.yml").failed("gitops-bump", 3).says("gitops-bump", "git-strategy");
}
