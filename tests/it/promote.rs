//! `promote`: what one environment names is what another one renders afterwards, and nothing else is.

use crate::samples::{OLD_DIGEST, deployment};
use crate::world::{ARGOCD_TOKEN, Argocd, Bump, COPY, Proxy, Repository, World, application, kubectl_kustomize};

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

#[test]
fn a_tag_is_promoted_while_it_means_the_digest_of_the_source() {
    let shop = Shop::new("\"1\"");
    let digest = shop.digest("2");
    shop.infra.commit("main", "staging", &[("staging/values.yaml", values(&shop.app, &format!("2@{digest}")))]);

    shop.promote(&[]).run().exits(0);
    assert_eq!(shop.production(), kustomization(&shop.app, "\"2\""));
    shop.promote(&[]).run().exits(0).says("nothing to do");

    shop.world.servers().push_next(&format!("{}:2", shop.app));
    shop.promote(&[]).run().exits(9).says("does not point to").says("--pin digest");
    assert_eq!(shop.infra.commits("main"), 3);
}

#[test]
fn a_tag_alone_is_said_to_mean_what_it_means_today() {
    let shop = Shop::new("\"2\"");
    let run = shop.promote(&["--pin", "digest", "--dry-run"]).run().exits(0);
    let run = run.says("without a digest").says("to which this tag points now");
    assert!(run.stdout.contains(&format!("+    digest: {}", shop.digest("2"))), "{run}");
    assert_eq!(shop.infra.commits("main"), 1);
    shop.promote(&["--image", &format!("{}:9", shop.app)]).run().exits(0);
    assert_eq!(shop.production(), kustomization(&shop.app, "\"2\""));
}

#[test]
fn a_digest_alone_goes_only_where_a_digest_stands_alone() {
    let shop = Shop::new("\"1\"");
    let new = shop.digest("2");
    let source = format!("image: {}@{new}\n", shop.app);
    let entry = |digest: &str| {
        let app = &shop.app;
        format!("kind: Kustomization\nresources: [deployment.yaml]\nimages:\n  - name: {app}\n    digest: {digest}\n")
    };
    shop.infra.commit("main", "staging", &[("staging/values.yaml", &source)]);
    shop.promote(&[]).run().exits(5).says("needs a tag");
    shop.infra.commit("main", "production", &[("production/kustomization.yaml", &entry(OLD_DIGEST))]);

    shop.promote(&[]).run().exits(0);

    assert_eq!(shop.production(), entry(&new));
    let message = shop.infra.log("main", "%B");
    assert!(message.contains(&format!("Image: {}@{new}", shop.app)), "{message}");
}

#[test]
fn what_the_source_does_not_say_is_listed() {
    let shop = Shop::new("\"2\"");
    let two = |one: &str, other: &str| format!("{}job:\n  image: {}:{other}\n", values(&shop.app, one), shop.app);
    for (text, words) in [
        (two("\"2\"", "3"), "has different versions"),
        (values(&shop.app, "\"\""), "has places without a version"),
        (values(&shop.app, "\"2\"") + "side:\n  image: r.example.com/side:1\n", "r.example.com/side"),
        ("image: r.example.com/other:1\n".to_owned(), "only production has"),
    ] {
        shop.infra.commit("main", "staging", &[("staging/values.yaml", &text)]);
        shop.promote(&[]).run().exits(5).says(words).says("staging/values.yaml");
    }
    assert_eq!(shop.production(), kustomization(&shop.app, "\"1\""));
    // One image alone is asked for: what else differs does not matter.
    let side = values(&shop.app, "\"2\"") + "side:\n  image: r.example.com/side:1\n";
    shop.infra.commit("main", "staging", &[("staging/values.yaml", &side)]);
    shop.promote(&["--image", &shop.app]).run().exits(0);
    shop.promote(&["--image", "r.example.com/gone"]).run().exits(5).says("neither staging nor production");
}

#[test]
fn wrong_ends_are_told_before_anything_is_read() {
    let shop = Shop::new("\"2\"");
    let run = |from: &str, to: &str| shop.world.bump(["promote", "--from", from, "--to", to]).run();
    run("staging", "staging").exits(2);
    run("staging", "prod").exits(3).says("staging, production");
    shop.world.bump(["promote", "--from", "staging"]).run().exits(2).says("--to");
    shop.promote(&["--require-live"]).run().exits(2).says("--argocd-server");
}

/// The request that carries the push itself.
const PUSH: &str = "/git-receive-pack HTTP";

#[test]
fn a_source_that_changes_before_the_push_is_read_again() {
    let shop = Shop::new("\"2\"");
    let proxy = Proxy::to(&shop.world.servers().git);
    let text = shop.world.read(".gitops-bump.yml").replace(&shop.world.servers().git, &proxy.address());
    shop.world.write(".gitops-bump.yml", text);
    let (infra, later) = (shop.infra.clone(), values(&shop.app, "\"3\""));
    proxy.interrupt(PUSH, move || {
        infra.commit("main", "staging", &[("staging/values.yaml", &later)]);
    });

    let run = shop.promote(&[]).env("GITOPS_BUMP_GIT_HOSTS", proxy.address()).run().exits(0);

    let run = run.says("read again");
    assert_eq!((shop.infra.commits("main"), shop.production()), (3, kustomization(&shop.app, "\"3\"")), "{run}");
    shop.infra.assert_sound();
}

#[test]
fn a_source_elsewhere_is_asked_again_right_before_the_push() {
    let shop = Shop::new("\"1\"");
    let staging = shop.world.infra("staging", &[("values.yaml", &*values(&shop.app, "\"2\""))]);
    let proxy = Proxy::to(&shop.world.servers().git);
    shop.world.write(
        ".gitops-bump.yml",
        format!(
            "repositories:\n  - url: {}\n    environments: [staging]\n    helm: [{{file: values.yaml}}]\n  - url: {}\n    \
             environments: [production]\n    kustomize: [{{path: production}}]\n",
            staging.url(),
            shop.infra.url_at(&proxy.address())
        ),
    );
    let (source, later) = (staging.clone(), values(&shop.app, "\"3\""));
    // The branch of production moves, and meanwhile staging, too: the second attempt is one with the newer version.
    let infra = shop.infra.clone();
    proxy.interrupt(PUSH, move || {
        infra.commit("main", "rival", &[("other.yaml", "a: 1\n")]);
        source.commit("main", "staging", &[("values.yaml", &later)]);
    });
    let hosts = format!("{} {}", shop.world.servers().git, proxy.address());

    let run = shop.promote(&[]).env("GITOPS_BUMP_GIT_HOSTS", hosts).run().exits(0);

    let run = run.says("read again");
    assert_eq!((shop.infra.commits("main"), shop.production()), (3, kustomization(&shop.app, "\"3\"")), "{run}");
    assert_eq!(staging.commits("main"), 2);
}

#[test]
fn only_what_argocd_says_is_running_is_promoted_where_that_is_required() {
    let shop = Shop::new("\"2\"");
    let image = |tag: &str| format!("{}:{tag}", shop.app);
    let state = |sync: &str, tag: &str| {
        let mut application = application(sync, "Healthy", "BEFORE", &[&image(tag)]);
        application["spec"]["source"]["path"] = "staging".into();
        (200, application)
    };
    for (state, code) in [(state("Synced", "1"), 9), (state("Synced", "2"), 0)] {
        let argocd = Argocd::of(&shop.infra, [state]);
        let flags = ["--require-live", "--argocd-server", &argocd.server(), "--mirror-copy", COPY];
        let flags = [&flags[..], &["--argocd-app", "shop", "--argocd-timeout", "3s", "--dry-run"]].concat();
        let run = shop.promote(&flags).env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN).run();
        assert_eq!((run.code, run.stderr.contains("no application")), (code, false), "{run}");
    }
    assert_eq!(shop.infra.commits("main"), 1);
}

#[test]
fn a_promotion_costs_what_its_paths_cost() {
    let world = World::new();
    let (image, app) = (world.push("team/app", "2"), world.repository("team/app"));
    let infra = world.empty_infra("infra");
    let path = |environment: &str| format!("clusters/c7/team-11/app-4/values-{environment}.yaml");
    let mut files = vec![(path("staging"), values(&app, "\"2\"")), (path("prod"), values(&app, "\"1\""))];
    files.extend((0..20_000).map(|number| {
        let (cluster, team, app) = (number % 10, number / 10 % 20, number / 200 % 10);
        let file = format!("clusters/c{cluster}/team-{team}/app-{app}/{number}.yaml");
        (file, values(&format!("reg.example.com/app-{number}"), "1"))
    }));
    infra.commit("main", "20 000 files", &files);
    let proxy = Proxy::to(&world.servers().git);

    let (url, helm) = (infra.url_at(&proxy.address()), path("<env>"));
    let run =
        world.bump(["promote", "--from", "staging", "--to", "prod", "--repo", &url, "--helm", &helm]).run().exits(0);

    assert_eq!((infra.commits("main"), infra.file("main", &path("prod"))), (2, values(&app, "\"2\"")), "{image}");
    let (down, up, requests) = (proxy.downloaded(), proxy.uploaded(), proxy.requests());
    println!("{requests} requests, {down} bytes down, {up} bytes up, {:?}", run.took);
    assert!(down < 32 * 1024 && up < 64 * 1024, "{down} bytes were downloaded, {up} uploaded");
    // One request more than a bump: the tip is asked for once to read both environments, and once more for the push.
    assert!(requests <= 11, "{requests} requests");
    infra.assert_sound();
}
