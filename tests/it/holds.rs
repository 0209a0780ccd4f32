//! Holds: places that stay as they are until somebody says otherwise, kept in a file of the infra repository.

use serde_json::Value;

use crate::samples::{app_infra, kustomization, values};
use crate::world::{Bump, Proxy, Repository, Way, World};

const HOLDS: &str = ".gitops-bump-holds";

/// Somebody else's entry, with a comment.
const THEIRS: &str = "# kept by hand\n- file: other.yaml   # theirs\n  place: image.tag\n  value: v1\n  reason: >-\n    wait for\n    the others\n  by: Bob\n  at: 2026-01-01T00:00:00Z\n";

/// An infra repository with one image at tag 1, and the newer tags 2 and 3.
struct Held {
    world: World,
    infra: Repository,
}

impl Held {
    fn new() -> Self {
        let world = World::new();
        for tag in ["1", "2", "3"] {
            world.push("team/app", tag);
        }
        let infra = app_infra(&world, "1");
        Self { world, infra }
    }

    fn update(&self, tag: &str, flags: &[&str]) -> Bump {
        self.update_at(&self.infra.url(), tag, flags)
    }

    fn update_at(&self, url: &str, tag: &str, flags: &[&str]) -> Bump {
        let image = format!("{}:{tag}", self.world.repository("team/app"));
        let arguments = ["update", "--image", &image, "--repo", url, "--helm", "values.yaml"];
        let bump = self.world.bump(arguments.into_iter().chain(flags.iter().copied()));
        bump.env("GITLAB_USER_NAME", "Ada Lovelace").env("GITLAB_USER_EMAIL", "ada@example.com")
    }

    fn values(&self, tag: &str) -> String {
        values(&self.world.repository("team/app"), tag)
    }

    fn has_holds(&self) -> bool {
        has_holds(&self.infra, "main")
    }

    /// Requires that the values name this tag, and that Git finds nothing wrong.
    #[track_caller]
    fn assert_at(&self, commits: usize, tag: &str) {
        assert_eq!(self.infra.commits("main"), commits);
        assert_eq!(self.infra.file("main", "values.yaml"), self.values(tag));
        self.infra.assert_sound();
    }
}

fn has_holds(infra: &Repository, branch: &str) -> bool {
    infra.entries(branch).lines().any(|line| line.ends_with(HOLDS))
}

/// The entries of the file.
fn entries(infra: &Repository, branch: &str) -> Vec<Value> {
    serde_yaml::from_str(&infra.file(branch, HOLDS)).expect("the file is YAML")
}

/// An entry for the values' image.
fn entry(value: &str) -> String {
    format!(
        "- file: values.yaml\n  place: image.tag\n  value: \"{value}\"\n  reason: wait\n  by: Bob\n  at: \"2026-01-01T00:00:00Z\"\n"
    )
}

#[test]
fn a_hold_comes_with_the_commit_and_keeps_later_runs_away() {
    let held = Held::new();
    held.update("2", &["--hold", "4.2 breaks: see #7"]).run().exits(0).says("image.tag: 1 -> 2");
    held.assert_at(2, "2");
    assert_eq!(held.infra.log("main", "%s"), "Update app to 2");
    let found = entries(&held.infra, "main");
    assert_eq!(found.len(), 1);
    for (key, value) in [
        ("file", "values.yaml"),
        ("place", "image.tag"),
        ("value", "2"),
        ("reason", "4.2 breaks: see #7"),
        ("by", "Ada Lovelace"),
    ] {
        assert_eq!(found[0][key], value, "{key}");
    }
    let at = found[0]["at"].as_str().expect("a text").to_owned();
    assert!(at.len() == 20 && at.ends_with('Z'), "{at}");
    assert!(held.infra.entries("main").contains(&format!("100644 {HOLDS}")));

    let run = held.update("3", &["--report-json", "r.json", "--report-markdown", "r.md"]).run().exits(12);
    for words in ["values.yaml image.tag is held at 2", "Ada Lovelace", &at, "4.2 breaks: see #7", "--release-hold"] {
        assert!(run.stderr.contains(words), "{words}\n{run}");
    }
    held.assert_at(2, "2");
    let report: Value = serde_json::from_str(&held.world.read("r.json")).expect("JSON");
    assert_eq!((&report["changed"], &report["repositories"][0]["outcome"]), (&false.into(), &"on-hold".into()));
    assert!(report["repositories"][0]["error"].as_str().expect("a text").contains("is held at 2"));
    assert!(held.world.read("r.md").contains("| on-hold |"));
    // A dry run shows what would be written; what is as wanted is nobody's business.
    held.update("3", &["--dry-run"]).run().exits(12).prints_some("+  tag: \"3\"");
    held.update("2", &[]).run().exits(0).says("nothing to do");
    held.update("2", &["--fail-on-unchanged"]).run().exits(10);
    held.assert_at(2, "2");
}

#[test]
fn a_hold_alone_is_a_commit_once() {
    let held = Held::new();
    let run =
        held.update("1", &["--hold", "broken", "--environment", "prod", "--report-json", "r.json"]).run().exits(0);
    assert!(run.stderr.contains("--- /dev/null") && run.stderr.contains("+  reason: broken"), "{run}");
    held.assert_at(2, "1");
    let message = held.infra.log("main", "%B");
    assert_eq!(message, "Hold app at 1 in prod\n\nvalues.yaml: image.tag: held at 1\nThe reason of the hold: broken");
    let report: Value = serde_json::from_str(&held.world.read("r.json")).expect("JSON");
    assert_eq!(report["changed"], false, "no image is written");
    assert_eq!(report["repositories"][0]["outcome"], "updated");
    assert_eq!(report["repositories"][0]["files"], serde_json::json!([]));

    held.update("1", &["--hold", "broken"]).run().exits(0).says("nothing to do");
    held.assert_at(2, "1");
    let at = entries(&held.infra, "main");
    held.update("1", &["--hold", "worse", "--message", "ci: {{ images[0].tag }}"]).run().exits(0);
    held.assert_at(3, "1");
    assert_eq!(held.infra.log("main", "%B"), "ci: 1\n\nHold app at 1");
    let found = entries(&held.infra, "main");
    assert_eq!(
        (found.len(), found[0]["reason"].as_str(), at[0]["reason"].as_str()),
        (1, Some("worse"), Some("broken"))
    );
}

#[test]
fn a_release_ends_the_hold_in_the_same_commit_and_the_file_goes_with_its_last_entry() {
    let held = Held::new();
    held.infra.commit("main", "holds", &[(HOLDS, entry("1"))]);
    held.update("2", &[]).run().exits(12);
    held.update("2", &["--release-hold"]).run().exits(0);
    held.assert_at(3, "2");
    assert!(!held.has_holds(), "the file goes");
    held.update("2", &["--release-hold"]).run().exits(0).says("nothing to do");

    held.infra.commit("main", "holds", &[(HOLDS, format!("{THEIRS}{}", entry("2")))]);
    held.update("2", &["--release-hold"]).run().exits(0);
    held.assert_at(5, "2");
    assert_eq!(held.infra.log("main", "%s"), "End the hold of app at 2");
    assert_eq!(held.infra.file("main", HOLDS), THEIRS, "the entries of others stay byte for byte");
    held.update("3", &[]).run().exits(0);
    held.assert_at(6, "3");
    assert_eq!(held.infra.file("main", HOLDS), THEIRS);
}

#[test]
fn a_hand_edit_ends_a_hold() {
    let held = Held::new();
    held.infra.commit("main", "holds", &[(HOLDS, format!("{}{THEIRS}", entry("1")))]);
    held.infra.commit("main", "by hand", &[("values.yaml", held.values("2"))]);
    held.update("2", &[]).run().exits(0).says("nothing to do");
    held.assert_at(3, "2");
    held.update("3", &[]).run().exits(0);
    held.assert_at(4, "3");
    assert_eq!(held.infra.file("main", HOLDS), THEIRS, "the void entry is taken out by the next commit");
}

#[test]
fn an_item_before_a_held_one_does_not_end_its_hold() {
    let world = World::new();
    let image = world.push("team/app", "2");
    world.push("team/app", "3");
    let repository = world.repository("team/app");
    let before = kustomization(&repository, "2");
    let infra = world.infra("infra", &[("kustomization.yaml", &before), ("deployment.yaml", "kind: Deployment\n")]);
    let update = |image: &str, flags: &[&str]| {
        let url = infra.url();
        let arguments = ["update", "--image", image, "--repo", &url, "--kustomize", "kustomization.yaml"];
        world.bump(arguments.into_iter().chain(flags.iter().copied())).run()
    };
    update(&image, &["--hold", "broken"]).exits(0);
    assert_eq!(entries(&infra, "main")[0]["place"], "images[0].newTag");
    let web = world.push("team/web", "9");
    let item = format!("images:\n  - name: {}\n    newTag: \"1.27\"\n", world.repository("team/web"));
    infra.commit("main", "another item", &[("kustomization.yaml", before.replace("images:\n", &item))]);
    let held = "kustomization.yaml images[1].newTag is held at 2";
    update(&image.replace(":2", ":3"), &[]).exits(12).says(held);
    // Also where the run writes the item that stands there now.
    update(&image.replace(":2", ":3"), &["--image", &web]).exits(12).says(held);
}

#[test]
fn a_hold_stops_its_own_repository_alone() {
    let held = Held::new();
    let other = held.world.infra("other", &[("values.yaml", &held.values("1"))]);
    held.infra.commit("main", "holds", &[(HOLDS, entry("1"))]);
    let image = format!("{}:2", held.world.repository("team/app"));
    let repositories = [&held.infra, &other]
        .map(|infra| format!("- url: {}\n  helm: [{{file: values.yaml}}]\n", infra.url()))
        .concat();
    held.world.write(".gitops-bump.yml", format!("images: {{app: '{image}'}}\nrepositories:\n{repositories}"));
    let plain = format!("GITOPS_BUMP_GIT_HOSTS={}", held.world.servers().git);
    let (name, hosts) = plain.split_once('=').expect("a variable");
    held.world.bump(["update"]).env(name, hosts).run().exits(12);
    held.assert_at(2, "1");
    assert_eq!(other.file("main", "values.yaml"), held.values("2"));
    assert!(!has_holds(&other, "main"));
}

#[test]
fn a_squash_merge_keeps_the_hold() {
    let held = Held::new();
    held.infra.add_branches(["work".to_owned()].into_iter());
    held.update("2", &["--branch", "work", "--hold", "broken"]).run().exits(0);
    held.infra.commit("main", "somebody else", &[("other.yaml", "a: 1\n")]);
    held.infra.merge(Way::Squash, "work", "main");
    held.update("3", &[]).run().exits(12).says("values.yaml image.tag is held at 2");
}

#[test]
fn a_hold_that_comes_between_reading_and_pushing_counts() {
    for (rival, code, words) in [(entry("1"), 12, "is held at 1"), ("nothing\n".to_owned(), 3, HOLDS)] {
        let held = Held::new();
        let proxy = Proxy::to(&held.world.servers().git);
        let infra = held.infra.clone();
        proxy.interrupt("/git-receive-pack HTTP", move || {
            infra.commit("main", "holds", &[(HOLDS, rival)]);
        });
        held.update_at(&held.infra.url_at(&proxy.address()), "2", &[]).run().exits(code).says(words);
        held.assert_at(2, "1");
    }
}

#[test]
fn two_writers_both_leave_their_holds() {
    let held = Held::new();
    let proxy = Proxy::to(&held.world.servers().git);
    let infra = held.infra.clone();
    proxy.interrupt("/git-receive-pack HTTP", move || {
        infra.commit("main", "holds", &[(HOLDS, THEIRS)]);
    });
    held.update_at(&held.infra.url_at(&proxy.address()), "2", &["--hold", "broken"]).run().exits(0);
    held.assert_at(3, "2");
    let file = held.infra.file("main", HOLDS);
    assert!(file.starts_with(THEIRS), "{file}");
    let found = entries(&held.infra, "main");
    assert_eq!((found.len(), found[1]["value"].as_str()), (2, Some("2")));
}

#[test]
fn a_file_that_can_not_be_read_ends_the_run() {
    let held = Held::new();
    let commits = [
        "holds: []\n",
        "- file: values.yaml\n",
        "- [\n",
        &entry("1").replace("\"1\"", "1"),
        &format!("{0}{0}", entry("1")),
    ];
    for (number, text) in commits.iter().enumerate() {
        held.infra.commit("main", "holds", &[(HOLDS, text)]);
        for flags in [vec![], vec!["--release-hold"], vec!["--hold", "x"]] {
            let run = held.update("2", &flags).run().exits(3).says(".gitops-bump-holds:");
            assert!(run.stderr.contains("Correct .gitops-bump-holds in the repository"), "{run}");
        }
        held.assert_at(number + 2, "1");
    }
    held.infra.commit_mode("main", "120000", HOLDS, "values.yaml");
    held.update("2", &[]).run().exits(3).says("a symbolic link");
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let held = Held::new();
    held.update("2", &["--hold", "x", "--release-hold"]).run().exits(2).says("--release-hold");
    for reason in ["", "  ", "a\nb"] {
        held.update("2", &["--hold", reason]).run().exits(2).says("reason");
    }
    held.update("2", &[]).env("GITOPS_BUMP_HOLD", "a\nb").run().exits(3).says("GITOPS_BUMP_HOLD");
    let token = &held.world.servers().git_login.password;
    held.update("2", &[]).env("GITOPS_BUMP_HOLD", format!("because of {token}")).run().exits(3).says("secret");
    held.assert_at(1, "1");
    held.update("2", &[]).env("GITOPS_BUMP_HOLD", "x").env("GITOPS_BUMP_RELEASE_HOLD", "false").run().exits(0);
    assert_eq!(entries(&held.infra, "main").len(), 1);
}

#[test]
fn status_shows_the_holds_and_says_which_are_void() {
    let held = Held::new();
    held.infra.commit("main", "other", &[("other.yaml", values("r.example.com/other", "v2"))]);
    let url = held.infra.url();
    let status = |format: &str| {
        let targets = ["--helm", "values.yaml", "--helm", "other.yaml", "--offline", "--format", format];
        held.world.bump(["status", "--repo", &url].into_iter().chain(targets)).run().exits(0)
    };
    let place = |number: usize| -> Value {
        let status: Value = serde_json::from_str(&status("json").stdout).expect("JSON");
        status["environments"][0]["places"][number].clone()
    };
    assert_eq!(place(0)["hold"], Value::Null);

    held.infra.commit("main", "holds", &[(HOLDS, format!("{THEIRS}{}", entry("1")))]);
    let hold = serde_json::json!({ "reason": "wait", "by": "Bob", "at": "2026-01-01T00:00:00Z" });
    assert_eq!((&place(0)["hold"], &place(1)["hold"]), (&hold, &Value::Null));
    for format in ["table", "markdown", "html"] {
        let run = status(format).says(
            ".gitops-bump-holds:2: the hold is void, because image.tag of other.yaml now has another value than v1",
        );
        assert!(run.stdout.contains("held by Bob") && run.stdout.contains(": wait"), "{run}");
    }

    held.infra.commit("main", "broken", &[(HOLDS, "holds: []\n")]);
    assert_eq!(place(0)["hold"], Value::Null);
    status("table").says("holds are not shown: .gitops-bump-holds:1: a list is expected");
}
