//! What somebody sees who only looks: names, more paths of the same commit, the log.

use super::*;

/// A repository that sends commits without their files.
fn filtering() -> World {
    let world = World::new();
    world.bare(&["config", "uploadpack.allowFilter", "true"]);
    world.bare(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    world
}

#[tokio::test]
async fn names_tell_files_from_directories() {
    let world = filtering();
    let remote = world.remote();
    let nothing = |path| Want { path, pick: |_: &str| false };
    let view = remote.view(None, &[nothing(""), nothing("charts"), nothing("values.yaml")]).await.unwrap();
    let names = |directory: &str| view.names(directory).unwrap();
    let top = names("").unwrap();
    assert_eq!(
        (top.files, top.directories),
        (vec!["link".into(), "run me.sh".into(), "values.yaml".into()], vec!["charts".into()])
    );
    let charts = names("./charts/").unwrap();
    assert_eq!((charts.files, charts.directories), (vec!["sub".to_owned()], vec!["app".to_owned()]));
    assert_eq!((names("values.yaml"), names("gone")), (None, None));

    // The branch moves, and the view stays where it is.
    world.write("charts/app/values.yaml", "tag: three\n");
    world.publish("second");
    let tip = view.tip();
    let more = remote.view_more(view, &wants(&["charts/app/values.yaml"])).await.unwrap();
    assert_eq!((more.tip(), more.found()), (tip, &[Found::File(b"tag: two\n".to_vec())][..]));
}

#[tokio::test]
async fn the_log_is_as_deep_as_it_must_be() {
    let world = filtering();
    for number in 0..30 {
        world.git("work", &["commit", "-q", "--allow-empty", "-m", &format!("commit {number}")]);
    }
    world.git("work", &["checkout", "-q", "-b", "bump"]);
    world.git("work", &["commit", "-q", "--allow-empty", "-m", "Update app\n\nImage: r.io/app:1"]);
    world.git("work", &["checkout", "-q", "main"]);
    world.git("work", &["merge", "-q", "--no-ff", "-m", "Merge branch 'bump'", "bump"]);
    world.publish_head();
    let remote = world.remote();
    let view = remote.view(None, &[]).await.unwrap();
    let log = async |most, words: &'static str| {
        let is_enough = move |commits: &[Logged]| commits.iter().any(|commit| commit.message.starts_with(words));
        remote.log(&view, most, is_enough).await.unwrap().unwrap()
    };

    let few = log(2, "nothing").await;
    let subjects: Vec<_> = few.commits.iter().map(|commit| commit.message.lines().next().unwrap()).collect();
    assert_eq!(subjects, ["Merge branch 'bump'", "Update app", "commit 29"]);
    assert_eq!((few.depth, few.is_whole), (2, false));
    assert_eq!(few.commits[1].author, "Test");
    assert!(few.commits[1].time > 1_700_000_000 && few.commits[1].message.ends_with("\n\nImage: r.io/app:1\n"));
    // What is found in the first request ends the search, what is not goes on to the first commit.
    let (found, whole) = (log(500, "Update app").await, log(500, "nothing").await);
    assert_eq!((found.depth, found.is_whole), (20, false));
    assert_eq!((whole.depth, whole.is_whole), (32, true));
}

#[tokio::test]
async fn a_disk_gives_its_log_without_filters() {
    let world = World::new();
    let remote = world.remote();
    let view = remote.view(None, &[]).await.unwrap();
    let log = remote.log(&view, 20, |_| false).await.unwrap().unwrap();
    assert_eq!((log.depth, log.is_whole, log.commits[0].message.as_str()), (1, true, "first\n"));
}
