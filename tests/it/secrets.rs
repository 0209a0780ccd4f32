//! No secret in anything that is printed, reported or committed, neither as it is nor encoded, whatever happens.

use std::fs;
use std::path::Path;

use crate::samples::values;
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
