//! The moves of a version together: what is gone back to is held, a freeze lets a rollback pass, and promotions meet each other, holds and
//! freezes.

use std::thread;

use crate::samples::values;
use crate::shop::Shop;
use crate::world::{Bump, Repository, Way, World};

/// From Friday 16:00 to Monday 08:00; this Saturday is in it.
const FREEZE: &str = "freeze: [{ cron: '0 16 * * 5', for: 64h, timezone: Europe/Paris }]\n";
const SATURDAY: &str = "2026-03-28 12:00:00";

#[test]
fn what_is_gone_back_to_is_held_until_somebody_releases_it() {
    let shop = Shop::new();
    for tag in ["2", "3", "4"] {
        shop.update(tag, &[]).run().exits(0);
    }
    let hand = |tag: &str| [("values.yaml", values(&shop.app, tag))];
    shop.infra.commit("main", "by hand", &hand("5"));
    let base = shop.infra.tip("main");
    shop.infra.set_ref("refs/heads/work", &base);
    shop.infra.commit("work", "one", &hand("3"));
    shop.infra.commit("work", "two", &hand("2"));
    shop.infra.merge(Way::Squash, "work", "main");
    shop.holds("2");

    shop.rollback(&["--hold", "broken"]).run().exits(0);
    shop.holds("5");
    let run = shop.update("2", &[]).run().exits(12);
    run.says("broken").says("values.yaml").says("--release-hold");
    shop.holds("5");
    // A rollback passes, and takes the hold along.
    shop.rollback(&[]).run().exits(0);
    shop.holds("4");
    shop.update("2", &[]).run().exits(12).says("broken");
    // What the places hold already is held, too, and an empty tag is none.
    shop.rollback(&["--to", ""]).run().exits(2);
    shop.update("4", &["--release-hold"]).run().exits(0);
    shop.rollback(&["--to", "4", "--hold", "as it is"]).run().exits(0);
    shop.update("2", &[]).run().exits(12).says("as it is");
    shop.update("2", &["--release-hold"]).run().exits(0);
    shop.holds("2");
    assert!(!shop.infra.entries("main").contains(".gitops-bump-holds"));
    shop.update("3", &[]).run().exits(0);
}

#[test]
fn a_rollback_passes_a_freeze_that_stops_an_update() {
    let shop = Shop::new();
    shop.update("2", &[]).run().exits(0);
    shop.infra.commit("main", "freeze", &[(".gitops-bump-freeze", FREEZE)]);

    shop.update("3", &[]).at(SATURDAY).run().exits(12).says("frozen by");
    shop.rollback(&[]).at(SATURDAY).run().exits(0);
    shop.holds("1");
    shop.rollback(&["--to", "2"]).env("CI_DEPLOY_FREEZE", "true").run().exits(0);
    shop.holds("2");
}

/// Staging and production in one repository, with these tags.
fn environments(world: &World, staging: &str, production: &str) -> Repository {
    let app = world.repository("team/app");
    for tag in ["1", "2", "3"] {
        world.push("team/app", tag);
    }
    let files = [("values-staging.yaml", values(&app, staging)), ("values-production.yaml", values(&app, production))];
    world.infra("shop", &files.each_ref().map(|(name, text)| (*name, text.as_str())))
}

fn promote(world: &World, infra: &Repository, more: &[&str]) -> Bump {
    let url = infra.url();
    let promote = ["promote", "--from", "staging", "--to", "production", "--repo", &url, "--helm", "values-<env>.yaml"];
    world.bump([&promote, more].concat())
}

#[test]
fn a_promotion_keeps_to_the_holds_and_freezes_of_its_target() {
    let world = World::new();
    let infra = environments(&world, "2", "1");
    let app = world.repository("team/app");
    let production = || infra.file("main", "values-production.yaml");
    infra.commit(
        "main",
        "freeze",
        &[(".gitops-bump-freeze", FREEZE.replace("{ cron", "{ environments: [production], cron"))],
    );

    promote(&world, &infra, &[]).at(SATURDAY).run().exits(12).says("frozen by");
    promote(&world, &infra, &["--dry-run"]).at(SATURDAY).run().exits(12).prints_some("+  tag: \"2\"");
    assert_eq!((infra.commits("main"), production()), (2, values(&app, "1")));
    let reason = ["--ignore-freeze", "the shop is down", "--hold", "until the audit is over"];
    promote(&world, &infra, &reason).at(SATURDAY).run().exits(0);
    assert_eq!(production(), values(&app, "2"));
    let message = infra.log("main", "%B");
    assert!(
        message.contains("Promoted-From: staging\n") && message.ends_with("Freeze-Ignored: the shop is down"),
        "{message}"
    );

    infra.commit("main", "staging", &[("values-staging.yaml", values(&app, "3"))]);
    promote(&world, &infra, &[]).run().exits(12).says("until the audit is over");
    assert_eq!(production(), values(&app, "2"));
    promote(&world, &infra, &["--release-hold"]).run().exits(0);
    assert_eq!(production(), values(&app, "3"));
    infra.assert_sound();
}

#[test]
fn promotions_at_the_same_time_are_one_commit() {
    let world = World::new();
    let infra = environments(&world, "2", "1");

    let codes: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| promote(&world, &infra, &[]).run().exits(0))).collect();
        runs.into_iter().map(|run| run.join().is_ok()).collect()
    });

    assert_eq!(codes, [true; 4]);
    assert_eq!(infra.file("main", "values-production.yaml"), values(&world.repository("team/app"), "2"));
    assert_eq!(infra.commits("main"), 2);
    infra.assert_sound();
}

#[test]
fn a_promotion_can_be_proposed() {
    let world = World::new();
    let infra = environments(&world, "2", "1");
    infra.hook(
        "post-receive",
        "echo 'View merge request for x:' >&2; echo '  http://127.0.0.1/shop/-/merge_requests/5' >&2",
    );

    promote(&world, &infra, &["--merge-request", "--mr-branch", "work"]).run().exits(0).says("merge_requests/5");

    assert_eq!(infra.commits("main"), 1);
    assert_eq!(infra.file("work", "values-production.yaml"), values(&world.repository("team/app"), "2"));
    assert_eq!(infra.log("work", "%s"), "Promote app 2 from staging to production");
}
