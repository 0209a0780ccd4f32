//! The servers of `scripts/servers`, started once per test process; they end with it, whatever ends it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::secrets::Secret;
use super::tools::output_of;

/// Where the servers are and what they ask for.
pub(crate) struct Servers {
    /// `HOST:PORT` of the registry that asks for nothing.
    pub(crate) registry: String,
    /// `HOST:PORT` of the registry that asks for [`Servers::registry_login`].
    pub(crate) private_registry: String,
    pub(crate) registry_login: Secret,
    /// `HOST:PORT` of the Git server, which asks for [`Servers::git_login`].
    pub(crate) git: String,
    pub(crate) git_login: Secret,
    /// The directory of the bare repositories that the Git server serves.
    pub(crate) git_repositories: PathBuf,
    /// The layout that holds the images to push, `image` and `image-next`.
    pub(crate) images: String,
    /// Holds the pipe whose end tells the servers to stop.
    _script: Child,
}

impl Servers {
    /// The servers of this process; the first call starts them.
    pub(crate) fn running() -> &'static Self {
        static SERVERS: OnceLock<Servers> = OnceLock::new();
        SERVERS.get_or_init(Self::start)
    }

    fn start() -> Self {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/servers"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("scripts/servers can be started");
        let facts = read_facts(&mut script);
        let fact = |key: &str| facts.get(key).unwrap_or_else(|| panic!("scripts/servers says no {key}")).clone();
        Self {
            registry: fact("registry"),
            private_registry: fact("private_registry"),
            registry_login: Secret::new(fact("registry_username"), fact("registry_password")),
            git: fact("git"),
            git_login: Secret::new(fact("git_username"), fact("git_token")),
            git_repositories: fact("git_repositories").into(),
            images: fact("images"),
            _script: script,
        }
    }

    /// Pushes the image under this reference, with the password where the registry asks for one.
    pub(crate) fn push(&self, reference: &str) {
        self.push_image("image", reference);
    }

    /// Pushes an image with another digest than [`Servers::push`] does.
    pub(crate) fn push_next(&self, reference: &str) {
        self.push_image("image-next", reference);
    }

    /// The digest that the registry says this reference has.
    pub(crate) fn digest(&self, reference: &str) -> String {
        let source = format!("docker://{reference}");
        let arguments = ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", "--creds", &self.login(), &source];
        String::from_utf8(output_of(self.skopeo().args(arguments))).expect("a digest is text").trim().to_owned()
    }

    fn push_image(&self, image: &str, reference: &str) {
        let (source, target) = (format!("oci:{}:{image}", self.images), format!("docker://{reference}"));
        let flags = ["copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", &self.login()];
        output_of(self.skopeo().args(flags).args([source, target]));
    }

    /// The registry without a password does not mind one.
    fn login(&self) -> String {
        format!("{}:{}", self.registry_login.username, self.registry_login.password)
    }

    fn skopeo(&self) -> Command {
        let mut command = Command::new("skopeo");
        command.arg("--insecure-policy").env("HOME", &self.images).env_remove("REGISTRY_AUTH_FILE");
        command
    }
}

/// The `KEY=VALUE` lines up to `ready`.
fn read_facts(script: &mut Child) -> HashMap<String, String> {
    let stdout = script.stdout.take().expect("the output is piped");
    let mut facts = HashMap::new();
    for line in BufReader::new(stdout).lines() {
        let line = line.expect("scripts/servers writes text");
        if line == "ready" {
            return facts;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("scripts/servers says {line:?}"));
        facts.insert(key.to_owned(), value.to_owned());
    }
    let mut words = String::new();
    if let Some(stderr) = script.stderr.as_mut() {
        stderr.read_to_string(&mut words).expect("scripts/servers writes text");
    }
    panic!("the servers did not start; scripts/install installs what they need: {words}");
}
