//! What stood at paths in earlier commits, with Git's own log as the judge, whatever the server can do.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use super::elders::Elder;
use super::*;

const PATHS: [&str; 4] = ["values.yaml", "apps/a/prod/values.yaml", "overlays/prod", "no/such.yaml"];

/// Numbers that look like chance and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A stream for `git fast-import`: commits that write, delete and replace files, most of them others' files, with merges.
fn stream(commits: usize, busy: u64, seed: u64) -> String {
    let (mut stream, mut chance) = (String::new(), Chance(seed));
    let mut mark = 0;
    let mut add = |stream: &mut String, branch: &str, parents: &str, changes: &str| {
        mark += 1;
        let message = format!("commit {mark}\n\nTrailer: {mark}\n");
        let when = 1_700_000_000 + mark;
        write!(
            stream,
            "commit refs/heads/{branch}\nmark :{mark}\ncommitter Zoé <z@example.com> {when} +0000\ndata {}\n{message}{parents}{changes}\n",
            message.len()
        )
        .unwrap();
        mark
    };
    let file = |path: &str, content: &str| format!("M 100644 inline {path}\ndata {}\n{content}\n", content.len());
    let change = |chance: &mut Chance, number: usize| match chance.below(busy) {
        0 => file("values.yaml", &format!("tag: {}\n", chance.below(3))),
        1 => file("apps/a/prod/values.yaml", &format!("tag: {number}\n")),
        2 => file("overlays/prod/kustomization.yaml", &format!("n: {}\n", chance.below(4))),
        3 => "D values.yaml\n".to_owned(),
        4 => "D overlays/prod\n".to_owned() + &file("overlays/prod", "now a file\n"),
        5 => "D overlays/prod\n".to_owned() + &file("overlays/prod/other.yaml", &format!("n: {number}\n")),
        6 => "D apps\nM 120000 inline apps\ndata 5\nother\n".to_owned(),
        _ => file(&format!("others/{}/values.yaml", chance.below(30)), &format!("tag: {number}\n")),
    };
    let mut tip = add(&mut stream, "main", "", &file("values.yaml", "tag: first\n"));
    for number in 0..commits {
        let changes = change(&mut chance, number);
        if chance.below(6) == 0 {
            let side = add(&mut stream, "side", &format!("from :{tip}\n"), &changes);
            let more = if chance.below(2) == 0 { change(&mut chance, number) } else { String::new() };
            let side = add(&mut stream, "side", &format!("from :{side}\n"), &more);
            // The merge takes what the side has, or leaves it out as `-s ours` does.
            let taken = if chance.below(3) == 0 { String::new() } else { changes + &more };
            tip = add(&mut stream, "main", &format!("from :{tip}\nmerge :{side}\n"), &taken);
        } else {
            tip = add(&mut stream, "main", &format!("from :{tip}\n"), &changes);
        }
    }
    stream
}

fn import(world: &World, stream: &str) {
    let mut child = Command::new("git")
        .current_dir(world.path("infra.git"))
        .args(["fast-import", "--quiet", "--force"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "git fast-import");
    world.bare(&["update-ref", "-d", "refs/heads/side"]);
}

fn history(commits: usize, busy: u64, seed: u64, settings: &[&str]) -> World {
    let world = World::unborn();
    for setting in settings {
        world.bare(&["config", setting, "true"]);
    }
    import(&world, &stream(commits, busy, seed));
    world
}

/// Reads a history to its end, or as many commits, and says of each commit what stood at the paths.
async fn read(remote: &Remote, most: usize) -> (Past, Vec<(Stood, Vec<Found>)>) {
    let view = remote.view(None, &wants(&PATHS)).await.unwrap();
    let mut past = view.past(&wants(&PATHS));
    let mut all: Vec<(Stood, Vec<Found>)> = Vec::new();
    loop {
        let part = remote.further_back(&mut past, most).await.unwrap();
        if part.is_empty() {
            return (past, all);
        }
        for stood in part {
            let known = all.last().filter(|(newer, _)| newer.is_as(&stood)).map(|(_, found)| found.clone());
            let found = known.unwrap_or_else(|| past.found(&stood).unwrap());
            all.push((stood, found));
        }
    }
}

/// What Git says of a path in a commit, in the form that `shown` has.
fn judged(repository: &Path, commit: &str, path: &str) -> String {
    let mut said = String::new();
    let tree = git(repository, &["ls-tree", commit, "--", path]);
    match tree.split_whitespace().nth(1) {
        Some("blob") if tree.starts_with("120000") => "link".to_owned(),
        Some("blob") => git(repository, &["show", &format!("{commit}:{path}")]),
        Some("tree") => {
            for name in git(repository, &["ls-tree", "--name-only", &format!("{commit}:{path}")]).lines() {
                let content = git(repository, &["show", &format!("{commit}:{path}/{name}")]);
                if Path::new(name).extension().is_some_and(|end| end == "yaml") {
                    write!(said, "{name}={content}").unwrap();
                }
            }
            said
        }
        _ if path.starts_with("apps/") && git(repository, &["ls-tree", commit, "--", "apps"]).starts_with("120000") => {
            "link".to_owned()
        }
        _ => "nothing".to_owned(),
    }
}

fn shown(found: &Found) -> String {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
    match found {
        Found::File(bytes) => text(bytes),
        Found::Directory(entries) => {
            let entry = |entry: &crate::tree::Entry| format!("{}={}", entry.name, shown(&entry.found));
            entries.iter().map(entry).collect::<Vec<_>>().concat()
        }
        Found::Symlink { .. } => "link".to_owned(),
        Found::Missing { .. } => "nothing".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Holds what was read against Git's own log.
fn compare(repository: &Path, read: &[(Stood, Vec<Found>)], what: &str) {
    let log = git(repository, &["log", "--first-parent", "--format=%H %ct %P", "main"]);
    let log: Vec<&str> = log.lines().collect();
    assert_eq!(read.len(), log.len(), "{what}");
    for ((stood, found), line) in read.iter().zip(log) {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some(stood.commit.id.as_str()), "{what}");
        assert_eq!(words.next(), Some(stood.commit.time.to_string().as_str()), "{what}");
        let merged: Vec<&str> = stood.merged.iter().map(|merged| merged.id.as_str()).collect();
        assert_eq!(words.skip(1).collect::<Vec<_>>(), merged, "{what}: {}", stood.commit.id);
        for (path, found) in PATHS.iter().zip(found) {
            assert_eq!(shown(found), judged(repository, &stood.commit.id, path), "{what}: {path} in {line}");
        }
    }
}

const FILTERING: [&str; 2] = ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"];

#[tokio::test]
async fn git_says_the_same_of_every_commit() {
    for seed in 0..3 {
        let world = history(60, 12, seed, &FILTERING);
        let (past, all) = read(&world.remote(), usize::MAX).await;
        compare(&world.path("infra.git"), &all, &format!("seed {seed}"));
        assert_eq!((past.depth(), past.is_cut()), (all.len(), false));
    }
}

#[tokio::test]
async fn whatever_the_server_can_do() {
    let whole: &[&str] = &["uploadpack.allowFilter"];
    for settings in [&[][..], whole, &FILTERING] {
        let world = history(45, 12, 7, settings);
        let (_, all) = read(&world.remote(), usize::MAX).await;
        compare(&world.path("infra.git"), &all, &format!("version 2 with {settings:?}"));
        let elder = Elder::new(world, &[]);
        let (_, all) = read(&elder.remote(), usize::MAX).await;
        compare(&elder.world.path("infra.git"), &all, &format!("version 0 with {settings:?}"));
    }
    let refusing = history(45, 12, 8, &FILTERING);
    refusing.bare(&["config", "uploadpackfilter.tree.allow", "false"]);
    let (_, all) = read(&refusing.remote(), usize::MAX).await;
    compare(&refusing.path("infra.git"), &all, "without trees:");
    refusing.bare(&["config", "uploadpackfilter.allow", "false"]);
    let (_, all) = read(&refusing.remote(), usize::MAX).await;
    compare(&refusing.path("infra.git"), &all, "without filters");
}

#[tokio::test]
async fn a_server_that_has_not_all_of_it_is_said_to() {
    let world = history(70, 12, 9, &[]);
    let from = format!("file://{}", world.path("infra.git").display());
    world.git("", &["clone", "-q", "--bare", "--depth", "40", &from, "shallow.git"]);
    for settings in [&[][..], &FILTERING] {
        for setting in settings {
            world.git("shallow.git", &["config", setting, "true"]);
        }
        let (past, all) = read(&remote(&world.path("shallow.git")), usize::MAX).await;
        assert_eq!((past.depth(), past.is_cut(), all.len()), (40, true, 40));
        let ids = world.bare(&["log", "--first-parent", "--format=%H", "-40", "main"]);
        assert!(ids.lines().eq(all.iter().map(|(stood, _)| stood.commit.id.as_str())), "{settings:?}");
    }
}

#[tokio::test]
async fn no_more_is_read_than_asked() {
    let world = history(300, 40, 3, &FILTERING);
    let remote = world.remote();
    let view = remote.view(None, &wants(&PATHS)).await.unwrap();
    let mut past = view.past(&wants(&PATHS));
    let mut parts = Vec::new();
    while let part @ 1.. = remote.further_back(&mut past, 100).await.unwrap().len() {
        parts.push(part);
    }
    assert_eq!(parts, [16, 64, 20]);
    assert_eq!((past.depth(), past.is_cut()), (100, false));
}

#[tokio::test]
async fn ten_thousand_commits_are_read() {
    let world = history(10_000, 4000, 5, &FILTERING);
    let (past, all) = read(&world.remote(), usize::MAX).await;
    assert_eq!(past.depth(), 10_001);
    let log = world.bare(&["log", "--first-parent", "--format=%H", "main"]);
    assert!(log.lines().eq(all.iter().map(|(stood, _)| stood.commit.id.as_str())));
    // Git names the commits that changed a file: there, and nowhere else, something else stood before. A link stands elsewhere.
    let shown = |found: &Found| shown(found).replace("link", "nothing");
    for (number, path) in PATHS.iter().enumerate() {
        let changed = world.bare(&["log", "--first-parent", "-m", "--format=%H", "main", "--", path]);
        let newest = |pair: &[(Stood, Vec<Found>)]| {
            (shown(&pair[0].1[number]) != shown(&pair[1].1[number])).then(|| pair[0].0.commit.id.clone())
        };
        let found: Vec<String> = all.windows(2).filter_map(newest).collect();
        let first = &all.last().unwrap().0.commit.id;
        let changed: Vec<&str> = changed.lines().filter(|id| id != first).collect();
        assert_eq!(found, changed, "{path}");
    }
}
