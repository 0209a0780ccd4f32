//! The image that users get, with the binary that `scripts/test` has built; knows nothing of what the binary does.

use std::collections::HashMap;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::tools::output_of;

/// The image and the engine that built it and runs it.
pub(crate) struct Image {
    engine: String,
    id: String,
    compressed_bytes: u64,
}

impl Image {
    /// The image of this process; the first call builds it. None when there is no release binary.
    pub(crate) fn built() -> Option<&'static Self> {
        static IMAGE: OnceLock<Option<Image>> = OnceLock::new();
        IMAGE.get_or_init(Self::build).as_ref()
    }

    fn build() -> Option<Self> {
        let binary = std::env::var_os("GITOPS_BUMP_RELEASE_BINARY")?;
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/image"));
        script.args(["--local-bases", "--tag", "gitops-bump:test", "--binary"]).arg(binary);
        let printed = output_of(script.env("CI_PROJECT_URL", "https://gitlab.example.com/shop/gitops-bump"));
        let printed = String::from_utf8(printed).expect("scripts/image writes text");
        let facts: HashMap<&str, &str> = printed.lines().filter_map(|line| line.split_once('=')).collect();
        let fact = |key: &str| *facts.get(key).unwrap_or_else(|| panic!("scripts/image says no {key}: {printed}"));
        let compressed_bytes = fact("compressed_bytes").parse().expect("a number of bytes");
        let image = Self { engine: fact("engine").to_owned(), id: fact("image").to_owned(), compressed_bytes };
        let probe = image.container().args([image.id(), "true"]).output().expect("the engine has built the image");
        assert!(
            probe.status.success(),
            "{} runs no container here; the Debian packages podman and runc run them: {}",
            image.engine,
            String::from_utf8_lossy(&probe.stderr)
        );
        Some(image)
    }

    /// The engine that built it and runs it.
    pub(crate) fn engine(&self) -> &str {
        &self.engine
    }

    /// The name of an image with which gitlab-ci-local copies files; the first call makes it.
    pub(crate) fn helper() -> &'static str {
        const HELPER: &str = "localhost/gitops-bump-ci-helper:1";
        static MADE: OnceLock<()> = OnceLock::new();
        MADE.get_or_init(|| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/image");
            output_of(Command::new(script).args(["--helper", HELPER]));
        });
        HELPER
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What a runner pulls.
    pub(crate) fn compressed_bytes(&self) -> u64 {
        self.compressed_bytes
    }

    /// How containers of the image are run when nothing else is said.
    pub(crate) fn configuration(&self) -> Value {
        let flags = ["image", "inspect", "--format", "{{json .Config}}", &self.id];
        serde_json::from_slice(&output_of(Command::new(&self.engine).args(flags))).expect("a configuration is JSON")
    }

    /// What a shell in a container prints for this script, which must succeed.
    pub(crate) fn shell(&self, script: &str) -> String {
        let printed = output_of(self.container().args([&self.id, "sh", "-c", script]));
        String::from_utf8(printed).expect("the script prints text")
    }

    /// The command that starts a container with this machine's network, as strict clusters start theirs. The image and
    /// what to run in it are still to be said.
    pub(crate) fn container(&self) -> Command {
        let mut command = Command::new(&self.engine);
        if self.engine == "podman" {
            // runc needs nothing of cgroups; podman's own limits are more than some machines may give.
            command.args(["--runtime", "runc", "run", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]);
            command.args(["--http-proxy=false", "--read-only-tmpfs=false", "--tmpfs", "/dev/shm"]);
        } else {
            command.arg("run");
        }
        command.args(["--rm", "--network", "host", "--user", "12345:12345", "--read-only"]);
        command.args(["--cap-drop", "all", "--security-opt", "no-new-privileges"]);
        command
    }
}
