//! What servers, commits and file names say is a fact on one line: it makes no variable, no log line, no link elsewhere and
//! no command.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::samples::{app_infra, values};
use crate::world::{Bump, GITLAB_TOKEN, Gitlab, Repository, World};

/// What forges a line somewhere: the ends of lines that some reader knows, and what nobody sees.
const BREAKS: [&str; 8] = ["\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}", "\u{200b}", "\u{1b}[2K"];

/// An infra repository whose merge requests are opened by an API that may lie.
struct Scene {
    world: World,
    infra: Repository,
    gitlab: Gitlab,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { world, infra, gitlab: Gitlab::start() }
    }

    fn update(&self, flags: &[&str]) -> Bump {
        let image = self.world.repository("team/app") + ":2";
        let url = self.infra.url();
        let fixed = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"];
        let reports = ["--report-dotenv", "r.env", "--report-json", "r.json", "--report-annotations", "a.json"];
        self.world.bump(fixed.iter().chain(&reports).chain(flags))
    }

    fn by_api(&self, flags: &[&str]) -> Bump {
        let bump = self.update(&[&["--merge-request"], flags].concat()).env("GITOPS_BUMP_GITLAB_TOKEN", GITLAB_TOKEN);
        bump.env("CI_SERVER_HOST", "127.0.0.1").env("CI_API_V4_URL", self.gitlab.api())
    }

    fn dotenv(&self) -> BTreeMap<String, String> {
        let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = self.world.read("r.env");
        let names = ["CHANGED", "IMAGE", "TAG", "DIGEST", "COMMIT", "MERGE_REQUEST"];
        let found: BTreeMap<_, _> = text.lines().map(|line| pair(line).unwrap_or_else(|| panic!("{text}"))).collect();
        let mut expected = names.map(|name| format!("GITOPS_BUMP_RESULT_{name}"));
        expected.sort();
        assert_eq!(found.keys().cloned().collect::<Vec<_>>(), expected);
        found
    }

    fn request(&self) -> String {
        let json: Value = serde_json::from_str(&self.world.read("r.json")).expect("the report is JSON");
        let links = self.world.read("a.json");
        assert_eq!(links.lines().count(), 1, "{links}");
        let (dotenv, json) = (self.dotenv(), json["repositories"][0]["merge_request"].clone());
        let request = dotenv["GITOPS_BUMP_RESULT_MERGE_REQUEST"].clone();
        assert_eq!(json.as_str().unwrap_or_default(), request);
        assert!(request.is_empty() || links.contains(&request), "{links}");
        request
    }
}

#[test]
fn an_apis_address_is_of_its_host_and_on_one_line() {
    let scene = Scene::new();
    scene.by_api(&[]).run().exits(0);
    assert_eq!(scene.request(), "http://127.0.0.1/shop/infra/-/merge_requests/1");
    let forged =
        BREAKS.map(|line_break| format!("http://127.0.0.1/x{line_break}BASH_ENV=/tmp/x{line_break}error: forged"));
    let foreign = ["https://evil.example", "javascript:alert(1)//", "http://u:p@127.0.0.1", "", "http://127.0.0.1 "];
    for (at, pages) in forged.iter().map(String::as_str).chain(foreign).enumerate() {
        scene.gitlab.set_state(at + 1, "closed");
        scene.gitlab.set_pages(pages);
        let run = scene.by_api(&[]).run().exits(0);
        assert_eq!(scene.request(), "", "{pages:?}");
        for line in run.stderr.lines() {
            assert!(!line.contains("BASH_ENV") && !line.starts_with("error") && !line.contains("evil"), "{run}");
        }
    }
}

#[test]
fn a_git_servers_words_name_no_foreign_request() {
    for (words, request) in [
        ("https://evil.example/shop/infra/-/merge_requests/5", ""),
        ("http://u:p@127.0.0.1/shop/infra/-/merge_requests/5", ""),
        ("http://127.0.0.1/shop/infra/-/merge_requests/5", "http://127.0.0.1/shop/infra/-/merge_requests/5"),
    ] {
        let scene = Scene::new();
        scene.infra.hook("post-receive", &format!("echo 'View merge request for x:' >&2; echo '  {words}' >&2"));
        // Another address is no proof that a request is open.
        scene.update(&["--merge-request"]).run().exits(if request.is_empty() { 11 } else { 0 });
        assert_eq!(scene.request(), request);
    }
}

#[test]
fn a_description_and_a_title_run_no_quick_action() {
    let action = |line_break: &str| format!("Deploy it{line_break}/merge{line_break}> /approve{line_break}- /close");
    for line_break in BREAKS.into_iter().filter(|line_break| !line_break.contains(['\u{200b}', '\u{1b}'])) {
        let scene = Scene::new();
        let text = action(line_break);
        scene.by_api(&["--mr-description", &text, "--mr-title", &text]).run().exits(0);
        let request = &scene.gitlab.merge_requests()[0];
        let (title, description) = (request["title"].as_str().unwrap_or_default(), request["description"].as_str());
        let lines: Vec<&str> = description.unwrap_or_default().lines().collect();
        assert_eq!(lines, ["Deploy it", "\\/merge", "> \\/approve", "- \\/close"], "{line_break:?}");
        assert!(title.starts_with("Deploy it") && !title.contains(['\n', '\r', '\u{2028}']), "{title:?}");
    }
}

#[test]
fn an_earlier_jobs_results_steer_nothing() {
    let scene = Scene::new();
    scene.update(&[]).run().exits(0);
    let results = scene.dotenv();
    assert_eq!(results["GITOPS_BUMP_RESULT_CHANGED"], "true");
    let web = scene.world.push("team/web", "7");
    let infra = scene.world.infra("other", &[("values.yaml", &values(&scene.world.repository("team/web"), "6"))]);
    let mut update = scene.world.bump(["update", "--helm", "values.yaml"]);
    for (name, value) in &results {
        update = update.env(name, value);
    }
    update.env("GITOPS_BUMP_IMAGE", &web).env("GITOPS_BUMP_REPO", infra.url()).run().exits(0);
    assert!(infra.file("main", "values.yaml").contains("tag: \"7\""));
}

#[test]
fn what_nobody_sees_is_shown() {
    let scene = Scene::new();
    let hidden = ["\u{61c}", "\u{200b}", "\u{2028}", "\u{202e}", "\u{2066}", "\u{e0041}", "\u{feff}", "\u{e000}"];
    let text = values(&scene.world.repository("team/app"), "1") + "note: a" + &hidden.concat() + "\n";
    let file = format!("values-{}.yaml", hidden.concat());
    scene.infra.commit("main", "odd", &[(file.as_str(), text.as_str())]);
    let (image, url) = (scene.world.repository("team/app") + ":2", scene.infra.url());
    let fixed = ["--image", &image, "--repo", &url, "--helm", &file];
    let reports = ["--report-json", "r.json", "--report-annotations", "a.json", "--report-markdown", "r.md"];
    let status = |format: &'static str| vec!["status", "--format", format];
    let update = [&["update", "--dry-run"][..], &reports].concat();
    let commands =
        [update, vec!["config", "show"], status("table"), status("json"), status("markdown"), status("html")];
    let mut outputs = Vec::new();
    for command in commands {
        let run = scene.world.bump(command.iter().chain(&fixed)).run().exits(0);
        outputs.push((format!("{command:?}"), format!("{}{}", run.stdout, run.stderr)));
    }
    outputs.extend(["r.json", "a.json", "r.md"].map(|report| (report.to_owned(), scene.world.read(report))));
    for (what, output) in outputs {
        // Links lead to a request or a commit, and a dry run has neither.
        assert!(output.contains("values-") || what == "a.json", "{what} does not name the file\n{output}");
        for character in hidden {
            assert!(!output.contains(character), "{what} holds {character:?}\n{output}");
        }
    }
}
