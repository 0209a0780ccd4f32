//! Servers that speak version 0 or 1 of the protocol, at the other end of a pipe.

use super::*;
use crate::tree::Entry;

/// What a server may be set up to let its clients do, and how many connections a snapshot takes.
const SETTINGS: [(&[&str], usize); 4] = [
    (&[], 1),
    (&["uploadpack.allowFilter"], 1),
    (&["uploadpack.allowFilter", "uploadpack.allowReachableSHA1InWant"], 2),
    (&["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"], 2),
];

/// A world whose repository is reached by a program in place of ssh, which passes no version on.
pub(super) struct Elder {
    pub(super) world: World,
}

impl Elder {
    pub(super) fn new(world: World, settings: &[&str]) -> Self {
        for setting in settings {
            world.bare(&["config", setting, "true"]);
        }
        let script = format!(
            "for command; do :; done\necho \"$command\" >>'{}'\nunset GIT_PROTOCOL\neval \"exec git ${{command#git-}}\"\n",
            world.path("connections").display()
        );
        std::fs::write(world.path("ssh"), script).unwrap();
        Self { world }
    }

    /// Lets the server say another version.
    fn speaking(self, version: &str) -> Self {
        let script = std::fs::read_to_string(self.world.path("ssh")).unwrap();
        let script = script.replace("unset GIT_PROTOCOL", &format!("export GIT_PROTOCOL={version}"));
        std::fs::write(self.world.path("ssh"), script).unwrap();
        self
    }

    pub(super) fn remote(&self) -> Remote {
        self.remote_of("infra.git")
    }

    fn remote_of(&self, name: &str) -> Remote {
        let (url, _) = GitUrl::parse(&format!("ssh://elder{}", self.world.path(name).display())).unwrap();
        let program = SshProgram::Shell(format!("sh '{}'", self.world.path("ssh").display()));
        let ssh = Ssh { program, dialect: Some(SshDialect::Simple), ..Ssh::default() };
        let trust = Trust::load(&[]).unwrap();
        let http = Http::new(&trust, Proxies::default(), &[], SharedRedactor::default()).unwrap();
        Remote::new(url, None, (&http, &ssh), Deadline::default())
    }

    /// How often a service was connected to since the last question.
    fn connections(&self, service: &str) -> usize {
        let path = self.world.path("connections");
        let lines = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, "").unwrap();
        lines.lines().filter(|line| line.starts_with(service)).count()
    }
}

#[tokio::test]
async fn finds_what_stands_at_each_path() {
    for (settings, connections) in SETTINGS {
        let elder = Elder::new(World::new(), settings);
        let remote = elder.remote();
        for branch in [None, Some("main")] {
            let paths = ["values.yaml", "charts/app", "charts/none/x.yaml", "link/app/values.yaml"];
            let snapshot = remote.snapshot(branch, &wants(&paths)).await.unwrap();
            let tip = elder.world.bare(&["rev-parse", "main"]).trim().to_owned();
            assert_eq!((snapshot.branch(), snapshot.tip()), ("main", tip), "{settings:?}");
            let file = |text: &str| Found::File(text.as_bytes().to_vec());
            let names = ["app", "sub"].map(str::to_owned).into();
            let expected = [
                file("tag: one\n"),
                Found::Directory(vec![Entry { name: "values.yaml".to_owned(), found: file("tag: two\n") }]),
                Found::Missing { parent: "charts".to_owned(), names },
                Found::Symlink { at: "link".to_owned() },
            ];
            assert_eq!(snapshot.found(), expected, "{settings:?}");
            assert_eq!(elder.connections("git-upload-pack"), connections, "{settings:?} {branch:?}");
        }
    }
}

#[tokio::test]
async fn lands_on_what_others_left() {
    for (settings, connections) in SETTINGS {
        let elder = Elder::new(World::new(), settings);
        let (world, remote) = (&elder.world, elder.remote());
        let paths = wants(&["values.yaml", "charts/app/values.yaml"]);
        let snapshot = remote.snapshot(None, &paths).await.unwrap();
        world.write("charts/app/values.yaml", "tag: theirs\n");
        world.publish("somebody else");
        let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
        let push = remote.push(&snapshot, &commit, &[]).await.unwrap();
        assert!(matches!(push, Push::LostRace { .. }), "{push:?}");
        assert_eq!(elder.connections("git-upload-pack"), connections, "{settings:?}");

        let mut snapshot = remote.snapshot_again(snapshot, &paths).await.unwrap();
        assert_eq!(snapshot.found()[1], Found::File(b"tag: theirs\n".to_vec()));
        assert_eq!(elder.connections("git-upload-pack"), 1, "{settings:?}: what changed comes at once");
        let further = remote.look_further(&mut snapshot, &wants(&["charts/app/templates/deployment.yaml"])).await;
        assert_eq!(further.unwrap(), [Found::File(b"kind: Deployment\n".to_vec())]);
        assert_eq!(elder.connections("git-upload-pack"), connections - 1, "{settings:?}: only what is not there");
        let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
        assert!(matches!(remote.push(&snapshot, &commit, &[]).await.unwrap(), Push::Done { .. }));
        assert_eq!(world.bare(&["log", "--format=%s", "main"]), "bump\nsomebody else\nfirst\n");
        assert_eq!(world.bare(&["show", "main:charts/app/values.yaml"]), "tag: theirs\n");
        world.bare(&["fsck", "--strict"]);
    }
}

/// What a server says that it does, it may refuse all the same.
#[tokio::test]
async fn asks_for_more_when_less_is_refused() {
    let elder = Elder::new(World::new(), SETTINGS[3].0);
    elder.world.bare(&["config", "uploadpackfilter.allow", "false"]);
    let snapshot = elder.remote().snapshot(None, &wants(&["charts/app/values.yaml"])).await.unwrap();
    assert_eq!(snapshot.found(), [Found::File(b"tag: two\n".to_vec())]);
}

#[tokio::test]
async fn version_1_is_version_0_with_a_line_before_it() {
    let elder = Elder::new(World::new(), &[]).speaking("version=1");
    let remote = elder.remote();
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    assert!(matches!(remote.push(&snapshot, &commit, &[]).await.unwrap(), Push::Done { .. }));
    assert_eq!(elder.world.bare(&["show", "main:values.yaml"]), "tag: new\n");
}

#[tokio::test]
async fn tells_what_is_missing() {
    let elder = Elder::new(World::unborn(), &[]);
    for branch in [None, Some("main")] {
        let error = elder.remote().snapshot(branch, &[]).await.unwrap_err();
        assert!(matches!(error, GitError::EmptyRepository), "{error:?}");
    }
    elder.world.write("values.yaml", "tag: one\n");
    elder.world.publish("first");
    elder.world.git("work", &["push", "-q", "../infra.git", "HEAD:refs/tags/v1"]);
    for (branch, tagged) in [("v1", true), ("mai", false), ("no\nbranch", false)] {
        let error = elder.remote().snapshot(Some(branch), &[]).await.unwrap_err();
        let GitError::BranchMissing { is_tag, .. } = error else { panic!("{error:?}") };
        assert_eq!(is_tag, tagged, "{branch}");
    }
    elder.world.bare(&["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let error = elder.remote().snapshot(None, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "the server does not report a default branch (the branches are: main)");
    let error = elder.remote_of("none.git").snapshot(None, &[]).await.unwrap_err();
    assert!(matches!(error, GitError::RepositoryMissing { .. }), "{error:?}");
    elder.world.git("", &["init", "-q", "--bare", "--object-format=sha256", "-b", "main", "new.git"]);
    let tree = elder.world.git("new.git", &["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let commit = elder.world.git("new.git", &["commit-tree", "-m", "first", tree.trim()]);
    elder.world.git("new.git", &["update-ref", "refs/heads/main", commit.trim()]);
    let error = elder.remote_of("new.git").snapshot(None, &[]).await.unwrap_err();
    assert!(error.to_string().contains("object format is sha256"), "{error}");
}

#[tokio::test]
async fn a_work_branch_is_replaced_and_the_default_branch_is_not() {
    let elder = Elder::new(World::new(), &[]);
    let remote = elder.remote();
    let snapshot = remote.snapshot(None, &wants(&["values.yaml"])).await.unwrap();
    let commit = snapshot.commit(vec![change("values.yaml", "tag: new\n")], &meta("bump")).await.unwrap();
    let proposed = remote.propose(&snapshot, &commit, "bump", &[]).await.unwrap();
    assert!(matches!(proposed, Proposed::Pushed { .. }), "{proposed:?}");
    elder.connections("git-upload-pack");
    let again = remote.propose(&snapshot, &commit, "bump", &[]).await.unwrap();
    assert_eq!(elder.connections("git-upload-pack"), 1);
    assert_eq!(again, Proposed::Already { commit: commit.id().clone() });
    let error = remote.propose(&snapshot, &commit, "main", &[]).await.unwrap_err();
    assert!(matches!(error, GitError::DefaultBranch { .. }), "{error:?}");
    elder.world.git("work", &["push", "-q", "-f", "../infra.git", "HEAD:bump"]);
    let error = remote.propose(&snapshot, &commit, "bump", &[]).await.unwrap_err();
    assert!(matches!(error, GitError::ForeignCommit { .. }), "{error:?}");
}

#[tokio::test]
async fn somebody_who_only_looks_sees_files_names_and_the_log() {
    for (settings, connections) in SETTINGS {
        let world = World::new();
        for number in 0..30 {
            world.git("work", &["commit", "-q", "--allow-empty", "-m", &format!("commit {number}")]);
        }
        world.publish_head();
        let elder = Elder::new(world, settings);
        let remote = elder.remote();
        let view = remote.view(None, &wants(&["charts"])).await.unwrap();
        assert_eq!(view.names("charts").unwrap().unwrap().directories, ["app"]);
        let view = remote.view_more(view, &wants(&["charts/app/values.yaml"])).await.unwrap();
        assert_eq!(view.found(), [Found::File(b"tag: two\n".to_vec())]);
        assert!(elder.connections("git-upload-pack") <= connections, "{settings:?}");

        let log = remote.log(&view, 500, |_| false).await.unwrap();
        if settings.is_empty() {
            assert_eq!(log, None, "commits come with their files alone");
        } else {
            let log = log.unwrap();
            assert_eq!((log.depth, log.is_whole), (31, true), "{settings:?}");
            assert_eq!(elder.connections("git-upload-pack"), 2, "{settings:?}");
        }

        let mut listing = remote.list(None, |name| name == "values.yaml").await.unwrap();
        let paths: Vec<String> = listing.files().map(|listed| listed.path.clone()).collect();
        assert_eq!(paths, ["charts/app/values.yaml", "values.yaml"]);
        let contents = remote.contents(&mut listing, &paths).await.unwrap();
        assert_eq!(contents, [Some(b"tag: two\n".to_vec()), Some(b"tag: one\n".to_vec())]);
        assert_eq!(elder.connections("git-upload-pack"), connections, "{settings:?}");
    }
}
