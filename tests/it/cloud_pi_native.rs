//! The examples and the French guide for Cloud Pi Native, run with stand-ins for the platform's catalog, Vault and GitLab.

use crate::component_examples::fenced;
use crate::samples::kustomization;
use crate::world::{Executor, Gitlab, OwnRegistry, Pipeline, Project, Repository, World, own, read};

const FILE: &str = ".gitlab-ci-dso.yml";
const GUIDE: &str = "docs/fr/demarrage-rapide.md";
const BEFORE: &str = "image: {tag: \"1\"}\n";

/// Cloud Pi Native's `vault-ci.yml`, with two variables of the project for its secrets, and a Vault that has the mirror's.
const VAULT_CI: &str = r#".vault:read_secret:
  before_script:
    - |
      vault() {
        case "$VAULT_TOKEN $*" in
          *auth/jwt/login*) echo hvs.of-the-job ;;
          "hvs.of-the-job kv get "*"-field=GIT_MIRROR_PROJECT_ID $VAULT_KV/$CI_PROJECT_NAMESPACE/GITLAB") echo 9 ;;
          "hvs.of-the-job kv get "*"-field=GIT_MIRROR_TOKEN $VAULT_KV/$CI_PROJECT_NAMESPACE/GITLAB") echo glptt-m1rror ;;
          *) echo "no value found" >&2; return 2 ;;
        esac
      }
  script:
    - export PROJECT_PATH=shop REGISTRY_HOST=$VAULT_REGISTRY_HOST DOCKER_AUTH=$VAULT_DOCKER_AUTH
    - export IMAGE_REPOSITORY="$REGISTRY_HOST/$PROJECT_PATH"
    - |
      cat <<EOF > vault.env
      REGISTRY_HOST=$REGISTRY_HOST
      IMAGE_REPOSITORY=$IMAGE_REPOSITORY
      PROJECT_PATH=$PROJECT_PATH
      DOCKER_AUTH=$DOCKER_AUTH
      EOF
  artifacts:
    reports:
      dotenv: vault.env
"#;

/// Cloud Pi Native's `kaniko-ci.yml`, with skopeo and the tests' image for kaniko.
const KANIKO_CI: &str = r#".kaniko:build-push:
  script:
    - mkdir -p docker certificates
    - cp "$CA_BUNDLE" certificates/ca.crt
    - echo "$DOCKER_AUTH" > docker/config.json
    - for I in $IMAGE_NAMES; do skopeo --insecure-policy copy --quiet --dest-cert-dir certificates
      --authfile docker/config.json ${EXTRA_BUILD_ARGS/--digest-file=/--digestfile=} "oci:$TEST_IMAGES"
      "docker://$IMAGE_REPOSITORY/$(echo $I | tr \/ '-')"; done
"#;

/// Cloud Pi Native's `buildkit-ci.yml`, with skopeo and the tests' image for `buildctl`.
const BUILDKIT_CI: &str = r#".buildkit:build-push:
  variables:
    OUTPUT_IMAGES: $REGISTRY_URL/$IMAGE_NAME:$TAG
  script:
    - mkdir -p docker certificates
    - cp "$CA_BUNDLE" certificates/ca.crt
    - echo "$DOCKER_AUTH" > docker/config.json
    - for I in $OUTPUT_IMAGES; do skopeo --insecure-policy copy --quiet --dest-cert-dir certificates
      --authfile docker/config.json "oci:$TEST_IMAGES" "docker://$I"; done
"#;

/// The platform: its catalog, its registry (a private authority, tokens), the mirror's API, and two infra repositories.
struct Platform {
    world: World,
    registry: OwnRegistry,
    gitlab: Gitlab,
    helm: Repository,
    kustomize: Repository,
}

impl Platform {
    fn new() -> Self {
        let world = World::new();
        let directory = world.scratch().join("registry");
        std::fs::create_dir(&directory).expect("the scratch directory is writable");
        let registry = OwnRegistry::with_private_ca_and_tokens(&directory, &world.servers().registry_login);
        let own_job = own("examples/cloud-pi-native/catalog/gitops-bump-ci.yml");
        let catalog = [
            ("vault-ci.yml", VAULT_CI),
            ("kaniko-ci.yml", KANIKO_CI),
            ("buildkit-ci.yml", BUILDKIT_CI),
            ("gitops-bump-ci.yml", &own_job),
        ];
        world.empty_infra("catalog").commit("main", "catalog", &catalog);
        let image = format!("{}/shop/app", registry.address);
        let helm = world.infra("infra-helm", &[("values-dev.yaml", BEFORE)]);
        let overlay = ("overlays/dev/kustomization.yaml", kustomization(&image, "1"));
        let kustomize = world.infra("infra-kustomize", &[(overlay.0, overlay.1.as_str())]);
        Self { world, registry, gitlab: Gitlab::start(), helm, kustomize }
    }

    fn docker_auth(&self) -> String {
        let login = self.world.servers().registry_login.basic();
        serde_json::json!({"auths": {&self.registry.address: {"auth": login}}}).to_string()
    }

    fn authority(&self) -> String {
        read(&self.world.scratch().join("registry"), "ca.crt")
    }

    fn project(&self, files: &[(&str, &str)]) -> Project<'_> {
        let catalog = format!("{}catalog", self.helm.path().trim_end_matches("infra-helm.git"));
        let servers = self.world.servers();
        Project::new(&self.world, Executor::Shell, files)
            .with("CATALOG_PATH", &catalog)
            .with("VAULT_KV", "forge-dso")
            .with("VAULT_REGISTRY_HOST", &self.registry.address)
            .with("VAULT_DOCKER_AUTH", &self.docker_auth())
            .with_file("CA_BUNDLE", &self.authority())
            .with("GITOPS_BUMP_MIRROR_URL", &self.gitlab.api())
            .with("INFRA_HELM_URL", &self.helm.url())
            .with("INFRA_HELM_HOST", &servers.git)
            .with("GITOPS_BUMP_GIT_TOKEN_OUTSIDE", &servers.git_login.password)
    }

    #[track_caller]
    fn helm_names(&self, tag: &str) {
        assert_eq!(self.helm.file("main", "values-dev.yaml"), BEFORE.replace('1', tag));
    }

    #[track_caller]
    fn mirrored(&self, repository: &str) {
        let form = format!(
            "token=glptt-m1rror&ref=main&variables%5BGIT_BRANCH_DEPLOY%5D=main&variables%5BPROJECT_NAME%5D={repository}"
        );
        assert_eq!(self.gitlab.asked(), [format!("POST /api/v4/projects/9/trigger/pipeline {form:?}")]);
    }
}

fn run(project: &Project<'_>) -> Pipeline {
    project.run_with(&["--file", FILE])
}

#[test]
fn kaniko_with_an_infra_repository_outside_and_one_inside() {
    let platform = Platform::new();
    let file = |name: &str| own(&format!("examples/cloud-pi-native/{name}"));
    let project = platform.project(&[(FILE, &file(FILE)), (".gitops-bump.yml", &file(".gitops-bump.yml"))]);

    let run = run(&project).passed("read_secret").passed("read_mirror").passed("docker-build").passed("deploy-dev");

    let tag = project.short_sha();
    platform.helm_names(&tag);
    let image = format!("{}/shop/app", platform.registry.address);
    let expected = kustomization(&image, "1").replace("newTag: \"1\"", &format!("newTag: \"{tag}\""));
    assert_eq!(platform.kustomize.file("main", "overlays/dev/kustomization.yaml"), expected);
    assert!(platform.registry.tokens() > 0);
    platform.mirrored("infra-helm");
    assert!(!run.to_string().contains("glptt-m1rror"), "{run}");
}

#[test]
fn buildkit_with_an_infra_repository_inside() {
    let platform = Platform::new();
    let project = platform.project(&[(FILE, &own(&format!("examples/cloud-pi-native/buildkit/{FILE}")))]);

    run(&project).passed("docker-build").passed("deploy-dev");

    platform.helm_names(&project.short_sha());
    assert!(platform.gitlab.asked().is_empty(), "{:?}", platform.gitlab.asked());
}

#[test]
fn the_tools_image_is_copied_into_the_projects_harbor() {
    let platform = Platform::new();
    let world = &platform.world;
    let source = world.push("gitops-bump", "1");
    let digest = world.servers().digest(&source);
    let mut pipeline = own(&format!("examples/cloud-pi-native/tool-image/{FILE}"));
    // The tests' public registry has no certificate, and this machine no policy.
    pipeline.push_str(
        "\ndefault:\n  before_script:\n    - skopeo() { command skopeo --insecure-policy \"$@\" --src-tls-verify=false; }\n",
    );
    let reference = format!("{}@{digest}", world.repository("gitops-bump"));
    let project = platform.project(&[(FILE, &pipeline)]).with("TOOL_SOURCE", &reference);

    let copied = format!("{}/shop/gitops-bump", platform.registry.address);
    run(&project).passed("copy-tool-image").says("copy-tool-image", &format!("{copied}@{digest}"));

    let check = world.bump(["check", "--image", &format!("{copied}:tool@{digest}")]);
    check.env("DOCKER_AUTH", platform.docker_auth()).env("CA_BUNDLE", platform.authority()).run().exits(0);
}

#[test]
fn the_french_quick_start() {
    let platform = Platform::new();
    let project = platform.project(&[(FILE, &fenced(&own(GUIDE), "yaml", "read_mirror:"))]);

    run(&project).passed("docker-build").passed("deploy-dev");

    platform.helm_names(&project.short_sha());
    platform.mirrored("infra-helm");
}

#[test]
fn the_french_quick_start_where_the_catalog_has_not_the_file() {
    let platform = Platform::new();
    let pipeline = replaced(&fenced(&own(GUIDE), "yaml", "read_mirror:"), "      - gitops-bump-ci.yml\n", "");
    let pipeline = replaced(&pipeline, "    ref: main\n", "    ref: main\n  - local: gitops-bump-ci.yml\n");
    let job = own("examples/cloud-pi-native/catalog/gitops-bump-ci.yml");
    let project = platform.project(&[(FILE, &pipeline), ("gitops-bump-ci.yml", &job)]);

    run(&project).passed("deploy-dev");

    platform.helm_names(&project.short_sha());
}

#[test]
fn the_french_quick_start_with_buildkit_and_a_repository_inside() {
    let platform = Platform::new();
    let guide = own(GUIDE);
    let start = fenced(&guide, "yaml", "read_mirror:");
    let (head, rest) = start.split_once("read_mirror:\n").expect("the job is there");
    let (_, deploy) = rest.split_once("deploy-dev:\n").expect("the job is there");
    let build = fenced(&guide, "yaml", ".buildkit:build-push");
    let pipeline = format!("{}{build}\ndeploy-dev:\n{deploy}", replaced(head, "kaniko-ci.yml", "buildkit-ci.yml"));
    let pipeline = replaced(&pipeline, "    - read_mirror\n", "");
    let pipeline = replaced(
        &pipeline,
        "$IMAGE_REPOSITORY/$CI_PROJECT_NAME:$CI_COMMIT_SHORT_SHA",
        "$REGISTRY_URL/$CI_PROJECT_NAME:$TAG",
    );
    let inside = fenced(&guide, "yaml", "    GITOPS_BUMP_REPO: $CI_SERVER_URL");
    let pipeline = replaced(&pipeline, "    GITOPS_BUMP_REPO: $INFRA_HELM_URL\n", &inside);
    let (pipeline, mirror) = pipeline.split_once("    GITOPS_BUMP_MIRROR_").expect("the variables are there");
    assert!(mirror.lines().count() == 2, "{mirror}");
    let project = platform.project(&[(FILE, pipeline)]);

    run(&project).passed("docker-build").passed("deploy-dev");

    platform.helm_names(&project.short_sha());
}

#[test]
fn an_image_without_the_tool_is_told_which_variable_to_set() {
    let platform = Platform::new();
    let start = fenced(&own(GUIDE), "yaml", "read_mirror:");
    // What a runner's default image is like.
    let other = replaced(&start, "deploy-dev:\n", "deploy-dev:\n  before_script: [\"export PATH=/usr/bin:/bin\"]\n");
    let project = platform.project(&[(FILE, &other)]);

    run(&project).failed("deploy-dev", 3).says("deploy-dev", "set the CI/CD variable GITOPS_BUMP_TOOL_IMAGE");

    platform.helm_names("1");
}

#[test]
fn the_mirrors_variables_that_no_job_hands_on_are_told_of() {
    let platform = Platform::new();
    let start = replaced(&fenced(&own(GUIDE), "yaml", "read_mirror:"), "    - read_mirror\n", "");
    let project = platform.project(&[(FILE, &start)]);

    run(&project).failed("deploy-dev", 3).says("deploy-dev", "on Cloud Pi Native both are in Vault");

    platform.helm_names("1");
}

#[test]
fn waiting_for_argocd_needs_the_administrators_token_before_anything_is_pushed() {
    let platform = Platform::new();
    let guide = own(GUIDE);
    let start = fenced(&guide, "yaml", "read_mirror:") + &fenced(&guide, "yaml", "GITOPS_BUMP_ARGOCD_SERVER");
    let project = platform.project(&[(FILE, &start)]);

    run(&project).failed("deploy-dev", 3).says("deploy-dev", "ARGOCD_AUTH_TOKEN");

    platform.helm_names("1");
    assert!(platform.gitlab.asked().is_empty(), "{:?}", platform.gitlab.asked());
}

#[test]
fn the_catalogs_job_is_the_hidden_job_but_for_the_image_and_inputs() {
    let job = |file: &str| {
        let jobs: serde_json::Value = serde_yaml::from_str(&own(file)).expect("YAML");
        let mut job = jobs[".gitops-bump:update"].clone();
        job["variables"].as_object_mut().expect("a mapping").remove("GITOPS_BUMP_TOOL_IMAGE");
        job.as_object_mut().expect("a mapping").remove("script");
        job
    };
    assert_eq!(job("examples/cloud-pi-native/catalog/gitops-bump-ci.yml"), job("ci/gitops-bump-job.yml"));
}

/// The text with this part replaced, which must be there.
#[track_caller]
fn replaced(text: &str, part: &str, with: &str) -> String {
    assert!(text.contains(part), "{part:?} is not in {text}");
    text.replace(part, with)
}
