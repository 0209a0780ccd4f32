//! `promote`: what one environment names is what another one renders afterwards, and nothing else is.

use crate::samples::deployment;
use crate::world::{Bump, Repository, World, kubectl_kustomize};

/// Two environments in one repository: Helm values with tag and digest for staging, a kustomization for production.
struct Shop {
    world: World,
    infra: Repository,
    app: String,
}

impl Shop {
    fn new(version: &str) -> Self {
        let world = World::new();
        let app = world.repository("team/app");
        for tag in ["1", "2", "3"] {
            world.push("team/app", tag);
        }
        let infra = world.infra(
            "shop",
            &[
                ("staging/values.yaml", &*values(&app, version)),
                ("production/kustomization.yaml", &kustomization(&app, "\"1\"")),
                ("production/deployment.yaml", &deployment(&format!("{app}:0"))),
            ],
        );
        let shop = Self { world, infra, app };
        shop.config("pin: tag");
        shop
    }

    fn config(&self, top: &str) {
        let url = self.infra.url();
        let text = format!(
            "{top}\nenvironments: [staging, production]\nrepositories:\n  - url: {url}\n    helm:\n      - \
             {{file: <env>/values.yaml, environments: [staging]}}\n    kustomize:\n      - \
             {{path: <env>, environments: [production]}}\n"
        );
        self.world.write(".gitops-bump.yml", text);
    }

    fn promote(&self, more: &[&str]) -> Bump {
        let host = self.world.servers().git.clone();
        let arguments = [&["promote", "--from", "staging", "--to", "production"], more].concat();
        self.world.bump(arguments).env("GITOPS_BUMP_GIT_HOSTS", host)
    }

    fn digest(&self, tag: &str) -> String {
        self.world.servers().digest(&format!("{}:{tag}", self.app))
    }

    fn rendered(&self) -> String {
        let clone = self.world.scratch().join(self.infra.tip("main"));
        self.infra.check_out("main", &clone);
        kubectl_kustomize(&clone.join("production"))
    }

    fn production(&self) -> String {
        self.infra.file("main", "production/kustomization.yaml")
    }
}

fn values(app: &str, version: &str) -> String {
    format!("image:\n  repository: {app}\n  tag: {version}\n")
}

fn kustomization(app: &str, tag: &str) -> String {
    format!("kind: Kustomization\nresources: [deployment.yaml]\nimages:\n  - name: {app}\n    newTag: {tag}\n")
}

#[test]
fn a_digest_is_promoted_from_helm_to_kustomize() {
    let shop = Shop::new("\"1\"");
    let digest = shop.digest("2");
    // The tag means another image by now: what staging runs is what its digest says.
    shop.infra.commit("main", "staging", &[("staging/values.yaml", values(&shop.app, &format!("2@{digest}")))]);
    shop.world.servers().push_next(&format!("{}:2", shop.app));

    let run = shop.promote(&["--pin", "digest"]).run().exits(0);

    assert_eq!(
        (shop.infra.commits("main"), shop.infra.file("main", "staging/values.yaml")),
        (3, values(&shop.app, &format!("2@{digest}"))),
        "{run}"
    );
    let message = shop.infra.log("main", "%B");
    assert!(message.starts_with("Promote app 2 from staging to production\n"), "{message}");
    assert!(message.contains(&format!("\nPromoted-From: staging\nImage: {}:2@{digest}", shop.app)), "{message}");
    let rendered = shop.rendered();
    assert!(rendered.contains(&format!("image: {}:2@{digest}\n", shop.app)), "{rendered}");
    shop.infra.assert_sound();

    shop.promote(&["--pin", "digest"]).run().exits(0).says("nothing to do");
    shop.promote(&["--pin", "digest", "--fail-on-unchanged"]).run().exits(10);
    assert_eq!(shop.infra.commits("main"), 3);
}
