//! `rollback` while others push: nothing is written from an outdated history, and nothing goes back twice.

use crate::samples::{app_infra, values};
use crate::world::{Proxy, Repository, Run, World};

/// The request that carries the push itself.
const PUSH: &str = "/git-receive-pack HTTP";

/// An infra repository with the versions 1, 2 and 3, behind a proxy that lets others go first.
struct Race {
    world: World,
    infra: Repository,
    proxy: Proxy,
    app: String,
}

impl Race {
    fn new() -> Self {
        let world = World::new();
        let (app, infra) = (world.repository("team/app"), app_infra(&world, "1"));
        for tag in ["1", "2", "3"] {
            world.push("team/app", tag);
        }
        for tag in ["2", "3"] {
            infra.commit("main", "bump", &[("values.yaml", values(&app, tag))]);
        }
        let proxy = Proxy::to(&world.servers().git);
        Self { world, infra, proxy, app }
    }

    /// Somebody else commits just before the first push goes on to the server.
    fn rival(&self, message: String, path: &'static str, content: String) {
        let infra = self.infra.clone();
        self.proxy.interrupt(PUSH, move || drop(infra.commit("main", &message, &[(path, content)])));
    }

    fn rollback(&self) -> Run {
        let url = self.infra.url_at(&self.proxy.address());
        self.world.bump(["rollback", "--repo", &url, "--helm", "values.yaml"]).run()
    }

    #[track_caller]
    fn comes_to(&self, commits: usize, tag: &str) {
        assert_eq!(self.infra.commits("main"), commits);
        assert_eq!(self.infra.file("main", "values.yaml"), values(&self.app, tag));
        self.infra.assert_sound();
    }
}

#[test]
fn others_files_change_nothing() {
    let race = Race::new();
    race.rival("rival".to_owned(), "other.yaml", "other: 1\n".to_owned());
    race.rollback().exits(0);
    race.comes_to(5, "2");
    assert_eq!(race.infra.file("main", "other.yaml"), "other: 1\n");
}

#[test]
fn a_bump_in_between_is_what_goes_back() {
    let race = Race::new();
    race.world.push("team/app", "4");
    race.rival("bump".to_owned(), "values.yaml", values(&race.app, "4"));
    race.rollback().exits(0);
    race.comes_to(5, "3");
    assert!(race.infra.log("main", "%B").contains(&format!("Rolled-Back-From: {}:4\n", race.app)));
}

#[test]
fn two_that_roll_back_go_back_once() {
    let race = Race::new();
    let message = format!("Roll back\n\nRolled-Back-From: {}:3", race.app);
    race.rival(message, "values.yaml", values(&race.app, "2"));
    race.rollback().exits(0).says("unchanged");
    race.comes_to(4, "2");
    // The next one goes on from there.
    race.rollback().exits(0);
    race.comes_to(5, "1");
}

#[test]
fn what_was_published_does_not_go_back_once_more() {
    let race = Race::new();
    let web = race.world.repository("team/web");
    for tag in ["1", "2"] {
        race.world.push("team/web", tag);
    }
    race.world.push("team/app", "4");
    let other = race.world.infra("other", &[("w.yaml", &values(&web, "0"))]);
    for tag in ["1", "2"] {
        other.commit("main", "bump", &[("w.yaml", values(&web, tag))]);
    }
    let (url, app) = (race.infra.url_at(&race.proxy.address()), &race.app);
    let config = format!(
        "images:\n  app: {app}:${{TAG}}\n  web: {web}:${{TAG}}\nrepositories:\n  - url: {url}\n    helm: [{{file: values.yaml}}]\n  - url: {}\n    helm: [{{file: w.yaml}}]\n",
        other.url()
    );
    race.world.write(".gitops-bump.yml", config);
    let hosts = format!("{} {}", race.world.servers().git, race.proxy.address());
    // The other repository's push is through by the time that this one's history is another one.
    let (infra, done, content) = (race.infra.clone(), other.clone(), values(&race.app, "4"));
    race.proxy.interrupt(PUSH, move || {
        let is_there = || done.commits("main") == 4;
        (0..600).take_while(|_| !is_there()).for_each(|_| std::thread::sleep(std::time::Duration::from_millis(50)));
        infra.commit("main", "bump", &[("values.yaml", content)]);
    });

    let run = race.world.bump(["rollback", "--report-json", "r.json"]).env("GITOPS_BUMP_GIT_HOSTS", hosts).run();

    run.exits(0);
    race.comes_to(5, "3");
    assert_eq!((other.commits("main"), other.file("main", "w.yaml")), (4, values(&web, "1")));
    let report: serde_json::Value = serde_json::from_str(&race.world.read("r.json")).expect("the report is JSON");
    let outcomes: Vec<&str> =
        report["repositories"].as_array().expect("a list").iter().filter_map(|one| one["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["updated", "updated"]);
}
