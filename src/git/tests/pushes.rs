//! Pushes, races and refusals over pipes.

use super::*;

#[tokio::test]
async fn pushes_one_commit_that_changes_only_what_it_should() {
    let world = World::new();
    world.bare(&["config", "receive.fsckObjects", "true"]);
    let remote = world.remote();
    let snapshot = remote.snapshot(Some("main"), &wants(&["values.yaml", "charts/app/values.yaml", "run me.sh"])).await;
    let snapshot = snapshot.unwrap();
    let changes = [
        change("values.yaml", "tag: new\n"),
        change("charts/app/values.yaml", "tag: newer\n"),
        change("run me.sh", "#!/bin/sh\ntrue\n"),
    ];
    let commit = snapshot.commit(changes.into(), &meta("bump é\n\nImage: x\n\n")).await.unwrap();
    assert!(matches!(remote.push(&snapshot, &commit, &[]).await.unwrap(), Push::Done { .. }));
    assert_eq!(world.bare(&["rev-parse", "main"]).trim(), commit.id());
    world.bare(&["fsck", "--strict"]);
    let raw = world.bare(&["diff", "--raw", "--abbrev=4", "main~1", "main"]);
    let modes: Vec<&str> = raw.lines().map(|line| &line[..14]).collect();
    assert_eq!(modes, [":100644 100644", ":100755 100755", ":100644 100644"], "{raw}");
    let shown = world.bare(&["log", "-1", "--format=%an <%ae> %ad|%cn|%B", "--date=raw", "main"]);
    assert_eq!(shown.trim_end(), "Zoé Author <zoe@example.com> 1700000000 +0200|gitops-bump|bump é\n\nImage: x");
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
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    let push = remote.push(&snapshot, &commit, &[]).await.unwrap();
    assert!(matches!(push, Push::LostRace { .. }), "{push:?}");
    let snapshot = remote.snapshot(None, &paths).await.unwrap();
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    assert!(matches!(remote.push(&snapshot, &commit, &[]).await.unwrap(), Push::Done { .. }));
    assert_eq!(world.bare(&["log", "--format=%s", "main"]), "bump\nsomebody else\nfirst\n");
}

/// The branch moves while the server holds the push, so that only its own compare-and-swap can notice.
#[tokio::test]
async fn loses_a_race_inside_the_server() {
    let world = World::new();
    let tree = world.bare(&["rev-parse", "main^{tree}"]);
    let other = world.bare(&["-c", "user.name=x", "-c", "user.email=x", "commit-tree", "-m", "other", tree.trim()]);
    world.hook("pre-receive", &format!("unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main {}", other.trim()));
    let remote = world.remote();
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    let push = remote.push(&snapshot, &commit, &[]).await.unwrap();
    assert!(matches!(push, Push::LostRace { .. }), "{push:?}");
    assert_eq!(world.bare(&["rev-parse", "main"]), other);
}

#[tokio::test]
async fn a_hook_refuses_in_its_own_words() {
    let world = World::new();
    world.hook("pre-receive", "printf 'GitLab: You are \\033[31mnot allowed\\n' >&2; exit 1");
    let remote = world.remote();
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    let error = remote.push(&snapshot, &commit, &[]).await.unwrap_err();
    let GitError::Refused { words } = error else { panic!("{error:?}") };
    assert_eq!(words, "GitLab: You are not allowed: pre-receive hook declined");
}

/// The server dies after it moved the branch and before it says so.
#[tokio::test]
async fn a_commit_that_landed_is_not_lost_with_the_answer() {
    let world = World::new();
    world.hook("post-receive", "kill -9 $PPID");
    let remote = world.remote();
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    assert!(matches!(remote.push(&snapshot, &commit, &[]).await.unwrap(), Push::Done { .. }));
    assert_eq!(world.bare(&["rev-parse", "main"]).trim(), commit.id());
}

/// The server dies before it does anything.
#[tokio::test]
async fn a_push_without_an_answer_is_an_error() {
    let world = World::new();
    world.hook("pre-receive", "kill -9 $PPID");
    let before = world.bare(&["rev-parse", "main"]);
    let remote = world.remote();
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    let error = remote.push(&snapshot, &commit, &[]).await.unwrap_err();
    assert!(matches!(error, GitError::Protocol(_)), "{error:?}");
    assert_eq!(world.bare(&["rev-parse", "main"]), before);
}
