//! The real registry behind a real nginx in trouble: what passes is outlasted, what stays is said, each in its own words.

use std::thread;
use std::time::Duration;

use crate::samples::values;
use crate::world::{Fault, Faults, Run, World};

/// The registry with an image, and the trouble before it.
struct Troubled {
    world: World,
    faults: Faults,
    image: String,
    digest: String,
}

impl Troubled {
    fn by(fault: Fault) -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let digest = world.servers().digest(&image);
        let faults = Faults::before(&world.servers().registry, &world.scratch().join("nginx"));
        let image = image.replace(&world.servers().registry, faults.address());
        faults.begin(fault);
        Self { world, faults, image, digest }
    }

    fn check(&self, flags: &[&str]) -> Run {
        let arguments = ["check", "--image", &self.image, "--plain-http", self.faults.address()];
        self.world.bump(arguments.iter().chain(flags)).run()
    }

    /// Checks while the trouble passes after this time.
    #[track_caller]
    fn outlasts(&self, fault: Fault, lasts: Duration, flags: &[&str]) -> Run {
        let run = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(lasts);
                self.faults.end(fault);
            });
            self.check(flags)
        });
        assert_eq!(self.faults.answers(200), 1, "{run}");
        run.exits(0).prints(&format!("{}@{}\n", self.image, self.digest))
    }
}

#[test]
fn a_limit_is_left_alone_as_long_as_it_asks_for() {
    let troubled = Troubled::by(Fault::Limited);
    let run = troubled.outlasts(Fault::Limited, Duration::from_secs(1), &[]);
    assert!(run.took >= Duration::from_secs(2), "{run}");
    assert_eq!(troubled.faults.answers(429), 1, "{run}");
}

#[test]
fn a_limit_that_stays_is_exit_7_with_the_registrys_words() {
    let troubled = Troubled::by(Fault::Limited);
    let run = troubled.check(&[]).exits(7).prints("").says("limits the rate of requests: slow down");
    let run = run.says("the registry asks for a wait of 2 s");
    assert_eq!(troubled.faults.answers(429), 4, "{run}");
    assert!(run.took < Duration::from_secs(15), "{run}");
}

#[test]
fn a_registry_that_is_down_for_a_moment_is_outlasted() {
    let troubled = Troubled::by(Fault::Down);
    troubled.outlasts(Fault::Down, Duration::from_secs(1), &[]);
    assert!(troubled.faults.answers(503) >= 2);
}

#[test]
fn a_registry_that_is_down_is_exit_7_and_waited_for_when_asked() {
    let troubled = Troubled::by(Fault::Down);
    let run = troubled.check(&[]).exits(7).prints("").says("failed with status 503: down");
    assert_eq!(troubled.faults.answers(503), 4, "{run}");
    let run = troubled.outlasts(Fault::Down, Duration::from_secs(8), &["--wait", "30s"]);
    assert!(run.took < Duration::from_secs(20), "{run}");
    run.says("waiting up to ").says(&format!(" for {}: ", troubled.image));
}

#[test]
fn a_connection_that_breaks_is_made_again() {
    let troubled = Troubled::by(Fault::Closed);
    let run = troubled.check(&[]).exits(7).prints("").says("cannot be reached");
    assert_eq!(troubled.faults.answers(444), 4, "{run}");
    troubled.outlasts(Fault::Closed, Duration::from_secs(1), &[]);
}

#[test]
fn a_registry_that_stalls_is_exit_7_and_waited_for_when_asked() {
    let troubled = Troubled::by(Fault::Stalled);
    thread::scope(|scope| {
        let patient = scope.spawn(|| troubled.outlasts(Fault::Stalled, Duration::from_secs(5), &["--wait", "1m"]));
        let run = troubled.check(&[]).exits(7).prints("").says("it gave no answer in time");
        assert!(run.took < Duration::from_secs(30), "{run}");
        let run = patient.join().expect("it is outlasted");
        assert!(run.took < Duration::from_secs(30), "{run}");
    });
}

#[test]
fn an_update_outlasts_the_same_and_publishes_nothing_before() {
    let troubled = Troubled::by(Fault::Down);
    let repository = troubled.image.trim_end_matches(":2");
    let infra = troubled.world.infra("infra", &[("values.yaml", values(repository, "1").as_str())]);
    let (url, plain) = (infra.url(), troubled.faults.address());
    let arguments =
        ["update", "--image", &troubled.image, "--repo", &url, "--helm", "values.yaml", "--plain-http", plain];
    troubled.world.bump(arguments).run().exits(7);
    assert_eq!(infra.commits("main"), 1);
    troubled.faults.end(Fault::Down);
    troubled.world.bump(arguments).run().exits(0);
    assert_eq!(infra.file("main", "values.yaml"), values(repository, "2"));
}
