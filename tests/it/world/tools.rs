//! Other programs that tests run: Git, skopeo, and the renderers of the GitOps controllers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs a program that must succeed and returns what it printed.
pub(crate) fn output_of(command: &mut Command) -> Vec<u8> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/install installs it"));
    let words = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{program} failed ({}): {words}{said}", output.status);
    output.stdout
}

/// What `helm template` renders of a chart with one values file on top of its own.
pub(crate) fn helm_template(chart: &Path, values: &str) -> String {
    let mut command = Command::new(tool("helm"));
    command.arg("template").arg("app").arg(chart).arg("--values").arg(chart.join(values));
    rendered(&mut command, chart)
}

/// The same with parameters `NAME=VALUE`, which win over all values files.
pub(crate) fn helm_template_with(chart: &Path, values: &str, sets: &[String]) -> String {
    let mut command = Command::new(tool("helm"));
    command.arg("template").arg("app").arg(chart).arg("--values").arg(chart.join(values));
    for set in sets {
        command.arg("--set").arg(set);
    }
    rendered(&mut command, chart)
}

/// What `kubectl kustomize` renders of a directory.
pub(crate) fn kubectl_kustomize(directory: &Path) -> String {
    rendered(Command::new(tool("kubectl")).arg("kustomize").arg(directory), directory)
}

fn rendered(command: &mut Command, home: &Path) -> String {
    let command = command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
    String::from_utf8(output_of(command)).expect("manifests are text")
}

/// Panics unless GitLab's schema of `.gitlab-ci.yml` takes these files, each of one document.
pub(crate) fn check_gitlab_ci(files: &[&Path]) {
    let mut command = Command::new("python3");
    command.args(["-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]);
    let library = tool("check-jsonschema/check_jsonschema/__init__.py");
    let library = library.ancestors().nth(2).expect("the path has three parts");
    output_of(command.args(files).env("PYTHONPATH", library));
}

/// The program where `scripts/install` puts it.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = tools().join(name);
    assert!(path.is_file(), "{name} is not in {}; scripts/install puts it there", tools().display());
    path
}

/// The machine's own Chromium or Chrome; otherwise the one that `scripts/install` puts beside the tools.
pub(crate) fn browser() -> PathBuf {
    // A snap can't read what a test has written, and Ubuntu's packages of these names only call for the snap.
    let works = |name: &&str| {
        let version = Command::new(name).arg("--version").stdin(Stdio::null()).output();
        version.is_ok_and(|said| said.status.success() && !String::from_utf8_lossy(&said.stdout).contains("snap"))
    };
    let names = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];
    names.into_iter().find(works).map_or_else(downloaded_browser, PathBuf::from)
}

fn downloaded_browser() -> PathBuf {
    let path = tools().join("headless-chromium");
    assert!(
        path.is_file(),
        "there is no browser: install the Debian package chromium; on Ubuntu, which has it only as a snap, scripts/install \
         puts one into {}",
        tools().display()
    );
    path
}

fn tools() -> PathBuf {
    let cache = || match std::env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
    };
    match std::env::var_os("GITOPS_BUMP_TOOLS") {
        Some(tools) => PathBuf::from(tools),
        None => cache().join("gitops-bump-tools"),
    }
}

/// Runs openssl in the world's directory.
pub(crate) fn openssl(world: &super::World, arguments: &[&str]) {
    output_of(Command::new("openssl").args(arguments).current_dir(world.work()));
}

/// Signs a message with `key.pem` as cosign does: over its SHA-256, but with Ed25519 over itself.
pub(crate) fn sign(world: &super::World, message: &[u8]) -> Vec<u8> {
    world.write("message", message);
    let is_ed25519 = world.read("key.pem").lines().nth(1).is_some_and(|line| line.starts_with("MC4CAQAwBQYDK2Vw"));
    let flags = ["pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", "message", "-out", "signature"];
    let hash: &[&str] = if is_ed25519 { &[] } else { &["-digest", "sha256"] };
    openssl(world, &[&flags, hash].concat());
    std::fs::read(world.work().join("signature")).expect("openssl has written it")
}
