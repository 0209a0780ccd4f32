//! Files as infra repositories hold them, with neighbours that must not change; knows nothing of the binary.

use crate::world::{Repository, World};

/// The flags that ask for every report, with the files' names.
pub(crate) const REPORTS: [&str; 8] = [
    "--report-json",
    "r.json",
    "--report-dotenv",
    "r.env",
    "--report-annotations",
    "a.json",
    "--report-markdown",
    "r.md",
];

/// A digest that no image has.
pub(crate) const OLD_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// Another one, which an edit is told to write.
pub(crate) const NEW_DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// An infra repository whose `values.yaml` names this tag of `team/app`.
pub(crate) fn app_infra(world: &World, tag: &str) -> Repository {
    world.infra("infra", &[("values.yaml", &values(&world.repository("team/app"), tag))])
}

/// Requires that the branch has so many commits, the last of which bumped [`app_infra`] to tag 2, and that nothing is damaged.
#[track_caller]
pub(crate) fn assert_bumped(world: &World, infra: &Repository, commits: usize) {
    assert_eq!(infra.commits("main"), commits);
    assert_eq!(infra.file("main", "values.yaml"), values(&world.repository("team/app"), "2"));
    infra.assert_sound();
}

/// The flags that propose an image for [`app_infra`].
pub(crate) fn proposing<'a>(image: &'a str, url: &'a str) -> [&'a str; 8] {
    ["update", "--image", image, "--repo", url, "--helm", "values.yaml", "--merge-request"]
}

/// Helm values with the image split in two, and a comment on the line that changes.
pub(crate) fn values(repository: &str, tag: &str) -> String {
    format!(
        "# the shop's api
replicaCount: 2

image:
  repository: {repository}
  tag: \"{tag}\"   # written by the pipeline
  pullPolicy: IfNotPresent

service: {{port: 8080, name: 'http'}}
"
    )
}

/// Helm values whose digest wins over the tag.
pub(crate) fn values_with_digest(repository: &str, tag: &str, digest: &str) -> String {
    format!("image:\n  repository: {repository}\n  tag: {tag}\n  digest: {digest}\n")
}

/// A kustomization with two images; the second is a neighbour.
pub(crate) fn kustomization(repository: &str, tag: &str) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
images:
  - name: {repository}
    newTag: \"{tag}\"
  - name: docker.io/library/redis
    newTag: \"7.2\"
"
    )
}

/// A deployment with an init container that must not change.
pub(crate) fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  selector:
    matchLabels: {{app: app}}
  template:
    metadata:
      labels: {{app: app}}
    spec:
      initContainers:
        - name: wait
          image: busybox:1.36
      containers:
        - name: app
          image: {image}
"
    )
}

/// Three documents: two workloads that run the image in every kind of container, and a text that only mentions it.
pub(crate) fn workloads(image: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: pod}}
spec:
  initContainers:
  - {{name: migrate, image: '{image}'}}
  containers:
  - name: app
    image: {image} # the app
  - name: cache
    image: redis:7.2
  ephemeralContainers:
  - {{name: debug, image: \"{image}\"}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: job}}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: job
            image: {image}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: note}}
data:
  note: |
    image: reg.example.com/a/app:v1
"
    )
}
