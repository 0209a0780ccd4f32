//! A GitLab project whose `.gitlab-ci.yml` is run by gitlab-ci-local; knows nothing of the component.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::container::Image;
use super::pipeline::Pipeline;
use super::repository::Repository;
use super::servers::Servers;
use super::tools::{output_of, tool};
use super::{World, directory};

/// `buildah push [--digestfile FILE] REFERENCE`, with the image of the tests.
const BUILDAH: &str = r#"#!/bin/sh
set -eu
# A login that leaves its password unread breaks the pipe of whoever writes it.
[ "$1" != login ] || exec cat >/dev/null
[ "$1" = push ] || exit 0
shift
digest=''
if [ "$1" = --digestfile ]; then
  digest="--digestfile $2"
  shift 2
fi
# shellcheck disable=SC2086 # a flag and its value
exec skopeo --insecure-policy copy --quiet --dest-tls-verify=false $digest \
  --dest-creds "$CI_REGISTRY_USER:$CI_REGISTRY_PASSWORD" "oci:$TEST_IMAGES" "docker://$1"
"#;

/// runc needs nothing of cgroups; podman's own limits are more than some machines may give.
const CONTAINERS: &str = "[engine]
runtime = \"runc\"
[containers]
default_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]
";

/// Where jobs run that have an image; jobs without one run in a shell of this machine.
#[derive(Clone)]
pub(crate) enum Executor {
    /// All jobs in a shell, with the binary of this build.
    Shell,
    /// In containers of the image on the host's network, as GitLab's docker executor runs them.
    Container(&'static Image),
}

/// A project with its CI/CD variables.
pub(crate) struct Project<'w> {
    world: &'w World,
    directory: PathBuf,
    repository: Repository,
    executor: Executor,
    /// Name to what gitlab-ci-local's variables file says of it.
    variables: BTreeMap<String, serde_json::Value>,
}

impl<'w> Project<'w> {
    /// A project `CORNER/app` on the Git server, with these files in its one commit.
    pub(crate) fn new(world: &'w World, executor: Executor, files: &[(&str, &str)]) -> Self {
        publish_component(world.servers());
        let repository = world.empty_infra("app");
        let project =
            Self { world, directory: world.scratch().join("app"), repository, executor, variables: BTreeMap::new() };
        for (name, content) in files {
            directory::write(&project.directory, name, content.as_bytes());
        }
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project.git(&["remote", "add", "origin", &project.repository.url()]);
        project.push();
        let servers = world.servers();
        let login = &servers.registry_login;
        let project = project.with("CI_REGISTRY", &servers.private_registry).with("CI_REGISTRY_USER", &login.username);
        let project = project.with("CI_REGISTRY_PASSWORD", &login.password);
        project.with("GITOPS_BUMP_GIT_TOKEN", &servers.git_login.password)
    }

    /// The project's own repository on the Git server.
    pub(crate) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Sets a CI/CD variable of the project, as its settings do; a dollar sign in it is one.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let value = serde_json::json!({"type": "variable", "values": {"*": value.replace('$', "$$")}});
        self.variables.insert(name.to_owned(), value);
        self
    }

    /// Sets a CI/CD variable of type file.
    pub(crate) fn with_file(mut self, name: &str, content: &str) -> Self {
        let value = serde_json::json!({"type": "file", "values": {"*": content}});
        self.variables.insert(name.to_owned(), value);
        self
    }

    /// Puts a shell script under this name where jobs find programs.
    pub(crate) fn with_program(self, name: &str, script: &str) -> Self {
        program(&self.programs(), name, script);
        self
    }

    /// The first eight characters of the commit's id.
    pub(crate) fn short_sha(&self) -> String {
        self.git(&["rev-parse", "HEAD"])[..8].to_owned()
    }

    /// Adds a commit that writes this file.
    pub(crate) fn commit(&self, name: &str, content: &str) {
        directory::write(&self.directory, name, content.as_bytes());
        self.push();
    }

    fn push(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "the app"]);
        self.git(&["push", "--quiet", "origin", "main"]);
        self.git(&["remote", "set-head", "origin", "main"]);
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = output_of(git(self.world).args(arguments).current_dir(&self.directory));
        String::from_utf8(output).expect("Git writes text")
    }

    /// Runs a pipeline; of its manual jobs none.
    pub(crate) fn run(&self) -> Pipeline {
        self.run_with(&[])
    }

    /// Runs one job alone, as its button does.
    pub(crate) fn run_job(&self, name: &str) -> Pipeline {
        self.run_with(&[name])
    }

    /// Runs a pipeline with more arguments of gitlab-ci-local, such as `--variable NAME=VALUE`.
    pub(crate) fn run_with(&self, arguments: &[&str]) -> Pipeline {
        // What this checks, `expanded` has checked.
        let output = self.gitlab_ci_local(&[&["--no-json-schema-validation"], arguments].concat());
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let login = &self.world.servers().git_login;
        login.assert_absent("the job log", text.as_bytes());
        self.world.servers().registry_login.assert_absent("the job log", text.as_bytes());
        Pipeline::new(text, self.directory.join(".gitlab-ci-local"))
    }

    /// The whole configuration with everything included and extended, as YAML.
    pub(crate) fn expanded(&self) -> String {
        let output = self.gitlab_ci_local(&["--preview"]);
        let text = String::from_utf8(output.stdout).expect("YAML is text");
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Why gitlab-ci-local refuses the configuration; panics when it takes it.
    #[track_caller]
    pub(crate) fn refused(&self) -> String {
        let output = self.gitlab_ci_local(&["--preview"]);
        assert!(!output.status.success(), "it was taken: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// gitlab-ci-local fetches a component that is included twice twice at the same time, and the second finds the first
    /// one's file in its way. A component that is there already it does not fetch.
    fn fetch_what_is_included_twice(&self) {
        const COMPONENT: &str = "$CI_SERVER_FQDN/gitops-bump/gitops-bump/gitops-bump@";
        const PIPELINE: &str = ".gitlab-ci.yml";
        // Cloud Pi Native's pipelines have another name, and include no component.
        let is_there = self.directory.join(PIPELINE).exists();
        if !is_there || directory::read(&self.directory, PIPELINE).matches(COMPONENT).count() < 2 {
            return;
        }
        let once = format!("include:\n  - component: {COMPONENT}{}\n", env!("CARGO_PKG_VERSION"));
        directory::write(&self.directory, ".gitlab-ci-local/once.yml", once.as_bytes());
        let output = self.start_gitlab_ci_local(&["--file", ".gitlab-ci-local/once.yml", "--preview"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn gitlab_ci_local(&self, arguments: &[&str]) -> Output {
        self.fetch_what_is_included_twice();
        self.start_gitlab_ci_local(arguments)
    }

    fn start_gitlab_ci_local(&self, arguments: &[&str]) -> Output {
        let home = self.world.scratch().join("home");
        let mut variables = self.variables.clone();
        let mut command = Command::new("node");
        command.arg(tool("gitlab-ci-local.js")).args(["--home"]).arg(&home);
        command.args(["--shell-isolation", "--no-artifacts-to-source"]);
        match &self.executor {
            Executor::Shell => {
                command.arg("--force-shell-executor");
            }
            Executor::Container(image) => {
                command.args(["--network", "host", "--pull-policy", "if-not-present"]);
                command.args(["--container-executable", image.engine(), "--helper-image", Image::helper()]);
                let image = serde_json::json!({"type": "variable", "values": {"*": "localhost/gitops-bump:test"}});
                variables.insert("GITOPS_BUMP_TOOL_IMAGE".to_owned(), image);
                directory::write(&home, "containers.conf", CONTAINERS.as_bytes());
            }
        }
        // JSON is YAML.
        let settings = serde_json::json!({"global": variables}).to_string();
        directory::write(&home, ".gitlab-ci-local/variables.yml", settings.as_bytes());
        let path = format!("{}:{}", self.programs().display(), std::env::var("PATH").unwrap_or_default());
        command.args(arguments).current_dir(&self.directory).env_clear();
        command.env("PATH", path).env("HOME", &home).env("FORCE_COLOR", "0");
        // The test's own settings of podman, and the machine's of where images are.
        command.env("CONTAINERS_CONF", home.join("containers.conf"));
        std::env::var_os("STORAGE_DRIVER").map(|driver| command.env("STORAGE_DRIVER", driver));
        command.env("TMPDIR", self.world.scratch().join("tmp"));
        command.env("GCL_IGNORE_PREDEFINED_VARS", "CI_REGISTRY,CI_COMMIT_MESSAGE");
        command.env("TEST_IMAGES", format!("{}:image", self.world.servers().images));
        command.output().unwrap_or_else(|error| panic!("node: {error}; scripts/install installs it"))
    }

    /// A directory with programs for the jobs that run in a shell: the binary, and a `buildah` that pushes the tests' image.
    fn programs(&self) -> PathBuf {
        let programs = self.world.scratch().join("programs");
        let link = programs.join("gitops-bump");
        if !link.exists() {
            program(&programs, "buildah", BUILDAH);
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_gitops-bump"), link).expect("the directory is new");
        }
        programs
    }
}

fn program(directory: &Path, name: &str, script: &str) {
    let file = directory::write(directory, name, script.as_bytes());
    std::fs::set_permissions(file, Permissions::from_mode(0o755)).expect("the file is ours");
}

/// Puts the component where examples include it from: `gitops-bump/gitops-bump` on the Git server, with a tag of this version.
fn publish_component(servers: &Servers) {
    static PUBLISHED: OnceLock<()> = OnceLock::new();
    PUBLISHED.get_or_init(|| {
        let project = Repository::create(&servers.git_repositories, "gitops-bump/gitops-bump.git", &servers.git);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = [
            "templates/gitops-bump.yml",
            "templates/promote.yml",
            "ci/gitops-bump-job.yml",
            "ci/gitops-bump-environment.yml",
            "ci/gitops-bump-environment-unset.yml",
        ];
        let files = files.map(|name| (name, directory::read(root, name)));
        let commit = project.commit("main", "the component", &files);
        project.set_ref(concat!("refs/tags/", env!("CARGO_PKG_VERSION")), &commit);
    });
}

/// Git as the project's user, who may read from the Git server.
fn git(world: &World) -> Command {
    let servers = world.servers();
    let home = world.scratch().join("home");
    let settings = format!(
        "[user]\n  name = Ada Lovelace\n  email = ada@example.com\n[http \"http://{}/\"]\n  extraHeader = \"Authorization: Basic {}\"\n",
        servers.git,
        servers.git_login.basic()
    );
    directory::write(&home, ".gitconfig", settings.as_bytes());
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home);
    command
}
