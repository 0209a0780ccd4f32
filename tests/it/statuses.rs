//! `--wait-status`: the named statuses of the pushed commit or of a later one tell how a run ends, on every forge.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::samples::{app_infra, values};
use crate::world::{Bump, FORGE_TOKEN, Host, Reporter, Repository, Script, Secret, World, recorded, status};

const HOSTS: [(Host, &str); 3] = [(Host::Gitlab, "gitlab"), (Host::Github, "github"), (Host::Gitea, "gitea")];

/// An infra repository on a forge whose commits get statuses.
struct Scene {
    world: World,
    infra: Repository,
    image: String,
    reporter: Reporter,
    forge: &'static str,
}

impl Scene {
    fn new((host, forge): (Host, &'static str), script: Script) -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        let reporter = Reporter::start(host, &infra, &world.servers().git, script);
        Self { world, infra, image, reporter, forge }
    }

    /// `update` with the token of the forge, which is named.
    fn update(&self, flags: &[&str]) -> Bump {
        let named = ["--forge", self.forge];
        let secret = Secret::new("forge".to_owned(), FORGE_TOKEN.to_owned());
        let update = self.plain(&[&named, flags].concat());
        update.env("GITOPS_BUMP_FORGE_TOKEN", FORGE_TOKEN).hiding(&secret)
    }

    fn plain(&self, flags: &[&str]) -> Bump {
        let url = self.reporter.url();
        let fixed = ["update", "--image", &self.image, "--repo", &url, "--helm", "values.yaml"];
        self.world.bump(fixed.iter().chain(flags))
    }

    fn is_pushed(&self) -> bool {
        self.infra.file("main", "values.yaml") == values(&self.world.repository("team/app"), "2")
    }

    /// Somebody pushes on top, this long after the run did.
    fn overtake(&self, after: Duration) -> String {
        let started = Instant::now();
        while !self.is_pushed() {
            assert!(started.elapsed() < Duration::from_secs(30), "the run does not push");
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(after);
        self.infra.commit("main", "another change", &[("other.yaml", "a: 1\n")])
    }
}

#[test]
fn the_named_statuses_are_waited_for_on_every_forge() {
    for host in HOSTS {
        let scene = Scene::new(host, recorded("bump"));
        let patterns = ["--wait-status", "kustomization/shop-dev/*", "--wait-status", "*/shop-prod/*"];

        let run = scene.update(&patterns).run().exits(0);

        // The combined state was success five seconds before.
        let run = run.says("kustomization/shop-dev/cafefa91 is success (reconciliation succeeded)");
        run.says("are successful");
        assert!(scene.is_pushed());
        let asked = scene.reporter.asked();
        assert!(asked.iter().any(|asked| asked.contains("page=2")), "{asked:?}");
        assert!(!asked.iter().any(|asked| asked.contains("/status?")), "{asked:?}");
    }
}

#[test]
fn a_failure_ends_the_wait_at_once_with_its_words() {
    for host in HOSTS {
        let scene = Scene::new(host, recorded("cannot-be-built"));
        let patterns = ["--wait-status", "kustomization/shop-*", "--wait-status", "kustomization/other/*"];
        let run = scene.update(&patterns).run().exits(11);
        let run = run.says("kustomization/shop-prod/cafefa91 is fail").says("(build failed)");
        run.says("The commit is pushed");
        assert!(scene.is_pushed());
    }
}

#[test]
fn a_failure_that_comes_late_is_one_and_others_failures_are_not() {
    let scene = Scene::new(HOSTS[2], recorded("image-that-cannot-be-pulled"));
    // Another Kustomization succeeds twenty seconds before.
    let run = scene.update(&["--wait-status", "kustomization/shop-dev/*"]).run().exits(11);
    run.says("kustomization/shop-dev/cafefa91 is failure (health check failed)");

    let scene = Scene::new(HOSTS[2], recorded("cannot-be-built"));
    scene.update(&["--wait-status", "kustomization/shop-dev/*"]).run().exits(0);
}

#[test]
fn the_successor_of_a_commit_that_was_overtaken_counts() {
    for host in HOSTS {
        let scene = Scene::new(host, recorded("superseded"));
        let bump = scene.update(&["--wait-status", "kustomization/shop-dev/*"]);
        let (run, later) = thread::scope(|scope| {
            let run = scope.spawn(|| bump.run());
            let later = scene.overtake(Duration::from_millis(1400));
            (run.join().expect("the run ends"), later)
        });
        run.exits(0)
            .says(&format!("the later commit {} contains the pushed commit", &later[..12]))
            .says(&format!("on {}", &later[..12]));
    }
}

#[test]
fn a_commit_beside_the_pushed_one_does_not_count() {
    let failed = json!([status(1, "k/dev/1", "failure")]);
    let scene = Scene::new(HOSTS[0], vec![(0.0, 0, json!([status(9, "k/dev/1", "success")])), (1.0, 1, failed)]);
    let run = scene.update(&["--wait-status", "k/dev/*"]).run().exits(11);
    run.says("k/dev/1 is failed").says("https://ci.example.com/1");
}

#[test]
fn a_successor_mends_a_failure() {
    // The failure is seen together with what mends it.
    let script = vec![
        (0.0, 1, json!([status(1, "k/dev/1", "pending")])),
        (2.0, 1, json!([status(2, "k/dev/1", "failure"), status(1, "k/dev/1", "pending")])),
        (0.0, 2, json!([status(3, "k/dev/1", "pending")])),
        (7.0, 2, json!([status(3, "k/dev/1", "pending"), status(4, "k/dev/1", "success")])),
    ];
    let scene = Scene::new(HOSTS[1], script);
    scene.infra.hook("post-receive", OVERTAKEN);
    scene.update(&["--wait-status", "k/dev/*"]).run().exits(0).says("k/dev/1 is pending");
}

/// A hook that adds a commit to what was pushed.
const OVERTAKEN: &str = "id=$(git -c user.name=R -c user.email=r@example.com commit-tree -p main -m later main^{tree})
git update-ref refs/heads/main $id";

#[test]
fn what_never_comes_is_exit_11_at_the_timeout_with_the_names_that_are_there() {
    let script = vec![(0.0, 1, json!([status(1, "ci/test", "success"), status(2, "k/dev/1", "pending")]))];
    let scene = Scene::new(HOSTS[0], script);
    let flags = ["--wait-status", "k/dev/*", "--wait-status", "k/prod/*", "--wait-status-timeout", "2s"];
    let run = scene.update(&flags).run().exits(11);
    let run = run.says("after 2s no status matches k/prod/*, k/dev/1 is pending (k/dev/1 said pending)");
    let run = run.says("the statuses are ci/test, k/dev/1").says("--wait-status-timeout");
    assert!(run.took < Duration::from_secs(10), "{run}");
}

#[test]
fn with_nothing_pushed_the_branchs_tip_tells() {
    for (state, code) in [("success", 0), ("error", 11)] {
        let scene = Scene::new(HOSTS[2], Vec::new());
        scene.infra.commit("main", "done", &[("values.yaml", values(&scene.world.repository("team/app"), "2"))]);
        let script = vec![(0.0, 0, json!([status(1, "k/dev/1", state)]))];
        let reporter = Reporter::start(Host::Gitea, &scene.infra, &scene.world.servers().git, script);
        let scene = Scene { reporter, ..scene };
        // A public project's statuses need no token, and a Gitea is known by how it answers.
        scene.plain(&["--wait-status", "k/dev/*"]).run().exits(code).says("nothing to do");
    }
}

#[test]
fn a_server_that_is_no_forge_is_exit_3_before_the_push() {
    let scene = Scene::new(HOSTS[0], Vec::new());
    let before = scene.infra.tip("main");
    let directory = scene.infra.directory().to_str().expect("the path is text").to_owned();
    for url in [scene.infra.url(), directory] {
        let fixed = ["update", "--image", &scene.image, "--repo", &url, "--helm", "values.yaml"];
        for mode in [&[][..], &["--dry-run"]] {
            let flags = [&fixed[..], &["--wait-status", "k/*"], mode].concat();
            scene.world.bump(flags).run().exits(3).says("--forge");
        }
    }
    assert_eq!(scene.infra.tip("main"), before);
}

#[test]
fn a_wrong_token_ends_the_wait_at_once_and_a_busy_server_does_not() {
    for host in HOSTS {
        let scene = Scene::new(host, vec![(0.0, 1, json!([status(1, "k/dev/1", "success")]))]);
        let wrong = scene.update(&["--wait-status", "k/dev/*"]).env("GITOPS_BUMP_FORGE_TOKEN", "another-token");
        let run = wrong.run().exits(11).says("GITOPS_BUMP_FORGE_TOKEN").says("denies access");
        assert!(run.took < Duration::from_secs(15), "{run}");

        let scene = Scene::new(host, vec![(0.0, 1, json!([status(1, "k/dev/1", "success")]))]);
        (0..4).for_each(|_| scene.reporter.trouble("/statuses", 503));
        scene.update(&["--wait-status", "k/dev/*"]).run().exits(0).says("answers 503");
    }
}
