//! What a stranger can put into a variable, a config file or the place of one, and what it can't do there.

use std::process::Command;
use std::time::Duration;

use crate::samples::app_infra;
use crate::world::{Bump, Repository, Run, World, output_of};

/// An infra repository whose file names the image's tag 1, and a config file that is to write another.
struct Shop {
    infra: Repository,
    image: String,
    world: World,
}

impl Shop {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { infra, image, world }
    }

    fn config(&self, more: &str) -> String {
        let (image, url) = (&self.image, self.infra.url());
        format!("images: {{app: '{image}'}}\nrepositories: [{{url: '{url}', helm: [{{file: values.yaml}}]}}]\n{more}\n")
    }

    fn with(&self, more: &str, command: &[&str]) -> Bump {
        self.world.write(".gitops-bump.yml", self.config(more));
        self.world.bump(command.iter().copied())
    }

    #[track_caller]
    fn commits(&self, count: usize) {
        assert_eq!(self.infra.commits("main"), count);
    }
}

const STYLES: [&str; 4] = [
    "message: |\n  ${CI_COMMIT_MESSAGE}",
    "message: >\n  ${CI_COMMIT_MESSAGE}",
    "message: ${CI_COMMIT_MESSAGE}",
    "message: \"${CI_COMMIT_MESSAGE}\"",
];

#[test]
fn a_commit_message_changes_no_setting() {
    let shop = Shop::new();
    for style in STYLES {
        for end in ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"] {
            let hostile = ["Fix it", "any_repository: true", "pin: digest", "environment: production"].join(end);
            let run = shop.with(style, &["config", "show"]).env("CI_COMMIT_MESSAGE", hostile).run().exits(0);
            for line in ["any_repository: false", "pin: tag", "environment: null"] {
                assert!(run.stdout.lines().any(|shown| shown == line), "no {line} for {end:?}\n{run}");
            }
        }
    }
}

#[test]
fn an_honest_message_with_a_body_is_the_commits() {
    let shop = Shop::new();
    let message = "Fix the basket: it lost \"quoted\" items\n\nkey: value\n- and # more";
    shop.with(STYLES[0], &["update"]).env("CI_COMMIT_MESSAGE", message).run().exits(0);
    shop.commits(2);
    let log = shop.infra.log("main", "%B");
    assert!(log.starts_with(message), "{log}");
}

#[test]
fn a_secret_is_never_taken_into_the_file() {
    let shop = Shop::new();
    for name in ["GITOPS_BUMP_GIT_TOKEN", "CI_JOB_TOKEN", "DOCKER_AUTH_CONFIG", "GITOPS_BUMP_SSH_KEY", "DB_PASSWORD"] {
        for more in [format!("message: '${{{name}}}'"), format!("author: 'a <${{{name}}}@x>'")] {
            for command in ["update", "check", "status"] {
                let run = shop.with(&more, &[command]).env(name, "s3cret-canary").run().exits(3);
                let run = run
                    .says(&format!("the name of the variable {name} is that of a secret"))
                    .says(".gitops-bump.yml:3");
                assert!(!format!("{run}").contains("s3cret-canary"), "{run}");
            }
        }
    }
    shop.commits(1);
}

#[test]
fn only_a_regular_file_is_a_config_file() {
    let shop = Shop::new();
    let work = shop.world.work();
    output_of(Command::new("mkfifo").arg(work.join("pipe")));
    std::fs::write(work.join("large"), vec![b'#'; (1 << 20) + 1]).expect("the directory is ours");
    let at_once = |run: Run| assert!(run.took < Duration::from_secs(10), "{run}");
    for (file, words) in [
        ("pipe", "a named pipe"),
        ("/dev/zero", "a device"),
        (".", "a directory"),
        ("large", "larger than 1048576 bytes"),
        ("gone", "No such file"),
    ] {
        for command in ["update", "check", "status"] {
            at_once(
                shop.world
                    .bump([command, "--config", file])
                    .run()
                    .exits(3)
                    .says(&format!("config file {file}"))
                    .says(words),
            );
        }
        at_once(shop.world.bump(["config", "validate", "--config", file]).run().exits(3).says(words));
    }
    shop.world.bump(["update", "--config", "/dev/null"]).run().exits(2).says("no image is given");
    shop.world.write("real.yml", shop.config(""));
    std::os::unix::fs::symlink("real.yml", work.join("link.yml")).expect("the directory is ours");
    shop.world.bump(["config", "validate", "--config", "link.yml"]).run().exits(0);
    output_of(Command::new("mkfifo").arg(work.join(".gitops-bump.yml")));
    at_once(shop.world.bump(["update"]).run().exits(3).says("a named pipe"));
}

#[test]
fn only_a_regular_file_is_a_key_or_a_list() {
    let shop = Shop::new();
    output_of(Command::new("mkfifo").arg(shop.world.work().join("pipe")));
    let home = shop.world.scratch().join("home/.docker");
    std::fs::create_dir(&home).expect("the directory is ours");
    let url = shop.infra.url();
    let flags = ["update", "--image", &shop.image, "--repo", &url, "--helm", "values.yaml"];
    for file in ["pipe", "/dev/zero", "."] {
        for flag in ["--ca-file", "--verify-key", "--digest-file", "--signing-key"] {
            let arguments = [&flags[..], &[flag, file]].concat();
            let run = shop.world.bump(arguments).run().exits(3).says("not a regular file");
            assert!(run.took < Duration::from_secs(10), "{run}");
        }
        let ssh = ["update", "--image", &shop.image, "--repo", "ssh://git@127.0.0.1:1/x", "--helm", "values.yaml"];
        for name in ["GITOPS_BUMP_SSH_KEY", "GITOPS_BUMP_SSH_KNOWN_HOSTS"] {
            shop.world.bump(ssh).env(name, file).run().exits(3).says("not a regular file");
        }
    }
    // A registry that wants no credentials asks for none.
    output_of(Command::new("mkfifo").arg(home.join("config.json")));
    shop.world.bump(flags).run().exits(0);
}

#[test]
fn a_job_without_a_checkout_takes_no_file_that_lies_there() {
    let shop = Shop::new();
    for strategy in ["none", "empty"] {
        let update = |flags: &[&str]| shop.with("", &[&["update"], flags].concat()).env("GIT_STRATEGY", strategy).run();
        update(&[]).exits(2).says(".gitops-bump.yml is skipped").says("no image is given");
        update(&["--config", ".gitops-bump.yml", "--dry-run"]).exits(0);
    }
    shop.commits(1);
    shop.with("", &["update"]).env("GIT_STRATEGY", "fetch").run().exits(0);
    shop.commits(2);
}

#[test]
fn a_broken_template_shows_also_where_nothing_changes() {
    let shop = Shop::new();
    shop.with("", &["update"]).run().exits(0);
    let tip = shop.infra.tip("main");
    for flag in ["--message", "--mr-title", "--mr-description"] {
        for template in
            ["{{ images", "{{ nothing }}", "{% for x in range(9999999) %}{{ x }}{% endfor %}", "{{ changes[0].fille }}"]
        {
            for more in [&[][..], &["--merge-request"], &["--dry-run"]] {
                let arguments = [&["update", flag, template], more].concat();
                let name = flag.trim_start_matches('-');
                shop.with("", &arguments).run().exits(3).says(&format!("{name}: "));
            }
        }
        let good =
            "{{ images[0].tag }} {{ changes[0].file }} {{ subject }} {{ trailers }} {{ branch }} {{ ci.commit_sha }}";
        shop.with("", &["update", flag, good]).run().exits(0).says("nothing to do");
    }
    assert_eq!(shop.infra.tip("main"), tip);
}

#[test]
fn a_merge_request_pushes_to_no_branch_that_it_is_for() {
    let shop = Shop::new();
    for branch in [&["--branch", "main"][..], &[]] {
        for source in ["main", "refs/heads/main"] {
            let arguments = [&["update", "--merge-request", "--mr-branch", source], branch].concat();
            shop.with("", &arguments)
                .run()
                .exits(3)
                .says("mr-branch: main is the target branch of the merge request of");
        }
    }
    for name in ["a b", "../x", "-f", "a..b", "x.lock"] {
        let flag = format!("--mr-branch={name}");
        shop.with("", &["update", "--merge-request", &flag]).run().exits(3).says("is not a valid branch name");
        shop.with("", &["update", &format!("--branch={name}")]).run().exits(3).says("is not a valid branch name");
    }
    shop.commits(1);
    assert_eq!(shop.infra.branches(), ["main"]);
}

#[test]
fn a_work_branch_is_no_other_branch_that_counts() {
    let shop = Shop::new();
    // The tip of main is a commit of the tool's own, as those of work branches are.
    shop.with("", &["update"]).run().exits(0);
    shop.infra.set_ref("refs/heads/release", &shop.infra.parent("main"));
    let tips = || (shop.infra.tip("main"), shop.infra.tip("release"));
    let before = tips();
    let update = ["update", "--merge-request", "--mr-branch"];
    let url = shop.infra.url();
    let given = ["--image", &shop.image, "--repo", &url, "--branch", "release", "--helm", "values.yaml"];
    shop.world
        .bump([&update[..], &["main"], &given].concat())
        .run()
        .exits(8)
        .says("is the repository's default branch");

    let entry = |branch: &str, by_request: bool| {
        format!("{{url: '{url}', branch: {branch}, merge_request: {by_request}, helm: [{{file: values.yaml}}]}}")
    };
    for (source, main_by_request, words) in [
        ("main", false, "this run writes to the branch main of"),
        ("bump", true, "bump can't be the work branch of two merge requests of"),
    ] {
        let (release, main) = (entry("release", true), entry("main", main_by_request));
        let config = format!("images: {{app: '{}'}}\nrepositories: [{release}, {main}]\n", shop.image);
        shop.world.write(".gitops-bump.yml", config);
        shop.world.bump(["update", "--mr-branch", source]).run().exits(3).says(words);
    }
    assert_eq!((tips(), shop.infra.branches().len()), (before, 2));
}

#[test]
fn entries_of_one_branch_are_one_commit_or_an_error() {
    let shop = Shop::new();
    let (image, url) = (&shop.image, shop.infra.url());
    let update = |first: &str, second: &str| {
        let entry = |more: &str| format!("  - {{url: '{url}', helm: [{{file: values.yaml}}]{more}}}\n");
        let (first, second) = (entry(first), entry(second));
        shop.world.write(".gitops-bump.yml", format!("images: {{app: '{image}'}}\nrepositories:\n{first}{second}"));
        let bump = shop.world.bump(["update"]).env("GITOPS_BUMP_GIT_TOKEN_B", "other").env("GIT_MIRROR_TOKEN", "t");
        bump.env("CI_API_V4_URL", "http://127.0.0.1:1/api/v4").run()
    };
    let own = ", credentials: {token_variable: GITOPS_BUMP_GIT_TOKEN_B}";
    let mirror = |id: &str| format!(", mirror: {{project_id: {id}, repository: x}}");
    update("", own).exits(3).says("its entries have different credentials");
    update(&mirror("1"), &mirror("2")).exits(3).says("its entries have different mirrors");
    shop.commits(1);
    update("", "").exits(0);
    shop.commits(2);
}

#[test]
fn an_error_shows_no_credential_of_the_file_and_no_control_character() {
    let world = World::new();
    for text in [
        "repositories: https://u:hunter2@git.example/x\n",
        "repositories: [{url: 'https://u:hunter2@git.example/x'}]\n",
        "repositories: [{url: 'https://u:hunter2@git.example/'}]\n",
        "repositories: [{url: 'https://u:pa$hunter2@git.example/x', helm: [{file: x}]}]\n",
        "repositories: [{url: /x, helm: [{file: x}], credentials: hunter2}]\n",
        "repositories: [{url: /x, helm: [{file: x}], credentials: {token_variable: hunter2}}]\n",
        "pin: \"hunter2\\e[31m\"\n",
        "\"a\\e[31m\": 1\n",
        "environment: \"..\\e[31m\"\n",
        "wait: \"\\e[31m\"\n",
        "images: {a: \"x\\e[31m:1\"}\n",
        "repositories: [{url: \"https://h/\\e[31m\", helm: [{file: x}]}]\n",
    ] {
        world.write(".gitops-bump.yml", text);
        for command in [&["config", "validate"][..], &["config", "show"], &["update"], &["status"]] {
            let run = world.bump(command.iter().copied()).env("GITOPS_BUMP_GIT_TOKEN_B", "x").run();
            assert!(matches!(run.code, 2 | 3), "{text}\n{run}");
            assert!(!run.to_string().contains("hunter2"), "{text}\n{run}");
            assert!(!run.stderr.chars().any(|c| c.is_control() && c != '\n'), "{text}\n{run:?}");
        }
    }
    let run = world.bump(["check", "--image", "r.example/a:1", "--plain-http", "http://u:hunter2@h"]).run().exits(3);
    assert!(!run.to_string().contains("hunter2"), "{run}");
}
