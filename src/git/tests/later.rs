//! What was built on a commit, and what was not.

use std::collections::BTreeSet;

use super::*;

/// A branch with a commit, one that is built on it, and one that is not and was merged.
fn merged(world: &World) -> [String; 4] {
    let id = |name: &str| world.git("work", &["rev-parse", name]).trim().to_owned();
    let commit = |words: &str| world.git("work", &["commit", "-q", "--allow-empty", "-m", words]);
    let before = id("HEAD");
    world.git("work", &["checkout", "-q", "-b", "side"]);
    commit("beside");
    let beside = id("HEAD");
    world.git("work", &["checkout", "-q", "main"]);
    commit("ours");
    let ours = id("HEAD");
    world.git("work", &["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    world.publish_head();
    [before, beside, ours, id("HEAD")]
}

async fn look(world: &World) {
    let [before, beside, ours, tip] = merged(world);
    let remote = world.remote();
    let later = |ids: &[&String]| Later::Commits(ids.iter().map(|id| (*id).clone()).collect::<BTreeSet<_>>());
    assert_eq!(remote.built_on(&tip, "main").await.unwrap(), later(&[]));
    assert_eq!(remote.built_on(&ours, "main").await.unwrap(), later(&[&tip]));
    assert_eq!(remote.built_on(&before, "main").await.unwrap(), later(&[&beside, &ours, &tip]));
    let absent = remote.built_on("1111111111111111111111111111111111111111", "main").await.unwrap();
    assert_eq!(absent, Later::Absent);
    assert_eq!(remote.built_on("main", "main").await.unwrap(), Later::Untold);
    assert_eq!(remote.default_branch().await.unwrap(), "main");
}

#[tokio::test]
async fn a_server_that_filters_tells_what_is_later() {
    let world = World::new();
    world.bare(&["config", "uploadpack.allowFilter", "true"]);
    world.bare(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    look(&world).await;
}

#[tokio::test]
async fn a_server_without_filters_tells_what_is_later() {
    look(&World::new()).await;
}
