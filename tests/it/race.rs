//! Others push to the same branch at the same time: no commit is lost, and the edit is made on what they left.

use std::time::Duration;

use crate::samples::{app_infra, values};
use crate::world::{Bump, Nginx, Proxy, Repository, World};

/// The request that carries the push itself.
const PUSH: &str = "/git-receive-pack HTTP";

/// An infra repository behind a proxy that can let others go first.
struct Race {
    world: World,
    infra: Repository,
    proxy: Proxy,
    /// What takes the version of the protocol out of the requests, where that is done.
    _older: Option<Nginx>,
}

impl Race {
    /// One race in version 2 of Git's protocol, and one in version 0.
    fn in_both_versions() -> [Self; 2] {
        let older = World::new();
        let nginx = Nginx::without_git_protocol(&older.servers().git, &older.scratch().join("nginx"));
        [Self::new(World::new(), None), Self::new(older, Some(nginx))]
    }

    fn new(world: World, older: Option<Nginx>) -> Self {
        world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        let server = older.as_ref().map_or(&world.servers().git, |nginx| &nginx.address);
        let proxy = Proxy::to(server);
        Self { world, infra, proxy, _older: older }
    }

    /// Someone else commits these files just before the first push goes on to the server.
    fn rival(&self, path: &'static str, content: String) {
        let infra = self.infra.clone();
        self.proxy.interrupt(PUSH, move || {
            infra.commit("main", "rival", &[(path, content)]);
        });
    }

    fn update(&self) -> Bump {
        let image = format!("{}:2", self.world.repository("team/app"));
        let url = self.infra.url_at(&self.proxy.address());
        self.world.bump(["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"])
    }

    fn values(&self, tag: &str) -> String {
        values(&self.world.repository("team/app"), tag)
    }
}

#[test]
fn a_branch_that_moves_before_the_push_keeps_both_commits() {
    for race in Race::in_both_versions() {
        race.rival("other.yaml", "other: 1\n".to_owned());

        race.update().run().exits(0);

        assert_eq!(race.infra.commits("main"), 3);
        assert_eq!(race.infra.log("main~1", "%s"), "rival");
        assert_eq!(race.infra.file("main", "values.yaml"), race.values("2"));
        assert_eq!(race.infra.file("main", "other.yaml"), "other: 1\n");
        race.infra.assert_sound();
    }
}

#[test]
fn the_edit_is_made_again_on_the_line_that_others_moved() {
    for race in Race::in_both_versions() {
        let theirs = race
            .values("1")
            .replace("image:\n", "# moved down\n\nimage:\n")
            .replace("replicaCount: 2", "replicaCount: 9");
        race.rival("values.yaml", theirs.clone());

        race.update().run().exits(0);

        assert_eq!(race.infra.commits("main"), 3);
        assert_eq!(race.infra.file("main", "values.yaml"), theirs.replace("\"1\"", "\"2\""));
    }
}

#[test]
fn a_rival_that_writes_the_same_tag_leaves_nothing_to_do() {
    for race in Race::in_both_versions() {
        race.rival("values.yaml", race.values("2"));

        race.update().run().exits(0);

        assert_eq!((race.infra.commits("main"), race.infra.log("main", "%s").as_str()), (2, "rival"));
    }
}

#[test]
fn a_rival_that_removes_the_place_is_exit_5() {
    for race in Race::in_both_versions() {
        race.rival("values.yaml", "replicaCount: 2\n".to_owned());

        race.update().run().exits(5).says("values.yaml");

        assert_eq!((race.infra.commits("main"), race.infra.log("main", "%s").as_str()), (2, "rival"));
    }
}

#[test]
fn a_branch_that_moves_during_the_push_keeps_both_commits() {
    for race in Race::in_both_versions() {
        let (main, rival) = ("refs/heads/main", "refs/heads/rival");
        race.infra.set_ref(rival, &race.infra.tip("main"));
        race.infra.commit("rival", "rival", &[("other.yaml", "other: 1\n")]);
        race.infra.hook("pre-receive", &format!("{UNGUARDED}\ngit update-ref {main} {rival}\nrm hooks/pre-receive"));

        race.update().run().exits(0);

        assert_eq!((race.infra.commits("main"), race.infra.log("main~1", "%s").as_str()), (3, "rival"));
        assert_eq!(race.infra.file("main", "values.yaml"), race.values("2"));
        race.infra.assert_sound();
    }
}

#[test]
fn a_branch_that_moves_five_times_keeps_all_commits() {
    for race in Race::in_both_versions() {
        let move_on = format!(
            "{UNGUARDED}\necho attempt >> attempts\n\
             [ $(wc -l < attempts) -gt 5 ] || git update-ref refs/heads/main $({RIVAL})"
        );
        race.infra.hook("pre-receive", &move_on);

        let run = race.update().run().exits(0).says("the branch moved");

        assert_eq!((race.infra.attempts(), race.infra.commits("main")), (6, 7), "{run}");
        assert_eq!(race.infra.log("main~1", "%s"), "rival");
        assert_eq!(race.infra.file("main", "values.yaml"), race.values("2"));
        race.infra.assert_sound();
    }
}

#[test]
fn the_same_line_written_during_the_push_leaves_nothing_to_do() {
    for race in Race::in_both_versions() {
        let (main, rival) = ("refs/heads/main", "refs/heads/rival");
        race.infra.set_ref(rival, &race.infra.tip("main"));
        race.infra.commit("rival", "rival", &[("values.yaml", race.values("2"))]);
        race.infra.hook("pre-receive", &format!("{UNGUARDED}\ngit update-ref {main} {rival}\nrm hooks/pre-receive"));

        race.update().run().exits(0);

        assert_eq!((race.infra.commits("main"), race.infra.log("main", "%s").as_str()), (2, "rival"));
    }
}

#[test]
fn a_branch_that_moves_at_every_attempt_is_exit_6() {
    for race in Race::in_both_versions() {
        race.infra.hook(
            "pre-receive",
            &format!("{UNGUARDED}\necho attempt >> attempts\ngit update-ref refs/heads/main $({RIVAL})"),
        );

        let run = race.update().env("GITOPS_BUMP_PUSH_TIMEOUT", "2s").run().exits(6).says("GITOPS_BUMP_PUSH_TIMEOUT");

        assert!(race.infra.attempts() > 1, "the lost push was not tried again\n{run}");
        assert!(run.took < Duration::from_secs(20), "{run}");
        assert_eq!(race.infra.commits("main"), 1 + race.infra.attempts());
        assert_eq!(race.infra.file("main", "values.yaml"), race.values("1"));
    }
}

/// A hook runs where refs can't be changed; a rival's push doesn't.
const UNGUARDED: &str = "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES";

/// Prints a new commit on the branch that changes nothing.
const RIVAL: &str = "git -c user.name=r -c user.email=r@example.com commit-tree -m rival -p main 'main^{tree}'";
