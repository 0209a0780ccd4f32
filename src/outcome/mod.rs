//! What a run came to, as values; this module must not decide anything but the exit code.

#![deny(clippy::disallowed_methods)]

mod ledger;

pub use self::ledger::{Ledger, News};
use crate::error::{Error, ExitCode};
use crate::links::{Forge, WebUrl};
use crate::plan::PlannedRepository;
use crate::registry::Verified;
use crate::rewrite::FileRewrite;
use crate::settings::NamedImage;

/// What a run came to.
#[derive(Debug)]
pub struct Finished {
    /// Each image's check, in the order of the settings.
    pub images: Vec<ImageOutcome>,
    /// Each repository, in the order of the plan.
    pub repositories: Vec<RepositoryOutcome>,
    /// What was published before the run found its images anew; nothing once it is over.
    pub earlier: Vec<RepositoryOutcome>,
    /// A failure that belongs to the run as a whole.
    pub error: Option<Error>,
    /// The number of a deployment that is recorded as running.
    pub deployment: Option<u64>,
}

/// One image's check.
#[derive(Debug)]
pub struct ImageOutcome {
    /// The image.
    pub image: NamedImage,
    /// What the registry says.
    pub result: Result<Verified, Error>,
}

/// What one repository came to.
#[derive(Debug)]
pub struct RepositoryOutcome {
    /// What was planned.
    pub plan: PlannedRepository,
    /// Which forge it is on, as far as that is known.
    pub forge: Option<Forge>,
    /// The branch, once it is known.
    pub branch: Option<String>,
    /// The files of the last attempt.
    pub files: Vec<FileRewrite>,
    /// How it ended.
    pub end: End,
    /// What failed after the push.
    pub after: Vec<Error>,
}

impl RepositoryOutcome {
    fn is_same_branch(&self, other: &Self) -> bool {
        self.plan.url == other.plan.url && self.branch == other.branch && self.plan.delivery == other.plan.delivery
    }
}

/// How one repository's update ended.
#[derive(Debug)]
pub enum End {
    /// A commit was pushed.
    Updated {
        /// Its id.
        commit: String,
    },
    /// A merge request holds the change.
    Proposed(Proposal),
    /// The merge request that held the change is merged.
    Merged {
        /// The commit on the target branch.
        commit: String,
        /// The request's page, where the server said it.
        request: Option<WebUrl>,
    },
    /// Everything was as wanted.
    Unchanged,
    /// A dry run found something to change.
    WouldUpdate,
    /// Nothing was published because something else in the run is wrong.
    Withheld,
    /// It failed.
    Failed(Error),
}

impl End {
    /// The commit that was pushed, or found on the work branch.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Updated { commit } | Self::Merged { commit, .. } => Some(commit),
            Self::Proposed(proposal) => Some(&proposal.commit),
            _ => None,
        }
    }

    /// Whether anything was made on the server.
    pub fn is_change(&self) -> bool {
        match self {
            Self::Updated { .. } | Self::Merged { .. } => true,
            Self::Proposed(proposal) => proposal.is_new,
            _ => false,
        }
    }
}

/// A change on a work branch, and its merge request.
#[derive(Debug)]
pub struct Proposal {
    /// The work branch.
    pub branch: String,
    /// The work branch's tip.
    pub commit: String,
    /// The request's page, where the server said it.
    pub request: Option<WebUrl>,
    /// Whether anything was pushed or opened, rather than found as it should be.
    pub is_new: bool,
    /// What failed after the push.
    pub error: Option<Error>,
}

impl Finished {
    /// Joins what was published before with what the same repositories came to afterwards: a commit stays, also where nothing was
    /// left to change, or where something failed after it.
    fn settle(&mut self) {
        for before in std::mem::take(&mut self.earlier) {
            let is_same = |now: &&mut RepositoryOutcome| now.is_same_branch(&before);
            match self.repositories.iter_mut().find(is_same) {
                None => self.repositories.push(before),
                Some(now) if now.end.is_change() => {}
                Some(now) => {
                    let RepositoryOutcome { files, end, .. } = before;
                    if let End::Failed(error) = std::mem::replace(&mut now.end, end) {
                        now.after.push(error);
                    }
                    now.files = files;
                }
            }
        }
    }

    /// The worst exit code of all parts.
    pub fn exit_code(&self, fail_on_unchanged: bool) -> ExitCode {
        let images = self.images.iter().filter_map(|image| image.result.as_ref().err());
        let worst = self.errors().chain(images).map(Error::exit_code).fold(ExitCode::Success, ExitCode::worse);
        let unchanged = self.repositories.iter().all(|repository| matches!(repository.end, End::Unchanged));
        match worst {
            ExitCode::Success if unchanged && fail_on_unchanged => ExitCode::Unchanged,
            worst => worst,
        }
    }

    /// Every failure as it is said: a signal, which ends many things, only once.
    pub fn failures(&self) -> impl Iterator<Item = &Error> {
        let images = self.images.iter().filter_map(|image| image.result.as_ref().err());
        let parts = images.chain(self.parts()).filter(|error| !matches!(error, Error::Interrupted { .. }));
        parts.chain(&self.error)
    }

    /// Every failure, without the images'.
    fn errors(&self) -> impl Iterator<Item = &Error> {
        self.error.iter().chain(self.parts())
    }

    /// Every repository's failures.
    fn parts(&self) -> impl Iterator<Item = &Error> {
        let ends = self.repositories.iter().filter_map(|repository| match &repository.end {
            End::Failed(error) => Some(error),
            End::Proposed(proposal) => proposal.error.as_ref(),
            _ => None,
        });
        let after = self.repositories.iter().flat_map(|repository| &repository.after);
        ends.chain(after)
    }
}
