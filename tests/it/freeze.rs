//! Freeze windows: what a run changes in one, what it says, and what passes. The clock is set by faketime.

use crate::samples::{REPORTS, app_infra, assert_bumped, proposing, values};
use crate::world::{Bump, Proxy, Repository, World};

/// The request that carries the push itself.
const PUSH: &str = "/git-receive-pack HTTP";

const FREEZE: &str = ".gitops-bump-freeze";
const WEEKEND: &str = "{ cron: '0 16 * * 5', for: 64h, timezone: Europe/Paris }";
/// A Saturday in March 2026; the clocks are put forward in the night.
const SATURDAY: &str = "2026-03-28 12:00:00";
const MONDAY: &str = "Mon 2026-03-30 08:00 CEST (Europe/Paris)";

/// An infra repository that names tag 1, an image with tag 2, and a config file with a window.
struct Shop {
    world: World,
    infra: Repository,
    image: String,
}

impl Shop {
    fn frozen(window: &str) -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        world.write(".gitops-bump.yml", format!("freeze:\n  - {window}\n"));
        Self { world, infra, image }
    }

    fn update<'a>(&self, more: impl IntoIterator<Item = &'a str>) -> Bump {
        let url = self.infra.url();
        let flags = ["update", "--image", &self.image, "--repo", &url, "--helm", "values.yaml"];
        let more = more.into_iter().map(str::to_owned);
        self.world.bump(flags.map(str::to_owned).into_iter().chain(more))
    }
}

#[test]
fn a_weekend_is_frozen_from_friday_to_monday_across_the_change_of_clocks() {
    for (friday, before, saturday, monday, after, end) in [
        ("2026-03-27 15:00:00", "2026-03-27 14:59:00", SATURDAY, "2026-03-30 05:59:00", "2026-03-30 06:00:00", MONDAY),
        (
            "2026-10-23 14:00:00",
            "2026-10-23 13:59:00",
            "2026-10-25 01:30:00",
            "2026-10-26 06:59:00",
            "2026-10-26 07:00:00",
            "Mon 2026-10-26 08:00 CET (Europe/Paris)",
        ),
    ] {
        let shop = Shop::frozen(WEEKEND);
        for time in [friday, saturday, monday] {
            let run = shop.update([]).at(time).run().exits(12);
            run.says("frozen by").says("0 16 * * 5").says(end).says("--ignore-freeze");
        }
        assert_eq!(shop.infra.commits("main"), 1);
        shop.update([]).at(after).run().exits(0);
        assert_bumped(&shop.world, &shop.infra, 2);

        let shop = Shop::frozen(WEEKEND);
        shop.update([]).at(before).run().exits(0);
        assert_bumped(&shop.world, &shop.infra, 2);
        // Nothing is left to change, so that nothing is in the way.
        shop.update([]).at(saturday).run().exits(0).says("nothing to do");
    }
}

#[test]
fn a_window_is_for_the_runs_of_its_environments() {
    let shop = Shop::frozen("{ cron: '0 16 * * 5', for: 64h, timezone: Europe/Paris, environments: [prod] }");
    shop.update(["--environment", "prod"]).at(SATURDAY).run().exits(12).says(MONDAY);
    shop.update(["--environment", "staging"]).at(SATURDAY).run().exits(0);
    assert_bumped(&shop.world, &shop.infra, 2);

    let shop = Shop::frozen("{ cron: '0 16 * * 5', for: 64h, timezone: Europe/Paris, environments: [prod] }");
    shop.update([]).at(SATURDAY).run().exits(0);
    assert_bumped(&shop.world, &shop.infra, 2);
}

#[test]
fn a_dry_run_shows_what_would_change_and_the_reports_say_why_it_does_not() {
    let shop = Shop::frozen(WEEKEND);
    shop.update(["--dry-run"]).at(SATURDAY).run().exits(12).prints_some("+  tag: \"2\"").says(MONDAY);
    shop.update(REPORTS).at(SATURDAY).run().exits(12);

    let report: serde_json::Value = serde_json::from_str(&shop.world.read("r.json")).unwrap();
    let repository = &report["repositories"][0];
    assert_eq!((report["changed"].as_bool(), repository["outcome"].as_str()), (Some(false), Some("frozen")));
    assert!(repository["error"].as_str().unwrap().contains(MONDAY), "{repository}");
    assert_eq!(repository["files"][0]["new"], "2");
    let markdown = shop.world.read("r.md");
    assert!(markdown.contains("| frozen |") && markdown.contains("2026-03-30 08:00"), "{markdown}");
    assert_eq!(shop.infra.commits("main"), 1);
}

#[test]
fn a_repositorys_own_file_replaces_the_config_files_windows() {
    let shop = Shop::frozen(WEEKEND);
    shop.infra.commit("main", "freeze", &[(FREEZE, "freeze:\n\n  - { cron: '0 0 24 12 *', for: 240h }\n")]);
    let run = shop.update([]).at("2026-12-31 12:00:00").run().exits(12);
    run.says(&format!("{FREEZE}:3")).says("Sun 2027-01-03 00:00 UTC");
    shop.update([]).at(SATURDAY).run().exits(0);
    assert_bumped(&shop.world, &shop.infra, 3);

    let shop = Shop::frozen(WEEKEND);
    shop.infra.commit("main", "no freeze", &[(FREEZE, "freeze: []\n")]);
    shop.update([]).at(SATURDAY).run().exits(0);
    assert_bumped(&shop.world, &shop.infra, 3);
}

#[test]
fn a_file_that_cannot_be_read_is_exit_3() {
    for (mode, text, words) in [
        ("100644", "freeze:\n  - { cron: '0 16 * * 5' }\n", ".gitops-bump-freeze:2: "),
        ("100644", "freeze:\n  - { cron: '0 0 31 2 *', for: 1h }\n", "no date matches it"),
        ("100644", "freeze: [\n", "invalid YAML"),
        ("120000", "values.yaml", "a symbolic link"),
    ] {
        let shop = Shop::frozen(WEEKEND);
        shop.infra.commit_mode("main", mode, FREEZE, text);
        let run = shop.update([]).run().exits(3);
        run.says(words).says("correct .gitops-bump-freeze");
        assert_eq!(shop.infra.commits("main"), 2);
    }
    let shop = Shop::frozen(WEEKEND);
    shop.infra.commit("main", "freeze", &[(FREEZE, "#".repeat((1 << 20) + 1))]);
    shop.update([]).run().exits(3).says("larger than 1 MiB");
    shop.infra.commit("main", "freeze", &[(FREEZE, b"freeze: []\n# \xff\n".as_slice())]);
    shop.update([]).run().exits(3).says(".gitops-bump-freeze:2: it is not UTF-8");
    let shop = Shop::frozen(WEEKEND);
    shop.infra.commit("main", "a directory", &[(".gitops-bump-freeze/a.yaml", "a: 1\n")]);
    shop.update([]).run().exits(3).says("a directory");
}

#[test]
fn a_target_is_never_one_of_these_files() {
    let shop = Shop::frozen(WEEKEND);
    let url = shop.infra.url();
    let update = ["update", "--image", &shop.image, "--repo", &url, "--helm", "./.gitops-bump-freeze"];
    shop.world.bump(update).run().exits(5).says("this file defines holds or freezes, so it can't be a target");
}

#[test]
fn the_pipelines_own_variable_freezes_every_run() {
    let shop = Shop::frozen(WEEKEND);
    let run = shop.update([]).env("CI_DEPLOY_FREEZE", "1").at("2026-03-26 12:00:00").run().exits(12);
    run.says("CI_DEPLOY_FREEZE").says("no end known");
    shop.infra.commit("main", "no freeze", &[(FREEZE, "freeze: []\n")]);
    shop.update([]).env("CI_DEPLOY_FREEZE", "true").run().exits(12).says("CI_DEPLOY_FREEZE");
    shop.update([]).env("CI_DEPLOY_FREEZE", "").run().exits(0);
    assert_bumped(&shop.world, &shop.infra, 3);
}

#[test]
fn a_reason_to_go_on_stands_in_the_commit_where_a_window_was_on() {
    let reason = "--ignore-freeze=hotfix for CVE-1, agreed with ops";
    let trailer = "Freeze-Ignored: hotfix for CVE-1, agreed with ops";
    let trailers = "%(trailers:key=Freeze-Ignored)";

    let shop = Shop::frozen(WEEKEND);
    shop.update([reason]).at(SATURDAY).run().exits(0).says("the freeze is ignored");
    assert_bumped(&shop.world, &shop.infra, 2);
    assert_eq!(shop.infra.log("main", trailers).trim(), trailer);
    shop.infra.assert_trailers();

    let shop = Shop::frozen(WEEKEND);
    let message = ["--message", "Ship it\n\nFreeze-Ignored: forged\n\n{{ trailers }}", "--sign-off"];
    shop.update([reason].into_iter().chain(message)).at(SATURDAY).run().exits(0);
    assert_eq!(shop.infra.log("main", trailers).trim(), trailer);

    let shop = Shop::frozen(WEEKEND);
    shop.update([reason, "--message", "Ship it"]).at(SATURDAY).run().exits(0);
    assert_eq!(shop.infra.log("main", "%B").trim(), format!("Ship it\n\n{trailer}"));

    let shop = Shop::frozen(WEEKEND);
    shop.update([]).env("GITOPS_BUMP_IGNORE_FREEZE", "why").at("2026-03-27 12:00:00").run().exits(0);
    assert!(!shop.infra.log("main", "%B").contains("Freeze-Ignored"));

    let shop = Shop::frozen(WEEKEND);
    for wrong in ["", "  ", "two\nlines", "bell\u{7}"] {
        shop.update([format!("--ignore-freeze={wrong}").as_str()]).at(SATURDAY).run().exits(2);
    }
    shop.update([]).env("GITOPS_BUMP_IGNORE_FREEZE", "two\nlines").at(SATURDAY).run().exits(3);
    assert_eq!(shop.infra.commits("main"), 1);
}

#[test]
fn a_lost_race_is_a_new_look_at_the_repositorys_file() {
    let shop = Shop::frozen(WEEKEND);
    let proxy = Proxy::to(&shop.world.servers().git);
    let rival = shop.infra.clone();
    proxy.interrupt(PUSH, move || {
        rival.commit("main", "freeze", &[(FREEZE, "freeze: [{ cron: '0 0 * * *', for: 24h }]\n")]);
    });
    let url = shop.infra.url_at(&proxy.address());
    let update = ["update", "--image", &shop.image, "--repo", &url, "--helm", "values.yaml"];
    shop.world.bump(update).at("2026-03-26 12:00:00").run().exits(12).says(&format!("{FREEZE}:1"));

    assert_eq!(shop.infra.commits("main"), 2);
    assert_eq!(shop.infra.file("main", "values.yaml"), values(&shop.world.repository("team/app"), "1"));
}

#[test]
fn a_freeze_stops_its_own_repository_alone() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let file = values(&world.repository("team/app"), "1");
    let (one, other) = (world.infra("one", &[("values.yaml", &file)]), world.infra("other", &[("values.yaml", &file)]));
    one.commit("main", "freeze", &[(FREEZE, format!("freeze:\n  - {WEEKEND}\n"))]);
    let entry = |url: String| format!("  - url: {url}\n    helm: [{{ file: values.yaml }}]\n");
    world.write(".gitops-bump.yml", format!("repositories:\n{}{}", entry(one.url()), entry(other.url())));

    world.bump(["update", "--image", &image]).at(SATURDAY).run().exits(12).says(MONDAY);

    assert_eq!((one.commits("main"), other.commits("main")), (2, 2));
    assert_eq!(other.file("main", "values.yaml"), values(&world.repository("team/app"), "2"));
}

#[test]
fn a_merge_request_is_a_change_too() {
    let shop = Shop::frozen(WEEKEND);
    let url = shop.infra.url();
    let flags = proposing(&shop.image, &url);
    shop.world.bump(flags).at(SATURDAY).run().exits(12).says(MONDAY);
    assert_eq!(shop.infra.branches(), ["main"]);
}

#[test]
fn the_next_windows_are_said_and_shown() {
    let world = World::new();
    let config = |freeze: &str| format!("environments: [staging, prod]\nfreeze:\n{freeze}");
    world.write(
        ".gitops-bump.yml",
        config(&format!("  - {WEEKEND}\n  - {{ cron: '0 12 24 12 *', for: 1h30m, environments: [prod] }}\n")),
    );
    let validate = || world.bump(["config", "validate"]).at("2026-12-15 00:00:00");
    let run = validate().run().exits(0);
    let run = run
        .says("Fri 2026-12-18 16:00 CET (Europe/Paris) to Mon 2026-12-21 08:00 CET (Europe/Paris), every environment");
    let run = run.says("Thu 2026-12-24 12:00 UTC to Thu 2026-12-24 13:30 UTC, prod");
    let run = run.says("Fri 2026-12-25 16:00 CET");
    assert_eq!(run.stderr.matches("freeze: ").count(), 3, "{run}");
    validate().env("CI_DEPLOY_FREEZE", "1").run().exits(0).says("CI_DEPLOY_FREEZE is set");
    let shown = world.bump(["config", "show"]).run().exits(0);
    let shown = shown.prints_some("cron: 0 16 * * 5").prints_some("for: 90m").prints_some("timezone: Europe/Paris");
    // It reads as a config file that says the same.
    world.write(".gitops-bump.yml", &shown.stdout);
    validate().run().exits(0).says("Thu 2026-12-24 12:00 UTC to Thu 2026-12-24 13:30 UTC, prod");

    for (window, words) in [
        ("  - { cron: '0 0 31 2 *', for: 1h }\n", "no date matches it"),
        ("  - { cron: '0 0 1 2 *', for: 1h, environments: [demo] }\n", "none of the config file's environments"),
        ("  - { cron: '0 0 1 2 *', for: 1h, timezone: Mars/Base }\n", "IANA"),
        ("  - { cron: '0 0 1 2 *', for: 1h, zone: UTC }\n", ":3: "),
    ] {
        world.write(".gitops-bump.yml", config(window));
        validate().run().exits(3).says(words);
    }
}
