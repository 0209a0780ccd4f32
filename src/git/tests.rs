//! The exchange against real repositories: the world that the tests share.

mod elder_scripted;
mod elders;
mod grafts;
mod later;
mod packs;
mod pasts;
mod pushes;
mod scripted;
mod snapshots;
mod views;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::http::Trust;
use crate::proxies::Proxies;
use crate::secret::{Audience, SharedRedactor};

/// A bare repository, filled through a working tree beside it.
struct World {
    dir: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self::unborn();
        world.write("values.yaml", "tag: one\n");
        world.write("charts/app/values.yaml", "tag: two\n");
        world.write("charts/app/templates/deployment.yaml", "kind: Deployment\n");
        world.write("run me.sh", "#!/bin/sh\n");
        set_executable(&world.path("work/run me.sh"));
        std::os::unix::fs::symlink("charts", world.path("work").join("link")).unwrap();
        let submodule = "160000,4b825dc642cb6eb9a060e54bf8d69288fbee4904,charts/sub";
        world.git("work", &["update-index", "--add", "--cacheinfo", submodule]);
        world.publish("first");
        world
    }

    fn unborn() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let world = Self { dir };
        world.git("", &["init", "-q", "--bare", "-b", "main", "infra.git"]);
        world.git("", &["init", "-q", "-b", "main", "work"]);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path("work").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits everything and publishes it as the branch `main`.
    fn publish(&self, message: &str) {
        self.git("work", &["add", "--ignore-removal", "."]);
        self.git("work", &["commit", "-q", "-m", message]);
        self.publish_head();
    }

    /// Publishes what is committed as the branch `main`.
    fn publish_head(&self) {
        self.git("work", &["push", "-q", "../infra.git", "HEAD:main"]);
    }

    fn git(&self, inside: &str, arguments: &[&str]) -> String {
        git(&self.path(inside), arguments)
    }

    fn remote(&self) -> Remote {
        remote(&self.path("infra.git"))
    }

    fn bare(&self, arguments: &[&str]) -> String {
        self.git("infra.git", arguments)
    }

    fn hook(&self, name: &str, script: &str) {
        let path = self.path("infra.git/hooks").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        set_executable(&path);
    }
}

fn set_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(inside: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(inside).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Test").env(format!("GIT_{role}_EMAIL"), "test@example.com");
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn remote(path: &Path) -> Remote {
    remote_at(path.to_str().unwrap())
}

fn remote_at(text: &str) -> Remote {
    let (url, credentials) = GitUrl::parse(text).unwrap();
    let mut audience = Audience::default();
    audience.add_url(&::url::Url::parse(text).unwrap_or_else(|_| ::url::Url::parse("file:///").unwrap()));
    let credentials = credentials.map(|credentials| Bound::new(credentials, audience));
    let trust = Trust::load(&[]).unwrap();
    let http = Http::new(&trust, Proxies::default(), &[], SharedRedactor::default()).unwrap();
    Remote::new(url, credentials.as_ref(), (&http, &Ssh::default()), Deadline::default())
}

fn wants<'a>(paths: &[&'a str]) -> Vec<Want<'a>> {
    let pick = |name: &str| Path::new(name).extension().is_some_and(|end| end == "yaml") || name == "sub";
    paths.iter().map(|path| Want { path, pick }).collect()
}

fn meta(message: &str) -> CommitMeta {
    CommitMeta {
        message: message.to_owned(),
        author: Identity::parse("Zoé Author <zoe@example.com>").unwrap(),
        committer: Identity::parse("gitops-bump <bump@example.com>").unwrap(),
        time: 1_700_000_000,
        offset: 120,
        signing_key: None,
    }
}

fn change(path: &str, content: &str) -> Change {
    Change::Write(path.to_owned(), content.as_bytes().to_vec())
}
