//! No secret in anything that is printed, reported or committed, neither as it is nor encoded, whatever happens.

use std::fs;
use std::path::Path;

use crate::samples::{app_infra, values};
use crate::world::{Bump, Repository, Secret, World};

const REPORTS: [&str; 3] = ["report.env", "report.json", "annotations.json"];

/// A private image and an infra repository that names its tag 1; reports and the most talkative log are on.
struct Vault {
    world: World,
    infra: Repository,
    image: String,
}

impl Vault {
    fn new() -> Self {
        let world = World::new();
        let image = world.push_private("team/app", "2");
        let text = values(&world.private_repository("team/app"), "1");
        let infra = world.infra("infra", &[("values.yaml", text.as_str())]);
        Self { world, infra, image }
    }

    fn registry(&self) -> &Secret {
        &self.world.servers().registry_login
    }

    fn git(&self) -> &Secret {
        &self.world.servers().git_login
    }

    /// `update` without registry credentials.
    fn update_of(&self, image: &str, url: &str) -> Bump {
        let arguments = ["update", "-vv", "--image", image, "--repo", url, "--helm", "values.yaml"];
        let bump = self.world.bump(arguments).env("GITOPS_BUMP_REPORT_DOTENV", REPORTS[0]);
        bump.env("GITOPS_BUMP_REPORT_JSON", REPORTS[1]).env("GITOPS_BUMP_REPORT_ANNOTATIONS", REPORTS[2])
    }

    fn update(&self) -> Bump {
        let bump = self.update_of(&self.image, &self.infra.url());
        let login = self.registry();
        bump.env("GITOPS_BUMP_REGISTRY_USERNAME", &login.username).env("GITOPS_BUMP_REGISTRY_PASSWORD", &login.password)
    }

    /// Looks for the secret in what was reported, committed and left in the home directory.
    #[track_caller]
    fn keeps(&self, secrets: &[&Secret]) {
        let work = self.world.work();
        let mut places: Vec<_> = REPORTS
            .map(|report| (report.to_owned(), fs::read(work.join(report)).expect("each report is written")))
            .into();
        places.push(("the repository".to_owned(), self.infra.all_objects()));
        places.extend(files_below(self.world.scratch()));
        for (place, bytes) in &places {
            for secret in secrets {
                secret.assert_absent(place, bytes);
            }
        }
    }
}

fn files_below(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(directory).expect("the directory is ours").map(|entry| entry.expect("it stays").path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![(path.display().to_string(), fs::read(&path).expect("the file is ours"))]
            }
        })
        .collect()
}

#[test]
fn a_success_shows_none() {
    let vault = Vault::new();
    vault.update().run().exits(0);
    assert_eq!(vault.infra.commits("main"), 2);
    vault.keeps(&[vault.git(), vault.registry()]);
}

#[test]
fn credentials_in_the_repository_url_are_used_and_not_shown() {
    let vault = Vault::new();
    let login = vault.git();
    let mut url = url::Url::parse(&vault.infra.url()).expect("a URL");
    url.set_username(&login.username).expect("an http URL takes a user");
    url.set_password(Some(&login.password)).expect("an http URL takes a password");
    let update = || {
        let bump = vault.update_of(&vault.image, url.as_str()).without_env("GITOPS_BUMP_GIT_TOKEN");
        let registry = format!(
            r#"{{"auths": {{"{}": {{"auth": "{}"}}}}}}"#,
            vault.world.servers().private_registry,
            vault.registry().basic()
        );
        bump.env("DOCKER_AUTH", registry)
    };

    update().run().exits(0);
    assert_eq!(vault.infra.commits("main"), 2);
    vault.keeps(&[login, vault.registry()]);

    vault.infra.protect_main();
    vault.infra.commit("main", "back", &[("values.yaml", values(&vault.world.private_repository("team/app"), "1"))]);
    update().run().exits(8);
    vault.keeps(&[login, vault.registry()]);
}

#[test]
fn a_tag_that_was_never_pushed_shows_none() {
    let vault = Vault::new();
    let missing = vault.update_of(&(vault.image.clone() + "-never"), &vault.infra.url());
    let login = vault.registry();
    let missing = missing.env("GITOPS_BUMP_REGISTRY_USERNAME", &login.username);
    missing.env("GITOPS_BUMP_REGISTRY_PASSWORD", &login.password).run().exits(4);
    vault.keeps(&[vault.git(), login]);
}

#[test]
fn wrong_passwords_are_shown_as_little_as_right_ones() {
    let vault = Vault::new();
    let wrong = Secret::new(vault.registry().username.clone(), "wr0ng$p+ss/w~rd".to_owned());
    vault.update().env("GITOPS_BUMP_REGISTRY_PASSWORD", &wrong.password).hiding(&wrong).run().exits(7);
    vault.keeps(&[&wrong, vault.git()]);

    let wrong = Secret::new(vault.git().username.clone(), "glpat-wr0ng+/~".to_owned());
    vault.update().env("GITOPS_BUMP_GIT_TOKEN", &wrong.password).hiding(&wrong).run().exits(8);
    vault.keeps(&[&wrong, vault.registry()]);
}

#[test]
fn a_broken_docker_auth_is_not_quoted() {
    let vault = Vault::new();
    let broken = format!(r#"{{"auths": {{"x": {{"auth": "{}"}}}}"#, vault.registry().basic());
    let update = vault.update_of(&vault.image, &vault.infra.url()).env("DOCKER_AUTH_CONFIG", broken);
    update.run().exits(3).says("DOCKER_AUTH_CONFIG");
    vault.keeps(&[vault.git(), vault.registry()]);
}

#[test]
fn a_server_that_repeats_the_secret_is_not_quoted_with_it() {
    let vault = Vault::new();
    let words = format!("echo 'no rights for {} ({})' >&2; exit 1", vault.git().password, vault.git().basic());
    vault.infra.hook("pre-receive", &words);
    vault.update().run().exits(8).says("no rights for");
    vault.keeps(&[vault.registry(), vault.git()]);
}

#[test]
fn an_error_about_the_command_line_or_the_config_repeats_none() {
    let token = Secret::new("oauth2".to_owned(), "glpat-a_\"b\\c/d+e=f%g".to_owned());
    let address = Secret::new("u".to_owned(), "inU_rl%2B9".to_owned());
    let url = format!("http://u:{}@h.example/x", address.password);
    let broken = format!("pin: '{}'\n", token.password);
    let repositories = format!("repositories: [{{url: '{url}', helm: [{{file: a}}], unknown: 1}}]\n");
    let world = World::new();
    world.write("broken.yml", &broken);
    world.write("unknown.yml", &repositories);
    let with = |flag: &str, value: &str| format!("{flag}={value}");
    for (arguments, code) in [
        (vec!["update".to_owned(), with("--pin", &token.password)], 2),
        (vec!["update".to_owned(), with("--color", &token.password)], 2),
        (vec!["update".to_owned(), format!("--{}", token.password)], 2),
        (vec![token.password.clone()], 2),
        (vec!["update".to_owned(), with("--wait", &token.password)], 2),
        (vec!["update".to_owned(), with("--push-timeout", &url)], 2),
        (vec!["check".to_owned(), with("--image", &token.password)], 3),
        (vec!["check".to_owned(), "--image=r.example/a:1".to_owned(), with("--digest-file", &token.password)], 3),
        (vec!["check".to_owned(), "--image=r.example/a:1".to_owned(), with("--verify-key", &token.password)], 3),
        (vec!["check".to_owned(), "--image=r.example/a:1".to_owned(), with("--platform", &token.password)], 3),
        (vec!["config".to_owned(), "validate".to_owned(), "--config=broken.yml".to_owned()], 3),
        (vec!["config".to_owned(), "validate".to_owned(), "--config=unknown.yml".to_owned()], 3),
    ] {
        let run = world.bump(&arguments).env("GITOPS_BUMP_GIT_TOKEN", &token.password).hiding(&token).hiding(&address);
        run.run().exits(code);
    }
    for variable in ["PIN", "COLOR", "WAIT", "IMAGE", "DIGEST_FILE", "AUTHOR", "PLATFORM"] {
        let run = world.bump(["update", "--repo=x", "--helm=x"]).env("GITOPS_BUMP_GIT_TOKEN", &token.password);
        let run = run.env(&format!("GITOPS_BUMP_{variable}"), &token.password).hiding(&token).run();
        assert!(matches!(run.code, 2 | 3), "{variable}: {run}");
    }
    let plain = ["check", "--image=127.0.0.1:1/a:1", &with("--plain-http", &url)];
    let run = world.bump(plain).hiding(&address).run();
    assert!(run.code != 0, "{run}");
}

#[test]
fn every_output_hides_what_a_file_names() {
    let world = World::new();
    let image = world.push("team/app", "2");
    for secret in
        ["p_8\"+=%x", "glpat-_a\\b<c>+d=e%", "x7_Q\"w\\e+r=t%y_u+i=o%p_a\"s\\d+f=g%h_j\"k\\l+z=x%c_v\"b\\n+m=q%w"]
    {
        let secret = Secret::new("u".to_owned(), secret.to_owned());
        let infra = world.empty_infra(&format!("infra{}", secret.password.len()));
        let file = format!("dev-{}.yaml", secret.password);
        let quoted = format!("\"{}\"", file.replace('\\', "\\\\").replace('"', "\\\""));
        let text = values(&world.repository("team/app"), "1") + &format!("note: {}\n", secret.password);
        infra.commit("main", "first", &[(quoted.as_str(), text.as_str())]);
        let url = infra.url();
        let fixed = ["--image", &image, "--repo", &url, "--helm", &file];
        let run = |arguments: &[&str]| {
            let run = world.bump(arguments.iter().chain(&fixed)).env("VAULT_TOKEN", &secret.password);
            run.hiding(&secret).run().exits(0)
        };
        let reports = [
            ("--report-dotenv", "r.env"),
            ("--report-json", "r.json"),
            ("--report-annotations", "a.json"),
            ("--report-markdown", "r.md"),
        ];
        let flags: Vec<&str> = reports.iter().flat_map(|(flag, file)| [*flag, *file]).collect();
        run(&[&["update", "--dry-run", "-vv"][..], &flags].concat()).says("[hidden]");
        run(&["config", "show"]).prints_some("[hidden]");
        for format in ["table", "json", "markdown", "html"] {
            run(&["status", "--format", format]).prints_some("hidden");
        }
        for (_, report) in reports {
            secret.assert_absent(report, world.read(report).as_bytes());
        }
        let json: serde_json::Value = serde_json::from_str(&world.read("r.json")).expect("the report stays JSON");
        assert_eq!(json["repositories"][0]["files"][0]["path"], "dev-[hidden].yaml");
    }
}

#[test]
fn an_own_secret_is_never_published() {
    for secret in ["glp4", "glpat_-8", "glpat-20_characters-", &"glpat-60_characters-".repeat(3)] {
        let secret = Secret::new("oauth2".to_owned(), secret.to_owned());
        let world = World::new();
        let plain = world.push("team/app", "2");
        let tagged = world.push("team/app", &secret.password);
        let infra = app_infra(&world, "1");
        let (url, message) = (infra.url(), format!("Fix it\n\nwith {}", secret.password));
        let encoded = secret.basic();
        for (image, flags) in [
            (&plain, vec!["--message", message.as_str()]),
            (&plain, vec!["--message", &encoded]),
            (&plain, vec!["--author", &format!("A {} <a@example.com>", secret.password)]),
            (&plain, vec!["--committer", &format!("A <{}@example.com>", secret.password)]),
            (&plain, vec!["--dry-run", "--message", &message]),
            (&tagged, vec![]),
            (&plain, vec!["--merge-request", "--mr-title", &secret.password]),
            (&plain, vec!["--merge-request", "--mr-description", &message]),
            (&plain, vec!["--merge-request", "--mr-label", &secret.password]),
            (&plain, vec!["--merge-request", "--mr-branch", &format!("x/{}", secret.password)]),
            (
                &plain,
                vec![
                    "--mirror-project-id",
                    "9",
                    "--mirror-repository",
                    &secret.password,
                    "--mirror-url",
                    "http://127.0.0.1:9/api/v4",
                ],
            ),
        ] {
            let fixed = ["update", "--image", image, "--repo", &url, "--helm", "values.yaml"];
            // The stand-in for a server of its own: the token of the job, which nothing here needs.
            let run = world.bump(fixed.iter().copied().chain(flags.iter().copied()));
            let run = run.env("CI_JOB_TOKEN", &secret.password).env("GITOPS_BUMP_MIRROR_TOKEN", "glptt-m1rror");
            run.hiding(&secret).run().exits(3).says("contains a secret of this job");
            assert_eq!((infra.commits("main"), infra.branches().len()), (1, 1), "{flags:?}");
        }
    }
}
