//! What is read of a repository over pipes, and what is refused.

use super::*;
use crate::tree::Entry;

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
    assert_eq!((snapshot.branch(), snapshot.tip()), ("main", world.bare(&["rev-parse", "main"]).trim().to_owned()));
    let file = |text: &str| Found::File(text.as_bytes().to_vec());
    let missing = |parent: &str, names: &[&str]| Found::Missing {
        parent: parent.to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
    };
    let entry = |name: &str, found| Entry { name: name.to_owned(), found };
    let submodule = || Found::Submodule { at: "charts/sub".to_owned() };
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

/// A server may know filters and refuse the cheapest one, or all.
#[tokio::test]
async fn asks_for_more_when_less_is_refused() {
    for setting in ["uploadpackfilter.tree.allow", "uploadpackfilter.allow"] {
        let world = World::new();
        for version in 0..5 {
            world.write("values.yaml", &format!("{}tag: {version}\n", "# a line that repeats\n".repeat(500)));
            world.write(
                &format!("copy-{version}.yaml"),
                &format!("{}{version}\n", "# a line that repeats\n".repeat(500)),
            );
            world.publish("version");
        }
        world.bare(&["gc", "-q"]);
        world.bare(&["config", setting, "false"]);
        let remote = world.remote();
        let snapshot = remote.snapshot(None, &wants(&["charts/app/values.yaml", "copy-3.yaml"])).await.unwrap();
        let Some(Found::File(copy)) = snapshot.found().last() else { panic!("{:?}", snapshot.found()) };
        assert!(copy.ends_with(b"3\n"), "{setting}");
        let commit =
            snapshot.commit(vec![change("charts/app/values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
        assert!(matches!(remote.push(&snapshot, &commit, &[]).await.unwrap(), Push::Done { .. }));
        assert_eq!(world.bare(&["diff", "--name-only", "main~1", "main"]), "charts/app/values.yaml\n");
    }
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
        let GitError::BranchMissing { is_tag, .. } = error else { panic!("{error:?}") };
        assert_eq!(is_tag, tagged, "{branch}");
    }
    world.bare(&["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let error = world.remote().snapshot(None, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "the branch \"gone\" does not exist (the branches are: main)");
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
    let snapshot = world.remote().snapshot(None, &wants(&["charts/app/values.yaml"])).await.unwrap();
    for path in ["new.yaml", "link", "charts/sub", "charts/app", "charts/app/values.yaml/x", ""] {
        let error = snapshot.commit(vec![change(path, "x")], &meta("bump")).await.unwrap_err();
        assert!(matches!(error, GitError::Path { .. }), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_named() {
    let world = World::new();
    let zeros = world.path("work").join("charts/zeros.yaml");
    std::fs::File::create(zeros).unwrap().set_len(crate::tree::FILE_LIMIT as u64 + 1).unwrap();
    world.publish("zeros");
    let error = world.remote().snapshot(None, &wants(&["values.yaml", "charts/zeros.yaml"])).await.unwrap_err();
    assert_eq!(error.to_string(), "charts/zeros.yaml is too big: more than 16 MiB");
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
