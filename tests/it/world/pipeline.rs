//! What gitlab-ci-local said of a pipeline and its jobs; knows nothing of how it was run.

use std::path::PathBuf;

use super::directory;

/// What a pipeline left behind.
pub(crate) struct Pipeline {
    output: String,
    state: PathBuf,
}

impl Pipeline {
    /// A pipeline that printed this and kept its artifacts below this directory.
    pub(super) fn new(output: String, state: PathBuf) -> Self {
        Self { output, state }
    }

    /// Panics unless this job passed.
    #[track_caller]
    pub(crate) fn passed(self, job: &str) -> Self {
        self.ended(" PASS ", job)
    }

    /// Panics unless this job failed with this exit code.
    #[track_caller]
    pub(crate) fn failed(self, job: &str, code: i32) -> Self {
        self.ended(" FAIL ", job).exited(job, code)
    }

    /// Panics unless this job failed with this exit code, and was allowed to.
    #[track_caller]
    pub(crate) fn warned(self, job: &str, code: i32) -> Self {
        self.ended(" WARN ", job).exited(job, code)
    }

    /// Panics when this job was started.
    #[track_caller]
    pub(crate) fn did_not_run(self, job: &str) -> Self {
        assert!(self.log(job).is_empty(), "{job} was started\n{self}");
        self
    }

    /// Panics unless the job's log holds these words.
    #[track_caller]
    pub(crate) fn says(self, job: &str, words: &str) -> Self {
        assert!(self.log(job).contains(words), "{job} does not say {words:?}\n{self}");
        self
    }

    /// A file that a job left as an artifact.
    pub(crate) fn artifact(&self, job: &str, name: &str) -> String {
        directory::read(&self.state.join("artifacts").join(job), name)
    }

    /// What the job printed.
    fn log(&self, job: &str) -> String {
        let of_job = |line: &&str| line.split_whitespace().next() == Some(job);
        self.output.lines().filter(of_job).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    fn ended(self, how: &str, job: &str) -> Self {
        let verdict =
            |line: &str| line.strip_prefix(how).is_some_and(|rest| rest.split_whitespace().next() == Some(job));
        assert!(self.output.lines().any(verdict), "there is no line{how}{job}\n{self}");
        self
    }

    #[track_caller]
    fn exited(self, job: &str, code: i32) -> Self {
        let code = code.to_string();
        let last = self.log(job);
        let said =
            last.lines().any(|line| line.contains(" finished in ") && line.split_whitespace().last() == Some(&code));
        assert!(said, "{job} did not exit with {code}\n{self}");
        self
    }
}

impl std::fmt::Display for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--- pipeline\n{}---", self.output)
    }
}
