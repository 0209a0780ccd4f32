//! Files as infra repositories hold them, with neighbours that must not change; knows nothing of the binary.

/// Helm values with the image split in two, and a comment on the line that changes.
pub(crate) fn values(repository: &str, tag: &str) -> String {
    format!(
        "# the shop's api\n\
         replicaCount: 2\n\
         \n\
         image:\n\
         \x20 repository: {repository}\n\
         \x20 tag: \"{tag}\"   # written by the pipeline\n\
         \x20 pullPolicy: IfNotPresent\n\
         \n\
         service: {{port: 8080, name: 'http'}}\n"
    )
}

/// Helm values whose digest wins over the tag.
pub(crate) fn values_with_digest(repository: &str, tag: &str, digest: &str) -> String {
    format!("image:\n  repository: {repository}\n  tag: {tag}\n  digest: {digest}\n")
}

/// A kustomization with two images; the second is a neighbour.
pub(crate) fn kustomization(repository: &str, tag: &str) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\n\
         kind: Kustomization\n\
         resources:\n\
         \x20 - deployment.yaml\n\
         images:\n\
         \x20 - name: {repository}\n\
         \x20   newTag: \"{tag}\"\n\
         \x20 - name: docker.io/library/redis\n\
         \x20   newTag: \"7.2\"\n"
    )
}

/// A deployment with an init container that must not change.
pub(crate) fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1\n\
         kind: Deployment\n\
         metadata:\n\
         \x20 name: app\n\
         spec:\n\
         \x20 selector:\n\
         \x20   matchLabels: {{app: app}}\n\
         \x20 template:\n\
         \x20   metadata:\n\
         \x20     labels: {{app: app}}\n\
         \x20   spec:\n\
         \x20     initContainers:\n\
         \x20       - name: wait\n\
         \x20         image: busybox:1.36\n\
         \x20     containers:\n\
         \x20       - name: app\n\
         \x20         image: {image}\n"
    )
}

/// A digest that no image has.
pub(crate) const OLD_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
