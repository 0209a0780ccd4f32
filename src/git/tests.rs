//! The exchange against real repositories over pipes.

mod packs;
mod scripted;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::tree::Entry;

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
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "Test")
            .env(format!("GIT_{role}_EMAIL"), "test@example.com");
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
    // A second installation fails, and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (url, credentials) = GitUrl::parse(text).unwrap();
    Remote::new(url, credentials.as_ref(), reqwest::Client::builder().no_proxy()).unwrap()
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
    }
}

fn change(path: &str, content: &str) -> (String, Vec<u8>) {
    (path.to_owned(), content.as_bytes().to_vec())
}

#[tokio::test]
async fn finds_what_stands_at_each_path() {
    let world = World::new();
    let paths = [
        "values.yaml",
        "./charts/app/values.yaml",
        "charts/app",
        "charts/none/x.yaml",
        "values.yaml/x",
        "link/app/values.yaml",
        "charts/sub/x",
        "charts",
    ];
    let snapshot = world.remote().snapshot(None, &wants(&paths)).await.unwrap();
    assert_eq!(
        (snapshot.branch(), snapshot.tip()),
        ("main", world.bare(&["rev-parse", "main"]).trim().to_owned())
    );
    let file = |text: &str| Found::File(text.as_bytes().to_vec());
    let missing = |parent: &str, names: &[&str]| Found::Missing {
        parent: parent.to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
    };
    let entry = |name: &str, found| Entry {
        name: name.to_owned(),
        found,
    };
    let submodule = || Found::Submodule {
        at: "charts/sub".to_owned(),
    };
    let expected = [
        file("tag: one\n"),
        file("tag: two\n"),
        Found::Directory(vec![entry("values.yaml", file("tag: two\n"))]),
        missing("charts", &["app", "sub"]),
        missing("", &["charts", "link", "run me.sh", "values.yaml"]),
        Found::Symlink { at: "link".to_owned() },
        submodule(),
        Found::Directory(vec![entry("sub", submodule())]),
    ];
    assert_eq!(snapshot.found(), expected);
}

#[tokio::test]
async fn pushes_one_commit_that_changes_only_what_it_should() {
    let world = World::new();
    world.bare(&["config", "receive.fsckObjects", "true"]);
    let remote = world.remote();
    let snapshot = remote
        .snapshot(
            Some("main"),
            &wants(&["values.yaml", "charts/app/values.yaml", "run me.sh"]),
        )
        .await;
    let snapshot = snapshot.unwrap();
    let changes = [
        change("values.yaml", "tag: new\n"),
        change("charts/app/values.yaml", "tag: newer\n"),
        change("run me.sh", "#!/bin/sh\ntrue\n"),
    ];
    let commit = snapshot.commit(&changes, &meta("bump é\n\nImage: x\n\n")).unwrap();
    assert_eq!(remote.push(&snapshot, &commit).await.unwrap(), Push::Done);
    assert_eq!(world.bare(&["rev-parse", "main"]).trim(), commit.id());
    world.bare(&["fsck", "--strict"]);
    let raw = world.bare(&["diff", "--raw", "--abbrev=4", "main~1", "main"]);
    let modes: Vec<&str> = raw.lines().map(|line| &line[..14]).collect();
    assert_eq!(modes, [":100644 100644", ":100755 100755", ":100644 100644"], "{raw}");
    let shown = world.bare(&["log", "-1", "--format=%an <%ae> %ad|%cn|%B", "--date=raw", "main"]);
    assert_eq!(
        shown.trim_end(),
        "Zoé Author <zoe@example.com> 1700000000 +0200|gitops-bump|bump é\n\nImage: x"
    );
    assert_eq!(world.bare(&["show", "main:charts/app/values.yaml"]), "tag: newer\n");
}

#[tokio::test]
async fn loses_a_race_and_lands_on_the_new_tip() {
    let world = World::new();
    let remote = world.remote();
    let paths = wants(&["values.yaml"]);
    let snapshot = remote.snapshot(None, &paths).await.unwrap();
    world.write("other.yaml", "x: 1\n");
    world.publish("somebody else");
    let commit = snapshot
        .commit(&[change("values.yaml", "tag: new\n")], &meta("bump"))
        .unwrap();
    let push = remote.push(&snapshot, &commit).await.unwrap();
    assert!(matches!(push, Push::LostRace { .. }), "{push:?}");
    let snapshot = remote.snapshot(None, &paths).await.unwrap();
    let commit = snapshot
        .commit(&[change("values.yaml", "tag: new\n")], &meta("bump"))
        .unwrap();
    assert_eq!(remote.push(&snapshot, &commit).await.unwrap(), Push::Done);
    assert_eq!(
        world.bare(&["log", "--format=%s", "main"]),
        "bump\nsomebody else\nfirst\n"
    );
}

/// The branch moves while the server holds the push, so that only its own compare-and-swap can notice.
#[tokio::test]
async fn loses_a_race_inside_the_server() {
    let world = World::new();
    let tree = world.bare(&["rev-parse", "main^{tree}"]);
    let other = world.bare(&[
        "-c",
        "user.name=x",
        "-c",
        "user.email=x",
        "commit-tree",
        "-m",
        "other",
        tree.trim(),
    ]);
    world.hook(
        "pre-receive",
        &format!(
            "unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main {}",
            other.trim()
        ),
    );
    let remote = world.remote();
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    let commit = snapshot
        .commit(&[change("values.yaml", "tag: new\n")], &meta("bump"))
        .unwrap();
    let push = remote.push(&snapshot, &commit).await.unwrap();
    assert!(matches!(push, Push::LostRace { .. }), "{push:?}");
    assert_eq!(world.bare(&["rev-parse", "main"]), other);
}

#[tokio::test]
async fn a_hook_refuses_in_its_own_words() {
    let world = World::new();
    world.hook(
        "pre-receive",
        "printf 'GitLab: You are \\033[31mnot allowed\\n' >&2; exit 1",
    );
    let remote = world.remote();
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    let commit = snapshot
        .commit(&[change("values.yaml", "tag: new\n")], &meta("bump"))
        .unwrap();
    let error = remote.push(&snapshot, &commit).await.unwrap_err();
    let GitError::Refused { words } = error else {
        panic!("{error:?}")
    };
    assert_eq!(words, "GitLab: You are not allowed: pre-receive hook declined");
}

#[tokio::test]
async fn tells_what_is_missing() {
    let world = World::unborn();
    let error = world.remote().snapshot(None, &[]).await.unwrap_err();
    assert!(matches!(error, GitError::EmptyRepository), "{error:?}");
    let error = world.remote().snapshot(Some("main"), &[]).await.unwrap_err();
    assert!(matches!(error, GitError::EmptyRepository), "{error:?}");
    world.write("values.yaml", "tag: one\n");
    world.publish("first");
    world.git("work", &["push", "-q", "../infra.git", "HEAD:refs/tags/v1"]);
    for (branch, tagged) in [("v1", true), ("mai", false), ("no\nbranch", false)] {
        let error = world.remote().snapshot(Some(branch), &[]).await.unwrap_err();
        let GitError::BranchMissing { is_tag, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(is_tag, tagged, "{branch}");
    }
    world.bare(&["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let error = world.remote().snapshot(None, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no branch \"gone\" (there are: main)");
    for path in ["none.git", "work/values.yaml", "infra.git/hooks"] {
        let error = remote(&world.path(path)).snapshot(None, &[]).await.unwrap_err();
        assert!(matches!(error, GitError::RepositoryMissing { .. }), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn refuses_paths_that_git_has_not() {
    let world = World::new();
    for path in ["../x", ".git/config", "a/.GIT/x"] {
        let error = world.remote().snapshot(None, &wants(&[path])).await.unwrap_err();
        assert!(matches!(error, GitError::Path { .. }), "{path}: {error:?}");
    }
    let snapshot = world
        .remote()
        .snapshot(None, &wants(&["charts/app/values.yaml"]))
        .await
        .unwrap();
    for path in [
        "new.yaml",
        "link",
        "charts/sub",
        "charts/app",
        "charts/app/values.yaml/x",
        "",
    ] {
        let error = snapshot.commit(&[change(path, "x")], &meta("bump")).unwrap_err();
        assert!(matches!(error, GitError::Path { .. }), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_named() {
    let world = World::new();
    let zeros = world.path("work").join("charts/zeros.yaml");
    std::fs::File::create(zeros)
        .unwrap()
        .set_len(FILE_LIMIT as u64 + 1)
        .unwrap();
    world.publish("zeros");
    let error = world
        .remote()
        .snapshot(None, &wants(&["values.yaml", "charts/zeros.yaml"]))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "charts/zeros.yaml is too big: more than 32 MiB");
}

#[tokio::test]
async fn refuses_a_sha256_repository() {
    let world = World::unborn();
    world.git("", &["init", "-q", "--bare", "--object-format=sha256", "new.git"]);
    let error = remote(&world.path("new.git")).snapshot(None, &[]).await.unwrap_err();
    assert!(error.to_string().contains("object format is sha256"), "{error}");
}

/// What runs several repositories at once may move them between threads.
#[test]
fn is_fit_for_threads() {
    fn check<T: Send + Sync>() {}
    check::<Remote>();
    check::<Snapshot>();
    check::<Commit>();
    check::<GitError>();
}
