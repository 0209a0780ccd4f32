//! A bare infra repository on the Git server: made, changed and looked into past the server; knows nothing of the binary.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::directory;
use super::forge::Way;
use super::tools::output_of;

/// One bare repository; clones are the same repository.
#[derive(Clone)]
pub(crate) struct Repository {
    directory: PathBuf,
    path: String,
    server: String,
}

impl Repository {
    pub(crate) fn create(root: &Path, path: &str, server: &str) -> Self {
        let directory = root.join(path);
        output_of(git().args(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(&directory));
        Self { directory, path: path.to_owned(), server: server.to_owned() }
    }

    /// All repositories below a directory, which may be absent.
    pub(super) fn below(directory: &Path) -> Vec<Self> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries
            .map(|entry| Self::at(&entry.path()))
            .filter(|repository| repository.directory.join("HEAD").exists())
            .collect()
    }

    /// A repository on the disk that no server serves.
    pub(crate) fn at(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), path: String::new(), server: String::new() }
    }

    /// Makes a clone's repository one that takes pushes.
    pub(crate) fn make_bare(&self) {
        self.output(&["config", "core.bare", "true"]);
    }

    /// `http://HOST:PORT/PATH` on the Git server.
    pub(crate) fn url(&self) -> String {
        self.url_at(&self.server)
    }

    /// The same repository behind another `HOST:PORT` or `USER:PASSWORD@HOST:PORT`.
    pub(crate) fn url_at(&self, server: &str) -> String {
        format!("http://{server}/{}", self.path)
    }

    /// The path on the server.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The bare repository on the disk.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Adds a commit that writes these files; returns its id.
    pub(crate) fn commit<P: AsRef<str>, C: AsRef<[u8]>>(
        &self,
        branch: &str,
        message: &str,
        files: &[(P, C)],
    ) -> String {
        let files = files.iter().map(|(path, content)| ("100644", path.as_ref(), content.as_ref()));
        self.import(branch, message, files)
    }

    /// Adds a commit that writes one entry with this mode: `100755` a program, `120000` a symbolic link.
    pub(crate) fn commit_mode(&self, branch: &str, mode: &str, path: &str, content: &str) -> String {
        self.import(branch, "one entry", [(mode, path, content.as_bytes())])
    }

    fn import<'a>(
        &self,
        branch: &str,
        message: &str,
        files: impl IntoIterator<Item = (&'a str, &'a str, &'a [u8])>,
    ) -> String {
        let mut stream = format!(
            "commit refs/heads/{branch}\ncommitter Rival <rival@example.com> 1700000000 +0000\ndata {}\n{message}\n",
            message.len()
        )
        .into_bytes();
        if self.branches().iter().any(|known| known == branch) {
            stream.extend(format!("from refs/heads/{branch}^0\n").bytes());
        }
        for (mode, path, content) in files {
            stream.extend(format!("M {mode} inline {path}\ndata {}\n", content.len()).bytes());
            stream.extend(content);
            stream.push(b'\n');
        }
        self.fast_import(&stream);
        self.tip(branch)
    }

    /// Adds what a stream for `git fast-import` says.
    pub(crate) fn fast_import(&self, stream: &[u8]) {
        let mut child =
            self.git().args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git can be started");
        let mut stdin = child.stdin.take().expect("the input is piped");
        stdin.write_all(stream).expect("git fast-import reads");
        drop(stdin);
        let status = child.wait().expect("git fast-import ends");
        assert!(status.success(), "git fast-import failed: {status}");
    }

    /// Makes a branch the one that `HEAD` names.
    pub(crate) fn set_default_branch(&self, branch: &str) {
        self.output(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]);
    }

    /// Sets one of the repository's own settings.
    pub(crate) fn configure(&self, setting: &str, value: &str) {
        self.output(&["config", setting, value]);
    }

    /// Points a ref at a commit.
    pub(crate) fn set_ref(&self, name: &str, commit: &str) {
        self.output(&["update-ref", name, commit]);
    }

    /// Adds branches at the tip of `main`.
    pub(crate) fn add_branches(&self, names: impl Iterator<Item = String>) {
        let tip = self.tip("main");
        let resets: Vec<String> = names.map(|name| format!("reset refs/heads/{name}\nfrom {tip}\n\n")).collect();
        self.fast_import(resets.concat().as_bytes());
    }

    /// Merges a branch into another as forges do; returns the commit on the target.
    pub(crate) fn merge(&self, way: Way, source: &str, target: &str) -> String {
        let tree = self.output(&["merge-tree", "--write-tree", target, source]);
        let tree = tree.lines().next().expect("a merge has a tree");
        let (onto, tip) = (self.tip(target), self.tip(source));
        let message = match way {
            Way::Merge | Way::Squash => format!("Merge branch '{source}' into {target}"),
            Way::Rebase => self.log(source, "%B"),
        };
        let mut command = self.git();
        command.args(["commit-tree", tree, "-p", &onto, "-m", &message]);
        if let Way::Merge = way {
            command.args(["-p", &tip]);
        }
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Merger").env(format!("GIT_{who}_EMAIL"), "merger@example.com");
        }
        let commit = String::from_utf8(output_of(&mut command)).expect("an id is text").trim().to_owned();
        self.set_ref(&format!("refs/heads/{target}"), &commit);
        commit
    }

    /// Whether two branches can't be merged.
    pub(crate) fn conflicts(&self, source: &str, target: &str) -> bool {
        let mut command = self.git();
        command.args(["merge-tree", "--write-tree", target, source]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("git can be started").code() == Some(1)
    }

    /// Installs a hook; its working directory is the repository.
    pub(crate) fn hook(&self, name: &str, script: &str) {
        let path =
            directory::write(&self.directory, &format!("hooks/{name}"), format!("#!/bin/sh\n{script}\n").as_bytes());
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the hook is ours");
    }

    /// Refuses every push to `main`, in GitLab's words; each attempt leaves a line in the file `attempts`.
    pub(crate) fn protect_main(&self) {
        self.hook(
            "pre-receive",
            "echo attempt >> attempts\n\
             while read -r old new ref; do\n\
               [ \"$ref\" != refs/heads/main ] || {\n\
                 echo 'GitLab: You are not allowed to push code to protected branches on this project.' >&2\n\
                 exit 1\n\
               }\n\
             done",
        );
    }

    /// How many pushes a hook that counts them has seen.
    pub(crate) fn attempts(&self) -> usize {
        fs::read_to_string(self.directory.join("attempts")).map_or(0, |lines| lines.lines().count())
    }

    /// Names of all branches.
    pub(crate) fn branches(&self) -> Vec<String> {
        let names = self.output(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
        names.lines().map(str::to_owned).collect()
    }

    /// The id of a branch's last commit.
    pub(crate) fn tip(&self, branch: &str) -> String {
        self.output(&["rev-parse", "--verify", &format!("refs/heads/{branch}")]).trim().to_owned()
    }

    /// The id of a branch's last commit but one.
    pub(crate) fn parent(&self, branch: &str) -> String {
        self.output(&["rev-parse", "--verify", &format!("refs/heads/{branch}~1")]).trim().to_owned()
    }

    /// The number of commits on a branch.
    pub(crate) fn commits(&self, branch: &str) -> usize {
        let count = self.output(&["rev-list", "--count", branch, "--"]);
        count.trim().parse().expect("a number")
    }

    /// The ids of the commits that a branch got since a revision, the oldest first.
    pub(crate) fn since(&self, revision: &str, branch: &str) -> Vec<String> {
        let ids = self.output(&["rev-list", "--reverse", &format!("{revision}..{branch}"), "--"]);
        ids.lines().map(str::to_owned).collect()
    }

    /// The number of merges among them.
    pub(crate) fn merges(&self, branch: &str) -> usize {
        self.output(&["rev-list", "--merges", branch, "--"]).lines().count()
    }

    /// A file at a revision.
    pub(crate) fn file(&self, revision: &str, path: &str) -> String {
        self.output(&["show", &format!("{revision}:{path}")])
    }

    /// Mode and path of every entry of a revision.
    pub(crate) fn entries(&self, revision: &str) -> String {
        self.output(&["ls-tree", "-r", "--format=%(objectmode) %(path)", revision])
    }

    /// The removed and added lines of a branch's last commit, with their `-` and `+`, in all files.
    pub(crate) fn changed_lines(&self, branch: &str) -> Vec<String> {
        let patch = self.output(&["diff", "--unified=0", &format!("{branch}~1"), branch]);
        let changed =
            |line: &&str| line.starts_with(['-', '+']) && !line.starts_with("---") && !line.starts_with("+++");
        patch.lines().filter(changed).map(str::to_owned).collect()
    }

    /// A branch's last commit in a `git log` format, such as `%B` for its message.
    pub(crate) fn log(&self, branch: &str, format: &str) -> String {
        self.output(&["log", "-1", &format!("--format={format}"), branch]).trim_end().to_owned()
    }

    /// Panics when a commit message of the binary has a line in the form of its trailers that is no trailer to Git's own
    /// tools, which all read them differently.
    pub(crate) fn assert_trailers(&self) {
        let messages = self.output(&["log", "--all", "--format=%B%x00"]);
        for message in messages.split('\0').map(str::trim_start).filter(|message| message.contains("\nImage: ")) {
            let mut command = git();
            command.args(["interpret-trailers", "--parse"]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().expect("git can be started");
            let mut stdin = child.stdin.take().expect("the input is piped");
            stdin.write_all(message.as_bytes()).expect("git interpret-trailers reads");
            drop(stdin);
            let output = child.wait_with_output().expect("git interpret-trailers ends");
            let found = String::from_utf8(output.stdout).expect("trailers are text");
            let is_ours =
                |line: &&str| ["Image: ", "Source-Commit: ", "Pipeline: "].iter().any(|key| line.starts_with(key));
            for line in message.lines().filter(is_ours) {
                assert!(found.lines().any(|trailer| trailer == line), "no trailer to Git: {line}\n{message}");
            }
        }
    }

    /// Panics when Git finds anything wrong with any object.
    pub(crate) fn assert_sound(&self) {
        self.output(&["fsck", "--strict", "--no-dangling"]);
    }

    /// Every object's content, reachable or not.
    pub(crate) fn all_objects(&self) -> Vec<u8> {
        output_of(self.git().args(["cat-file", "--batch-all-objects", "--batch"]))
    }

    /// Checks a branch out into a new directory, as a GitOps controller does.
    pub(crate) fn check_out(&self, branch: &str, target: &Path) {
        let mut command = git();
        command.args(["clone", "--quiet", "--branch", branch]).arg(&self.directory).arg(target);
        output_of(&mut command);
    }

    fn output(&self, arguments: &[&str]) -> String {
        String::from_utf8(output_of(self.git().args(arguments))).expect("the tests' repositories hold text")
    }

    fn git(&self) -> Command {
        let mut command = git();
        command.arg("--git-dir").arg(&self.directory);
        command
    }
}

/// Git without this machine's and its user's settings.
fn git() -> Command {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command
}
