//! What was pushed is what the GitOps controllers render: the real helm and kubectl name the new image.

use crate::samples::{deployment, kustomization};
use crate::world::{World, helm_template, kubectl_kustomize};

const TEMPLATE: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:\n  containers:\n    - name: app\n      \
                        image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\n";

#[test]
fn helm_renders_a_tag_that_reads_as_a_number() {
    let world = World::new();
    let repository = world.repository("team/app");
    let infra = world.infra(
        "infra-helm",
        &[
            ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 0.1.0\n"),
            ("templates/pod.yaml", TEMPLATE),
            ("values.yaml", &format!("image:\n  repository: {repository}\n  tag: \"\"\n")),
            ("values-prod.yaml", "image:\n  tag: abc1234 # by the pipeline\n"),
        ],
    );

    // Read as a number, the second would render as 5.846e+799 and the third as 1.1.
    for tag in ["1.4.2", "5846e796", "1.10"] {
        let image = world.push("team/app", tag);
        let target = "values-prod.yaml:image.tag";
        world.bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", target]).run().exits(0);
        let clone = world.scratch().join(tag);
        infra.check_out("main", &clone);
        let rendered = helm_template(&clone, "values-prod.yaml");
        assert!(rendered.contains(&format!("image: \"{image}\"")), "{rendered}");
    }
}

#[test]
fn kustomize_renders_the_new_tag_and_leaves_the_neighbour() {
    let world = World::new();
    let repository = world.repository("team/app");
    let infra = world.infra(
        "infra-kustomize",
        &[
            ("overlays/prod/kustomization.yaml", &*kustomization(&repository, "1.0.0")),
            ("overlays/prod/deployment.yaml", &deployment(&repository)),
        ],
    );

    for tag in ["1.4.2", "12345678"] {
        let image = world.push("team/app", tag);
        world
            .bump(["update", "--image", &image, "--repo", &infra.url(), "--kustomize", "overlays/prod"])
            .run()
            .exits(0);
        let clone = world.scratch().join(tag);
        infra.check_out("main", &clone);
        let rendered = kubectl_kustomize(&clone.join("overlays/prod"));
        assert!(rendered.contains(&format!("image: {image}\n")), "{rendered}");
        assert!(rendered.contains("image: busybox:1.36\n"), "{rendered}");
    }
}
