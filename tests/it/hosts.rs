//! A secret goes only where it belongs: what servers see that a config file or an infra repository names.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use crate::samples::{app_infra, values};
use crate::world::{Bump, Secret, World, liar_in_full, says};

/// A server that keeps every request's head, and wants credentials.
struct Trap {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    fn start() -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        let address = liar_in_full(move |head, stream| {
            log.lock().expect("no request panics").push(head.to_owned());
            let challenge = "WWW-Authenticate: Basic realm=\"give it to me\"\r\n";
            stream.write_all(says("401 Unauthorized", challenge, head).as_bytes())
        });
        Self { address, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no request panics").clone()
    }

    /// Panics when anything was asked.
    #[track_caller]
    fn heard_nothing(&self) {
        assert_eq!(self.heard(), Vec::<String>::new());
    }

    /// Panics when nothing was asked, or a credential was shown.
    #[track_caller]
    fn saw_no_secret(&self, secrets: &[Secret]) {
        let heard = self.heard();
        assert!(!heard.is_empty(), "nobody asked");
        for head in heard {
            let lower = head.to_lowercase();
            assert!(!lower.contains("authorization:") && !lower.contains("private-token:"), "{head}");
            for secret in secrets {
                secret.assert_absent("a request", head.as_bytes());
            }
        }
    }
}

const SECRETS: [(&str, &str); 8] = [
    ("GITOPS_BUMP_GIT_TOKEN", "glpat-c4nary-git"),
    ("GITOPS_BUMP_GIT_TOKEN_INFRA", "glpat-c4nary-infra"),
    ("GITOPS_BUMP_FORGE_TOKEN", "glpat-c4nary-forge"),
    ("GIT_MIRROR_TOKEN", "glptt-c4nary-mirror"),
    ("ARGOCD_AUTH_TOKEN", "eyJ-c4nary-argocd"),
    ("GITOPS_BUMP_REGISTRY_PASSWORD", "c4nary-registry"),
    ("CI_JOB_TOKEN", "c4nary-job"),
    ("CI_REGISTRY_PASSWORD", "c4nary-ci-registry"),
];

fn canaries() -> Vec<Secret> {
    SECRETS.iter().map(|(_, value)| Secret::new("robot".to_owned(), (*value).to_owned())).collect()
}

/// A run in a pipeline with a secret of every kind.
fn in_pipeline(bump: Bump) -> Bump {
    let bump = SECRETS.iter().fold(bump, |bump, (name, value)| bump.env(name, value));
    let bump = canaries().iter().fold(bump, Bump::hiding);
    bump.env("GITLAB_CI", "true")
        .env("CI_SERVER_HOST", "gitlab.example")
        .env("CI_API_V4_URL", "https://gitlab.example/api/v4")
        .env("CI_REGISTRY", "registry.gitlab.example")
        .env("CI_REGISTRY_USER", "robot")
        .env("GITOPS_BUMP_REGISTRY_USERNAME", "robot")
}

#[test]
fn a_config_files_git_server_is_not_asked_while_a_secret_is_set() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let trap = Trap::start();
    let entries = [
        format!("url: 'http://{}/a/b'", trap.address),
        format!("url: 'http://robot@{}/a/b'", trap.address),
        format!("url: 'http://{}/a/b', merge_request: true", trap.address),
        format!("url: 'http://{}/a/b', credentials: {{token_variable: GITOPS_BUMP_GIT_TOKEN_INFRA}}", trap.address),
        format!(
            "url: 'http://{}/a/b', mirror: {{project_id: 1, repository: x, url: 'http://{}/api/v4'}}",
            trap.address, trap.address
        ),
    ];
    for entry in &entries {
        let config =
            format!("images: {{app: '{image}'}}\nrepositories: [{{{entry}, helm: [{{file: values.yaml}}]}}]\n");
        world.write(".gitops-bump.yml", config);
        for command in ["update", "status"] {
            let run = in_pipeline(world.bump([command])).run().exits(3).says("GITOPS_BUMP_GIT_HOSTS");
            run.says(&trap.address);
            // A key is no less a secret.
            let key = world.bump([command]).without_env("GITOPS_BUMP_GIT_TOKEN").env("GITLAB_CI", "true");
            if !entry.contains("credentials") && !entry.contains("mirror") {
                key.env("GITOPS_BUMP_SSH_KEY", "/nowhere").run().exits(3).says("GITOPS_BUMP_GIT_HOSTS");
            }
        }
    }
    trap.heard_nothing();
    // Named by the job, the same server is asked, and gets what is for it.
    world.write(
        ".gitops-bump.yml",
        format!("images: {{app: '{image}'}}\nrepositories: [{{{}, helm: [{{file: x}}]}}]\n", entries[0]),
    );
    in_pipeline(world.bump(["update"])).env("GITOPS_BUMP_GIT_HOSTS", &trap.address).run().exits(8);
    assert!(trap.heard().iter().any(|head| head.to_lowercase().contains("authorization: basic")));
}

#[test]
fn ssh_is_not_started_for_a_config_files_server() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let started = world.scratch().join("started");
    let ssh = format!("touch {} && false", started.display());
    let config =
        format!("images: {{app: '{image}'}}\nrepositories: [{{url: 'git@evil.example:a/b', helm: [{{file: x}}]}}]\n");
    world.write(".gitops-bump.yml", config);
    let update = || world.bump(["update"]).env("GIT_SSH_COMMAND", &ssh).env("GITLAB_CI", "true");
    update().run().exits(3).says("evil.example").says("GITOPS_BUMP_GIT_HOSTS");
    assert!(!started.exists());
    update().without_env("GITOPS_BUMP_GIT_TOKEN").run().exits(8);
    assert!(started.exists());
}

#[test]
fn a_registry_that_a_file_names_sees_no_credentials() {
    let world = World::new();
    let infra = app_infra(&world, "1");
    let trap = Trap::start();
    let image = format!("{}/team/app:2", trap.address);
    let (url, git) = (infra.url(), world.servers().git.clone());
    let token = &world.servers().git_login.password;
    let secrets = || [&canaries()[..], &[world.servers().git_login.clone()]].concat();
    let entry = format!("repositories: [{{url: '{url}', helm: [{{file: values.yaml}}]}}]");
    world.write(".gitops-bump.yml", format!("images: {{app: '{image}'}}\n{entry}\n"));
    for command in ["update", "check"] {
        let run = in_pipeline(world.bump([command])).env("GITOPS_BUMP_GIT_TOKEN", token);
        run.env("GITOPS_BUMP_GIT_HOSTS", &git).run().exits(7).says("GITOPS_BUMP_REGISTRY_HOSTS").says(&trap.address);
        trap.saw_no_secret(&secrets());
    }
    infra.commit("main", "another registry", &[("values.yaml", values(&format!("{}/team/app", trap.address), "1"))]);
    for bump in [
        in_pipeline(world.bump(["status", "--repo", &url, "--helm", "values.yaml"])),
        in_pipeline(world.bump(["status", "--repo", &url, "--helm", "values.yaml"])).without_env("GITLAB_CI"),
        in_pipeline(world.bump(["status"])).env("GITOPS_BUMP_GIT_HOSTS", &git),
    ] {
        let before = trap.heard().len();
        bump.env("GITOPS_BUMP_GIT_TOKEN", token).run().exits(0);
        assert!(trap.heard().len() > before, "status did not ask");
        trap.saw_no_secret(&secrets());
    }
    assert_eq!(infra.commits("main"), 2);
    // The user's own word: by flag, by list, and by a config file outside a pipeline.
    let named = |bump: Bump| {
        let trap_before = trap.heard().len();
        bump.run().exits(7);
        let heard = trap.heard().split_off(trap_before);
        assert!(heard.iter().any(|head| head.to_lowercase().contains("authorization: basic")), "{heard:?}");
    };
    named(in_pipeline(world.bump(["check", "--image", &image])));
    named(in_pipeline(world.bump(["check"])).env("GITOPS_BUMP_REGISTRY_HOSTS", &trap.address));
    named(in_pipeline(world.bump(["check"])).without_env("GITLAB_CI"));
}

#[test]
fn a_config_files_mirror_is_not_triggered_elsewhere() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let infra = app_infra(&world, "1");
    let trap = Trap::start();
    let (url, git) = (infra.url(), &world.servers().git);
    let mirror = format!("mirror: {{project_id: 9, repository: x, url: 'http://{}/api/v4'}}", trap.address);
    let entry = format!("repositories: [{{url: '{url}', helm: [{{file: values.yaml}}], {mirror}}}]");
    world.write(".gitops-bump.yml", format!("images: {{app: '{image}'}}\n{entry}\n"));
    let token = &world.servers().git_login.password;
    let update =
        || in_pipeline(world.bump(["update"])).env("GITOPS_BUMP_GIT_HOSTS", git).env("GITOPS_BUMP_GIT_TOKEN", token);
    update().run().exits(3).says("GITOPS_BUMP_MIRROR_URL").says(&trap.address);
    update().without_env("GITLAB_CI").run().exits(3).says("mirror.url");
    trap.heard_nothing();
    assert_eq!(infra.commits("main"), 1);
    let named = format!("http://{}/api/v4", trap.address);
    update().env("GITOPS_BUMP_MIRROR_URL", named).run().exits(11);
    assert_eq!(trap.heard().len(), 1);
}

#[test]
fn credentials_over_plain_http_are_refused_before_any_request() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let update = |url: &str| world.bump(["update", "--image", &image, "--repo", url, "--helm", "values.yaml"]);
    for url in ["http://git.invalid/a/b", "http://u:hunter2@git.invalid/a/b", "http://git.invalid:8080/a/b"] {
        let run = update(url).run().exits(3).says("over plain http").says("--plain-http git.invalid");
        assert!(!run.to_string().contains("hunter2"), "{run}");
    }
    world.bump(["init", "--repo", "http://git.invalid/a/b"]).run().exits(3).says("--plain-http git.invalid");
    world.bump(["status", "--repo", "http://git.invalid/a/b", "--helm", "x"]).run().exits(3).says("over plain http");
    // The host is asked for, and isn't there.
    update("http://git.invalid/a/b").env("GITOPS_BUMP_PLAIN_HTTP", "git.invalid").run().exits(8);
    update("http://git.invalid/a/b").without_env("GITOPS_BUMP_GIT_TOKEN").run().exits(8);
    world.bump(["init", "--repo", "http://git.invalid/a/b", "--plain-http", "git.invalid"]).run().exits(8);
}

#[test]
fn a_token_with_line_breaks_around_it_works_and_one_with_a_control_character_is_named() {
    let world = World::new();
    let image = world.push_private("team/app", "2");
    let infra = world.infra("infra", &[("values.yaml", &values(&world.private_repository("team/app"), "1"))]);
    let (git, registry) = (&world.servers().git_login, &world.servers().registry_login);
    let update = |git: &str, password: &str| {
        let bump = world.bump(["update", "--image", &image, "--repo", &infra.url(), "--helm", "values.yaml"]);
        let bump = bump.env("GITOPS_BUMP_REGISTRY_USERNAME", &registry.username).env("GITOPS_BUMP_GIT_TOKEN", git);
        bump.env("GITOPS_BUMP_REGISTRY_PASSWORD", password).run()
    };
    for broken in ["a\nb", "a\rb", "a\u{7f}b"] {
        update(broken, &registry.password).exits(3).says("the variable GITOPS_BUMP_GIT_TOKEN: a control character");
        update(&git.password, broken).exits(3).says("the variable GITOPS_BUMP_REGISTRY_PASSWORD: a control character");
    }
    assert_eq!(infra.commits("main"), 1);
    update(&format!("\n{}\r\n", git.password), &format!("{}\n", registry.password)).exits(0);
    assert_eq!(infra.commits("main"), 2);
}
