//! Waits until a merge request is merged and its branch names the image; this module must not push, nor merge.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

use super::attempt::{Reading, Ready, is_done, read};
use super::context::Context;
use crate::api::ApiError;
use crate::forge::Client;
use crate::git::Later;
use crate::merge_request::{ForgeError, State};

/// How long between two looks.
const PAUSE: Duration = Duration::from_secs(4);

/// How long a branch may take to show a merge that is said.
const GRACE: Duration = Duration::from_secs(30);

/// How many looks in a row say that a request conflicts until it is believed: Gitea says so also while it finds out.
const CONFLICTS: u32 = 3;

/// Follows a request until it is merged; returns the commit on the target branch.
pub(super) async fn follow(
    number: usize,
    ready: &Ready,
    (id, wait): (u64, Duration),
    context: &Context<'_>,
) -> Result<String, ForgeError> {
    let (plan, settings) = (&context.plan[number], context.settings);
    let request = format!("merge request {id} of {}", plan.url.short());
    let Some(token) = &settings.proposal.token else {
        return Err(ForgeError::Untold { host: plan.url.short() });
    };
    let client = context.desks[number].client(plan, (token, settings), &context.access.http).await?;
    let branch = ready.reading.snapshot.branch();
    let target = Target { number, branch, context };
    info!("{request}: waiting up to {} until it is merged", humantime::format_duration(wait));
    let started = Instant::now();
    let mut looks = Looks { request: &request, ..Looks::default() };
    loop {
        let pause = match looks.read(client, id).await? {
            RequestLook::Merged(commit) => return merged(&target, commit, &request).await,
            // Whoever merged it by hand may have closed it.
            RequestLook::Closed => return target.tip().await.ok_or(ForgeError::Closed { request }),
            RequestLook::Open(pause) => pause,
        };
        let left = wait.saturating_sub(started.elapsed());
        if left.is_zero() {
            return target.tip().await.ok_or_else(|| looks.at_the_end(wait));
        }
        sleep(pause.min(left)).await;
    }
}

/// The branch that a request is for.
struct Target<'a> {
    number: usize,
    branch: &'a str,
    context: &'a Context<'a>,
}

impl Target<'_> {
    /// The tip, when the branch names the images at the places.
    async fn tip(&self) -> Option<String> {
        Some(self.done().await?.snapshot.tip())
    }

    /// The branch as it is now, when it names the images at the places: what counts, however it came there.
    async fn done(&self) -> Option<Reading> {
        let plan = &self.context.plan[self.number];
        let looked = async {
            let reading = read(plan, None, self.context.access).await?;
            let is_done = is_done(self.number, &reading, self.context).await?;
            Ok::<_, crate::error::Error>((reading, is_done))
        };
        match looked.await {
            Ok((reading, is_done)) => is_done.then_some(reading),
            Err(error) => {
                debug!(%error, "{}: the image that the branch names can't be read", plan.url.on_branch(Some(self.branch)));
                None
            }
        }
    }
}

/// The commit of a merge that the forge says and the branch shows.
async fn merged(target: &Target<'_>, commit: Option<String>, request: &str) -> Result<String, ForgeError> {
    let started = Instant::now();
    loop {
        if let Some(reading) = target.done().await {
            return Ok(landed(&reading, commit).await);
        }
        if started.elapsed() >= GRACE {
            return Err(ForgeError::NotThere { request: request.to_owned(), branch: target.branch.to_owned() });
        }
        sleep(PAUSE).await;
    }
}

/// The commit that a forge says, when the branch has it. Else the tip, which names the images: where somebody merged by hand, a
/// forge may say a commit that never came to the branch.
async fn landed(reading: &Reading, commit: Option<String>) -> String {
    let tip = reading.snapshot.tip();
    let Some(commit) = commit.filter(|commit| *commit != tip) else { return tip };
    reading.remote.deadline().go_on();
    let later = reading.remote.built_on(&commit, reading.snapshot.branch()).await;
    if matches!(later, Ok(Later::Commits(_))) {
        return commit;
    }
    debug!(
        ?later,
        "the branch does not contain {commit}, the merge commit that the server reports, so the tip of the branch is used"
    );
    tip
}

/// What the looks at a request told so far.
#[derive(Default)]
struct Looks<'a> {
    request: &'a str,
    /// How many looks in a row said that its branches conflict.
    conflicts: u32,
    /// Whether that was said.
    is_said: bool,
    /// What the newest look failed with.
    unanswered: Option<ApiError>,
}

enum RequestLook {
    Merged(Option<String>),
    Closed,
    /// Look again after this time.
    Open(Duration),
}

impl Looks<'_> {
    async fn read(&mut self, client: &Client, id: u64) -> Result<RequestLook, ApiError> {
        let state = match client.state(id).await {
            Ok(state) => state,
            // A server that is busy may answer the next time.
            Err(error) if error.may_pass() => {
                if self.unanswered.is_none() {
                    warn!("{}: {error}", self.request);
                }
                let pause = PAUSE.max(error.retry_after().unwrap_or_default());
                self.unanswered = Some(error);
                return Ok(RequestLook::Open(pause));
            }
            Err(error) => return Err(error),
        };
        self.unanswered = None;
        Ok(match state {
            State::Merged { commit } => {
                info!("{}: merged", self.request);
                RequestLook::Merged(commit)
            }
            State::Closed => RequestLook::Closed,
            State::Open | State::Conflicting => {
                self.weigh(state == State::Conflicting);
                RequestLook::Open(PAUSE)
            }
        })
    }

    /// What the wait came to: whether the request is still open is known only if the newest look was answered.
    fn at_the_end(self, waited: Duration) -> ForgeError {
        let request = self.request.to_owned();
        match self.unanswered {
            Some(error) => ForgeError::Unknown { request, waited, reason: Box::new(error) },
            None => ForgeError::StillOpen { request, waited, is_conflicting: self.is_said },
        }
    }

    /// Says once that a request can't be merged, and once that it can again.
    fn weigh(&mut self, conflicts: bool) {
        self.conflicts = if conflicts { self.conflicts + 1 } else { 0 };
        if self.conflicts >= CONFLICTS && !self.is_said {
            warn!("{}: its branches conflict, so it can't be merged", self.request);
            self.is_said = true;
        } else if self.conflicts == 0 && self.is_said {
            info!("{}: its branches no longer conflict", self.request);
            self.is_said = false;
        }
    }
}
