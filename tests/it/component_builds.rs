//! The examples' builders: what each of them writes down of the image that it pushed is what is deployed. Programs of the builders'
//! names push the tests' image; none of the builders is run.

use std::sync::OnceLock;

use crate::component_examples::project;
use crate::samples::values;
use crate::world::{Project, Repository, World};

/// kaniko's program, with the image of the tests and the login that the job has written.
const KANIKO: &str = r#"#!/bin/sh
set -eu
while [ $# -gt 0 ]; do
  case $1 in
    --context | --dockerfile) ;;
    --destination) destination=$2 ;;
    --digest-file) digest=$2 ;;
    *) echo "executor: unknown flag: $1" >&2; exit 2 ;;
  esac
  shift 2
done
skopeo --insecure-policy copy --quiet --dest-tls-verify=false --dest-authfile "$DOCKER_CONFIG/config.json" --digestfile "$digest" \
  "oci:$TEST_IMAGES" "docker://$destination"
"#;

/// The program of `BuildKit`, likewise.
const BUILDKIT: &str = r#"#!/bin/sh
set -eu
[ "$1" = build ]
shift
while [ $# -gt 0 ]; do
  case $1 in
    --frontend | --local) ;;
    --output) name=${2#type=image,name=}; name=${name%,push=true} ;;
    --metadata-file) metadata=$2 ;;
    *) echo "buildctl: flag provided but not defined: $1" >&2; exit 2 ;;
  esac
  shift 2
done
skopeo --insecure-policy copy --quiet --dest-tls-verify=false --dest-authfile ~/.docker/config.json --digestfile "$metadata" \
  "oci:$TEST_IMAGES" "docker://$name"
digest=$(cat "$metadata")
printf '{"containerimage.config.digest": "sha256:%064d", "containerimage.digest": "%s", "image.name": "%s"}' \
  0 "$digest" "$name" > "$metadata"
"#;

/// What is used of the Docker template of to-be-continuous: its input, its job and its dotenv report.
const TO_BE_CONTINUOUS: &str = r#"spec:
  inputs:
    snapshot-image:
      default: $CI_REGISTRY_IMAGE/snapshot:$CI_COMMIT_REF_SLUG
---
variables:
  DOCKER_SNAPSHOT_IMAGE: $[[ inputs.snapshot-image ]]
docker-buildah-build:
  stage: package-build
  script:
    - buildah push --digestfile .img-digest.txt "$DOCKER_SNAPSHOT_IMAGE"
    - digest=$(cat .img-digest.txt)
    - |
      cat > docker.env <<EOF
      docker_image=$DOCKER_SNAPSHOT_IMAGE
      docker_image_digest=${DOCKER_SNAPSHOT_IMAGE%:*}@$digest
      docker_repository=${DOCKER_SNAPSHOT_IMAGE%:*}
      docker_tag=${DOCKER_SNAPSHOT_IMAGE##*:}
      docker_digest=$digest
      EOF
  artifacts:
    reports:
      dotenv: docker.env
"#;

/// A later push of the same tag, after the build and before the deployment.
const OVERWRITTEN: &str = "
overwrite:
  stage: build
  needs: [build]
  script:
    - skopeo --insecure-policy copy --quiet --dest-tls-verify=false --dest-creds \"$CI_REGISTRY_USER:$CI_REGISTRY_PASSWORD\"
      --format v2s2 \"oci:$TEST_IMAGES\" \"docker://$CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA\"
";

fn infra(world: &World, image: &str) -> Repository {
    world.infra("infra", &[("values.yaml", values(&world.private_repository(image), "1").as_str())])
}

/// The example deploys what its build has pushed, by digest, and nothing when the tag means something else by then.
fn deploys_what_it_built(example: &str, with: impl Fn(Project<'_>) -> Project<'_>) {
    let world = World::new();
    let infra = infra(&world, "app");
    let project = with(project(&world, example));
    let tag = project.short_sha();

    project.run().passed("build").passed("gitops-bump");

    let app = world.private_repository("app");
    let digest = world.servers().digest(&format!("{app}:{tag}"));
    let deployed = values(&app, &format!("{tag}@{digest}"));
    assert_eq!(infra.file("main", "values.yaml"), deployed);

    let pipeline = crate::world::own(&format!("examples/{example}/.gitlab-ci.yml"));
    project.commit(".gitlab-ci.yml", &(pipeline + OVERWRITTEN));
    project.run().passed("overwrite").failed("gitops-bump", 9).says("gitops-bump", "digest");
    assert_eq!(infra.file("main", "values.yaml"), deployed);
}

#[test]
fn kaniko() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let config = directory.path().join("kaniko").display().to_string();
    deploys_what_it_built("kaniko", |project| {
        let project = project.with("KANIKO_IMAGE", "kaniko.example.com/executor:debug");
        project.with("DOCKER_CONFIG", &config).with_program("executor", KANIKO)
    });
}

#[test]
fn buildkit_without_root() {
    deploys_what_it_built("buildkit", |project| project.with_program("buildctl-daemonless.sh", BUILDKIT));
}

#[test]
fn the_docker_template_of_to_be_continuous() {
    static PUBLISHED: OnceLock<()> = OnceLock::new();
    let world = World::new();
    PUBLISHED.get_or_init(|| {
        let servers = world.servers();
        let project = Repository::create(&servers.git_repositories, "to-be-continuous/docker.git", &servers.git);
        let commit = project.commit("main", "the template", &[("templates/gitlab-ci-docker.yml", TO_BE_CONTINUOUS)]);
        project.set_ref("refs/tags/6.1.6", &commit);
    });
    let infra = infra(&world, "app/snapshot");
    let project = project(&world, "to-be-continuous");
    let tag = project.short_sha();

    project.run().passed("docker-buildah-build").passed("gitops-bump");

    let snapshot = world.private_repository("app/snapshot");
    let digest = world.servers().digest(&format!("{snapshot}:{tag}"));
    assert_eq!(infra.file("main", "values.yaml"), values(&snapshot, &format!("{tag}@{digest}")));
}
