//! Waits for the commit statuses that Flux, or anybody, reports on the pushed commit or on a later one of its branch; this module
//! must not push, nor report a status.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use super::AfterPush;
use crate::api::ApiError;
use crate::commit_status::{CommitStatuses, NamePattern, StatusError, Verdict};
use crate::forge::Statuses;
use crate::git::Later;
use crate::settings::StatusWait;

/// How long between two looks.
const PAUSE: Duration = Duration::from_secs(3);

/// How long a server may not know a commit that it took.
const GRACE: Duration = Duration::from_secs(20);

/// How many later commits are asked about: those that were seen last.
const MOST_LATER: usize = 15;

/// The later commits of a branch, those that were seen last at the end.
type LaterCommits = Mutex<Vec<String>>;

/// Waits until the wanted statuses say success.
pub(super) async fn wait(step: &AfterPush<'_>, wait: &StatusWait) -> Result<(), StatusError> {
    let place = step.plan.url.on_branch(Some(step.read.branch()));
    let host = || step.plan.url.host().unwrap_or("a local repository").to_owned();
    let forge = step.forge.ok_or_else(|| StatusError::NoForge { host: host() })?;
    let token = step.settings.proposal.token.as_ref();
    let statuses = Statuses::of((forge, &step.plan.url), token, &step.settings.ci, step.http)?;
    let commit = step.commit.map_or_else(|| step.read.tip(), str::to_owned);
    let names: Vec<&str> = wait.patterns.iter().map(NamePattern::as_str).collect();
    let names = names.join(", ");
    let time = humantime::format_duration(wait.timeout);
    info!("{place}: waiting up to {time} for the commit statuses {names}");
    let later = LaterCommits::default();
    let mut watch = Watch::new(&place, &commit, wait);
    let ended = tokio::select! {
        ended = timeout(wait.timeout, watch.follow(&statuses, &later)) => ended,
        never = discover(step, (&place, &commit), &later) => match never {},
    };
    ended.unwrap_or_else(|_| Err(watch.timed_out()))?;
    info!("{place}: the commit statuses {names} are successful");
    Ok(())
}

/// Finds the commits that are built on the pushed one, for as long as it is waited.
async fn discover(step: &AfterPush<'_>, (place, commit): (&str, &str), later: &LaterCommits) -> Infallible {
    let mut is_warned = false;
    loop {
        match step.remote.built_on(commit, step.read.branch()).await {
            Ok(Later::Commits(found)) => {
                let mut later = later.lock().unwrap_or_else(PoisonError::into_inner);
                let fresh: Vec<String> = found.into_iter().filter(|id| !later.contains(id)).collect();
                for id in &fresh {
                    info!("{place}: the later commit {id:.12} contains the pushed commit, so its statuses count too");
                }
                later.extend(fresh);
            }
            Ok(Later::Absent) if !is_warned => {
                warn!("{place}: the branch no longer contains the commit {commit:.12}");
                is_warned = true;
            }
            Ok(Later::Absent | Later::Untold) => {}
            Err(error) => debug!(%error, "{place}: the later commits could not be read from the Git server"),
        }
        sleep(PAUSE).await;
    }
}

/// What the looks told so far.
struct Watch<'a> {
    place: &'a str,
    commit: &'a str,
    wait: &'a StatusWait,
    seen: CommitStatuses,
    /// What was said of each name.
    said: BTreeMap<String, String>,
    /// When the server last knew a commit.
    known: Instant,
    /// Why the last look was no answer.
    trouble: Option<String>,
}

impl<'a> Watch<'a> {
    fn new(place: &'a str, commit: &'a str, wait: &'a StatusWait) -> Self {
        let said = BTreeMap::new();
        Self { place, commit, wait, seen: CommitStatuses::default(), said, known: Instant::now(), trouble: None }
    }

    /// Looks until all is well or something has failed.
    async fn follow(&mut self, statuses: &Statuses, later: &LaterCommits) -> Result<(), StatusError> {
        loop {
            let pause = self.read(statuses, later).await?;
            self.log_changes();
            match self.seen.judge(&self.wait.patterns) {
                Verdict::Done => return Ok(()),
                Verdict::Failed(failed) => return Err(StatusError::Failed(failed)),
                Verdict::Open => sleep(pause).await,
            }
        }
    }

    /// Reads the statuses of all commits that count; returns how long to wait before the next look.
    async fn read(&mut self, statuses: &Statuses, later: &LaterCommits) -> Result<Duration, StatusError> {
        let commits = self.commits(later);
        let answers = join_all(commits.iter().map(|commit| statuses.on(commit))).await;
        let (mut pause, mut trouble) = (PAUSE, None);
        for (commit, answer) in commits.iter().zip(answers) {
            match answer {
                Ok(found) => {
                    self.known = Instant::now();
                    self.seen.learn(commit, found);
                }
                Err(error) if error.may_pass() || (is_unknown(&error) && self.known.elapsed() < GRACE) => {
                    pause = pause.max(error.retry_after().unwrap_or_default());
                    trouble = Some(error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(trouble) = trouble.as_ref().filter(|_| self.trouble.is_none()) {
            warn!("{}: {trouble}", self.place);
        }
        self.trouble = trouble;
        Ok(pause)
    }

    fn commits(&self, later: &LaterCommits) -> Vec<String> {
        let later = later.lock().unwrap_or_else(PoisonError::into_inner);
        let from = later.len().saturating_sub(MOST_LATER);
        let last = later.iter().skip(from).cloned();
        std::iter::once(self.commit.to_owned()).chain(last).collect()
    }

    /// Says what has changed.
    fn log_changes(&mut self) {
        for (commit, status) in self.seen.wanted(&self.wait.patterns) {
            let at = if commit == self.commit { String::new() } else { format!(", on {commit:.12}") };
            let text = format!("{status}{at}");
            if self.said.get(&status.name) != Some(&text) {
                info!("{}: {text}", self.place);
                self.said.insert(status.name.clone(), text);
            }
        }
    }

    fn timed_out(&self) -> StatusError {
        StatusError::TimedOut {
            waited: self.wait.timeout,
            missing: self.seen.missing(&self.wait.patterns),
            names: self.seen.names(),
            trouble: self.trouble.clone(),
        }
    }
}

/// Whether a server does not know a commit, maybe not yet: GitLab and Gitea say 404, GitHub says 422.
fn is_unknown(error: &ApiError) -> bool {
    matches!(error, ApiError::NotFound { .. } | ApiError::Rejected { status: 422, .. })
}
