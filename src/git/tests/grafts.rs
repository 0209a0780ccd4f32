//! Commits that copy, add and remove, against real repositories that check what they are sent.

use super::*;

/// Pushes a commit with these changes to a repository that checks every object, and says what the commit changes.
async fn commit(world: &World, paths: &[&str], changes: impl FnOnce(&Snapshot) -> Vec<Change>) -> String {
    world.bare(&["config", "receive.fsckObjects", "true"]);
    let remote = world.remote();
    let snapshot = remote.snapshot(None, &wants(paths)).await.unwrap();
    let changes = changes(&snapshot);
    assert!(!snapshot.has(&changes).unwrap());
    let commit = snapshot.commit(changes, &meta("change")).await.unwrap();
    assert!(matches!(remote.push(&snapshot, &commit, &[]).await.unwrap(), Push::Done { .. }));
    world.bare(&["fsck", "--strict"]);
    world.bare(&["diff", "--name-status", "--no-renames", "main~1", "main"])
}

fn put(path: &str) -> Change {
    Change::Put(path.to_owned(), b"new\n".to_vec())
}

fn remove(path: &str) -> Change {
    Change::Remove(path.to_owned())
}

#[tokio::test]
async fn files_come_and_go() {
    let world = World::new();
    // Names beside a directory's, on either side of its place in Git's order.
    let names = ["charts.a", "charts-b", "charts0", ".dot", "zz", "new/deep/x.yaml"];
    let changed = commit(&world, &["charts", "new/deep"], |_| names.map(put).into()).await;
    assert_eq!(changed, "A\t.dot\nA\tcharts-b\nA\tcharts.a\nA\tcharts0\nA\tnew/deep/x.yaml\nA\tzz\n");
    let gone = ["charts.a", "charts-b", "new/deep/x.yaml", "values.yaml", "nothing/here", "link"];
    let changed = commit(&world, &["charts", "new/deep"], |_| gone.map(remove).into()).await;
    assert_eq!(changed, "D\tcharts-b\nD\tcharts.a\nD\tlink\nD\tnew/deep/x.yaml\nD\tvalues.yaml\n");
    // A directory that is left empty is none in Git.
    assert!(!world.bare(&["ls-tree", "--name-only", "main"]).contains("new"));
    let all = ["charts", "charts0", ".dot", "zz", "run me.sh"];
    commit(&world, &["charts"], |_| all.map(remove).into()).await;
    assert_eq!(world.bare(&["ls-tree", "main"]), "");
}

#[tokio::test]
async fn a_directory_becomes_a_copy() {
    let world = World::new();
    world.write("charts/app/many/a.txt", &"text that nobody reads\n".repeat(1000));
    set_executable(&world.path("work/charts/app/templates/deployment.yaml"));
    std::os::unix::fs::symlink("values.yaml", world.path("work/charts/app/link.yaml")).unwrap();
    world.publish("more");
    let copy = |snapshot: &Snapshot, files: &[(&str, &str)]| {
        let tree = snapshot.tree("charts").unwrap().unwrap();
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        Change::Graft { path: "previews/one".to_owned(), tree, files }
    };
    let paths = ["charts/app/templates/deployment.yaml", "previews/one"];
    let changed = commit(&world, &paths, |snapshot| {
        vec![copy(snapshot, &[("app/templates/deployment.yaml", "kind: Job\n"), (".mark", "x\n")])]
    })
    .await;
    assert_eq!(changed.lines().count(), 6, "{changed}");
    assert!(changed.lines().all(|line| line.starts_with("A\tpreviews/one/")), "{changed}");
    let differing = world.bare(&["diff", "--raw", "--abbrev=4", "main:charts", "main:previews/one"]);
    let modes: Vec<&str> = differing.lines().map(|line| line.get(..14).unwrap()).collect();
    assert_eq!(modes, [":000000 100644", ":100755 100755"], "{differing}");
    // A copy again: what was there before goes.
    let changed = commit(&world, &["charts/app/values.yaml", "previews/one"], |snapshot| {
        vec![copy(snapshot, &[("app/values.yaml", "tag: copied\n")])]
    })
    .await;
    assert_eq!(
        changed,
        "D\tpreviews/one/.mark\nM\tpreviews/one/app/templates/deployment.yaml\nM\tpreviews/one/app/values.yaml\n"
    );
    let snapshot = world.remote().snapshot(None, &wants(&["charts/app/values.yaml", "previews/one"])).await.unwrap();
    assert!(snapshot.has(&[copy(&snapshot, &[("app/values.yaml", "tag: copied\n")])]).unwrap());
    assert!(snapshot.has(&[remove("previews/two")]).unwrap());
    let changed = commit(&world, &["previews"], |_| vec![remove("previews/one")]).await;
    // One file fewer than were copied first: the mark is gone.
    assert_eq!(changed.lines().filter(|line| line.starts_with("D\tpreviews/one/")).count(), 5, "{changed}");
    assert_eq!(changed.lines().count(), 5, "{changed}");
    assert!(!world.bare(&["ls-tree", "--name-only", "main"]).contains("previews"));
}

#[tokio::test]
async fn what_is_copied_is_not_sent() {
    let world = World::new();
    // Bytes that no packer makes smaller.
    let noise: Vec<String> = (0..4000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    world.write("charts/app/noise.txt", &noise.join("\n"));
    world.publish("noise");
    let snapshot = world.remote().snapshot(None, &wants(&["charts/app/values.yaml"])).await.unwrap();
    let tree = snapshot.tree("charts").unwrap().unwrap();
    let files = vec![("app/values.yaml".to_owned(), b"tag: x\n".to_vec())];
    let graft = Change::Graft { path: "copy".to_owned(), tree, files };
    let commit = snapshot.commit(vec![graft], &meta("copy")).await.unwrap();
    assert!(commit.pack().len() < 1000, "{}", commit.pack().len());
}

#[tokio::test]
async fn refuses_what_stands_in_the_way() {
    let world = World::new();
    let snapshot = world.remote().snapshot(None, &wants(&["charts/app/values.yaml"])).await.unwrap();
    let tree = snapshot.tree("charts").unwrap().unwrap();
    assert_eq!(snapshot.tree("values.yaml").unwrap(), None);
    assert_eq!(snapshot.tree("charts/none").unwrap(), None);
    let graft = |path: &str| Change::Graft { path: path.to_owned(), tree, files: Vec::new() };
    for changes in [
        vec![graft("values.yaml")],
        vec![graft("values.yaml/x")],
        vec![graft("link")],
        vec![graft("")],
        vec![graft("a"), put("a/b")],
        vec![put("a"), put("a")],
        vec![put("a"), put("a/b")],
        vec![put("charts")],
        vec![put("link/x")],
        vec![put("charts/sub")],
        vec![remove("../x")],
        vec![put(".git/x")],
    ] {
        let error = snapshot.commit(changes.clone(), &meta("bump")).await.unwrap_err();
        assert!(matches!(error, GitError::Path { .. }), "{changes:?}: {error:?}");
    }
}
